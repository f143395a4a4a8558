//! Blobs that come from their end, each piece verified before it is written (`protocol::blob::chain`).
//!
//! `partial/<hash>.tail` has the length of the whole from the first piece on and fills from its end; `partial/<hash>.chain` holds that length
//! and the value before each piece, the last one first. Nothing is synced before the blob is whole and nothing in either file is trusted:
//! a process that finds them verifies the pieces again, and goes on from the first that does not hold.

#[cfg(test)]
use super::super::blob_power_loss::{Op, note};
use super::{BlobError, Blobs, remove_if_here};
use protocol::{
    blob::chain::{Piece, Tail, Value, start_of_piece},
    id::BlobHash,
    limits::BLOB_CHUNK_BYTES_MAX,
};
use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{MutexGuard, PoisonError},
};

const TAIL: &str = "tail";
const CHAIN: &str = "chain";

/// What is to be asked of a blob next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it is here.
    Here,
    /// The piece with which this ends.
    Missing(Tail),
}

/// What became of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// It was asked for earlier, and something else is missing now.
    NotNext,
    /// It was taken.
    Part,
    /// The blob is whole and in its place.
    Whole,
}

impl Blobs {
    /// What is to be asked of a blob next. Verifies once in each process what is here of it.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn next_piece(&self, hash: BlobHash) -> io::Result<Next> {
        if self.size(hash).is_some() {
            return Ok(Next::Here);
        }
        let mut tails = self.tails();
        let tail = self.resumed(&mut tails, hash)?;
        if !tail.is_whole() {
            return Ok(Next::Missing(tail));
        }
        // A crash came between its first piece and its name.
        self.settle_tail(&mut tails, hash)?;
        Ok(Next::Here)
    }

    /// Takes a piece that was asked for as the one that ends at `asked`.
    ///
    /// # Errors
    /// It is not the blob's, or the disk refuses; what came before is kept.
    pub fn take_piece(&self, hash: BlobHash, asked: Option<u64>, piece: &Piece<'_>) -> Result<Came, BlobError> {
        let mut tails = self.tails();
        let mut tail = self.resumed(&mut tails, hash)?;
        if tail.is_whole() || tail.end() != asked || self.size(hash).is_some() {
            return Ok(Came::NotNext);
        }
        let start = tail.take(piece)?;
        // Until it is written, only the disk says what is here.
        if tails.remove(&hash).is_none() {
            drop(tails);
            self.make_room()?;
            tails = self.tails();
        }
        self.write_piece(hash, start, piece).inspect_err(|error| self.watch.note_full(error))?;
        if tail.is_whole() {
            self.settle_tail(&mut tails, hash)?;
            return Ok(Came::Whole);
        }
        tails.insert(hash, tail);
        Ok(Came::Part)
    }

    /// Removes what a crash left of only one of the two files.
    pub(super) fn remove_halves(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.dir.join("partial"))? {
            let path = entry?.path();
            let other = path.extension().and_then(|extension| match extension.to_str()? {
                TAIL => Some(CHAIN),
                CHAIN => Some(TAIL),
                _ => None,
            });
            if other.is_some_and(|other| !path.with_extension(other).exists()) {
                remove_if_here(&path)?;
            }
        }
        Ok(())
    }

    pub(super) fn forget_tail(&self, hash: BlobHash) -> io::Result<()> {
        let mut tails = self.tails();
        tails.remove(&hash);
        remove_if_here(&self.tail_path(hash, TAIL))?;
        remove_if_here(&self.tail_path(hash, CHAIN))
    }

    fn tails(&self) -> MutexGuard<'_, BTreeMap<BlobHash, Tail>> {
        self.tails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tail_path(&self, hash: BlobHash, extension: &str) -> PathBuf {
        self.front_path(hash).with_extension(extension)
    }

    /// What is missing, from memory or by verifying what an earlier process left.
    fn resumed(&self, tails: &mut BTreeMap<BlobHash, Tail>, hash: BlobHash) -> io::Result<Tail> {
        if let Some(tail) = tails.get(&hash) {
            return Ok(tail.clone());
        }
        let mut tail = Tail::new(hash);
        let (Some(chain), Some(mut file)) =
            (if_here(fs::read(self.tail_path(hash, CHAIN)))?, if_here(File::open(self.tail_path(hash, TAIL)))?)
        else {
            return Ok(tail);
        };
        let Some((total, values)) = chain.split_first_chunk() else { return Ok(tail) };
        let total = u64::from_be_bytes(*total);
        for before in values.as_chunks().0 {
            let end = tail.end().unwrap_or(total);
            let start = start_of_piece(end);
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(start))?;
            (&file).take(end - start).read_to_end(&mut bytes)?;
            if tail.take(&Piece { total, before: Value(*before), bytes: &bytes }).is_err() {
                break;
            }
        }
        if tail.total().is_some() {
            tails.insert(hash, tail.clone());
        }
        Ok(tail)
    }

    fn write_piece(&self, hash: BlobHash, start: u64, piece: &Piece<'_>) -> io::Result<()> {
        let last = start_of_piece(piece.total);
        let (tail, chain) = (self.tail_path(hash, TAIL), self.tail_path(hash, CHAIN));
        if start == last {
            open_to_write(&tail)?.set_len(piece.total)?;
            write_at(&chain, 0, &piece.total.to_be_bytes())?;
        }
        write_at(&tail, start, piece.bytes)?;
        let values_before = (last - start) / BLOB_CHUNK_BYTES_MAX as u64;
        write_at(&chain, 8 + 32 * values_before, &piece.before.0)
    }

    fn settle_tail(&self, tails: &mut BTreeMap<BlobHash, Tail>, hash: BlobHash) -> io::Result<()> {
        let path = self.tail_path(hash, TAIL);
        open_to_write(&path)?.sync_all()?;
        #[cfg(test)]
        note(Op::Sync(path.clone()));
        self.settle(&path, hash)?;
        tails.remove(&hash);
        remove_if_here(&self.tail_path(hash, CHAIN))?;
        remove_if_here(&self.front_path(hash))
    }
}

fn if_here<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

fn open_to_write(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}

fn write_at(path: &Path, at: u64, bytes: &[u8]) -> io::Result<()> {
    let mut file = open_to_write(path)?;
    file.seek(SeekFrom::Start(at))?;
    file.write_all(bytes)?;
    #[cfg(test)]
    note(Op::Write(path.to_owned(), at, bytes.to_vec()));
    Ok(())
}

#[cfg(test)]
mod tests;
