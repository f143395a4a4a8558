//! The simulator's command line: many seeds, a line of progress, a table at the end. `cargo xtask sim` starts it.
#![allow(clippy::print_stdout, reason = "a command line tool talks to a terminal")]
#![allow(clippy::disallowed_types, reason = "it tells how long a person waited; nothing of a run depends on it")]

use sim::{Outcome, Plan, Rng, run};
use std::{io::Write, process::ExitCode, time::Instant};

const USAGE: &str = "\
sim [--seeds N] [--offices M] [--seed S]      N random runs from seed S on, of M offices or of so many to so many (5-8), large ones rarely;
                                              --each prints what each seed compared
sim --measure [--offices M] [--links K]       convergence after publish: 100 ms round trip, 1 % loss, ten minutes of partition";

fn main() -> ExitCode {
    match work(std::env::args().skip(1).collect()) {
        Ok(green) if green => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("sim: {message}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn work(mut arguments: Vec<String>) -> Result<bool, String> {
    let measure = arguments.iter().position(|argument| argument == "--measure").map(|at| arguments.remove(at)).is_some();
    let verbose = arguments.iter().position(|argument| argument == "--each").map(|at| arguments.remove(at)).is_some();
    let seeds: u64 =
        take(&mut arguments, "--seeds")?.unwrap_or_else(|| if measure { "3".into() } else { "200".into() }).parse().map_err(text)?;
    let first: u64 = take(&mut arguments, "--seed")?.unwrap_or_else(|| "1".into()).parse().map_err(text)?;
    let offices = take(&mut arguments, "--offices")?.unwrap_or_else(|| if measure { "10".into() } else { "5-8".into() });
    let (least, most) = offices.split_once('-').unwrap_or((&offices, &offices));
    let (least, most): (usize, usize) = (least.parse().map_err(text)?, most.parse().map_err(text)?);
    let links: usize = take(&mut arguments, "--links")?.unwrap_or_else(|| most.to_string()).parse().map_err(text)?;
    if let Some(unknown) = arguments.first() {
        return Err(format!("`{unknown}` is not known"));
    }
    if least < 3 || most < least {
        return Err("there are at least three offices".into());
    }
    let began = Instant::now();
    let mut outcomes = Vec::new();
    let mut red = Vec::new();
    for (done, seed) in (first..first.saturating_add(seeds)).enumerate() {
        let offices = offices_of(seed, least, most);
        let plan = if measure { Plan::measured(seed, offices, links) } else { Plan::random(seed, offices) };
        match run(plan) {
            Ok(outcome) => {
                if verbose {
                    println!("\rseed {seed}, {offices} offices: {:?}", outcome.compared);
                }
                outcomes.push(outcome);
            }
            Err(failure) => {
                println!("\rred: {failure}");
                red.push(seed);
            }
        }
        print!("\r{} of {seeds} seeds, {} red, {:.0} s ", done + 1, red.len(), began.elapsed().as_secs_f64());
        // A terminal that does not flush shows less progress and the same table.
        let _ = std::io::stdout().flush();
    }
    println!();
    table(&outcomes, measure);
    if !red.is_empty() {
        println!("red seeds: {red:?}");
    }
    let compared = |of: fn(&Outcome) -> u64| outcomes.iter().map(of).sum::<u64>() > 0;
    let some = compared(|outcome| outcome.compared.cases) && compared(|outcome| outcome.compared.verdicts);
    if !some && !measure {
        println!("red: nothing was compared, so nothing was checked");
    }
    Ok(red.is_empty() && (some || measure))
}

/// Offices of a seed: with a density of one over the cube, for what a run costs grows with the square and few offices meet more often.
fn offices_of(seed: u64, least: usize, most: usize) -> usize {
    let drawn = Rng::new(seed ^ 0x00ff_1ce5).below(1 << 20) as f64 / (1 << 20) as f64;
    let (low, high) = ((least as f64).powi(-2), (most as f64 + 1.0).powi(-2));
    ((low - drawn * (low - high)).powf(-0.5) as usize).clamp(least, most)
}

fn table(outcomes: &[Outcome], measure: bool) {
    let sum = |of: fn(&Outcome) -> u64| outcomes.iter().map(of).sum::<u64>();
    let most = |of: fn(&Outcome) -> u64| outcomes.iter().map(of).max().unwrap_or(0);
    let least_offices = outcomes.iter().map(|outcome| outcome.offices).min().unwrap_or(0);
    println!("green seeds           {}", outcomes.len());
    println!("offices               {least_offices} to {}", most(|outcome| outcome.offices as u64));
    for (from, to) in [(3, 9), (10, 19), (20, 29), (30, 39), (40, usize::MAX)] {
        let count = outcomes.iter().filter(|outcome| (from..=to).contains(&outcome.offices)).count();
        if count > 0 {
            println!("  from {from:<2}             {count} seeds");
        }
    }
    println!("events                {}", sum(|outcome| outcome.events));
    println!("messages, frames      {}, {} kB", sum(|outcome| outcome.messages), sum(|outcome| outcome.bytes) / 1_000);
    println!("virtual time          {} min", sum(|outcome| outcome.virtual_ms) / 60_000);
    println!("records               {}", sum(|outcome| outcome.records as u64));
    println!("cases, in conflict    {}, {}", sum(|outcome| outcome.cases.0 as u64), sum(|outcome| outcome.cases.1 as u64));
    println!("cases compared        {}", sum(|outcome| outcome.compared.cases));
    println!("  alone               {}", sum(|outcome| outcome.compared.alone));
    println!("verdicts compared     {}", sum(|outcome| outcome.compared.verdicts));
    println!("cases forged about    {}", sum(|outcome| outcome.compared.forged));
    println!("rotations, restores   {}, {}", sum(|outcome| outcome.turns.0 as u64), sum(|outcome| outcome.turns.1 as u64));
    println!("receipts verified     {}", sum(|outcome| outcome.cases.2 as u64));
    println!("packages refused      {}", sum(|outcome| outcome.rejected));
    println!("open questions        {} at most", most(|outcome| outcome.questions_max as u64));
    println!("after healing         {} s at most", most(|outcome| outcome.healed_ms) / 1_000);
    let all: Vec<u64> = outcomes.iter().flat_map(|outcome| outcome.arrivals.iter().map(|(_, took)| *took)).collect();
    line("publish to held", all);
    if measure {
        let partition = 5 * 60_000..15 * 60_000;
        let whole = outcomes.iter().flat_map(|outcome| &outcome.arrivals).filter(|(at, _)| !partition.contains(at));
        line("  without partition", whole.map(|(_, took)| *took).collect());
        let cut = outcomes.iter().flat_map(|outcome| &outcome.arrivals).filter(|(at, _)| partition.contains(at));
        line("  within it", cut.map(|(_, took)| *took).collect());
        let after = |(at, took): &&(u64, u64)| partition.contains(at) && at + took >= partition.end;
        let healed = outcomes.iter().flat_map(|outcome| &outcome.arrivals).filter(after);
        line("  after it healed", healed.map(|(at, took)| at + took - partition.end).collect());
    }
}

fn line(name: &str, mut took: Vec<u64>) {
    took.sort_unstable();
    let at = |permille: usize| took.get(took.len().saturating_sub(1) * permille / 1_000).copied().unwrap_or(0);
    println!("{name:<21} p50 {} ms, p99 {} ms, most {} ms ({} arrivals)", at(500), at(990), at(1_000), took.len());
}

fn take(arguments: &mut Vec<String>, flag: &str) -> Result<Option<String>, String> {
    let Some(at) = arguments.iter().position(|argument| argument == flag) else { return Ok(None) };
    let _ = arguments.remove(at);
    if at < arguments.len() { Ok(Some(arguments.remove(at))) } else { Err(format!("{flag} needs a value")) }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
