//! The keys of a node, as files that only its user may read: `keys/office.key`, `keys/recipient.key`, and `keys/province.key` at a province.

use crate::store::StoreError;
use protocol::keys::OfficeKey;
use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    str::FromStr,
};

/// The secret parts of an office.
pub struct Keys {
    /// Signs the office's log; also its network identity.
    pub office: OfficeKey,
    /// The seed of `office`, for libp2p, which takes only bytes.
    pub office_seed: [u8; 32],
    /// Opens sealed payloads.
    pub recipient: age::x25519::Identity,
    /// Signs the province's log, where this node is the province.
    pub province: Option<OfficeKey>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({:?})", self.office)
    }
}

impl Keys {
    /// Makes new keys; never overwrites one.
    ///
    /// # Errors
    /// The disk refuses, or a key is there already.
    pub fn create(dir: &Path, province: bool) -> Result<Self, StoreError> {
        fs::create_dir_all(dir)?;
        let names: &[&str] = if province { &["office", "province"] } else { &["office"] };
        for name in names {
            write_secret(&dir.join(format!("{name}.key")), &hex::encode(rand::random::<[u8; 32]>()))?;
        }
        let recipient = age::x25519::Identity::generate();
        write_secret(&dir.join("recipient.key"), age::secrecy::ExposeSecret::expose_secret(&recipient.to_string()))?;
        Self::open(dir)
    }

    /// Reads the keys.
    ///
    /// # Errors
    /// One is missing or unreadable.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let office_seed = read_seed(&dir.join("office.key"))?;
        let province = dir.join("province.key");
        let province = province.exists().then(|| read_seed(&province)).transpose()?;
        let recipient = read(&dir.join("recipient.key"))?;
        let recipient = age::x25519::Identity::from_str(recipient.trim())
            .map_err(|error| StoreError::Corrupt(format!("keys/recipient.key: {error}")))?;
        Ok(Self {
            office: OfficeKey::from_seed(&office_seed),
            office_seed,
            recipient,
            province: province.map(|seed| OfficeKey::from_seed(&seed)),
        })
    }
}

fn read(path: &PathBuf) -> Result<String, StoreError> {
    fs::read_to_string(path).map_err(|error| StoreError::Corrupt(format!("{}: {error}", path.display())))
}

fn read_seed(path: &PathBuf) -> Result<[u8; 32], StoreError> {
    hex::decode(read(path)?.trim())
        .ok()
        .and_then(|seed| seed.try_into().ok())
        .ok_or_else(|| StoreError::Corrupt(format!("{} is not 64 hex digits", path.display())))
}

/// Writes a new file that only this user may read; refuses to replace one.
pub(crate) fn write_secret(path: &Path, text: &str) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    // A key whose name a power cut forgets is lost, and its log with it.
    if let Some(directory) = path.parent() {
        fs::File::open(directory)?.sync_all()?;
    }
    Ok(())
}
