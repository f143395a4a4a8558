//! The keys of a node, as files that only its user may read: `keys/office.key`, `keys/witness.key`, `keys/recipient.key`, and
//! `keys/province.key` at a province.
//!
//! The keys of a later epoch lie beside them (`office-2.key` …), made before the province is asked for a rotation. Which epoch is in use
//! stands in `keys/epoch`, which is written when the province's log names the new key, and not before. Old keys are kept: payloads that
//! were sealed for them are still opened, and an old log's last checkpoint may have to be signed.

use crate::store::{StoreError, create_private_dir, create_private_file, replace_file};
use protocol::{id::PublicKey, keys::OfficeKey, log::VerifierKey};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Which epoch's keys are in use.
const EPOCH: &str = "epoch";
/// The key of a province that is proposed and not in use.
const PROVINCE_NEXT: &str = "province-next.key";

/// Keys of an epoch before.
pub struct EarlierKeys {
    /// Its epoch.
    pub epoch: u32,
    /// Signed the log of that epoch.
    pub office: OfficeKey,
    /// Opens payloads that were sealed then.
    pub recipient: age::x25519::Identity,
}

/// The secret parts of an office.
pub struct Keys {
    /// Epoch of the office's log that they are for.
    pub epoch: u32,
    /// Signs the office's log; also its network identity.
    pub office: OfficeKey,
    /// The seed of `office`, for libp2p, which takes only bytes.
    pub office_seed: [u8; 32],
    /// Seed of the key that cosigns other offices' checkpoints, and signs nothing else.
    pub witness_seed: [u8; 32],
    /// Opens sealed payloads.
    pub recipient: age::x25519::Identity,
    /// Keys of earlier epochs, newest first.
    pub earlier: Vec<EarlierKeys>,
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
        create_private_dir(dir)?;
        if province {
            write_seed(&dir.join("province.key"))?;
        }
        write_epoch(dir, 1)?;
        Self::open(dir)
    }

    /// Makes the keys of a later epoch, or finds them made; they are not in use yet.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn prepare(dir: &Path, epoch: u32) -> Result<Self, StoreError> {
        write_epoch(dir, epoch)?;
        Self::open_epoch(dir, epoch)
    }

    /// Reads the keys of the epoch that is in use. A node of before has no witness key; it is made.
    ///
    /// # Errors
    /// One is missing or unreadable.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let epoch = match fs::read_to_string(dir.join(EPOCH)) {
            Ok(epoch) => epoch.trim().parse().map_err(|_| StoreError::Corrupt("keys/epoch is no number".into()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 1,
            Err(error) => return Err(error.into()),
        };
        Self::open_epoch(dir, epoch)
    }

    /// Reads the keys of an epoch, and those of all before.
    ///
    /// # Errors
    /// As for [`Keys::open`].
    pub fn open_epoch(dir: &Path, epoch: u32) -> Result<Self, StoreError> {
        let office_seed = read_seed(&file(dir, "office", epoch))?;
        let witness = file(dir, "witness", epoch);
        if !witness.exists() {
            write_seed(&witness)?;
        }
        let province = dir.join("province.key");
        let province = province.exists().then(|| read_seed(&province)).transpose()?;
        let earlier = (1..epoch).rev().filter(|epoch| file(dir, "office", *epoch).exists()).map(|epoch| {
            let office = OfficeKey::from_seed(&read_seed(&file(dir, "office", epoch))?);
            Ok(EarlierKeys { epoch, office, recipient: read_recipient(&file(dir, "recipient", epoch))? })
        });
        Ok(Self {
            epoch,
            office: OfficeKey::from_seed(&office_seed),
            office_seed,
            witness_seed: read_seed(&witness)?,
            recipient: read_recipient(&file(dir, "recipient", epoch))?,
            earlier: earlier.collect::<Result<_, StoreError>>()?,
            province: province.map(|seed| OfficeKey::from_seed(&seed)),
        })
    }

    /// Makes the key of the next province, or finds it made; it is not in use yet.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn prepare_province(dir: &Path) -> Result<OfficeKey, StoreError> {
        let next = dir.join(PROVINCE_NEXT);
        if !next.exists() {
            write_seed(&next)?;
        }
        Ok(OfficeKey::from_seed(&read_seed(&next)?))
    }

    /// Puts the next province's key in use; the one before stays beside it, under the epoch of its log.
    ///
    /// # Errors
    /// The key here is another one, or the disk refuses.
    pub fn install_province(dir: &Path, wanted: &VerifierKey) -> Result<(), StoreError> {
        let (next, current) = (dir.join(PROVINCE_NEXT), dir.join("province.key"));
        let is_wanted = |path: &PathBuf| -> Result<bool, StoreError> {
            Ok(path.exists() && OfficeKey::from_seed(&read_seed(path)?).public() == wanted.key())
        };
        if is_wanted(&current)? {
            return Ok(());
        }
        if !is_wanted(&next)? {
            return Err(StoreError::Corrupt(format!("the secret key of {wanted} is not here: install it where it was proposed")));
        }
        if current.exists() {
            let epoch = wanted.origin().province_epoch().unwrap_or_default();
            fs::rename(&current, dir.join(format!("province-before-{epoch}.key")))?;
        }
        fs::rename(&next, &current)?;
        fs::File::open(dir)?.sync_all()?;
        Ok(())
    }

    /// The highest epoch of which all keys are here, in use or not.
    pub fn prepared(dir: &Path) -> u32 {
        let made = |epoch: &u32| file(dir, "office", *epoch).exists();
        (2..=EPOCHS_MAX).rev().find(made).unwrap_or(1)
    }

    /// Puts an epoch's keys in use from the next start on; durable when this returns.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn switch(dir: &Path, epoch: u32) -> Result<(), StoreError> {
        replace_file(&dir.join(EPOCH), format!("{epoch}\n").as_bytes())
    }

    /// Public half of the witness key.
    pub fn witness(&self) -> PublicKey {
        OfficeKey::from_seed(&self.witness_seed).public()
    }

    /// What opens sealed payloads: this epoch's identity, then those of epochs before.
    pub fn identities(&self) -> Vec<&age::x25519::Identity> {
        std::iter::once(&self.recipient).chain(self.earlier.iter().map(|keys| &keys.recipient)).collect()
    }

    /// The key of an epoch's log.
    pub fn of_epoch(&self, epoch: u32) -> Option<&OfficeKey> {
        if epoch == self.epoch {
            return Some(&self.office);
        }
        self.earlier.iter().find(|keys| keys.epoch == epoch).map(|keys| &keys.office)
    }
}

