//! What the network shell shows of itself.

use protocol::{id::PublicKey, sync::Lag, sync::wire::Refusal};
use std::collections::BTreeMap;

/// One peer as seen by the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PeerState {
    /// How far apart.
    pub lag: Lag,
    /// It refused us, or we refused it.
    pub refused: Option<Refusal>,
}

/// A snapshot of the network, replaced as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetStatus {
    /// Peers by key: enrolled ones, and those known by an address.
    pub peers: BTreeMap<PublicKey, PeerState>,
    /// Entries of the own log that no other node is known to hold.
    pub to_send: u64,
    /// Size of the own log that some other node is known to hold.
    pub own_held: u64,
    /// Keys that knocked without being enrolled, newest last; at most 16.
    pub strangers: Vec<PublicKey>,
    /// Addresses that this node listens on.
    pub listening: Vec<String>,
}
