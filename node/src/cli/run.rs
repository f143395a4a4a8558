//! `huizhi run`: serve one office.

use crate::{
    config::Config,
    runtime::{self, End},
};
use anyhow::{Context, Result};
use clap::Args;
use std::{path::Path, process::ExitCode};

/// How to run.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Stop when standard input ends, and not by Ctrl-C: for a program that runs this one.
    #[arg(long, hide = true)]
    until_stdin_ends: bool,
}

pub(super) fn run(dir: &Path, args: RunArgs) -> Result<ExitCode> {
    let config = Config::load(dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")?;
    let name = config.office.name.clone();
    let end = runtime.block_on(runtime::run(dir, config, args.until_stdin_ends, |url| {
        super::say(&format!("{name}: {url}"));
        if !args.until_stdin_ends {
            super::say("Ctrl-C stops it.");
        }
    }))?;
    // Disk work still under way has nothing left to acknowledge.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match end {
        End::Asked => Ok(ExitCode::SUCCESS),
        End::Rotated => begin_anew(),
    }
}

/// Starts this program again in the place of this process: whatever still held the store or a port is gone with it.
#[cfg(unix)]
fn begin_anew() -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    let mut program = std::process::Command::new(std::env::current_exe().context("this program cannot be found")?);
    let error = program.args(std::env::args_os().skip(1)).exec();
    Err(error).context("the program cannot be started again by itself: start it by hand to use the new keys")
}

#[cfg(not(unix))]
fn begin_anew() -> Result<ExitCode> {
    super::say("The province has enrolled the new keys: start the program again to use them.");
    Ok(ExitCode::SUCCESS)
}
