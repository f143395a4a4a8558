//! `cargo xtask crash`: the crash loop of the system tests, for as many rounds as asked for.

use crate::shell::{Shell, check};

/// Rounds when nobody says another number: a night's worth on a slow machine.
const ROUNDS: &str = "1000";

/// Runs the loop and shows what it counts. A seed repeats the random choices of a run, which prints its own.
pub(crate) fn crash(shell: &Shell, rounds: Option<&str>, seed: Option<&str>) -> Result<(), String> {
    let rounds = rounds.unwrap_or(ROUNDS);
    for (flag, text) in [("--rounds", Some(rounds)), ("--seed", seed)] {
        if text.is_some_and(|text| text.parse::<u64>().is_err()) {
            return Err(format!("{flag} needs a whole number"));
        }
    }
    let mut command = shell.cargo(&["test", "--package", "system-tests", "--test", "system", "--", "crash::", "--nocapture"]);
    command.env("HUIZHI_CRASH_ROUNDS", rounds);
    if let Some(seed) = seed {
        command.env("HUIZHI_CRASH_SEED", seed);
    }
    check(&mut command)
}
