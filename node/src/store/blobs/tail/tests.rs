//! Blobs that come from their end: in pieces of many peers, over restarts, past liars, and from a node that decayed.

use super::*;
use protocol::blob::chain::Lie;

const PIECE: usize = BLOB_CHUNK_BYTES_MAX;

fn photo(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at / 251 + at) as u8).collect()
}

fn missing(blobs: &Blobs, hash: BlobHash) -> Tail {
    match blobs.next_piece(hash).unwrap() {
        Next::Missing(tail) => tail,
        Next::Here => panic!("it is here"),
    }
}

/// Carries the next piece from one node to another.
fn carry(from: &Blobs, to: &Blobs, hash: BlobHash) -> Came {
    let end = missing(to, hash).end();
    let given = from.give(hash, end).unwrap().unwrap();
    to.take_piece(hash, end, &Piece { total: given.total, before: given.before, bytes: &given.bytes }).unwrap()
}

fn two() -> (tempfile::TempDir, Blobs, Blobs) {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (Blobs::open(&dir.path().join("from")).unwrap(), Blobs::open(&dir.path().join("to")).unwrap());
    (dir, from, to)
}

fn partials(dir: &tempfile::TempDir) -> usize {
    fs::read_dir(dir.path().join("to/partial")).unwrap().count()
}

#[test]
fn a_blob_of_any_length_comes_whole_and_leaves_nothing_behind() {
    let (dir, from, to) = two();
    for len in [0, 1, PIECE, PIECE + 1, 2 * PIECE + 60] {
        let hash = from.put(&photo(len)).unwrap();
        let mut pieces = 1;
        while carry(&from, &to, hash) == Came::Part {
            pieces += 1;
            assert_eq!(missing(&to, hash).total(), Some(len as u64));
        }
        assert_eq!(pieces, len.div_ceil(PIECE).max(1));
        assert_eq!(to.read(hash).unwrap().unwrap(), photo(len));
        assert_eq!(to.next_piece(hash).unwrap(), Next::Here);
        assert_eq!(partials(&dir), 0);
    }
}

#[test]
fn a_restart_goes_on_where_it_was_and_a_liar_costs_one_piece() {
    let (dir, from, to) = two();
    let hash = from.put(&photo(3 * PIECE + 5)).unwrap();
    carry(&from, &to, hash);
    carry(&from, &to, hash);
    let tail = missing(&to, hash);
    assert_eq!(tail.have(), PIECE as u64 + 5);
    drop(to);
    let to = Blobs::open(&dir.path().join("to")).unwrap();
    assert_eq!(missing(&to, hash), tail, "verified again from the files");
    let given = from.give(hash, tail.end()).unwrap().unwrap();
    let mut forged = given.bytes.clone();
    forged[1000] ^= 1;
    let lie = to.take_piece(hash, tail.end(), &Piece { total: given.total, before: given.before, bytes: &forged });
    assert!(matches!(lie, Err(BlobError::Lie(Lie::LeadsElsewhere))), "{lie:?}");
    assert_eq!(missing(&to, hash), tail, "what came before stays");
    let late = to.take_piece(hash, None, &Piece { total: given.total, before: given.before, bytes: &given.bytes });
    assert_eq!(late.unwrap(), Came::NotNext);
    assert_eq!(carry(&from, &to, hash), Came::Part);
    assert_eq!(carry(&from, &to, hash), Came::Whole);
    assert_eq!(to.read(hash).unwrap().unwrap(), photo(3 * PIECE + 5));
}

