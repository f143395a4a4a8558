//! Records of the province's log: members and their keys, specs and policies, adjudications, the end of old logs; and what an office asks
//! of the province in its own log.

use super::{Record, Roles};
use crate::{
    id::{Millis, OfficeCode, Origin, PublicKey, SpecHash},
    log::LogPoint,
    record::Signed,
};
use minicbor::{Decode, Encode};

/// Province: admits an office with its keys and roles. A later one for the same code replaces roles and name.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Enrol {
    /// Code of the office.
    #[n(0)]
    pub code: OfficeCode,
    /// Name of the office.
    #[n(1)]
    pub name: String,
    /// Key that signs its log and is its network identity.
    #[n(2)]
    pub key: PublicKey,
    /// X25519 recipient of sealed payloads, in the text form of the `age` format (`age1…`).
    #[n(3)]
    pub recipient: String,
    /// What it may do.
    #[n(4)]
    pub roles: Roles,
    /// Epoch of its log.
    #[n(5)]
    pub epoch: u32,
    /// The province's clock.
    #[n(6)]
    pub at_ms: Millis,
    /// Key that cosigns other offices' checkpoints; never the key of a log.
    #[n(7)]
    pub witness: Option<PublicKey>,
    /// Region in charge, as a division code of GB/T 2260.
    #[n(8)]
    pub region: Option<String>,
    /// Where in the office's log roles, region and documents begin. Absent: at the first entry. Where it names a log of an epoch before, they
    /// change in that log alone.
    #[n(9)]
    pub roles_from: Option<LogPoint>,
    /// Documents that it makes where it has that role, as ids of specs. Absent: all.
    #[n(10)]
    pub documents: Option<Vec<String>>,
}

/// Province: gives an office a new key and a new epoch of its log.
///
/// Both logs count from here on, so that nothing of an office that is offline is lost, until `closes` here or a later [`Revoke`] names
/// where the old one ends.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Rotate {
    /// Code of the office.
    #[n(0)]
    pub code: OfficeCode,
    /// Key that signs the new log.
    #[n(1)]
    pub key: PublicKey,
    /// Witness key from now on.
    #[n(2)]
    pub witness: Option<PublicKey>,
    /// Recipient of sealed payloads from now on, in the text form of the `age` format.
    #[n(3)]
    pub recipient: String,
    /// Epoch of the new log: the one after the last, and no more than [`crate::limits::EPOCH_MAX`].
    #[n(4)]
    pub epoch: u32,
    /// Where an earlier log of the office ends. Absent: the logs overlap.
    #[n(5)]
    pub closes: Option<LogPoint>,
    /// Staff number of the admin.
    #[n(6)]
    pub operator: u32,
    /// The province's clock.
    #[n(7)]
    pub at_ms: Millis,
}

/// Province: ends a log of an office. What stands before the named point stays valid for ever, what comes after it never counts.
///
/// Names a position and not a time, because clocks cannot be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Revoke {
    /// Code of the office.
    #[n(0)]
    pub code: OfficeCode,
    /// The history that is still believed.
    #[n(1)]
    pub upto: LogPoint,
    /// Coded reason.
    #[n(2)]
    pub reason: String,
    /// Staff number of the admin.
    #[n(3)]
    pub operator: u32,
    /// The province's clock.
    #[n(4)]
    pub at_ms: Millis,
}

/// Province: puts a photo spec in force.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SpecPublished {
    /// Id of the spec, for example `cn-id-card`.
    #[n(0)]
    pub id: String,
    /// The whole spec as TOML.
    #[n(1)]
    pub text: String,
    /// The spec it takes the place of.
    #[n(2)]
    pub supersedes: Option<SpecHash>,
    /// Staff number of the admin.
    #[n(3)]
    pub operator: u32,
    /// The province's clock.
    #[n(4)]
    pub at_ms: Millis,
    /// When it takes force, by the clock of each office. Absent: when it arrives.
    #[n(5)]
    pub effective_from_ms: Option<Millis>,
}

/// Province: puts the policy of a document, city or campaign in force.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PolicyPublished {
    /// Id of the policy, for example `gd-id-card`.
    #[n(0)]
    pub id: String,
    /// The whole policy as TOML.
    #[n(1)]
    pub text: String,
    /// SHA-256 of the text that it takes the place of.
    #[n(2)]
    pub supersedes: Option<SpecHash>,
    /// Staff number of the admin.
    #[n(3)]
    pub operator: u32,
    /// The province's clock.
    #[n(4)]
    pub at_ms: Millis,
    /// When it takes force, by the clock of each office. Absent: when it arrives.
    #[n(5)]
    pub effective_from_ms: Option<Millis>,
}

/// Province: closes one fork, named by both of its checkpoints, and says which history stands.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Adjudicated {
    /// One checkpoint of the fork.
    #[n(0)]
    pub one: LogPoint,
    /// The other one.
    #[n(1)]
    pub other: LogPoint,
    /// The history that is believed. The log ends there.
    #[n(2)]
    pub stands: LogPoint,
    /// Staff number of the admin.
    #[n(3)]
    pub operator: u32,
    /// The province's clock.
    #[n(4)]
    pub at_ms: Millis,
}

/// Office: asks the province for the next epoch of its log. Stands in the office's log, so it waits for a line like any other record, and
/// whoever reads the log later sees that the office itself asked.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EpochRequested {
    /// The [`Rotate`] that it asks for, as an entry of the new log, signed with the new key: who asks has that key. At most
    /// [`crate::limits::EPOCH_REQUEST_BYTES_MAX`] bytes.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub rotation: Vec<u8>,
    /// Staff number of who asked; 0 for the office's program by itself.
    #[n(1)]
    pub operator: u32,
    /// The office's clock.
    #[n(2)]
    pub at_ms: Millis,
}

impl Rotate {
    /// The rotation that an office asks for, out of an entry for the new log, where it is signed by the key that it asks for.
    pub fn requested(entry: &[u8], origin: &Origin) -> Option<Self> {
        let verified = Signed::parse(entry).and_then(|signed| signed.verify(origin)).ok()?;
        match verified.record() {
            Record::Rotate(rotate) if rotate.key == verified.author() && origin.office_and_epoch() == Some((rotate.code, rotate.epoch)) => {
                Some(rotate.clone())
            }
            _ => None,
        }
    }
}

impl EpochRequested {
    /// The rotation that is asked for by the office whose log this stands in, if it is one of that office.
    pub fn rotation(&self, asked_in: &Origin) -> Option<Rotate> {
        let (code, _) = asked_in.office_and_epoch()?;
        let Ok(Record::Rotate(claimed)) = Signed::parse(&self.rotation).and_then(|signed| signed.claimed()) else { return None };
        let next = Origin::office(asked_in.federation(), code, claimed.epoch).ok()?;
        Rotate::requested(&self.rotation, &next)
    }
}

/// Province: nobody but those that keep everything needs to hold a log of an office any longer; its office writes in a later one.
///
/// What C2SP `tlog-tiles` calls the minimum index of a log, published where every office reads it: the log ends at `log`, and entries below
/// that size may be gone at whoever is asked. Size and root stay known to all, so that whatever an archive shows of it is still verified.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Retired {
    /// Where the log ends.
    #[n(0)]
    pub log: LogPoint,
    /// Staff number of the admin.
    #[n(1)]
    pub operator: u32,
    /// The province's clock.
    #[n(2)]
    pub at_ms: Millis,
}
