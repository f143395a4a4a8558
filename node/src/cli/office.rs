//! `huizhi office` and `huizhi fork`: the members of the federation, their keys, and logs that were signed twice.

use super::{local::Local, text};
use crate::{
    api::types::InviteRequest,
    config::Config,
    enrolment,
    invitation::{self, Invitation},
    runtime,
    service::{EndAt, keys::Keys},
    store,
};
use anyhow::{Result, bail};
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
    /// Invite an office to join; at the province. Prints a text and a QR code that are good for one enrolment (`huizhi init --invitation`).
    Invite {
        /// Code of the office: eight digits, GB/T 2260 county code and a serial of two.
        code: OfficeCode,
        /// Its name.
        #[arg(long)]
        name: String,
        /// Roles that it gets: capture, review, document, admin, archive.
        #[arg(long, value_delimiter = ',', default_value = "capture")]
        roles: Vec<String>,
        /// Region that it is in charge of, six digits of GB/T 2260 (440300 for a city); left out: the whole province.
        #[arg(long)]
        region: Option<String>,
        /// Days that the invitation holds.
        #[arg(long, default_value_t = 7)]
        days: u32,
    },
    /// Say which region an office is in charge of; at the province. It decides which logs offices hold; what was signed counts as before.
    Region {
        /// Code of the office.
        code: OfficeCode,
        /// Six digits of GB/T 2260, 440300 for a city; left out: the whole province.
        region: Option<String>,
    },
    /// Invitations of this province.
    Invitations,
    /// End an invitation that nobody used yet.
    Uninvite {
        /// Code of the office.
        code: OfficeCode,
    },
    /// Take an invitation at an office that has its keys already and is not enrolled; it is shown at the next start.
    Accept {
        /// The text, or a file with it.
        invitation: String,
    },
    /// End every log of an office at what is held of it here; at the province. What it wrote before stays valid for ever.
    Revoke {
        /// Code of the office.
        code: OfficeCode,
        /// Why, as a code; a wrong one is answered with all codes.
        #[arg(long)]
        reason: String,
        /// The current epoch, where its log is good and goes on; left out: none goes on.
        #[arg(long, value_name = "EPOCH")]
        keep_epoch: Option<u32>,
        /// Entries that stand, where fewer than are here; where several logs end, of which epoch. May be given for each.
        #[arg(long, value_name = "[EPOCH:]SIZE", value_parser = end_at)]
        upto: Vec<EndAt>,
    },
    /// Say of which documents an office may use receipts; at the province. It counts from what is held of its log here on.
    Documents {
        /// Code of the office.
        code: OfficeCode,
        /// Ids of specs; left out: every document.
        #[arg(value_delimiter = ',')]
        documents: Vec<String>,
    },
    /// Give an office the new key that it asks for; at the province. Its old log goes on beside the new one until it is closed.
    Rotate {
        /// The text that `huizhi office new-epoch` printed at the office.
        request: String,
        /// Close the old log at this number of entries.
        #[arg(long, value_name = "SIZE")]
        close: Option<u64>,
    },
    /// Ask the province for a new epoch of this office's log: new keys are made, the request stands in the log, and is printed for an office
    /// without a line. A node asks by itself at the turn of the year.
    ///
    /// The keys are used once the province has enrolled them and the node has heard of it; until then nothing changes. Old keys are kept: they
    /// open what was sealed for them.
    #[command(alias = "rotate-keys")]
    NewEpoch,
    /// Give offices the new epochs that they ask for in their logs (`huizhi office list` shows who asks); at the province.
    GrantEpoch {
        /// Code of the office.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        code: Option<OfficeCode>,
        /// All that ask.
        #[arg(long)]
        all: bool,
        /// The key that gets it, or its first eight digits and more; needed where several ask for it.
        #[arg(long, value_name = "KEY", requires = "code")]
        key: Option<String>,
    },
    /// Retire logs that ended before a year: only the province, archives and who follows everything keep them then; at the province.
    ///
    /// Without `--yes` it only says which ones. A log is retired with all others that its cases need, and when nothing is to happen to its
    /// cases any more: no decision is awaited, no receipt is valid.
    Retire {
        /// The first year whose logs stay, for example 2024.
        #[arg(long, value_name = "YEAR")]
        before: i32,
        /// Do it. It cannot be taken back.
        #[arg(long)]
        yes: bool,
    },
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
        OfficeCommand::Invite { code, name, roles, region, days } => {
            let request = InviteRequest { code: code.to_string(), name, roles, region, days };
            let mut made = Local::open(dir)?.invite(&request)?;
            made["days"] = json!(days);
            (made, invited)
        }
        OfficeCommand::Region { code, region } => {
            Local::open(dir)?.set_region(code, region.as_deref())?;
            (json!({ "code": code.to_string(), "region": region }), |value| {
                format!("{} is in charge of {}", text(value, "code"), value["region"].as_str().unwrap_or("the whole province"))
            })
        }
        OfficeCommand::Invitations => (Local::open(dir)?.invitations()?, invitations),
        OfficeCommand::Uninvite { code } => {
            Local::open(dir)?.uninvite(code)?;
            (json!({ "code": code.to_string() }), |value| format!("the invitation of {} has ended", text(value, "code")))
        }
        OfficeCommand::Accept { invitation } => (accept(dir, &invitation)?, |value| {
            format!("the invitation for {} {} is shown to the province when the node starts next", text(value, "code"), text(value, "name"))
        }),
        OfficeCommand::Revoke { code, reason, keep_epoch, upto } => {
            (Local::open(dir)?.revoke_office(code, &reason, keep_epoch, &upto)?, revoked)
        }
        OfficeCommand::Documents { code, documents } => {
            let documents = Some(documents).filter(|documents| !documents.is_empty());
            Local::open(dir)?.set_documents(code, documents.clone())?;
            (json!({ "code": code.to_string(), "documents": documents }), |value| {
                let ids: Vec<&str> = value["documents"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                let what = if ids.is_empty() { "every document".to_owned() } else { ids.join(", ") };
                format!("{} may use receipts for {what}", text(value, "code"))
            })
        }
        OfficeCommand::Rotate { request, close } => (Local::open(dir)?.rotate_office(&request, close)?, |value| {
            format!("office {} goes on with epoch {} of its log", text(value, "code"), value["epoch"])
        }),
        OfficeCommand::NewEpoch => (Local::open(dir)?.request_epoch()?, asked),
        OfficeCommand::GrantEpoch { code, all, key } => (grant(&Local::open(dir)?, code, all, key.as_deref())?, |value| {
            let line = |one: &Value| format!("office {} goes on with epoch {} of its log", text(one, "code"), one["epoch"]);
            let lines: Vec<String> = value.as_array().into_iter().flatten().map(line).collect();
            if lines.is_empty() { "no office asks for a new epoch 没有办公点申请换发日志".into() } else { lines.join("\n") }
        }),
        OfficeCommand::Retire { before, yes } => {
            let local = Local::open(dir)?;
            let mut found = super::waiting("looking at every case of those logs 检查档案", || local.retire(before, yes))?;
            found["done"] = json!(yes);
            (found, retired)
        }
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

/// `SIZE` or `EPOCH:SIZE`.
fn end_at(text: &str) -> Result<EndAt, String> {
    let (epoch, size) = text.split_once(':').map_or((None, text), |(epoch, size)| (Some(epoch), size));
    let wrong = |_| format!("'{text}' is no number of entries, and no EPOCH:SIZE");
    Ok(EndAt { epoch: epoch.map(str::parse).transpose().map_err(wrong)?, size: size.parse().map_err(wrong)? })
}

fn revoked(done: &Value) -> String {
    let line = |end: &Value| format!("the log {} ends at {} entries (root {})", text(end, "log"), end["size"], text(end, "root"));
    let mut lines: Vec<String> = done["ends"].as_array().into_iter().flatten().map(line).collect();
    lines.push(match done["goes_on"].as_str() {
        Some(log) => format!("the log {log} goes on"),
        None => "no log of this office goes on; it comes back with `huizhi office new-epoch`".into(),
    });
    lines.join("\n")
}

fn list(offices: &Value) -> String {
    let line = |office: &Value| {
        let end = if office["active"] == json!(true) { "" } else { "  ended" };
        let keys: Vec<&str> = office["requesting_keys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let keys: Vec<&str> = keys.iter().map(|key| key.get(..16).unwrap_or(key)).collect();
        let asks = |epoch| format!("  asks for epoch {epoch} with key {}", keys.join(" and with key "));
        let asks = office["requested_epoch"].as_u64().map(asks).unwrap_or_default();
        let region = office["region"].as_str().unwrap_or("------");
        format!(
            "{}  {region}  epoch {:<2} {:>8} entries  {}{end}{asks}",
            text(office, "code"),
            office["epoch"],
            office["log_size"],
            text(office, "name")
        )
    };
    offices.as_array().into_iter().flatten().map(line).collect::<Vec<_>>().join("\n")
}

fn asked(made: &Value) -> String {
    let how = match &made["unlogged"] {
        Value::Null => {
            "The province sees the request as soon as it has this office's log, and an admin grants it on the page Offices or with \
                        `huizhi office grant-epoch`. Without a line, give the admin this, for `huizhi office rotate`:"
                .to_owned()
        }
        why => {
            format!("It cannot stand in this office's log ({}): give it to the admin, who runs `huizhi office rotate`:", text(why, "en"))
        }
    };
    format!(
        "This office asks for epoch {} of its log.\n{how}\n\n{}\n\nThe node uses the new keys once it has heard that they were granted; a node \
         that is stopped now does so when it next starts with a network.",
        made["epoch"],
        text(made, "request")
    )
}

fn grant(local: &Local, code: Option<OfficeCode>, all: bool, key: Option<&str>) -> Result<Value> {
    let codes = match code {
        Some(code) => vec![code],
        None if all => {
            let offices = local.office_list()?;
            let asking = offices.as_array().into_iter().flatten().filter(|office| !office["requested_epoch"].is_null());
            asking.map(|office| text(office, "code").parse()).collect::<Result<_, _>>()?
        }
        None => vec![],
    };
    codes.into_iter().map(|code| local.grant_epoch(code, key)).collect::<Result<Vec<_>>>().map(|granted| json!(granted))
}

fn retired(found: &Value) -> String {
    let list = |name: &str| found[name].as_array().cloned().unwrap_or_default();
    let mut lines: Vec<String> = list("logs").iter().map(|log| format!("{:>9} entries  {}", log["size"], text(log, "log"))).collect();
    lines.extend(list("kept").iter().map(|kept| format!("      kept         {}: {}", text(kept, "log"), text(&kept["why"], "en"))));
    let end = match (list("logs").len(), found["done"] == json!(true)) {
        (0, _) => "no log can be retired 没有可归档的日志".into(),
        (count, true) => format!("{count} logs are retired; offices take them off their disks with `huizhi prune` 已归档"),
        (count, false) => format!("{count} logs can be retired; with --yes they are, which cannot be taken back 加 --yes 执行，无法撤销"),
    };
    lines.push(end);
    lines.join("\n")
}

fn invited(made: &Value) -> String {
    let line = text(made, "text");
    format!(
        "Hand this to the office, which runs `huizhi init --invitation`. It is good for one enrolment within {} days, by whoever has it:\n\n{line}\n\n{}",
        made["days"],
        invitation::qr_terminal(line).unwrap_or_default()
    )
}

fn invitations(invitations: &Value) -> String {
    let line = |one: &Value| format!("{}  {:<8}  {}", text(one, "code"), text(one, "state"), text(one, "name"));
    let lines: Vec<String> = invitations.as_array().into_iter().flatten().map(line).collect();
    if lines.is_empty() { "nobody is invited 没有邀请".into() } else { lines.join("\n") }
}

/// Leaves an invitation for the node's next start.
fn accept(dir: &Path, text_or_file: &str) -> Result<Value> {
    let invitation = Invitation::read(text_or_file)?;
    let code = Config::load(dir)?.code()?;
    if code != invitation.code {
        bail!("the invitation is for the office {}, and this is {code}", invitation.code);
    }
    if runtime::federation(dir)?.province != invitation.federation.province {
        bail!("the invitation is of another federation than this node's");
    }
    store::replace_file(&dir.join(invitation::FILE), invitation.text().as_bytes())?;
    Ok(json!({ "code": code.to_string(), "name": invitation.name }))
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
