//! Which of the connections of a peer carries the questions: a direct one before one by way of a relay, and of QUIC and TCP the one that
//! brought more bytes in a second.
//!
//! Questions are shared out over all connections of a peer, so a slow one holds up every second of them; in the end there is one. Of direct
//! ones each end closes only what it dialled itself. Where both dialled, the one with the smaller key keeps its own. So the two never close one connection each and stand without any.

use crate::{
    id::{Millis, PublicKey},
    limits::{GOODPUT_BYTES_MIN, GOODPUT_SAMPLES, PATH_GRACE_MS, PROBE_EVERY_MS, PROBE_MAX_MS, PROBE_SOON_MS},
};
use std::collections::BTreeMap;

/// What carries a direct connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// QUIC.
    Quic,
}

impl Transport {
    fn other(self) -> Self {
        match self {
            Self::Tcp => Self::Quic,
            Self::Quic => Self::Tcp,
        }
    }
}

/// One connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// What carries it; the way to the relay where it goes by one.
    pub transport: Transport,
    /// The relay that it goes through.
    pub by: Option<PublicKey>,
    /// This end dialled.
    pub dialled: bool,
    /// When it was opened.
    pub since: Millis,
    /// Answers that were measured on it.
    samples: u32,
}

impl Path {
    /// A connection that was opened now.
    pub fn new(now: Millis, transport: Transport, by: Option<PublicKey>, dialled: bool) -> Self {
        Self { transport, by, dialled, since: now, samples: 0 }
    }
}

/// Bytes a second: the mean of the answers, the last ones counting most.
#[derive(Debug, Clone, Copy, Default)]
struct Rate {
    bytes_per_s: Option<u64>,
    at: Millis,
}

impl Rate {
    fn add(&mut self, now: Millis, sample: u64) {
        self.bytes_per_s = Some(match self.bytes_per_s {
            // A quarter of the new, three of the old.
            Some(old) => old - old / 4 + sample / 4,
            None => sample,
        });
        self.at = now;
    }
}

#[derive(Debug)]
struct Peer<C> {
    paths: BTreeMap<C, Path>,
    /// By transport; kept when the last connection is gone.
    rates: [Rate; 2],
    probed_at: Option<Millis>,
}

impl<C> Default for Peer<C> {
    fn default() -> Self {
        Self { paths: BTreeMap::new(), rates: Default::default(), probed_at: None }
    }
}

impl<C> Peer<C> {
    fn rate(&self, transport: Transport) -> Rate {
        self.rates[transport as usize]
    }
}

/// What to do about the connections of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<C> {
    /// Close this one.
    Close(C),
    /// Dial over this transport, beside the connection that stands, to measure it.
    Try(PublicKey, Transport),
}

/// The connections of one node, each with a name that the shell gave it.
#[derive(Debug)]
pub struct Paths<C> {
    /// Bound: peers that may speak, or are about to be hung up on.
    peers: BTreeMap<PublicKey, Peer<C>>,
}

impl<C> Default for Paths<C> {
    fn default() -> Self {
        Self { peers: BTreeMap::new() }
    }
}

impl<C: Copy + Ord> Paths<C> {
    /// A connection stands.
    pub fn opened(&mut self, peer: PublicKey, name: C, path: Path) {
        self.peers.entry(peer).or_default().paths.insert(name, path);
    }

    /// A connection is gone. What was measured is kept for those that may come back.
    pub fn closed(&mut self, peer: PublicKey, name: C) {
        if let Some(state) = self.peers.get_mut(&peer) {
            state.paths.remove(&name);
            if state.paths.is_empty() && state.rates.iter().all(|rate| rate.bytes_per_s.is_none()) {
                self.peers.remove(&peer);
            }
        }
    }

    /// So many bytes of an answer came on a connection, this long after the question was sent; none where it was waited for in vain.
    pub fn answered(&mut self, now: Millis, peer: PublicKey, name: C, bytes: u64, took_ms: u64) {
        // A short answer says how far away the peer is, and not how much the line carries.
        if bytes != 0 && bytes < GOODPUT_BYTES_MIN {
            return;
        }
        let Some(state) = self.peers.get_mut(&peer) else { return };
        let Some(path) = state.paths.get_mut(&name).filter(|path| path.by.is_none()) else { return };
        path.samples = path.samples.saturating_add(1);
        state.rates[path.transport as usize].add(now, bytes.saturating_mul(1_000) / took_ms.max(1));
    }

    fn of(&self, peer: PublicKey) -> impl Iterator<Item = (&C, &Path)> {
        self.peers.get(&peer).into_iter().flat_map(|state| &state.paths)
    }

