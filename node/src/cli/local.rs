//! The node of a data directory as the command line reaches it: through its API while it runs, directly while it does not.

use crate::{
    api::{
        self,
        types::{BundleExportRequest, BundleImportRequest, EnrolRequest, InviteRequest, NewStaff, StaffChange, StaffView},
    },
    bundle,
    config::Config,
    runtime::{self, Running, StartError},
    service::{EndAt, Office, OfficeError, condition::Condition, network::NetStatus, office::read_region, receipts::Told},
    store::StoreError,
};
use anyhow::{Context, Result, anyhow, bail};
use protocol::id::OfficeCode;
use serde_json::{Value, json};
use std::{path::Path, time::Duration};

/// The running node of a data directory.
pub(super) fn running(dir: &Path) -> Result<Client> {
    Running::find(dir).map(Client::new).with_context(|| format!("no node runs in {}", dir.display()))
}

/// How often a store that another command holds is tried again, and the pause between: ten seconds, for most commands are short.
const WAIT_TRIES: u32 = if cfg!(test) { 2 } else { 50 };
const WAIT: Duration = Duration::from_millis(200);

/// Whether a node answers where one said that it would.
fn answers(running: &Running) -> bool {
    let address = running.url.trim_start_matches("http://").parse::<std::net::SocketAddr>();
    address.is_ok_and(|address| std::net::TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok())
}

/// Who holds the store of a data directory, where the system tells.
fn holder(dir: &Path) -> String {
    let Ok(store) = dir.join("store.redb").canonicalize() else { return String::new() };
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for process in processes.filter(|process| process.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit())) {
        let files = std::fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
        if files.filter_map(|file| std::fs::read_link(file.path()).ok()).any(|file| file == store) {
            let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            return format!(" (process {}: {})", process.file_name().to_string_lossy(), line.trim());
        }
    }
    String::new()
}

/// A node, running or not.
pub(super) enum Local {
    /// Nobody runs it: this process has the store.
    Stopped(Box<Office>),
    /// It runs: ask it.
    Running(Client),
}

impl Local {
    /// Opens the node of a data directory.
    pub(super) fn open(dir: &Path) -> Result<Self> {
        let config = Config::load(dir)?;
        for tries in 0.. {
            match runtime::open_office(dir, &config) {
                Ok(office) => return Ok(Self::Stopped(Box::new(office))),
                Err(StartError::Office(OfficeError::Store(StoreError::InUse))) => {
                    // One that was killed leaves its address, and another command may have the store.
                    if let Some(running) = Running::find(dir).filter(answers) {
                        return Ok(Self::Running(Client::new(running)));
                    }
                    if tries == WAIT_TRIES {
                        break;
                    }
                    std::thread::sleep(WAIT);
                }
                Err(error) => return Err(error.into()),
            }
        }
        bail!("another huizhi command works on {} and has not ended{}: wait for it, or end it", dir.display(), holder(dir))
    }

