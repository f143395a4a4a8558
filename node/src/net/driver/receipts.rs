//! Receipts that this node asks others about, and what it answers when it is asked.

use super::{Asked, Driver};
use crate::service::{Office, network::ReceiptQuestion, office::now_ms, receipts};
use protocol::{
    id::{Origin, PublicKey},
    receipt::Evidence,
    sync::{
        follow::whom_to_ask,
        lookup::Lookups,
        wire::{Request, Response},
    },
};
use std::collections::BTreeMap;
use tokio::sync::oneshot;

/// Look-ups under way, and who waits for each.
#[derive(Default)]
pub(super) struct Receipts {
    lookups: Lookups,
    waiting: BTreeMap<u64, oneshot::Sender<Vec<Evidence>>>,
}

impl Driver {
    /// Asks connected offices about a receipt. Where too many look-ups are under way the answer is empty at once.
    pub(super) fn ask_about(&mut self, ReceiptQuestion { origin, index, answer }: ReceiptQuestion) {
        let peers = match origin.office_and_epoch() {
            Some((issuer, _)) => whom_to_ask(&self.office.members(), issuer, self.sync.connected(), rand::random()),
            None => Vec::new(),
        };
        let Some((id, asked)) = self.receipts.lookups.begin(now_ms(), &peers) else { return };
        self.receipts.waiting.insert(id, answer);
        for peer in asked {
            self.send(peer, Request::Receipt { origin: origin.clone(), index }, Asked::Receipt(id));
        }
        self.end_lookups();
    }

    pub(super) fn told_of_receipt(&mut self, peer: PublicKey, id: u64, evidence: Option<Evidence>) {
        self.receipts.lookups.answered(id, peer, evidence);
        self.end_lookups();
    }

    /// Hands over what was told, once everybody answered or the time is up.
    pub(super) fn end_lookups(&mut self) {
        for (id, told) in self.receipts.lookups.ended(now_ms()) {
            if let Some(answer) = self.receipts.waiting.remove(&id) {
                // Whoever asked may have gone.
                let _ = answer.send(told);
            }
        }
    }
}

/// The answer to a peer that asks about a receipt.
pub(super) fn answer(office: &Office, origin: &Origin, index: u64) -> Response {
    match receipts::evidence(office, origin, index) {
        Ok(Some(evidence)) => Response::Receipt(evidence),
        Ok(None) => Response::NotHere,
        Err(error) => {
            tracing::warn!(%error, "a receipt cannot be proved to a peer");
            Response::NotHere
        }
    }
}
