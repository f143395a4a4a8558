//! A fork is believed when it is proved, to anybody, and not otherwise; what both histories share is not lost by it.

use super::*;
use crate::{
    id::Origin,
    keys::OfficeKey,
    log::Checkpoint,
    membership::{Membership, NotCounted},
    merkle::{Edge, Subtrees, consistency_proof, leaf_hash, root},
};
use proptest::prelude::*;
use std::{collections::HashMap, convert::Infallible};

#[derive(Default)]
struct Tree(HashMap<(u8, u64), Hash>);

impl Tree {
    fn of(entries: &[u64]) -> Self {
        let (mut tree, mut edge) = (Self::default(), Edge::default());
        for entry in entries {
            edge.append(leaf_hash(&entry.to_be_bytes()), |level, index, hash| _ = tree.0.insert((level, index), hash));
        }
        tree
    }
    fn root(&self, size: u64) -> Hash {
        let Ok(root) = root(self, size);
        root
    }
    fn path(&self, old: u64, new: u64) -> Path {
        let Ok(path) = consistency_proof(self, old, new);
        path.into_iter().map(Into::into).collect()
    }
}

impl Subtrees for Tree {
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

fn note(tree: &Tree, size: u64) -> String {
    Checkpoint { origin: log().origin().clone(), size, root: tree.root(size) }.sign(&key()).note().to_owned()
}

/// Two histories that share `shared` entries, with checkpoints at `small` and `large`.
fn proof(shared: u64, small: u64, large: u64, common: Option<u64>) -> ForkProof {
    let one = Tree::of(&(0..small).collect::<Vec<_>>());
    let other = Tree::of(&(0..large).map(|at| if at < shared { at } else { 1_000 + at }).collect::<Vec<_>>());
    ForkProof {
        smaller: note(&one, small),
        larger: note(&other, large),
        prefix: RecordHash(other.root(small)),
        path: other.path(small, large),
        common: common.map(|size| Common {
            size,
            root: RecordHash(one.root(size)),
            to_smaller: one.path(size, small),
            to_larger: other.path(size, large),
        }),
    }
}

#[test]
fn case_12_two_histories_prove_a_fork_to_anybody() {
    for (small, large) in [(5, 5), (5, 6), (5, 300), (8, 9)] {
        let proof = proof(3, small, large, Some(3));
        let fork = ForkProof::decode(&proof.encode()).unwrap().verify(&log()).unwrap();
        assert_eq!((fork.common(), fork.name().points().0.size, fork.name().points().1.size), (3, small, large));
        let without = ForkProof { common: None, ..proof };
        assert_eq!(without.verify(&log()).unwrap().common(), 0, "without a proof nothing is known to be shared");
    }
}

#[test]
fn who_holds_one_history_proves_that_a_checkpoint_is_of_another() {
    let ours = Tree::of(&(0..9).collect::<Vec<_>>());
    let theirs = Tree::of(&[0, 1, 2, 77, 78]);
    let checkpoint = |tree: &Tree, size| SignedCheckpoint::verify(&note(tree, size), &log()).unwrap();
    let Ok(to_smaller) = consistency_proof(&theirs, 3, 5);
    let against = |smaller: &SignedCheckpoint, agreed| {
        let Ok(proof) = ForkProof::against(&checkpoint(&ours, 9), &ours, smaller, agreed);
        proof
    };
    let proof = against(&checkpoint(&theirs, 5), Some((3, &to_smaller))).unwrap();
    assert_eq!(proof.verify(&log()).unwrap().common(), 3);
    assert_eq!(against(&checkpoint(&theirs, 5), None).unwrap().verify(&log()).unwrap().common(), 0);
    assert_eq!(against(&checkpoint(&theirs, 3), None), None, "an honest beginning is no fork");
    assert_eq!(against(&checkpoint(&Tree::of(&(0..10).collect::<Vec<_>>()), 10), None), None, "what is larger its own holder must prove");
}

#[test]
fn a_proof_is_bounded() {
    let honest = proof(3, 5, 6, Some(3));
    let long = |hashes: usize| ForkProof { path: vec![[1; 32].into(); hashes], ..honest.clone() };
    assert!(ForkProof::decode(&honest.encode()).is_ok());
    assert_eq!(ForkProof::decode(&long(2_000).encode()), Err(ForkProofError::Malformed("too long")));
    assert_eq!(long(PROOF_HASHES_MAX + 1).verify(&log()), Err(ForkProofError::NoFork));
    let followed = [honest.encode(), vec![0]].concat();
    assert_eq!(ForkProof::decode(&followed), Err(ForkProofError::Malformed("bytes follow the proof")));
}

#[test]
fn consistent_checkpoints_prove_nothing() {
    for (small, large) in [(5, 5), (5, 6), (0, 6)] {
        assert_eq!(proof(9, small, large, None).verify(&log()), Err(ForkProofError::NoFork), "{small} {large}");
    }
    // A made-up prefix does not lead to the larger root.
    let made_up = ForkProof { prefix: RecordHash([7; 32]), ..proof(9, 5, 6, None) };
    assert_eq!(made_up.verify(&log()), Err(ForkProofError::NoFork));
    // Swapped, a larger tree would have to be a prefix of a smaller one.
    let honest = proof(3, 5, 6, None);
    let swapped = ForkProof { smaller: honest.larger.clone(), larger: honest.smaller.clone(), ..honest.clone() };
    assert_eq!(swapped.verify(&log()), Err(ForkProofError::NoFork));
    assert_eq!(proof(3, 5, 6, Some(4)).verify(&log()), Err(ForkProofError::NotCommon), "more than is shared");
    let other_key = VerifierKey::new(log().origin().clone(), OfficeKey::from_seed(&[6; 32]).public());
    assert!(matches!(honest.verify(&other_key), Err(ForkProofError::Checkpoint(_))), "an accuser cannot forge");
    let other_log: Origin = "demo.huizhi/office/44030002/1".parse().unwrap();
    assert!(honest.verify(&VerifierKey::new(other_log, key().public())).is_err());
}

#[test]
fn no_changed_bit_of_a_fork_proof_is_believed_as_another_fork() {
    let proof = proof(3, 5, 7, Some(3));
    let (bytes, fork) = (proof.encode(), proof.verify(&log()).unwrap());
    for bit in 0..bytes.len() * 8 {
        let mut wrong = bytes.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        let verified = ForkProof::decode(&wrong).and_then(|proof| proof.verify(&log()));
        assert!(verified.is_err(), "bit {bit}: {verified:?} {fork:?}");
    }
}

#[test]
fn case_13_an_adjudication_clears_forks_only_where_the_history_that_it_names_is_held() {
    use crate::record::{Adjudicated, Enrol, Record, Roles, Signed};
    let province = OfficeKey::from_seed(&[1; 32]);
    let origin = Origin::province("demo.huizhi", 1).unwrap();
    let mut members = Membership::new(VerifierKey::new(origin.clone(), province.public()));
    let enrol = Record::Enrol(Enrol {
        code: "44030001".parse().unwrap(),
        name: "x".into(),
        key: key().public(),
        recipient: "age1".into(),
        roles: Roles::CAPTURE,
        epoch: 1,
        at_ms: 0,
        witness: None,
        region: None,
        roles_from: None,
        documents: None,
    });
    members.apply(&Signed::sign(&origin, &province, &enrol).unwrap()).unwrap();
    let standing = |members: &Membership, index| {
        let record = Record::Unknown { kind: "later_kind".into(), body: vec![0xa0] };
        let record = Signed::sign(log().origin(), &key(), &record).unwrap();
        members.standing(&crate::log::Entry { origin: log().origin().clone(), index, record }).err()
    };
    // Forks at 4 and again at 9. Of the first one only 2 shared entries are proved at first, later all 4.
    let (first, first_less, second) = (proof(4, 5, 7, Some(4)), proof(4, 5, 7, Some(2)), proof(9, 10, 12, Some(9)));
    let forks = [&first_less, &first, &second].map(|proof| proof.verify(&log()).unwrap());
    assert_eq!(forks[0].name(), forks[1].name());
    members.learn_fork(&forks[0]);
    assert_eq!(standing(&members, 1), None);
    assert_eq!(standing(&members, 2), Some(NotCounted::BeyondFork(2)));
    let mut orders = vec![];
    for order in [[0, 1, 2], [2, 1, 0], [1, 1, 2]] {
        let mut members = members.clone();
        order.iter().for_each(|at| members.learn_fork(&forks[*at]));
        orders.push(members);
    }
    assert!(orders.windows(2).all(|pair| pair[0] == pair[1]), "any order and duplication");
    let mut members = orders.remove(0);
    assert_eq!((standing(&members, 3), standing(&members, 4)), (None, Some(NotCounted::BeyondFork(4))));
    let adjudicate = |members: &mut Membership, fork: &Fork, stands: u64| {
        let (one, other) = fork.name().points();
        let tree = Tree::of(&(0..20).collect::<Vec<_>>());
        let stands = LogPoint { origin: log().origin().clone(), size: stands, root: RecordHash(tree.root(stands)) };
        let said = Record::Adjudicated(Adjudicated { one: other.clone(), other: one.clone(), stands, operator: 1, at_ms: 0 });
        members.apply(&Signed::sign(&origin, &province, &said).unwrap())
    };
    // The later fork's adjudication clears the first one for whoever holds the history that it names, and for nobody else.
    adjudicate(&mut members, &forks[2], 10).unwrap();
    assert_eq!(members.open_forks().count(), 0);
    assert_eq!(standing(&members, 4), Some(NotCounted::BeyondFork(4)), "which history is held nobody knows yet");
    let (ours, theirs) = (Tree::of(&(0..20).collect::<Vec<_>>()), Tree::of(&(1..21).collect::<Vec<_>>()));
    members.compare_history(log().origin(), |size| (size <= 10).then(|| theirs.root(size)));
    assert_eq!(standing(&members, 4), Some(NotCounted::OtherHistory));
    members.compare_history(log().origin(), |size| (size <= 10).then(|| ours.root(size)));
    assert_eq!((standing(&members, 4), standing(&members, 10)), (None, Some(NotCounted::AfterEnd(10))));
    adjudicate(&mut members, &forks[1], 5).unwrap();
    members.compare_history(log().origin(), |size| (size <= 10).then(|| ours.root(size)));
    assert_eq!((standing(&members, 4), standing(&members, 5)), (None, Some(NotCounted::AfterEnd(5))));
    assert!(adjudicate(&mut members, &forks[1], 7).is_err(), "a fork is adjudicated once");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        if let Ok(proof) = ForkProof::decode(&bytes) {
            let _ = proof.verify(&log());
        }
    }