#[test]
fn what_a_crash_tore_is_fetched_again_and_the_rest_is_kept() {
    let (dir, from, to) = two();
    let hash = from.put(&photo(4 * PIECE)).unwrap();
    (0..3).for_each(|_| _ = carry(&from, &to, hash));
    let (tail, chain) = (to.tail_path(hash, TAIL), to.tail_path(hash, CHAIN));
    drop(to);
    // The second piece that came did not reach the disk.
    write_at(&tail, 2 * PIECE as u64 + 9, &[0xff; 50]).unwrap();
    let to = Blobs::open(&dir.path().join("to")).unwrap();
    assert_eq!(missing(&to, hash).have(), PIECE as u64);
    carry(&from, &to, hash);
    drop(to);
    // And then a value was cut short.
    let file = open_to_write(&chain).unwrap();
    file.set_len(8 + 32 + 7).unwrap();
    let to = Blobs::open(&dir.path().join("to")).unwrap();
    assert_eq!(missing(&to, hash).have(), PIECE as u64);
    while carry(&from, &to, hash) != Came::Whole {}
    assert_eq!(to.read(hash).unwrap().unwrap(), photo(4 * PIECE));
}

#[test]
fn a_crash_before_its_name_leaves_a_blob_that_is_whole() {
    let (dir, from, to) = two();
    let hash = from.put(&photo(PIECE + 10)).unwrap();
    carry(&from, &to, hash);
    // What the last piece writes before anything is synced.
    let given = from.give(hash, missing(&to, hash).end()).unwrap().unwrap();
    to.write_piece(hash, 0, &Piece { total: given.total, before: given.before, bytes: &given.bytes }).unwrap();
    drop(to);
    let to = Blobs::open(&dir.path().join("to")).unwrap();
    assert_eq!(to.next_piece(hash).unwrap(), Next::Here);
    assert_eq!(to.read(hash).unwrap().unwrap(), photo(PIECE + 10));
    assert_eq!(partials(&dir), 0);
}

#[test]
fn half_of_a_blob_under_way_is_removed_and_so_is_one_that_is_erased() {
    let (dir, from, to) = two();
    let hash = from.put(&photo(PIECE + 10)).unwrap();
    for lost in [TAIL, CHAIN] {
        carry(&from, &to, hash);
        fs::remove_file(to.tail_path(hash, lost)).unwrap();
        Blobs::open(&dir.path().join("to")).unwrap();
        assert_eq!(partials(&dir), 0, "without its {lost}");
        to.remove(hash).unwrap();
    }
    carry(&from, &to, hash);
    to.remove(hash).unwrap();
    assert_eq!((partials(&dir), missing(&to, hash).have()), (0, 0), "what came of a picture is a picture too");
}

#[test]
fn blobs_under_way_stay_within_their_bound_and_the_newest_is_there() {
    let (dir, from, to) = two();
    let mut newest = BlobHash([0; 32]);
    for byte in 0..70 {
        newest = from.put(&vec![byte; PIECE + 1]).unwrap();
        carry(&from, &to, newest);
    }
    assert_eq!(partials(&dir), 2 * 64);
    assert_eq!(missing(&to, newest).have(), 1);
}

#[test]
fn a_node_gives_nothing_that_decayed_and_reads_a_blob_whole_once() {
    let (dir, from, to) = two();
    let len = 2 * PIECE + 10;
    let hash = from.put(&photo(len)).unwrap();
    let read = |end: usize| from.give(hash, Some(end as u64)).unwrap().unwrap().read;
    assert_eq!((read(len), read(2 * PIECE), read(PIECE)), (len as u64 + 10, PIECE as u64, PIECE as u64));
    for end in [0, 100, PIECE + 64, 3 * PIECE] {
        assert_eq!(from.give(hash, Some(end as u64)).unwrap(), None, "no piece ends at {end}");
    }
    assert_eq!(from.give(BlobHash([1; 32]), None).unwrap(), None);
    write_at(&from.path(hash), 5, &[0xff]).unwrap();
    carry(&from, &to, hash);
    carry(&from, &to, hash);
    assert!(matches!(from.give(hash, Some(PIECE as u64)), Err(BlobError::WrongHash(_))), "since it was looked through");
    let again = Blobs::open(&dir.path().join("from")).unwrap();
    assert!(matches!(again.give(hash, None), Err(BlobError::WrongHash(_))), "before it is looked through");
}
