//! This node as a witness of other offices' logs, and what other offices' witnesses say of logs that are here.
//!
//! A checkpoint is cosigned only when all of its entries are here, so that a cosignature is also the word of somebody who can give the
//! log back. The witness is locked from the decision until its point is durable: of N and N+K, asked at once, N is never the last one.

use super::{Office, lock};
use crate::{
    service::{Refusal, office::now_ms},
    store::{Cosigned, StoreError},
};
use protocol::{
    id::{Millis, Origin, RecordHash},
    keys::OfficeKey,
    log::{AddCheckpoint, LogPoint, SignedCheckpoint, Witness, WitnessError, WitnessKey, WitnessVerifier},
    merkle,
    sync::witnessing::Newest,
};
use std::collections::BTreeMap;

/// What a peer that asked for a cosignature gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cosigning {
    /// The signature line.
    Line(String),
    /// This many entries were cosigned last; the proof must begin there.
    At(u64),
    /// The checkpoint is signed by the log and is not the history that is held here.
    OtherHistory(SignedCheckpoint),
    /// Not here, not yet, or not by this node.
    No,
}

/// The witness of a node, with what it cosigned before and what it holds: who kept a history does not cosign another, also where the table
/// of cosigned points was lost with a disk.
pub(super) fn open(
    federation: &str,
    code: protocol::id::OfficeCode,
    key: OfficeKey,
    store: &crate::store::Store,
) -> Result<Witness, StoreError> {
    let name = WitnessVerifier::of_office(federation, code, key.public()).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let key = WitnessKey::new(name.name(), key).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let mut points: BTreeMap<Origin, LogPoint> = BTreeMap::new();
    let held = store.origins().into_iter().filter_map(|origin| {
        let head = store.head(&origin);
        let complete = head.note.lines().nth(1).is_some_and(|size| size.parse() == Ok(head.size));
        complete.then_some(LogPoint { origin, size: head.size, root: RecordHash(head.root) })
    });
    for point in store.witnessed()?.into_iter().chain(held) {
        let known = points.entry(point.origin.clone()).or_insert_with(|| point.clone());
        if known.size < point.size {
            *known = point;
        }
    }
    Ok(Witness::new(key, points.into_values()))
}

impl Office {
    /// Decides on a question for a cosignature: the body of an `add-checkpoint` request.
    ///
    /// # Errors
    /// The disk refuses; nothing is given out then.
    pub fn cosign(&self, body: &str) -> Result<Cosigning, Refusal> {
        let Ok(request) = AddCheckpoint::parse(body) else { return Ok(Cosigning::No) };
        let Some(origin) = request.claimed_origin() else { return Ok(Cosigning::No) };
        // What was cosigned since a backup or an image was taken is not known here before others were asked.
        let unsure = !self.standing.read().unwrap_or_else(std::sync::PoisonError::into_inner).is_compared();
        let Some(key) = self.members().verifier(&origin).filter(|_| !unsure && !self.own_origins().contains(&origin)) else {
            return Ok(Cosigning::No);
        };
        let mut witness = lock(&self.witness);
        let enrolled = self.member().and_then(|member| member.enrol.witness) == Some(witness.verifier().key());
        let Some(checkpoint) = SignedCheckpoint::verify(&request.note, &key).ok().filter(|_| enrolled && self.goes_on(&origin)) else {
            return Ok(Cosigning::No);
        };
        match self.holds(&checkpoint)? {
            None => return Ok(Cosigning::No),
            Some(false) => return Ok(Cosigning::OtherHistory(checkpoint)),
            Some(true) => {}
        }
        let ready = match witness.add_checkpoint(&request, Some(&key), now_ms() / 1000) {
            Ok(ready) => ready,
            Err(WitnessError::Conflict(size)) => return Ok(Cosigning::At(size)),
            Err(WitnessError::Inconsistent(_)) => return Ok(Cosigning::OtherHistory(checkpoint)),
            Err(_) => return Ok(Cosigning::No),
        };
        self.store.put_witnessed(&ready.point())?;
        let line = ready.persisted();
        drop(witness);
        self.take_cosignatures(&format!("{}{line}", checkpoint.note()))?;
        Ok(Cosigning::Line(line))
    }