    #[test]
    fn any_two_histories_are_told_apart(shared in 0_u64..40, small in 1_u64..40, more in 0_u64..40, at in 0_u64..40) {
        let common = at.min(shared).min(small);
        let verified = proof(shared, small, small + more, Some(common)).verify(&log());
        prop_assert_eq!(verified.is_ok(), shared < small);
    }
}

#[test]
fn what_two_histories_share_is_found_in_few_rounds() {
    for (shared, size) in [(0, 1), (1, 2), (3, 5), (46, 47), (47, 48), (48, 49), (1_000, 2_000), (999_999, 1_000_000), (0, 1_000_000)] {
        let (mut from, mut to, mut rounds) = (0, size, 0);
        loop {
            let sizes = probes(from, to);
            assert!(sizes.len() <= crate::limits::BEGINNINGS_MAX && sizes.is_sorted());
            let known = *sizes.iter().rev().find(|at| **at <= shared).unwrap();
            let above = sizes.iter().copied().find(|at| *at > known).unwrap_or(known);
            rounds += 1;
            (from, to) = (known, above);
            if above <= known + 1 {
                break;
            }
        }
        assert_eq!(from, shared, "{size}");
        assert!(rounds <= 5, "{rounds}");
    }
    assert_eq!(probes(3, 3), [3]);
    assert_eq!(probes(0, u64::MAX).len(), crate::limits::BEGINNINGS_MAX);
}
