//! `huizhi doctor`: what is wrong, and what to do.

mod deep;

use super::{
    local::{Client, Local},
    network,
};
use crate::{
    config::Config,
    panics,
    print::Font,
    runtime::{self, Running},
    service::{Office, condition::Condition, keys::Keys},
    store::{self, StoreError},
};
use anyhow::Result;
use clap::Args;
use models::Models;
use protocol::{log::SignedCheckpoint, merkle};
use serde::Serialize;
use serde_json::json;
use std::{path::Path, process::ExitCode};

const RESTORE: &str = "Keep the folder as it is. Bring the newest backup into a new folder: `huizhi --dir NEW restore --from BACKUP`.";
const READ_ONLY: &str = "Do not delete anything. Run the node with the network connected: it compares and refills its own log by itself.";
const SET_CLOCK: &str = "Set the system's clock, for instance from a time server.";

#[derive(Serialize)]
struct Finding {
    good: bool,
    what: String,
    next: &'static str,
}

/// How thoroughly to look.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Replay every record and compare with what is kept of every case. The node must be stopped; takes minutes for a long history.
    #[arg(long)]
    deep: bool,
    /// Make what is kept of the cases anew where it differs.
    #[arg(long, requires = "deep")]
    repair: bool,
}

pub(super) fn run(dir: &Path, json: bool, args: DoctorArgs) -> Result<ExitCode> {
    let mut findings = Vec::new();
    let mut find = |good: bool, what: String, next: &'static str| findings.push(Finding { good, what, next });
    let config = Config::load(dir);
    // Before anything is opened, which mends them.
    for path in store::exposed(dir) {
        find(
            false,
            format!("files: others on this machine could read {}", path.display()),
            "Opening the node takes that from them. If strangers use this machine, go on with new keys: `huizhi office new-epoch`.",
        );
    }
    match &config {
        Ok(config) => {
            find(true, format!("configuration: office {} {}, pages on {}", config.office.code, config.office.name, config.http.listen), "")
        }
        Err(error) => find(false, format!("configuration: {error}"), "Run `huizhi init`, or mend the file."),
    }
    match Models::load(&runtime::models_dir(dir), config.as_ref().ok().and_then(|config| config.models.onnxruntime.as_deref())) {
        Ok(models) if models.finds_faces() => find(true, "models: faces are found automatically".into(), ""),
        Ok(_) => find(
            false,
            "models: none finds faces, so the staff marks eyes, chin and crown".into(),
            "Run `huizhi models fetch`, or `huizhi models import FOLDER`.",
        ),
        Err(error) => find(false, format!("models: {error}"), "Photos can be marked by hand meanwhile."),
    }
    match Font::find(config.as_ref().ok().and_then(|config| config.print.font.as_deref())) {
        Ok(_) => find(true, "font: Chinese receipts can be printed".into(), ""),
        Err(error) => find(false, format!("font: {error}"), "Install the package fonts-noto-cjk, or name a font in node.toml."),
    }
    if config.is_ok() {
        match Local::open(dir) {
            Ok(Local::Stopped(office)) => {
                let looked = panics::caught(|| {
                    look_at(&office, &mut find);
                    if args.deep { deep::look_at(&office, args.repair, &mut find) } else { Ok(()) }
                });
                match looked {
                    Ok(looked) => looked?,
                    Err(panic) => find(false, format!("store: {}", StoreError::Damaged(panic)), RESTORE),
                }
            }
            Ok(Local::Running(_)) if args.deep => {
                find(false, "deep look: a node is running on this directory".into(), "Stop it and run `huizhi doctor --deep` again.");
            }
            Ok(Local::Running(_)) => {
                find(true, "store: in use by the running node".into(), "");
                if let Some(running) = Running::find(dir) {
                    let client = Client::new(running);
                    match client.get("/api/condition").and_then(|condition| Ok(serde_json::from_value::<Condition>(condition)?)) {
                        Ok(condition) => look_at_condition(&condition, &mut find),
                        Err(error) => find(false, format!("running: {error}"), "Stop the node and start it again."),
                    }
                    match client.get("/api/status") {
                        Ok(status) => {
                            for fork in status["forks"].as_array().into_iter().flatten() {
                                let what = format!("fork {}: {}", super::text(fork, "id"), super::text(&fork["message"], "en"));
                                find(fork["open"] != json!(true), what, "The provincial admin decides with `huizhi fork adjudicate`.");
                            }
                            let (send, receive) = (&status["to_send"], &status["to_receive"]);
                            find(true, format!("running: {send} entries wait to be sent, {receive} to be received"), "");
                        }
                        Err(error) => find(false, format!("running: {error}"), "Stop the node and start it again."),
                    }
                }
            }
            Err(error) => find(false, format!("store: {error:#}"), RESTORE),
        }
    }
    if config.is_ok()
        && let Ok(keys) = Keys::open(&dir.join("keys"))
    {
        let named = runtime::federation(dir).is_ok_and(|federation| !federation.peers.is_empty());
        let founder = keys.province.is_some();
        let key = network::own(dir).replace('\n', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        findings.push(Finding {
            good: named || !founder,
            what: format!("address: {key}"),
            next: "Nobody can be invited before new offices know where to begin: `huizhi federation address add /dns4/NAME/tcp/8700`.",
        });
    }
    let healthy = findings.iter().all(|finding| finding.good);
    super::print(json, &json!({ "healthy": healthy, "findings": findings }), |_| {
        findings
            .iter()
            .map(|finding| {
                let next = if finding.good { String::new() } else { format!("\n        -> {}", finding.next) };
                format!("{}  {}{next}", if finding.good { "ok  " } else { "LOOK" }, finding.what)
            })
            .collect::<Vec<_>>()
            .join("\n")
    });
    Ok(ExitCode::from(if healthy { 0 } else { 2 }))
}

/// What the running node says of itself, where its store is not to be had.
fn look_at_condition(condition: &Condition, find: &mut impl FnMut(bool, String, &'static str)) {
    match &condition.read_only {
        None => find(true, "store: the running node signs".into(), ""),
        Some(reason) => find(false, format!("store: read-only: {}", reason.en), READ_ONLY),
    }
    match &condition.clock {
        None => find(true, "clock: nothing speaks against it".into(), ""),
        Some(doubt) => find(false, format!("clock: {}", doubt.en), SET_CLOCK),
    }
    let free = condition.disk_free_bytes.map_or("nobody tells how much".into(), |bytes| format!("{:.1} GB", bytes as f64 / 1e9));
    match &condition.disk {
        None => find(true, format!("disk: {free} free"), ""),
        Some(warning) => find(false, format!("disk: {}", warning.en), "Free space on this disk, or bring the node to a larger one."),
    }
    if let Some(stolen) = &condition.old_key {
        find(false, format!("old key: {}", stolen.en), "Have the provincial admin end that log.");
    }
    if condition.forks_open > 0 {
        find(false, format!("forks: {} are open", condition.forks_open), "`huizhi fork list` shows them; the provincial admin decides.");
    }
}

fn look_at(office: &Office, find: &mut impl FnMut(bool, String, &'static str)) {
    match office.read_only() {
        None => find(true, "store: opens, head file and database agree".into(), ""),
        Some(reason) => find(false, format!("store: read-only: {}", reason.en), READ_ONLY),
    }
    if let Some(warning) = office.disk_warning() {
        find(false, format!("disk: {}", warning.en), "Free space on this disk, or bring the node to a larger one.");
    }
    match office.clock_doubt() {
        Ok(None) => find(true, "clock: nothing speaks against it".into(), ""),
        Ok(Some(doubt)) => find(false, format!("clock: {}", doubt.text().en), SET_CLOCK),
        Err(error) => find(false, format!("clock: {error}"), "Look at the store first."),
    }
    for fork in office.forks() {
        let log = &fork.points.0.origin;
        let name = log.office_and_epoch().map_or_else(|| log.to_string(), |(code, _)| office.office_name(code));
        let next = "Keep both machines as they are; the provincial admin decides with `huizhi fork adjudicate`, and the office goes on with \
                    `huizhi office new-epoch`.";
        find(fork.stands.is_some(), format!("fork {}: {}", fork.id, fork.text(&name).en), next);
    }
    match office.member() {
        Some(member) => {
            find(true, format!("enrolment: {}", member.enrol.roles.names().collect::<Vec<_>>().join(", ")), "");
            let counts = member.enrol.witness == Some(office.keys.witness());
            find(
                counts,
                format!("witness: cosignatures by this office {}", if counts { "count" } else { "DO NOT count" }),
                "The province has not enrolled this machine's witness key: give the provincial admin the text of `huizhi office request`.",
            );
        }
        None => find(
            false,
            "enrolment: this office is not enrolled, as far as is known here".into(),
            "Give the request of `huizhi init` to the provincial admin and connect once.",
        ),
    }
    if let Some(epoch) = office.enrolled_epoch().filter(|epoch| *epoch > office.keys.epoch) {
        let ready = office.next_epoch_is_ready();
        find(
            ready,
            format!("epoch: the province gave this office epoch {epoch}; this machine has the keys of epoch {}", office.keys.epoch),
            "If no other machine has those keys, run `huizhi office new-epoch` and give the request to the provincial admin.",
        );
    }
    for origin in office.store.origins() {
        let head = office.store.head(&origin);
        let root = office.store.with_subtrees(&origin, |view| merkle::root(view, head.size));
        let signed = office.members().verifier(&origin).map(|key| SignedCheckpoint::verify(&head.note, &key));
        let good = matches!(&root, Ok(Some(root)) if *root == head.root) && matches!(signed, Some(Ok(_)));
        find(
            good,
            format!("log {origin}: {} entries, root and checkpoint {}", head.size, if good { "hold" } else { "DO NOT hold" }),
            "Run `huizhi scrub`: it makes hashes anew from the entries, and fetches entries again from other offices.",
        );
    }
    if let Ok(prunable) = office.prunable()
        && !prunable.logs.is_empty()
    {
        find(true, format!("retired: {} logs count here no longer; `huizhi prune` takes them off the disk", prunable.logs.len()), "");
    }
    if let Ok(incidents) = office.store.incidents()
        && let Some((at_ms, what)) = incidents.last()
    {
        find(true, format!("disk: {what}, {} s ago", crate::service::office::now_ms().saturating_sub(*at_ms) / 1000), "");
    }
    match office.store.damaged() {
        Ok(damaged) if damaged.is_empty() => {}
        Ok(damaged) => find(
            false,
            format!("disk: {} entries decayed and wait to be fetched again", damaged.len()),
            "Run the node with the network connected: other offices give them back.",
        ),
        Err(error) => find(false, format!("disk: {error}"), RESTORE),
    }
    if let Ok(kinds) = office.store.unknown_kinds()
        && !kinds.is_empty()
    {
        let kinds = kinds.into_iter().collect::<Vec<_>>().join(", ");
        find(
            false,
            format!("records: some are of kinds that this version does not know ({kinds})"),
            "Install the newer version; until then they are kept, passed on and count for nothing.",
        );
    }
    match office.store.refused() {
        Ok(refused) if refused.is_empty() => find(true, "records: none is refused".into(), ""),
        Ok(refused) => find(
            false,
            format!("records: {} do not count, the first because {}", refused.len(), refused[0].2),
            "Tell the provincial admin; they are kept and change nothing.",
        ),
        Err(error) => find(false, format!("records: {error}"), RESTORE),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    /// Every command that stands in the text of the product: between backticks, beginning with the program's name.
    fn commands(text: &str) -> Vec<String> {
        let quoted = text.split('`').skip(1).step_by(2);
        quoted
            .filter(|quoted| quoted.starts_with("huizhi "))
            .map(|quoted| quoted.split_whitespace().collect::<Vec<_>>().join(" ").replace("\\ ", "").replace("--dir NEW ", ""))
            .collect()
    }

    #[test]
    fn mend_57_doctor_beside_a_running_node_tells_clock_and_disk() {
        let home = crate::service::testing::Home::new();
        let office = home.open();
        let mut condition = super::Condition::of(&office, &crate::service::network::NetStatus::default(), true).unwrap();
        let look = |condition: &super::Condition| {
            let mut found = Vec::new();
            super::look_at_condition(condition, &mut |good, what, next| found.push((good, what, next)));
            found
        };
        let starts = |found: &[(bool, String, &str)], with: &str, good: bool| {
            found.iter().any(|(is, what, _)| *is == good && what.starts_with(with))
        };
        assert!(starts(&look(&condition), "clock:", true) && look(&condition).iter().any(|(_, what, _)| what.starts_with("disk:")));
        condition.clock = Some(crate::text::Text::new("时钟", "the clock is wrong"));
        condition.disk = Some(crate::text::Text::new("磁盘", "only 3 MB are free"));
        condition.read_only = Some(crate::text::Text::new("只读", "the disk is full"));
        let found = look(&condition);
        assert!(["clock:", "disk:", "store: read-only"].iter().all(|with| starts(&found, with, false)), "{found:?}");
        assert!(found.iter().all(|(good, _, next)| *good || !next.is_empty()), "each says what to do");
    }

    #[test]
    fn mend_50_every_command_that_is_advised_exists() {
        let texts = [
            include_str!("doctor.rs"),
            include_str!("doctor/deep.rs"),
            include_str!("init.rs"),
            include_str!("../service/office/standing.rs"),
            include_str!("../service/invitations.rs"),
            include_str!("../../../docs/RUNBOOK.md"),
        ];
        let mut checked = 0;
        for command in texts.iter().flat_map(|text| commands(text)) {
            if command == "huizhi office" || command.contains('|') || command.contains('…') {
                continue;
            }
            let (mut known, mut words) = (super::super::Cli::command(), command.split(' ').skip(1));
            // As far as it goes by names of commands: behind them stand options and what a person fills in.
            while let Some(word) = words.next().filter(|word| !word.starts_with("--") && word.bytes().any(|byte| byte.is_ascii_lowercase()))
            {
                let Some(sub) = known.find_subcommand(word).cloned() else {
                    assert!(!known.has_subcommands(), "`{command}`: there is no {word:?}");
                    break;
                };
                known = sub;
                checked += 1;
            }
            for option in words.filter_map(|word| word.strip_prefix("--")) {
                let option = option.trim_end_matches([',', '.']);
                let has = |command: &clap::Command| command.get_arguments().any(|arg| arg.get_long() == Some(option));
                assert!(has(&known) || has(&super::super::Cli::command()), "`{command}`: there is no --{option}");
            }
        }
        assert!(checked > 20, "{checked}");
        let nobody_can = concat!("from a ", "peer");
        assert!(texts[..2].iter().all(|text| !text.contains(nobody_can)), "no command restores from another office");
    }
}
