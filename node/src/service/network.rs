//! What is known of the network, as the shell publishes it and the API shows it.

use protocol::{id::PublicKey, sync::Lag, sync::wire::Refusal};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};
use tokio::sync::watch;

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

/// Where the newest snapshot stands, and the switch of the network. Empty for a node without one.
#[derive(Debug, Clone, Default)]
pub struct NetworkHandle {
    status: Arc<RwLock<NetStatus>>,
    off: watch::Sender<bool>,
}

impl NetworkHandle {
    /// The newest snapshot.
    pub fn status(&self) -> NetStatus {
        self.status.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// Cuts this node off from all others, or lets it speak again. Lasts until the program ends; everything but the network goes on.
    pub fn set_off(&self, off: bool) {
        self.off.send_replace(off);
    }
    /// Whether somebody cut this node off.
    pub fn is_off(&self) -> bool {
        *self.off.borrow()
    }
    /// Tells when it is cut off or let speak again.
    pub fn switch(&self) -> watch::Receiver<bool> {
        self.off.subscribe()
    }
    /// Puts a new snapshot in place and gives back the one before.
    pub fn replace(&self, status: NetStatus) -> NetStatus {
        std::mem::replace(&mut *self.status.write().unwrap_or_else(PoisonError::into_inner), status)
    }
}
