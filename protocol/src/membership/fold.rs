//! The fold of the province's log, entry by entry in log order.

use super::{Grant, KeyUse, Membership, Office, OfficeLog, PublishedSpec};
use crate::{
    id::{Millis, OfficeCode, Origin, ParseIdError, PublicKey, SpecHash},
    limits::EPOCH_MAX,
    log::{ForkName, LogPoint, VerifierKey},
    record::{Adjudicated, Enrol, Record, Retired, Revoke, Rotate, Verified},
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Why an entry of the province's log does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnrolError {
    /// Signed by another key than the province's.
    #[error("only the province's key writes the province's log")]
    NotTheProvince,
    /// The key may not be used.
    #[error("the office's public key may not be enrolled")]
    BadKey,
    /// Another office has this code already.
    #[error("the office code {0} belongs to another key already")]
    CodeTaken(OfficeCode),
    /// The key is enrolled under another code or for another use, was revoked, or is the province's own.
    #[error("this key is enrolled already under another code")]
    KeyTaken,
    /// One key for a log and for cosignatures, whose messages do not commit to a name.
    #[error("a witness key must sign nothing else")]
    WitnessKeyTaken,
    /// The office is enrolled with another epoch of its log.
    #[error("the office is enrolled with another epoch of its log")]
    OtherEpoch,
    /// Roles of an office that writes already change only from a named position on, and never before an earlier change.
    #[error("roles are taken away, or given again, only from a named position of the office's log on")]
    NeedsPosition,
    /// No office has this code.
    #[error("no office has the code {0}")]
    UnknownOffice(OfficeCode),
    /// A point of a log that is not that office's.
    #[error("{0} is not a log of that office")]
    UnknownLog(Origin),
    /// Roles are taken away, and the key of an epoch before would keep them.
    #[error("the office's log {0} of before goes on: end it, or take the roles away there first")]
    HeldElsewhere(Origin),
    /// An epoch is the one after the last, and receipts have two digits for it.
    #[error("the next epoch of the office's log is {0}, and there is none beyond {EPOCH_MAX}")]
    NotTheNextEpoch(u32),
    /// The two points name no fork of one log.
    #[error("the points named are not a fork")]
    NotAFork,
    /// The fork was adjudicated before.
    #[error("this fork was adjudicated before")]
    Adjudicated,
    /// The office still writes there.
    #[error("the log {0} goes on: its office gets a later epoch before it is retired")]
    GoesOn(Origin),
    /// Versions of a spec or policy are a chain, so of two with one predecessor the first in the log counts.
    #[error("it does not supersede the one of its id that was published last")]
    NotTheNext,
    /// The name of the federation or log has no valid form.
    #[error(transparent)]
    Form(#[from] ParseIdError),
}

/// Hash of what was published last under an id.
fn latest(published: &[PublishedSpec], id: &str) -> Option<SpecHash> {
    published.iter().rev().find(|known| known.id == id).map(|known| known.hash)
}

impl PublishedSpec {
    fn new(entry: &Verified, id: &str, text: &str, at_ms: Millis, effective_from_ms: Option<Millis>) -> Self {
        let hash = SpecHash(Sha256::digest(text).into());
        Self { id: id.to_owned(), hash, text: text.to_owned(), record: entry.hash(), at_ms, effective_from_ms }
    }

    /// Whether it was to take force before it was signed. It takes force when it arrives then, for nobody could have followed it earlier.
    pub fn is_backdated(&self) -> bool {
        self.effective_from_ms.is_some_and(|from| from < self.at_ms)
    }

    /// Whether it has taken force by this clock.
    pub fn is_effective(&self, now: Millis) -> bool {
        self.effective_from_ms.is_none_or(|from| from <= now)
    }
}

impl Membership {
    /// The membership after these entries of the province's log, in whatever order and how often they are given.
    pub fn replay(province: VerifierKey, entries: impl IntoIterator<Item = (u64, Verified)>) -> Self {
        let by_position: BTreeMap<u64, Verified> = entries.into_iter().collect();
        let mut members = Self::new(province);
        for record in by_position.values() {
            // What does not count stays in the log without effect.
            _ = members.apply(record);
        }
        members
    }

    /// Takes in the next entry of the province's log. Only the province's own key speaks there.
    ///
    /// # Errors
    /// The entry stays in the log and does not count; nothing changed.
    pub fn apply(&mut self, entry: &Verified) -> Result<(), EnrolError> {
        if entry.author() != self.province.key() {
            return Err(EnrolError::NotTheProvince);
        }
        match entry.record() {
            Record::Enrol(enrol) => self.enrol(enrol),
            Record::Rotate(rotate) => self.rotate(rotate),
            Record::Revoke(revoke) => self.revoke(revoke),
            Record::Adjudicated(adjudicated) => self.adjudicate(adjudicated),
            Record::Retired(retired) => self.retire(retired),
            Record::SpecPublished(said) => {
                // Nothing of the specs that programs are shipped with is known here, so the first of a chain may name any.
                let current = latest(&self.specs, &said.id);
                if current.is_some() && current != said.supersedes {
                    return Err(EnrolError::NotTheNext);
                }
                self.specs.push(PublishedSpec::new(entry, &said.id, &said.text, said.at_ms, said.effective_from_ms));
                Ok(())
            }
            Record::PolicyPublished(said) => {
                if latest(&self.policies, &said.id) != said.supersedes {
                    return Err(EnrolError::NotTheNext);
                }
                self.policies.push(PublishedSpec::new(entry, &said.id, &said.text, said.at_ms, said.effective_from_ms));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether an enrolment may be appended; the province asks this before it signs.
    ///
    /// # Errors
    /// See [`EnrolError`].
    pub fn admissible(&self, enrol: &Enrol) -> Result<Office, EnrolError> {
        self.check_keys(enrol.code, enrol.key, enrol.witness)?;
        let origin = Origin::office(self.province.origin().federation(), enrol.code, enrol.epoch)?;
        let (grant, from) = (Grant::of(enrol), enrol.roles_from.as_ref().map(|point| point.size));
        let Some(known) = self.offices.get(&enrol.code) else {
            // Attack: an office that begins at the last epoch can be given no other key. A province that succeeded another one enrols offices as
            // they are.
            let succeeds = self.province.origin().province_epoch().is_some_and(|epoch| epoch > 1);
            if enrol.epoch != 1 && !(succeeds && (1..=EPOCH_MAX).contains(&enrol.epoch)) {
                return Err(EnrolError::NotTheNextEpoch(1));
            }
            if enrol.roles_from.as_ref().is_some_and(|point| point.origin != origin) {
                return Err(EnrolError::UnknownLog(origin));
            }
            let log = OfficeLog::new(origin.clone(), enrol.key, enrol.at_ms, (from.unwrap_or(0), grant), enrol.roles_from.iter());
            return Ok(Office { enrol: enrol.clone(), origin, logs: vec![log] });
        };
        if known.enrol.key != enrol.key {
            return Err(EnrolError::CodeTaken(enrol.code));
        }
        // An office's records count in the log of its enrolment; another epoch without a rotation would silence all of its history.
        if known.enrol.epoch != enrol.epoch {
            return Err(EnrolError::OtherEpoch);
        }
        let mut office = known.clone();
        let held = office.grant();
        let named = enrol.roles_from.as_ref().map_or(&origin, |point| &point.origin);
        let log = office.logs.iter_mut().find(|log| log.origin == *named).ok_or_else(|| EnrolError::UnknownLog(origin.clone()))?;
        let narrower = !grant.covers(&log.last_grant());
        if *named != origin && !held.covers(&grant) {
            return Err(EnrolError::HeldElsewhere(named.clone()));
        }
        log.change(from, grant)?;
        log.named.extend(enrol.roles_from.clone());
        // What is said of a log of before is said of that log alone.
        if *named == origin {
            // Attack: with the key of an epoch before somebody signs on in a role that was taken away.
            if let Some(held) = office.open_beyond(&Grant::of(enrol)).first().filter(|_| narrower) {
                return Err(EnrolError::HeldElsewhere((*held).clone()));
            }
            office.enrol = enrol.clone();
        }
        Ok(office)
    }

    fn enrol(&mut self, enrol: &Enrol) -> Result<(), EnrolError> {
        let office = self.admissible(enrol)?;
        self.take_keys(enrol.code, enrol.key, enrol.witness);
        self.offices.insert(enrol.code, office);
        Ok(())
    }

    fn rotate(&mut self, rotate: &Rotate) -> Result<(), EnrolError> {
        self.check_keys(rotate.code, rotate.key, rotate.witness)?;
        let origin = Origin::office(self.province.origin().federation(), rotate.code, rotate.epoch)?;
        let office = self.offices.get_mut(&rotate.code).ok_or(EnrolError::UnknownOffice(rotate.code))?;
        // Attack: with the last epoch there is, nobody could ever be given another one.
        if rotate.epoch > EPOCH_MAX || Some(rotate.epoch) != office.enrol.epoch.checked_add(1) {
            return Err(EnrolError::NotTheNextEpoch(office.enrol.epoch.saturating_add(1)));
        }
        if let Some(closes) = &rotate.closes {
            office.close(closes)?;
        }
        office.logs.push(OfficeLog::new(origin.clone(), rotate.key, rotate.at_ms, (0, office.grant()), []));
        office.origin = origin;
        office.enrol.key = rotate.key;
        office.enrol.witness = rotate.witness;
        office.enrol.recipient.clone_from(&rotate.recipient);
        office.enrol.epoch = rotate.epoch;
        office.enrol.roles_from = None;
        self.take_keys(rotate.code, rotate.key, rotate.witness);
        Ok(())
    }

    fn revoke(&mut self, revoke: &Revoke) -> Result<(), EnrolError> {
        let office = self.offices.get_mut(&revoke.code).ok_or(EnrolError::UnknownOffice(revoke.code))?;
        let key = office.close(&revoke.upto)?.key;
        self.revoked.insert(key);
        Ok(())
    }

    fn adjudicate(&mut self, said: &Adjudicated) -> Result<(), EnrolError> {
        let name = ForkName::new(said.one.clone(), said.other.clone()).ok_or(EnrolError::NotAFork)?;
        if said.stands.origin != said.one.origin {
            return Err(EnrolError::NotAFork);
        }
        if self.adjudicated.contains_key(&name) {
            return Err(EnrolError::Adjudicated);
        }
        let unknown = || EnrolError::UnknownLog(said.stands.origin.clone());
        let (code, _) = said.stands.origin.office_and_epoch().ok_or_else(unknown)?;
        self.offices.get_mut(&code).ok_or_else(unknown)?.close(&said.stands)?;
        self.adjudicated.insert(name, said.stands.clone());
        Ok(())
    }

    fn retire(&mut self, retired: &Retired) -> Result<(), EnrolError> {
        let point = &retired.log;
        let unknown = || EnrolError::UnknownLog(point.origin.clone());
        let (code, _) = point.origin.office_and_epoch().ok_or_else(unknown)?;
        let office = self.offices.get_mut(&code).ok_or_else(unknown)?;
        if office.origin == point.origin && office.end_of(&point.origin).is_none() {
            return Err(EnrolError::GoesOn(point.origin.clone()));
        }
        office.close(point)?.retired = true;
        Ok(())
    }

    fn check_keys(&self, code: OfficeCode, key: PublicKey, witness: Option<PublicKey>) -> Result<(), EnrolError> {
        let taken = |key: PublicKey, used| {
            key == self.province.key() || self.keys.get(&key).is_some_and(|known| *known != (code, used)) || self.revoked.contains(&key)
        };
        for key in std::iter::once(key).chain(witness) {
            key.check().map_err(|_| EnrolError::BadKey)?;
        }
        if taken(key, KeyUse::Log) {
            return Err(EnrolError::KeyTaken);
        }
        if witness.is_some_and(|witness| witness == key || taken(witness, KeyUse::Witness)) {
            return Err(EnrolError::WitnessKeyTaken);
        }
        Ok(())
    }

    fn take_keys(&mut self, code: OfficeCode, key: PublicKey, witness: Option<PublicKey>) {
        self.keys.insert(key, (code, KeyUse::Log));
        self.keys.extend(witness.map(|witness| (witness, (code, KeyUse::Witness))));
    }
}

impl OfficeLog {
    fn new<'a>(
        origin: Origin,
        key: PublicKey,
        since_ms: Millis,
        grant: (u64, Grant),
        named: impl IntoIterator<Item = &'a LogPoint>,
    ) -> Self {
        let named: BTreeSet<LogPoint> = named.into_iter().cloned().collect();
        Self { origin, key, grants: vec![grant], named, end: None, closed_at: None, retired: false, since_ms }
    }

    fn change(&mut self, from: Option<u64>, grant: Grant) -> Result<(), EnrolError> {
        let (last_from, last) = self.grants.last().cloned().unwrap_or_default();
        match from {
            None if last == grant => {}
            // What nobody ever took away may be widened for the whole log: the province vouches for what the office wrote.
            None if self.grants.len() == 1 && last_from == 0 && grant.covers(&last) => self.grants = vec![(0, grant)],
            Some(from) if from >= last_from => self.grants.push((from, grant)),
            _ => return Err(EnrolError::NeedsPosition),
        }
        Ok(())
    }

    pub(super) fn last_grant(&self) -> Grant {
        self.grants.last().map(|(_, grant)| grant.clone()).unwrap_or_default()
    }
}

impl Office {
    /// Ends a log of this office at a point. Of several ends the smallest counts, whatever came first.
    fn end(&mut self, point: &LogPoint) -> Result<&mut OfficeLog, EnrolError> {
        let log = self.logs.iter_mut().find(|log| log.origin == point.origin);
        let log = log.ok_or_else(|| EnrolError::UnknownLog(point.origin.clone()))?;
        log.end = Some(log.end.map_or(point.size, |end| end.min(point.size)));
        log.named.insert(point.clone());
        Ok(log)
    }

    /// Ends a log of this office for good, and all of its history up to there is its own.
    fn close(&mut self, point: &LogPoint) -> Result<&mut OfficeLog, EnrolError> {
        let log = self.end(point)?;
        log.closed_at = Some(log.closed_at.map_or(point.size, |at| at.min(point.size)));
        Ok(log)
    }
}
