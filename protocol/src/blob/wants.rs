//! Which blob to ask whom for. One piece at a time per blob, from its end; with a peer of before from its beginning, hashed as a whole then.

use crate::{
    id::{BlobHash, Millis, PublicKey},
    limits::{
        BLOB_BUSY_MS, BLOB_PACE_MS, BLOB_RETRY_DOUBLINGS_MAX, BLOB_RETRY_MS, BLOBS_IN_FLIGHT_MAX, BLOBS_WATCHED_MAX, DISTRUST_MS,
        REQUEST_TIMEOUT_MS,
    },
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
    /// It may not give it to this office, as far as it knows the case.
    NotAllowed,
    /// It gave a piece that is not the blob's. That is proved against it alone, so it is asked for no blob for a while.
    Lied,
}

/// How a blob stands for which somebody waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// This peer is asked for the next piece.
    Asking(PublicKey),
    /// Some connected peer will be asked as soon as other blobs or the line leave room.
    Queued,
    /// Nobody is asked before some time has passed.
    Waiting,
}

/// What somebody who waits for a blob is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transit {
    /// What is done about it.
    pub doing: Doing,
    /// Bytes a second in the mean since pieces came without a pause; nothing while none come.
    pub bytes_per_s: Option<u64>,
    /// Why connected peers are not asked now.
    pub failed: BTreeMap<PublicKey, Failure>,
}

/// The blobs that a node is after.
#[derive(Debug, Default)]
pub struct Wants {
    wanted: BTreeMap<BlobHash, Want>,
    /// Peers that did not understand the later form since they connected.
    of_before: BTreeSet<PublicKey>,
    /// Peers that lied, and until when they are left alone.
    lied: BTreeMap<PublicKey, Millis>,
    /// Blobs for which somebody waits, the latest last.
    watched: Vec<BlobHash>,
}

#[derive(Debug, Default)]
struct Want {
    /// Who is asked, since when.
    asking: Option<(PublicKey, Millis)>,
    pace: Option<Pace>,
    /// Who gave the last piece: a whole made by several could be spoilt by any of them where its pieces do not verify by themselves.
    giver: Option<PublicKey>,
    failed: BTreeMap<PublicKey, Failed>,
}

/// A peer that had nothing, or gave something else than was asked for.
#[derive(Debug, Default)]
struct Failed {
    times: u32,
    again_at: Millis,
    why: Option<Failure>,
}

/// Bytes that came without a pause.
#[derive(Debug, Clone, Copy)]
struct Pace {
    began: Millis,
    last: Millis,
    bytes: u64,
}

