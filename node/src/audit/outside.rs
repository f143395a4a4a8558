//! The standard parts of an export, checked with other people's implementations: `signed_note`, `tlog_tiles` (both from
//! Cloudflare's log, after Go's `sumdb`) and `ct-merkle`. None of our own code reads what is checked here.

use super::{LOGS, POLICY, export};
use crate::service::testing::Home;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use protocol::{
    id::{BlobHash, CaseId, RecordHash, SpecHash},
    record::{ReceiptIssued, Record},
};
use signed_note::{Note, StandardVerifier, VerifierList};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tlog_tiles::{Checkpoint, Error, Tile, TileHashReader, TileReader, check_record, prove_record, record_hash, tree_hash};

/// One full bundle of the second level's first tile would take 65,536 entries; this many give two full tiles and a part.
const RECORDS: u64 = 600;

/// Files of a C2SP log.
struct Files(PathBuf);

impl Files {
    /// The crate writes the tile height 8, which C2SP leaves out, and calls entries data.
    fn path(&self, tile: &Tile) -> PathBuf {
        self.0.join(tile.path().replacen("tile/8/", "tile/", 1).replacen("/data/", "/entries/", 1))
    }
}

impl TileReader for Files {
    fn height(&self) -> u8 {
        8
    }
    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        Ok(tiles.iter().map(|tile| fs::read(self.path(tile)).unwrap()).collect())
    }
    fn save_tiles(&self, _tiles: &[Tile], _data: &[Vec<u8>]) {}
}

/// The entries of a log, read by nothing but the words of C2SP tlog-tiles: 16 bits of length, big-endian, then the entry.
fn entries(log: &Path, size: u64) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for index in 0..size.div_ceil(256) {
        let width = (size - index * 256).min(256);
        let mut tile = Tile::new(8, 0, index, width as u32, true);
        tile.set_is_data();
        let bundle = fs::read(Files(log.to_owned()).path(&tile)).unwrap();
        let mut rest = bundle.as_slice();
        while let [high, low, tail @ ..] = rest {
            let (entry, tail) = tail.split_at(usize::from(*high) << 8 | usize::from(*low));
            found.push(entry.to_vec());
            rest = tail;
        }
    }
    found
}

fn exported() -> (Home, PathBuf) {
    let home = Home::new();
    let office = home.open();
    let receipt = |at: u64| ReceiptIssued {
        case: CaseId([1; 16]),
        submission: RecordHash([0; 32]),
        decision: RecordHash([0; 32]),
        number: at.to_string(),
        photo: BlobHash([0; 32]),
        spec: SpecHash([0; 32]),
        applicant: BlobHash([0; 32]),
        captured_by: office.code(),
        valid_until_ms: 1,
        at_ms: at,
        usage: None,
        document: None,
    };
    let signed = office.append(|_, signer| (0..RECORDS).map(|at| signer.sign(&Record::ReceiptIssued(receipt(at)))).collect());
    signed.unwrap();
    let dir = home.path().join("export");
    export(&office, &dir, false).unwrap();
    (home, dir)
}

/// The checkpoint of the log that a line of the policy names, when the outside verifier accepts its signature.
fn checkpoint(dir: &Path, vkey: &str) -> Option<(PathBuf, Checkpoint)> {
    let log = dir.join(LOGS).join(vkey.split('+').next().unwrap());
    let note = Note::from_bytes(&fs::read(log.join("checkpoint")).unwrap()).ok()?;
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(vkey).unwrap())]);
    let (good, unknown) = note.verify(&known).ok()?;
    assert_eq!((good.len(), unknown.len()), (1, 0));
    Some((log, Checkpoint::from_bytes(note.text()).ok()?))
}

fn keys(dir: &Path) -> Vec<String> {
    let policy = fs::read_to_string(dir.join(POLICY)).unwrap();
    policy.lines().filter_map(|line| line.strip_prefix("log ")).map(str::to_owned).collect()
}

#[test]
fn outside_implementations_accept_the_history() {
    let (_home, dir) = exported();
    let keys = keys(&dir);
    assert_eq!(keys.len(), 2, "the province's log and the office's");
    for vkey in &keys {
        let (log, checkpoint) = checkpoint(&dir, vkey).expect("an outside verifier accepts the checkpoint");
        let (size, root) = (checkpoint.size(), *checkpoint.hash());
        let files = Files(log.clone());
        let reader = TileHashReader::new(size, root, &files);
        assert_eq!(tree_hash(size, &reader).unwrap(), root);

        let entries = entries(&log, size);
        assert_eq!(entries.len() as u64, size);
        let mut tree = MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
        entries.iter().for_each(|entry| tree.push(entry.clone()));
        assert_eq!(tree.root().as_bytes().as_slice(), root.0, "ct-merkle finds the same root");
        for at in [0, size / 3, 255.min(size - 1), 256.min(size - 1), size - 1] {
            let proof = prove_record(size, at, &reader).unwrap();
            check_record(&proof, size, root, at, record_hash(&entries[at as usize])).unwrap();
        }
    }
    assert_eq!(checkpoint(&dir, &keys[1]).unwrap().1.size(), RECORDS);
}

#[test]
fn outside_implementations_refuse_what_was_changed() {
    let (_home, dir) = exported();
    let vkey = &keys(&dir)[1];
    let (log, checkpoint_read) = checkpoint(&dir, vkey).unwrap();
    let (size, root) = (checkpoint_read.size(), *checkpoint_read.hash());
    let tile = Files(log.clone()).path(&Tile::new(8, 0, 1, 256, false));
    let mut bytes = fs::read(&tile).unwrap();
    bytes[77] ^= 1;
    fs::write(&tile, bytes).unwrap();
    // The hash of entry 258, which the proof of its neighbour needs.
    let files = Files(log.clone());
    let neighbour = record_hash(&entries(&log, size)[259]);
    let proof = prove_record(size, 259, &TileHashReader::new(size, root, &files));
    assert!(proof.is_err() || check_record(&proof.unwrap(), size, root, 259, neighbour).is_err());
    let path = log.join("checkpoint");
    let note = fs::read_to_string(&path).unwrap();
    fs::write(&path, note.replacen("600", "599", 1)).unwrap();
    assert!(checkpoint(&dir, vkey).is_none());
}
