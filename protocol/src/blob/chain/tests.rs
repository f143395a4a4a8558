//! The laws of the chain, each way to break it, and values that another implementation reckoned.

use super::*;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const PIECE: usize = BLOB_CHUNK_BYTES_MAX;

/// Bytes that do not repeat with the pieces.
fn bytes(len: usize, seed: u8) -> Vec<u8> {
    (0..len)
        .map(|at| (at as u64).wrapping_mul(at as u64).wrapping_add(u64::from(seed)).wrapping_mul(2_654_435_761).to_be_bytes()[4])
        .collect()
}

fn outline(blob: &[u8]) -> Outline {
    let mut outline = Outline::default();
    blob.chunks(PIECE).for_each(|piece| outline.push(piece));
    outline
}

fn name(blob: &[u8]) -> BlobHash {
    BlobHash(Sha256::digest(blob).into())
}

/// What an honest node gives for the piece that ends there.
fn give<'a>(blob: &'a [u8], outline: &Outline, end: Option<u64>) -> Piece<'a> {
    let total = blob.len() as u64;
    let end = end.unwrap_or(total);
    let start = start_of_piece(end);
    Piece { total, before: outline.before(start).unwrap(), bytes: &blob[start as usize..end as usize] }
}

/// Fetches as long as something is missing; the blob as it came together.
fn fetch(blob: &[u8]) -> Vec<u8> {
    let outline = outline(blob);
    let mut tail = Tail::new(name(blob));
    let mut came = vec![0; blob.len()];
    while !tail.is_whole() {
        let piece = give(blob, &outline, tail.end());
        let start = tail.take(&piece).unwrap() as usize;
        came[start..start + piece.bytes.len()].copy_from_slice(piece.bytes);
        assert_eq!(tail.have(), (blob.len() - start) as u64);
        assert!(outline.holds(start as u64, piece.bytes));
    }
    came
}

#[test]
fn a_blob_of_any_length_comes_whole() {
    let edges = [0, 1, 55, 56, 63, 64, 65, 119, 120];
    for pieces in 0..3 {
        for edge in edges {
            let blob = bytes(pieces * PIECE + edge, 7);
            assert_eq!(outline(&blob).hash(), name(&blob), "{} bytes", blob.len());
            assert_eq!(fetch(&blob), blob);
        }
        let blob = bytes((pieces + 1) * PIECE - 1, 7);
        assert_eq!(fetch(&blob), blob);
    }
}

#[test]
fn what_another_length_or_place_claims_is_refused() {
    let blob = bytes(2 * PIECE + 100, 1);
    let outline = outline(&blob);
    let last = give(&blob, &outline, None);
    let mut tail = Tail::new(name(&blob));
    assert_eq!(tail.take(&Piece { total: BLOB_BYTES_MAX + 1, ..last }), Err(Lie::TooLarge(BLOB_BYTES_MAX + 1)));
    // As long as a piece from the same place, but the padding is another.
    assert_eq!(tail.take(&Piece { total: last.total + PIECE as u64, ..last }), Err(Lie::LeadsElsewhere));
    assert_eq!(tail.take(&Piece { bytes: &last.bytes[64..], ..last }), Err(Lie::NotThatPiece));
    assert_eq!(tail.end(), None, "nothing of it was taken");
    tail.take(&last).unwrap();
    let middle = give(&blob, &outline, tail.end());
    assert_eq!(tail.take(&Piece { total: middle.total - 1, ..middle }), Err(Lie::OtherLength));
    assert_eq!(tail.take(&give(&blob, &outline, Some(PIECE as u64))), Err(Lie::LeadsElsewhere), "the one before it");
    // Attack: ever smaller pieces, each true, would make a fetch of half a million questions.
    assert_eq!(
        tail.take(&Piece { before: middle.before, bytes: &middle.bytes[PIECE - 64..], total: middle.total }),
        Err(Lie::NotThatPiece)
    );
    tail.take(&middle).unwrap();
    let first = give(&blob, &outline, tail.end());
    assert_eq!(tail.take(&Piece { before: Value([0; 32]), ..first }), Err(Lie::LeadsElsewhere));
    tail.take(&first).unwrap();
    assert!(tail.is_whole());
    assert_eq!(tail.take(&first), Err(Lie::NotThatPiece), "nothing is missing any more");
}

