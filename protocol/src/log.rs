//! The office log: signed notes, checkpoints, cosignatures and trust policies, packages of entries, tiles.
//!
//! One office writes one append-only log. Its history is authenticated by one signature over the Merkle root (a checkpoint)
//! and hashing; the signatures of the records in it say who stated what.

mod checkpoint;
mod cosignature;
mod entry;
mod fork;
mod note;
mod package;
mod point;
mod policy;
mod succession;
pub mod tile;
mod witness;

pub use checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
pub use cosignature::{WitnessKey, WitnessVerifier};
pub use entry::Entry;
pub use fork::{Common, Fork, ForkName, ForkProof, ForkProofError, probes};
pub use note::{Note, NoteError, VerifierKey};
pub use package::{Package, PackageError, VerifiedPackage};
pub use point::LogPoint;
pub use policy::{CosignedCheckpoint, Policy, PolicyError};
pub use succession::{Succession, SuccessionError, SuccessorVerifier, Successors};
pub use witness::{AddCheckpoint, Ready, Witness, WitnessError};
