//! What offices say to each other, and what it means.
//!
//! Pure: no I/O, no clock, no randomness, no async. Time, random bytes and stored state come in as arguments;
//! decisions come out as values.
//!
//! Reading order: [`id`] and [`limits`], then [`record`] (signed facts), [`merkle`] and [`log`] (the history they stand in),
//! [`membership`] (who may say what), [`case`] (what the facts about one case add up to), [`doc`] (shared notes),
//! [`receipt`] (numbers and proofs for people), [`sync`] (how histories travel) and [`blob`] (how pictures do).
//!
//! ```
//! use protocol::{id::Origin, keys::OfficeKey, record::{Decided, Record, Signed, Verdict}, id::{CaseId, RecordHash}};
//!
//! let key = OfficeKey::from_seed(&[7; 32]);
//! let origin = Origin::office("demo.huizhi", "44030001".parse().unwrap(), 1).unwrap();
//! let said = Record::Decided(Decided {
//!     case: CaseId([1; 16]), submission: RecordHash([2; 32]), verdict: Verdict::Approve,
//!     reasons: vec![], resolves: vec![], operator: 3, at_ms: 0,
//! });
//! let entry = Signed::sign(&origin, &key, &said).unwrap();
//! let verified = Signed::parse(entry.bytes()).unwrap().verify(&origin).unwrap();
//! assert_eq!(verified.record(), &said);
//! ```

pub mod access;
pub mod blob;
pub mod case;
pub mod commitment;
pub mod doc;
pub mod id;
pub mod keys;
pub mod limits;
pub mod log;
pub mod membership;
pub mod merkle;
pub mod receipt;
pub mod record;
pub mod sync;