/// Attack: with a value of its own before the only piece, a liar would need no more than a preimage of one block to choose.
#[test]
fn a_beginning_that_is_not_sha256_s_own_is_refused() {
    let block = bytes(64, 3);
    let before = Value([9; 32]);
    let hash = before.behind(block.as_chunks().0).close(&[], 64);
    assert_eq!(Tail::new(hash).take(&Piece { total: 64, before, bytes: &block }), Err(Lie::LeadsElsewhere));
}

#[test]
fn an_outline_notices_what_decayed_since() {
    let blob = bytes(2 * PIECE + 70, 5);
    let outline = outline(&blob);
    for start in [0, PIECE, 2 * PIECE] {
        let piece = &blob[start..blob.len().min(start + PIECE)];
        assert!(outline.holds(start as u64, piece));
        for at in [0, piece.len() - 1] {
            let mut decayed = piece.to_vec();
            decayed[at] ^= 1;
            assert!(!outline.holds(start as u64, &decayed));
        }
        assert!(!outline.holds(start as u64, &piece[..piece.len() - 1]), "cut short");
    }
}

/// `vectors/blob-chain.txt` was reckoned by a SHA-256 that shares nothing with this one: the length of the blob `i * i mod 251`, its hash,
/// and the values before its pieces.
#[test]
fn the_values_are_those_of_another_implementation() {
    let lines = include_str!("../../../vectors/blob-chain.txt").lines().filter(|line| !line.starts_with('#'));
    let mut checked = 0;
    for line in lines {
        let mut fields = line.split(' ');
        let length: usize = fields.next().unwrap().parse().unwrap();
        let hash: BlobHash = fields.next().unwrap().parse().unwrap();
        let blob: Vec<u8> = (0..length).map(|at| (at * at % 251) as u8).collect();
        let outline = outline(&blob);
        assert_eq!(outline.hash(), hash);
        for (piece, value) in fields.enumerate() {
            assert_eq!(outline.before((piece * PIECE) as u64), Some(Value(value.parse::<BlobHash>().unwrap().0)));
            checked += 1;
        }
        assert_eq!(fetch(&blob), blob);
    }
    assert_eq!(checked, 8);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Compressing piece by piece is compressing the whole, wherever it is cut.
    #[test]
    fn any_cut_between_blocks_leads_to_the_same_hash(len in 0..5_000_usize, cuts in prop::collection::vec(0..5_000_usize, 0..6), seed: u8) {
        let blob = bytes(len, seed);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(len) / BLOCK * BLOCK).collect();
        cuts.sort_unstable();
        let (mut value, mut at) = (Value::START, 0);
        for cut in cuts {
            value = value.behind(blob[at..cut].as_chunks().0);
            at = cut;
        }
        let (blocks, rest) = blob[at..].as_chunks();
        prop_assert_eq!(value.behind(blocks).close(rest, len as u64), name(&blob));
    }

    /// One bit of a piece, of the value before it or of the length, and nothing is taken; the true piece is taken after all.
    #[test]
    fn any_bit_that_changes_is_refused(
        len in 1..3 * PIECE, seed: u8, skip in 0..3_usize, at: prop::sample::Index, bit in 0..8_u32, what in 0..3_usize
    ) {
        let blob = bytes(len, seed);
        let outline = outline(&blob);
        let mut tail = Tail::new(name(&blob));
        for _ in 0..skip.min((len - 1) / PIECE) {
            tail.take(&give(&blob, &outline, tail.end())).unwrap();
        }
        let piece = give(&blob, &outline, tail.end());
        let (mut total, mut before, mut changed) = (piece.total, piece.before, piece.bytes.to_vec());
        match what {
            0 => total ^= 1 << (at.index(25)),
            1 => before.0[at.index(32)] ^= 1 << bit,
            _ => changed[at.index(piece.bytes.len())] ^= 1 << bit,
        }
        let untouched = tail.clone();
        let refused = tail.take(&Piece { total, before, bytes: &changed });
        prop_assert!(refused.is_err());
        prop_assert_eq!(&tail, &untouched);
        prop_assert!(tail.take(&piece).is_ok());
    }
}
