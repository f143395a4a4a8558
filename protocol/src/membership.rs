//! Who belongs to the federation, what each may write at which position of its log, and which specs and policies are in force: a function of
//! the province's log and of the set of forks that were proved.
//!
//! One writer makes the province's log linear, so its order is the order of membership. Nothing is decided by clocks: roles begin, and logs
//! end, at positions that the province names by size and root. What stands before such a position keeps its worth for ever.

mod fold;
mod grant;
pub mod retirement;
mod standing;

pub use fold::EnrolError;
pub use grant::Grant;
pub use standing::{NotCounted, Writer};

use crate::{
    id::{Millis, OfficeCode, Origin, PublicKey, RecordHash, SpecHash},
    limits::FORKS_PER_LOG_MAX,
    log::{Fork, ForkName, LogPoint, VerifierKey, WitnessVerifier},
    record::{Enrol, Roles},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// A log of an office: one epoch under one key.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OfficeLog {
    origin: Origin,
    key: PublicKey,
    /// From which position on what holds, ascending; never empty.
    grants: Vec<(u64, Grant)>,
    /// Histories that the province named.
    named: BTreeSet<LogPoint>,
    /// Entries that count at most.
    end: Option<u64>,
    /// The least of the ends that a revocation, a rotation or an adjudication named: all of the history up to there is the office's.
    closed_at: Option<u64>,
    /// Nobody but those that keep everything needs to hold it.
    retired: bool,
    /// When the province gave it to the office, by the province's clock.
    since_ms: Millis,
}

/// An enrolled office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Office {
    /// What the province said of it last; after a rotation with the new keys and epoch.
    pub enrol: Enrol,
    /// Origin of its current log.
    pub origin: Origin,
    /// Every log that it ever wrote, oldest epoch first.
    logs: Vec<OfficeLog>,
}

impl Office {
    /// Entries of one of its logs that count at most, where the province ended that log.
    pub fn end_of(&self, origin: &Origin) -> Option<u64> {
        self.logs.iter().find(|log| log.origin == *origin).and_then(|log| log.end)
    }
    /// What it may do in what it writes next.
    pub fn grant(&self) -> Grant {
        Grant::of(&self.enrol)
    }
    /// Everything that it was allowed at some position of one of its logs.
    pub fn grants_ever(&self) -> impl Iterator<Item = &Grant> {
        self.logs.iter().flat_map(|log| {
            // Where the next one begins at the same position, it held nowhere.
            let ends = log.grants.iter().skip(1).map(|(from, _)| *from).chain([u64::MAX]);
            log.grants.iter().zip(ends).filter(|((from, _), end)| from < end).map(|((_, grant), _)| grant)
        })
    }
    /// Every role that it held at some position of one of its logs.
    pub fn roles_ever(&self) -> Roles {
        self.grants_ever().fold(self.enrol.roles, |all, grant| all.with(grant.roles()))
    }
    /// When the province gave it its current log, by the province's clock.
    pub fn since_ms(&self) -> Millis {
        self.logs.iter().find(|log| log.origin == self.origin).map_or(self.enrol.at_ms, |log| log.since_ms)
    }
    /// Every log that it ever wrote, oldest epoch first.
    pub fn logs(&self) -> impl Iterator<Item = &Origin> {
        self.logs.iter().map(|log| &log.origin)
    }
    /// Logs that the province did not end, oldest epoch first: whoever has the key of one writes what counts.
    pub fn open_logs(&self) -> impl Iterator<Item = &Origin> {
        self.logs.iter().filter(|log| log.end.is_none()).map(|log| &log.origin)
    }
    /// Open logs of epochs before in which it may do what `grant` does not allow. Before that is taken away in the current log, each of them
    /// is ended, or changed from a named position on.
    pub fn open_beyond(&self, grant: &Grant) -> Vec<&Origin> {
        let before = self.logs.iter().filter(|log| log.origin != self.origin && log.end.is_none());
        before.filter(|log| !grant.covers(&log.last_grant())).map(|log| &log.origin).collect()
    }
    /// Whether its current log goes on: not revoked, and not closed by an adjudication.
    pub fn is_active(&self) -> bool {
        self.logs.iter().any(|log| log.origin == self.origin && log.end.is_none())
    }
}

/// A spec that the province put in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedSpec {
    /// Id, for example `cn-id-card`.
    pub id: String,
    /// SHA-256 of the text.
    pub hash: SpecHash,
    /// The spec as TOML.
    pub text: String,
    /// The record that published it.
    pub record: RecordHash,
    /// The province's clock.
    pub at_ms: Millis,
    /// When it takes force, by the reader's clock. Absent: when it arrived.
    pub effective_from_ms: Option<Millis>,
}

