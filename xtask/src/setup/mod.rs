//! Brings what a fresh machine lacks, and says plainly what works without it.

mod debian;
mod web;
mod weights;

use crate::shell::Shell;

/// What the machine is prepared for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To start the demo: whatever is missing only narrows what the demo can show.
    Run,
    /// To run every check: whatever is missing is a failure, because a check that did not run proves nothing.
    Test,
}

/// Something that could not be brought.
pub(crate) struct Missing {
    /// What, and why not.
    what: String,
    /// What works all the same.
    still_works: &'static str,
    /// How a person brings it.
    by_hand: String,
}

/// Runs all steps; a failed one never hides the others.
pub(crate) fn setup(shell: &Shell, purpose: Purpose) -> Result<(), String> {
    shell.heading("prepare the machine");
    let steps = [debian::install(shell, purpose), web::install(shell), weights::fetch(shell)];
    let mut failures = 0;
    for missing in steps.into_iter().filter_map(Result::err).flatten() {
        failures += 1;
        println!("missing: {}", missing.what);
        println!("  still works without it: {}", missing.still_works);
        println!("  to bring it by hand:    {}", missing.by_hand);
    }
    match (purpose, failures) {
        (_, 0) | (Purpose::Run, _) => Ok(()),
        (Purpose::Test, _) => Err("something is missing that the checks need (see above)".to_owned()),
    }
}
