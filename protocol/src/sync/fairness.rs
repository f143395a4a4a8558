//! Who may ask what, and how much of it: a bucket of tokens per peer and class of work.
//!
//! The shell asks here before any disk work. What a peer may not have is refused from memory; what it asks for too often is refused until
//! later, so that one peer takes neither the disk nor the places for answers away from the others. A bucket outlives its connection:
//! whoever connects anew has no more than before.

use super::wire::{Refusal, Request};
use crate::{
    id::{Millis, Origin, PublicKey},
    limits::{
        ASK_BLOB_BYTES_BURST, ASK_BLOB_BYTES_PER_S, ASK_CONTROL_BURST, ASK_CONTROL_PER_S, ASK_ENTRIES_BURST, ASK_ENTRIES_PER_S,
        ASK_WITNESSING_BURST, ASK_WITNESSING_PER_S, BLOB_CHUNK_BYTES_MAX, COST_BLOB_BYTES_MIN, COST_FORK, COST_FRONTIER, COST_RECEIPT,
        JOINS_BURST, JOINS_PER_S, REFUSED_BURST, REFUSED_PER_S, SHUT_OUT_MS, STRANGERS_MAX,
    },
};
use std::collections::BTreeMap;

/// What the asking key is to this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Never enrolled.
    Stranger,
    /// Enrolled once: it may hear from the province's log that it no longer is.
    Former,
    /// May speak.
    Peer,
}

/// What an answer takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Frontiers and fork proofs.
    Control,
    /// A package read from the disk.
    Entries,
    /// Bytes of blobs read from the disk.
    Blobs,
    /// Signatures verified, and a point made durable.
    Witnessing,
}

impl Class {
    /// The class of a question and how many tokens its answer takes.
    fn of(request: &Request) -> (Self, u64) {
        match request {
            Request::Heads(heads) if heads.before.is_some() && !heads.tell_all => (Self::Control, 1),
            Request::Heads(_) | Request::Frontier(_) => (Self::Control, COST_FRONTIER),
            Request::Compare { .. } | Request::ForkProof(_) | Request::ForkProofs(_) => (Self::Control, COST_FORK),
            Request::Entries { .. } => (Self::Entries, 1),
            Request::Blob { .. } | Request::BlobPiece { .. } => (Self::Blobs, BLOB_CHUNK_BYTES_MAX as u64),
            Request::Receipt { .. } => (Self::Control, COST_RECEIPT),
            Request::Join { .. } => (Self::Control, COST_FORK),
            Request::Cosign(_) | Request::Cosigned(_) => (Self::Witnessing, 1),
        }
    }
    /// Tokens that come in a second, and tokens that a rested peer has.
    fn bounds(self) -> (u64, u64) {
        match self {
            Self::Control => (ASK_CONTROL_PER_S, ASK_CONTROL_BURST),
            Self::Entries => (ASK_ENTRIES_PER_S, ASK_ENTRIES_BURST),
            Self::Blobs => (ASK_BLOB_BYTES_PER_S, ASK_BLOB_BYTES_BURST),
            Self::Witnessing => (ASK_WITNESSING_PER_S, ASK_WITNESSING_BURST),
        }
    }
}

/// What was taken out, in thousandths of a token, and when that was reckoned last.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bucket {
    taken: u64,
    at: Millis,
}

impl Bucket {
    fn pay(&mut self, now: Millis, per_s: u64) {
        // So many tokens a second are so many thousandths a millisecond.
        self.taken = self.taken.saturating_sub(now.saturating_sub(self.at).saturating_mul(per_s));
        self.at = now;
    }
    /// Whether so much may be taken out. Takes nothing.
    pub(super) fn has(&self, now: Millis, cost: u64, bounds: (u64, u64)) -> bool {
        { *self }.take(now, cost, bounds)
    }
    pub(super) fn take(&mut self, now: Millis, cost: u64, (per_s, burst): (u64, u64)) -> bool {
        self.pay(now, per_s);
        let after = self.taken.saturating_add(1_000 * cost);
        let enough = after <= 1_000 * burst;
        if enough {
            self.taken = after;
        }
        enough
    }
}

