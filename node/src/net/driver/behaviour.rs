//! What libp2p is made of here: transports, behaviours, limits, and how an office key and a peer id name one another.

use super::{
    super::codec::Codec,
    accepting::Accepted,
    enrolled::Enrolled,
    gossip,
    knocking::{Door, Knocks},
};
use crate::service::Office;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder,
    connection_limits::{self, ConnectionLimits},
    core::{Transport, upgrade::Version},
    dcutr, gossipsub, identify, identity, mdns, memory_connection_limits, multiaddr, noise, ping, relay,
    request_response::{self, ProtocolSupport},
    swarm::{NetworkBehaviour, behaviour::toggle::Toggle},
    tcp, yamux,
};
use protocol::{
    id::PublicKey,
    limits::HANDSHAKES_PENDING_MAX,
    sync::{
        line::{Caps, Quiet},
        wire,
    },
};
use std::{sync::Arc, time::Duration};

/// Connections from others: a province of 3,000 offices fits.
const ESTABLISHED_INCOMING_MAX: u32 = 4_096;
/// A connection is tried this often.
const PING_EVERY: Duration = Duration::from_secs(5);
/// And is dead when two tries in a row took longer: eight pieces of a blob before it take 16 s on a line of 1 Mbit/s.
const PING_MAX: Duration = Duration::from_secs(15);
/// QUIC and TCP, dialled from both sides at once.
const CONNECTIONS_PER_PEER_MAX: u32 = 4;

/// A node stands at 61 MB idle, takes a few hundred while it makes photos, and about 300 KiB for each connection; beyond this it accepts none and
/// dials nobody until it is back, rather than be killed with all of them.
const MEMORY_BYTES_MAX: usize = 1 << 30;

/// Where to listen and whom to know.
#[derive(Debug, Clone, Default)]
pub struct NetConfig {
    /// Addresses to listen on.
    pub listen: Vec<Multiaddr>,
    /// Addresses of peers, each ending in `/p2p/<peer id>`.
    pub peers: Vec<Multiaddr>,
    /// Look for offices on the local network.
    pub mdns: bool,
    /// How much of the line blobs may take.
    pub caps: Caps,
    /// And in which hours less.
    pub quiet: Option<Quiet>,
    /// After an end that was not in order, sign again although no other office answered in time.
    pub go_on_unanswered: bool,
    /// Whether to relay for offices that cannot reach one another; nothing for what [`protocol::sync::relaying::relays`] says.
    pub relay: Option<bool>,
    /// The invitation by which this office joins.
    pub join: Option<super::Join>,
}

/// Why the network did not start.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// Which.
        address: Multiaddr,
        /// Why.
        reason: String,
    },
    /// A peer's address does not end in its id.
    #[error("the peer address {0} does not end in /p2p/<peer id> of an office key")]
    NoPeerId(Multiaddr),
    /// A part of libp2p did not start.
    #[error("network: {0}")]
    Start(String),
}

#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    /// First of all: whom it turns away is counted nowhere else.
    door: Door,
    pub(super) sync: request_response::Behaviour<Codec>,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    mdns: Toggle<mdns::tokio::Behaviour>,
    limits: connection_limits::Behaviour,
    memory: memory_connection_limits::Behaviour,
    pub(super) relay: relay::Behaviour,
    relayed: relay::client::Behaviour,
    punching: dcutr::Behaviour,
    pub(super) gossip: Enrolled<gossipsub::Behaviour>,
}

