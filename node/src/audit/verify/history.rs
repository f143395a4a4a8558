//! The history of one log: entries, tiles and root against the signed checkpoint, taken once from front to back.

use super::{Report, read_bounded, read_into};
use crate::audit::LOGS;
use protocol::{
    limits::NOTE_BYTES_MAX,
    log::{LogPoint, SignedCheckpoint, VerifierKey, tile},
    merkle::{Edge, Hash, leaf_hash},
};
use std::path::{Path, PathBuf};

/// Bytes of a full bundle of entries.
const BUNDLE_BYTES_MAX: u64 = tile::WIDTH * (2 + 65_535);

/// Bundles that are read and hashed on all cores before their leaves are taken in order: 2 MB of hashes.
const BUNDLES_TOGETHER: usize = 256;

/// A log of an export whose checkpoint is signed by its key.
pub(super) struct Log {
    pub(super) key: VerifierKey,
    /// Where it lies, relative to the export.
    pub(super) place: String,
    dir: PathBuf,
    checkpoint: SignedCheckpoint,
}

/// Hashes of one level that no tile was compared with yet.
#[derive(Default)]
struct Level {
    index: u64,
    hashes: Vec<Hash>,
}

impl Log {
    /// Reads the checkpoint; without a good one there is nothing to compare the log with.
    pub(super) fn open(export: &Path, key: VerifierKey, report: &mut Report) -> Option<Log> {
        let place = format!("{LOGS}/{}", key.origin());
        let dir = export.join(&place);
        let note = match read_bounded(&dir.join("checkpoint"), NOTE_BYTES_MAX as u64).map(String::from_utf8) {
            Ok(Ok(note)) => note,
            Ok(Err(_)) => return report.refuse(place, "the checkpoint is not text"),
            Err(error) => return report.refuse(place, format!("the checkpoint cannot be read: {error}")),
        };
        match SignedCheckpoint::verify(&note, &key) {
            Ok(checkpoint) => Some(Log { key, place, dir, checkpoint }),
            Err(error) => report.refuse(place, error),
        }
    }

    /// Entries that the checkpoint stands for.
    pub(super) fn size(&self) -> u64 {
        self.checkpoint.size()
    }

    /// Checks that entries and tiles lead to the signed root and through the histories that the province `named`; `progress` is told how many
    /// entries were read since it was told last.
    ///
    /// False when not all entries can be read, or the history is another one: nothing in the log counts then.
    pub(super) fn check_history(&self, named: &[LogPoint], report: &mut Report, progress: &mut dyn FnMut(u64)) -> bool {
        let mut edge = Edge::default();
        let mut levels: Vec<Level> = Vec::new();
        let bundles: Vec<(u64, u64)> = tile::tiles(0, self.size()).collect();
        for together in bundles.chunks(BUNDLES_TOGETHER) {
            for (&(index, width), leaves) in together.iter().zip(self.leaves(together)) {
                let leaves = match leaves {
                    Ok(leaves) => leaves,
                    Err(reason) => {
                        report.fail(format!("{}/{}", self.place, tile::entries_path(index, width)), reason);
                        return false;
                    }
                };
                for leaf in &leaves {
                    edge.append(*leaf, |level, _, hash| self.take(level, hash, &mut levels, report));
                    if named.iter().any(|point| point.size == edge.size() && point.root.0 != edge.root()) {
                        report.fail(&self.place, format!("the first {} entries are not those that the province named", edge.size()));
                        return false;
                    }
                }
                progress(leaves.len() as u64);
            }
        }
        for level in 0..levels.len() {
            self.compare(level, &mut levels, report);
        }
        if edge.root() == *self.checkpoint.root() {
            report.logs += 1;
        } else {
            let reason = "the Merkle root of the entries is not the one that the office signed: an entry was changed, added or removed";
            report.fail(&self.place, reason);
        }
        true
    }

    /// Reads bundles and hashes their entries on all cores, and gives back the leaves of each in order.
    fn leaves(&self, bundles: &[(u64, u64)]) -> Vec<Result<Vec<Hash>, String>> {
        let read = |part: &[(u64, u64)]| {
            let mut buffer = Vec::new();
            let mut leaves = |index| Ok(self.entries(index, &mut buffer)?.into_iter().map(leaf_hash).collect());
            part.iter().map(|(index, _)| leaves(*index)).collect()
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            let parts = bundles.chunks(bundles.len().div_ceil(threads)).map(|part| scope.spawn(move || read(part)));
            let parts: Vec<_> = parts.collect();
            parts.into_iter().flat_map(|part| -> Vec<_> { part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)) }).collect()
        })
    }

    /// Reads the bundle of this index into a buffer that serves again, so that its memory is not asked for anew; gives its entries, as
    /// many as it must have, or what is wrong with it.
    pub(super) fn entries<'b>(&self, index: u64, buffer: &'b mut Vec<u8>) -> Result<Vec<&'b [u8]>, String> {
        let width = (self.size() - index * tile::WIDTH).min(tile::WIDTH);
        read_into(&self.dir.join(tile::entries_path(index, width)), BUNDLE_BYTES_MAX, buffer)
            .map_err(|error| format!("entries are missing: {error}"))?;
        match tile::split_bundle(buffer) {
            Some(entries) if entries.len() as u64 == width => Ok(entries),
            _ => Err("the bundle is truncated or has another number of entries".into()),
        }
    }

    fn take(&self, level: u8, hash: Hash, levels: &mut Vec<Level>, report: &mut Report) {
        if !level.is_multiple_of(8) {
            return;
        }
        let level = usize::from(level / 8);
        if levels.len() <= level {
            levels.resize_with(level + 1, Level::default);
        }
        levels[level].hashes.push(hash);
        if levels[level].hashes.len() as u64 == tile::WIDTH {
            self.compare(level, levels, report);
        }
    }

    /// Compares the tile that the hashes of a level make up, and begins the next.
    fn compare(&self, level: usize, levels: &mut [Level], report: &mut Report) {
        let Level { index, hashes } = &mut levels[level];
        if hashes.is_empty() {
            return;
        }
        let path = tile::path(level as u8, *index, hashes.len() as u64);
        match read_bounded(&self.dir.join(&path), 32 * tile::WIDTH) {
            Ok(tile) if tile == hashes.as_flattened() => {}
            Ok(_) => report.fail(format!("{}/{path}", self.place), "the tile does not hold the hashes of the entries"),
            Err(error) => report.fail(format!("{}/{path}", self.place), format!("the tile is missing: {error}")),
        }
        *index += 1;
        hashes.clear();
    }
}