/// What was read to answer a question for a blob, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Who asked may not have it, it is not here, or the disk failed. Such a question keeps what it took: it was asked in vain.
    Nothing,
    /// The piece, and all that had to be read before it could be given.
    Bytes(u64),
}

/// What one peer took, and how often it was refused.
#[derive(Debug, Default)]
struct Taken {
    classes: [Bucket; 4],
    refused: Bucket,
    shut_out_until: Millis,
}

/// The buckets of one node.
#[derive(Debug, Default)]
pub struct Fairness {
    /// Bound: one for each key that was ever enrolled.
    peers: BTreeMap<PublicKey, Taken>,
    /// Keys that were never enrolled and ask to be. Bound: [`STRANGERS_MAX`].
    strangers: BTreeMap<PublicKey, Taken>,
    /// All others of them together.
    crowd: Taken,
}

impl Fairness {
    /// Whether a question is to be answered. `now` only goes forward: time since the node started, and no clock that people set.
    ///
    /// # Errors
    /// The answer is no, and why.
    pub fn admit(&mut self, now: Millis, key: PublicKey, who: Who, request: &Request, province: &Origin) -> Result<(), Refusal> {
        if let Request::Join { .. } = request {
            return self.admit_join(now, key);
        }
        let may = match who {
            Who::Peer => true,
            Who::Stranger => false,
            Who::Former => match request {
                Request::Frontier(_) | Request::Heads(_) => true,
                Request::Entries { origin, .. } => origin == province,
                _ => false,
            },
        };
        if !may {
            return Err(Refusal::NotEnrolled);
        }
        let (class, cost) = Class::of(request);
        let taken = self.peers.entry(key).or_default();
        if taken.classes[class as usize].take(now, cost, class.bounds()) {
            return Ok(());
        }
        if !taken.refused.take(now, 1, (REFUSED_PER_S, REFUSED_BURST)) {
            taken.shut_out_until = now + SHUT_OUT_MS;
        }
        Err(Refusal::Later)
    }

    /// Whether a question to join is answered. Strangers ask it, so its buckets are not those of peers.
    fn admit_join(&mut self, now: Millis, key: PublicKey) -> Result<(), Refusal> {
        if !self.strangers.contains_key(&key) && self.strangers.len() >= STRANGERS_MAX {
            let rested = JOINS_BURST * 1_000 / JOINS_PER_S;
            self.strangers.retain(|_, taken| taken.refused.at.max(taken.classes[0].at) + rested > now || taken.shut_out_until > now);
        }
        let room = self.strangers.contains_key(&key) || self.strangers.len() < STRANGERS_MAX;
        // Attack: keys cost nothing.
        let taken = if room { self.strangers.entry(key).or_default() } else { &mut self.crowd };
        if taken.classes[0].take(now, 1, (JOINS_PER_S, JOINS_BURST)) {
            return Ok(());
        }
        if !taken.refused.take(now, 1, (JOINS_PER_S, JOINS_BURST)) && room {
            taken.shut_out_until = now + SHUT_OUT_MS;
        }
        Err(Refusal::Later)
    }

    /// A question for a blob that was admitted is answered: it takes what was read, and not the whole piece that it was reckoned at.
    pub fn gave(&mut self, now: Millis, key: PublicKey, read: Read) {
        let Read::Bytes(bytes) = read else { return };
        let Some(taken) = self.peers.get_mut(&key) else { return };
        let bucket = &mut taken.classes[Class::Blobs as usize];
        bucket.pay(now, ASK_BLOB_BYTES_PER_S);
        let reckoned = 1_000 * BLOB_CHUNK_BYTES_MAX as u64;
        bucket.taken = bucket.taken.saturating_sub(reckoned).saturating_add(1_000 * bytes.max(COST_BLOB_BYTES_MIN));
    }

