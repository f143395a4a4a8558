//! Takes connections out of the kernel's queue no faster than the machine says, and drops at once who is turned away anyway.
//!
//! A connection that libp2p has heard of costs several times as much to turn away as one that it never hears of. While nothing may be
//! accepted the listener is not polled: the kernel's queue bounds what waits then.

use super::{knocking::Knocks, uptime_ms};
use libp2p::{
    Multiaddr,
    core::transport::{DialOpts, ListenerId, Transport, TransportError, TransportEvent},
};
use protocol::sync::knocking::Accepting;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Sleep, sleep};

/// A transport whose listeners are asked at a bounded rate.
pub(super) struct Accepted<T> {
    inner: T,
    machine: Accepting,
    knocks: Knocks,
    /// Nothing is accepted before this ends.
    pause: Option<Pin<Box<Sleep>>>,
}

impl<T> Accepted<T> {
    pub(super) fn new(inner: T, knocks: Knocks) -> Self {
        Self { inner, machine: Accepting::default(), knocks, pause: None }
    }
}

impl<T: Transport + Unpin> Transport for Accepted<T> {
    type Output = T::Output;
    type Error = T::Error;
    type ListenerUpgrade = T::ListenerUpgrade;
    type Dial = T::Dial;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<Self::Error>> {
        self.inner.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(&mut self, address: Multiaddr, options: DialOpts) -> Result<Self::Dial, TransportError<Self::Error>> {
        self.inner.dial(address, options)
    }

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<TransportEvent<Self::ListenerUpgrade, Self::Error>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            if let Err(wait_ms) = self.machine.may_accept(uptime_ms()) {
                self.pause = Some(Box::pin(sleep(Duration::from_millis(wait_ms))));
                continue;
            }
            let event = ready!(Pin::new(&mut self.inner).poll(context));
            if let TransportEvent::Incoming { send_back_addr, .. } = &event {
                self.machine.accepted(uptime_ms());
                if self.knocks.turns_away(send_back_addr) {
                    // Dropped, and with it the connection.
                    continue;
                }
            }
            return Poll::Ready(event);
        }
    }
}
