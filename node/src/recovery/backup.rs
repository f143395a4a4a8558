//! Writing a backup, while the node runs or not.

use super::{FILES, FORMAT, MANIFEST, Manifest, STORE, sha256};
use crate::{
    service::{Kind, Office, Refusal, office::now_ms},
    store::{StoreError, create_private_dir, make_private, replace_file},
};
use std::{fs, path::Path};

/// File of a backup that is not finished.
const UNFINISHED: &str = "unfinished";

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackedUp {
    /// Records of all logs.
    pub records: u64,
    /// Photos and sealed payloads.
    pub blobs: u64,
    /// Blobs whose bytes have decayed here, which were left out.
    pub decayed: u64,
    /// Whether the secret keys are in it.
    pub keys: bool,
}

/// Writes a backup of the data directory `dir` of this office into a folder that does not exist yet, is empty, or holds an unfinished one.
///
/// The database is taken at one moment; every blob that a record in it names was durable before that record, so it is there too.
/// One that was cut off goes on in the same folder. `told` is given the number of blobs that were copied, and of all.
/// Drafts go along, and they name people: whoever has the backup has them, and with `keys` can sign as this office.
///
/// # Errors
/// The folder is not empty, or a disk refuses.
pub fn backup(office: &Office, dir: &Path, to: &Path, keys: bool, told: &mut dyn FnMut(u64, u64)) -> Result<BackedUp, Refusal> {
    let goes_on = to.join(UNFINISHED).exists() && !to.join(MANIFEST).exists();
    if !goes_on && fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Refusal::new(
            Kind::Input,
            "folder_not_empty",
            format!("文件夹 {} 不是空的，请换一个。", to.display()),
            format!("the folder {} is not empty: choose another one", to.display()),
        ));
    }
    write(office, dir, to, keys, told).map_err(Refusal::from)
}

fn write(office: &Office, dir: &Path, to: &Path, keys: bool, told: &mut dyn FnMut(u64, u64)) -> Result<BackedUp, StoreError> {
    create_private_dir(to)?;
    make_private(to)?;
    replace_file(&to.join(UNFINISHED), b"")?;
    // What one that was cut off left: photos stay, for each is verified by its name; the database is of another moment.
    remove_if_here(&to.join(STORE))?;
    if to.join("keys").exists() {
        fs::remove_dir_all(to.join("keys"))?;
    }
    let (snapshot, logs) = office.snapshot()?;
    snapshot.write(&to.join(STORE))?;
    for name in FILES {
        replace_file(&to.join(name), &fs::read(dir.join(name))?)?;
    }
    if keys {
        create_private_dir(&to.join("keys"))?;
        for entry in fs::read_dir(dir.join("keys"))? {
            let from = entry?.path();
            if let Some(name) = from.file_name() {
                crate::service::keys::write_secret(&to.join("keys").join(name), fs::read_to_string(&from)?.trim_end())?;
            }
        }
    }
    let (blobs, decayed) = office.store.blobs.copy_to(&to.join("blobs"), told)?;
    let files = [STORE].iter().chain(&FILES).map(|name| Ok(((*name).to_owned(), sha256(&to.join(name))?)));
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").into(),
        office: office.code().to_string(),
        made_ms: now_ms(),
        keys,
        blobs,
        logs: logs.iter().map(|(origin, size)| (origin.to_string(), *size)).collect(),
        files: files.collect::<Result<_, std::io::Error>>()?,
    };
    let json = serde_json::to_vec_pretty(&manifest).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    // Last: a folder without it is a backup that was not finished.
    replace_file(&to.join(MANIFEST), &json)?;
    remove_if_here(&to.join(UNFINISHED))?;
    Ok(BackedUp { records: logs.iter().map(|(_, size)| size).sum(), blobs, decayed, keys })
}

fn remove_if_here(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
