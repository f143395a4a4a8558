//! How often an address may knock: counted before a handshake, which costs a signature and a key exchange each, whoever it is.
//!
//! By address, for there is nothing else to go by yet; of IPv6 by the 64 bits that one line is given. An office of several machines
//! behind one address has room, and so has the province's own network.

use super::fairness::Bucket;
use crate::{
    id::Millis,
    limits::{KNOCKING_ADDRESSES_MAX, KNOCKS_BURST, KNOCKS_PENDING_MAX, KNOCKS_PER_S},
};
use std::collections::BTreeMap;

/// One line: an IPv4 address, or the first half of one of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line(u64, bool);

impl From<[u8; 4]> for Line {
    /// Of an IPv4 address.
    fn from(address: [u8; 4]) -> Self {
        Self(u32::from_be_bytes(address).into(), true)
    }
}

impl From<[u8; 16]> for Line {
    /// Of an IPv6 address; one that stands for an IPv4 address (RFC 4291 §2.5.5.2) is that one.
    fn from(address: [u8; 16]) -> Self {
        let bits = u128::from_be_bytes(address);
        match u32::try_from(bits ^ 0xffff_0000_0000) {
            Ok(four) => Self(four.into(), true),
            // Attack: one line has 2^64 addresses of its own.
            Err(_) => Self((bits >> 64) as u64, false),
        }
    }
}

/// What one line did.
#[derive(Debug, Default)]
struct Knocks {
    bucket: Bucket,
    /// Handshakes under way.
    pending: usize,
    last: Millis,
}

/// Who knocked at one node.
#[derive(Debug, Default)]
pub struct Knocking {
    lines: BTreeMap<Line, Knocks>,
}

impl Knocking {
    /// Whether a handshake is begun with a line that knocks. One that is begun must be told of as [`Self::ended`]. `now` only goes forward.
    pub fn admit(&mut self, now: Millis, line: Line) -> bool {
        if !self.lines.contains_key(&line) && self.lines.len() >= KNOCKING_ADDRESSES_MAX {
            self.forget(now);
            // Attack: so many lines at once are a flood from everywhere; those that are known go on.
            if self.lines.len() >= KNOCKING_ADDRESSES_MAX {
                return false;
            }
        }
        let knocks = self.lines.entry(line).or_default();
        let admitted = knocks.pending < KNOCKS_PENDING_MAX && knocks.bucket.take(now, 1, (KNOCKS_PER_S, KNOCKS_BURST));
        if admitted {
            knocks.pending += 1;
            knocks.last = now;
        }
        admitted
    }

    /// A handshake came to its end, good or bad.
    pub fn ended(&mut self, line: Line) {
        if let Some(knocks) = self.lines.get_mut(&line) {
            knocks.pending = knocks.pending.saturating_sub(1);
        }
    }

    /// Lines whose buckets are full again need not be remembered.
    fn forget(&mut self, now: Millis) {
        let rested = KNOCKS_BURST * 1_000 / KNOCKS_PER_S;
        self.lines.retain(|_, knocks| knocks.pending > 0 || knocks.last + rested > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Line = Line(0x0a00_0001, true);
    const B: Line = Line(0x0a00_0002, true);

    /// Knocks that were admitted in so many milliseconds, one in each, each handshake over at once.
    fn admitted(knocking: &mut Knocking, line: Line, from: Millis, ms: u64) -> u64 {
        (from..from + ms)
            .filter(|now| {
                let admitted = knocking.admit(*now, line);
                if admitted {
                    knocking.ended(line);
                }
                admitted
            })
            .count() as u64
    }

    #[test]
    fn a_storm_is_let_in_as_often_as_the_bound_says_and_another_line_at_once() {
        let mut knocking = Knocking::default();
        let in_a_minute = admitted(&mut knocking, A, 0, 60_000);
        assert!((KNOCKS_BURST + 59 * KNOCKS_PER_S..=KNOCKS_BURST + 60 * KNOCKS_PER_S).contains(&in_a_minute), "{in_a_minute}");
        assert!(knocking.admit(60_000, B));
        assert!(admitted(&mut knocking, A, 60_000 + 1_000 * KNOCKS_BURST, 1) == 1, "a rested line knocks again");
    }

    #[test]
    fn handshakes_that_do_not_end_keep_only_their_own_line_waiting() {
        let mut knocking = Knocking::default();
        let begun = (0..KNOCKS_BURST).filter(|_| knocking.admit(0, A)).count();
        assert_eq!(begun, KNOCKS_PENDING_MAX);
        assert!(knocking.admit(0, B));
        assert!(!knocking.admit(100_000, A), "however long it takes");
        knocking.ended(A);
        assert!(knocking.admit(100_000, A));
    }

    #[test]
    fn a_line_is_its_first_64_bits_and_a_mapped_address_is_what_it_stands_for() {
        let six = |network: u64, host: u64| Line::from((u128::from(network) << 64 | u128::from(host)).to_be_bytes());
        assert_eq!(six(0x2001_0db8_0001_0002, 1), six(0x2001_0db8_0001_0002, u64::MAX));
        assert_ne!(six(0x2001_0db8_0001_0002, 1), six(0x2001_0db8_0001_0003, 1));
        assert_eq!(Line::from([10, 0, 0, 1]), A);
        assert_eq!(six(0, 0xffff_0a00_0001), A);
        assert_ne!(six(0, 0), Line::from([0; 4]));
    }

    #[test]
    fn a_flood_from_everywhere_fills_no_memory_and_those_that_are_known_go_on() {
        let mut knocking = Knocking::default();
        let at = |number: u32| Line::from(number.to_be_bytes());
        assert!(knocking.admit(0, at(0)));
        for number in 1..2 * KNOCKING_ADDRESSES_MAX as u32 {
            if knocking.admit(0, at(number)) {
                knocking.ended(at(number));
            }
        }
        assert_eq!(knocking.lines.len(), KNOCKING_ADDRESSES_MAX);
        assert!(knocking.admit(0, at(0)));
        let later = KNOCKS_BURST * 1_000 / KNOCKS_PER_S + 1;
        assert!(knocking.admit(later, at(u32::MAX)), "who rested is forgotten");
        assert!(knocking.lines.len() <= 2);
    }
}
