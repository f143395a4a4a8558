//! Carries relaying: what this node relays, where it can be reached, and whom it dials by way of others. The rules are the machine's.

use super::{
    Done, Driver, NetConfig,
    behaviour::{key_of, peer_id},
    uptime_ms,
};
use crate::service::Office;
use libp2p::{
    Multiaddr, PeerId,
    core::transport::ListenerId,
    identify,
    multiaddr::Protocol,
    relay,
    swarm::dial_opts::{DialOpts, PeerCondition},
};
use protocol::{
    id::PublicKey,
    limits::{
        RELAY_CIRCUIT_BYTES_MAX, RELAY_CIRCUIT_MS, RELAY_CIRCUITS_MAX, RELAY_CIRCUITS_PER_PEER_MAX, RELAY_RESERVATION_MS,
        RELAY_RESERVATIONS_MAX,
    },
    record::Roles,
    sync::{
        fairness::Who,
        relaying::{Ask, Doorman, Relaying, by_lot, relays},
    },
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

/// Blobs whose capturing offices are looked up at one time.
const GIVERS_LOOK: usize = 16;
/// They are looked up this often: what comes sooner from whoever is connected needs no relay.
const GIVERS_EVERY_MS: u64 = 5_000;

/// What is known of relays.
#[derive(Debug)]
pub(super) struct Relays {
    machine: Relaying,
    configured: Option<bool>,
    line_has_cap: bool,
    /// This node relays.
    relays: bool,
    /// Peers that say that they relay.
    able: BTreeSet<PublicKey>,
    listeners: HashMap<ListenerId, PublicKey>,
    /// Relays through which this node can be reached.
    held: BTreeSet<PublicKey>,
    /// Offices that captured what this node waits for.
    pub(super) givers: Vec<PublicKey>,
    looked_at: u64,
}

impl Relays {
    pub(super) fn new(config: &NetConfig) -> Self {
        let cap = |caps: &protocol::sync::line::Caps| caps.upload.is_some() || caps.download.is_some();
        Self {
            machine: Relaying::default(),
            configured: config.relay,
            line_has_cap: cap(&config.caps) || config.quiet.as_ref().is_some_and(|quiet| cap(&quiet.caps)),
            relays: false,
            able: BTreeSet::new(),
            listeners: HashMap::new(),
            held: BTreeSet::new(),
            givers: Vec::new(),
            looked_at: 0,
        }
    }
    pub(super) fn closed(&mut self, listener: ListenerId) {
        if let Some(relay) = self.listeners.remove(&listener) {
            self.held.remove(&relay);
        }
    }
    pub(super) fn gone(&mut self, key: PublicKey) {
        self.able.remove(&key);
        self.machine.gone(key);
    }
}

/// What this node relays, where it does: for enrolled offices, which it looks up every time.
pub(super) fn server(office: &Arc<Office>) -> relay::Config {
    let door = |ask| {
        let (office, mut doorman) = (office.clone(), Doorman::default());
        move |peer: PeerId, _: &Multiaddr, _| {
            let Some(key) = key_of(&peer) else { return false };
            let who = if office.is_enrolled(key) { Who::Peer } else { Who::Stranger };
            doorman.admit(uptime_ms(), key, who, ask)
        }
    };
    relay::Config {
        max_reservations: RELAY_RESERVATIONS_MAX,
        max_reservations_per_peer: 2,
        reservation_duration: Duration::from_millis(RELAY_RESERVATION_MS),
        reservation_rate_limiters: vec![Box::new(door(Ask::Reservation))],
        max_circuits: RELAY_CIRCUITS_MAX,
        max_circuits_per_peer: RELAY_CIRCUITS_PER_PEER_MAX,
        max_circuit_duration: Duration::from_millis(RELAY_CIRCUIT_MS),
        max_circuit_bytes: RELAY_CIRCUIT_BYTES_MAX,
        circuit_src_rate_limiters: vec![Box::new(door(Ask::Circuit))],
    }
}

impl Driver {
    /// Relays from now on, or no longer, as the rule says: the role comes and goes with the province's log.
    pub(super) fn relay_or_not(&mut self) {
        let roles = if self.office.has_role(Roles::ADMIN) { Roles::ADMIN } else { Roles::default() };
        self.relays.relays = relays(self.relays.configured, roles, self.relays.line_has_cap);
        let status = if self.relays.relays { relay::Status::Enable } else { relay::Status::Disable };
        self.swarm.behaviour_mut().relay.set_status(Some(status));
        for address in self.swarm.listeners().cloned().collect::<Vec<_>>() {
            self.tell_address(address);
        }
    }

    /// A relay names its addresses to those that it relays for, and an answer without any is refused. Nobody else confirms an address: libp2p
    /// would not try it when a way is to be made from both ends.
    fn tell_address(&mut self, address: Multiaddr) {
        if self.relays.relays {
            self.swarm.add_external_address(address);
        } else if !address.iter().any(|part| part == Protocol::P2pCircuit) {
            self.swarm.remove_external_address(&address);
        }
    }

    pub(super) fn on_listening(&mut self, listener: ListenerId, address: Multiaddr) {
        if let Some(relay) = self.relays.listeners.get(&listener) {
            if self.relays.held.insert(*relay) {
                tracing::info!(%relay, "can be reached by way of a relay");
            }
            return;
        }
        tracing::info!(%address, "listening");
        self.tell_address(address);
    }

    /// A peer says what it understands.
    pub(super) fn on_identified(&mut self, peer: PeerId, info: &identify::Info) {
        // Bound: enrolled offices, and the few that are known by an address; a new office knows the province by nothing else.
        let Some(key) = key_of(&peer).filter(|key| self.may_speak(*key)) else { return };
        if info.protocols.contains(&relay::HOP_PROTOCOL_NAME) {
            self.relays.able.insert(key);
            self.use_relays();
        } else {
            self.relays.able.remove(&key);
        }
    }

    /// Sees to it that this node can be reached, and connects to whom it has a reason to.
    pub(super) fn use_relays(&mut self) {
        let me = self.office.keys.office.public();
        // Nobody is relayed who is not enrolled.
        if self.status.is_off() || !self.office.is_enrolled(me) {
            return;
        }
        let now = uptime_ms();
        let able: BTreeSet<PublicKey> = self.relays.able.iter().copied().filter(|key| self.paths.is_direct(*key)).collect();
        if !self.relays.relays {
            for relay in self.relays.machine.reserve(now, &able, &self.relays.held) {
                let Some(circuit) = self.circuit(relay) else { continue };
                match self.swarm.listen_on(circuit) {
                    Ok(listener) => _ = self.relays.listeners.insert(listener, relay),
                    Err(error) => tracing::debug!(%error, %relay, "cannot ask a relay"),
                }
            }
        }
        if able.is_empty() {
            return;
        }
        if self.relays.looked_at + GIVERS_EVERY_MS <= now {
            self.relays.looked_at = now;
            self.off_reactor(|office| Done::Givers(givers(office)), || Done::Givers(Vec::new()));
        }
        let lot = by_lot(&self.office.members(), me);
        let wanted: Vec<PublicKey> = self.relays.givers.iter().copied().chain(self.ahead()).chain(lot).collect();
        let connected: BTreeSet<PublicKey> = self.swarm.connected_peers().filter_map(key_of).collect();
        for (key, relay) in self.relays.machine.dial(now, wanted, &connected, &able, self.paths.relayed()) {
            let (Some(peer), Some(circuit)) = (peer_id(key), self.circuit(relay)) else { continue };
            // An attempt at a direct way may be under way, and take long to fail.
            let dial = DialOpts::peer_id(peer).addresses(vec![circuit.with(Protocol::P2p(peer))]).condition(PeerCondition::Disconnected);
            if let Err(error) = self.swarm.dial(dial.build()) {
                tracing::debug!(%error, %peer, "cannot dial by way of a relay");
            }
        }
    }

    /// The address of what is to be reached through a relay.
    fn circuit(&self, relay: PublicKey) -> Option<Multiaddr> {
        let at = self.paths.remote(relay)?.clone().with_p2p(peer_id(relay)?).ok()?;
        Some(at.with(Protocol::P2pCircuit))
    }
}

/// Offices that captured cases whose blobs are wanted here.
fn givers(office: &Office) -> Vec<PublicKey> {
    let look = || {
        let mut givers = BTreeSet::new();
        for blob in office.wanted(GIVERS_LOOK)? {
            givers.extend(office.cases_of_blob(blob)?.iter().flat_map(|case| &case.submissions).map(|by| by.office));
        }
        Ok::<_, crate::store::StoreError>(givers)
    };
    let codes = look().unwrap_or_else(|error| {
        tracing::warn!(%error, "cannot tell who has what is wanted");
        BTreeSet::new()
    });
    let members = office.members();
    codes.into_iter().filter_map(|code| members.office(code)).map(|office| office.enrol.key).collect()
}
