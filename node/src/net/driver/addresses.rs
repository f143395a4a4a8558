//! Where offices can be dialled: addresses that a person configured, and addresses that the local network told of.
//!
//! What the local network tells nobody has signed. So it displaces nothing that was configured, only addresses of a local network are taken
//! from it, the newest stay, and one that it says is gone is forgotten.

use libp2p::{Multiaddr, multiaddr::Protocol};
use protocol::id::PublicKey;
use std::collections::{BTreeMap, VecDeque};

/// Bound: addresses of one office that the local network told of. A machine has a few, for two transports and two families.
const FOUND_MAX: usize = 8;

#[derive(Debug, Default)]
struct Of {
    configured: Vec<Multiaddr>,
    /// The newest last.
    found: VecDeque<Multiaddr>,
}

/// The addresses of all offices.
#[derive(Debug, Default)]
pub(super) struct Addresses(BTreeMap<PublicKey, Of>);

impl Addresses {
    /// An address of `federation.json` or `node.toml`.
    pub(super) fn configure(&mut self, key: PublicKey, address: Multiaddr) {
        let configured = &mut self.0.entry(key).or_default().configured;
        if !configured.contains(&address) {
            configured.push(address);
        }
    }

    /// Whether a person named an address of this key.
    pub(super) fn is_configured(&self, key: PublicKey) -> bool {
        self.0.get(&key).is_some_and(|of| !of.configured.is_empty())
    }

    /// The local network tells of an address of an enrolled office.
    pub(super) fn found(&mut self, key: PublicKey, address: Multiaddr) {
        if !is_local(&address) {
            return;
        }
        let of = self.0.entry(key).or_default();
        if of.configured.contains(&address) {
            return;
        }
        of.found.retain(|known| *known != address);
        of.found.push_back(address);
        // Attack: anybody on the local network can tell of addresses. The owner tells of its own again and again.
        if of.found.len() > FOUND_MAX {
            of.found.pop_front();
        }
    }

    /// The local network says that an address is gone.
    pub(super) fn expired(&mut self, key: PublicKey, address: &Multiaddr) {
        if let Some(of) = self.0.get_mut(&key) {
            of.found.retain(|known| known != address);
        }
    }

    /// Where a key can be dialled, what was configured first and the newest of the others next.
    pub(super) fn of(&self, key: PublicKey) -> Vec<Multiaddr> {
        self.0.get(&key).map(Of::all).unwrap_or_default()
    }

    /// Every key of which an address is known, with them.
    pub(super) fn all(&self) -> impl Iterator<Item = (PublicKey, Vec<Multiaddr>)> {
        self.0.iter().map(|(key, of)| (*key, of.all())).filter(|(_, addresses)| !addresses.is_empty())
    }
}

impl Of {
    fn all(&self) -> Vec<Multiaddr> {
        self.configured.iter().chain(self.found.iter().rev()).cloned().collect()
    }
}

/// Whether an address lies in a local network.
fn is_local(address: &Multiaddr) -> bool {
    match address.iter().next() {
        Some(Protocol::Ip4(address)) => address.is_private() || address.is_link_local() || address.is_loopback(),
        Some(Protocol::Ip6(address)) => {
            let first = address.segments()[0];
            // fe80::/10, link-local; fc00::/7, unique local.
            first & 0xffc0 == 0xfe80 || first & 0xfe00 == 0xfc00 || address.is_loopback()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: PublicKey = PublicKey([1; 32]);

    fn at(host: u8) -> Multiaddr {
        format!("/ip4/192.168.0.{host}/tcp/8700").parse().unwrap()
    }

    #[test]
    fn mend_05_addresses_of_the_local_network_come_and_go_and_displace_none_that_was_configured() {
        let mut addresses = Addresses::default();
        let configured: Multiaddr = "/ip4/203.0.113.5/tcp/8700".parse().unwrap();
        addresses.configure(A, configured.clone());
        // A router that gives out another address every day.
        (0..40).for_each(|host| addresses.found(A, at(host)));
        let known = addresses.of(A);
        assert_eq!((known.len(), &known[0], &known[1]), (1 + FOUND_MAX, &configured, &at(39)), "the newest stay");
        addresses.found(A, at(35));
        assert_eq!(addresses.of(A)[1], at(35), "told again, it is the newest");
        addresses.expired(A, &at(35));
        addresses.expired(A, &configured);
        let known = addresses.of(A);
        assert!(!known.contains(&at(35)) && known.contains(&configured));
    }

    #[test]
    fn mend_05_only_addresses_of_a_local_network_are_taken_from_it() {
        let mut addresses = Addresses::default();
        let far = [
            "/ip4/8.8.8.8/tcp/1",
            "/ip6/2001:db8::1/tcp/1",
            "/dns4/example.org/tcp/1",
            "/ip4/0.0.0.0/tcp/1",
            "/ip4/224.0.0.1/udp/1/quic-v1",
        ];
        far.iter().for_each(|far| addresses.found(A, far.parse().unwrap()));
        assert_eq!(addresses.all().count(), 0);
        let near =
            ["/ip4/10.1.2.3/tcp/1", "/ip4/172.16.0.1/tcp/1", "/ip4/169.254.1.1/tcp/1", "/ip6/fe80::1/tcp/1", "/ip6/fd00::1/udp/1/quic-v1"];
        near.iter().for_each(|near| addresses.found(A, near.parse().unwrap()));
        assert_eq!(addresses.of(A).len(), near.len());
        assert!(!addresses.is_configured(A), "and they let nobody in");
    }
}
