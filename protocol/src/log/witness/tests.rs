//! The witness never vouches for two histories, whatever is asked in whatever order.

use super::*;
use crate::{id::RecordHash, keys::OfficeKey, log::Checkpoint};
use proptest::prelude::*;
use std::{collections::HashMap, convert::Infallible};

/// A log in memory with all of its subtrees.
#[derive(Default)]
struct Tree(HashMap<(u8, u64), Hash>);

impl Tree {
    fn of(entries: &[u64]) -> Self {
        let (mut tree, mut edge) = (Self::default(), merkle::Edge::default());
        for entry in entries {
            edge.append(merkle::leaf_hash(&entry.to_be_bytes()), |level, index, hash| _ = tree.0.insert((level, index), hash));
        }
        tree
    }
}

impl merkle::Subtrees for Tree {
    type Error = Infallible;
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        Ok(self.0[&(level, index)])
    }
}

fn key() -> OfficeKey {
    OfficeKey::from_seed(&[5; 32])
}

fn log() -> VerifierKey {
    VerifierKey::new("demo.huizhi/office/44030001/1".parse().unwrap(), key().public())
}

fn witness() -> Witness {
    Witness::new(WitnessKey::new("demo.huizhi/witness/44030002", OfficeKey::from_seed(&[21; 32])).unwrap(), [])
}

fn straight(size: u64) -> Vec<u64> {
    (0..size).collect()
}

fn ask(entries: &[u64], old: u64) -> AddCheckpoint {
    let (tree, size) = (Tree::of(entries), entries.len() as u64);
    let Ok(root) = merkle::root(&tree, size);
    let Ok(proof) = merkle::consistency_proof(&tree, old.min(size), size);
    let note = Checkpoint { origin: log().origin().clone(), size, root }.sign(&key()).note().to_owned();
    AddCheckpoint { old, proof, note }
}

fn status(witness: &mut Witness, request: &AddCheckpoint) -> Result<String, u16> {
    witness.add_checkpoint(request, Some(&log()), 1).map(Ready::persisted).map_err(|error| error.status())
}

#[test]
fn what_extends_is_cosigned_and_the_rest_gets_the_answers_of_the_protocol() {
    let mut witness = witness();
    assert_eq!(witness.add_checkpoint(&ask(&straight(3), 0), None, 1).unwrap_err().status(), 404);
    let line = status(&mut witness, &ask(&straight(3), 0)).unwrap();
    let mut checkpoint = SignedCheckpoint::verify(&ask(&straight(3), 0).note, &log()).unwrap();
    checkpoint.add_lines(&line).unwrap();
    assert_eq!(witness.key.verifier().cosigned(&super::super::Note::parse(checkpoint.note()).unwrap()), Ok(Some(1)));
    let unsigned = AddCheckpoint { note: ask(&straight(4), 3).note.replace("\n4\n", "\n5\n"), ..ask(&straight(4), 3) };
    assert_eq!(status(&mut witness, &unsigned), Err(403));
    assert_eq!(status(&mut witness, &AddCheckpoint { old: 5, ..ask(&straight(4), 3) }), Err(400));
    assert_eq!(witness.add_checkpoint(&ask(&straight(5), 2), Some(&log()), 1).unwrap_err(), WitnessError::Conflict(3));
    assert_eq!(status(&mut witness, &AddCheckpoint { proof: vec![[0; 32]], ..ask(&straight(5), 3) }), Err(422));
    assert!(status(&mut witness, &ask(&straight(5), 3)).is_ok());
    assert!(status(&mut witness, &ask(&straight(5), 5)).is_ok(), "the same again is cosigned again");
}

#[test]
fn case_12_a_second_history_is_not_cosigned() {
    let mut witness = witness();
    status(&mut witness, &ask(&straight(3), 0)).unwrap();
    assert_eq!(status(&mut witness, &ask(&[0, 1, 9], 3)), Err(422), "same size, other root");
    assert_eq!(status(&mut witness, &ask(&[0, 1, 9, 3], 3)), Err(422), "larger, from another history");
    assert_eq!(status(&mut witness, &AddCheckpoint { proof: vec![], ..ask(&[9, 8, 7, 6], 3) }), Err(422), "without a proof");
    assert_eq!(witness.last(log().origin()).unwrap().size, 3);
}

