//! Which blob to ask whom for. One piece at a time per blob; pieces are hashed as a whole before the blob counts.

use crate::service::Office;
use protocol::{
    access,
    id::{BlobHash, PublicKey},
    limits::{BLOB_CHUNK_BYTES_MAX, REQUEST_TIMEOUT_MS},
    sync::wire::{Refusal, Response},
};
use std::collections::{BTreeMap, BTreeSet};

/// Blobs fetched at one time.
const IN_FLIGHT_MAX: usize = 8;
/// A peer that had nothing is asked again after this long, doubled with every time that it fails again.
const RETRY_MS: u64 = 5_000;
/// A peer that is busy is asked again after this long.
const BUSY_MS: u64 = 1_000;
/// Doublings of [`RETRY_MS`]: what nobody may give costs every peer one question in five minutes.
const RETRY_DOUBLINGS_MAX: u32 = 6;

/// The blobs that this node is after.
#[derive(Debug, Default)]
pub(super) struct Wants {
    wanted: BTreeMap<BlobHash, Want>,
}

#[derive(Debug, Default)]
struct Want {
    asking: Option<(PublicKey, u64)>,
    /// Who gave the last piece: a whole made by several could be spoilt by any of them.
    giver: Option<PublicKey>,
    failed: BTreeMap<PublicKey, Failed>,
}

/// A peer that had nothing, or gave something else than was asked for.
#[derive(Debug, Default)]
struct Failed {
    times: u32,
    again_at: u64,
}

impl Wants {
    pub(super) fn add(&mut self, blobs: impl IntoIterator<Item = BlobHash>) {
        for blob in blobs {
            self.wanted.entry(blob).or_default();
        }
    }
    pub(super) fn done(&mut self, blob: BlobHash) {
        self.wanted.remove(&blob);
    }
    /// Somebody waits for it: whoever failed before may be asked at once.
    pub(super) fn hurry(&mut self, blob: BlobHash) {
        self.wanted.entry(blob).or_default().failed.values_mut().for_each(|failed| failed.again_at = 0);
    }
    /// A piece came: the same peer is asked for the next one.
    pub(super) fn free(&mut self, blob: BlobHash, giver: PublicKey) {
        if let Some(want) = self.wanted.get_mut(&blob) {
            want.asking = None;
            want.giver = Some(giver);
        }
    }
    pub(super) fn failed(&mut self, blob: BlobHash, peer: PublicKey, now: u64) {
        if let Some(want) = self.wanted.get_mut(&blob) {
            want.asking = None;
            want.giver.take_if(|giver| *giver == peer);
            let failed = want.failed.entry(peer).or_default();
            failed.again_at = now + (RETRY_MS << failed.times.min(RETRY_DOUBLINGS_MAX));
            failed.times = failed.times.saturating_add(1);
        }
    }
    /// A peer is asked for too much at this moment, which is not held against it.
    pub(super) fn busy(&mut self, blob: BlobHash, peer: PublicKey, now: u64) {
        if let Some(want) = self.wanted.get_mut(&blob) {
            want.asking = None;
            want.failed.entry(peer).or_default().again_at = now + BUSY_MS;
        }
    }
    /// What to ask now.
    pub(super) fn next(&mut self, now: u64, connected: &BTreeSet<PublicKey>) -> Vec<(PublicKey, BlobHash)> {
        let mut asked = Vec::new();
        let mut busy = self.wanted.values().filter(|want| want.asking.is_some_and(|(_, deadline)| deadline > now)).count();
        for (blob, want) in &mut self.wanted {
            if busy >= IN_FLIGHT_MAX {
                break;
            }
            if want.asking.is_some_and(|(_, deadline)| deadline > now) {
                continue;
            }
            let able = connected.iter().filter(|peer| want.failed.get(peer).is_none_or(|failed| failed.again_at <= now));
            let giver = able.min_by_key(|peer| (want.giver != Some(**peer), want.failed.get(peer).map_or(0, |failed| failed.times)));
            if let Some(peer) = giver {
                // The shell tells of every request that fails; this is for one whose piece is slow to reach the disk.
                want.asking = Some((*peer, now + 2 * REQUEST_TIMEOUT_MS));
                busy += 1;
                asked.push((*peer, *blob));
            }
        }
        asked
    }
}

