//! What an entry is worth: the one function that is asked at ingest and again at every replay.

use super::{Grant, Membership, OfficeLog};
use crate::{
    id::{CaseId, OfficeCode, Origin, RecordHash},
    log::{Entry, LogPoint},
    merkle::Hash,
    record::{Record, Roles},
};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Whose statement an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// The province.
    Province,
    /// An office.
    Office(OfficeCode),
}

/// Why an entry does not count. It is kept, shown and relayed all the same: the hash chain needs it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum NotCounted {
    /// No enrolment of this log is known here; it may come.
    #[error("the log {0} is not enrolled, as far as is known here")]
    UnknownLog(Origin),
    /// Signed by another key than the log's.
    #[error("the record is signed by another key than the log's")]
    OtherAuthor,
    /// A kind that does not stand in this kind of log.
    #[error("a record of this kind does not stand in this log")]
    OtherLog,
    /// The office did not hold the role at this position.
    #[error("the office did not hold the role for it at this position of its log")]
    RoleMissing,
    /// Another office made the case.
    #[error("only the office that made a case submits into it")]
    OtherCase,
    /// Quarantined: beyond the size at which the province ended the log.
    #[error("the province ended this log at {0} entries")]
    AfterEnd(u64),
    /// Quarantined: beyond what the histories of a fork share, until the province ends the log, by adjudication or otherwise, and all of the
    /// history that it names is held here.
    #[error("the office signed two histories that share {0} entries")]
    BeyondFork(u64),
    /// Quarantined: the history held here is another than the one that the province named.
    #[error("the history held here is not the one that the province named")]
    OtherHistory,
}

impl NotCounted {
    /// Whether the entry was genuine when it was written, as far as is known, and is set aside.
    pub fn is_quarantine(&self) -> bool {
        matches!(self, Self::AfterEnd(_) | Self::BeyondFork(_) | Self::OtherHistory)
    }
}

impl Membership {
    /// Whether an entry counts, and as whose statement.
    ///
    /// # Errors
    /// See [`NotCounted`].
    pub fn standing(&self, entry: &Entry) -> Result<Writer, NotCounted> {
        let needed = needed(entry.record.record());
        if entry.origin == *self.province.origin() {
            return match needed {
                _ if entry.record.author() != self.province.key() => Err(NotCounted::OtherAuthor),
                Needed::Province | Needed::Nothing => Ok(Writer::Province),
                Needed::Office(_) | Needed::CaseOf(_) => Err(NotCounted::OtherLog),
            };
        }
        let (office, log) = self.log(&entry.origin).ok_or_else(|| NotCounted::UnknownLog(entry.origin.clone()))?;
        if entry.record.author() != log.key {
            return Err(NotCounted::OtherAuthor);
        }
        if self.disowned.contains(&entry.origin) {
            return Err(NotCounted::OtherHistory);
        }
        if let Some(end) = log.end.filter(|end| entry.index >= *end) {
            return Err(NotCounted::AfterEnd(end));
        }
        // Attack: a key that was revoked signs on, and with it histories beside the one up to which the province let it count.
        let disputed = !self.closed.contains(&entry.origin);
        if let Some(shared) = self.shared(&entry.origin).filter(|shared| disputed && entry.index >= *shared) {
            return Err(NotCounted::BeyondFork(shared));
        }
        match needed {
            Needed::Province => Err(NotCounted::OtherLog),
            Needed::Office(any) if any.iter().all(|role| !log.roles_at(entry.index).contains(*role)) => Err(NotCounted::RoleMissing),
            Needed::CaseOf(_) if !log.roles_at(entry.index).contains(Roles::CAPTURE) => Err(NotCounted::RoleMissing),
            Needed::CaseOf(maker) if maker != Some(office.enrol.code) => Err(NotCounted::OtherCase),
            Needed::Office(_) | Needed::CaseOf(_) | Needed::Nothing => Ok(Writer::Office(office.enrol.code)),
        }
    }

    /// A digest of everything that [`Membership::standing`], [`Membership::grant_at`] and [`Membership::is_retired`] look at for the entries of
    /// a log. While it stays the same, what was folded from entries of this log stays as it is.
    pub fn standing_digest(&self, origin: &Origin) -> Hash {
        let mut sha = Sha256::new_with_prefix(b"huizhi standing\n");
        if origin == self.province.origin() {
            sha.update([1]);
            sha.update(self.province.key().0);
        } else if let Some((office, log)) = self.log(origin) {
            sha.update([if self.closed.contains(origin) { 3 } else { 2 }, u8::from(self.disowned.contains(origin))]);
            sha.update(office.enrol.code.to_string());
            sha.update(log.key.0);
            // Present and absent never read alike.
            for bound in [log.end, self.shared(origin)] {
                sha.update([u8::from(bound.is_some())]);
                sha.update(bound.unwrap_or_default().to_be_bytes());
            }
            if log.retired {
                sha.update(b"retired");
            }
            for (from, grant) in &log.grants {
                sha.update(from.to_be_bytes());
                grant.hash_into(&mut sha);
            }
        }
        sha.finalize().into()
    }

