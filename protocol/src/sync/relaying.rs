//! Offices without a route to one another: who relays, for whom, and who is worth a connection by way of a relay.
//!
//! Every node can be reached through the relays that it is connected to, and connects through them to few others: those that wrote the cases whose
//! photos it waits for, those whose log is longer than anybody connected knows, and some by lot. A thousand offices that all spoke to one another would be half a
//! million circuits through one line.

use super::{
    fairness::{Bucket, Who},
    follow::{mix, number},
};
use crate::{
    id::{Millis, PublicKey},
    limits::{COST_CIRCUIT, COST_RESERVATION, RELAY_BURST, RELAY_RETRY_MS, RELAYED_BY_LOT, RELAYED_MAX, RELAYS_USED_MAX},
    membership::Membership,
    record::Roles,
};
use std::collections::{BTreeMap, BTreeSet};

/// Whether a node relays: what its configuration says, and otherwise one with the admin role whose line has no cap, for what passes through
/// cannot be held back.
pub fn relays(configured: Option<bool>, roles: Roles, line_has_cap: bool) -> bool {
    configured.unwrap_or(roles.contains(Roles::ADMIN) && !line_has_cap)
}

/// What is asked of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// To be reached through it.
    Reservation,
    /// To reach another through it.
    Circuit,
}

/// What one relay gave to whom.
#[derive(Debug, Default)]
pub struct Doorman {
    /// Bound: one for each key that is enrolled or was.
    peers: BTreeMap<PublicKey, Bucket>,
}

impl Doorman {
    /// Whether a relay does what it is asked: for enrolled keys only, and for each so often. `now` only goes forward.
    pub fn admit(&mut self, now: Millis, key: PublicKey, who: Who, ask: Ask) -> bool {
        let cost = match ask {
            Ask::Reservation => COST_RESERVATION,
            Ask::Circuit => COST_CIRCUIT,
        };
        who == Who::Peer && self.peers.entry(key).or_default().take(now, cost, (1, RELAY_BURST))
    }
}

/// Offices that `me` connects to without having anything to fetch there. Of a pair both have drawn the same number.
pub fn by_lot(members: &Membership, me: PublicKey) -> Vec<PublicKey> {
    let mine = number(&me.0);
    let others = members.offices().filter(|office| office.is_active() && office.enrol.key != me).map(|office| office.enrol.key);
    let mut drawn: Vec<_> = others.map(|key| (mix(mine ^ number(&key.0)), key)).collect();
    drawn.sort_unstable();
    drawn.into_iter().take(RELAYED_BY_LOT).map(|(_, key)| key).collect()
}

/// What a node does about relays, and when it did so last.
#[derive(Debug, Default)]
pub struct Relaying {
    /// Relays that were asked for a reservation.
    reserved: BTreeMap<PublicKey, Millis>,
    /// Offices that were dialled, and how often in vain.
    dialled: BTreeMap<PublicKey, (Millis, u32)>,
}

impl Relaying {
    /// At which of the relays that this node is connected to it asks for a reservation now. `held` are those where it has one.
    pub fn reserve(&mut self, now: Millis, relays: &BTreeSet<PublicKey>, held: &BTreeSet<PublicKey>) -> Vec<PublicKey> {
        let held = held.intersection(relays).count();
        let able = relays.iter().filter(|relay| self.reserved.get(relay).is_none_or(|at| *at + RELAY_RETRY_MS <= now));
        let asked: Vec<PublicKey> = able.take(RELAYS_USED_MAX.saturating_sub(held)).copied().collect();
        self.reserved.extend(asked.iter().map(|relay| (*relay, now)));
        asked
    }

    /// The connection to a relay is gone, and the reservation with it: it is asked for again as soon as there is another.
    pub fn gone(&mut self, relay: PublicKey) {
        self.reserved.remove(&relay);
    }

