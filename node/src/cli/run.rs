//! `huizhi run`: serve one office.

use crate::{config::Config, runtime};
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
    runtime.block_on(runtime::run(dir, config, args.until_stdin_ends, |url| {
        super::say(&format!("{name}: {url}"));
        if !args.until_stdin_ends {
            super::say("Ctrl-C stops it.");
        }
    }))?;
    // Disk work still under way has nothing left to acknowledge.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    Ok(ExitCode::SUCCESS)
}
