//! Pieces for others, each with the value of SHA-256 before it. What is given was compared with the name, so a disk that decays makes no liar
//! of its office.

use super::{BlobError, Blobs};
use protocol::{
    blob::chain::{Outline, Value, start_of_piece},
    id::BlobHash,
    limits::{BLOB_CHUNK_BYTES_MAX, BLOB_OUTLINES_MAX},
};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    sync::{Arc, PoisonError},
};

/// A piece to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Bytes of the whole blob.
    pub total: u64,
    /// SHA-256 before the piece.
    pub before: Value,
    /// The piece.
    pub bytes: Vec<u8>,
    /// Bytes that were read for it: the whole blob the first time.
    pub read: u64,
}

/// Outlines that were reckoned, and when each was used last, counted in uses.
#[derive(Debug, Default)]
pub(super) struct Outlines {
    kept: BTreeMap<BlobHash, (u64, Arc<Outline>)>,
    uses: u64,
}

impl Outlines {
    fn find(&mut self, hash: BlobHash) -> Option<Arc<Outline>> {
        self.uses += 1;
        let (used, outline) = self.kept.get_mut(&hash)?;
        *used = self.uses;
        Some(outline.clone())
    }
    fn keep(&mut self, hash: BlobHash, outline: Arc<Outline>) {
        if self.kept.len() >= BLOB_OUTLINES_MAX
            && let Some(oldest) = self.kept.iter().min_by_key(|(_, (used, _))| *used).map(|(hash, _)| *hash)
        {
            self.kept.remove(&oldest);
        }
        self.kept.insert(hash, (self.uses, outline));
    }
}

impl Blobs {
    /// The piece of a blob that ends at `end`, or its last one; nothing where the blob is not here or no piece ends there.
    ///
    /// # Errors
    /// The disk refuses, or the bytes decayed.
    pub fn give(&self, hash: BlobHash, end: Option<u64>) -> Result<Option<Given>, BlobError> {
        let mut file = match File::open(self.path(hash)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let total = file.metadata()?.len();
        let end = end.unwrap_or(total);
        let ends_there = end == total || end < total && end > 0 && end.is_multiple_of(BLOB_CHUNK_BYTES_MAX as u64);
        if !ends_there {
            return Ok(None);
        }
        let known = self.outlines.lock().unwrap_or_else(PoisonError::into_inner).find(hash);
        let (outline, mut read) = match known {
            Some(outline) => (outline, 0),
            None => {
                let outline = Arc::new(outline(&mut file)?);
                if outline.hash() != hash {
                    return Err(BlobError::WrongHash(hash));
                }
                self.outlines.lock().unwrap_or_else(PoisonError::into_inner).keep(hash, outline.clone());
                (outline, total)
            }
        };
        let start = start_of_piece(end);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        file.take(end - start).read_to_end(&mut bytes)?;
        read += bytes.len() as u64;
        match outline.before(start) {
            Some(before) if outline.total() == total && outline.holds(start, &bytes) => Ok(Some(Given { total, before, bytes, read })),
            _ => Err(BlobError::WrongHash(hash)),
        }
    }
}

fn outline(file: &mut File) -> io::Result<Outline> {
    let mut outline = Outline::default();
    loop {
        let mut piece = Vec::new();
        file.by_ref().take(BLOB_CHUNK_BYTES_MAX as u64).read_to_end(&mut piece)?;
        outline.push(&piece);
        if piece.len() < BLOB_CHUNK_BYTES_MAX {
            return Ok(outline);
        }
    }
}