    /// What the writer of a log was allowed at a position of it; nothing is allowed before the first one, and in unknown logs.
    pub fn grant_at(&self, origin: &Origin, index: u64) -> Option<&Grant> {
        self.log(origin).and_then(|(_, log)| log.grant_at(index))
    }

    /// The members as they are where logs that the province ended are believed up to their ends, because somebody proved their histories.
    #[must_use]
    pub fn believing(&self, closed: &BTreeSet<Origin>) -> Self {
        let mut members = self.clone();
        members.closed.extend(closed.iter().filter(|origin| self.is_closed(origin)).cloned());
        members
    }

    /// Histories of a log that the province named: by a revocation, a rotation, a change of roles or an adjudication. A package that leads
    /// to another root at such a size is of another history.
    pub fn named(&self, origin: &Origin) -> impl Iterator<Item = &LogPoint> {
        self.log(origin).into_iter().flat_map(|(_, log)| &log.named)
    }

    /// Compares what is held of a log with the histories that the province named. `root_at` gives the root held at a size, where that much
    /// is held. To be asked after entries of the log arrived, and after the province's log named a point of it.
    pub fn compare_history(&mut self, origin: &Origin, mut root_at: impl FnMut(u64) -> Option<Hash>) {
        let other = self.named(origin).any(|point| root_at(point.size).is_some_and(|root| RecordHash(root) != point.root));
        let closed_at = self.log(origin).and_then(|(_, log)| log.closed_at);
        let whole = !other && closed_at.is_some_and(|at| root_at(at).is_some());
        for (holds, logs) in [(other, &mut self.disowned), (whole, &mut self.closed)] {
            if holds {
                logs.insert(origin.clone());
            } else {
                logs.remove(origin);
            }
        }
    }

    /// Entries that the histories of all forks of a log share, as far as is proved; nothing where there is no fork.
    ///
    /// Attack: whoever has two histories of a log makes proofs of more forks of it, without what they share, to set all of it aside. Where a
    /// shared history is proved of some fork, those without one take nothing more away.
    fn shared(&self, origin: &Origin) -> Option<u64> {
        let of_log: Vec<u64> = self.forks.iter().filter(|(name, _)| name.points().0.origin == *origin).map(|(_, shared)| *shared).collect();
        let proved = of_log.iter().copied().filter(|shared| *shared > 0).min();
        proved.or_else(|| of_log.first().map(|_| 0))
    }
}

impl OfficeLog {
    fn grant_at(&self, index: u64) -> Option<&Grant> {
        self.grants.iter().rev().find(|(from, _)| *from <= index).map(|(_, grant)| grant)
    }
    fn roles_at(&self, index: u64) -> Roles {
        self.grant_at(index).map(Grant::roles).unwrap_or_default()
    }
}

enum Needed {
    /// The province's log.
    Province,
    /// An office's log, and one of these roles.
    Office(&'static [Roles]),
    /// The log of this office, which made the case, and the capturing role.
    CaseOf(Option<OfficeCode>),
    /// A kind of a later version.
    Nothing,
}

/// Who writes a kind of record.
fn needed(record: &Record) -> Needed {
    match record {
        Record::Enrol(_)
        | Record::Rotate(_)
        | Record::Revoke(_)
        | Record::SpecPublished(_)
        | Record::PolicyPublished(_)
        | Record::Adjudicated(_)
        | Record::Retired(_) => Needed::Province,
        Record::Consented(_)
        | Record::IdentityChecked(_)
        | Record::EligibilityMatched(_)
        | Record::FeePaid(_)
        | Record::Submitted(_)
        | Record::Withdrawn(_)
        | Record::Erased(_) => Needed::CaseOf(record.case().and_then(CaseId::office)),
        // A slot may be of another office.
        Record::SlotOpened(_) | Record::Booked(_) | Record::Cancelled(_) | Record::NoShow(_) => Needed::Office(&[Roles::CAPTURE]),
        Record::Decided(_) | Record::ReceiptIssued(_) => Needed::Office(&[Roles::REVIEW]),
        Record::ReceiptUsed(_) => Needed::Office(&[Roles::DOCUMENT]),
        Record::ReceiptRevoked(_) => Needed::Office(&[Roles::REVIEW, Roles::ADMIN]),
        Record::UseAnnulled(_) => Needed::Office(&[Roles::DOCUMENT, Roles::REVIEW, Roles::ADMIN]),
        Record::DocChanged(_) | Record::EpochRequested(_) => Needed::Office(&[Roles::NONE]),
        Record::Unknown { .. } => Needed::Nothing,
    }
}