/// Members, specs and policies after some beginning of the province's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    province: VerifierKey,
    offices: BTreeMap<OfficeCode, Office>,
    /// Every key ever enrolled. A key has one office and one use for ever.
    keys: BTreeMap<PublicKey, (OfficeCode, KeyUse)>,
    /// Log keys that a revocation ended: somebody else may hold them.
    revoked: BTreeSet<PublicKey>,
    specs: Vec<PublishedSpec>,
    policies: Vec<PublishedSpec>,
    /// Forks that were proved, with what their histories are proved to share.
    forks: BTreeMap<ForkName, u64>,
    adjudicated: BTreeMap<ForkName, LogPoint>,
    /// Logs of which another history is held here than the province named.
    disowned: BTreeSet<Origin>,
    /// Logs that were ended and of which the history that was named is held here up to that end.
    closed: BTreeSet<Origin>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyUse {
    Log,
    Witness,
}

impl Membership {
    /// Before the first entry of the province's log.
    pub fn new(province: VerifierKey) -> Self {
        Self {
            province,
            offices: BTreeMap::new(),
            keys: BTreeMap::new(),
            revoked: BTreeSet::new(),
            specs: Vec::new(),
            policies: Vec::new(),
            forks: BTreeMap::new(),
            adjudicated: BTreeMap::new(),
            disowned: BTreeSet::new(),
            closed: BTreeSet::new(),
        }
    }

    /// Takes in a proved fork. Order and duplication do not matter; of two proofs of one fork the one that shares more counts.
    ///
    /// A proof without a shared history sets the whole log aside until a better one arrives: who holds one of the histories should prove
    /// what is shared before passing it on.
    pub fn learn_fork(&mut self, fork: &Fork) {
        let beyond = self.forgotten_for(fork);
        let common = self.forks.entry(fork.name().clone()).or_default();
        *common = fork.common().max(*common);
        if let Some(beyond) = beyond {
            self.forks.remove(&beyond);
        }
    }

    /// The fork that is forgotten when this one is learned, which may be this one; nothing while there is room. Kept are those that prove most in
    /// common, and the one that proves least, which depends on no order as long as nobody proves more of one that was forgotten.
    ///
    /// Attack: of two histories any number of names can be made. Those that prove nothing are forgotten first, and with the key of the log nobody
    /// pushes out the fork by which most is set aside.
    pub fn forgotten_for(&self, fork: &Fork) -> Option<ForkName> {
        let name = fork.name();
        let others = self.forks.iter().filter(|(other, _)| other.points().0.origin == name.points().0.origin && *other != name);
        let known = self.forks.get(name).copied().unwrap_or_default();
        let mut of_log: Vec<(Reverse<u64>, &ForkName)> = others.map(|(other, shared)| (Reverse(*shared), other)).collect();
        if of_log.len() < FORKS_PER_LOG_MAX {
            return None;
        }
        of_log.push((Reverse(fork.common().max(known)), name));
        of_log.sort_unstable();
        let last = of_log.pop()?;
        if last.0.0 == 0 { Some(last.1.clone()) } else { of_log.pop().map(|(_, name)| name.clone()) }
    }

    /// Forks that were proved: name, entries that its histories are proved to share, and where the log ends by adjudication, if it was.
    pub fn forks(&self) -> impl Iterator<Item = (&ForkName, u64, Option<&LogPoint>)> {
        self.forks.iter().map(|(name, shared)| (name, *shared, self.settled(&name.points().0.origin)))
    }

    /// Forks that were proved, of logs of which no fork was adjudicated.
    pub fn open_forks(&self) -> impl Iterator<Item = &ForkName> {
        self.forks.keys().filter(|name| self.settled(&name.points().0.origin).is_none())
    }

    /// Where a log ends by adjudication. One says of the whole log which history stands.
    ///
    /// Attack: of two histories that were signed many names of forks can be made, by anybody who has both; none is left open by it.
    fn settled(&self, origin: &Origin) -> Option<&LogPoint> {
        let of_log = self.adjudicated.iter().filter(|(name, _)| name.points().0.origin == *origin);
        of_log.map(|(_, stands)| stands).min()
    }

