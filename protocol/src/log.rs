//! The office log: signed notes, checkpoints, packages of entries, tiles.
//!
//! One office writes one append-only log. Its history is authenticated by one signature over the Merkle root (a checkpoint)
//! and hashing; the signatures of the records in it say who stated what.

mod checkpoint;
mod note;
mod package;
mod point;
pub mod tile;

pub use checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
pub use note::{Note, NoteError, VerifierKey};
pub use package::{Package, PackageError, VerifiedPackage};
pub use point::LogPoint;