    /// Whom to dial by way of relays now, most urgent first, and through which. `wanted` is in this order and may name anybody; who is connected,
    /// or one of the relays, is passed over. `relayed` connections by way of relays stand already.
    pub fn dial(
        &mut self,
        now: Millis,
        wanted: impl IntoIterator<Item = PublicKey>,
        connected: &BTreeSet<PublicKey>,
        relays: &BTreeSet<PublicKey>,
        relayed: usize,
    ) -> Vec<(PublicKey, PublicKey)> {
        self.dialled.retain(|key, _| !connected.contains(key));
        let mut dials = Vec::new();
        for key in wanted {
            if dials.len() + relayed >= RELAYED_MAX {
                break;
            }
            let (at, times) = self.dialled.get(&key).copied().unwrap_or_default();
            let rested = times == 0 || at + RELAY_RETRY_MS <= now;
            // Another relay each time: where an office can be reached nobody tells.
            let relay = relays.iter().cycle().nth(times as usize % relays.len().max(1));
            if let Some(relay) = relay.filter(|_| rested && !connected.contains(&key) && !relays.contains(&key)) {
                self.dialled.insert(key, (now, times.saturating_add(1)));
                dials.push((key, *relay));
            }
        }
        dials
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> PublicKey {
        PublicKey([number; 32])
    }
    fn keys(numbers: impl IntoIterator<Item = u8>) -> BTreeSet<PublicKey> {
        numbers.into_iter().map(key).collect()
    }

    #[test]
    fn the_province_relays_unless_told_otherwise_or_its_line_has_a_cap() {
        assert!(relays(None, Roles::ADMIN, false));
        assert!(!relays(None, Roles::ADMIN, true) && !relays(None, Roles::CAPTURE, false));
        assert!(relays(Some(true), Roles::CAPTURE, true) && !relays(Some(false), Roles::ADMIN, false));
    }

    #[test]
    fn nothing_is_relayed_for_a_stranger_and_nothing_remembered_of_one() {
        let mut doorman = Doorman::default();
        for ask in [Ask::Reservation, Ask::Circuit] {
            assert!(!doorman.admit(0, key(1), Who::Stranger, ask) && !doorman.admit(0, key(1), Who::Former, ask));
            assert!(doorman.admit(0, key(2), Who::Peer, ask));
        }
        assert_eq!(doorman.peers.len(), 1);
    }

    #[test]
    fn an_office_that_asks_again_and_again_waits_and_takes_nothing_from_others() {
        let mut doorman = Doorman::default();
        let given = (0..1_000).filter(|_| doorman.admit(0, key(1), Who::Peer, Ask::Circuit)).count();
        assert_eq!(given as u64, RELAY_BURST / COST_CIRCUIT);
        assert!(given > RELAYED_MAX, "one that meets its relay again gets all it wants");
        assert!(doorman.admit(0, key(2), Who::Peer, Ask::Circuit));
        assert!(!doorman.admit(1_000, key(1), Who::Peer, Ask::Circuit));
        assert!(doorman.admit(1_000 * COST_CIRCUIT, key(1), Who::Peer, Ask::Circuit));
    }

    #[test]
    fn reservations_are_held_at_few_relays_and_asked_for_again_after_a_while() {
        let mut relaying = Relaying::default();
        let relays = keys(1..=5);
        assert_eq!(relaying.reserve(0, &relays, &keys([])), [key(1), key(2)]);
        assert_eq!(relaying.reserve(1, &relays, &keys([1, 2])), []);
        assert_eq!(relaying.reserve(2, &relays, &keys([2])), [key(3)], "the first gave none");
        assert_eq!(relaying.reserve(3, &keys([1, 2]), &keys([2])), [], "and is left alone");
        assert_eq!(relaying.reserve(RELAY_RETRY_MS, &keys([1, 2]), &keys([2])), [key(1)]);
        relaying.gone(key(1));
        assert_eq!(relaying.reserve(RELAY_RETRY_MS, &keys([1]), &keys([])), [key(1)], "at once where the connection is another");
    }

    #[test]
    fn few_are_dialled_each_once_a_minute_by_one_relay_after_the_other() {
        let mut relaying = Relaying::default();
        let relays = keys([1, 2]);
        let wanted = || [1, 7, 8, 9].map(key);
        assert_eq!(relaying.dial(0, wanted(), &keys([1, 2, 8]), &relays, 0), [(key(7), key(1)), (key(9), key(1))]);
        assert_eq!(relaying.dial(RELAY_RETRY_MS - 1, wanted(), &keys([1, 2, 8]), &relays, 0), []);
        assert_eq!(relaying.dial(RELAY_RETRY_MS, wanted(), &keys([1, 2, 7, 8]), &relays, 0), [(key(9), key(2))]);
        assert_eq!(relaying.dial(RELAY_RETRY_MS + 1, [key(7)], &keys([1, 2]), &relays, 0), [(key(7), key(1))], "it was connected between");
        assert_eq!(relaying.dial(0, [key(4)], &keys([]), &keys([]), 0), [], "no relay");
        let all = (10..200).map(key);
        assert_eq!(relaying.dial(0, all.clone(), &relays, &relays, 0).len(), RELAYED_MAX);
        assert_eq!(Relaying::default().dial(0, all, &relays, &relays, RELAYED_MAX - 1).len(), 1);
    }
}