    /// The province's log and key: the root of trust.
    pub fn province(&self) -> &VerifierKey {
        &self.province
    }
    /// All offices, by code.
    pub fn offices(&self) -> impl Iterator<Item = &Office> {
        self.offices.values()
    }
    /// The office with this code.
    pub fn office(&self, code: OfficeCode) -> Option<&Office> {
        self.offices.get(&code)
    }
    /// The office of which a log that goes on is signed with this key. After a rotation that is the old key too, until its log is closed:
    /// an office that was offline must be able to learn of its rotation. A key of ended logs only belongs to nobody.
    pub fn office_of(&self, key: PublicKey) -> Option<&Office> {
        let (code, KeyUse::Log) = self.keys.get(&key)? else { return None };
        self.offices.get(code).filter(|office| office.logs.iter().any(|log| log.key == key && log.end.is_none()))
    }
    /// Whether this key ever signed a log of an office. Such a key may still read the province's log: that is how its office learns that it
    /// was revoked, or given another key.
    pub fn was_enrolled(&self, key: PublicKey) -> bool {
        matches!(self.keys.get(&key), Some((_, KeyUse::Log)))
    }
    /// Whether the office with this key holds these roles now.
    pub fn has_role(&self, key: PublicKey, roles: Roles) -> bool {
        self.office_of(key).is_some_and(|office| office.enrol.roles.contains(roles))
    }
    /// Every log of the federation: the province's, then all of every office.
    pub fn logs(&self) -> impl Iterator<Item = &Origin> {
        let offices = self.offices.values().flat_map(|office| office.logs.iter().map(|log| &log.origin));
        std::iter::once(self.province.origin()).chain(offices)
    }
    /// Whether nobody but those that keep everything needs to hold a log any longer ([`crate::record::Retired`]).
    pub fn is_retired(&self, origin: &Origin) -> bool {
        self.log(origin).is_some_and(|(_, log)| log.retired)
    }
    /// Whether the province ended a log for good and named its history up to there.
    pub fn is_closed(&self, origin: &Origin) -> bool {
        self.log(origin).is_some_and(|(_, log)| log.closed_at.is_some())
    }
    /// The key of a log of this federation, whether it still goes on or not.
    pub fn verifier(&self, origin: &Origin) -> Option<VerifierKey> {
        if origin == self.province.origin() {
            return Some(self.province.clone());
        }
        self.log(origin).map(|(_, log)| VerifierKey::new(log.origin.clone(), log.key))
    }
    /// Witness keys of the offices that go on; the cosignatures of others count no longer for new checkpoints.
    pub fn witnesses(&self) -> impl Iterator<Item = WitnessVerifier> {
        let federation = self.province.origin().federation();
        let active = self.offices.values().filter(|office| office.is_active());
        active.filter_map(move |office| WitnessVerifier::of_office(federation, office.enrol.code, office.enrol.witness?).ok())
    }
    /// Witnesses whose cosignatures weigh for a log: all but the office's own, which would vouch for itself.
    pub fn witnesses_of(&self, origin: &Origin) -> Vec<WitnessVerifier> {
        let own = origin.office_and_epoch().and_then(|(code, _)| self.offices.get(&code)?.enrol.witness);
        self.witnesses().filter(|witness| Some(witness.key()) != own).collect()
    }
    /// Witnesses whose cosignatures on a log still weigh where they were kept when they were given: those of today, and keys of before, whose
    /// office was revoked or has another one now. What such a key signs later weighs nothing, and only who kept a line knows that it came
    /// in time: a time inside it may be made up.
    pub fn witnesses_ever_of(&self, origin: &Origin) -> Vec<WitnessVerifier> {
        let federation = self.province.origin().federation();
        let own = origin.office_and_epoch().map(|(code, _)| code);
        let ever = self.keys.iter().filter(|(_, (code, used))| *used == KeyUse::Witness && Some(*code) != own);
        ever.filter_map(|(key, (code, _))| WitnessVerifier::of_office(federation, *code, *key).ok()).collect()
    }
    /// Every published spec, oldest first.
    pub fn specs(&self) -> &[PublishedSpec] {
        &self.specs
    }
    /// Every published policy, oldest first; each supersedes the one before it of the same id.
    pub fn policies(&self) -> &[PublishedSpec] {
        &self.policies
    }

    fn log(&self, origin: &Origin) -> Option<(&Office, &OfficeLog)> {
        let (code, _) = origin.office_and_epoch()?;
        let office = self.offices.get(&code)?;
        office.logs.iter().find(|log| log.origin == *origin).map(|log| (office, log))
    }
}
#[cfg(test)]
mod tests;
