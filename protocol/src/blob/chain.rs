//! A blob that is named by SHA-256 and fetched from its end, so that every piece is verified when it comes.
//!
//! SHA-256 compresses block after block into a value of 32 bytes: `v[i+1] = f(v[i], block[i])`, from a fixed `v[0]` on, and the last block
//! holds the padding with the length of the whole. The name of a blob is the last value. Whoever gives a piece gives with it the value
//! before the piece. Compressed from there, the last piece with its padding must lead to the name; then the value before it is as sure as
//! the name is, and the piece before that one must lead to it; and so on, down to the first piece, before which stands `v[0]`.
//!
//! **Why this holds.** Let a piece be taken that is not the blob's own, and go back from its end, where both agree on the value. At some
//! block the forged pair of value and block is another than the blob's and leads to the same value: a second preimage of `f` in which
//! value and block are both free to choose. `f` is a block cipher in Davies–Meyer mode, `f(v, b) = E_b(v) + v`, for which such a preimage
//! costs 2²⁵⁶ questions to an ideal cipher, divided by the number of values aimed at (a million blobs of a hundred pieces: 2²²⁹). That
//! fixed points of this mode are easily found (`v = D_b(0)`) does not help: the one sought must hit a given value. The length stands in
//! the last block, so it is authenticated by the first piece that is taken, and with it every later position. Whoever makes a blob may
//! look for two pairs with one value, which costs 2¹²⁸ as any collision of SHA-256 does, and gains a blob that never becomes whole:
//! whatever happens between, what is whole was compressed from `v[0]` to the name and so has that hash.
//!
//! So nothing new is trusted, no second hash is signed, and a blob of any age can be fetched so.

use crate::{
    id::BlobHash,
    limits::{BLOB_BYTES_MAX, BLOB_CHUNK_BYTES_MAX},
};
use std::fmt;

/// Bytes that SHA-256 compresses at once.
const BLOCK: usize = 64;
/// Bytes of the length at the end of the padding.
const LENGTH: usize = 8;

/// SHA-256 between two blocks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Value(pub [u8; 32]);

impl Value {
    /// Before the first block (FIPS 180-4, 5.3.3).
    pub const START: Self = Self([
        0x6a, 0x09, 0xe6, 0x67, 0xbb, 0x67, 0xae, 0x85, 0x3c, 0x6e, 0xf3, 0x72, 0xa5, 0x4f, 0xf5, 0x3a, 0x51, 0x0e, 0x52, 0x7f, 0x9b, 0x05,
        0x68, 0x8c, 0x1f, 0x83, 0xd9, 0xab, 0x5b, 0xe0, 0xcd, 0x19,
    ]);

    /// Behind these blocks too.
    fn behind(self, blocks: &[[u8; BLOCK]]) -> Self {
        let mut state = [0; 8];
        for (word, bytes) in state.iter_mut().zip(self.0.as_chunks::<4>().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        sha2::block_api::compress256(&mut state, blocks);
        let mut value = [0; 32];
        for (bytes, word) in value.as_chunks_mut::<4>().0.iter_mut().zip(state) {
            *bytes = word.to_be_bytes();
        }
        Self(value)
    }

    /// The hash of a whole of `total` bytes, of which `rest`, less than a block, is left.
    fn close(self, rest: &[u8], total: u64) -> BlobHash {
        let mut end = [0; 2 * BLOCK];
        end[..rest.len()].copy_from_slice(rest);
        end[rest.len()] = 0x80;
        let blocks = if rest.len() + 1 + LENGTH > BLOCK { 2 } else { 1 };
        end[blocks * BLOCK - LENGTH..blocks * BLOCK].copy_from_slice(&(8 * total).to_be_bytes());
        BlobHash(self.behind(&end.as_chunks().0[..blocks]).0)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({})", BlobHash(self.0))
    }
}

/// Where the piece begins that ends at `end`. Every piece begins at a multiple of [`BLOB_CHUNK_BYTES_MAX`] and reaches to the next one or to the
/// end of the blob, so nobody can make a fetch of tiny pieces.
pub fn start_of_piece(end: u64) -> u64 {
    const PIECE: u64 = BLOB_CHUNK_BYTES_MAX as u64;
    end.saturating_sub(1) / PIECE * PIECE
}

/// A piece as somebody gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Bytes of the whole blob.
    pub total: u64,
    /// SHA-256 before the piece.
    pub before: Value,
    /// The piece.
    pub bytes: &'a [u8],
}

