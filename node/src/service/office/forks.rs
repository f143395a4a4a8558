//! Forks: proving that a log was signed twice, believing only what is proved, and remembering it for ever.
//!
//! Of two holders of different histories the one with the smaller checkpoint asks; the one with the larger tree can prove that the smaller
//! checkpoint is not its beginning. What both share is narrowed round by round, for everything beyond it is set aside.

use super::{Change, Office, lock};
use crate::{service::Refusal, store::StoreError, text::Text};
use protocol::{
    id::{Origin, RecordHash},
    limits::{FORK_PROOFS_GIVEN_MAX, FORK_PROOFS_TOLD_MAX},
    log::{ForkName, ForkProof, LogPoint, SignedCheckpoint, probes},
    merkle::{self, Hash},
    sync::wire::Beginning,
};
use sha2::{Digest, Sha256};
use std::sync::PoisonError;

/// What a fork proof was worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Learned {
    /// It proves nothing, and whoever gave it must have known.
    Garbage,
    /// The log is not enrolled, as far as is known here; the proof is not kept.
    NotYet,
    /// It was known, or one that proves more is.
    Known,
    /// It is new, or proves more than was known.
    New {
        /// The log.
        origin: Origin,
        /// Entries that both histories are proved to share.
        shared: u64,
    },
}

/// A fork as people are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkNotice {
    /// Names it on the command line: 16 hex digits.
    pub id: String,
    /// Its two points, smaller first.
    pub points: (LogPoint, LogPoint),
    /// Entries that both histories are proved to share.
    pub shared: u64,
    /// Where the province ended the log, once it adjudicated this fork.
    pub stands: Option<LogPoint>,
}

impl ForkNotice {
    /// What happened and what to do.
    pub fn text(&self, office_name: &str) -> Text {
        let log = &self.points.0.origin;
        match &self.stands {
            None => Text::new(
                format!(
                    "{office_name} 的日志 {log} 有两份互相矛盾的已签名历史（前 {} 条一致）：密钥被复制或盗用。其后的记录已隔离，不计入任何结论。请保留两台机器并由省级管理员裁定（huizhi fork adjudicate {}）",
                    self.shared, self.id
                ),
                format!(
                    "the log {log} of {office_name} carries two signed histories that contradict each other (the first {} entries are the \
                     same): its key was copied or stolen. What comes after them is set aside and counts for nothing; keep both machines as \
                     they are, and have the province decide: huizhi fork adjudicate {}",
                    self.shared, self.id
                ),
            ),
            Some(stands) => Text::new(
                format!("{office_name} 的日志 {log} 曾分叉；省级已裁定前 {} 条有效", stands.size),
                format!("the log {log} of {office_name} forked; the province decided that its first {} entries stand", stands.size),
            ),
        }
    }
}

/// SHA-256 over both points: the same for whoever proves the fork, and however much is proved to be shared.
fn name_of(name: &ForkName) -> [u8; 32] {
    let (smaller, larger) = name.points();
    let digest = Sha256::new().chain_update(minicbor::to_vec(smaller).unwrap_or_default());
    digest.chain_update(minicbor::to_vec(larger).unwrap_or_default()).finalize().into()
}

impl Office {
    /// Takes in what was stored of forks before; at the start.
    pub(super) fn recall_forks(&self) -> Result<(), StoreError> {
        for (_, proof) in self.store.forks()? {
            let fork = ForkProof::decode(&proof).ok().and_then(|proof| {
                let key = self.members().verifier(&proof.claimed_origin()?)?;
                proof.verify(&key).ok()
            });
            match fork {
                Some(fork) => self.members.write().unwrap_or_else(PoisonError::into_inner).learn_fork(&fork),
                None => tracing::error!("a stored fork proof does not hold: the database was changed"),
            }
        }
        Ok(())
    }

