//! `cargo xtask run`: from a fresh clone to a running federation of three offices.

use std::process::Command;

use crate::setup::{self, Purpose};
use crate::shell::{Shell, check};

/// Prepares what is missing, builds, and becomes `huizhi demo`.
pub(crate) fn run(shell: &Shell, arguments: &[String]) -> Result<(), String> {
    setup::setup(shell, Purpose::Run)?;
    if !shell.path("web-ui/dist/index.html").exists() {
        println!("\nThe pages of the UI are not built: the demo starts, but a browser will find no pages (see above).");
    }
    shell.heading("build");
    check(&mut shell.cargo(&["build", "--package", "node"]))?;
    shell.heading("huizhi demo");
    let mut demo = shell.command(shell.huizhi());
    demo.arg("demo").args(arguments);
    become_program(demo)
}

/// Replaces this process, so that Ctrl-C and `kill` reach the demo itself and nothing returns before it has ended.
#[cfg(unix)]
fn become_program(mut command: Command) -> Result<(), String> {
    use std::os::unix::process::CommandExt;
    Err(format!("cannot start huizhi: {}", command.exec()))
}

#[cfg(not(unix))]
fn become_program(mut command: Command) -> Result<(), String> {
    check(&mut command)
}
