//! How often an address may knock: counted before a handshake, which costs a signature and a key exchange each, whoever it is. And how often
//! anybody is opened to at all, for to turn somebody away costs something too.
//!
//! By address, for there is nothing else to go by yet; of IPv6 by the 64 bits that one line is given. An office of several machines
//! behind one address has room, and so has the province's own network.

use super::fairness::Bucket;
use crate::{
    id::Millis,
    limits::{
        ACCEPT_PAUSE_MS, ACCEPTS_BURST, ACCEPTS_PER_S, KNOCKING_ADDRESSES_MAX, KNOCKS_BURST, KNOCKS_PENDING_MAX, KNOCKS_PER_S,
        KNOCKS_UNKNOWN_BURST, KNOCKS_UNKNOWN_PER_S,
    },
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
    /// What all lines have together for which there is no room.
    unknown: Bucket,
}

impl Knocking {
    /// Whether a handshake is begun with a line that knocks. One that is begun must be told of as [`Self::ended`]. `now` only goes forward.
    pub fn admit(&mut self, now: Millis, line: Line) -> bool {
        if !self.lines.contains_key(&line) && self.lines.len() >= KNOCKING_ADDRESSES_MAX {
            self.forget(now);
            // Attack: so many lines at once are a flood from everywhere, and addresses may be made up. Those that are known go on, and of the
            // others some are let in, so that nobody is shut out for long.
            if self.lines.len() >= KNOCKING_ADDRESSES_MAX {
                return self.unknown.take(now, 1, (KNOCKS_UNKNOWN_PER_S, KNOCKS_UNKNOWN_BURST));
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

    /// Whether a line would be turned away at this moment. Asked where turning away is cheapest; who is not turned away there still has to be
    /// admitted.
    pub fn turns_away(&self, now: Millis, line: Line) -> bool {
        self.lines
            .get(&line)
            .is_some_and(|knocks| knocks.pending >= KNOCKS_PENDING_MAX || !knocks.bucket.has(now, 1, (KNOCKS_PER_S, KNOCKS_BURST)))
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

/// How often a listener takes what knocks out of the kernel's queue.
#[derive(Debug, Default)]
pub struct Accepting {
    bucket: Bucket,
}

impl Accepting {
    /// Whether one more may be accepted at this moment; where not, after how many milliseconds to ask again. `now` only goes forward.
    ///
    /// # Errors
    /// Nothing may be accepted for so long.
    pub fn may_accept(&self, now: Millis) -> Result<(), Millis> {
        if self.bucket.has(now, 1, (ACCEPTS_PER_S, ACCEPTS_BURST)) { Ok(()) } else { Err(ACCEPT_PAUSE_MS) }
    }

    /// One was accepted, whatever became of it.
    pub fn accepted(&mut self, now: Millis) {
        self.bucket.take(now, 1, (ACCEPTS_PER_S, ACCEPTS_BURST));
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

    #[test]
    fn mend_19_a_table_full_of_made_up_addresses_shuts_nobody_out() {
        let mut knocking = Knocking::default();
        let at = |number: u32| Line::from(number.to_be_bytes());
        let mut number = 0;
        let mut admitted_late = 0;
        // 400 made-up addresses a second keep the table full; somebody new knocks every three seconds, as an office does.
        for now in 0..120_000 {
            for _ in 0..if now % 5 == 0 { 2 } else { 0 } {
                number += 1;
                if knocking.admit(now, at(number)) {
                    knocking.ended(at(number));
                }
            }
            if now > 60_000 && now % 3_000 == 1 {
                admitted_late += u32::from(knocking.admit(now, at(0xf000_0000 + u32::try_from(now).unwrap())));
            }
        }
        assert!(knocking.lines.len() <= KNOCKING_ADDRESSES_MAX);
        assert!(admitted_late >= 2, "{admitted_late} of 20");
    }

    #[test]
    fn who_would_be_turned_away_is_known_before_and_asking_takes_nothing() {
        let mut knocking = Knocking::default();
        assert!(!knocking.turns_away(0, A), "somebody new");
        for now in 0..40_000 {
            for line in [A, B] {
                let turned_away = (0..3).any(|_| knocking.turns_away(now, line));
                // One of the two never ends what it began.
                let admitted = knocking.admit(now, line);
                assert_eq!(admitted, !turned_away, "{now}");
                if admitted && line == A {
                    knocking.ended(line);
                }
            }
        }
    }

    /// Connections accepted from a queue that is never empty, asked as often as the machine says.
    fn accepted(accepting: &mut Accepting, from: Millis, ms: u64) -> (u64, u64) {
        let (mut now, mut accepted, mut pauses) = (from, 0, 0);
        while now < from + ms {
            match accepting.may_accept(now) {
                Ok(()) => {
                    accepting.accepted(now);
                    accepted += 1;
                }
                Err(wait_ms) => {
                    pauses += 1;
                    now += wait_ms;
                }
            }
        }
        (accepted, pauses)
    }

    #[test]
    fn a_storm_of_connections_is_accepted_as_often_as_the_bound_says_and_wakes_nobody_for_each() {
        let mut accepting = Accepting::default();
        let (in_a_minute, pauses) = accepted(&mut accepting, 0, 60_000);
        assert!((59 * ACCEPTS_PER_S..=60 * ACCEPTS_PER_S + ACCEPTS_BURST).contains(&in_a_minute), "{in_a_minute}");
        assert_eq!(pauses, 60_000 / ACCEPT_PAUSE_MS);
        assert_eq!(accepted(&mut accepting, 120_000, 1).0, ACCEPTS_BURST, "rested, it takes its reserve and no more");
    }

    #[test]
    fn a_thousand_offices_that_come_back_at_once_are_accepted_within_two_seconds() {
        let mut accepting = Accepting::default();
        assert!(accepted(&mut accepting, 0, 2_000).0 >= 1_000);
        // Their handshakes find room meanwhile: with a line of 100 ms each takes four ways and back.
        assert!(u64::from(crate::limits::HANDSHAKES_PENDING_MAX) >= ACCEPTS_BURST + ACCEPTS_PER_S * 400 / 1_000);
    }
}