    /// Whether a checkpoint is a beginning of what is held here; nothing where less is held than it stands for.
    pub(in crate::service) fn holds(&self, checkpoint: &SignedCheckpoint) -> Result<Option<bool>, StoreError> {
        let held = self.store.head(checkpoint.origin());
        if held.size < checkpoint.size() {
            return Ok(None);
        }
        let root = self.store.with_subtrees(checkpoint.origin(), |view| merkle::root(view, checkpoint.size()))?;
        Ok(Some(root.unwrap_or_else(merkle::empty_root) == *checkpoint.root()))
    }

    /// Whether the province still believes what is newly written into a log.
    pub(super) fn goes_on(&self, origin: &Origin) -> bool {
        let members = self.members();
        let ended =
            origin.office_and_epoch().is_some_and(|(code, _)| members.office(code).is_none_or(|office| office.end_of(origin).is_some()));
        !ended && members.open_forks().all(|fork| fork.points().0.origin != *origin)
    }

    /// Takes in a note with cosignatures on a checkpoint that is here. Lines that do not hold, or are not of an enrolled witness, are
    /// passed over. Gives how many witnesses are known to have cosigned that checkpoint; nothing where it is not here.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn take_cosignatures(&self, note: &str) -> Result<Option<usize>, Refusal> {
        let origin: Option<Origin> = note.lines().next().and_then(|origin| origin.parse().ok());
        let (Some(key), Some(origin)) = (origin.as_ref().and_then(|origin| self.members().verifier(origin)), origin) else {
            return Ok(None);
        };
        let Ok(given) = SignedCheckpoint::verify(note, &key) else { return Ok(None) };
        if self.holds(&given)? != Some(true) {
            return Ok(None);
        }
        let members = self.members();
        let (today, witnesses) = (members.witnesses_of(&origin), members.witnesses_ever_of(&origin));
        drop(members);
        // What comes now counts by the witnesses of today; what was kept in its time goes on counting.
        let Ok(given) = given.only_lines_of(&key, &today) else { return Ok(None) };
        // One at a time, so that no line is lost between reading and writing.
        let _one = lock(&self.cosigned);
        let known = self.store.cosigned(&origin)?;
        let mut merged = given.clone();
        for other in [&known.newest, &known.best].into_iter().filter_map(|note| SignedCheckpoint::verify(note, &key).ok()) {
            if other.point() == given.point() {
                // A note that is full already keeps the lines that it has.
                let _ = other.note().split_once("\n\n").map(|(_, lines)| merged.add_lines(lines));
            }
        }
        let Ok(merged) = merged.only_lines_of(&key, &witnesses) else { return Ok(None) };
        let count = count(&merged, &witnesses);
        let size_of = |note: &str| SignedCheckpoint::verify(note, &key).map_or(0, |known| known.size());
        let best = SignedCheckpoint::verify(&known.best, &key).map_or(0, |best| self::count(&best, &witnesses));
        let mut kept = known.clone();
        if count > 0 && merged.size() >= size_of(&known.newest) {
            merged.note().clone_into(&mut kept.newest);
        }
        if count > 0 && count >= best && merged.size() >= size_of(&known.best) {
            merged.note().clone_into(&mut kept.best);
        }
        if kept != known {
            self.store.put_cosigned(&merged, &kept)?;
        }
        Ok(Some(count))
    }

    /// The note that proves a position of a log best: one that covers it, with the most witnesses, and of equals the newest. Gives the
    /// number of witnesses along; nothing where no checkpoint covers it.
    ///
    /// # Errors
    /// As the store.
    pub fn note_over(&self, origin: &Origin, index: u64) -> Result<Option<(SignedCheckpoint, usize)>, StoreError> {
        let members = self.members();
        let Some(key) = members.verifier(origin) else { return Ok(None) };
        let (today, witnesses) = (members.witnesses_of(origin), members.witnesses_ever_of(origin));
        drop(members);
        let Cosigned { newest, best } = self.store.cosigned(origin)?;
        let head = self.store.head(origin).note;
        let notes = [(&head, &today), (&newest, &witnesses), (&best, &witnesses)];
        let covering = notes.into_iter().filter_map(|(note, may)| Some((SignedCheckpoint::verify(note, &key).ok()?, may)));
        // A line of the newest note that stopped counting, because its witness was revoked since, goes, and one that does not hold as well.
        let clean = covering.filter(|(signed, _)| signed.size() > index).filter_map(|(signed, may)| signed.only_lines_of(&key, may).ok());
        Ok(clean
            .map(|signed| (count(&signed, &witnesses), signed))
            .max_by_key(|(k, signed)| (*k, signed.size()))
            .map(|(k, signed)| (signed, k)))
    }

    /// How many other offices cosigned a checkpoint, as far as is known here.
    pub fn witnesses_on(&self, checkpoint: &SignedCheckpoint) -> usize {
        count(checkpoint, &self.members().witnesses_ever_of(checkpoint.origin()))
    }

    /// The time of witnesses of today on this checkpoint that is believed: the second latest, or the only one where there is no other witness.
    ///
    /// Attack: one stolen key signs any time, and a clock that is doubted stops what needs one.
    pub(super) fn attested_ms(&self, checkpoint: &SignedCheckpoint) -> Option<Millis> {
        let today = self.members().witnesses_of(checkpoint.origin());
        let times = times(checkpoint, &today);
        times.get(1).or_else(|| times.first().filter(|_| today.len() == 1)).copied()
    }

    /// The second latest time of witnesses that ever were on this checkpoint; the only one where no other cosigned it.
    pub(super) fn second_ms(&self, checkpoint: &SignedCheckpoint) -> Option<Millis> {
        let times = times(checkpoint, &self.members().witnesses_ever_of(checkpoint.origin()));
        times.get(1).or(times.first()).copied()
    }

    /// When a witness last cosigned this checkpoint, by its clock; nothing where none is known to have.
    pub fn cosigned_ms(&self, checkpoint: &SignedCheckpoint) -> Option<Millis> {
        let witnesses = self.members().witnesses_ever_of(checkpoint.origin());
        times(checkpoint, &witnesses).first().copied()
    }

    /// When a witness last cosigned a log that is here, by its clock; nothing where none is known to have.
    ///
    /// # Errors
    /// As the store.
    pub fn witnessed_ms(&self, origin: &Origin) -> Result<Option<Millis>, StoreError> {
        let members = self.members();
        let Some(key) = members.verifier(origin) else { return Ok(None) };
        drop(members);
        let newest = SignedCheckpoint::verify(&self.store.cosigned(origin)?.newest, &key).ok();
        Ok(newest.and_then(|newest| self.cosigned_ms(&newest)))
    }

    /// The newest checkpoints of the logs that this node writes.
    pub fn newest(&self) -> Vec<Newest> {
        let own = self.own_origins().into_iter().filter(|origin| self.goes_on(origin));
        own.filter_map(|origin| {
            let note = self.store.head(&origin).note;
            let size = note.lines().nth(1)?.parse().ok()?;
            let lines = note.split_once("\n\n")?.1.lines().count().saturating_sub(1);
            Some(Newest { origin, size, lines })
        })
        .collect()
    }

    /// The question for a cosignature on the newest checkpoint of an own log, with a proof from `old`; gives the note along.
    ///
    /// # Errors
    /// As the store.
    pub fn ask_for_cosignature(&self, origin: &Origin, old: u64) -> Result<Option<(String, AddCheckpoint)>, StoreError> {
        let note = self.store.head(origin).note;
        let Some(size) = note.lines().nth(1).and_then(|size| size.parse::<u64>().ok()).filter(|size| *size >= old) else { return Ok(None) };
        let proof = self.store.with_subtrees(origin, |view| merkle::consistency_proof(view, old, size))?.unwrap_or_default();
        Ok(Some((note.clone(), AddCheckpoint { old, proof, note })))
    }
}

/// When each office cosigned a checkpoint, the latest first.
fn times(checkpoint: &SignedCheckpoint, witnesses: &[WitnessVerifier]) -> Vec<Millis> {
    let mut of_office: BTreeMap<&str, Millis> = BTreeMap::new();
    for (witness, time_s) in checkpoint.cosigned_by(witnesses).unwrap_or_default() {
        let latest = of_office.entry(witness.name()).or_default();
        *latest = time_s.saturating_mul(1000).max(*latest);
    }
    let mut times: Vec<Millis> = of_office.into_values().collect();
    times.sort_unstable_by_key(|time| std::cmp::Reverse(*time));
    times
}

fn count(checkpoint: &SignedCheckpoint, witnesses: &[WitnessVerifier]) -> usize {
    checkpoint.cosigned_by(witnesses).map_or(0, |found| found.len())
}

#[cfg(test)]
mod tests;