    /// Specs in force.
    pub(super) fn specs(&self) -> Result<Value> {
        match self {
            Self::Stopped(office) => Ok(json!(api::spec_list(office))),
            Self::Running(client) => client.get("/api/specs"),
        }
    }
    /// One spec.
    pub(super) fn spec(&self, id: &str) -> Result<Value> {
        match self {
            Self::Stopped(office) => Ok(json!(api::spec_view(office, id)?)),
            Self::Running(client) => client.get(&format!("/api/specs/{id}")),
        }
    }
    /// Publishes a spec; 0 is the number of the command line as operator.
    pub(super) fn publish_spec(&self, toml: &str, effective_from: Option<&str>) -> Result<Value> {
        match self {
            Self::Stopped(office) => {
                let from = effective_from.map(crate::service::specs::day_in_china).transpose()?;
                let spec = crate::service::specs::publish(office, toml, from, 0)?;
                let mut view = json!(api::spec_view(office, spec.id())?);
                let published = if view["staged"].is_null() { "summary" } else { "staged" };
                Ok(view[published].take())
            }
            Self::Running(client) => client.post("/api/specs", &json!({ "toml": toml, "effective_from": effective_from })),
        }
    }
    /// Cancels the version that waits for its day.
    pub(super) fn cancel_spec(&self, id: &str) -> Result<Value> {
        match self {
            Self::Stopped(office) => {
                crate::service::specs::cancel(office, id, 0)?;
                Ok(json!(api::spec_view(office, id)?))
            }
            Self::Running(client) => client.delete(&format!("/api/specs/{}/staged", path_segment(id))),
        }
    }
    /// Everybody who works here or did.
    pub(super) fn staff(&self) -> Result<Vec<StaffView>> {
        match self {
            Self::Stopped(office) => Ok(api::staff_rows(office)?),
            Self::Running(client) => Ok(serde_json::from_value(client.get("/api/staff")?)?),
        }
    }
    /// Adds a member of staff.
    pub(super) fn hire(&self, new: &NewStaff) -> Result<StaffView> {
        match self {
            Self::Stopped(office) => Ok(api::hire_staff(office, new)?),
            Self::Running(client) => Ok(serde_json::from_value(client.post("/api/staff", &json!(new))?)?),
        }
    }
    /// Changes a member of staff.
    pub(super) fn alter_staff(&self, login: &str, change: StaffChange) -> Result<StaffView> {
        match self {
            Self::Stopped(office) => Ok(api::alter_staff(office, login, change)?),
            Self::Running(client) => {
                Ok(serde_json::from_value(client.put(&format!("/api/staff/{}", path_segment(login)), &json!(change))?)?)
            }
        }
    }
    /// Revokes a receipt of this office.
    pub(super) fn revoke(&self, number: &str, reason: &str) -> Result<Value> {
        match self {
            Self::Stopped(office) => {
                crate::service::receipts::revoke(office, number, reason, 0)?;
                Ok(json!(api::receipt_answer(office, number)?))
            }
            Self::Running(client) => client.post(&format!("/api/receipts/{}/revoke", path_segment(number)), &json!({ "reason": reason })),
        }
    }
    /// Signs that a document was made from a receipt.
    pub(super) fn use_receipt(&self, number: &str, reference: &str) -> Result<Value> {
        match self {
            Self::Stopped(office) => {
                crate::service::receipts::use_for(office, number, reference, &Told::default(), 0)?;
                Ok(json!(api::receipt_answer(office, number)?))
            }
            Self::Running(client) => {
                client.post(&format!("/api/receipts/{}/use", path_segment(number)), &json!({ "reference": reference }))
            }
        }
    }
    /// Signs that a use counts no longer.
    pub(super) fn annul_use(&self, number: &str, reason: &str, user: Option<OfficeCode>) -> Result<Value> {
        match self {
            Self::Stopped(office) => {
                crate::service::receipts::annul(office, number, user, reason, &Told::default(), 0)?;
                Ok(json!(api::receipt_answer(office, number)?))
            }
            Self::Running(client) => {
                let request = json!({ "reason": reason, "office": user.map(|user| user.to_string()) });
                client.post(&format!("/api/receipts/{}/annul", path_segment(number)), &request)
            }
        }
    }
    /// Looks a receipt up.
    pub(super) fn receipt(&self, number: &str) -> Result<Value> {
        match self {
            Self::Stopped(office) => Ok(json!(api::receipt_answer(office, number)?)),
            Self::Running(client) => client.get(&format!("/api/receipts/{}", path_segment(number))),
        }
    }
    /// What an electronic receipt or QR code proves.
    pub(super) fn verify_receipt(&self, contents: &str) -> Result<Value> {
        match self {
            Self::Stopped(office) => Ok(json!(api::receipt_verification(&crate::service::receipts::examine(office, contents)?))),
            Self::Running(client) => client.post("/api/receipts/verify", &json!({ "text": contents })),
        }
    }
    /// Enrolled offices with their logs.
    pub(super) fn office_list(&self) -> Result<Value> {
        match self {
            Self::Stopped(office) => Ok(json!(api::office_rows(office))),
            Self::Running(client) => client.get("/api/offices"),
        }
    }
    /// Ends the logs of an office; 0 is the number of the command line as operator.
    pub(super) fn revoke_office(&self, code: OfficeCode, reason: &str, keep: Option<u32>, upto: &[EndAt]) -> Result<Value> {
        match self {
            Self::Stopped(office) => Ok(json!(api::revoked(&office.revoke_office(code, reason, keep, upto, 0)?))),
            Self::Running(client) => {
                let upto: Vec<Value> = upto.iter().map(|end| json!({ "epoch": end.epoch, "size": end.size })).collect();
                client.post(&format!("/api/offices/{code}/revoke"), &json!({ "reason": reason, "keep_epoch": keep, "upto": upto }))
            }
        }
    }
    /// Says of which documents an office may use receipts.
    pub(super) fn set_documents(&self, code: OfficeCode, documents: Option<Vec<String>>) -> Result<()> {
        match self {
            Self::Stopped(office) => office.set_documents(code, documents)?,
            Self::Running(client) => _ = client.put(&format!("/api/offices/{code}/documents"), &json!({ "documents": documents }))?,
        }
        Ok(())
    }
    /// Gives an office a new key and epoch.
    pub(super) fn rotate_office(&self, request: &str, close: Option<u64>) -> Result<Value> {
        let rotate = crate::enrolment::read_rotation(request)?;
        let summary = json!({ "code": rotate.code.to_string(), "epoch": rotate.epoch });
        match self {
            Self::Stopped(office) => office.rotate_office(rotate, close, 0)?,
            Self::Running(client) => _ = client.post("/api/offices/rotate", &json!({ "request": request, "close": close }))?,
        }
        Ok(summary)
    }
    /// Asks for a new epoch.
    pub(super) fn request_epoch(&self) -> Result<Value> {
        match self {
            Self::Stopped(office) => Ok(json!(api::asked_epoch(office, 0)?)),
            Self::Running(client) => client.post("/api/epoch", &json!({})),
        }
    }
    /// Gives an office the epoch that it asks for.
    pub(super) fn grant_epoch(&self, code: OfficeCode, key: Option<&str>) -> Result<Value> {
        match self {
            Self::Stopped(office) => Ok(json!({ "code": code.to_string(), "epoch": office.grant_epoch(code, key, 0)? })),
            Self::Running(client) => client.post(&format!("/api/offices/{code}/epoch"), &json!({ "key": key })),
        }
    }
    /// Which logs may be retired, or were.
    pub(super) fn retire(&self, before: i32, yes: bool) -> Result<Value> {
        match self {
            Self::Stopped(office) => Ok(json!(api::retirement(office, before, yes, 0)?)),
            Self::Running(client) => client.job("/api/retirement", &json!({ "before": before, "dry": !yes })),
        }
    }
    /// Forks that were proved.
    pub(super) fn forks(&self) -> Result<Value> {
        match self {
            Self::Stopped(office) => Ok(json!(api::fork_rows(office))),
            Self::Running(client) => Ok(client.get("/api/status")?["forks"].take()),
        }
    }
    /// Says which history of a fork stands.
    pub(super) fn adjudicate(&self, id: &str, stands: &str) -> Result<Value> {
        match self {
            Self::Stopped(office) => Ok(json!(api::point(&office.adjudicate(id, stands, 0)?))),
            Self::Running(client) => client.post(&format!("/api/forks/{}/adjudicate", path_segment(id)), &json!({ "stands": stands })),
        }
    }
    /// Enrols an office.
    pub(super) fn enrol(&self, request: &EnrolRequest) -> Result<Value> {
        match self {
            Self::Stopped(office) => {
                let code = api::admit(office, request)?;
                Ok(json!({ "code": code.to_string(), "name": office.office_name(code) }))
            }
            Self::Running(client) => client.post("/api/offices", &json!(request)),
        }
    }
    /// Says which region an office is in charge of.
    pub(super) fn set_region(&self, code: OfficeCode, region: Option<&str>) -> Result<()> {
        match self {
            Self::Stopped(office) => office.set_region(code, read_region(region)?.as_ref())?,
            Self::Running(client) => _ = client.put(&format!("/api/offices/{code}/region"), &json!({ "region": region }))?,
        }
        Ok(())
    }
    /// Invites an office.
    pub(super) fn invite(&self, request: &InviteRequest) -> Result<Value> {
        match self {
            Self::Stopped(office) => Ok(json!(api::invite(office, request)?)),
            Self::Running(client) => client.post("/api/invitations", &json!(request)),
        }
    }
    /// Invitations of the province.
    pub(super) fn invitations(&self) -> Result<Value> {
        match self {
            Self::Stopped(office) => Ok(json!(api::invitation_rows(office)?)),
            Self::Running(client) => client.get("/api/invitations"),
        }
    }
    /// Ends an invitation.
    pub(super) fn uninvite(&self, code: OfficeCode) -> Result<Value> {
        match self {
            Self::Stopped(office) => Ok(json!(crate::service::invitations::cancel(office, code)?)),
            Self::Running(client) => client.delete(&format!("/api/invitations/{code}")),
        }
    }
    /// Writes an export.
    pub(super) fn export(&self, dir: &Path, photos: bool) -> Result<Value> {
        match self {
            Self::Stopped(office) => {
                let written = crate::audit::export(office, dir, photos)?;
                Ok(json!({ "logs": written.logs, "records": written.records, "photos": written.photos }))
            }
            Self::Running(client) => {
                let dir = std::path::absolute(dir)?;
                client.job("/api/export", &json!({ "dir": dir, "photos": photos }))
            }
        }
    }
    /// How the node and its federation stand.
    pub(super) fn condition(&self) -> Result<Condition> {
        match self {
            Self::Stopped(office) => Ok(Condition::of(office, &NetStatus::default(), true)?),
            Self::Running(client) => Ok(serde_json::from_value(client.get("/api/condition")?)?),
        }
    }
    /// What this office asks a stick for.
    pub(super) fn bundle_ask(&self) -> Result<Value> {
        match self {
            Self::Stopped(office) => Ok(json!(crate::bundle::ask(office)?)),
            Self::Running(client) => client.get("/api/bundle/ask"),
        }
    }
    /// Writes a bundle for an office.
    pub(super) fn bundle_export(&self, dir: &Path, office: OfficeCode, since: Option<&Path>) -> Result<Value> {
        let request = BundleExportRequest { dir: path_text(dir)?, office: office.to_string(), since: since.map(path_text).transpose()? };
        match self {
            Self::Stopped(office) => Ok(json!(api::write_bundle(office, &request)?)),
            Self::Running(client) => client.post("/api/bundle/export", &json!(request)),
        }
    }
    /// Looks at a bundle, or takes in the next part of it.
    pub(super) fn bundle_import(&self, dir: &Path, store: bool) -> Result<bundle::Report> {
        let request = BundleImportRequest { dir: path_text(dir)?, store };
        match self {
            Self::Stopped(office) => Ok(api::take_bundle(office, &request)?),
            Self::Running(client) => Ok(serde_json::from_value(client.post("/api/bundle/import", &json!(request))?)?),
        }
    }
    /// Writes a backup.
    pub(super) fn backup(&self, dir: &Path, to: &Path, keys: bool) -> Result<Value> {
        match self {
            Self::Stopped(office) => {
                let made = crate::recovery::backup(office, dir, to, keys, &mut |_, _| {})?;
                Ok(json!({ "records": made.records, "blobs": made.blobs, "decayed": made.decayed, "keys": made.keys }))
            }
            Self::Running(client) => client.job("/api/backup", &json!({ "dir": std::path::absolute(to)?, "keys": keys })),
        }
    }
    /// The office itself, for what a running node does not offer.
    pub(super) fn stopped(&self, what: &str) -> Result<&Office> {
        match self {
            Self::Stopped(office) => Ok(office),
            Self::Running(_) => bail!("the node is running: stop it first to {what}"),
        }
    }
}