    /// Believes a fork proof that holds: durable first, then quarantine, then the alarm.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn learn_fork(&self, bytes: &[u8]) -> Result<Learned, Refusal> {
        let Ok(proof) = ForkProof::decode(bytes) else { return Ok(Learned::Garbage) };
        let Some(origin) = proof.claimed_origin() else { return Ok(Learned::Garbage) };
        let Some(key) = self.members().verifier(&origin) else { return Ok(Learned::NotYet) };
        let Ok(fork) = proof.verify(&key) else { return Ok(Learned::Garbage) };
        let _one = lock(&self.forks);
        let name = name_of(fork.name());
        let (known, beyond) = {
            let members = self.members();
            let known = members.forks().find(|(known, ..)| *known == fork.name()).map(|(_, shared, _)| shared);
            (known, members.forgotten_for(&fork))
        };
        // Bound: an office may sign any number of histories.
        if known.is_some_and(|shared| shared >= fork.common()) || beyond.as_ref() == Some(fork.name()) {
            return Ok(Learned::Known);
        }
        let beyond: Vec<[u8; 32]> = beyond.iter().map(name_of).collect();
        self.store.put_fork(&name, bytes, &beyond)?;
        self.members.write().unwrap_or_else(PoisonError::into_inner).learn_fork(&fork);
        self.forget_cases();
        tracing::error!(%origin, shared = fork.common(), "two histories of one log are proved: its entries beyond what they share are set aside");
        self.tell(Change::Fork(bytes.into()));
        self.tell(Change::Status);
        self.tell(Change::Cases);
        Ok(Learned::New { origin, shared: fork.common() })
    }

    /// Proves, where it is so, that a checkpoint signed by its log is not a beginning of what is held here, and believes it. Gives the proof.
    ///
    /// # Errors
    /// As the store.
    pub fn prove_fork(&self, smaller: &SignedCheckpoint, beginnings: &[Beginning]) -> Result<Option<Vec<u8>>, Refusal> {
        let origin = smaller.origin();
        let Some(key) = self.members().verifier(origin) else { return Ok(None) };
        let Ok(held) = SignedCheckpoint::verify(&self.store.head(origin).note, &key) else { return Ok(None) };
        let proof = self.store.with_subtrees(origin, |view| {
            let mut agreed: Option<(u64, Vec<Hash>)> = None;
            for beginning in beginnings.iter().filter(|beginning| beginning.size <= smaller.size().min(held.size())) {
                let larger = agreed.as_ref().is_none_or(|(size, _)| *size < beginning.size);
                if larger && merkle::root(view, beginning.size)? == beginning.root.0 {
                    agreed = Some((beginning.size, beginning.path.iter().map(|hash| **hash).collect()));
                }
            }
            ForkProof::against(&held, view, smaller, agreed.as_ref().map(|(size, path)| (*size, &path[..])))
        })?;
        let Some(proof) = proof.flatten() else { return Ok(None) };
        let bytes = match proof.verify(&key) {
            Ok(_) => proof.encode(),
            // The asker's proof of what is shared does not hold; the fork stands without it.
            Err(_) => ForkProof { common: None, ..proof }.encode(),
        };
        self.learn_fork(&bytes)?;
        Ok(Some(bytes))
    }

    /// The question that lets a holder of a larger history prove a fork: the newest complete checkpoint here, and beginnings of its history
    /// from `from` to `to` entries.
    ///
    /// # Errors
    /// As the store.
    pub fn ask_for_proof(&self, origin: &Origin, from: u64, to: u64) -> Result<Option<(String, Vec<Beginning>)>, StoreError> {
        let note = self.store.head(origin).note;
        let Some(size) = note.lines().nth(1).and_then(|size| size.parse::<u64>().ok()) else { return Ok(None) };
        let beginnings = self.store.with_subtrees(origin, |view| {
            let beginning = |at: u64| {
                let path = merkle::consistency_proof(view, at, size)?.into_iter().map(Into::into).collect();
                Ok(Beginning { size: at, root: RecordHash(merkle::root(view, at)?), path })
            };
            probes(from.min(size), to.min(size)).into_iter().map(beginning).collect::<Result<Vec<_>, StoreError>>()
        })?;
        Ok(beginnings.map(|beginnings| (note, beginnings)))
    }

    /// The answer to such a question: a proof, when this node holds another history that is as long or longer.
    ///
    /// # Errors
    /// As the store.
    pub fn compare(&self, note: &str, beginnings: &[Beginning]) -> Result<Option<Vec<u8>>, Refusal> {
        let origin: Option<Origin> = note.lines().next().and_then(|origin| origin.parse().ok());
        let key = origin.and_then(|origin| self.members().verifier(&origin));
        let Some(checkpoint) = key.and_then(|key| SignedCheckpoint::verify(note, &key).ok()) else { return Ok(None) };
        self.prove_fork(&checkpoint, beginnings)
    }

    /// SHA-256 of the fork proofs that are here.
    ///
    /// # Errors
    /// As the store.
    pub fn fork_proofs_held(&self) -> Result<Vec<[u8; 32]>, StoreError> {
        Ok(self.store.forks()?.into_iter().take(FORK_PROOFS_TOLD_MAX).map(|(_, proof)| Sha256::digest(proof).into()).collect())
    }

    /// Fork proofs that are here and not among these.
    ///
    /// # Errors
    /// As the store.
    pub fn fork_proofs_beside(&self, held: &[[u8; 32]]) -> Result<Vec<Vec<u8>>, StoreError> {
        let others = self.store.forks()?.into_iter().map(|(_, proof)| proof);
        Ok(others.filter(|proof| !held.contains(&Sha256::digest(proof).into())).take(FORK_PROOFS_GIVEN_MAX).collect())
    }

    /// Every fork that was proved, open ones first.
    pub fn forks(&self) -> Vec<ForkNotice> {
        let members = self.members();
        let mut forks: Vec<ForkNotice> = members
            .forks()
            .map(|(name, shared, stands)| ForkNotice {
                id: hex::encode(&name_of(name)[..8]),
                points: (name.points().0.clone(), name.points().1.clone()),
                shared,
                stands: stands.cloned(),
            })
            .collect();
        forks.sort_by_key(|fork| (fork.stands.is_some(), fork.id.clone()));
        forks
    }
}

#[cfg(test)]
mod tests;
