//! `huizhi receipt`.

use super::{local::Local, text};
use crate::{config::Config, runtime, service::receipts::QR_PREFIX};
use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Subcommand;
use protocol::{
    id::Origin,
    log::VerifierKey,
    receipt::{ReceiptNumber, ReceiptProof},
    record::{Record, Signed},
};
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
    /// Revoke a receipt that this office issued.
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
    /// Verify an electronic receipt (`.tlog-proof`) or the text of a QR code. Exit code 0: it holds; 1: it does not.
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
        ReceiptCommand::Verify { file, log } => {
            let value = verify(dir, &read(&file)?, log.as_deref())?;
            super::print(json, &value, |value| {
                format!("holds: receipt {} of {}\n  {}", text(value, "number"), text(value, "log"), text(value, "proves"))
            });
            Ok(ExitCode::SUCCESS)
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

fn verify(dir: &Path, contents: &str, log: Option<&str>) -> Result<Value> {
    let log = log.map(str::parse::<VerifierKey>).transpose()?;
    if let Some(encoded) = contents.trim().strip_prefix(QR_PREFIX) {
        return verify_qr(dir, encoded, log);
    }
    let proof = ReceiptProof::parse(contents)?;
    let origin = proof.claimed_origin().context("the checkpoint names no log")?;
    let key = key_for(dir, &origin, log)?;
    let verified = proof.verify(&key)?;
    Ok(json!({
        "number": verified.number.to_string(), "log": key.origin().as_str(), "photo_sha256": verified.receipt.photo.to_string(),
        "checkpoint_size": verified.checkpoint.size(),
        "proves": "the office signed this receipt and it stands in the office's log under a signed checkpoint; \
                   it does not prove that the receipt was not revoked or disputed later",
    }))
}

/// A QR code holds the signed record alone: it proves the signature, not that the record stands in the log.
fn verify_qr(dir: &Path, encoded: &str, log: Option<VerifierKey>) -> Result<Value> {
    let entry = URL_SAFE_NO_PAD.decode(encoded).context("the QR text is damaged")?;
    let signed = Signed::parse(&entry)?;
    let keys = match log {
        Some(key) => vec![key],
        None => all_keys(dir)?,
    };
    let verified = keys.iter().find_map(|key| {
        let verified = signed.clone().verify(key.origin()).ok()?;
        (verified.author() == key.key()).then_some((key, verified))
    });
    let Some((key, verified)) = verified else {
        bail!("no enrolled office signed this record: it is forged, damaged, or of an office not known here")
    };
    let Record::ReceiptIssued(receipt) = verified.record() else { bail!("the record is genuine, but it is no receipt") };
    let number: ReceiptNumber = receipt.number.parse()?;
    if key.origin().office_and_epoch() != Some((number.office(), number.epoch())) {
        bail!("the number is not one of the office that signed it");
    }
    Ok(json!({
        "number": number.to_string(), "log": key.origin().as_str(), "photo_sha256": receipt.photo.to_string(),
        "proves": "the office signed this receipt; look the number up to see that it stands in the log and is not disputed",
    }))
}

fn key_for(dir: &Path, origin: &Origin, log: Option<VerifierKey>) -> Result<VerifierKey> {
    match log {
        Some(key) => Ok(key),
        None => all_keys(dir)?
            .into_iter()
            .find(|key| key.origin() == origin)
            .with_context(|| format!("the log {origin} is of no office known here; give its key with --log")),
    }
}

fn all_keys(dir: &Path) -> Result<Vec<VerifierKey>> {
    Config::load(dir).context("give the office's key with --log, or the data directory of a node that knows it with --dir")?;
    let federation = runtime::federation(dir)?.verifier()?.origin().federation().to_owned();
    Local::open(dir)?
        .offices()?
        .into_iter()
        .map(|(code, key)| Ok(VerifierKey::new(Origin::office(&federation, code.parse()?, 1)?, key.parse()?)))
        .collect()
}
