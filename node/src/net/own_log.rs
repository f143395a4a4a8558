//! What connected peers show of the logs that this node writes, and whether that is enough to sign again.
//!
//! A frontier is not signed, so a peer that tells of more is believed only once it gives the entries under this office's own signature;
//! one that tells and does not give holds up nobody.

use crate::store::Mark;
use protocol::id::{Millis, Origin, PublicKey};
use std::collections::BTreeMap;

/// After a restore a node waits this long for offices that have not answered yet, once one has: the first may have seen less.
const SETTLE_MS: Millis = 10_000;
/// A node that ended in order before the machine was started asks this long and then goes on.
const ASK_CLEAN_MS: Millis = 10_000;
/// A node whose last end is unknown asks this long before it may go on unanswered, where the policy lets it.
const ASK_UNKNOWN_MS: Millis = 60_000;

/// What one peer shows of one own log.
#[derive(Debug, Default)]
struct Claim {
    size: u64,
    /// It was asked for what it tells of and gave nothing that holds.
    unproved: bool,
}

/// What connected peers show of the own logs.
#[derive(Debug)]
pub(super) struct Shown {
    since: Millis,
    answered_at: Option<Millis>,
    peers: BTreeMap<PublicKey, BTreeMap<Origin, Claim>>,
}

impl Shown {
    pub(super) fn new(now: Millis) -> Self {
        Self { since: now, answered_at: None, peers: BTreeMap::new() }
    }

    /// A peer told its whole frontier: this is what it holds of every own log.
    pub(super) fn hear(&mut self, peer: PublicKey, own: impl Iterator<Item = (u64, Origin)>, now: Millis) {
        self.answered_at.get_or_insert(now);
        let claims = self.peers.entry(peer).or_default();
        for (size, origin) in own {
            let claim = claims.entry(origin).or_default();
            // Attack: repeating a lie does not make it new.
            if claim.size != size && !(claim.unproved && size > claim.size) {
                *claim = Claim { size, unproved: false };
            }
        }
    }
    /// A peer did not give what it told of.
    pub(super) fn gave_nothing(&mut self, peer: PublicKey, origin: &Origin) {
        if let Some(claim) = self.peers.get_mut(&peer).and_then(|claims| claims.get_mut(origin)) {
            claim.unproved = true;
        }
    }
    /// A peer is gone; what it showed may be old when it returns.
    pub(super) fn gone(&mut self, peer: PublicKey) {
        self.peers.remove(&peer);
    }

    /// Whether this node may sign again. `here` are the sizes of the own logs, `others` the number of other enrolled offices.
    pub(super) fn enough(&self, now: Millis, mark: Mark, go_on_unanswered: bool, here: &[(Origin, u64)], others: usize) -> bool {
        let size_here = |origin: &Origin| here.iter().find(|(log, _)| log == origin).map_or(0, |(_, size)| *size);
        let more = |claims: &BTreeMap<Origin, Claim>| claims.iter().any(|(origin, claim)| claim.size > size_here(origin));
        if self.peers.values().flatten().any(|(origin, claim)| !claim.unproved && claim.size > size_here(origin)) {
            return false;
        }
        let honest = self.peers.values().filter(|claims| !more(claims)).count();
        if honest > 0 {
            let settled = honest >= others || self.answered_at.is_some_and(|at| at + SETTLE_MS <= now);
            return mark != Mark::Restored || settled;
        }
        match mark {
            Mark::Restored => false,
            Mark::New | Mark::Clean | Mark::CleanBefore => self.since + ASK_CLEAN_MS <= now,
            Mark::Unknown => go_on_unanswered && self.since + ASK_UNKNOWN_MS <= now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: PublicKey = PublicKey([1; 32]);
    const B: PublicKey = PublicKey([2; 32]);

    fn origin() -> Origin {
        "demo.huizhi/office/44030001/1".parse().unwrap()
    }
    fn shows(shown: &mut Shown, peer: PublicKey, size: u64, now: Millis) {
        shown.hear(peer, std::iter::once((size, origin())), now);
    }

    #[test]
    fn case_11_a_peer_that_holds_no_more_is_enough_and_one_that_holds_more_is_not() {
        let mut shown = Shown::new(0);
        let here = [(origin(), 5)];
        let enough = |shown: &Shown| shown.enough(1, Mark::Unknown, false, &here, 2);
        assert!(!enough(&shown), "nobody answered");
        shows(&mut shown, A, 5, 1);
        assert!(enough(&shown));
        shows(&mut shown, B, 7, 1);
        assert!(!enough(&shown), "somebody holds more");
        shown.gave_nothing(B, &origin());
        assert!(enough(&shown), "a lie holds up nobody");
        shows(&mut shown, B, 8, 1);
        assert!(enough(&shown), "and neither does a bigger one");
        shown.gone(A);
        assert!(!enough(&shown), "a liar alone is no answer");
    }

    #[test]
    fn case_11_without_an_answer_the_last_end_and_the_policy_decide() {
        let shown = Shown::new(0);
        let at = |now, mark, policy| shown.enough(now, mark, policy, &[(origin(), 5)], 2);
        assert!(!at(ASK_CLEAN_MS - 1, Mark::CleanBefore, false) && at(ASK_CLEAN_MS, Mark::CleanBefore, false));
        assert!(!at(ASK_UNKNOWN_MS - 1, Mark::Unknown, true) && at(ASK_UNKNOWN_MS, Mark::Unknown, true));
        assert!(!at(Millis::MAX, Mark::Unknown, false), "it waits where the policy says nothing else");
        assert!(!at(Millis::MAX, Mark::Restored, true), "a restored node always waits");
    }

    #[test]
    fn case_10_a_restored_node_hears_more_than_the_first() {
        let mut shown = Shown::new(0);
        let at = |shown: &Shown, now| shown.enough(now, Mark::Restored, false, &[(origin(), 5)], 2);
        shows(&mut shown, A, 5, 100);
        assert!(!at(&shown, 100));
        assert!(at(&shown, 100 + SETTLE_MS), "the others do not come");
        shows(&mut shown, B, 4, 100);
        assert!(at(&shown, 100), "all have answered");
    }
}
