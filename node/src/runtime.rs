//! Starts the parts of a node in order and stops them in order; the only place that decides when a process ends.
//!
//! Stop: no new requests, running ones finish, then the network, then the store. Whatever is acknowledged is durable by then anyway.

use crate::{
    api::{self, App},
    config::{Config, ConfigError, FEDERATION, Unanswered},
    enrolment::{self, Federation},
    invitation::{self, Invitation},
    net::{self, Join, NetConfig, NetError},
    print::Font,
    service::{Office, OfficeError, upkeep},
    store::StoreError,
};
use models::{Models, ModelsError};
use serde::{Deserialize, Serialize};
use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch};

/// Requests under way get this long to finish when the node stops. An open event stream never finishes by itself.
const DRAIN: Duration = Duration::from_secs(2);
/// File in the data directory that tells the command line how to reach the running node.
const RUN_FILE: &str = "run.json";

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its root of trust.
    #[error("{0}: {1}")]
    Federation(PathBuf, String),
    /// Its store or keys.
    #[error(transparent)]
    Office(#[from] OfficeError),
    /// Its network.
    #[error(transparent)]
    Net(#[from] NetError),
    /// Its models.
    #[error(transparent)]
    Models(#[from] ModelsError),
    /// Its pages.
    #[error("cannot serve the pages on {0}: {1}. Is another node running there?")]
    Http(SocketAddr, io::Error),
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a node stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Somebody asked it to.
    Asked,
    /// It has a new network identity and a new log, and must begin anew with them.
    Rotated,
}

/// How the command line reaches a running node.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Running {
    /// Address of the pages.
    pub url: String,
    /// Token that lets the command line in.
    pub token: String,
}

impl Running {
    /// What a running node left in its data directory.
    pub fn find(dir: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(dir.join(RUN_FILE)).ok()?).ok()
    }
}

/// Reads the root of trust of a data directory.
///
/// # Errors
/// Missing or malformed.
pub fn federation(dir: &Path) -> Result<Federation, StartError> {
    let path = dir.join(FEDERATION);
    let wrong = |reason: String| StartError::Federation(path.clone(), reason);
    let text = std::fs::read(&path).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))
}

/// Opens the office of a data directory without network or pages.
///
/// # Errors
/// See [`StartError`].
pub fn open_office(dir: &Path, config: &Config) -> Result<Office, StartError> {
    let federation = federation(dir)?;
    let province = federation.verifier().map_err(|error| StartError::Federation(dir.join(FEDERATION), error.to_string()))?;
    let code = config.code().map_err(|error| ConfigError::File(dir.join(crate::config::FILE), error.to_string()))?;
    let follow = config.follow().map_err(|error| ConfigError::File(dir.join(crate::config::FILE), error.to_string()))?;
    Ok(Office::open(dir, code, &province)?.following(follow))
}

/// Where the models of a node lie.
pub fn models_dir(dir: &Path) -> PathBuf {
    dir.join("models")
}

