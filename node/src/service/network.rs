//! What is known of the network, as the shell publishes it and the API shows it; and what the API asks the network.

use protocol::{
    blob::wants::Transit,
    id::{BlobHash, Origin, PublicKey},
    limits::RECEIPT_LOOKUPS_MAX,
    receipt::Evidence,
    sync::{Lag, paths::Transport, wire::Refusal},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};
use tokio::sync::{mpsc, oneshot, watch};

/// One peer as seen by the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PeerState {
    /// How far apart.
    pub lag: Lag,
    /// Entries of the province's log that it is known to hold.
    pub specs_held: u64,
    /// It refused us, or we refused it.
    pub refused: Option<Refusal>,
    /// The office by way of which it is connected, where there is no direct connection.
    pub by: Option<PublicKey>,
    /// What carries the direct connection, and bytes a second of answers over it where that was measured.
    pub carried_by: Option<(Transport, Option<u64>)>,
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
    /// Blobs for which somebody waits.
    pub transits: BTreeMap<BlobHash, Transit>,
    /// Addresses that this node listens on.
    pub listening: Vec<String>,
}

/// A question to other offices about the receipt at a position of a log.
#[derive(Debug)]
pub struct ReceiptQuestion {
    /// The log.
    pub origin: Origin,
    /// The position.
    pub index: u64,
    /// Takes what was told; dropped where nobody can be asked.
    pub answer: oneshot::Sender<Vec<Evidence>>,
}

/// Where the newest snapshot stands, the way to the network, and its switch. A node without a network has an empty one, and nobody to ask.
#[derive(Debug, Clone, Default)]
pub struct NetworkHandle {
    status: Arc<RwLock<NetStatus>>,
    questions: Option<mpsc::Sender<ReceiptQuestion>>,
    off: watch::Sender<bool>,
}

impl NetworkHandle {
    /// A handle, and the questions that are asked through it and its clones.
    pub fn new() -> (Self, mpsc::Receiver<ReceiptQuestion>) {
        let (questions, asked) = mpsc::channel(RECEIPT_LOOKUPS_MAX);
        (Self { questions: Some(questions), ..Self::default() }, asked)
    }
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
    /// What connected offices tell of a receipt, unverified; nothing where nobody answers in time. Safe to cancel.
    pub async fn ask_about(&self, origin: Origin, index: u64) -> Vec<Evidence> {
        let Some(questions) = &self.questions else { return Vec::new() };
        let (answer, told) = oneshot::channel();
        // Bound: a full queue means that everybody at this counter looks something up; what is here is the answer then.
        if questions.try_send(ReceiptQuestion { origin, index, answer }).is_err() {
            return Vec::new();
        }
        told.await.unwrap_or_default()
    }
}
