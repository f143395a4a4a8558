//! `huizhi export` and `huizhi verify`.

use super::local::Local;
use crate::audit;
use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use protocol::{limits::POLICY_BYTES_MAX, log::Policy};
use serde_json::json;
use std::{
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Where to export to.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Folder that does not exist yet or is empty.
    folder: PathBuf,
    /// Leave the photos out.
    #[arg(long)]
    no_photos: bool,
}

/// What to verify.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Folder of an export.
    folder: PathBuf,
    /// The province's key as the province published it. Without it the key in the export is used.
    #[arg(long, value_name = "VKEY")]
    province: Option<String>,
    /// A trust policy of your own (C2SP tlog-policy): the checkpoint of every log must satisfy it.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

pub(super) fn export(dir: &Path, json: bool, args: ExportArgs) -> Result<ExitCode> {
    let written = Local::open(dir)?.export(&args.folder, !args.no_photos)?;
    super::print(json, &written, |written| {
        format!(
            "wrote {} logs, {} records and {} photos to {}\ncheck it with: huizhi verify {}",
            written["logs"],
            written["records"],
            written["photos"],
            args.folder.display(),
            args.folder.display()
        )
    });
    Ok(ExitCode::SUCCESS)
}

pub(super) fn verify(json: bool, args: VerifyArgs) -> Result<ExitCode> {
    let province = args.province.as_deref().map(str::parse).transpose()?;
    let policy = args.policy.as_deref().map(read_policy).transpose()?;
    // Draws nothing where the error output is no terminal.
    let bar =
        ProgressBar::new(0).with_style(ProgressStyle::with_template("{msg} {bar:30} {human_pos}/{human_len}  {per_sec}  {eta} left")?);
    let report = audit::verify(&args.folder, province.as_ref(), policy.as_ref(), &mut |step, done, total| {
        bar.set_message(match step {
            audit::Step::History => "history    历史",
            audit::Step::Index => "cases      个案",
            audit::Step::Records => "signatures 签名",
        });
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    super::print(json, &json!(report), |_| words(&report, province.is_some()));
    Ok(ExitCode::from(if report.holds() { 0 } else { 2 }))
}

fn read_policy(path: &Path) -> Result<Policy> {
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(POLICY_BYTES_MAX as u64 + 1).read_to_string(&mut text))
        .with_context(|| format!("cannot read the policy {}", path.display()))?;
    text.parse().with_context(|| format!("{} is no trust policy", path.display()))
}

fn words(report: &audit::Report, given: bool) -> String {
    let mut words = format!(
        "{}: {} logs, {} records, {} receipts, {} photos verified",
        if report.holds() { "HOLDS 全部核验通过" } else { "DOES NOT HOLD 核验未通过" },
        report.logs,
        report.records,
        report.receipts,
        report.photos
    );
    if report.forks > 0 {
        words += &format!("\n  {} proofs that a log was signed twice are in this export 含分叉证明", report.forks);
    }
    if report.photos_absent > 0 {
        words += &format!("\n  {} photos of receipts are not in this export", report.photos_absent);
    }
    for log in &report.witnessed {
        let remark = if log.quorum { "" } else { "  (the export's quorum is not reached; an office may work alone)" };
        words += &format!("\n  {}: {} witnesses 见证{remark}", log.log, log.witnesses);
    }
    for failure in &report.failures {
        words += &format!("\n  {}: {}", failure.place, failure.reason);
    }
    if report.failed > report.failures.len() as u64 {
        words += &format!("\n  … and {} more", report.failed - report.failures.len() as u64);
    }
    words += &format!("\n  root of trust: {}", report.province);
    if !given {
        words +=
            "\n  This key came with the export: compare it with the one that the province published, or give that one with --province.";
    }
    words
}
