//! The connections of each peer, and by way of whom each of them goes.

use super::{Driver, behaviour::key_of};
use libp2p::{Multiaddr, PeerId, core::ConnectedPoint, multiaddr::Protocol, swarm::ConnectionId};
use protocol::id::PublicKey;
use std::collections::BTreeMap;

/// One connection.
#[derive(Debug)]
struct Path {
    /// Where the other end is, as it is seen from here.
    remote: Multiaddr,
    /// The relay that it goes through.
    by: Option<PublicKey>,
}

/// Every connection that stands.
#[derive(Debug, Default)]
pub(super) struct Paths {
    peers: BTreeMap<PublicKey, BTreeMap<ConnectionId, Path>>,
}

impl Paths {
    fn of(&self, peer: PublicKey) -> impl Iterator<Item = (&ConnectionId, &Path)> {
        self.peers.get(&peer).into_iter().flatten()
    }
    /// Whether a connection to the peer goes through nobody.
    pub(super) fn is_direct(&self, peer: PublicKey) -> bool {
        self.of(peer).any(|(_, path)| path.by.is_none())
    }
    /// The relay through which a peer is connected that is not connected directly.
    pub(super) fn by(&self, peer: PublicKey) -> Option<PublicKey> {
        if self.is_direct(peer) { None } else { self.of(peer).find_map(|(_, path)| path.by) }
    }
    /// Connections that go through relays, of peers that are not connected directly.
    pub(super) fn relayed(&self) -> usize {
        self.peers.keys().filter(|peer| self.by(**peer).is_some()).count()
    }
    /// Where a peer that is connected directly is.
    pub(super) fn remote(&self, peer: PublicKey) -> Option<&Multiaddr> {
        self.of(peer).find_map(|(_, path)| path.by.is_none().then_some(&path.remote))
    }
    pub(super) fn closed(&mut self, peer: PublicKey, connection: ConnectionId) {
        if let Some(paths) = self.peers.get_mut(&peer) {
            paths.remove(&connection);
            if paths.is_empty() {
                self.peers.remove(&peer);
            }
        }
    }
}

impl Driver {
    /// A connection stands. Where there is a direct one, those that go through relays end: they would take half of all questions.
    pub(super) fn on_path(&mut self, peer: PeerId, connection: ConnectionId, endpoint: &ConnectedPoint) {
        let Some(key) = key_of(&peer) else { return };
        let by = relay_in(match endpoint {
            ConnectedPoint::Dialer { address, .. } => address,
            ConnectedPoint::Listener { local_addr, .. } => local_addr,
        });
        tracing::debug!(%key, by = ?by, "connected");
        let path = Path { remote: endpoint.get_remote_address().clone(), by };
        self.paths.peers.entry(key).or_default().insert(connection, path);
        if self.paths.is_direct(key) {
            let longer: Vec<ConnectionId> = self.paths.of(key).filter(|(_, path)| path.by.is_some()).map(|(id, _)| *id).collect();
            longer.into_iter().for_each(|connection| _ = self.swarm.close_connection(connection));
        }
    }
}

/// The relay that an address goes through.
fn relay_in(address: &Multiaddr) -> Option<PublicKey> {
    let before: Vec<Protocol<'_>> = address.iter().take_while(|part| *part != Protocol::P2pCircuit).collect();
    if before.len() == address.iter().count() {
        return None;
    }
    before.iter().rev().find_map(|part| if let Protocol::P2p(relay) = part { key_of(relay) } else { None })
}
