//! What the screen is told of the network.

use super::{Driver, uptime_ms};
use crate::service::{
    Change,
    network::{NetStatus, PeerState},
};
use protocol::{id::PublicKey, sync::Lag};
use std::collections::BTreeSet;

impl Driver {
    pub(super) fn publish_status(&self) {
        let me = self.office.keys.office.public();
        let keys: BTreeSet<PublicKey> = self
            .office
            .members()
            .offices()
            .map(|office| office.enrol.key)
            .chain(self.known.all().map(|(key, _)| key))
            .filter(|key| *key != me)
            .collect();
        let own = self.office.store.head(self.office.origin()).size;
        let own_held = self.sync.held_elsewhere(self.office.origin());
        let province = self.office.members().province().origin().clone();
        let status = NetStatus {
            peers: keys
                .into_iter()
                .map(|key| {
                    (
                        key,
                        PeerState {
                            lag: self.sync.lag(key),
                            specs_held: self.sync.held_by(key, &province),
                            refused: self.refused.get(&key).copied(),
                            by: self.paths.machine.by(key),
                            carried_by: self.paths.machine.carried_by(key),
                        },
                    )
                })
                .collect(),
            to_send: own.saturating_sub(own_held),
            own_held,
            transits: self.wants.transits(uptime_ms(), &self.sync.connected().collect()),
            strangers: self.strangers.clone(),
            listening: self.swarm.listeners().map(ToString::to_string).collect(),
        };
        let before = self.status.replace(status.clone());
        if before.transits != status.transits {
            self.office.tell(Change::Transit);
        }
        // When it was seen last and how fast it is changes with every word; all else is worth a look.
        let shown = |peer: &PeerState| PeerState {
            lag: Lag { last_seen: None, ..peer.lag },
            carried_by: peer.carried_by.map(|(transport, _)| (transport, None)),
            ..*peer
        };
        let moved = before.peers.len() != status.peers.len()
            || before.peers.iter().any(|(key, peer)| status.peers.get(key).map(shown) != Some(shown(peer)));
        // Whoever was told of a change before it was published here looked too early.
        if moved || before.to_send != status.to_send {
            self.office.tell(Change::Status);
        }
    }
}
