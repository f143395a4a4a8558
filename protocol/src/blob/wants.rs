//! Which blob to ask whom for. One piece at a time per blob, from its end; with a peer of before from its beginning, hashed as a whole then.

use crate::{
    id::{BlobHash, Millis, PublicKey},
    limits::{BLOB_BUSY_MS, BLOB_RETRY_DOUBLINGS_MAX, BLOB_RETRY_MS, BLOBS_IN_FLIGHT_MAX, DISTRUST_MS, REQUEST_TIMEOUT_MS},
};
use std::collections::{BTreeMap, BTreeSet};

/// How a blob is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Piece by piece from its end, each verified when it comes ([`super::chain`]).
    Tail,
    /// From its beginning, believed once it is whole: all that a node of before understands.
    Front,
}

/// A question to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Whom.
    pub peer: PublicKey,
    /// For a piece of which blob.
    pub blob: BlobHash,
    /// In the form that it understands.
    pub form: Form,
}

/// Why a question for a piece brought nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It has nothing to give, or did not answer; or what it and others gave from the beginning was not the blob in the end.
    Nothing,
    /// It is asked for too much at this moment, which is not held against it.
    Busy,
    /// It gave a piece that is not the blob's. That is proved against it alone, so it is asked for no blob for a while.
    Lied,
}

/// The blobs that a node is after.
#[derive(Debug, Default)]
pub struct Wants {
    wanted: BTreeMap<BlobHash, Want>,
    /// Peers that did not understand the later form since they connected.
    of_before: BTreeSet<PublicKey>,
    /// Peers that lied, and until when they are left alone.
    lied: BTreeMap<PublicKey, Millis>,
}

#[derive(Debug, Default)]
struct Want {
    asking: Option<(PublicKey, Millis)>,
    /// Who gave the last piece: a whole made by several could be spoilt by any of them where its pieces do not verify by themselves.
    giver: Option<PublicKey>,
    failed: BTreeMap<PublicKey, Failed>,
}

/// A peer that had nothing, or gave something else than was asked for.
#[derive(Debug, Default)]
struct Failed {
    times: u32,
    again_at: Millis,
}

impl Wants {
    /// These are wanted, too.
    pub fn add(&mut self, blobs: impl IntoIterator<Item = BlobHash>) {
        for blob in blobs {
            self.wanted.entry(blob).or_default();
        }
    }
    /// One is here, or is not wanted any more.
    pub fn done(&mut self, blob: BlobHash) {
        self.wanted.remove(&blob);
    }
    /// Somebody waits for it: whoever had nothing before may be asked at once.
    pub fn hurry(&mut self, blob: BlobHash) {
        self.wanted.entry(blob).or_default().failed.values_mut().for_each(|failed| failed.again_at = 0);
    }
    /// A peer connected: it may be another program than before.
    pub fn connected(&mut self, peer: PublicKey) {
        self.of_before.remove(&peer);
    }
    /// A peer does not understand the form that verifies by itself; it is asked in the other one at once.
    pub fn is_of_before(&mut self, blob: BlobHash, peer: PublicKey) {
        self.of_before.insert(peer);
        self.free(blob);
    }
    /// A piece came: the same peer is asked for the next one.
    pub fn came(&mut self, blob: BlobHash, giver: PublicKey) {
        self.free(blob);
        if let Some(want) = self.wanted.get_mut(&blob) {
            want.giver = Some(giver);
        }
    }
    /// A question brought nothing.
    pub fn failed(&mut self, blob: BlobHash, peer: PublicKey, failure: Failure, now: Millis) {
        self.free(blob);
        if failure == Failure::Lied {
            self.lied.insert(peer, now + DISTRUST_MS);
        }
        let Some(want) = self.wanted.get_mut(&blob) else { return };
        let failed = want.failed.entry(peer).or_default();
        if failure == Failure::Busy {
            failed.again_at = now + BLOB_BUSY_MS;
            return;
        }
        want.giver.take_if(|giver| *giver == peer);
        failed.again_at = now + (BLOB_RETRY_MS << failed.times.min(BLOB_RETRY_DOUBLINGS_MAX));
        failed.times = failed.times.saturating_add(1);
    }

    fn free(&mut self, blob: BlobHash) {
        if let Some(want) = self.wanted.get_mut(&blob) {
            want.asking = None;
        }
    }

