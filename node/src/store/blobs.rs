//! Blobs: photos and sealed payloads as files named by their SHA-256.
//!
//! `blobs/ab/cdef…`, written to a temporary name on the same disk, synced, renamed. A blob that comes from a peer grows in
//! `blobs/partial/` and may be resumed: from its end, each piece verified when it comes (`tail`), or from its beginning where the peer
//! knows no other form (`front`). It takes its place only when the hash of the whole is right. `giving` reads pieces for others.

mod front;
mod giving;
mod tail;

pub use front::PartialBlob;
pub use giving::Given;
pub use tail::{Came, Next};

#[cfg(test)]
use super::blob_power_loss::{Op, note};
use super::{heads::write_new, watch::DiskWatch};
use protocol::{
    blob::chain::{Lie, Tail},
    id::BlobHash,
    limits::BLOB_BYTES_MAX,
};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

/// Why a blob was not taken or given.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The disk refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Larger than a blob may be.
    #[error("a blob of {0} bytes exceeds the bound")]
    TooLarge(u64),
    /// The bytes are not those of the name.
    #[error("the bytes are not those of blob {0}")]
    WrongHash(BlobHash),
    /// A piece is not the blob's; nothing of it was kept.
    #[error(transparent)]
    Lie(#[from] Lie),
}

/// Extension of a blob of this node's own while it is written.
const PUT: &str = "put";
/// Folder of what decayed.
const ASIDE: &str = "decayed";
/// The blobs of a node.
#[derive(Debug)]
pub struct Blobs {
    dir: PathBuf,
    /// What is missing of blobs under way, as far as this process verified what is here of them.
    tails: Mutex<BTreeMap<BlobHash, Tail>>,
    outlines: Mutex<giving::Outlines>,
    watch: Arc<DiskWatch>,
}