/// Why a piece was not taken. Whoever gave it lies, or lost what it gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lie {
    /// Larger than a blob may be.
    #[error("a blob of {0} bytes exceeds the bound")]
    TooLarge(u64),
    /// Not the length that the end of the blob has proved.
    #[error("another length was proved")]
    OtherLength,
    /// Not from the last multiple of a piece's size up to where the missing part ends.
    #[error("not the piece that is missing")]
    NotThatPiece,
    /// It does not lead to the value that must stand behind it.
    #[error("the piece does not lead to what stands behind it")]
    LeadsElsewhere,
}

/// What is missing of a blob that comes from its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    hash: BlobHash,
    /// Length of the whole, end of what is missing and the value there; unknown before the first piece.
    missing: Option<(u64, u64, Value)>,
}

impl Tail {
    /// Of which nothing came yet.
    pub fn new(hash: BlobHash) -> Self {
        Self { hash, missing: None }
    }
    /// Where the next piece ends; nothing for the last one, as the length is not known then.
    pub fn end(&self) -> Option<u64> {
        self.missing.map(|(_, end, _)| end)
    }
    /// Bytes of the whole, once proved.
    pub fn total(&self) -> Option<u64> {
        self.missing.map(|(total, ..)| total)
    }
    /// Bytes that came and were verified.
    pub fn have(&self) -> u64 {
        self.missing.map_or(0, |(total, end, _)| total - end)
    }
    /// Whether nothing is missing any more.
    pub fn is_whole(&self) -> bool {
        self.end() == Some(0)
    }

    /// Takes the next piece and says where in the blob it begins.
    ///
    /// # Errors
    /// It is not the blob's; nothing changed.
    pub fn take(&mut self, piece: &Piece<'_>) -> Result<u64, Lie> {
        if piece.total > BLOB_BYTES_MAX {
            return Err(Lie::TooLarge(piece.total));
        }
        if self.total().is_some_and(|total| total != piece.total) {
            return Err(Lie::OtherLength);
        }
        let end = self.end().unwrap_or(piece.total);
        let start = start_of_piece(end);
        if self.is_whole() || piece.bytes.len() as u64 != end - start {
            return Err(Lie::NotThatPiece);
        }
        let (blocks, rest) = piece.bytes.as_chunks::<BLOCK>();
        let behind = piece.before.behind(blocks);
        let leads = match self.missing {
            // A chain from any other beginning is not SHA-256.
            _ if start == 0 && piece.before != Value::START => false,
            None => behind.close(rest, piece.total) == self.hash,
            Some((.., wanted)) => rest.is_empty() && behind == wanted,
        };
        if !leads {
            return Err(Lie::LeadsElsewhere);
        }
        self.missing = Some((piece.total, start, piece.before));
        Ok(start)
    }
}

/// The values before the pieces of a blob, reckoned once by whoever gives it: 32 bytes for each 256 KiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    before: Vec<Value>,
    total: u64,
    /// Behind all whole blocks; what is left of the last one.
    value: Value,
    rest: Vec<u8>,
}

impl Default for Outline {
    fn default() -> Self {
        Self { before: Vec::new(), total: 0, value: Value::START, rest: Vec::new() }
    }
}

impl Outline {
    /// Takes the next piece of the blob from its beginning: [`BLOB_CHUNK_BYTES_MAX`] bytes, the last one whatever is left.
    pub fn push(&mut self, piece: &[u8]) {
        let (blocks, rest) = piece.as_chunks::<BLOCK>();
        self.before.push(self.value);
        self.value = self.value.behind(blocks);
        self.total += piece.len() as u64;
        self.rest = rest.to_vec();
    }
    /// The hash of all that was pushed.
    pub fn hash(&self) -> BlobHash {
        self.value.close(&self.rest, self.total)
    }
    /// Bytes of all that was pushed.
    pub fn total(&self) -> u64 {
        self.total
    }
    /// The value before the piece that begins at `start`; the one of an empty blob begins at 0.
    pub fn before(&self, start: u64) -> Option<Value> {
        let piece = usize::try_from(start / BLOB_CHUNK_BYTES_MAX as u64).ok()?;
        self.before.get(piece).copied().or_else(|| (start == 0).then_some(Value::START))
    }
    /// Whether these bytes, read again, are still what was pushed from `start` on.
    pub fn holds(&self, start: u64, piece: &[u8]) -> bool {
        let (blocks, rest) = piece.as_chunks::<BLOCK>();
        let end = start + piece.len() as u64;
        let behind = self.before(start).map(|before| before.behind(blocks));
        if end == self.total { behind == Some(self.value) && rest == self.rest } else { behind.is_some() && behind == self.before(end) }
    }
}

#[cfg(test)]
mod tests;
