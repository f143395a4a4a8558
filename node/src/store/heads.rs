//! The head file: the newest checkpoint of a log that this node writes.
//!
//! It lies outside the database and its backups and only moves forward. Written to a temporary name, synced, renamed, directory synced.

use super::{
    StoreError,
    private::{create_private_dir, create_private_file},
};
use protocol::log::{SignedCheckpoint, VerifierKey};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Where the head of one own log stands.
#[derive(Debug)]
pub struct HeadFile(PathBuf);

impl HeadFile {
    /// The head file of a name (`office` or `province`) in a directory.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn new(dir: &Path, name: &str) -> Result<Self, StoreError> {
        create_private_dir(dir)?;
        Ok(Self(dir.join(format!("{name}.checkpoint"))))
    }
    /// The checkpoint in it, if there is a file.
    ///
    /// # Errors
    /// It cannot be read, or is not signed by the key.
    pub fn read(&self, key: &VerifierKey) -> Result<Option<SignedCheckpoint>, StoreError> {
        match fs::read_to_string(&self.0) {
            Ok(note) => SignedCheckpoint::verify(&note, key)
                .map(Some)
                .map_err(|error| StoreError::Corrupt(format!("head file {}: {error}", self.0.display()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
    /// Makes a checkpoint durable.
    ///
    /// # Errors
    /// The disk refuses; the file is as before then.
    pub fn write(&self, checkpoint: &SignedCheckpoint) -> Result<(), StoreError> {
        replace_file(&self.0, checkpoint.note().as_bytes())
    }
}

/// Puts a file in place so that a crash leaves the old or the new one, whole.
///
/// Only this user may read it. The temporary name is nobody else's: two writers, or a file of the user's that lies beside it, never meet.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = directory.join(format!(".{name}.{:016x}.new", rand::random::<u64>()));
    write_new(&temporary, bytes)?;
    if let Err(error) = fs::rename(&temporary, path) {
        // Best effort: the error that counts is the one above.
        let _ = fs::remove_file(&temporary);
        return Err(error.into());
    }
    File::open(directory)?.sync_all()?;
    Ok(())
}

/// Writes a new file, durable when this returns. A full disk is not left fuller: what was begun is removed.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_private_file(path)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).inspect_err(|_| _ = fs::remove_file(path))?;
    #[cfg(test)]
    {
        super::blob_power_loss::note(super::blob_power_loss::Op::Append(path.to_owned(), bytes.to_vec()));
        super::blob_power_loss::note(super::blob_power_loss::Op::Sync(path.to_owned()));
    }
    Ok(())
}
