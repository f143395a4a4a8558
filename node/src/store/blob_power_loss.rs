//! A model of power loss under the blob files: bytes that were not synced may be missing or torn, and a name that was given or moved is
//! on the disk for sure only after its folder was synced. What the program does to files is noted as it does it, and cut off anywhere.

use super::*;
use proptest::prelude::*;
use protocol::{blob::chain::Piece, limits::BLOB_CHUNK_BYTES_MAX};
use sha2::{Digest, Sha256};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// What was done to a file or folder.
#[derive(Debug, Clone)]
pub(super) enum Op {
    /// Bytes were written behind what the file held.
    Append(PathBuf, Vec<u8>),
    /// Bytes were written from an offset on.
    Write(PathBuf, u64, Vec<u8>),
    /// The file's bytes were synced.
    Sync(PathBuf),
    Rename(PathBuf, PathBuf),
    /// The names in a folder were synced.
    SyncFolder(PathBuf),
    /// A blob is promised to be here.
    Acknowledged(BlobHash),
}

thread_local! {
    static DONE: RefCell<Vec<Op>> = const { RefCell::new(Vec::new()) };
}

/// Notes what this thread does.
pub(super) fn note(op: Op) {
    DONE.with_borrow_mut(|done| done.push(op));
}

/// Files by number, so that a name can move while the bytes stay.
#[derive(Default)]
struct Disk {
    bytes: Vec<(Vec<u8>, usize)>,
    /// As the program sees it.
    names: BTreeMap<PathBuf, usize>,
    /// As it is for sure, and what may have come since: a name that points somewhere, or nowhere any more.
    durable: BTreeMap<PathBuf, usize>,
    pending: Vec<(PathBuf, Option<usize>)>,
    acknowledged: Vec<BlobHash>,
}

impl Disk {
    fn apply(&mut self, op: &Op) {
        match op {
            Op::Append(path, bytes) => {
                let file = self.file(path);
                self.bytes[file].0.extend_from_slice(bytes);
            }
            Op::Write(path, at, bytes) => {
                let file = self.file(path);
                let (held, synced) = &mut self.bytes[file];
                let at = *at as usize;
                held.resize(held.len().max(at + bytes.len()), 0);
                held[at..at + bytes.len()].copy_from_slice(bytes);
                *synced = at.min(*synced);
            }
            Op::Sync(path) => {
                let file = &mut self.bytes[self.names[path]];
                file.1 = file.0.len();
            }
            Op::Rename(from, to) => {
                let file = self.names.remove(from).unwrap();
                self.names.insert(to.clone(), file);
                self.pending.push((from.clone(), None));
                self.pending.push((to.clone(), Some(file)));
            }
            Op::SyncFolder(folder) => {
                let (now, later) = self.pending.drain(..).partition(|(path, _)| path.parent() == Some(folder.as_path()));
                self.pending = later;
                let now: Vec<(PathBuf, Option<usize>)> = now;
                now.into_iter().for_each(|(path, file)| name(&mut self.durable, path, file));
            }
            Op::Acknowledged(hash) => self.acknowledged.push(*hash),
        }
    }

    fn file(&mut self, path: &Path) -> usize {
        *self.names.entry(path.to_owned()).or_insert_with(|| {
            self.bytes.push((Vec::new(), 0));
            self.pending.push((path.to_owned(), Some(self.bytes.len() - 1)));
            self.bytes.len() - 1
        })
    }

