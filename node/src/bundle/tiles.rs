//! The tiles of hashes of one log on a stick, as a source of subtrees.
//!
//! Nothing in them is believed: a proof made from them holds against the signed checkpoint or does not.

use super::stick::{Stick, TILE_BYTES_MAX};
use crate::{audit::LOGS, service::Refusal};
use protocol::{
    id::Origin,
    log::tile,
    merkle::{Hash, Subtrees, node_hash},
};
use std::{cell::RefCell, collections::HashMap};

/// Tiles kept in memory: a proof reads a few of each level.
const KEPT_MAX: usize = 64;

/// Why a subtree cannot be told.
#[derive(Debug)]
pub(super) enum TileError {
    /// The stick cannot be read, or was changed since it was looked through.
    Stick(Refusal),
    /// A tile is missing or has another length than it must have; its path.
    Missing(String),
}

/// The tiles of a log of `size` entries.
pub(super) struct Tiles<'a> {
    stick: &'a Stick,
    origin: &'a Origin,
    size: u64,
    kept: RefCell<HashMap<(u8, u64), Vec<Hash>>>,
}

impl<'a> Tiles<'a> {
    pub(super) fn new(stick: &'a Stick, origin: &'a Origin, size: u64) -> Self {
        Self { stick, origin, size, kept: RefCell::default() }
    }

    fn read(&self, level: u8, index: u64) -> Result<Vec<Hash>, TileError> {
        let hashes = self.size.checked_shr(8 * u32::from(level)).unwrap_or(0);
        let width = hashes.saturating_sub(index * tile::WIDTH).min(tile::WIDTH);
        let path = tile::path(level, index, width);
        let bytes = self.stick.read(&format!("{LOGS}/{}/{path}", self.origin), TILE_BYTES_MAX).map_err(TileError::Stick)?;
        match bytes.as_deref().map(<[u8]>::as_chunks::<32>) {
            Some((hashes, [])) if hashes.len() as u64 == width => Ok(hashes.to_vec()),
            _ => Err(TileError::Missing(path)),
        }
    }
}

impl Subtrees for Tiles<'_> {
    type Error = TileError;
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, TileError> {
        // A tile holds every eighth level; the seven between are hashed from it.
        let (of_tile, above) = (level / 8, level % 8);
        let first = index << above;
        let key = (of_tile, first / tile::WIDTH);
        let mut kept = self.kept.borrow_mut();
        if !kept.contains_key(&key) {
            if kept.len() >= KEPT_MAX {
                kept.clear();
            }
            kept.insert(key, self.read(key.0, key.1)?);
        }
        let from = (first % tile::WIDTH) as usize;
        let row = kept[&key].get(from..from + (1 << above));
        let mut row = row.ok_or_else(|| TileError::Missing(tile::path(key.0, key.1, tile::WIDTH)))?.to_vec();
        while let [_, _, ..] = row[..] {
            row = row.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
        }
        Ok(row[0])
    }
}
