//! The Merkle tree of RFC 6962 §2.1 over SHA-256, with its inclusion and consistency proofs.
//!
//! Leaf = SHA-256(0x00 ‖ entry), node = SHA-256(0x01 ‖ left ‖ right), empty tree = SHA-256(""), split at the largest power of two
//! below the size. Proofs are made by the recursive definitions of RFC 6962 §2.1.1 and §2.1.2 and verified by the iterative
//! algorithms of RFC 9162 §2.1.3.2 and §2.1.4.2.

use crate::limits::PROOF_HASHES_MAX;
use sha2::{Digest, Sha256};

/// A node of the tree.
pub type Hash = [u8; 32];

/// Hash of a log entry as a leaf.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

/// Hash of an inner node.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// Root of the tree without leaves.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The right edge of a tree: the roots of its complete subtrees, largest first. Enough to append and to know the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    roots: Vec<Hash>,
}

impl Edge {
    /// The edge of a stored tree of `size` leaves.
    pub fn load<S: Subtrees>(source: &S, size: u64) -> Result<Self, S::Error> {
        let mut roots = Vec::new();
        let mut start = 0;
        for level in (0..64).rev().filter(|level| size >> level & 1 == 1) {
            roots.push(source.subtree(level, start >> level)?);
            start += 1 << level;
        }
        Ok(Self { size, roots })
    }
    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }
    /// Appends a leaf; `complete` is told of every subtree that it completes: level, index in the level, root.
    pub fn append(&mut self, leaf: Hash, mut complete: impl FnMut(u8, u64, Hash)) {
        let mut hash = leaf;
        let mut index = self.size;
        complete(0, index, hash);
        let mut level = 0;
        while index & 1 == 1 {
            let left = self.roots.pop().expect("a set bit of the size has a subtree");
            hash = node_hash(&left, &hash);
            index >>= 1;
            level += 1;
            complete(level, index, hash);
        }
        self.roots.push(hash);
        self.size += 1;
    }
    /// Root of the whole tree.
    pub fn root(&self) -> Hash {
        self.roots.iter().rev().copied().reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
    }
}

/// Where complete subtrees are kept: `subtree(level, index)` is the root over leaves `index << level .. (index + 1) << level`.
pub trait Subtrees {
    /// What can go wrong when reading.
    type Error;
    /// Root of a complete subtree.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// Root over the leaves `start..end`, where `start` is a multiple of the least power of two that is not below the length.
fn range_root<S: Subtrees>(source: &S, start: u64, end: u64) -> Result<Hash, S::Error> {
    let len = end - start;
    if len.is_power_of_two() {
        let level = len.trailing_zeros() as u8;
        return source.subtree(level, start >> level);
    }
    let split = start + split_point(len);
    Ok(node_hash(&range_root(source, start, split)?, &range_root(source, split, end)?))
}

/// Largest power of two below `len`, for `len` of at least two.
fn split_point(len: u64) -> u64 {
    1 << (63 - (len - 1).leading_zeros())
}

/// Root of the first `size` leaves.
///
/// # Errors
/// Where the source cannot be read.
pub fn root<S: Subtrees>(source: &S, size: u64) -> Result<Hash, S::Error> {
    if size == 0 { Ok(empty_root()) } else { range_root(source, 0, size) }
}

/// Audit path of the leaf `index` in the tree of `size` leaves (RFC 6962 §2.1.1), sibling of the leaf first.
///
/// # Errors
/// Where the source cannot be read.
///
/// # Panics
/// If `index >= size`.
pub fn inclusion_proof<S: Subtrees>(source: &S, index: u64, size: u64) -> Result<Vec<Hash>, S::Error> {
    assert!(index < size, "leaf {index} lies outside a tree of {size}");
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let split = start + split_point(end - start);
        if index < split {
            path.push(range_root(source, split, end)?);
            end = split;
        } else {
            path.push(range_root(source, start, split)?);
            start = split;
        }
    }
    path.reverse();
    Ok(path)
}