    /// Whether a connection to the peer goes through nobody.
    pub fn is_direct(&self, peer: PublicKey) -> bool {
        self.of(peer).any(|(_, path)| path.by.is_none())
    }

    /// The relay through which a peer is connected that is not connected directly.
    pub fn by(&self, peer: PublicKey) -> Option<PublicKey> {
        if self.is_direct(peer) { None } else { self.of(peer).find_map(|(_, path)| path.by) }
    }

    /// Peers that are connected by way of relays only.
    pub fn relayed(&self) -> usize {
        self.peers.keys().filter(|peer| self.by(**peer).is_some()).count()
    }

    /// What carries the oldest direct connection, and bytes a second of answers on it where that was measured.
    pub fn carried_by(&self, peer: PublicKey) -> Option<(Transport, Option<u64>)> {
        let transport = self.of(peer).filter(|(_, path)| path.by.is_none()).min_by_key(|(_, path)| path.since)?.1.transport;
        Some((transport, self.peers.get(&peer)?.rate(transport).bytes_per_s))
    }

    /// The transport to dial first: the one that was measured and found better.
    pub fn preferred(&self, peer: PublicKey) -> Option<Transport> {
        let state = self.peers.get(&peer)?;
        let of = |transport| state.rate(transport).bytes_per_s;
        let (tcp, quic) = (of(Transport::Tcp)?, of(Transport::Quic)?);
        if better(tcp, quic) {
            Some(Transport::Tcp)
        } else if better(quic, tcp) {
            Some(Transport::Quic)
        } else {
            None
        }
    }

    /// What to do about all connections now. `can_dial` says over what a peer can be dialled.
    pub fn next(&mut self, now: Millis, me: PublicKey, can_dial: impl Fn(PublicKey, Transport) -> bool) -> Vec<Step<C>> {
        let mut steps = Vec::new();
        for (key, state) in &mut self.peers {
            // Bound: a connection that is new may be the one that the other end is about to keep.
            let settled = |path: &Path| path.since + PATH_GRACE_MS <= now;
            if !state.paths.values().any(|path| path.by.is_none() && settled(path)) {
                continue;
            }
            steps.extend(state.paths.iter().filter(|(_, path)| path.by.is_some()).map(|(name, _)| Step::Close(*name)));
            let direct: Vec<(C, Path)> =
                state.paths.iter().filter(|(_, path)| path.by.is_none()).map(|(name, path)| (*name, *path)).collect();
            let (mut mine, theirs): (Vec<_>, Vec<_>) = direct.into_iter().partition(|(_, path)| path.dialled);
            if me > *key && theirs.iter().any(|(_, path)| settled(path)) {
                steps.extend(mine.iter().map(|(name, _)| Step::Close(*name)));
                continue;
            }
            mine.sort_by_key(|(name, path)| (path.since, *name));
            let Some((standing, rest)) = mine.split_first() else { continue };
            let rate = state.rate(standing.1.transport);
            let other = state.rate(standing.1.transport.other());
            match rest.iter().find(|(_, path)| path.transport != standing.1.transport) {
                Some((challenger, path)) => {
                    let measured = [standing.1, *path].iter().all(|path| path.samples >= GOODPUT_SAMPLES);
                    if measured || path.since + PROBE_MAX_MS <= now {
                        let wins = path.samples >= GOODPUT_SAMPLES
                            && rate.bytes_per_s.zip(other.bytes_per_s).is_some_and(|(old, new)| better(new, old));
                        steps.push(Step::Close(if wins { standing.0 } else { *challenger }));
                        state.probed_at = Some(now);
                    }
                }
                None => {
                    steps.extend(rest.iter().map(|(name, _)| Step::Close(*name)));
                    let pause = match rate.bytes_per_s.zip(other.bytes_per_s) {
                        Some((here, there)) if better(there, here) => PROBE_SOON_MS,
                        _ => PROBE_EVERY_MS,
                    };
                    let flows = standing.1.samples >= GOODPUT_SAMPLES && rate.at + PROBE_SOON_MS > now;
                    let due = state.probed_at.is_none_or(|at| at + pause <= now);
                    if flows && due && can_dial(*key, standing.1.transport.other()) {
                        state.probed_at = Some(now);
                        // What the other carried at another time is forgotten: the line may be another.
                        state.rates[standing.1.transport.other() as usize] = Rate::default();
                        steps.push(Step::Try(*key, standing.1.transport.other()));
                    }
                }
            }
        }
        steps
    }
}

/// Better by so much that it is worth a change.
fn better(one: u64, other: u64) -> bool {
    one / 5 > other / 4
}

#[cfg(test)]
mod tests;
