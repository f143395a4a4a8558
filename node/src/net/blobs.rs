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
/// A peer that had nothing is asked again after this long.
const RETRY_MS: u64 = 5_000;

/// The blobs that this node is after.
#[derive(Debug, Default)]
pub(super) struct Wants {
    wanted: BTreeMap<BlobHash, Want>,
}

#[derive(Debug, Default)]
struct Want {
    asking: Option<(PublicKey, u64)>,
    /// Peers that had nothing, and when to ask them again.
    without: BTreeMap<PublicKey, u64>,
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
    /// A piece came: the same peer may be asked for the next one.
    pub(super) fn free(&mut self, blob: BlobHash) {
        if let Some(want) = self.wanted.get_mut(&blob) {
            want.asking = None;
        }
    }
    pub(super) fn failed(&mut self, blob: BlobHash, peer: PublicKey, now: u64) {
        if let Some(want) = self.wanted.get_mut(&blob) {
            want.asking = None;
            want.without.insert(peer, now + RETRY_MS);
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
            let giver = connected.iter().find(|peer| want.without.get(peer).is_none_or(|again| *again <= now));
            if let Some(peer) = giver {
                want.asking = Some((*peer, now + REQUEST_TIMEOUT_MS));
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
        wants.free(blob);
        assert_eq!(wants.next(2 + RETRY_MS, &connected), [(a, blob)], "the next piece comes from the same peer");
        wants.done(blob);
        assert_eq!(wants.next(u64::MAX, &connected), []);
    }
}
