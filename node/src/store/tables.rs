//! Every table of the database, with key, value and reason. The number in a name grows when its form changes.
//! Keys are fixed byte arrays, big-endian, so that their order is the order of what they count.

use redb::TableDefinition;

/// `schema` → schema number of the whole file.
pub(super) const META: TableDefinition<'static, &str, u32> = TableDefinition::new("meta-1");
/// Log number (4) → [`super::logs::LogRow`] in CBOR. Logs are numbered as they are met, so that other keys stay short.
pub(super) const LOGS: TableDefinition<'static, &[u8; 4], &[u8]> = TableDefinition::new("logs-1");
/// Log number (4), position of the first entry (8) → entries as signed or received, each behind its length (2). A row fills a page.
pub(super) const ENTRIES: TableDefinition<'static, &[u8; 12], &[u8]> = TableDefinition::new("entries-2");
/// Log number (4), entries (8) → [`super::packages::Reached`] in CBOR: a checkpoint beyond what is here, and the proof that leads to it. Gone
/// when a checkpoint covers exactly what is here.
pub(super) const REACHED: TableDefinition<'static, &[u8; 12], &[u8]> = TableDefinition::new("reached-1");
/// Log number (4) → position of the first entry that is in no index yet. Gone when all of the log's are.
pub(super) const UNINDEXED: TableDefinition<'static, &[u8; 4], u64> = TableDefinition::new("unindexed-1");
/// Log number (4) → nothing. The log is being taken away, and is not here for anybody.
pub(super) const PRUNING: TableDefinition<'static, &[u8; 4], ()> = TableDefinition::new("pruning-1");
/// Log number (4), position (8) of each [`protocol::record::EpochRequested`].
pub(super) const EPOCH_REQUESTS: TableDefinition<'static, &[u8; 12], ()> = TableDefinition::new("epoch-requests-2");
/// Log number (4), level (1), number of the row (8) → up to 126 roots of complete subtrees. Kept of the levels 0, 4, 8 and so on; proofs
/// are made of these without reading entries.
pub(super) const HASHES: TableDefinition<'static, &[u8; 13], &[u8]> = TableDefinition::new("hashes-1");
/// Case (16), log number (3), position (5) → nothing. The records of a case.
pub(super) const CASES: TableDefinition<'static, &[u8; 24], ()> = TableDefinition::new("cases-2");
/// Beginning of a blob's name (8), beginning of a case's (8) → nothing. Whether a peer may have a blob is asked of its cases; that a case
/// names the blob is asked of its records.
pub(super) const BLOB_CASES: TableDefinition<'static, &[u8; 16], ()> = TableDefinition::new("blob-cases-2");
/// Log number (4), position (8) → why the record there does not count (its log is authentic, the record is not valid).
pub(super) const REFUSED: TableDefinition<'static, &[u8; 12], &str> = TableDefinition::new("refused-1");
/// Log number (4), position (8) → kind of the record there, which no program that had this store knew. A later one looks again.
pub(super) const UNKNOWN: TableDefinition<'static, &[u8; 12], &str> = TableDefinition::new("unknown-1");
/// SHA-256 of a log's origin (32) → the last [`protocol::log::LogPoint`] of it that was cosigned here, in CBOR. No part of a backup.
pub(super) const WITNESSED: TableDefinition<'static, &[u8; 32], &[u8]> = TableDefinition::new("witnessed-1");
/// SHA-256 of a log's origin (32) → [`super::witness::Cosigned`] in CBOR: its checkpoints with the cosignatures that came in since.
pub(super) const COSIGNED: TableDefinition<'static, &[u8; 32], &[u8]> = TableDefinition::new("cosigned-1");
/// Name of a fork (32) → the proof of it, [`protocol::log::ForkProof`] in CBOR. Kept for ever.
pub(super) const FORKS: TableDefinition<'static, &[u8; 32], &[u8]> = TableDefinition::new("forks-1");
/// Case (16) → a capture under way as JSON. Never leaves this machine.
pub(super) const DRAFTS: TableDefinition<'static, &[u8; 16], &[u8]> = TableDefinition::new("drafts-1");
/// Login → a member of staff as JSON.
pub(super) const STAFF: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("staff-1");
/// Peer's key (32), log number (4) → entries of the log that it is known to hold.
pub(super) const PEER_SIZES: TableDefinition<'static, &[u8; 36], u64> = TableDefinition::new("peer-sizes-1");
/// Case (16) → [`protocol::case::Summary`] in CBOR: where it stands, as far as no mark says that it was not folded since.
pub(super) const CASE_STATES: TableDefinition<'static, &[u8; 16], &[u8]> = TableDefinition::new("case-states-1");
/// State (1), time of the current submission (8), case (16) → nothing. Lists and the queue of reviewers are read from here.
pub(super) const CASE_ORDER: TableDefinition<'static, &[u8; 25], ()> = TableDefinition::new("case-order-1");
/// State (1) → cases in it.
pub(super) const CASE_COUNTS: TableDefinition<'static, &[u8; 1], u64> = TableDefinition::new("case-counts-1");
/// Case (16) → nothing. Something about the case changed since its row was made.
pub(super) const CASE_MARKS: TableDefinition<'static, &[u8; 16], ()> = TableDefinition::new("case-marks-1");
/// Log number (4) → digest of the log's standing under which its cases were folded or marked.
pub(super) const STANDINGS: TableDefinition<'static, &[u8; 4], &[u8; 32]> = TableDefinition::new("standings-1");
/// Blob (32) → nothing. This office needs it and did not have it when its case was folded.
pub(super) const WANTED: TableDefinition<'static, &[u8; 32], ()> = TableDefinition::new("wanted-1");
/// Milliseconds since 1970 (8) → what happened to this machine then, in words.
pub(super) const INCIDENTS: TableDefinition<'static, &[u8; 8], &str> = TableDefinition::new("incidents-1");
/// Log number (4), position (8) → nothing. The entry there decayed and is to be fetched again.
pub(super) const DAMAGED: TableDefinition<'static, &[u8; 12], ()> = TableDefinition::new("damaged-1");
/// Office code → an invitation as JSON, at the province.
pub(super) const INVITATIONS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("invitations-1");
/// SHA-256 of an identity number with this store's salt, cut (16), case (16) → nothing. The number that a case of this office stands for, or one
/// that was looked at here.
pub(super) const PEOPLE: TableDefinition<'static, &[u8; 32], ()> = TableDefinition::new("people-1");
/// `people` → the salt of [`PEOPLE`].
pub(super) const SALTS: TableDefinition<'static, &str, &[u8; 32]> = TableDefinition::new("salts-1");
/// Id of a spec → its draft as JSON. Never leaves this machine.
pub(super) const SPEC_DRAFTS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("spec-drafts-1");
/// Milliseconds since 1970 (8), a number among those of that time (4) → who saw whose data then, as JSON. Never leaves this machine.
pub(super) const TRAIL: TableDefinition<'static, &[u8; 12], &[u8]> = TableDefinition::new("trail-1");
