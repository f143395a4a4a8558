//! Proving, learning and passing on forks, as `node::service::office::forks` and `node::net::driver::forks` do.

use super::{Asked, Office};
use minicbor::bytes::{ByteArray, ByteVec};
use protocol::{
    id::{Origin, PublicKey, RecordHash},
    limits::{COMPARE_RETRY_MS, FORK_PROOFS_GIVEN_MAX, FORK_PROOFS_TOLD_MAX},
    log::{ForkProof, SignedCheckpoint, probes},
    merkle::Hash,
    sync::wire::{Beginning, Request},
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub(super) struct Forks {
    compared: BTreeMap<(PublicKey, Origin), u64>,
    distrusted: BTreeSet<PublicKey>,
}

impl Forks {
    pub(super) fn gone(&mut self, peer: PublicKey) {
        self.compared.retain(|(key, _), _| *key != peer);
        self.distrusted.remove(&peer);
    }
}

enum Learned {
    Garbage,
    Known,
    New(Origin, u64),
}

impl Office {
    pub(super) fn compare_with(&mut self, peer: PublicKey, origin: Origin) {
        let again_at = self.forks.compared.entry((peer, origin.clone())).or_default();
        if *again_at <= self.uptime {
            *again_at = self.uptime + COMPARE_RETRY_MS;
            self.compare_between(peer, origin, 0, u64::MAX);
        }
    }

    fn compare_between(&mut self, peer: PublicKey, origin: Origin, from: u64, to: u64) {
        let Some(log) = self.disk.logs.get(&origin) else { return };
        let size = log.signed();
        if size == 0 || size > log.size() {
            return;
        }
        let beginning = |at: u64| Beginning {
            size: at,
            root: RecordHash(log.root_at(at)),
            path: log.path(at, size).into_iter().map(Into::into).collect(),
        };
        let beginnings: Vec<Beginning> = probes(from.min(size), to.min(size)).into_iter().map(beginning).collect();
        let to = beginnings.last().map_or(from, |last| last.size);
        let request = Request::Compare { note: log.note.clone(), beginnings };
        self.ask(peer, request, Asked::Proofs(Some((origin, from, to))));
    }

    /// The answer to a comparison: a proof, where another history is held here that is as long or longer.
    pub(super) fn compare(&mut self, note: &str, beginnings: &[Beginning]) -> Option<Vec<u8>> {
        let origin: Origin = note.lines().next()?.parse().ok()?;
        let smaller = SignedCheckpoint::verify(note, &self.members.verifier(&origin)?).ok()?;
        self.prove_fork(&smaller, beginnings)
    }

    pub(super) fn prove_fork(&mut self, smaller: &SignedCheckpoint, beginnings: &[Beginning]) -> Option<Vec<u8>> {
        let origin = smaller.origin();
        let key = self.members.verifier(origin)?;
        let log = self.disk.logs.get(origin)?;
        let held = SignedCheckpoint::verify(&log.note, &key).ok().filter(|held| held.size() <= log.size())?;
        let mut agreed: Option<(u64, Vec<Hash>)> = None;
        for beginning in beginnings.iter().filter(|beginning| beginning.size <= smaller.size().min(held.size())) {
            if agreed.as_ref().is_none_or(|(size, _)| *size < beginning.size) && log.root_at(beginning.size) == beginning.root.0 {
                agreed = Some((beginning.size, beginning.path.iter().map(|hash| **hash).collect()));
            }
        }
        let Ok(proof) = ForkProof::against(&held, log, smaller, agreed.as_ref().map(|(size, path)| (*size, &path[..])));
        let proof = proof?;
        let bytes = if proof.verify(&key).is_ok() { proof.encode() } else { ForkProof { common: None, ..proof }.encode() };
        self.learn_fork(&bytes);
        Some(bytes)
    }

    fn learn_fork(&mut self, bytes: &[u8]) -> Learned {
        let Ok(proof) = ForkProof::decode(bytes) else { return Learned::Garbage };
        let Some(origin) = proof.claimed_origin() else { return Learned::Garbage };
        let Some(key) = self.members.verifier(&origin) else { return Learned::Known };
        let Ok(fork) = proof.verify(&key) else { return Learned::Garbage };
        let known = self.members.forks().find(|(known, ..)| *known == fork.name()).map(|(_, shared, _)| shared);
        let beyond = self.members.forgotten_for(&fork);
        if known.is_some_and(|shared| shared >= fork.common()) || beyond.as_ref() == Some(fork.name()) {
            return Learned::Known;
        }
        self.disk.forks.insert(fork.name().clone(), bytes.to_vec());
        if let Some(beyond) = beyond {
            self.disk.forks.remove(&beyond);
        }
        self.disk.sync();
        self.members.learn_fork(&fork);
        let peers: Vec<PublicKey> = self.sync.connected().collect();
        for peer in peers {
            self.ask(peer, Request::ForkProof(bytes.to_vec().into()), Asked::Pass);
        }
        Learned::New(origin, fork.common())
    }

    pub(super) fn recall_forks(&mut self) {
        for proof in self.disk.forks.values() {
            let fork = ForkProof::decode(proof).ok().and_then(|proof| {
                let key = self.members.verifier(&proof.claimed_origin()?)?;
                proof.verify(&key).ok()
            });
            if let Some(fork) = fork {
                self.members.learn_fork(&fork);
            }
        }
    }

    /// Looks at proofs of a peer; narrows what two histories share, round by round.
    pub(super) fn learn(&mut self, peer: PublicKey, range: Option<(Origin, u64, u64)>, proofs: Vec<Vec<u8>>) -> bool {
        if self.forks.distrusted.contains(&peer) {
            return false;
        }
        let learned: Vec<Learned> = proofs.iter().map(|proof| self.learn_fork(proof)).collect();
        if learned.iter().any(|learned| matches!(learned, Learned::Garbage)) {
            self.forks.distrusted.insert(peer);
            return true;
        }
        for learned in learned {
            let Learned::New(origin, shared) = learned else { continue };
            match &range {
                Some((log, from, to)) if *log == origin => {
                    let above = probes(*from, *to).into_iter().find(|size| *size > shared);
                    if let Some(above) = above.filter(|above| above - shared > 1) {
                        self.compare_between(peer, origin, shared, above);
                    }
                }
                _ => self.compare_with(peer, origin),
            }
        }
        true
    }

    pub(super) fn fork_proofs_held(&self) -> Vec<ByteArray<32>> {
        let hash = |proof: &Vec<u8>| ByteArray::from(<[u8; 32]>::from(Sha256::digest(proof)));
        self.disk.forks.values().take(FORK_PROOFS_TOLD_MAX).map(hash).collect()
    }

    pub(super) fn fork_proofs_beside(&self, held: &[ByteArray<32>]) -> Vec<ByteVec> {
        let others = self.disk.forks.values().filter(|proof| !held.contains(&<[u8; 32]>::from(Sha256::digest(proof)).into()));
        others.take(FORK_PROOFS_GIVEN_MAX).map(|proof| proof.clone().into()).collect()
    }
}