impl Want {
    /// The shell tells of every request that fails; the time is for one whose piece is slow to reach the disk.
    fn asked(&self, now: Millis) -> Option<PublicKey> {
        self.asking.filter(|(_, since)| now < since + 2 * REQUEST_TIMEOUT_MS).map(|(peer, _)| peer)
    }
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
        self.watched.retain(|watched| *watched != blob);
    }
    /// Somebody waits for it: whoever had nothing before may be asked at once.
    pub fn hurry(&mut self, blob: BlobHash) {
        self.wanted.entry(blob).or_default().failed.values_mut().for_each(|failed| failed.again_at = 0);
        self.watched.retain(|watched| *watched != blob);
        self.watched.push(blob);
        // Bound: whoever waits for an older one asks for it again.
        let excess = self.watched.len().saturating_sub(BLOBS_WATCHED_MAX);
        self.watched.drain(..excess);
    }
    /// How the blobs stand for which somebody waits.
    pub fn transits(&self, now: Millis, connected: &BTreeSet<PublicKey>) -> BTreeMap<BlobHash, Transit> {
        self.watched.iter().filter_map(|blob| Some((*blob, self.transit(self.wanted.get(blob)?, now, connected)))).collect()
    }

    fn transit(&self, want: &Want, now: Millis, connected: &BTreeSet<PublicKey>) -> Transit {
        let held_up = |peer: &PublicKey| match want.failed.get(peer) {
            _ if self.lied.get(peer).is_some_and(|until| *until > now) => Some(Failure::Lied),
            Some(failed) if failed.again_at > now => failed.why,
            _ => None,
        };
        let failed: BTreeMap<PublicKey, Failure> = connected.iter().filter_map(|peer| Some((*peer, held_up(peer)?))).collect();
        let doing = match want.asked(now) {
            Some(peer) => Doing::Asking(peer),
            None if failed.len() < connected.len() => Doing::Queued,
            None => Doing::Waiting,
        };
        let bytes_per_s = want.pace.filter(|pace| now < pace.last + BLOB_PACE_MS).map(|pace| {
            // One piece that came within a millisecond is no measure of a line.
            1_000 * pace.bytes / pace.last.saturating_sub(pace.began).max(1)
        });
        Transit { doing, bytes_per_s, failed }
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
    /// A piece of so many bytes came: the same peer is asked for the next one.
    pub fn came(&mut self, blob: BlobHash, giver: PublicKey, bytes: u64, now: Millis) {
        if let Some(want) = self.wanted.get_mut(&blob) {
            let began = want.asking.map_or(now, |(_, since)| since);
            let pace = want.pace.filter(|pace| began < pace.last + BLOB_PACE_MS).unwrap_or(Pace { began, last: now, bytes: 0 });
            want.pace = Some(Pace { last: now, bytes: pace.bytes + bytes, ..pace });
            want.asking = None;
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
        failed.why = Some(failure);
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
        let mut busy = self.wanted.values().filter(|want| want.asked(now).is_some()).count();
        for (blob, want) in &mut self.wanted {
            if busy >= BLOBS_IN_FLIGHT_MAX {
                break;
            }
            if want.asked(now).is_some() {
                continue;
            }
            let may_give = |peer: &&PublicKey| want.failed.get(peer).is_none_or(|failed| failed.again_at <= now);
            let able = connected.iter().filter(|peer| !self.lied.contains_key(peer)).filter(may_give);
            let giver = able.min_by_key(|peer| (want.giver != Some(**peer), want.failed.get(peer).map_or(0, |failed| failed.times)));
            if let Some(peer) = giver {
                want.asking = Some((*peer, now));
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
        wants.came(BLOB, a, 1, 0);
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
        wants.came(BLOB, giver, 1, 0);
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
            wants.came(BLOB, honest, 1, now);
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
    fn who_waits_is_told_who_is_asked_how_fast_it_comes_and_why_it_does_not() {
        let (a, b) = (PublicKey([1; 32]), PublicKey([2; 32]));
        let both = BTreeSet::from([a, b]);
        let mut wants = wants();
        assert!(wants.transits(0, &both).is_empty(), "nobody waits");
        wants.hurry(BLOB);
        let told = |wants: &Wants, now| wants.transits(now, &both).remove(&BLOB).unwrap();
        assert_eq!(told(&wants, 0), Transit { doing: Doing::Queued, bytes_per_s: None, failed: BTreeMap::new() });
        assert_eq!(wants.transits(0, &BTreeSet::new())[&BLOB].doing, Doing::Waiting, "nobody is connected");
        wants.next(0, &both);
        assert_eq!(told(&wants, 1).doing, Doing::Asking(a));
        // Ten pieces, each two seconds after it was asked for.
        for now in (0..20_000).step_by(2_000) {
            wants.next(now, &both);
            wants.came(BLOB, a, 100_000, now + 2_000);
        }
        assert_eq!(told(&wants, 20_000).bytes_per_s, Some(50_000));
        assert_eq!(told(&wants, 20_000 + BLOB_PACE_MS).bytes_per_s, None, "nothing comes any more");
        wants.next(40_000, &both);
        wants.came(BLOB, a, 100_000, 40_100);
        assert_eq!(told(&wants, 40_100).bytes_per_s, Some(1_000_000), "the pause is not reckoned in");
        wants.failed(BLOB, a, Failure::NotAllowed, 40_100);
        assert_eq!(
            told(&wants, 40_101),
            Transit { doing: Doing::Queued, failed: BTreeMap::from([(a, Failure::NotAllowed)]), bytes_per_s: Some(1_000_000) }
        );
        wants.failed(BLOB, b, Failure::Busy, 40_100);
        assert_eq!(told(&wants, 40_101).doing, Doing::Waiting);
        assert_eq!(told(&wants, 40_101).failed[&b], Failure::Busy);
        assert_eq!(told(&wants, 40_100 + BLOB_BUSY_MS).doing, Doing::Queued);
        for byte in 0..=255 {
            wants.hurry(BlobHash([byte; 32]));
        }
        assert_eq!(wants.transits(0, &both).len(), BLOBS_WATCHED_MAX);
        wants.done(BlobHash([255; 32]));
        assert_eq!(wants.transits(0, &both).len(), BLOBS_WATCHED_MAX - 1);
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
            wants.came(BLOB, peer, 1, now);
        }
        wants.connected(peer);
        assert_eq!(wants.next(3, &connected), [tail(peer)]);
    }
}