/// Runs a node until `stop` is told, the process is asked to end, or its standard input ends where `until_stdin_ends`.
///
/// `ready` is called once everything serves.
///
/// # Errors
/// See [`StartError`].
pub async fn run(dir: &Path, config: Config, until_stdin_ends: bool, ready: impl FnOnce(&str)) -> Result<End, StartError> {
    let office = Arc::new(open_office(dir, &config)?);
    if let Err(error) = office.keep_reserve() {
        tracing::warn!(%error, "no space can be held in reserve: free at least 100 MB on this disk");
    }
    let onnxruntime = config.models.onnxruntime.clone().or_else(|| std::env::var_os(models::ONNXRUNTIME_VARIABLE).map(PathBuf::from));
    let models = Models::load(&models_dir(dir), onnxruntime.as_deref())?;
    let finds_faces = models.finds_faces();
    let font = match Font::find(config.print.font.as_deref()) {
        Ok(font) => Some(Arc::new(font)),
        Err(error) => {
            tracing::warn!(%error, "receipts cannot be printed on this machine");
            None
        }
    };
    let (stop, stopped) = watch::channel(false);
    let mut peers = federation(dir)?.peers;
    peers.extend(config.network.peers.clone());
    let (caps, quiet) = config.network.line().map_err(|error| ConfigError::File(dir.join(crate::config::FILE), error.to_string()))?;
    let net_config = NetConfig {
        listen: config.network.listen.clone(),
        peers,
        mdns: config.network.mdns,
        caps,
        quiet,
        relay: config.network.relay,
        go_on_unanswered: config.recovery.unanswered == Unanswered::GoOn,
        join: join(dir, &office, &config.office.name),
    };
    let (net, net_task) = net::start(office.clone(), &net_config, stopped.clone())?;
    let upkeep = tokio::spawn(upkeep::run(office.clone(), config.scrub.clone(), stopped.clone()));

    let address = config.http.listen;
    let listener = TcpListener::bind(address).await.map_err(|error| StartError::Http(address, error))?;
    let address = listener.local_addr().unwrap_or(address);
    let running = Running { url: format!("http://{address}"), token: hex::encode(rand::random::<[u8; 32]>()) };
    let run_file = dir.join(RUN_FILE);
    // Of a node that was killed; the store's lock already says that it is gone.
    let _ = std::fs::remove_file(&run_file);
    let json = serde_json::to_string(&running).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    crate::service::keys::write_secret(&run_file, &json)?;
    let app = App::new(office.clone(), net, Arc::new(models), finds_faces, font, &running.token, address.port());
    ready(&running.url);

    let mut drained = stopped.clone();
    let serve = axum::serve(listener, api::router(app)).with_graceful_shutdown(async move {
        let _ = drained.changed().await;
    });
    let serving = tokio::spawn(serve.into_future());
    let end = tokio::select! {
        () = wait_for_end(until_stdin_ends) => End::Asked,
        () = rotated(&office) => End::Rotated,
    };
    tracing::info!(?end, "stopping");
    let _ = stop.send(true);
    if tokio::time::timeout(DRAIN, serving).await.is_err() {
        tracing::debug!("open connections were cut");
    }
    let _ = tokio::time::timeout(DRAIN, net_task).await;
    let _ = tokio::time::timeout(DRAIN, upkeep).await;
    let _ = std::fs::remove_file(&run_file);
    Ok(end)
}

/// The invitation that was left for this node, until it is enrolled.
fn join(dir: &Path, office: &Office, name: &str) -> Option<Join> {
    let path = dir.join(invitation::FILE);
    let read = match Invitation::read_file(&path) {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "the invitation cannot be read");
            return None;
        }
    };
    if office.is_enrolled(office.keys.office.public()) {
        // The secret is spent; a file that stays does no harm.
        let _ = std::fs::remove_file(&path);
        return None;
    }
    let made = read.and_then(|invitation| {
        let at = invitation.federation.peers.iter().filter_map(net::key_in).collect();
        Ok(Join { request: enrolment::write_request(&office.keys, office.origin(), name)?, secret: invitation.secret, at })
    });
    made.inspect_err(|error| tracing::warn!(%error, "the invitation in this directory cannot be used")).ok()
}

/// Resolves when the province gave this office the next epoch and its keys are here.
async fn rotated(office: &Office) {
    let mut changes = office.changes();
    while !office.next_epoch_is_ready() {
        // A lagged receiver missed something, so it looks again as well.
        if changes.recv().await == Err(tokio::sync::broadcast::error::RecvError::Closed) {
            return std::future::pending().await;
        }
    }
}

async fn wait_for_end(until_stdin_ends: bool) {
    let (ended, end) = tokio::sync::oneshot::channel();
    if until_stdin_ends {
        // A thread of its own: a read of standard input cannot be cancelled, and must not hold the runtime's end.
        std::thread::spawn(move || {
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            let _ = ended.send(());
        });
    }
    // A parent that holds our standard input decides alone: Ctrl-C reaches the whole group, and it stops us in order.
    tokio::select! {
        _ = end, if until_stdin_ends => {}
        () = interrupted(), if !until_stdin_ends => {}
    }
}

/// Resolves when the process is asked to end: Ctrl-C, or SIGTERM.
pub async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    {
        let _ = tokio::signal::ctrl_c().await;
    }
}