impl Blobs {
    fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), tails: Mutex::default(), outlines: Mutex::default(), watch: Arc::default() }
    }
    /// Those of a node: that the disk is full is noted, whichever blob finds it so.
    pub(super) fn open_watched(dir: &Path, watch: Arc<DiskWatch>) -> io::Result<Self> {
        Ok(Self { watch, ..Self::open(dir)? })
    }
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        let partial = dir.join("partial");
        super::create_private_dir(&partial)?;
        // What a crash left half written is named by nothing and may be somebody's photo.
        for entry in fs::read_dir(&partial)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == PUT) {
                fs::remove_file(path)?;
            }
        }
        let blobs = Self::at(dir);
        blobs.remove_halves()?;
        Ok(blobs)
    }
    /// Copies every blob that is still what its name says into another folder of this form, durably. Gives back how many there are, and
    /// how many have decayed and were left out.
    ///
    /// # Errors
    /// A disk refuses.
    pub fn copy_to(&self, to: &Path, told: &mut dyn FnMut(u64, u64)) -> io::Result<(u64, u64)> {
        let to = Self::open(to)?;
        let (mut copied, mut decayed) = (0, 0);
        let names: BTreeSet<BlobHash> = self.names()?.into_iter().collect();
        // What an earlier try copied and was erased here since.
        to.names()?.into_iter().filter(|hash| !names.contains(hash)).try_for_each(|hash| to.remove(hash))?;
        for (done, hash) in (0..).zip(names.iter().copied()) {
            told(done, names.len() as u64);
            match self.read(hash) {
                // A draft that was dropped meanwhile took its picture along.
                Ok(None) => to.remove(hash)?,
                Ok(Some(bytes)) => {
                    to.put(&bytes).map_err(io::Error::other)?;
                    copied += 1;
                }
                Err(BlobError::Io(error)) => return Err(error),
                Err(_) => decayed += 1,
            }
        }
        told(names.len() as u64, names.len() as u64);
        Ok((copied, decayed))
    }
    /// Copies every blob of one folder of this form into another, up to the first that is not what its name says.
    ///
    /// # Errors
    /// A disk refuses.
    pub fn copy_verified(from: &Path, to: &Path) -> io::Result<(u64, Option<BlobHash>)> {
        let (from, to) = (Self::at(from), Self::open(to)?);
        let mut copied = 0;
        for hash in from.names()? {
            match from.read(hash) {
                Ok(Some(bytes)) => _ = to.put(&bytes).map_err(io::Error::other)?,
                Err(BlobError::Io(error)) => return Err(error),
                _ => return Ok((copied, Some(hash))),
            }
            copied += 1;
        }
        Ok((copied, None))
    }
    /// The names of all blobs that are here.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn names(&self) -> io::Result<Vec<BlobHash>> {
        let mut names = Vec::new();
        for folder in fs::read_dir(&self.dir)? {
            let folder = folder?.path();
            let Some(begin) = folder.file_name().and_then(|name| name.to_str()).filter(|name| name.len() == 2) else { continue };
            for file in fs::read_dir(&folder)? {
                let file = file?.file_name();
                names.extend(file.to_str().and_then(|end| format!("{begin}{end}").parse::<BlobHash>().ok()));
            }
        }
        Ok(names)
    }
    /// Up to `max` names behind one, in order; and whether there may be more.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn names_after(&self, after: &str, max: usize) -> io::Result<(Vec<BlobHash>, bool)> {
        let mut folders: Vec<String> = Vec::new();
        for folder in fs::read_dir(&self.dir)? {
            folders.extend(
                folder?.file_name().into_string().ok().filter(|name| name.len() == 2 && name.as_str() >= after.get(..2).unwrap_or("")),
            );
        }
        folders.sort_unstable();
        let mut names = Vec::new();
        for folder in folders {
            let mut found = Vec::new();
            for file in fs::read_dir(self.dir.join(&folder))? {
                let name = file?.file_name().into_string().map(|end| format!("{folder}{end}"));
                found.extend(name.ok().filter(|name| name.as_str() > after).and_then(|name| name.parse::<BlobHash>().ok()));
            }
            found.sort_unstable();
            names.extend(found);
            if names.len() >= max {
                names.truncate(max);
                return Ok((names, true));
            }
        }
        Ok((names, false))
    }
    /// Puts a blob that decayed where it is no blob any more, and keeps what is left of it in `decayed/`.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn set_aside(&self, hash: BlobHash) -> io::Result<()> {
        super::create_private_dir(&self.dir.join(ASIDE))?;
        match fs::rename(self.path(hash), self.aside(hash)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
    /// Looks again at what was set aside: where it is what its name says, it takes its place again. Says whether it did.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn put_back(&self, hash: BlobHash) -> io::Result<bool> {
        let aside = self.aside(hash);
        match fs::read(&aside) {
            Ok(bytes) if BlobHash(Sha256::digest(&bytes).into()) == hash => {
                self.settle(&aside, hash)?;
                Ok(true)
            }
            // A disk that still cannot read it has nothing to give back.
            _ => Ok(false),
        }
    }
    /// Blobs of which something was set aside.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn set_aside_names(&self) -> io::Result<Vec<BlobHash>> {
        match fs::read_dir(self.dir.join(ASIDE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            entries => {
                let names = entries?.map(|entry| Ok(entry?.file_name().to_str().and_then(|name| name.parse().ok())));
                names.filter_map(io::Result::transpose).collect()
            }
        }
    }
    /// Removes what was set aside of a blob.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn forget_aside(&self, hash: BlobHash) -> io::Result<()> {
        remove_if_here(&self.aside(hash))
    }
    fn aside(&self, hash: BlobHash) -> PathBuf {
        self.dir.join(ASIDE).join(hash.to_string())
    }
    /// Milliseconds since a blob was written; nothing where it is not here or the clock went back.
    pub fn age_ms(&self, hash: BlobHash) -> Option<u64> {
        let written = fs::metadata(self.path(hash)).and_then(|meta| meta.modified()).ok()?;
        u64::try_from(written.elapsed().ok()?.as_millis()).ok()
    }
    fn path(&self, hash: BlobHash) -> PathBuf {
        let name = hash.to_string();
        self.dir.join(&name[..2]).join(&name[2..])
    }

    /// Keeps bytes, durable when this returns.
    ///
    /// # Errors
    /// Too large, or the disk refuses.
    pub fn put(&self, bytes: &[u8]) -> Result<BlobHash, BlobError> {
        if bytes.len() as u64 > BLOB_BYTES_MAX {
            return Err(BlobError::TooLarge(bytes.len() as u64));
        }
        let hash = BlobHash(Sha256::digest(bytes).into());
        // One that decayed is written again.
        if !matches!(self.read(hash), Ok(Some(_))) {
            // The name is this writer's own: two windows may put the same picture at once.
            let temporary = self.dir.join("partial").join(format!("{hash}.{:016x}.{PUT}", rand::random::<u64>()));
            let written = write_new(&temporary, bytes).and_then(|()| self.settle(&temporary, hash));
            written.inspect_err(|error| {
                self.watch.note_full(error);
                _ = fs::remove_file(&temporary);
            })?;
        }
        Ok(hash)
    }

    fn settle(&self, temporary: &Path, hash: BlobHash) -> io::Result<()> {
        let path = self.path(hash);
        let directory = path.parent().expect("a blob lies in a folder");
        if !directory.exists() {
            super::create_private_dir(directory)?;
            File::open(&self.dir)?.sync_all()?;
        }
        fs::rename(temporary, &path)?;
        File::open(directory)?.sync_all()?;
        #[cfg(test)]
        {
            note(Op::Rename(temporary.to_owned(), path.clone()));
            note(Op::SyncFolder(directory.to_owned()));
        }
        Ok(())
    }

    /// Bytes of a blob that is here.
    pub fn size(&self, hash: BlobHash) -> Option<u64> {
        fs::metadata(self.path(hash)).ok().map(|meta| meta.len())
    }
    /// The whole blob, where it is here and its hash is still right.
    ///
    /// # Errors
    /// The disk refuses, or the bytes decayed.
    pub fn read(&self, hash: BlobHash) -> Result<Option<Vec<u8>>, BlobError> {
        match fs::read(self.path(hash)) {
            Ok(bytes) if BlobHash(Sha256::digest(&bytes).into()) == hash => Ok(Some(bytes)),
            Ok(_) => Err(BlobError::WrongHash(hash)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
    /// A piece of a blob: its whole size and up to `len` bytes from `offset` on.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn read_piece(&self, hash: BlobHash, offset: u64, len: usize) -> io::Result<Option<(u64, Vec<u8>)>> {
        let mut file = match File::open(self.path(hash)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let total = file.metadata()?.len();
        let mut piece = Vec::new();
        file.seek(SeekFrom::Start(offset.min(total)))?;
        file.take(len as u64).read_to_end(&mut piece)?;
        Ok(Some((total, piece)))
    }
    /// Removes a blob, where it is here, and what came of it so far or was set aside.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn remove(&self, hash: BlobHash) -> io::Result<()> {
        self.forget_partial(hash)?;
        self.forget_aside(hash)?;
        remove_if_here(&self.path(hash))
    }
}

fn remove_if_here(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
