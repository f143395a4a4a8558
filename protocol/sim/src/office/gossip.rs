//! Gossip of checkpoints, as `node::net::driver::gossip` carries it.
//!
//! Of gossipsub there is only what the machine rests on: a message goes to a few peers, each passes on what the machine accepts, and what was
//! seen lately is dropped before the machine sees it. Gossipsub also asks for what it missed; here a lost message is lost for good.

use super::{Message, Office};
use protocol::{
    id::{Millis, Origin, PublicKey},
    sync::{
        gossip::{Gossip, Verdict},
        witnessing::Newest,
    },
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Peers that a message goes to, as in the node.
const MESH: usize = 4;
/// For how long a message is known again, as in the node.
const SEEN_MS: Millis = 300_000;

#[derive(Debug, Default)]
pub(crate) struct Gossiping {
    machine: Gossip,
    seen: BTreeMap<[u8; 32], Millis>,
    /// Messages that were passed on, by log, for the checker.
    pub(crate) passed_on: BTreeMap<Origin, u64>,
    /// When this began.
    since: Millis,
}

impl Gossiping {
    pub(super) fn from(now: Millis) -> Self {
        Self { since: now, ..Self::default() }
    }
}

impl Office {
    /// Holds and asks for the province's log and its own only: what becomes of the others it hears by gossip.
    #[cfg(test)]
    pub(crate) fn hold_the_least(&mut self) {
        self.holds_all = false;
        self.follow();
    }

    /// Whether entries of a log are wanted here.
    pub(crate) fn follows(&self, origin: &Origin) -> bool {
        self.holds_all && self.counts(origin) || *origin == self.origin || origin == self.province.origin()
    }

    /// Publishes what is new of the own logs.
    pub(super) fn publish_checkpoints(&mut self) {
        if !self.gossips {
            return;
        }
        let now = self.uptime;
        self.gossip.seen.retain(|_, at| *at + SEEN_MS > now);
        let newest: Vec<Newest> = self.own_origins().into_iter().filter_map(|origin| self.newest(origin)).collect();
        for origin in self.gossip.machine.publish(now, &newest) {
            let note = self.disk.logs.get(&origin).map(|log| log.note.clone()).unwrap_or_default();
            if self.spread(None, note.as_bytes()) == 0 {
                self.gossip.machine.unheard(&origin);
            }
        }
    }

    pub(super) fn hear_gossip(&mut self, from: PublicKey, message: &[u8]) {
        let name = Sha256::digest(message).into();
        if !self.gossips || self.gossip.seen.insert(name, self.uptime).is_some() {
            return;
        }
        let heard = self.gossip.machine.hear(self.uptime, from, message, &self.members);
        if heard.verdict == Verdict::Accept {
            self.spread(Some(from), message);
            if let Some(checkpoint) = &heard.checkpoint {
                *self.gossip.passed_on.entry(checkpoint.origin().clone()).or_default() += 1;
            }
        }
        if self.liar.is_some() {
            // Whoever signs twice proves nothing against itself, although it holds what would.
            return;
        }
        if let Some(proof) = heard.fork {
            self.learn(from, None, vec![proof]);
        }
        if let Some(checkpoint) = heard.checkpoint
            && (1..=self.disk.size(checkpoint.origin())).contains(&checkpoint.size())
        {
            self.prove_fork(&checkpoint, &[]);
        }
    }

    /// Gives a message to some peers, other ones for each message; says to how many.
    fn spread(&mut self, but: Option<PublicKey>, message: &[u8]) -> usize {
        let me = self.public();
        let lot = |peer: &PublicKey| Sha256::new().chain_update(me.0).chain_update(peer.0).chain_update(message).finalize();
        let mut peers: Vec<PublicKey> = self.sync.connected().filter(|peer| Some(*peer) != but && self.is_enrolled(*peer)).collect();
        peers.sort_by_cached_key(lot);
        peers.truncate(MESH);
        for peer in &peers {
            let said = match &mut self.liar {
                Some(liar) => liar.twist_gossip(message),
                None => message.to_vec(),
            };
            self.outbox.push((*peer, Message::Gossip(said)));
        }
        peers.len()
    }

    /// Says something on the topic that nobody signed; only liars do.
    pub(crate) fn babble(&mut self, to: PublicKey, message: Vec<u8>) {
        self.outbox.push((to, Message::Gossip(message)));
    }

    /// Entries that the office of a log signed for, as far as was heard.
    pub(crate) fn heard_of(&self, origin: &Origin) -> u64 {
        self.gossip.machine.size(origin)
    }
    /// Whether a peer passed on so much that does not hold that it is not listened to.
    pub(crate) fn does_not_listen_to(&self, peer: PublicKey) -> bool {
        self.gossip.machine.is_cut_off(self.uptime, peer)
    }
    /// For how long it has listened.
    pub(crate) fn listened_ms(&self) -> Millis {
        self.uptime - self.gossip.since
    }
}
