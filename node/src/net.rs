//! The libp2p shell: carries the events and effects of [`protocol::sync`] and moves blobs. It decides no rule.
//!
//! QUIC and TCP + Noise + Yamux; the network identity is the office key, so a peer is known by its enrolment. A key that is not enrolled
//! gets one answer, `NotEnrolled`, from memory, and no disk is touched for it.

mod codec;
mod driver;
mod own_log;

pub use driver::{Join, NetConfig, NetError, key_in, peer_id, start};

#[cfg(test)]
mod tests;