/// Epochs of one office's log; a receipt number has two digits for them.
const EPOCHS_MAX: u32 = 99;

fn file(dir: &Path, name: &str, epoch: u32) -> PathBuf {
    dir.join(if epoch == 1 { format!("{name}.key") } else { format!("{name}-{epoch}.key") })
}

/// Makes the keys of an epoch; those that are there already stay. The office's own comes last: where it is, all are.
fn write_epoch(dir: &Path, epoch: u32) -> Result<(), StoreError> {
    let missing = |name| Some(file(dir, name, epoch)).filter(|path| epoch == 1 || !path.exists());
    if let Some(path) = missing("recipient") {
        let recipient = age::x25519::Identity::generate();
        write_secret(&path, age::secrecy::ExposeSecret::expose_secret(&recipient.to_string()))?;
    }
    missing("witness").iter().chain(&missing("office")).try_for_each(|path| write_seed(path))
}

fn write_seed(path: &Path) -> Result<(), StoreError> {
    write_secret(path, &hex::encode(rand::random::<[u8; 32]>()))
}

fn read_recipient(path: &PathBuf) -> Result<age::x25519::Identity, StoreError> {
    let recipient = read(path)?;
    age::x25519::Identity::from_str(recipient.trim()).map_err(|error| StoreError::Corrupt(format!("{}: {error}", path.display())))
}

fn read(path: &PathBuf) -> Result<String, StoreError> {
    fs::read_to_string(path).map_err(|error| StoreError::Corrupt(format!("{}: {error}", path.display())))
}

pub(crate) fn read_seed(path: &PathBuf) -> Result<[u8; 32], StoreError> {
    hex::decode(read(path)?.trim())
        .ok()
        .and_then(|seed| seed.try_into().ok())
        .ok_or_else(|| StoreError::Corrupt(format!("{} is not 64 hex digits", path.display())))
}

/// Writes a new file that only this user may read; refuses to replace one. A crash leaves it whole or not at all.
pub(crate) fn write_secret(path: &Path, text: &str) -> Result<(), StoreError> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = directory.join(format!(".{name}.{:016x}.new", rand::random::<u64>()));
    let mut file = create_private_file(&temporary)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).and_then(|()| file.sync_all());
    let placed = written.and_then(|()| place(&temporary, path));
    let _ = fs::remove_file(&temporary);
    placed?;
    // A key whose name a power cut forgets is lost, and its log with it.
    fs::File::open(directory)?.sync_all()?;
    Ok(())
}

/// Gives a file its name, which must be nobody's yet.
fn place(temporary: &Path, path: &Path) -> std::io::Result<()> {
    match fs::hard_link(temporary, path) {
        // A file system without links.
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            drop(create_private_file(path)?);
            fs::rename(temporary, path)
        }
        linked => linked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mend_34_a_secret_is_written_whole_or_not_at_all_and_replaces_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("office.key");
        let names = || fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>();
        // Whoever reads while it is written finds nothing, or all of it.
        let text = "5a".repeat(1 << 19);
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| write_secret(&path, &text));
            while !writing.is_finished() {
                if let Ok(read) = fs::read_to_string(&path) {
                    assert_eq!(read.len(), text.len() + 1);
                }
            }
            writing.join().unwrap().unwrap();
        });
        assert_eq!(names(), ["office.key"], "nothing is left beside it");
        assert!(write_secret(&path, "another").is_err(), "a key that is there is never replaced");
        assert_eq!((fs::read_to_string(&path).unwrap().trim_end() == text, names().len()), (true, 1));
        assert!(write_secret(&dir.path().join("gone").join("office.key"), "x").is_err());
        assert_eq!(names().len(), 1);
    }
}