/// The answer to a peer that asks for a piece of a blob.
pub(super) fn answer(office: &Office, peer: PublicKey, hash: BlobHash, offset: u64) -> Response {
    let Some(member) = office.members().office_of(peer).cloned() else {
        return Response::Refused(Refusal::NotEnrolled);
    };
    let cases = match office.cases_of_blob(hash) {
        Ok(cases) => cases,
        Err(error) => {
            tracing::warn!(%error, %hash, "cannot tell who may have a blob");
            return Response::NotHere;
        }
    };
    if !access::may_have(cases.iter().map(|case| &**case), hash, member.enrol.code, member.enrol.roles) {
        return Response::Refused(Refusal::NotForYou);
    }
    match office.store.blobs.read_piece(hash, offset, BLOB_CHUNK_BYTES_MAX) {
        Ok(Some((total, bytes))) => Response::Blob { total, bytes: bytes.into() },
        Ok(None) => Response::NotHere,
        Err(error) => {
            tracing::warn!(%error, %hash, "a blob cannot be read");
            Response::NotHere
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_without_the_blob_is_left_alone_for_a_while() {
        let (a, b) = (PublicKey([1; 32]), PublicKey([2; 32]));
        let connected = BTreeSet::from([a, b]);
        let blob = BlobHash([7; 32]);
        let mut wants = Wants::default();
        wants.add([blob]);
        assert_eq!(wants.next(0, &connected), [(a, blob)]);
        assert_eq!(wants.next(1, &connected), [], "one at a time");
        wants.failed(blob, a, 1);
        assert_eq!(wants.next(2, &connected), [(b, blob)]);
        wants.failed(blob, b, 2);
        assert_eq!(wants.next(3, &connected), []);
        assert_eq!(wants.next(1 + RETRY_MS, &connected), [(a, blob)]);
        wants.free(blob, a);
        assert_eq!(wants.next(2 + RETRY_MS, &connected), [(a, blob)], "the next piece comes from the same peer");
        wants.done(blob);
        assert_eq!(wants.next(u64::MAX, &connected), []);
    }

    #[test]
    fn a_busy_peer_goes_on_with_what_it_began() {
        let (giver, other) = (PublicKey([2; 32]), PublicKey([1; 32]));
        let connected = BTreeSet::from([giver, other]);
        let blob = BlobHash([7; 32]);
        let mut wants = Wants::default();
        wants.add([blob]);
        assert_eq!(wants.next(0, &BTreeSet::from([giver])), [(giver, blob)]);
        wants.free(blob, giver);
        for now in [0, BUSY_MS, 2 * BUSY_MS] {
            assert_eq!(wants.next(now, &connected), [(giver, blob)]);
            wants.busy(blob, giver, now);
            assert_eq!(wants.next(now, &BTreeSet::from([giver])), [], "not at once");
        }
    }

    #[test]
    fn a_peer_that_spoils_a_blob_is_asked_last_and_ever_more_rarely() {
        let (liar, honest) = (PublicKey([1; 32]), PublicKey([2; 32]));
        let connected = BTreeSet::from([liar, honest]);
        let blob = BlobHash([7; 32]);
        let mut wants = Wants::default();
        wants.add([blob]);
        wants.next(0, &connected);
        wants.failed(blob, liar, 0);
        // The honest one goes on piece by piece, also once the liar's time is up.
        for now in (0..10 * RETRY_MS).step_by(1_000) {
            assert_eq!(wants.next(now, &connected), [(honest, blob)]);
            wants.free(blob, honest);
        }
        let alone = BTreeSet::from([liar]);
        let asked = (0..3_600_000).step_by(1_000).filter(|now| {
            let asked = !wants.next(*now, &alone).is_empty();
            if asked {
                wants.failed(blob, liar, *now);
            }
            asked
        });
        assert!(asked.count() < 25, "in an hour");
        assert_eq!(wants.next(3_600_000, &alone), []);
        wants.hurry(blob);
        assert_eq!(wants.next(3_600_000, &alone).len(), 1, "somebody waits for it");
    }
}