    /// Whether a peer went on asking after so many refusals that its connections end: refusing costs something too.
    pub fn is_shut_out(&self, now: Millis, key: PublicKey) -> bool {
        let shut_out = |taken: &Taken| taken.shut_out_until > now;
        self.peers.get(&key).is_some_and(shut_out) || self.strangers.get(&key).is_some_and(shut_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{id::BlobHash, sync::wire::Heads};

    const A: PublicKey = PublicKey([1; 32]);
    const B: PublicKey = PublicKey([2; 32]);

    fn province() -> Origin {
        "demo.huizhi/province/1".parse().unwrap()
    }
    fn entries(origin: &str) -> Request {
        Request::Entries { origin: origin.parse().unwrap(), start: 0 }
    }
    fn heads(before: Option<[u8; 32]>) -> Request {
        Request::Heads(Heads { before: before.map(Into::into), after: [0; 32].into(), heads: Vec::new(), tell_all: false })
    }
    fn all() -> Vec<Request> {
        let compare = Request::Compare { note: String::new(), beginnings: Vec::new() };
        let piece = Request::BlobPiece { hash: BlobHash([0; 32]), end: None };
        let blob = Request::Blob { hash: BlobHash([0; 32]), offset: 0 };
        let (fork, forks) = (Request::ForkProof(Vec::new().into()), Request::ForkProofs(Vec::new()));
        let (cosign, cosigned) = (Request::Cosign(String::new()), Request::Cosigned(String::new()));
        let entries = entries("demo.huizhi/office/44030001/1");
        vec![heads(None), heads(Some([0; 32])), Request::Frontier(Vec::new()), entries, blob, piece, cosign, cosigned, compare, fork, forks]
    }

    #[test]
    fn mend_23_questions_to_join_are_bounded_for_each_key_and_for_all() {
        let mut fairness = Fairness::default();
        let join = Request::Join { request: String::new(), secret: [0; 16].into() };
        let mut ask = |now: Millis, key: PublicKey| fairness.admit(now, key, Who::Stranger, &join, &province());
        let answered = (0..60_000).filter(|now| ask(*now, A).is_ok()).count() as u64;
        assert!((1..=JOINS_BURST + 60 * JOINS_PER_S).contains(&answered), "{answered}");
        assert!(ask(60_000, B).is_ok(), "another one is answered at once");
        let key = |number: u32| PublicKey(std::array::from_fn(|at| number.to_be_bytes()[at % 4]));
        let crowd = (0..100_000).filter(|number| ask(60_000, key(*number)).is_ok()).count() as u64;
        assert!(crowd <= STRANGERS_MAX as u64 + JOINS_BURST, "{crowd}");
        assert!(fairness.strangers.len() <= STRANGERS_MAX);
        assert!(fairness.is_shut_out(60_000, A), "who goes on and on is hung up on");
        assert!(fairness.admit(200_000, B, Who::Stranger, &join, &province()).is_ok());
    }

    #[test]
    fn case_33_a_stranger_is_refused_from_memory_and_leaves_nothing_there() {
        let mut fairness = Fairness::default();
        for at in 0..100_000_u32 {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&at.to_be_bytes());
            let request = entries("demo.huizhi/province/1");
            assert_eq!(fairness.admit(0, PublicKey(key), Who::Stranger, &request, &province()), Err(Refusal::NotEnrolled));
        }
        assert!(all().iter().all(|request| fairness.admit(0, A, Who::Stranger, request, &province()) == Err(Refusal::NotEnrolled)));
        assert!(fairness.peers.is_empty());
    }

    #[test]
    fn whoever_was_enrolled_reads_the_province_s_log_and_nothing_else() {
        let mut fairness = Fairness::default();
        let mut admit = |request| fairness.admit(0, A, Who::Former, &request, &province());
        assert_eq!(admit(entries("demo.huizhi/province/1")), Ok(()));
        let allowed: Vec<usize> =
            all().into_iter().enumerate().filter(|(_, request)| admit(request.clone()).is_ok()).map(|(at, _)| at).collect();
        assert_eq!(allowed, [0, 1, 2], "frontiers only, of which it is told the province's");
    }

    #[test]
    fn case_33_a_flood_is_refused_until_later_and_takes_nothing_from_others() {
        for request in all() {
            let (class, cost) = Class::of(&request);
            let (per_s, burst) = class.bounds();
            let mut fairness = Fairness::default();
            let mut admit = |now, key| fairness.admit(now, key, Who::Peer, &request, &province()).is_ok();
            let flood = (0..100_000).filter(|_| admit(0, A)).count() as u64;
            assert_eq!(flood, burst / cost, "{request:?}");
            assert!(admit(0, B), "another peer is answered");
            // A minute of flooding, ten questions in every 10 ms.
            let sustained = (0..6_000).flat_map(|at| [10 * at; 10]).filter(|now| admit(*now, A)).count() as u64;
            assert!((59 * per_s / cost..=60 * per_s / cost).contains(&sustained), "{sustained} of {request:?}");
            assert!(admit(10_000_000, A), "a rested peer is answered");
        }
    }

    #[test]
    fn who_goes_on_asking_is_shut_out_for_a_minute_and_who_waits_is_not() {
        let blob = Request::Blob { hash: BlobHash([0; 32]), offset: 0 };
        let mut fairness = Fairness::default();
        // Asks in vain once a second for an hour.
        let mut asks = |now, key| fairness.admit(now, key, Who::Peer, &blob, &province()).is_err();
        while !asks(0, A) {}
        for second in 1..3_600 {
            while !asks(1_000 * second, A) {}
        }
        let refused = (0..10_000).filter(|at| asks(*at, B)).count();
        assert!(refused > REFUSED_BURST as usize);
        assert!(!fairness.is_shut_out(3_600_000, A), "it takes no for an answer");
        assert!(fairness.is_shut_out(10_000, B) && fairness.is_shut_out(9_999 + SHUT_OUT_MS - 1, B));
        assert!(!fairness.is_shut_out(9_999 + SHUT_OUT_MS, B));
    }

    /// Bytes that a peer is given in ten minutes, asking whenever it may, where every answer reads so much.
    fn given_in_ten_minutes(read: u64) -> u64 {
        let mut fairness = Fairness::default();
        let piece = Request::BlobPiece { hash: BlobHash([0; 32]), end: None };
        let mut given = 0;
        for now in 0..600_000 {
            while fairness.admit(now, A, Who::Peer, &piece, &province()).is_ok() {
                fairness.gave(now, A, Read::Bytes(read));
                given += read;
                assert!(given < 1 << 40, "there is no quota");
            }
        }
        given
    }

    #[test]
    fn the_quota_of_blobs_is_one_of_bytes_whatever_their_size() {
        const PIECE: u64 = BLOB_CHUNK_BYTES_MAX as u64;
        let quota = ASK_BLOB_BYTES_BURST + 600 * ASK_BLOB_BYTES_PER_S;
        // Payloads of 20 kB, whole pieces, and blobs that had to be read from their beginning first.
        for read in [20_000, PIECE, PIECE + (32 << 20)] {
            let given = given_in_ten_minutes(read);
            assert!(given <= quota + read && given + read + PIECE > quota * 99 / 100, "{given} of {quota} in answers of {read}");
        }
        assert!(given_in_ten_minutes(10) <= quota * 10 / COST_BLOB_BYTES_MIN + 10, "small answers are not for nothing");
    }

    #[test]
    fn questions_for_blobs_in_vain_keep_what_they_took() {
        let mut fairness = Fairness::default();
        let piece = Request::BlobPiece { hash: BlobHash([0; 32]), end: None };
        let mut answered = 0;
        while fairness.admit(0, A, Who::Peer, &piece, &province()).is_ok() {
            fairness.gave(0, A, Read::Nothing);
            answered += 1;
        }
        assert_eq!(answered, ASK_BLOB_BYTES_BURST / BLOB_CHUNK_BYTES_MAX as u64);
    }

    #[test]
    fn one_class_does_not_use_up_another() {
        let mut fairness = Fairness::default();
        let mut admit = |request: &Request| fairness.admit(0, A, Who::Peer, request, &province()).is_ok();
        let entries = entries("demo.huizhi/province/1");
        while admit(&entries) {}
        assert!(all().iter().filter(|request| !matches!(request, Request::Entries { .. })).all(admit));
    }

    #[test]
    fn a_clock_that_is_set_back_fills_no_bucket_and_stops_none() {
        let mut fairness = Fairness::default();
        let blob = Request::Blob { hash: BlobHash([0; 32]), offset: 0 };
        let mut admit = |clock| fairness.admit(clock, A, Who::Peer, &blob, &province()).is_ok();
        while admit(1_000_000_000) {}
        assert!(!admit(0) && !admit(1));
        assert!(admit(1_000), "a second later");
    }
}
