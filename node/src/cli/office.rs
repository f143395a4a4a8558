//! `huizhi office` and `huizhi fork`: the members of the federation, their keys, and logs that were signed twice.

use super::{local::Local, text};
use crate::{config::Config, enrolment, runtime, service::keys::Keys};
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use protocol::id::{OfficeCode, Origin};
use serde_json::{Value, json};
use std::{path::Path, process::ExitCode};

/// What to do about offices.
#[derive(Debug, Subcommand)]
pub(super) enum OfficeCommand {
    /// Enrolled offices, with the epoch and size of their logs.
    List,
    /// Print this office's enrolment request again, for example to enrol the witness key of a node of before.
    Request,
    /// End an office's log at what is held of it here; at the province. What it wrote before stays valid for ever.
    Revoke {
        /// Code of the office.
        code: OfficeCode,
        /// Why, as a code; a wrong one is answered with all codes.
        #[arg(long)]
        reason: String,
        /// Entries that stand, where fewer than are here.
        #[arg(long, value_name = "SIZE")]
        upto: Option<u64>,
    },
    /// Give an office the new key that it asks for; at the province. Its old log goes on beside the new one until it is closed.
    Rotate {
        /// The text that `huizhi office new-epoch` printed at the office.
        request: String,
        /// Close the old log at this number of entries.
        #[arg(long, value_name = "SIZE")]
        close: Option<u64>,
    },
    /// Make new keys for a new epoch of this office's log, and print the request for the province.
    ///
    /// They are used once the province has enrolled them and the node has heard of it; until then nothing changes. Old keys are kept: they
    /// open what was sealed for them.
    #[command(alias = "rotate-keys")]
    NewEpoch,
}

/// What to do about forks.
#[derive(Debug, Subcommand)]
pub(super) enum ForkCommand {
    /// Logs that were proved to carry two signed histories.
    List,
    /// Say which history stands; at the province. The log ends there, and its office goes on with `huizhi office new-epoch`.
    Adjudicate {
        /// Its id, from `huizhi fork list`.
        id: String,
        /// `one` or `other` (the smaller or the larger checkpoint), or a number of entries, for example those that both share.
        #[arg(long)]
        stands: String,
    },
}

pub(super) fn run(dir: &Path, json: bool, command: OfficeCommand) -> Result<ExitCode> {
    let (value, words): (Value, fn(&Value) -> String) = match command {
        OfficeCommand::List => (Local::open(dir)?.office_list()?, list),
        OfficeCommand::Request => (json!({ "request": request(dir)? }), |value| text(value, "request").to_owned()),
        OfficeCommand::Revoke { code, reason, upto } => (Local::open(dir)?.revoke_office(code, &reason, upto)?, |value| {
            format!("the log {} ends at {} entries (root {})", text(value, "log"), value["size"], text(value, "root"))
        }),
        OfficeCommand::Rotate { request, close } => (Local::open(dir)?.rotate_office(&request, close)?, |value| {
            format!("office {} goes on with epoch {} of its log", text(value, "code"), value["epoch"])
        }),
        OfficeCommand::NewEpoch => (new_epoch(dir)?, |value| {
            format!(
                "Give this to the provincial admin, who runs `huizhi office rotate`:\n\n{}\n\nThe node uses the new keys of epoch {} once it \
                 has heard of that; a node that is stopped now does so when it next starts with a network.",
                text(value, "request"),
                value["epoch"]
            )
        }),
    };
    super::print(json, &value, words);
    Ok(ExitCode::SUCCESS)
}

pub(super) fn run_fork(dir: &Path, json: bool, command: ForkCommand) -> Result<ExitCode> {
    let (value, words): (Value, fn(&Value) -> String) = match command {
        ForkCommand::List => (Local::open(dir)?.forks()?, forks),
        ForkCommand::Adjudicate { id, stands } => (Local::open(dir)?.adjudicate(&id, &stands)?, |value| {
            format!("of {} the first {} entries stand (root {})", text(value, "log"), value["size"], text(value, "root"))
        }),
    };
    super::print(json, &value, words);
    Ok(ExitCode::SUCCESS)
}

fn list(offices: &Value) -> String {
    let line = |office: &Value| {
        let end = if office["active"] == json!(true) { "" } else { "  ended" };
        format!("{}  epoch {:<2} {:>8} entries  {}{end}", text(office, "code"), office["epoch"], office["log_size"], text(office, "name"))
    };
    offices.as_array().into_iter().flatten().map(line).collect::<Vec<_>>().join("\n")
}

fn forks(forks: &Value) -> String {
    let line = |fork: &Value| {
        format!(
            "{}  {}\n  checkpoints of {} and {} entries, {} shared\n  {}\n  {}",
            text(fork, "id"),
            text(fork, "log"),
            fork["smaller"],
            fork["larger"],
            fork["shared"],
            text(&fork["message"], "en"),
            text(&fork["message"], "zh")
        )
    };
    let lines: Vec<String> = forks.as_array().into_iter().flatten().map(line).collect();
    if lines.is_empty() { "no fork is known 没有分叉".into() } else { lines.join("\n") }
}

fn request(dir: &Path) -> Result<String> {
    let (config, keys) = (Config::load(dir)?, Keys::open(&dir.join("keys"))?);
    let federation = runtime::federation(dir)?.verifier()?;
    let origin = Origin::office(federation.origin().federation(), config.code()?, keys.epoch)?;
    Ok(enrolment::write_request(&keys, &origin, &config.office.name)?)
}

/// Makes the keys of the next epoch, or finds those made before, and writes the request for them.
fn new_epoch(dir: &Path) -> Result<Value> {
    let code = Config::load(dir)?.code()?;
    let federation = runtime::federation(dir)?.verifier()?;
    let offices = Local::open(dir)?.office_list()?;
    let known = offices.as_array().into_iter().flatten().find(|office| text(office, "code") == code.to_string());
    let enrolled = known.and_then(|office| office["epoch"].as_u64()).and_then(|epoch| u32::try_from(epoch).ok());
    let enrolled = enrolled.context("this office is not enrolled, as far as is known here: it needs no new epoch yet")?;
    let folder = dir.join("keys");
    let (current, prepared) = (Keys::open(&folder)?.epoch, Keys::prepared(&folder));
    if prepared > current && prepared == enrolled {
        bail!("the province has enrolled the keys of epoch {enrolled} already: start the node again to use them");
    }
    let next = if prepared > current.max(enrolled) { prepared } else { current.max(enrolled) + 1 };
    let keys = Keys::prepare(&folder, next)?;
    let origin = Origin::office(federation.origin().federation(), code, next)?;
    Ok(json!({ "epoch": next, "request": enrolment::write_rotation(&keys, &origin)? }))
}
