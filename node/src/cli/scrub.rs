//! `huizhi scrub`: does what lies on the disk still say what was signed?

use super::local::Local;
use crate::service::scrub::Scrub;
use anyhow::Result;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::{
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

/// Steps between two keepings of how far it came.
const KEEP_EVERY: u64 = 64;
/// Findings printed one by one.
const FOUND_MAX: usize = 1_000;

/// How to look.
#[derive(Debug, Args)]
pub(super) struct ScrubArgs {
    /// Look at about this many in a hundred, spread evenly.
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u8).range(1..=100))]
    sample: u8,
    /// Read at most this many megabytes a second.
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
}

/// Exit code 0: everything is as signed; 2: something is not, and it is fetched again when the node runs.
pub(super) fn run(dir: &Path, json: bool, args: &ScrubArgs) -> Result<ExitCode> {
    let local = Local::open(dir)?;
    let office = local.stopped("look through its disk at once; while it runs it does so slowly by itself")?;
    let mut scrub = Scrub::resume(office, args.sample);
    let entries: u64 = office.store.frontier().iter().map(|head| head.size).sum();
    let blobs = office.store.blobs.names()?.len() as u64;
    // Draws nothing where the error output is no terminal.
    let bar = ProgressBar::new(entries + blobs)
        .with_style(ProgressStyle::with_template("scrub 巡检 {bar:30} {human_pos}/{human_len}  {per_sec}  {eta} left")?);
    let (mut found, mut steps) = (Vec::new(), 0_u64);
    loop {
        let start = Instant::now();
        let step = scrub.step()?;
        found.extend(step.found);
        bar.set_position(scrub.progress.entries + scrub.progress.blobs);
        if step.ended {
            break;
        }
        steps += 1;
        if steps.is_multiple_of(KEEP_EVERY) {
            scrub.keep()?;
        }
        if let Some(rate) = args.rate {
            let due = Duration::from_secs_f64(step.bytes as f64 / (f64::from(rate) * 1e6));
            std::thread::sleep(due.saturating_sub(start.elapsed()));
        }
    }
    bar.finish_and_clear();
    let progress = &scrub.progress;
    let waiting = office.store.damaged()?.len();
    let value = json!({
        "entries": progress.entries, "blobs": progress.blobs, "found": found.iter().take(FOUND_MAX).collect::<Vec<_>>(),
        "entries_to_fetch": waiting, "read_only": office.read_only(),
    });
    super::print(json, &value, |_| {
        let mut words = format!("{} entries and {} blobs looked at, {} damaged", progress.entries, progress.blobs, progress.damaged);
        for line in found.iter().take(FOUND_MAX) {
            words += &format!("\n  {line}");
        }
        if waiting > 0 {
            words += &format!(
                "\n已损坏的 {waiting} 条记录将在运行并联网后自动取回。\n{waiting} damaged entries are fetched again by themselves when the node \
                 runs with the network: `huizhi run`"
            );
        }
        if let Some(reason) = office.read_only() {
            words += &format!("\n{}\n{}", reason.zh, reason.en);
        }
        words
    });
    Ok(ExitCode::from(if progress.damaged == 0 && waiting == 0 { 0 } else { 2 }))
}