    /// What to ask now.
    pub fn next(&mut self, now: Millis, connected: &BTreeSet<PublicKey>) -> Vec<Ask> {
        self.lied.retain(|_, until| *until > now);
        let mut asked = Vec::new();
        let mut busy = self.wanted.values().filter(|want| want.asking.is_some_and(|(_, deadline)| deadline > now)).count();
        for (blob, want) in &mut self.wanted {
            if busy >= BLOBS_IN_FLIGHT_MAX {
                break;
            }
            if want.asking.is_some_and(|(_, deadline)| deadline > now) {
                continue;
            }
            let may_give = |peer: &&PublicKey| want.failed.get(peer).is_none_or(|failed| failed.again_at <= now);
            let able = connected.iter().filter(|peer| !self.lied.contains_key(peer)).filter(may_give);
            let giver = able.min_by_key(|peer| (want.giver != Some(**peer), want.failed.get(peer).map_or(0, |failed| failed.times)));
            if let Some(peer) = giver {
                // The shell tells of every request that fails; this is for one whose piece is slow to reach the disk.
                want.asking = Some((*peer, now + 2 * REQUEST_TIMEOUT_MS));
                busy += 1;
                let form = if self.of_before.contains(peer) { Form::Front } else { Form::Tail };
                asked.push(Ask { peer: *peer, blob: *blob, form });
            }
        }
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOB: BlobHash = BlobHash([7; 32]);

    fn wants() -> Wants {
        let mut wants = Wants::default();
        wants.add([BLOB]);
        wants
    }
    fn tail(peer: PublicKey) -> Ask {
        Ask { peer, blob: BLOB, form: Form::Tail }
    }

    #[test]
    fn a_peer_without_the_blob_is_left_alone_for_a_while() {
        let (a, b) = (PublicKey([1; 32]), PublicKey([2; 32]));
        let connected = BTreeSet::from([a, b]);
        let mut wants = wants();
        assert_eq!(wants.next(0, &connected), [tail(a)]);
        assert_eq!(wants.next(1, &connected), [], "one at a time");
        wants.failed(BLOB, a, Failure::Nothing, 1);
        assert_eq!(wants.next(2, &connected), [tail(b)]);
        wants.failed(BLOB, b, Failure::Nothing, 2);
        assert_eq!(wants.next(3, &connected), []);
        assert_eq!(wants.next(1 + BLOB_RETRY_MS, &connected), [tail(a)]);
        wants.came(BLOB, a);
        assert_eq!(wants.next(2 + BLOB_RETRY_MS, &connected), [tail(a)], "the next piece comes from the same peer");
        wants.done(BLOB);
        assert_eq!(wants.next(u64::MAX, &connected), []);
    }

    #[test]
    fn a_busy_peer_goes_on_with_what_it_began() {
        let (giver, other) = (PublicKey([2; 32]), PublicKey([1; 32]));
        let connected = BTreeSet::from([giver, other]);
        let mut wants = wants();
        assert_eq!(wants.next(0, &BTreeSet::from([giver])), [tail(giver)]);
        wants.came(BLOB, giver);
        for now in [0, BLOB_BUSY_MS, 2 * BLOB_BUSY_MS] {
            assert_eq!(wants.next(now, &connected), [tail(giver)]);
            wants.failed(BLOB, giver, Failure::Busy, now);
            assert_eq!(wants.next(now, &BTreeSet::from([giver])), [], "not at once");
        }
    }

    #[test]
    fn a_peer_that_spoils_a_blob_is_asked_last_and_ever_more_rarely() {
        let (liar, honest) = (PublicKey([1; 32]), PublicKey([2; 32]));
        let connected = BTreeSet::from([liar, honest]);
        let mut wants = wants();
        wants.next(0, &connected);
        wants.failed(BLOB, liar, Failure::Nothing, 0);
        // The honest one goes on piece by piece, also once the liar's time is up.
        for now in (0..10 * BLOB_RETRY_MS).step_by(1_000) {
            assert_eq!(wants.next(now, &connected), [tail(honest)]);
            wants.came(BLOB, honest);
        }
        let alone = BTreeSet::from([liar]);
        let asked = (0..3_600_000).step_by(1_000).filter(|now| {
            let asked = !wants.next(*now, &alone).is_empty();
            if asked {
                wants.failed(BLOB, liar, Failure::Nothing, *now);
            }
            asked
        });
        assert!(asked.count() < 25, "in an hour");
        assert_eq!(wants.next(3_600_000, &alone), []);
        wants.hurry(BLOB);
        assert_eq!(wants.next(3_600_000, &alone).len(), 1, "somebody waits for it");
    }

    #[test]
    fn a_proved_liar_is_asked_for_no_blob_however_much_somebody_waits() {
        let liar = BTreeSet::from([PublicKey([1; 32])]);
        let other = BlobHash([8; 32]);
        let mut wants = wants();
        wants.next(0, &liar);
        wants.failed(BLOB, PublicKey([1; 32]), Failure::Lied, 0);
        wants.add([other]);
        for now in (0..DISTRUST_MS).step_by(1_000) {
            wants.hurry(BLOB);
            wants.connected(PublicKey([1; 32]));
            assert_eq!(wants.next(now, &liar), []);
        }
        assert_eq!(wants.next(DISTRUST_MS, &liar).len(), 2, "it may have been a disk");
    }

    #[test]
    fn a_peer_of_before_is_asked_in_its_form_until_it_connects_anew() {
        let peer = PublicKey([1; 32]);
        let connected = BTreeSet::from([peer]);
        let mut wants = wants();
        assert_eq!(wants.next(0, &connected), [tail(peer)]);
        wants.is_of_before(BLOB, peer);
        for now in 0..3 {
            assert_eq!(wants.next(now, &connected), [Ask { form: Form::Front, ..tail(peer) }], "at once");
            wants.came(BLOB, peer);
        }
        wants.connected(peer);
        assert_eq!(wants.next(3, &connected), [tail(peer)]);
    }
}
