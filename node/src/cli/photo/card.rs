//! `huizhi photo card`: whether a picture of an identity card will do.

use super::{check_words, read};
use crate::service::photos::CheckResult;
use anyhow::{Result, anyhow};
use clap::{Args, ValueEnum};
use photo::card::{CardReport, Side, State, assess_file};
use serde_json::json;
use std::{path::PathBuf, process::ExitCode};

/// One picture in, a judgement out.
#[derive(Debug, Args)]
pub(in crate::cli) struct CardArgs {
    /// Picture file: JPEG, PNG or WebP.
    file: PathBuf,
    /// The side that was to be taken.
    #[arg(long)]
    side: CardSide,
}

/// Side of the card, in words of the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum CardSide {
    /// 人像面.
    Portrait,
    /// 国徽面.
    Emblem,
}

pub(super) fn run(json: bool, args: &CardArgs) -> Result<ExitCode> {
    let side = match args.side {
        CardSide::Portrait => Side::Portrait,
        CardSide::Emblem => Side::Emblem,
    };
    let report = assess_file(&read(&args.file)?, side).map_err(|error| {
        let text = error.message();
        anyhow!("{}\n  {}", text.en, text.zh)
    })?;
    let checks: Vec<CheckResult> = report.checks.iter().map(CheckResult::from).collect();
    let value = json!({ "state": report.state, "checks": checks, "outline": report.outline, "next_step": report.next_step });
    crate::cli::print(json, &value, |value| words(crate::cli::text(value, "state"), &report, &checks));
    Ok(if report.state == State::Good { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

fn words(state: &str, report: &CardReport, checks: &[CheckResult]) -> String {
    let mut words = format!("{state}\n{}", check_words(checks));
    if report.state != State::Good {
        words += &format!("  {} / {}", report.next_step.zh, report.next_step.en);
    }
    words.trim_end().to_owned()
}
