//! Blobs that come from their beginning, from peers that know no other form: pieces are believed only once the whole has the hash.

#[cfg(test)]
use super::super::blob_power_loss::{Op, note};
use super::{BlobError, Blobs, PUT, remove_if_here};
use protocol::{
    id::BlobHash,
    limits::{BLOB_BYTES_MAX, PARTIAL_BLOBS_MAX},
};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::PathBuf,
};

impl Blobs {
    pub(super) fn front_path(&self, hash: BlobHash) -> PathBuf {
        self.dir.join("partial").join(hash.to_string())
    }
    /// Bytes of a blob under way that came so far.
    pub fn partial_size(&self, hash: BlobHash) -> u64 {
        fs::metadata(self.front_path(hash)).map_or(0, |meta| meta.len())
    }
    /// Opens the part of a blob that came so far.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn partial(&self, hash: BlobHash) -> io::Result<PartialBlob<'_>> {
        if !self.front_path(hash).exists() {
            self.make_room()?;
        }
        let file = OpenOptions::new().create(true).append(true).open(self.front_path(hash))?;
        let have = file.metadata()?.len();
        Ok(PartialBlob { blobs: self, hash, file, have })
    }

    /// Makes room for one more blob under way, in either form.
    pub(super) fn make_room(&self) -> io::Result<()> {
        let mut partials = BTreeMap::new();
        for entry in fs::read_dir(self.dir.join("partial"))? {
            let path = entry?.path();
            let hash = path.file_stem().and_then(|name| name.to_str()).and_then(|name| name.parse::<BlobHash>().ok());
            // One that was finished or removed meanwhile takes no room.
            if let (Some(hash), Ok(grew)) = (hash, fs::metadata(&path).and_then(|meta| meta.modified()))
                && path.extension().is_none_or(|extension| extension != PUT)
            {
                let newest = partials.entry(hash).or_insert(grew);
                *newest = grew.max(*newest);
            }
        }
        let mut partials: Vec<_> = partials.into_iter().map(|(hash, grew)| (grew, hash)).collect();
        partials.sort_unstable();
        let excess = (partials.len() + 1).saturating_sub(PARTIAL_BLOBS_MAX);
        partials.into_iter().take(excess).try_for_each(|(_, hash)| self.forget_partial(hash))
    }
    /// Throws away what came of a blob so far.
    pub(super) fn forget_partial(&self, hash: BlobHash) -> io::Result<()> {
        self.forget_tail(hash)?;
        remove_if_here(&self.front_path(hash))
    }
}

/// A blob under way.
#[derive(Debug)]
pub struct PartialBlob<'a> {
    blobs: &'a Blobs,
    hash: BlobHash,
    file: File,
    have: u64,
}

impl PartialBlob<'_> {
    /// Bytes that came so far.
    pub fn have(&self) -> u64 {
        self.have
    }
    /// Appends a piece; says whether the blob is whole and in its place now.
    ///
    /// # Errors
    /// The declared size exceeds the bound, or the whole does not have the hash; what came is thrown away then.
    pub fn append(&mut self, total: u64, piece: &[u8]) -> Result<bool, BlobError> {
        let path = self.blobs.front_path(self.hash);
        // Bound: neither the declared nor the delivered size passes the limit.
        let after = self.have + piece.len() as u64;
        if total > BLOB_BYTES_MAX || after > total || (piece.is_empty() && after < total) {
            fs::remove_file(&path)?;
            return Err(BlobError::TooLarge(total.max(after)));
        }
        self.file.write_all(piece)?;
        #[cfg(test)]
        note(Op::Append(path.clone(), piece.to_vec()));
        self.have = after;
        if after < total {
            return Ok(false);
        }
        self.file.sync_all()?;
        #[cfg(test)]
        note(Op::Sync(path.clone()));
        if BlobHash(Sha256::digest(fs::read(&path)?).into()) != self.hash {
            fs::remove_file(&path)?;
            return Err(BlobError::WrongHash(self.hash));
        }
        self.blobs.settle(&path, self.hash)?;
        Ok(true)
    }
}
