//! `cargo xtask sim`: many simulated federations, each from a seed of its own.

use crate::shell::{Shell, check};

/// Builds the simulator for speed and runs it; what it is asked for it says itself.
pub(crate) fn sim(shell: &Shell, arguments: &[String]) -> Result<(), String> {
    let mut command = shell.cargo(&["run", "--release", "--quiet", "--package", "sim", "--"]);
    check(command.args(arguments))
}
