//! How blobs travel: each piece is verified by itself as it comes, from the end of the blob to its beginning.
//!
//! Reading order: [`chain`] (why a piece may be believed), [`wants`] (whom to ask for the next one).

pub mod chain;
pub mod wants;
