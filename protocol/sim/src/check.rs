//! What must hold after every run, whatever went wrong. Each finding is a sentence; a run without findings is green.

mod rules;
mod state;

pub use state::Compared;

use crate::{liar::Lie, office::Office, store::size_of, work::case_at, world::World};
use protocol::{
    case::Status,
    id::{BlobHash, CaseId, OfficeCode, Origin, RecordHash},
    limits::{FORKS_PER_LOG_MAX, FRONTIER_LOGS_MAX, GOSSIP_PER_LOG_BURST, GOSSIP_PER_LOG_S},
    log::{SignedCheckpoint, VerifierKey},
    receipt::ReceiptProof,
    record::Record,
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Questions of one office without an answer, per peer: announcements of 20 s, one fetch, cosignatures and proofs of a few logs.
const QUESTIONS_PER_PEER_MAX: usize = 400;

impl World {
    /// Whether every honest office holds every honest log whole, and knows of every fork of which two of them hold both sides.
    pub(crate) fn is_converged(&self) -> bool {
        let honest = self.honest();
        let offices: Vec<&Office> = honest.iter().map(|index| &self.offices[*index]).collect();
        let whole = honest.iter().all(|writer| {
            let province = (*writer == 0).then(|| self.province().origin());
            self.offices[*writer].written().chain(province).all(|origin| {
                let size = self.offices[*writer].disk.size(origin);
                offices.iter().filter(|office| office.follows(origin)).all(|office| office.disk.size(origin) == size)
            })
        });
        let origins: BTreeSet<&Origin> = offices.iter().flat_map(|office| office.disk.logs.keys()).collect();
        whole
            && self.blobs_missing(&offices).is_empty()
            && origins.into_iter().all(|origin| {
                let same = self.clash(&offices, origin).is_none() && {
                    let sizes: BTreeSet<u64> =
                        offices.iter().filter(|office| office.follows(origin)).map(|office| office.disk.size(origin)).collect();
                    sizes.len() <= 1
                };
                let all_know = || offices.iter().all(|office| office.members.forks().any(|(fork, ..)| fork.points().0.origin == *origin));
                same || all_know()
            })
    }

    /// Blobs that an honest office needs and lacks although another one has them.
    fn blobs_missing(&self, offices: &[&Office]) -> Vec<(OfficeCode, BlobHash)> {
        let lacks = |office: &&Office| {
            let missing = office.wanted.iter().filter(|blob| !office.disk.blobs.contains_key(blob));
            missing.map(|blob| (office.code, *blob)).collect::<Vec<_>>()
        };
        let missing = offices.iter().flat_map(lacks);
        missing.filter(|(_, blob)| offices.iter().any(|office| office.disk.blobs.contains_key(blob))).collect()
    }

    /// Two offices that hold contradicting histories of a log.
    fn clash(&self, offices: &[&Office], origin: &Origin) -> Option<(String, String)> {
        let held: Vec<_> = offices.iter().filter_map(|office| Some((office.code, office.disk.logs.get(origin)?))).collect();
        let (longest, log) = held.iter().max_by_key(|(_, log)| log.size())?;
        let other = held.iter().find(|(_, other)| log.root_at(other.size()) != other.edge.root())?;
        Some((longest.to_string(), other.0.to_string()))
    }

    /// Everything that is wrong at the end of a run.
    #[cfg(test)]
    pub(crate) fn check(&self) -> Vec<String> {
        self.check_and_count().0
    }

    /// The same, with how much was compared.
    pub(crate) fn check_and_count(&self) -> (Vec<String>, Compared) {
        let mut findings = self.findings.clone();
        let honest = self.honest();
        self.check_progress(&honest, &mut findings);
        self.check_logs(&mut findings);
        self.check_acknowledged(&honest, &mut findings);
        let compared = self.check_state(&honest, &mut findings);
        self.check_receipts(&honest, &mut findings);
        self.check_forks(&honest, &mut findings);
        self.check_blobs(&mut findings);
        self.check_gossip(&honest, &mut findings);
        self.check_bounds(&mut findings);
        findings.truncate(20);
        (findings, compared)
    }

    fn check_progress(&self, honest: &[usize], findings: &mut Vec<String>) {
        if self.is_converged() {
            return;
        }
        findings.push(format!("no convergence within the bound, at {} ms of virtual time", self.now));
        let offices: Vec<&Office> = honest.iter().map(|index| &self.offices[*index]).collect();
        for (code, blob) in self.blobs_missing(&offices) {
            findings.push(format!("office {code} lacks the blob {blob}, which another one has"));
        }
        for (writer, origin) in self.offices.iter().flat_map(|writer| writer.written().map(move |origin| (writer, origin))) {
            let held: Vec<u64> = honest.iter().map(|index| self.offices[*index].disk.size(origin)).collect();
            let size = writer.disk.size(origin);
            if held.iter().any(|held| *held != size) {
                findings.push(format!("{origin} has {size} entries; offices {honest:?} hold {held:?}"));
            }
        }
    }

    /// Honest logs have one history, everywhere and under every checkpoint, and nobody holds more of one than its writer.
    fn check_logs(&self, findings: &mut Vec<String>) {
        for writer in (0..self.plan.offices).filter(|index| self.offices[*index].liar.is_none()) {
            let province = (writer == 0).then(|| self.province().origin().clone());
            for origin in self.offices[writer].written().cloned().chain(province) {
                let Some(whole) = self.offices[writer].disk.logs.get(&origin) else { continue };
                let key = self.key_of(&origin);
                for (index, office) in self.offices.iter().enumerate() {
                    let Some(held) = office.disk.logs.get(&origin) else { continue };
                    if held.size() > whole.size() || held.edge.root() != whole.root_at(held.size()) {
                        findings.push(format!("office {index} holds another history of the honest log {origin}"));
                    }
                    let signed = size_of(&held.note);
                    let note = key.as_ref().map(|key| SignedCheckpoint::verify(&held.note, key));
                    let holds = matches!(&note, Some(Ok(note)) if signed <= whole.size() && whole.root_at(signed) == *note.root());
                    if signed > 0 && !holds {
                        findings.push(format!("office {index} keeps a checkpoint of the honest log {origin} that is not one"));
                    }
                    if office.members.forks().any(|(fork, ..)| fork.points().0.origin == origin) {
                        findings.push(format!("office {index} believes that the honest log {origin} forked"));
                    }
                }
            }
        }
    }

    fn key_of(&self, origin: &Origin) -> Option<VerifierKey> {
        self.offices[0].members.verifier(origin)
    }

    /// What a clerk was told is done stands where it was put, and every honest office accounts for it in the state of its case.
    fn check_acknowledged(&self, honest: &[usize], findings: &mut Vec<String>) {
        let mut states: BTreeMap<(usize, CaseId), BTreeSet<RecordHash>> = BTreeMap::new();
        for said in self.acknowledged.iter().filter(|said| self.offices[said.office].liar.is_none()) {
            let log = self.offices[said.office].disk.logs.get(&said.origin);
            let entry = log.and_then(|log| log.entries.get(said.index as usize)).and_then(|stored| stored.entry.as_ref());
            if entry.is_none_or(|entry| entry.record.hash() != said.hash) {
                findings.push(format!("an acknowledged record is lost: entry {} of {}", said.index, said.origin));
                continue;
            }
            // A withdrawal that counts is told by the status alone.
            let Some(case) = said.record.case().filter(|_| !matches!(said.record, Record::Withdrawn(_))) else { continue };
            for index in honest {
                let office = &self.offices[*index];
                if office.disk.size(&said.origin) <= said.index || !office.counts(&said.origin) {
                    continue;
                }
                let known = states.entry((*index, case)).or_insert_with(|| self.accounts_for(office, case));
                // Without a submission that counts there is no case, and so nothing to account in.
                if !known.is_empty() && !known.contains(&said.hash) {
                    findings.push(format!("office {index} does not account for a {} of {}", said.record.kind(), said.origin));
                }
            }
        }
    }

    /// Every receipt that an honest office acknowledged verifies from every honest office that holds it under a checkpoint.
    fn check_receipts(&self, honest: &[usize], findings: &mut Vec<String>) {
        for said in self.acknowledged.iter().filter(|said| matches!(said.record, Record::ReceiptIssued(_))) {
            if self.offices[said.office].liar.is_some() {
                continue;
            }
            let Some(key) = self.key_of(&said.origin) else { continue };
            for index in honest {
                let Some(log) = self.offices[*index].disk.logs.get(&said.origin).filter(|log| log.signed() > said.index) else { continue };
                let proof = ReceiptProof {
                    entry: log.entries[said.index as usize].bytes.clone(),
                    index: said.index,
                    path: log.inclusion(said.index, log.signed()),
                    checkpoint: log.note.clone(),
                };
                let verified = ReceiptProof::parse(&proof.to_string()).and_then(|proof| proof.verify(&key));
                if verified.as_ref().map(|verified| verified.record.hash()) != Ok(said.hash) {
                    findings.push(format!("a receipt of {} does not verify from office {index}: {verified:?}", said.origin));
                }
            }
        }
    }

    /// A cloned key is proved where two honest offices hold both sides; nobody counts what comes after; no witness vouched for both.
    fn check_forks(&self, honest: &[usize], findings: &mut Vec<String>) {
        let offices: Vec<&Office> = honest.iter().map(|index| &self.offices[*index]).collect();
        for (liar, _) in self.plan.liars.iter().filter(|(_, lie)| *lie == Lie::Equivocates) {
            let origin = &self.offices[*liar].origin;
            let Some(twin) = self.offices.get(self.plan.offices..).and_then(|twins| twins.iter().find(|twin| twin.origin == *origin))
            else {
                continue;
            };
            let (Some(one), Some(other)) = (self.offices[*liar].disk.logs.get(origin), twin.disk.logs.get(origin)) else { continue };
            let common = (0..=one.size().min(other.size())).rev().find(|size| one.root_at(*size) == other.root_at(*size)).unwrap_or(0);
            let clash = self.clash(&offices, origin);
            for index in honest {
                let office = &self.offices[*index];
                let shared =
                    office.members.forks().filter(|(fork, ..)| fork.points().0.origin == *origin).map(|(_, shared, _)| shared).min();
                if clash.is_some() && shared.is_none() {
                    findings.push(format!("office {index} does not know that {origin} forked"));
                }
                if shared.is_some_and(|shared| shared > common) {
                    findings.push(format!("office {index} counts entries of {origin} beyond the {common} that both histories share"));
                }
                let points = office.cosigned.iter().filter(|(log, size, _)| log == origin && *size > common);
                let on = |log: &crate::store::Log, size: u64, root: &RecordHash| size <= log.size() && log.root_at(size) == root.0;
                let both: BTreeSet<bool> = points.map(|(_, size, root)| on(one, *size, root)).collect();
                if both.len() > 1 {
                    findings.push(format!("office {index} cosigned both histories of {origin}"));
                }
            }
        }
    }

    /// What is kept as a blob has its hash, whoever gave it.
    fn check_blobs(&self, findings: &mut Vec<String>) {
        for (index, office) in self.offices.iter().enumerate() {
            for (hash, blob) in &office.disk.blobs {
                if BlobHash(Sha256::digest(&*blob.bytes).into()) != *hash {
                    findings.push(format!("office {index} keeps something else under the name {hash}"));
                }
            }
        }
    }

    /// By gossip nobody believes more of an honest log than was signed, nobody passes on more of any than the bound, and nobody honest is to
    /// blame.
    fn check_gossip(&self, honest: &[usize], findings: &mut Vec<String>) {
        for (index, office) in self.offices.iter().enumerate() {
            let honest_logs = self.offices.iter().filter(|writer| writer.liar.is_none());
            for (writer, origin) in honest_logs.flat_map(|writer| writer.written().map(move |origin| (writer, origin))) {
                let (heard, signed) = (office.heard_of(origin), writer.disk.heads.get(origin).map_or(0, |note| size_of(note)));
                if heard > signed {
                    findings.push(format!("office {index} heard of {heard} entries of {origin}, of which {signed} are signed"));
                }
            }
            let cut_off = |other: &&usize| office.does_not_listen_to(self.offices[**other].public());
            if office.liar.is_none()
                && let Some(other) = honest.iter().find(cut_off)
            {
                findings.push(format!("office {index} does not listen to office {other}, which is honest"));
            }
            let bound = GOSSIP_PER_LOG_BURST + GOSSIP_PER_LOG_S * (office.listened_ms() / 1_000 + 1);
            for (origin, passed_on) in office.gossip.passed_on.iter().filter(|(_, passed_on)| **passed_on > bound) {
                findings.push(format!("office {index} passed on {passed_on} checkpoints of {origin}"));
            }
        }
    }

    fn check_bounds(&self, findings: &mut Vec<String>) {
        // An office is another peer under each of its keys.
        let peers = self.offices.len() + self.turns().0;
        for (index, office) in self.offices.iter().enumerate() {
            let logs = office.logs_known().len();
            if office.sync.holdings().count() > peers * logs {
                findings.push(format!("office {index} remembers more logs of peers than there are"));
            }
            if office.disk.frontier().len() > FRONTIER_LOGS_MAX || office.disk.logs.len() > 2 * self.plan.offices + 1 + self.turns().0 {
                findings.push(format!("office {index} keeps logs that nobody enrolled"));
            }
            for log in office.disk.logs.keys() {
                if office.members.forks().filter(|(fork, ..)| fork.points().0.origin == *log).count() > FORKS_PER_LOG_MAX {
                    findings.push(format!("office {index} remembers more forks of {log} than the bound"));
                }
            }
        }
        if self.questions_max > peers * QUESTIONS_PER_PEER_MAX {
            findings.push(format!("{} questions of one office were without an answer at one time", self.questions_max));
        }
    }

    /// Cases that stand in conflict at the province, and receipts acknowledged.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let province = &self.offices[0];
        let conflicts =
            province.cases.keys().filter_map(|case| case_at(province, *case)).filter(|case| case.status == Status::Conflict).count();
        let receipts = self.acknowledged.iter().filter(|said| matches!(said.record, Record::ReceiptIssued(_))).count();
        (province.cases.len(), conflicts, receipts)
    }
}