pub(super) fn build_swarm(keypair: identity::Keypair, config: &NetConfig, office: &Arc<Office>) -> Result<Swarm<Behaviour>, NetError> {
    let with_mdns = config.mdns;
    // A new office knows the province by its address only.
    let (members, first) = (office.clone(), config.peers.iter().filter_map(key_in).collect::<Vec<_>>());
    let start_error = |error: &dyn std::fmt::Display| NetError::Start(error.to_string());
    let knocks = Knocks::default();
    let swarm = SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_quic()
        .with_other_transport(|key| {
            let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
            let secured = Accepted::new(tcp, knocks.clone()).upgrade(Version::V1Lazy).authenticate(noise::Config::new(key)?);
            Ok(secured.multiplex(yamux::Config::default()))
        })
        .map_err(|error| start_error(&error))?
        .with_relay_client(noise::Config::new, yamux::Config::default)
        .map_err(|error| start_error(&error))?
        .with_behaviour(|key, relayed| {
            let peer = key.public().to_peer_id();
            let config = request_response::Config::default()
                .with_request_timeout(Duration::from_millis(protocol::limits::REQUEST_TIMEOUT_MS))
                .with_max_concurrent_streams(super::ANSWERS_MAX);
            let mdns = with_mdns.then(|| mdns::tokio::Behaviour::new(mdns::Config::default(), peer)).transpose()?;
            Ok(Behaviour {
                door: Door::new(knocks),
                sync: request_response::Behaviour::with_codec(
                    Codec,
                    [(StreamProtocol::new(wire::PROTOCOL), ProtocolSupport::Full)],
                    config,
                ),
                identify: identify::Behaviour::new(identify::Config::new("/huizhi/1".into(), key.public())),
                ping: ping::Behaviour::new(ping::Config::new().with_interval(PING_EVERY).with_timeout(PING_MAX)),
                mdns: mdns.into(),
                limits: connection_limits::Behaviour::new(
                    ConnectionLimits::default()
                        .with_max_pending_incoming(Some(HANDSHAKES_PENDING_MAX))
                        .with_max_established_incoming(Some(ESTABLISHED_INCOMING_MAX))
                        .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER_MAX)),
                ),
                memory: memory_connection_limits::Behaviour::with_max_bytes(MEMORY_BYTES_MAX),
                relay: relay::Behaviour::new(peer, super::relaying::server(office)),
                relayed,
                punching: dcutr::Behaviour::new(peer),
                gossip: Enrolled::new(gossip::behaviour(office)?, move |peer| {
                    key_of(peer).is_some_and(|key| first.contains(&key) || members.is_enrolled(key))
                }),
            })
        })
        .map_err(|error| start_error(&error))?
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(3600)))
        .build();
    Ok(swarm)
}

fn peer_id_in(address: &Multiaddr) -> Option<PeerId> {
    address.iter().find_map(|part| if let multiaddr::Protocol::P2p(peer) = part { Some(peer) } else { None })
}

/// The office key that an address names.
pub fn key_in(address: &Multiaddr) -> Option<PublicKey> {
    peer_id_in(address).and_then(|peer| key_of(&peer))
}

/// The office key inside a peer id: Ed25519 ids carry the key itself.
pub(super) fn key_of(peer: &PeerId) -> Option<PublicKey> {
    let bytes = peer.to_bytes();
    // Identity multihash (0x00), 36 bytes: protobuf of key type Ed25519 and 32 bytes of key.
    match bytes.as_slice() {
        [0x00, 0x24, 0x08, 0x01, 0x12, 0x20, key @ ..] => key.try_into().ok().map(PublicKey),
        _ => None,
    }
}

/// The network identity of an office key; nothing for bytes that are no key.
pub fn peer_id(key: PublicKey) -> Option<PeerId> {
    let key = identity::ed25519::PublicKey::try_from_bytes(&key.0).ok()?;
    Some(identity::PublicKey::from(key).to_peer_id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_id_carries_the_office_key() {
        let mut seed = [7; 32];
        let keypair = identity::Keypair::ed25519_from_bytes(&mut seed).unwrap();
        let key = protocol::keys::OfficeKey::from_seed(&[7; 32]).public();
        assert_eq!(key_of(&keypair.public().to_peer_id()), Some(key));
        assert_eq!(peer_id(key), Some(keypair.public().to_peer_id()));
    }
}