    /// Names and bytes that are found when the power comes back.
    fn after_power_loss(mut self, seed: u64) -> (BTreeMap<PathBuf, Vec<u8>>, Vec<BlobHash>) {
        let mut random = seed;
        let mut next = move || {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            (random >> 33) as usize
        };
        for (path, file) in std::mem::take(&mut self.pending) {
            if next() % 2 == 0 {
                name(&mut self.durable, path, file);
            }
        }
        for (bytes, synced) in &mut self.bytes {
            let kept = *synced + next() % (bytes.len() - *synced + 1);
            // The length may be on the disk before the bytes are, and later bytes before earlier ones.
            let torn = kept + next() % (bytes.len() - kept + 1);
            if next() % 2 == 0 { bytes[kept..torn].fill(0) } else { bytes.truncate(kept) }
        }
        (self.durable.into_iter().map(|(path, file)| (path, self.bytes[file].0.clone())).collect(), self.acknowledged)
    }
}

fn name(names: &mut BTreeMap<PathBuf, usize>, path: PathBuf, file: Option<usize>) {
    match file {
        Some(file) => _ = names.insert(path, file),
        None => _ = names.remove(&path),
    }
}

/// The blob that a path names, where it is none under way.
fn named(root: &Path, path: &Path) -> Option<BlobHash> {
    let below = path.strip_prefix(root).ok()?.to_str()?;
    below.replace('/', "").parse().ok()
}

/// A photo that comes from its end, in three pieces.
fn from_the_end() -> Vec<u8> {
    (0..2 * BLOB_CHUNK_BYTES_MAX + 99).map(|at| (at / 251) as u8).collect()
}

/// Fetches what is missing of it.
fn fetch_from_the_end(from: &Blobs, to: &Blobs, hash: BlobHash) {
    while let Next::Missing(tail) = to.next_piece(hash).unwrap() {
        let given = from.give(hash, tail.end()).unwrap().unwrap();
        to.take_piece(hash, tail.end(), &Piece { total: given.total, before: given.before, bytes: &given.bytes }).unwrap();
    }
}

/// Photos of this office, and others that come in pieces.
fn work(blobs: &Blobs, other: &Blobs) {
    let hash = BlobHash(Sha256::digest(from_the_end()).into());
    fetch_from_the_end(other, blobs, hash);
    note(Op::Acknowledged(hash));
    for number in 0..3_u8 {
        let hash = blobs.put(&vec![number; 700]).unwrap();
        note(Op::Acknowledged(hash));
        let whole = vec![number + 100; 900];
        let hash = BlobHash(Sha256::digest(&whole).into());
        for piece in whole.chunks(400) {
            if blobs.partial(hash).unwrap().append(900, piece).unwrap() {
                note(Op::Acknowledged(hash));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn case_43_power_loss_under_the_blobs_tears_none_and_loses_none_that_was_promised(cut in any::<prop::sample::Index>(), seed in any::<u64>()) {
        let (dir, others) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (blobs, other) = (Blobs::open(dir.path()).unwrap(), Blobs::open(others.path()).unwrap());
        let photo = other.put(&from_the_end()).unwrap();
        DONE.with_borrow_mut(Vec::clear);
        work(&blobs, &other);
        let done = DONE.with_borrow_mut(std::mem::take);
        prop_assert!(done.len() > 30, "what is done is noted");
        let mut disk = Disk::default();
        done[..cut.index(done.len() + 1)].iter().for_each(|op| disk.apply(op));
        let (found, acknowledged) = disk.after_power_loss(seed);
        for (path, bytes) in &found {
            if let Some(hash) = named(dir.path(), path) {
                prop_assert_eq!(BlobHash(Sha256::digest(bytes).into()), hash, "a named blob is whole");
            }
        }
        for hash in acknowledged {
            prop_assert!(found.keys().any(|path| named(dir.path(), path) == Some(hash)), "{} was promised", hash);
        }
        // What is left of a photo under way is gone on with, whatever of it was torn.
        let after = tempfile::tempdir().unwrap();
        for (path, bytes) in &found {
            let path = after.path().join(path.strip_prefix(dir.path()).unwrap());
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let again = Blobs::open(after.path()).unwrap();
        fetch_from_the_end(&other, &again, photo);
        prop_assert_eq!(again.read(photo).unwrap().unwrap(), from_the_end());
    }
}
