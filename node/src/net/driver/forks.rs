//! Carries what proves forks: comparisons with peers that hold another history, and proofs, each passed on once.

use super::{Asked, Done, Driver, uptime_ms};
use crate::service::{Learned, Office};
use minicbor::bytes::ByteArray;
use protocol::{
    id::{Origin, PublicKey},
    limits::COMPARE_RETRY_MS,
    log::probes,
    sync::{
        Event,
        wire::{Beginning, Request, Response},
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// Proofs of peers being verified at one time.
const LEARNING_MAX: usize = 16;

/// What is going on about forks.
#[derive(Debug, Default)]
pub(super) struct Forks {
    compared: BTreeMap<(PublicKey, Origin), u64>,
    /// Peers that gave proofs which prove nothing. No proof of theirs is looked at before they reconnect.
    distrusted: BTreeSet<PublicKey>,
    learning: usize,
}

impl Forks {
    pub(super) fn gone(&mut self, peer: PublicKey) {
        self.compared.retain(|(key, _), _| *key != peer);
        self.distrusted.remove(&peer);
    }
}

impl Driver {
    /// A peer is there: its frontier is asked for, and the fork proofs that it has and this node lacks.
    pub(super) fn connected(&mut self, key: PublicKey) {
        let new = !self.sync.lag(key).connected;
        self.step(Event::Connected(key));
        if !new {
            return;
        }
        self.wants.connected(key);
        let nothing = move || Done::Question(key, Asked::Proofs(None), None);
        let work = move |office: &Office| match office.fork_proofs_held() {
            Ok(held) => {
                let held = held.into_iter().map(ByteArray::from).collect();
                Done::Question(key, Asked::Proofs(None), Some(Request::ForkProofs(held)))
            }
            Err(error) => {
                tracing::warn!(%error, "the fork proofs here cannot be read");
                nothing()
            }
        };
        self.off_reactor(work, nothing);
    }

    /// A peer holds another history of a log: whoever holds the larger one can prove it.
    pub(super) fn compare_with(&mut self, peer: PublicKey, origin: Origin) {
        let now = uptime_ms();
        let again_at = self.forks.compared.entry((peer, origin.clone())).or_default();
        if *again_at <= now {
            *again_at = now + COMPARE_RETRY_MS;
            tracing::debug!(%origin, %peer, "a peer may hold another history of a log");
            self.compare_between(peer, origin, 0, u64::MAX);
        }
    }

    fn compare_between(&mut self, peer: PublicKey, origin: Origin, from: u64, to: u64) {
        let nothing = move || Done::Question(peer, Asked::Pass, None);
        let work = move |office: &Office| match office.ask_for_proof(&origin, from, to) {
            Ok(Some((note, beginnings))) => {
                let to = beginnings.last().map_or(from, |last| last.size);
                Done::Question(peer, Asked::Proofs(Some((origin, from, to))), Some(Request::Compare { note, beginnings }))
            }
            Ok(None) => nothing(),
            Err(error) => {
                tracing::warn!(%error, %origin, "a history cannot be compared");
                nothing()
            }
        };
        self.off_reactor(work, nothing);
    }

    /// Looks at proofs of a peer, where there is room.
    pub(super) fn learn(&mut self, peer: PublicKey, range: Option<(Origin, u64, u64)>, proofs: Vec<Vec<u8>>) -> bool {
        if self.forks.distrusted.contains(&peer) || self.forks.learning >= LEARNING_MAX {
            return false;
        }
        self.forks.learning += 1;
        let work = move |office: &Office| {
            let learn = |proof: &Vec<u8>| {
                office.learn_fork(proof).unwrap_or_else(|error| {
                    tracing::error!(%error, "a fork proof cannot be kept");
                    Learned::NotYet
                })
            };
            Done::Learned(peer, range, proofs.iter().map(learn).collect())
        };
        self.off_reactor(work, move || Done::Learned(peer, None, vec![]));
        true
    }

    pub(super) fn on_learned(&mut self, peer: PublicKey, range: Option<(Origin, u64, u64)>, learned: &[Learned]) {
        self.forks.learning -= 1;
        if learned.contains(&Learned::Garbage) {
            tracing::warn!(%peer, "a peer gave fork proofs that prove nothing");
            self.forks.distrusted.insert(peer);
            return;
        }
        for learned in learned {
            let Learned::New { origin, shared } = learned else { continue };
            match &range {
                // The next round lies between what is shared and the next beginning that is not.
                Some((log, from, to)) if log == origin => {
                    let above = probes(*from, *to).into_iter().find(|size| size > shared);
                    if let Some(above) = above.filter(|above| above - shared > 1) {
                        self.compare_between(peer, origin.clone(), *shared, above);
                    }
                }
                // Whoever gave it holds the larger history; together the two can say what is shared.
                _ => self.compare_with(peer, origin.clone()),
            }
        }
    }

    /// A proof that is new here goes to everybody.
    pub(super) fn pass_on(&mut self, proof: &[u8]) {
        let peers: Vec<PublicKey> = self.sync.connected().collect();
        for peer in peers {
            self.send(peer, Request::ForkProof(proof.to_vec().into()), Asked::Pass);
        }
    }
}

/// The answer to a peer that holds another history.
pub(super) fn compare(office: &Office, note: &str, beginnings: &[Beginning]) -> Response {
    match office.compare(note, beginnings) {
        Ok(proof) => Response::ForkProofs(proof.into_iter().map(Into::into).collect()),
        Err(error) => {
            tracing::warn!(%error, "two histories cannot be compared");
            Response::NotHere
        }
    }
}

/// The answer to a peer that told which proofs it holds.
pub(super) fn give(office: &Office, held: &[ByteArray<32>]) -> Response {
    let held: Vec<[u8; 32]> = held.iter().map(|hash| **hash).collect();
    match office.fork_proofs_beside(&held) {
        Ok(proofs) => Response::ForkProofs(proofs.into_iter().map(Into::into).collect()),
        Err(error) => {
            tracing::warn!(%error, "the fork proofs here cannot be read");
            Response::NotHere
        }
    }
}