/// Speaks to a running node on this machine.
pub(super) struct Client {
    running: Running,
    agent: ureq::Agent,
}

impl Client {
    pub(super) fn new(running: Running) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(120))).build();
        Self { running, agent: config.into() }
    }
    pub(super) fn get(&self, path: &str) -> Result<Value> {
        let request = self.agent.get(format!("{}{path}", self.running.url));
        Self::read(request.header("authorization", &format!("Bearer {}", self.running.token)).call())
    }
    /// Cuts the node off from all others, or lets it speak again.
    pub(super) fn switch_network(&self, on: bool) -> Result<Value> {
        self.put("/api/network", &json!({ "on": on }))
    }
    fn put(&self, path: &str, body: &Value) -> Result<Value> {
        let request = self.agent.put(format!("{}{path}", self.running.url));
        Self::read(request.header("authorization", &format!("Bearer {}", self.running.token)).send_json(body))
    }
    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let mut request = self.agent.post(format!("{}{path}", self.running.url));
        if path.starts_with("/api/bundle/") {
            // As slow as the stick is.
            request = request.config().timeout_global(None).build();
        }
        Self::read(request.header("authorization", &format!("Bearer {}", self.running.token)).send_json(body))
    }
    /// Begins long work and waits for its end. Whoever is interrupted here asks for it with `huizhi jobs`: it goes on.
    fn job(&self, path: &str, body: &Value) -> Result<Value> {
        let mut job = self.post(path, body)?;
        let place = format!("/api/jobs/{}", job["id"]);
        let bar = indicatif::ProgressBar::new(0);
        while job["running"] == true {
            std::thread::sleep(Duration::from_millis(200));
            job = self.get(&place)?;
            bar.set_length(job["all"].as_u64().unwrap_or(0));
            bar.set_position(job["done"].as_u64().unwrap_or(0));
        }
        bar.finish_and_clear();
        if job["error"].is_null() { Ok(job["result"].take()) } else { Err(anyhow!("{}", super::text(&job["error"]["message"], "en"))) }
    }
    fn delete(&self, path: &str) -> Result<Value> {
        let request = self.agent.delete(format!("{}{path}", self.running.url));
        Self::read(request.header("authorization", &format!("Bearer {}", self.running.token)).call())
    }
    fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value> {
        let mut answer = answer.context("the running node does not answer")?;
        let ok = answer.status().is_success();
        let body: Value = answer.body_mut().read_json().context("the running node answered something else than JSON")?;
        if ok { Ok(body) } else { Err(anyhow!("{}", body["message"]["en"].as_str().unwrap_or("refused"))) }
    }
}

