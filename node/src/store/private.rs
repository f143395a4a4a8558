//! Only this user reads what a node keeps: photos, drafts, password hashes and keys. Modes are looked at whenever a store is opened.

use super::StoreError;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Folders of the data directory that nobody else may enter; the directory itself is another.
const FOLDERS: [&str; 3] = ["keys", "heads", "blobs"];
/// Files beside the keys that nobody else may read.
const FILES: [&str; 5] = ["store.redb", "reserve", "plate.jpg", "run.json", crate::invitation::FILE];

/// Makes a folder that only this user may enter: photos and drafts lie below it. One that is there already is left as it is.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a new file that only this user may read.
pub(crate) fn create_private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What others on this machine may read of a data directory.
pub(crate) fn exposed(dir: &Path) -> Vec<PathBuf> {
    let dir = &dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let keys = fs::read_dir(dir.join("keys")).into_iter().flatten().flatten().map(|entry| entry.path());
    let parts = FOLDERS.iter().chain(&FILES).map(|name| dir.join(name));
    std::iter::once(dir.clone()).chain(parts).chain(keys).filter(|path| is_exposed(path)).collect()
}

/// Takes from others on this machine what they may read of a data directory.
///
/// # Errors
/// A mode cannot be changed, because somebody else owns the file or its file system knows no modes.
pub(super) fn close(dir: &Path) -> Result<(), StoreError> {
    for path in exposed(dir) {
        tracing::warn!(path = %path.display(), "others on this machine could read this; now only this user may");
        make_private(&path).map_err(|error| StoreError::Exposed(path.clone(), error))?;
        if is_exposed(&path) {
            return Err(StoreError::Exposed(path, io::ErrorKind::Unsupported.into()));
        }
    }
    Ok(())
}

#[cfg(unix)]
fn is_exposed(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_symlink() && meta.permissions().mode() & 0o077 != 0)
}

/// Lets only this user read a file or enter a folder.
///
/// # Errors
/// Somebody else owns it.
#[cfg(unix)]
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path)?.permissions().mode() & 0o700;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn is_exposed(_path: &Path) -> bool {
    false
}

#[cfg(not(unix))]
pub(crate) fn make_private(_path: &Path) -> io::Result<()> {
    Ok(())
}