/// Proof that the tree of `old` leaves is a prefix of the tree of `new` leaves (RFC 6962 §2.1.2). Empty where that needs none.
///
/// # Errors
/// Where the source cannot be read.
///
/// # Panics
/// If `old > new`.
pub fn consistency_proof<S: Subtrees>(source: &S, old: u64, new: u64) -> Result<Vec<Hash>, S::Error> {
    assert!(old <= new, "a tree of {new} has no prefix of {old}");
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut start, mut end) = (0, new);
    let mut path = Vec::new();
    while end != old {
        let split = start + split_point(end - start);
        if old <= split {
            path.push(range_root(source, split, end)?);
            end = split;
        } else {
            path.push(range_root(source, start, split)?);
            start = split;
        }
    }
    // A subtree that starts at the first leaf is the old tree itself, whose root the verifier has.
    if start != 0 {
        path.push(range_root(source, start, end)?);
    }
    path.reverse();
    Ok(path)
}

/// Whether `leaf` stands at `index` in the tree of `size` leaves with this root.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size || proof.len() > PROOF_HASHES_MAX {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether the tree of `old` leaves is a prefix of the tree of `new` leaves.
pub fn verify_consistency(old: u64, new: u64, proof: &[Hash], old_root: &Hash, new_root: &Hash) -> bool {
    if old > new || proof.len() > PROOF_HASHES_MAX {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    if old == 0 {
        return proof.is_empty() && *old_root == empty_root();
    }
    let mut rest = proof.iter();
    let first = if old.is_power_of_two() { Some(old_root) } else { rest.next() };
    let Some(first) = first else { return false };
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old_root && new_hash == *new_root
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{collections::HashMap, convert::Infallible};

    #[derive(Default)]
    struct Memory(HashMap<(u8, u64), Hash>, Edge);

    impl Memory {
        fn of(size: u64) -> Self {
            let mut memory = Self::default();
            for index in 0..size {
                let map = &mut memory.0;
                memory.1.append(leaf_hash(&index.to_be_bytes()), |level, index, hash| {
                    map.insert((level, index), hash);
                });
            }
            memory
        }
    }

    impl Subtrees for Memory {
        type Error = Infallible;
        fn subtree(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
            Ok(self.0[&(level, index)])
        }
    }

    /// The definition of RFC 6962 §2.1, word by word, to hold the rest against.
    fn definition(entries: &[u64]) -> Hash {
        match entries {
            [] => empty_root(),
            [one] => leaf_hash(&one.to_be_bytes()),
            many => {
                let split = split_point(many.len() as u64) as usize;
                node_hash(&definition(&many[..split]), &definition(&many[split..]))
            }
        }
    }

    #[test]
    fn roots_follow_the_definition() {
        for size in 0..70 {
            let memory = Memory::of(size);
            let expected = definition(&(0..size).collect::<Vec<_>>());
            assert_eq!(memory.1.root(), expected, "size {size}");
            assert_eq!(root(&memory, size), Ok(expected));
            assert_eq!(Edge::load(&memory, size), Ok(memory.1.clone()));
        }
    }

    #[test]
    fn every_proof_of_every_small_tree_verifies_and_no_changed_one_does() {
        let memory = Memory::of(40);
        for size in 1..=40 {
            let new_root = root(&memory, size).unwrap();
            for index in 0..size {
                let leaf = leaf_hash(&index.to_be_bytes());
                let proof = inclusion_proof(&memory, index, size).unwrap();
                assert!(verify_inclusion(&leaf, index, size, &proof, &new_root));
                assert!(!verify_inclusion(&leaf, (index + 1) % (size + 1), size, &proof, &new_root) || size == 1);
                assert!(!verify_inclusion(&leaf_hash(b"x"), index, size, &proof, &new_root));
                for cut in 0..proof.len() {
                    assert!(!verify_inclusion(&leaf, index, size, &proof[..cut], &new_root));
                }
            }
            for old in 0..=size {
                let old_root = root(&memory, old).unwrap();
                let proof = consistency_proof(&memory, old, size).unwrap();
                assert!(verify_consistency(old, size, &proof, &old_root, &new_root), "{old} in {size}");
                if old > 0 {
                    assert!(!verify_consistency(old, size, &proof, &leaf_hash(b"x"), &new_root));
                    assert!(!verify_consistency(old, size, &proof, &old_root, &leaf_hash(b"x")));
                }
            }
        }
    }

    #[test]
    fn mend_61_a_consistency_proof_holds_for_its_two_sizes_and_roots_only() {
        let memory = Memory::of(20);
        let other = leaf_hash(b"x");
        for (old, new) in (0..=20).flat_map(|new| (0..=new).map(move |old| (old, new))) {
            let (old_root, new_root) = (root(&memory, old).unwrap(), root(&memory, new).unwrap());
            let proof = consistency_proof(&memory, old, new).unwrap();
            assert!(verify_consistency(old, new, &proof, &old_root, &new_root), "{old} in {new}");
            // Both roots are verified, where the old tree is empty too: otherwise any checkpoint of size 0 would prove a fork.
            assert!(!verify_consistency(old, new, &proof, &other, &new_root), "{old} in {new}: old root");
            assert!(old == 0 && new > 0 || !verify_consistency(old, new, &proof, &old_root, &other), "{old} in {new}: new root");
            if old != new && old != 0 {
                assert!(!verify_consistency(old, new, &proof, &new_root, &old_root), "{old} in {new}: roots swapped");
            }
            assert!(old == new || !verify_consistency(new, old, &proof, &new_root, &old_root), "{old} in {new}: sizes swapped");
            let longer = [&proof[..], &[other]].concat();
            assert!(!verify_consistency(old, new, &longer, &old_root, &new_root), "{old} in {new}: one hash too many");
            for cut in 0..proof.len() {
                assert!(!verify_consistency(old, new, &proof[..cut], &old_root, &new_root), "{old} in {new}: cut to {cut}");
            }
        }
        assert!(!verify_consistency(0, 0, &[other], &empty_root(), &empty_root()));
    }

    #[test]
    fn mend_61_an_inclusion_proof_has_no_hash_too_many_and_lies_inside_the_tree() {
        let memory = Memory::of(20);
        for (size, index) in (1..=20).flat_map(|size| (0..size).map(move |index| (size, index))) {
            let (root, leaf) = (root(&memory, size).unwrap(), leaf_hash(&index.to_be_bytes()));
            let proof = inclusion_proof(&memory, index, size).unwrap();
            let longer = [&proof[..], &[leaf]].concat();
            assert!(!verify_inclusion(&leaf, index, size, &longer, &root), "{index} in {size}");
            assert!(!verify_inclusion(&leaf, index + size, size, &proof, &root), "{index} beyond {size}");
        }
        assert!(!verify_inclusion(&empty_root(), 0, 0, &[], &empty_root()), "an empty tree has no leaf");
    }

    proptest! {
        #[test]
        fn a_flipped_bit_of_a_proof_is_refused(size in 2_u64..300, pick: prop::sample::Index, bit in 0_usize..256, at: prop::sample::Index) {
            let memory = Memory::of(size);
            let index = pick.index(size as usize) as u64;
            let mut proof = inclusion_proof(&memory, index, size).unwrap();
            let at = at.index(proof.len());
            proof[at][bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!verify_inclusion(&leaf_hash(&index.to_be_bytes()), index, size, &proof, &memory.1.root()));
        }

        #[test]
        fn verifiers_take_anything(old: u64, new: u64, proof: Vec<[u8; 32]>, a: [u8; 32], b: [u8; 32]) {
            verify_consistency(old, new, &proof, &a, &b);
            verify_inclusion(&a, old, new, &proof, &b);
        }
    }
}
