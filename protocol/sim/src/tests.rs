//! Random seeds as CI runs them, and the hard cases by number.

mod blobs;
mod cases;
mod gossip;
mod retirement;

use crate::{Plan, run};

/// Seeds of one test. Four of them share the cores: 200 seeds in CI; `cargo xtask sim` does thousands.
fn seeds(from: u64) {
    let plans = (from..from + 50).map(|seed| Plan::random(seed, 5 + (seed % 4) as usize));
    let red: Vec<String> = plans.filter_map(|plan| run(plan).err()).map(|failure| failure.to_string()).collect();
    assert!(red.is_empty(), "{}", red.join("\n"));
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