/// An absolute path as the node is told it.
fn path_text(path: &Path) -> Result<String> {
    let path = std::path::absolute(path)?;
    Ok(path.to_str().with_context(|| format!("{} is no text: rename it", path.display()))?.to_owned())
}

/// A typed text as one segment of a path.
fn path_segment(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() || byte == b'-' { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::Home;

    #[cfg(target_os = "linux")]
    #[test]
    fn mend_49_a_command_that_meets_another_one_says_who_holds_the_store() {
        let home = Home::new();
        let office = home.open();
        let trust = serde_json::json!({ "province": office.members().province().to_string(), "peers": [] });
        std::fs::write(home.path().join(crate::config::FEDERATION), trust.to_string()).unwrap();
        std::fs::write(home.path().join(crate::config::FILE), "[office]\ncode = \"44030001\"\nname = \"x\"\n").unwrap();
        // A node that was killed left its address.
        let gone = Running { url: "http://127.0.0.1:9".into(), token: String::new() };
        std::fs::write(home.path().join("run.json"), serde_json::to_vec(&gone).unwrap()).unwrap();
        let refused = Local::open(home.path()).err().unwrap().to_string();
        assert!(refused.contains("has not ended") && refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(office);
        assert!(matches!(Local::open(home.path()).unwrap(), Local::Stopped(_)));
    }
}
