//! Configuration: `node.toml` as written, and the checked values that the parts receive.

mod line;

pub use line::QuietSection;

use libp2p::Multiaddr;
use protocol::{
    id::OfficeCode,
    sync::follow::{Follow, Scope},
};
use serde::{Deserialize, Serialize};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// Name of the file in the data directory.
pub const FILE: &str = "node.toml";
/// Name of the root of trust in the data directory.
pub const FEDERATION: &str = "federation.json";

/// Where a node serves and what it is called: `node.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The office.
    pub office: OfficeSection,
    /// The local pages and API.
    #[serde(default)]
    pub http: HttpSection,
    /// Other offices.
    #[serde(default)]
    pub network: NetworkSection,
    /// Which logs are held here.
    #[serde(default)]
    pub follow: FollowSection,
    /// Models.
    #[serde(default)]
    pub models: ModelsSection,
    /// Printing.
    #[serde(default)]
    pub print: PrintSection,
    /// After a crash or a restore.
    #[serde(default)]
    pub recovery: RecoverySection,
    /// Looking through what lies on the disk.
    #[serde(default)]
    pub scrub: ScrubSection,
}

/// `[office]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficeSection {
    /// Eight digits: GB/T 2260 county code and a serial of two.
    pub code: String,
    /// Name shown until the enrolment says another.
    pub name: String,
}

/// `[http]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSection {
    /// Address of the pages. Loopback only: a camera needs a secure context, and a plain page on the network is none.
    pub listen: SocketAddr,
}

impl Default for HttpSection {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8600)) }
    }
}

/// `[network]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkSection {
    /// Addresses to listen on.
    pub listen: Vec<Multiaddr>,
    /// Peers beside those of `federation.json`, each address ending in `/p2p/<peer id>`.
    pub peers: Vec<Multiaddr>,
    /// Look for enrolled offices on the local network.
    pub mdns: bool,
    /// Connect offices that cannot reach one another, through this node. Absent: where the office has the admin role and the line no cap, for what
    /// passes through is not counted against the caps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relay: Option<bool>,
    /// Photos and other blobs leave this node only while no more than this went out; nothing for no cap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload_kib_per_s: Option<u32>,
    /// And are fetched only while no more than this came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub download_kib_per_s: Option<u32>,
    /// Hours in which people need the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet: Option<QuietSection>,
}

impl Default for NetworkSection {
    fn default() -> Self {
        let listen = ["/ip4/0.0.0.0/tcp/8700", "/ip4/0.0.0.0/udp/8700/quic-v1"];
        Self {
            listen: listen.iter().filter_map(|address| address.parse().ok()).collect(),
            peers: Vec::new(),
            mdns: true,
            relay: None,
            upload_kib_per_s: None,
            download_kib_per_s: None,
            quiet: None,
        }
    }
}

/// `[follow]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FollowSection {
    /// `all` or `needed`. Absent: all logs of a federation of up to 64 offices, of a larger one what the office needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<FollowLogs>,
    /// Codes of offices whose logs are held as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
}

/// Which logs a node holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FollowLogs {
    /// Every log.
    All,
    /// The province's, the own ones, those of offices that have a part in the same cases, and those that this office is a witness of.
    Needed,
}

/// `[models]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelsSection {
    /// A native ONNX Runtime library, for speed. Without it the embedded engine runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onnxruntime: Option<PathBuf>,
}

/// `[print]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrintSection {
    /// A font with Chinese characters; without it the usual places are searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub font: Option<PathBuf>,
}

/// `[recovery]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecoverySection {
    /// What to do when no other office answers after an end that was not in order.
    pub unanswered: Unanswered,
}

/// `[scrub]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScrubSection {
    /// A running node looks through everything on its disk once in about this many days; 0 turns it off.
    pub every_days: u32,
}

impl Default for ScrubSection {
    fn default() -> Self {
        Self { every_days: 30 }
    }
}

/// What a node does whose last end is unknown and whom nobody answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unanswered {
    /// Stay read-only until somebody answers: a log that is signed twice cannot be mended, a late submission can.
    #[default]
    Wait,
    /// Sign again after a minute: for an office that works without a network for days, and whose disk is never put back as a whole.
    GoOn,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The directory holds no node.
    #[error("{0} holds no node yet: run `huizhi init` first")]
    NoNode(PathBuf),
    /// A file cannot be read or has a wrong field.
    #[error("{0}: {1}")]
    File(PathBuf, String),
}

impl Config {
    /// Reads and checks the configuration of a data directory.
    ///
    /// # Errors
    /// Missing, malformed, or with a value that cannot work.
    pub fn load(dir: &Path) -> Result<Self, ConfigError> {
        let path = dir.join(FILE);
        if !path.exists() {
            return Err(ConfigError::NoNode(dir.to_owned()));
        }
        let wrong = |reason: String| ConfigError::File(path.clone(), reason);
        let text = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
        let config: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        config.code().map_err(|error| wrong(format!("office.code: {error}")))?;
        config.follow().map_err(|error| wrong(format!("follow.also: {error}")))?;
        config.network.line().map_err(|error| wrong(error.to_string()))?;
        if !config.http.listen.ip().is_loopback() {
            return Err(wrong(format!(
                "http.listen: {} is not this machine (127.0.0.1 or [::1]); pages for other machines need TLS, which this version does not serve",
                config.http.listen
            )));
        }
        Ok(config)
    }

    /// The office code.
    ///
    /// # Errors
    /// Not eight digits.
    pub fn code(&self) -> Result<OfficeCode, protocol::id::ParseIdError> {
        self.office.code.parse()
    }

    /// The logs to follow.
    ///
    /// # Errors
    /// A code in `also` has not eight digits.
    pub fn follow(&self) -> Result<Follow, protocol::id::ParseIdError> {
        let scope = self.follow.logs.map(|logs| match logs {
            FollowLogs::All => Scope::All,
            FollowLogs::Needed => Scope::Needed,
        });
        Ok(Follow { scope, also: self.follow.also.iter().map(|code| code.parse()).collect::<Result<_, _>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_files_are_refused_with_the_field() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Config::load(dir.path()), Err(ConfigError::NoNode(_))));
        for (text, word) in [
            ("[office]\ncode = \"1\"\nname = \"x\"", "office.code"),
            ("[office]\ncode = \"44030001\"\nname = \"x\"\n[http]\nlisten = \"0.0.0.0:80\"", "http.listen"),
            ("[office]\ncode = \"44030001\"\nname = \"x\"\ncolour = 1", "colour"),
            ("[office]\ncode = \"44030001\"\nname = \"x\"\n[follow]\nlogs = \"some\"", "some"),
            ("[office]\ncode = \"44030001\"\nname = \"x\"\n[follow]\nalso = [\"4403\"]", "follow.also"),
            ("[office]\ncode = \"44030001\"\nname = \"x\"\n[network]\nupload_kib_per_s = 0", "network.upload_kib_per_s"),
        ] {
            std::fs::write(dir.path().join(FILE), text).unwrap();
            let error = Config::load(dir.path()).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
