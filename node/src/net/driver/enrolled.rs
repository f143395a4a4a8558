//! A behaviour that takes part in connections of enrolled keys only: others find no such protocol here, and hear nothing of it.

use either::Either;
use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm, dummy},
};
use std::{
    collections::HashSet,
    task::{Context, Poll},
};

/// Whether a peer takes part, asked when it connects.
type Admits = Box<dyn Fn(&PeerId) -> bool + Send>;

pub(super) struct Enrolled<B> {
    pub(super) inner: B,
    admits: Admits,
    /// Connections that the inner behaviour knows nothing of.
    left_out: HashSet<ConnectionId>,
}

impl<B> Enrolled<B> {
    pub(super) fn new(inner: B, admits: impl Fn(&PeerId) -> bool + Send + 'static) -> Self {
        Self { inner, admits: Box::new(admits), left_out: HashSet::new() }
    }
}

impl<B: NetworkBehaviour> NetworkBehaviour for Enrolled<B> {
    type ConnectionHandler = Either<THandler<B>, dummy::ConnectionHandler>;
    type ToSwarm = B::ToSwarm;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if (self.admits)(&peer) {
            return self.inner.handle_established_inbound_connection(connection, peer, local, remote).map(Either::Left);
        }
        self.left_out.insert(connection);
        Ok(Either::Right(dummy::ConnectionHandler))
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if (self.admits)(&peer) {
            return self.inner.handle_established_outbound_connection(connection, peer, address, role, port).map(Either::Left);
        }
        self.left_out.insert(connection);
        Ok(Either::Right(dummy::ConnectionHandler))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        let left_out = match &event {
            FromSwarm::ConnectionEstablished(event) => self.left_out.contains(&event.connection_id),
            FromSwarm::AddressChange(event) => self.left_out.contains(&event.connection_id),
            FromSwarm::ConnectionClosed(event) => self.left_out.remove(&event.connection_id),
            // Another behaviour refused it after this one let it be.
            FromSwarm::ListenFailure(event) => {
                self.left_out.remove(&event.connection_id);
                false
            }
            FromSwarm::DialFailure(event) => {
                self.left_out.remove(&event.connection_id);
                false
            }
            _ => false,
        };
        if !left_out {
            self.inner.on_swarm_event(event);
        }
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {
            Either::Left(event) => self.inner.on_connection_handler_event(peer, connection, event),
            Either::Right(never) => match never {},
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.inner.poll(cx).map(|event| event.map_in(Either::Left))
    }
}
