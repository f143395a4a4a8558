//! Bringing a backup back into an empty data directory.

use super::{FILES, FORMAT, MANIFEST, Manifest, STORE, sha256};
use crate::{
    enrolment::Federation,
    store::{Blobs, LogCheck, MarkFile, Store, StoreError, create_private_dir, replace_file},
};
use protocol::{log::VerifierKey, membership::Membership, record::Verified};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What was brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Office of the backup.
    pub office: String,
    /// Records, all verified.
    pub records: u64,
    /// Blobs, all verified.
    pub blobs: u64,
    /// Whether the secret keys came along.
    pub keys: bool,
}

/// Why a backup is not restored. Nothing that was in the data directory was changed.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The folder is no finished backup of a known form.
    #[error("{0} is no backup that can be restored: {1}")]
    NotABackup(PathBuf, String),
    /// The data directory holds something.
    #[error("{0} is not empty: restore into a new folder; only keys/ and heads/ of the lost disk may be there already")]
    NotEmpty(PathBuf),
    /// Neither the backup nor the data directory has the keys.
    #[error("the backup holds no keys: put the office's keys/ folder into {0} first")]
    NoKeys(PathBuf),
    /// What the backup brings does not hold.
    #[error("the backup is damaged; nothing of it is used: {0}")]
    Damaged(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A disk refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Verifies a backup whole and brings it into the data directory `dir`, which holds nothing but `keys/` and `heads/` of the lost disk.
///
/// The node may not sign before its own log was compared with other offices. `node.toml` comes last: a directory without it is no node.
/// `progress` is told the number of records verified.
///
/// # Errors
/// See [`RestoreError`]. A restore that was cut off leaves a directory that no node starts in.
pub fn restore(from: &Path, dir: &Path, progress: &mut dyn FnMut(u64)) -> Result<Restored, RestoreError> {
    let not_a_backup = |reason: String| RestoreError::NotABackup(from.to_owned(), reason);
    let json = fs::read(from.join(MANIFEST)).map_err(|error| not_a_backup(format!("{MANIFEST}: {error}")))?;
    let manifest: Manifest = serde_json::from_slice(&json).map_err(|error| not_a_backup(format!("{MANIFEST}: {error}")))?;
    if manifest.format != FORMAT {
        return Err(not_a_backup(format!("its form {} is of another version of this program", manifest.format)));
    }
    let own = |name: &std::ffi::OsStr| name == "keys" && !manifest.keys || name == "heads";
    match fs::read_dir(dir) {
        Ok(entries) => {
            for entry in entries {
                if !own(&entry?.file_name()) {
                    return Err(RestoreError::NotEmpty(dir.to_owned()));
                }
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    if !manifest.keys && !dir.join("keys/office.key").exists() {
        return Err(RestoreError::NoKeys(dir.to_owned()));
    }
    for (name, hash) in &manifest.files {
        let known = name == STORE || FILES.contains(&name.as_str());
        // Attack: a name in the description must not lead anywhere else.
        if !known || sha256(&from.join(name))? != *hash {
            return Err(RestoreError::Damaged(format!("{name} is not what was backed up")));
        }
    }
    create_private_dir(dir)?;
    // First of all: from here on nothing in this directory may sign.
    MarkFile::new(dir).write_restored()?;
    let blobs = Blobs::copy_verified(&from.join("blobs"), &dir.join("blobs"))?;
    if let (blobs, Some(decayed)) = &blobs {
        return Err(RestoreError::Damaged(format!("blob {decayed} is not what its name says ({blobs} others are)")));
    }
    if blobs.0 != manifest.blobs {
        return Err(RestoreError::Damaged(format!("it holds {} blobs instead of {}", blobs.0, manifest.blobs)));
    }
    fs::copy(from.join(STORE), dir.join(STORE))?;
    fs::File::open(dir.join(STORE))?.sync_all()?;
    let records = verify(&Store::open(dir)?, from, &manifest, progress)?;
    if manifest.keys {
        create_private_dir(&dir.join("keys"))?;
        for entry in fs::read_dir(from.join("keys"))? {
            let path = entry?.path();
            if let Some(name) = path.file_name() {
                crate::service::keys::write_secret(&dir.join("keys").join(name), fs::read_to_string(&path)?.trim_end())?;
            }
        }
    }
    for name in FILES {
        replace_file(&dir.join(name), &fs::read(from.join(name))?)?;
    }
    Ok(Restored { office: manifest.office, records, blobs: blobs.0, keys: manifest.keys })
}

/// Every leaf, subtree, root, checkpoint and signature of every log.
fn verify(store: &Store, from: &Path, manifest: &Manifest, progress: &mut dyn FnMut(u64)) -> Result<u64, RestoreError> {
    let damaged = |reason: String| RestoreError::Damaged(reason);
    let federation = fs::read(from.join(crate::config::FEDERATION))?;
    let federation: Federation = serde_json::from_slice(&federation).map_err(|error| damaged(format!("federation.json: {error}")))?;
    let province: VerifierKey = federation.verifier().map_err(|error| damaged(format!("federation.json: {error}")))?;
    let sizes: Vec<(String, u64)> = store.origins().into_iter().map(|origin| (origin.to_string(), store.head(&origin).size)).collect();
    if sizes != manifest.logs {
        return Err(damaged("its logs are not those that were backed up".into()));
    }
    let mut members = Membership::new(province.clone());
    for entry in store.entries(province.origin(), 0, usize::MAX)? {
        let record: Option<Verified> = entry.verify().ok().map(|entry| entry.record);
        // An enrolment that does not count in the log did not count before either.
        let _ = record.map(|record| members.apply(&record));
    }
    let mut records = 0;
    for origin in store.origins() {
        let mut check = LogCheck::new(store, origin.clone());
        loop {
            let looked_at = check.step(true)?;
            if looked_at == 0 {
                break;
            }
            records += looked_at;
            progress(records);
        }
        if let Some(first) = check.finish(members.verifier(&origin).as_ref())?.first() {
            let place = first.index.map_or_else(String::new, |index| format!(" at {index}"));
            return Err(damaged(format!("{origin}{place}: {}", first.reason)));
        }
    }
    Ok(records)
}
