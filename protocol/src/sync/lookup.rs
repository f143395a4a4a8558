//! Receipts that other offices are asked about: who has not answered yet, and when the waiting ends. Without I/O.

use super::passed::Passed;
use crate::{
    id::{Millis, PublicKey},
    limits::{RECEIPT_ASKED_MAX, RECEIPT_LOOKUPS_MAX, RECEIPT_TIMEOUT_MS},
    receipt::Evidence,
};
use std::collections::{BTreeMap, BTreeSet};

/// The look-ups of one node.
#[derive(Debug, Default)]
pub struct Lookups {
    open: BTreeMap<u64, Lookup>,
    next_id: u64,
    passed: Passed,
}

#[derive(Debug)]
struct Lookup {
    waiting: BTreeSet<PublicKey>,
    told: Vec<Evidence>,
    deadline: Millis,
}

impl Lookups {
    /// Begins to ask the first few of these peers, best first; gives whom. Nothing where too many look-ups are under way.
    pub fn begin(&mut self, clock: Millis, peers: &[PublicKey]) -> Option<(u64, BTreeSet<PublicKey>)> {
        let now = self.passed.by(clock);
        if self.open.len() >= RECEIPT_LOOKUPS_MAX {
            return None;
        }
        let waiting: BTreeSet<PublicKey> = peers.iter().take(RECEIPT_ASKED_MAX).copied().collect();
        let id = self.next_id;
        self.next_id += 1;
        self.open.insert(id, Lookup { waiting: waiting.clone(), told: Vec::new(), deadline: now + RECEIPT_TIMEOUT_MS });
        Some((id, waiting))
    }

    /// A peer answered; without evidence it knows nothing of the receipt, or did not understand the question. Who was not asked is not heard,
    /// and nobody twice.
    pub fn answered(&mut self, id: u64, peer: PublicKey, evidence: Option<Evidence>) {
        if let Some(lookup) = self.open.get_mut(&id)
            && lookup.waiting.remove(&peer)
        {
            lookup.told.extend(evidence);
        }
    }

    /// Look-ups that ended: everybody answered, or the time is up.
    pub fn ended(&mut self, clock: Millis) -> Vec<(u64, Vec<Evidence>)> {
        let now = self.passed.by(clock);
        let ended = self.open.extract_if(.., |_, lookup| lookup.waiting.is_empty() || lookup.deadline <= now);
        ended.map(|(id, lookup)| (id, lookup.told)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> PublicKey {
        PublicKey([number as u8; 32])
    }

    fn told() -> Evidence {
        Evidence { logs: vec![] }
    }

    #[test]
    fn a_look_up_ends_with_the_last_answer_or_with_its_time() {
        let mut lookups = Lookups::default();
        let (first, asked) = lookups.begin(1_000, &[key(1), key(2)]).unwrap();
        assert_eq!(asked, BTreeSet::from([key(1), key(2)]));
        let (second, _) = lookups.begin(1_000, &[key(1)]).unwrap();
        lookups.answered(first, key(1), Some(told()));
        lookups.answered(first, key(1), Some(told()));
        lookups.answered(first, key(9), Some(told()));
        assert_eq!(lookups.ended(1_100), [], "one is still waited for");
        lookups.answered(first, key(2), None);
        assert_eq!(lookups.ended(1_200), [(first, vec![told()])], "nobody is heard twice, and a stranger never");
        assert_eq!(lookups.ended(1_000 + RECEIPT_TIMEOUT_MS), [(second, vec![])]);
        lookups.answered(second, key(1), Some(told()));
        assert_eq!(lookups.ended(u64::MAX), [], "too late");
    }

    #[test]
    fn nobody_to_ask_ends_at_once_and_a_clock_that_is_set_back_waits_no_longer() {
        let mut lookups = Lookups::default();
        let (id, _) = lookups.begin(9_000_000, &[]).unwrap();
        assert_eq!(lookups.ended(0), [(id, vec![])]);
        let (id, _) = lookups.begin(0, &[key(1)]).unwrap();
        assert_eq!(lookups.ended(RECEIPT_TIMEOUT_MS), [(id, vec![])]);
    }

    #[test]
    fn look_ups_and_the_asked_are_bounded() {
        let mut lookups = Lookups::default();
        let many: Vec<PublicKey> = (0..50).map(key).collect();
        for _ in 0..RECEIPT_LOOKUPS_MAX {
            assert_eq!(lookups.begin(0, &many).unwrap().1.len(), RECEIPT_ASKED_MAX);
        }
        assert_eq!(lookups.begin(0, &many), None);
        lookups.ended(RECEIPT_TIMEOUT_MS);
        assert!(lookups.begin(RECEIPT_TIMEOUT_MS, &many).is_some());
    }
}
