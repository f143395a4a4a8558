//! `huizhi receipt`.

use super::{local::Local, text};
use crate::{api, config::Config, service::receipts::examine_by_key};
use anyhow::{Context, Result};
use clap::Subcommand;
use protocol::id::OfficeCode;
use serde_json::{Value, json};
use std::{
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What to do with a receipt.
#[derive(Debug, Subcommand)]
pub(super) enum ReceiptCommand {
    /// Look a receipt up by its number. Exit code 0: valid; 2: anything else, also when it is unknown here.
    Show {
        /// Number, with or without hyphens.
        number: String,
    },
    /// Revoke a receipt that this office issued; at the province any.
    Revoke {
        /// Number, with or without hyphens.
        number: String,
        /// Code of the reason; a wrong one is answered with all codes.
        #[arg(long)]
        reason: String,
    },
    /// Sign that this office made a document from a receipt.
    Use {
        /// Number, with or without hyphens.
        number: String,
        /// Number of the application; it stays at this office.
        #[arg(long)]
        reference: String,
    },
    /// Sign that a use counts no longer: this office's own, or at the issuer and at the province that of another office.
    Annul {
        /// Number, with or without hyphens.
        number: String,
        /// Code of the reason; a wrong one is answered with all codes.
        #[arg(long)]
        reason: String,
        /// Office whose use it is; left out: this one.
        #[arg(long, value_name = "CODE")]
        office: Option<OfficeCode>,
    },
    /// Verify an electronic receipt (`.tlog-proof`) or the text of a QR code by what is known here. Exit code 0: it is genuine, and nothing known
    /// here speaks against it; 1: it does not hold; 2: it was genuine and is revoked, used or expired.
    Verify {
        /// File, or `-` for standard input.
        file: PathBuf,
        /// Verifier key of the issuing office's log; without it the node in the data directory is asked.
        #[arg(long, value_name = "VKEY")]
        log: Option<String>,
    },
}

pub(super) fn run(dir: &Path, json: bool, command: ReceiptCommand) -> Result<ExitCode> {
    match command {
        ReceiptCommand::Show { number } => {
            let answer = Local::open(dir)?.receipt(&number)?;
            super::print(json, &answer, words);
            Ok(ExitCode::from(if text(&answer, "verdict") == "valid" { 0 } else { 2 }))
        }
        ReceiptCommand::Revoke { number, reason } => {
            let answer = Local::open(dir)?.revoke(&number, &reason)?;
            super::print(json, &answer, words);
            Ok(ExitCode::SUCCESS)
        }
        ReceiptCommand::Use { number, reference } => {
            let answer = Local::open(dir)?.use_receipt(&number, &reference)?;
            super::print(json, &answer, words);
            Ok(ExitCode::SUCCESS)
        }
        ReceiptCommand::Annul { number, reason, office } => {
            let answer = Local::open(dir)?.annul_use(&number, &reason, office)?;
            super::print(json, &answer, words);
            Ok(ExitCode::SUCCESS)
        }
        ReceiptCommand::Verify { file, log } => {
            let value = verify(dir, &read(&file)?, log.as_deref())?;
            super::print(json, &value, verified);
            Ok(match text(&value, "verdict") {
                "valid" | "unknown_here" => ExitCode::SUCCESS,
                "invalid" => ExitCode::from(1),
                _ => ExitCode::from(2),
            })
        }
    }
}

fn words(answer: &Value) -> String {
    let mut words = format!("{}: {}\n  {}", text(answer, "number"), text(&answer["message"], "en"), text(&answer["message"], "zh"));
    let receipt = &answer["receipt"];
    if receipt.is_object() {
        words += &format!(
            "\n  document     {}\n  captured by  {}\n  issued by    {}\n  photo        sha256 {}\n  log          {} entry {} under a checkpoint of {}\n  witnesses    {} other offices cosigned it",
            text(&receipt["spec"]["name"], "zh"),
            text(receipt, "captured_by"),
            text(receipt, "issued_by"),
            text(receipt, "photo_sha256"),
            text(receipt, "log_origin"),
            receipt["log_index"],
            receipt["checkpoint_size"],
            receipt["witnesses"]
        );
        for step in receipt["chain"].as_array().into_iter().flatten() {
            words += &format!("\n  {:<14} {}  {}", text(step, "kind"), text(step, "hash"), text(step, "office"));
        }
    }
    words
}

fn read(file: &Path) -> Result<String> {
    let mut contents = String::new();
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).with_context(|| format!("cannot open {}", file.display()))?)
    };
    source.take(256 << 10).read_to_string(&mut contents).context("this is not a text")?;
    Ok(contents)
}

/// By the node of the data directory, running or not; or by one key that is given.
fn verify(dir: &Path, contents: &str, log: Option<&str>) -> Result<Value> {
    match log {
        Some(key) => Ok(json!(api::receipt_verification(&examine_by_key(&key.parse()?, contents)?))),
        None => {
            Config::load(dir).context("give the office's key with --log, or the data directory of a node that knows it with --dir")?;
            Local::open(dir)?.verify_receipt(contents)
        }
    }
}

fn verified(found: &Value) -> String {
    let list = |name: &str| found[name].as_array().cloned().unwrap_or_default();
    let verdict = match (text(found, "verdict"), found["reason"].as_str()) {
        ("unknown_here", _) => "genuine; its case is not known here".to_owned(),
        (verdict, None) => verdict.to_owned(),
        (verdict, Some(reason)) => format!("{verdict}: {reason}"),
    };
    let mut words = format!("receipt {} of {}: {verdict}", text(found, "number"), text(found, "log"));
    for (mark, name) in [("checked", "checked"), ("not checked", "unchecked")] {
        for line in list(name) {
            words += &format!("\n  {mark:<11} {}\n              {}", text(&line, "en"), text(&line, "zh"));
        }
    }
    words
}
