//! The connections of each peer as the swarm tells of them; which of them is to stand is the machine's to say.

use super::{
    Driver,
    behaviour::{key_of, peer_id},
    uptime_ms,
};
use libp2p::{
    Multiaddr, PeerId,
    core::{ConnectedPoint, Endpoint},
    multiaddr::Protocol,
    swarm::{
        ConnectionId,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use protocol::{
    id::PublicKey,
    sync::{
        paths::{self, Path, Step, Transport},
        wire::Response,
    },
};
use std::collections::HashMap;

/// Every connection that stands.
#[derive(Debug, Default)]
pub(super) struct Paths {
    pub(super) machine: paths::Paths<ConnectionId>,
    /// Where the other end of a direct connection is, as it is seen from here.
    remotes: HashMap<ConnectionId, (PublicKey, Multiaddr)>,
}

impl Paths {
    /// Where a peer that is connected directly is.
    pub(super) fn remote(&self, peer: PublicKey) -> Option<&Multiaddr> {
        self.remotes.values().find(|(key, _)| *key == peer).map(|(_, address)| address)
    }
    pub(super) fn closed(&mut self, peer: PublicKey, connection: ConnectionId) {
        self.remotes.remove(&connection);
        self.machine.closed(peer, connection);
    }
}

impl Driver {
    /// A connection stands.
    pub(super) fn on_path(&mut self, peer: PeerId, connection: ConnectionId, endpoint: &ConnectedPoint) {
        let Some(key) = key_of(&peer) else { return };
        let (seen, dialled) = match endpoint {
            // Of two that dial each other at one moment, to get past routers, one takes the part of who was dialled.
            ConnectedPoint::Dialer { address, role_override, .. } => (address, *role_override == Endpoint::Dialer),
            ConnectedPoint::Listener { local_addr, .. } => (local_addr, false),
        };
        let path = Path::new(uptime_ms(), transport(seen), relay_in(seen), dialled);
        tracing::debug!(%key, ?path, "connected");
        if path.by.is_none() {
            self.paths.remotes.insert(connection, (key, endpoint.get_remote_address().clone()));
        }
        self.paths.machine.opened(key, connection, path);
    }

    /// Closes what is worse, and tries what may be better.
    pub(super) fn keep_the_best_paths(&mut self) {
        let me = self.office.keys.office.public();
        let known = &self.known;
        let can_dial = |peer, over| known.of(peer).iter().any(|address| transport(address) == over);
        for step in self.paths.machine.next(uptime_ms(), me, can_dial) {
            tracing::debug!(?step, "a connection is closed or tried");
            match step {
                // Gone by itself meanwhile is as good.
                Step::Close(connection) => _ = self.swarm.close_connection(connection),
                Step::Try(key, over) => {
                    let addresses = self.known.of(key).into_iter().filter(|address| transport(address) == over).collect();
                    let Some(peer) = peer_id(key) else { continue };
                    let dial = DialOpts::peer_id(peer).addresses(addresses).condition(PeerCondition::Always).build();
                    if let Err(error) = self.swarm.dial(dial) {
                        tracing::debug!(%error, %peer, "cannot dial");
                    }
                }
            }
        }
    }
}

/// Bytes of an answer that carries data; nothing where it is a word.
pub(super) fn data_in(response: &Response) -> Option<u64> {
    match response {
        Response::Blob { bytes, .. } | Response::BlobPiece { bytes, .. } => Some(bytes.len() as u64),
        Response::Entries(package) => Some(package.entries.iter().map(|entry| entry.len() as u64).sum()),
        _ => None,
    }
    .filter(|bytes| *bytes > 0)
}

pub(super) fn transport(address: &Multiaddr) -> Transport {
    if address.iter().any(|part| part == Protocol::QuicV1) { Transport::Quic } else { Transport::Tcp }
}

/// The relay that an address goes through.
fn relay_in(address: &Multiaddr) -> Option<PublicKey> {
    let before: Vec<Protocol<'_>> = address.iter().take_while(|part| *part != Protocol::P2pCircuit).collect();
    if before.len() == address.iter().count() {
        return None;
    }
    before.iter().rev().find_map(|part| if let Protocol::P2p(relay) = part { key_of(relay) } else { None })
}
