//! Turns away addresses that knock too often, before a handshake: the rule is the machine's, this tells it of what begins and ends.

use super::uptime_ms;
use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    multiaddr::Protocol,
    swarm::{ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm, dummy},
};
use protocol::sync::knocking::{Knocking, Line};
use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

/// Why a connection is not begun.
#[derive(Debug, thiserror::Error)]
#[error("this address knocks too often")]
struct TooOften;

/// Who knocked, as the door and the listener know it: the swarm polls them in turns.
#[derive(Debug, Clone, Default)]
pub(super) struct Knocks {
    /// Over TCP nobody gets as far as here with an address that is made up.
    tcp: Arc<Mutex<Knocking>>,
    /// Over UDP anybody does, so its table may be full of them.
    udp: Arc<Mutex<Knocking>>,
}

impl Knocks {
    fn machine(&self, remote: &Multiaddr) -> MutexGuard<'_, Knocking> {
        let machine = if remote.iter().any(|part| matches!(part, Protocol::Udp(_))) { &self.udp } else { &self.tcp };
        machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the door would turn an address away at this moment.
    pub(super) fn turns_away(&self, remote: &Multiaddr) -> bool {
        line_of(remote).is_some_and(|line| self.machine(remote).turns_away(uptime_ms(), line))
    }
}

/// Counts who knocks.
#[derive(Debug)]
pub(super) struct Door {
    knocks: Knocks,
    /// Handshakes under way.
    pending: HashMap<ConnectionId, (Line, Multiaddr)>,
}

impl Door {
    pub(super) fn new(knocks: Knocks) -> Self {
        Self { knocks, pending: HashMap::new() }
    }
    fn ended(&mut self, connection: ConnectionId) {
        if let Some((line, remote)) = self.pending.remove(&connection) {
            self.knocks.machine(&remote).ended(line);
        }
    }
}

/// The line that an address lies on; nothing for one by way of a relay, which counts itself.
fn line_of(address: &Multiaddr) -> Option<Line> {
    match address.iter().next()? {
        Protocol::Ip4(address) => Some(address.octets().into()),
        Protocol::Ip6(address) => Some(address.octets().into()),
        _ => None,
    }
}

impl NetworkBehaviour for Door {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let Some(line) = line_of(remote) else { return Ok(()) };
        if !self.knocks.machine(remote).admit(uptime_ms(), line) {
            return Err(ConnectionDenied::new(TooOften));
        }
        self.pending.insert(connection, (line, remote.clone()));
        Ok(())
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.ended(connection);
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ListenFailure(failure) = event {
            self.ended(failure.connection_id);
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::limits::{KNOCKING_ADDRESSES_MAX, KNOCKS_UNKNOWN_BURST};

    #[test]
    fn mend_19_made_up_addresses_over_udp_take_no_room_from_tcp() {
        let mut door = Door::new(Knocks::default());
        let local: Multiaddr = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
        let mut connections = 0;
        let mut knock = |address: String| {
            connections += 1;
            let remote: Multiaddr = address.parse().unwrap();
            door.handle_pending_inbound_connection(ConnectionId::new_unchecked(connections), &local, &remote).is_ok()
        };
        let flood = KNOCKING_ADDRESSES_MAX as u64 + 2 * KNOCKS_UNKNOWN_BURST;
        let admitted = (0..flood).filter(|at| knock(format!("/ip4/10.{}.{}.1/udp/1/quic-v1", at >> 8, at & 255))).count() as u64;
        assert!(admitted < flood, "the table of UDP is full");
        assert!((0..100).all(|at| knock(format!("/ip4/11.0.0.{at}/tcp/1"))), "and nobody waits for that over TCP");
    }
}