#[test]
fn a_request_is_bounded() {
    let with = |hashes| AddCheckpoint { proof: vec![[1; 32]; hashes], ..ask(&straight(3), 0) }.to_string();
    assert!(AddCheckpoint::parse(&with(WITNESS_PROOF_HASHES_MAX)).is_ok());
    assert_eq!(AddCheckpoint::parse(&with(WITNESS_PROOF_HASHES_MAX + 1)), Err(WitnessError::Malformed("too many hashes")));
    assert_eq!(AddCheckpoint::parse(&with(1_000)), Err(WitnessError::Malformed("too long")));
    assert!(AddCheckpoint::parse(&with(1).replacen("old 0", "old 00", 1)).is_err());
}

/// The race of tlog-witness: both are checked against the old size, and the smaller one is persisted last. Here the first [`Ready`] holds
/// the witness, so a second check cannot even be written down before it ended.
#[test]
fn case_15_never_n_after_n_plus_k() {
    let mut witness = witness();
    let (smaller, larger) = (ask(&straight(4), 0), ask(&straight(9), 0));
    status(&mut witness, &larger).unwrap();
    assert_eq!(status(&mut witness, &smaller), Err(409));
    assert_eq!(status(&mut witness, &ask(&straight(4), 9)), Err(400));
    // A restart knows what was persisted.
    let mut restarted =
        Witness::new(WitnessKey::new("x", OfficeKey::from_seed(&[21; 32])).unwrap(), [witness.last(log().origin()).unwrap().clone()]);
    assert_eq!(status(&mut restarted, &smaller), Err(409));
}

#[test]
fn what_was_not_persisted_was_not_cosigned() {
    let mut witness = witness();
    let request = ask(&straight(9), 0);
    let ready = witness.add_checkpoint(&request, Some(&log()), 1).unwrap();
    assert_eq!(ready.point(), LogPoint { origin: log().origin().clone(), size: 9, root: RecordHash(*ready.checkpoint().root()) });
    drop(ready);
    assert_eq!(witness.last(log().origin()), None);
    assert!(status(&mut witness, &ask(&straight(4), 0)).is_ok());
}

proptest! {
    /// Any requests in any order: what is cosigned is one growing history.
    #[test]
    fn cosigned_points_are_one_history(asks in prop::collection::vec((0_u64..40, any::<bool>(), prop::option::of(0_u64..40)), 0..30)) {
        let mut witness = witness();
        let mut cosigned: Vec<(u64, bool)> = Vec::new();
        for (size, forked, old) in asks {
            let mut entries = straight(size);
            // The second history leaves the first one at entry 7.
            let other = forked && size > 7;
            if other {
                entries[7] = 1_000;
            }
            let old = old.unwrap_or_else(|| witness.last(log().origin()).map_or(0, |last| last.size));
            if status(&mut witness, &ask(&entries, old)).is_ok() {
                cosigned.push((size, other));
            }
        }
        prop_assert!(cosigned.is_sorted_by_key(|(size, _)| *size));
        let beyond: std::collections::BTreeSet<bool> = cosigned.iter().filter(|(size, _)| *size > 7).map(|(_, other)| *other).collect();
        prop_assert!(beyond.len() <= 1, "{cosigned:?}");
    }

    #[test]
    fn requests_round_trip_and_any_text_is_read_or_refused(size in 0_u64..50, old in 0_u64..50, text: String) {
        let request = ask(&straight(size), old);
        prop_assert_eq!(request.claimed_origin(), Some(log().origin().clone()));
        prop_assert_eq!(AddCheckpoint::parse(&request.to_string()), Ok(request));
        let _ = AddCheckpoint::parse(&text);
        let _ = AddCheckpoint::parse(&format!("old 1\n{text}\n\n{text}"));
    }
}
