//! Offices for benches: data directories, enrolment, records of about 400 bytes, and their network over loopback.
#![allow(dead_code, reason = "every bench uses its own part of it")]

pub(crate) mod record;

use node::{
    enrolment,
    net::{self, NetConfig},
    service::{Office, keys::Keys, network::NetworkHandle},
};
use protocol::{
    id::{OfficeCode, Origin},
    keys::OfficeKey,
    log::VerifierKey,
    record::{Roles, Signed, Verified},
};
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle};

pub(crate) const FEDERATION: &str = "bench.huizhi";

/// A folder on the disk of the target directory: a temporary one may be memory, where syncing costs nothing.
pub(crate) fn directory() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target directory can be written")
}

pub(crate) fn code(number: usize) -> OfficeCode {
    format!("4403{number:04}").parse().expect("eight digits are an office code")
}

pub(crate) fn log_of(number: usize) -> Origin {
    Origin::office(FEDERATION, code(number), 1).expect("well formed")
}

/// A number that the environment gives.
pub(crate) fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// Whether this program is only listed or tried, as a test run of the benches does.
pub(crate) fn is_no_bench() -> bool {
    std::env::args().any(|argument| argument == "--list" || argument == "--test")
}

pub(crate) fn make_keys(dir: &Path, province: bool) -> Keys {
    Keys::create(&dir.join("keys"), province).expect("the directory can be written")
}

/// Opens an office whose keys are there. The bench knows that nobody else holds its log.
pub(crate) fn open(dir: &Path, number: usize, province: &VerifierKey) -> Office {
    let office = Office::open(dir, code(number), province).expect("the store opens");
    office.compared().expect("the disk takes it");
    office
}

/// A province that is office 0 as well.
pub(crate) fn found(dir: &Path, roles: Roles) -> Office {
    let keys = make_keys(dir, true);
    let province = VerifierKey::new(Origin::province(FEDERATION, 1).expect("well formed"), keys.province.expect("made for one").public());
    let office = open(dir, 0, &province);
    office.enrol(enrolment::enrol_self(&office.keys, code(0), "province", roles)).expect("the first of its code");
    office
}

pub(crate) fn enrol(province: &Office, keys: &Keys, number: usize, roles: Roles) {
    province.enrol(enrolment::enrol_self(keys, code(number), "office", roles)).expect("the first of its code");
}

/// A writer whose log is only filled in, by the key that this number gives.
pub(crate) fn enrol_writer(province: &Office, keys: &Keys, number: usize) -> OfficeKey {
    let key = OfficeKey::from_seed(&[number as u8; 32]);
    let enrol = enrolment::enrol_self(keys, code(number), "writer", Roles::CAPTURE);
    province.enrol(protocol::record::Enrol { key: key.public(), witness: None, ..enrol }).expect("the first of its code");
    key
}

pub(crate) fn signed(origin: &Origin, key: &OfficeKey, number: u64) -> Verified {
    Signed::sign(origin, key, &record::submission(origin, number)).expect("it fits an entry")
}

/// A node on the network.
pub(crate) struct Online {
    pub(crate) office: Arc<Office>,
    pub(crate) net: NetworkHandle,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Online {
    pub(crate) async fn end(self) {
        let _ = self.stop.send(true);
        self.task.await.expect("it stops in order");
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("loopback has free ports").port()
}

pub(crate) fn address(port: u16, office: &Keys) -> String {
    format!("/ip4/127.0.0.1/tcp/{port}/p2p/{}", net::peer_id(office.office.public()).expect("a key is an identity"))
}

pub(crate) fn go_online(office: Arc<Office>, port: u16, peers: &[String]) -> Online {
    let (stop, stopped) = watch::channel(false);
    let peers = peers.iter().map(|peer| peer.parse().expect("an address")).collect();
    let listen = vec![format!("/ip4/127.0.0.1/tcp/{port}").parse().expect("an address")];
    let config = NetConfig { listen, peers, go_on_unanswered: true, ..NetConfig::default() };
    let (net, task) = net::start(office.clone(), &config, stopped).expect("it starts");
    Online { office, net, stop, task }
}

/// Waits until an office says so, looking whenever something changed there.
pub(crate) async fn until(office: &Office, holds: impl Fn(&Office) -> bool) {
    let mut changes = office.changes();
    while !holds(office) {
        // Packages of who is behind are told to nobody, so it looks by the clock as well.
        let _ = tokio::time::timeout(Duration::from_millis(5), changes.recv()).await;
    }
}

/// Waits until an office says so, looking so seldom that many offices may wait.
pub(crate) async fn sometime(office: &Office, holds: impl Fn(&Office) -> bool) {
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !holds(office) {
        tick.tick().await;
    }
}

/// Resident memory of a process in MB: now, and its highest.
pub(crate) fn memory(process: u32) -> (f64, f64) {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("Linux tells");
    let field = |name: &str| -> f64 {
        let line = status.lines().find(|line| line.starts_with(name)).expect("Linux tells");
        line.split_whitespace().nth(1).expect("a number follows").parse::<f64>().expect("it is one") / 1024.0
    };
    (field("VmRSS:"), field("VmHWM:"))
}

/// The time at this part of many.
pub(crate) fn percentile(times: &mut [Duration], part: f64) -> Duration {
    times.sort_unstable();
    times[((times.len() - 1) as f64 * part) as usize]
}

pub(crate) fn sub(dir: &Path, name: &str) -> PathBuf {
    let dir = dir.join(name);
    std::fs::create_dir_all(&dir).expect("the disk takes it");
    dir
}
