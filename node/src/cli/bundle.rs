//! `huizhi bundle`: what offices have for each other, on a stick.

use super::local::Local;
use crate::bundle::Report;
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use protocol::id::OfficeCode;
use serde_json::json;
use std::{
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Sticks between offices.
#[derive(Debug, Subcommand)]
pub(super) enum BundleCommand {
    /// Write what this office lacks into a small file, for the office that makes the next stick: names and hashes, nobody's data.
    Ask {
        /// File that does not exist yet.
        file: PathBuf,
    },
    /// Write everything that another office may have into a folder.
    Export {
        /// Folder that does not exist yet or is empty.
        folder: PathBuf,
        /// Code of the office that it is for. Photos and payloads go along only as far as this office may have them.
        #[arg(long = "for", value_name = "OFFICE")]
        office: OfficeCode,
        /// What `huizhi bundle ask` wrote at that office: only what it lacks is exported then.
        #[arg(long, value_name = "FILE")]
        since: Option<PathBuf>,
    },
    /// Take in a folder that another office exported. Says what it brings and asks first.
    Import {
        /// The folder.
        folder: PathBuf,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

pub(super) fn run(dir: &Path, json: bool, command: BundleCommand) -> Result<ExitCode> {
    let local = Local::open(dir)?;
    match command {
        BundleCommand::Ask { file } => {
            let ask = serde_json::to_vec(&local.bundle_ask()?)?;
            let mut options = OpenOptions::new();
            let mut out = options.write(true).create_new(true).open(&file).with_context(|| format!("cannot make {}", file.display()))?;
            out.write_all(&ask).and_then(|()| out.sync_all())?;
            super::print(json, &json!({ "file": file }), |_| {
                format!(
                    "已写入 wrote {0}\ngive it to the other office: huizhi bundle export FOLDER --for OFFICE --since {0}",
                    file.display()
                )
            });
        }
        BundleCommand::Export { folder, office, since } => {
            let sent = local.bundle_export(&folder, office, since.as_deref())?;
            super::print(json, &sent, |sent| {
                let absent = match sent["absent"].as_u64() {
                    Some(0) | None => String::new(),
                    Some(count) => format!(
                        "\n{count} photos or payloads that it may have are not here, or go another day: an office is given a thousand photos for documents each day"
                    ),
                };
                format!(
                    "已导出 exported {} logs, {} new records, {} photos and payloads, {} fork proofs for office {office}{absent}\n\
                     There are photos of people on it: hand it to nobody else. At the other office: huizhi bundle import FOLDER",
                    sent["logs"], sent["records"], sent["blobs"], sent["forks"]
                )
            });
        }
        BundleCommand::Import { folder, yes } => return import(&local, json, &folder, yes),
    }
    Ok(ExitCode::SUCCESS)
}

/// Exit code 0: all of it is here; 2: something was refused; 1: the stick as a whole, or nobody said yes.
fn import(local: &Local, json: bool, folder: &Path, yes: bool) -> Result<ExitCode> {
    let brings = local.bundle_import(folder, false)?;
    if !yes {
        if json {
            super::print(true, &json!(brings), |_| String::new());
            return Ok(ExitCode::SUCCESS);
        }
        eprintln!("{}", words(&brings));
        eprint!("Take it in? 是否导入？ [y/N] ");
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        if !["y", "yes", "是"].contains(&answer.trim().to_lowercase().as_str()) {
            bail!("nothing was stored 未写入任何内容");
        }
    }
    // Draws nothing where the error output is no terminal.
    let bar = ProgressBar::new(brings.entries() + brings.blobs_new)
        .with_style(ProgressStyle::with_template("{msg} {bar:30} {human_pos}/{human_len}  {per_sec}  {eta} left")?)
        .with_message("taking in   导入");
    let mut taken = local.bundle_import(folder, true)?;
    while !taken.done {
        bar.set_position(taken.entries() + taken.blobs_new);
        taken = taken.and_then(local.bundle_import(folder, true)?);
    }
    bar.finish_and_clear();
    super::print(json, &json!(taken), |_| words(&taken));
    Ok(ExitCode::from(if taken.refused_count == 0 { 0 } else { 2 }))
}

fn words(report: &Report) -> String {
    let mut words = if report.stored { "taken in 已导入".to_owned() } else { "on this stick 存储盘内容".to_owned() };
    for log in &report.logs {
        let end = if log.to < log.signed { format!(" of {}", log.signed) } else { String::new() };
        words += &match log.to.saturating_sub(log.from) {
            0 => format!("\n  {}  {}: nothing new 无新记录 ({} entries here)", log.log, log.office, log.from),
            news => format!("\n  {}  {}: {} → {}{end}  (+{news} entries 条)", log.log, log.office, log.from, log.to),
        };
    }
    words += &format!("\n  {} new cases 新采集记录, {} new fork proofs 分叉证明", report.new_cases, report.forks_new);
    words += &format!(
        "\n  {} photos and payloads 照片与密封数据 ({} kB), {} were here already 已有",
        report.blobs_new,
        report.blob_bytes.div_ceil(1_000),
        report.blobs_here
    );
    if report.ignored > 0 {
        words += &format!("\n  {} files of the system were left alone", report.ignored);
    }
    for refused in &report.refused {
        words += &format!("\n  refused 拒绝 {}: {} {}", refused.place, refused.reason.en, refused.reason.zh);
    }
    if report.refused_count > report.refused.len() as u64 {
        words += &format!("\n  … and {} more", report.refused_count - report.refused.len() as u64);
    }
    words
}
