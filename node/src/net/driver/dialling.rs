//! Whom this node dials, and whose connection ends because nothing may be said on it.

use super::{
    Driver,
    behaviour::{key_of, peer_id},
    paths::transport,
    uptime_ms,
};
use libp2p::{
    Multiaddr, PeerId,
    swarm::dial_opts::{DialOpts, PeerCondition},
};
use protocol::{id::PublicKey, limits::RELAY_RETRY_MS};
use std::num::NonZeroU8;

/// A connection of a key that may not speak ends after this long, so that strangers cannot hold the places of offices.
const STRANGER_STAY_MS: u64 = 30_000;
/// A peer without a connection is dialled again after this long.
const REDIAL_MS: u64 = 3_000;

impl Driver {
    /// Dials those whose address is known and who are not connected directly.
    pub(super) fn dial_known(&mut self) {
        let now = uptime_ms();
        let me = self.office.keys.office.public();
        let waiting: Vec<(PublicKey, Vec<Multiaddr>)> = self
            .known
            .all()
            .filter(|(key, _)| !self.status.is_off() && *key != me && !self.paths.machine.is_direct(*key))
            // Whoever is connected by way of another can wait for the shorter way.
            .map(|known| (if self.paths.machine.by(known.0).is_some() { RELAY_RETRY_MS } else { REDIAL_MS }, known))
            .filter(|(pause, (key, _))| self.dialled.get(key).is_none_or(|at| at + pause <= now))
            .map(|(_, known)| known)
            .collect();
        for (key, addresses) in waiting {
            self.dialled.insert(key, now);
            if let Some(peer) = peer_id(key)
                && let Err(error) = self.swarm.dial(self.way_to(key, peer, addresses))
            {
                tracing::debug!(%error, %peer, "cannot dial");
            }
        }
    }

    /// How to dial a peer: where one transport was found better, over that one first.
    pub(super) fn way_to(&self, key: PublicKey, peer: PeerId, mut addresses: Vec<Multiaddr>) -> DialOpts {
        // Whoever is connected by way of another may be dialled for the shorter way.
        let dial = DialOpts::peer_id(peer).condition(PeerCondition::NotDialing);
        match self.paths.machine.preferred(key) {
            Some(first) => {
                addresses.sort_by_key(|address| transport(address) != first);
                dial.addresses(addresses).override_dial_concurrency_factor(NonZeroU8::MIN).build()
            }
            None => dial.addresses(addresses).build(),
        }
    }

    /// Hangs up on those that may not speak and had their time.
    pub(super) fn end_guests(&mut self) {
        let now = uptime_ms();
        let overstaying: Vec<PeerId> =
            self.guests.iter().filter(|(_, since)| **since + STRANGER_STAY_MS <= now).map(|(peer, _)| *peer).collect();
        for peer in overstaying {
            self.guests.remove(&peer);
            if !key_of(&peer).is_some_and(|key| self.may_speak(key)) {
                // Gone by itself meanwhile is as good.
                let _ = self.swarm.disconnect_peer_id(peer);
            }
        }
    }
}
