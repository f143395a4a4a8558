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
pub(super) struct Knocks(Arc<Mutex<Knocking>>);

impl Knocks {
    fn machine(&self) -> MutexGuard<'_, Knocking> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the door would turn an address away at this moment.
    pub(super) fn turns_away(&self, remote: &Multiaddr) -> bool {
        line_of(remote).is_some_and(|line| self.machine().turns_away(uptime_ms(), line))
    }
}

/// Counts who knocks.
#[derive(Debug)]
pub(super) struct Door {
    knocks: Knocks,
    /// Handshakes under way.
    pending: HashMap<ConnectionId, Line>,
}

impl Door {
    pub(super) fn new(knocks: Knocks) -> Self {
        Self { knocks, pending: HashMap::new() }
    }
    fn ended(&mut self, connection: ConnectionId) {
        if let Some(line) = self.pending.remove(&connection) {
            self.knocks.machine().ended(line);
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
        if !self.knocks.machine().admit(uptime_ms(), line) {
            return Err(ConnectionDenied::new(TooOften));
        }
        self.pending.insert(connection, line);
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
