//! Random seeds as CI runs them, and the hard cases by number.

mod blobs;
mod cases;
mod gossip;
mod retirement;

use crate::{Outcome, Plan, run};

/// Seeds of one test. Four of them share the cores: 200 seeds in CI; `cargo xtask sim` does thousands.
fn seeds(from: u64) {
    let plans = (from..from + 50).map(|seed| Plan::random(seed, 5 + (seed % 4) as usize));
    let (mut red, mut green) = (Vec::new(), Vec::new());
    for plan in plans {
        match run(plan) {
            Ok(outcome) => green.push(outcome),
            Err(failure) => red.push(failure.to_string()),
        }
    }
    assert!(red.is_empty(), "{}", red.join("\n"));
    let sum = |of: fn(&Outcome) -> u64| green.iter().map(of).sum::<u64>();
    let (cases, verdicts) = (sum(|outcome| outcome.compared.cases), sum(|outcome| outcome.compared.verdicts));
    let (forged, turns) = (sum(|outcome| outcome.compared.forged), sum(|outcome| outcome.turns.0 as u64));
    eprintln!("seeds {from} to {}: {cases} states, {verdicts} verdicts compared, {forged} cases forged about", from + 49);
    assert!(cases > 500 && verdicts > 200 && forged > 50 && turns > 0, "{cases}, {verdicts}, {forged}, {turns}");
}

macro_rules! seeds {
    ($($name:ident: $from:literal,)*) => { $(#[test] fn $name() { seeds($from); })* };
}

seeds! {
    seeds_from_1: 1,
    seeds_from_51: 51,
    seeds_from_101: 101,
    seeds_from_151: 151,
}

#[test]
fn a_seed_replays_exactly() {
    for seed in [3, 11] {
        let trace = || run(Plan::random(seed, 6)).map_or_else(|failure| failure.trace, |outcome| outcome.trace);
        assert_eq!(trace(), trace());
    }
    let of = |seed| run(Plan::random(seed, 6)).map_or_else(|failure| failure.trace, |outcome| outcome.trace);
    assert_ne!(of(3), of(4));
}
