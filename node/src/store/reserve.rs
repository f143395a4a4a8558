//! A file that holds space free for when the disk is full.
//!
//! A node that finds the disk full gives this space back, and with it notes the fact and goes on taking what other offices decide. Before
//! it signs again the file stands again, so that the next time is like this one.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// Bytes that are held.
pub const RESERVE_BYTES: u64 = 64 << 20;
/// Bytes that must be free beside it before a full disk counts as having space again.
const MARGIN_BYTES: u64 = 32 << 20;
/// Name of the file in the data directory.
const FILE: &str = "reserve";

/// The file that holds space.
#[derive(Debug)]
pub struct Reserve(PathBuf);

impl Reserve {
    /// The reserve of a data directory, whether it is there or not.
    pub fn new(dir: &Path) -> Self {
        Self(dir.join(FILE))
    }

    /// Takes the space, where it is not taken yet. The file is not sparse.
    ///
    /// # Errors
    /// The disk has not that much to give; nothing of it is kept then.
    pub fn take(&self) -> io::Result<()> {
        if self.is_whole() {
            return Ok(());
        }
        let file = File::options().create(true).truncate(false).write(true).open(&self.0)?;
        allocate(&file, RESERVE_BYTES).and_then(|()| file.sync_all()).inspect_err(|_| {
            // Half a reserve on a full disk helps nobody.
            _ = fs::remove_file(&self.0);
        })
    }

    /// Takes the space again after the disk was full, where there is so much that it is not full at once.
    ///
    /// # Errors
    /// As for [`Reserve::take`]; full too while only what was given back is free.
    pub fn take_again(&self) -> io::Result<()> {
        let directory = self.0.parent().unwrap_or(Path::new("."));
        if free_bytes(directory)?.is_some_and(|free| free < RESERVE_BYTES + MARGIN_BYTES) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.take()
    }

    /// Gives the space back.
    ///
    /// # Errors
    /// The disk refuses even that.
    pub fn release(&self) -> io::Result<()> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether the space is taken.
    pub fn is_whole(&self) -> bool {
        fs::metadata(&self.0).is_ok_and(|meta| meta.len() == RESERVE_BYTES)
    }
}

/// Bytes that this user may still write, where the system tells.
#[cfg(target_os = "linux")]
fn free_bytes(directory: &Path) -> io::Result<Option<u64>> {
    let stat = rustix::fs::statvfs(directory)?;
    Ok(Some(stat.f_bavail.saturating_mul(stat.f_frsize)))
}

#[cfg(not(target_os = "linux"))]
fn free_bytes(_directory: &Path) -> io::Result<Option<u64>> {
    Ok(None)
}

#[cfg(target_os = "linux")]
fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, bytes) {
        // Some network file systems cannot.
        Err(rustix::io::Errno::OPNOTSUPP) => write_zeroes(file, bytes),
        other => Ok(other?),
    }
}

#[cfg(not(target_os = "linux"))]
fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    write_zeroes(file, bytes)
}

fn write_zeroes(mut file: &File, bytes: u64) -> io::Result<()> {
    let zeroes = [0; 1 << 16];
    (0..bytes / zeroes.len() as u64).try_for_each(|_| io::Write::write_all(&mut file, &zeroes))
}
