//! Frames between nodes: CBOR, one request and one response per exchange. Decoding is total.
//!
//! A node of before does not know the later kinds of question: it ends the stream, and whoever asked leaves it alone for a while.

mod heads;

pub use heads::{Digest, Heads, ShortHead, ShortRoot, digest};

use crate::{
    id::{BlobHash, Origin, RecordHash},
    limits::{
        ADD_CHECKPOINT_BYTES_MAX, BEGINNINGS_MAX, BLOB_CHUNK_BYTES_MAX, ENROL_REQUEST_BYTES_MAX, FORK_PROOF_BYTES_MAX,
        FORK_PROOFS_GIVEN_MAX, FORK_PROOFS_TOLD_MAX, FRAME_BYTES_MAX, FRONTIER_LOGS_MAX, NOTE_BYTES_MAX, PROOF_HASHES_MAX,
    },
    log::Package,
    receipt::Evidence,
};
use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};

/// Name of the protocol on the wire; the number changes when a node of before could not answer.
pub const PROTOCOL: &str = "/huizhi/sync/1";

/// One log as a peer holds it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Head {
    /// The log.
    #[n(0)]
    pub origin: Origin,
    /// Entries held.
    #[n(1)]
    pub size: u64,
    /// Root over them.
    #[n(2)]
    pub root: RecordHash,
}

/// A beginning of a log as its holder proves it to be one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Beginning {
    /// Entries.
    #[n(0)]
    pub size: u64,
    /// Root over them.
    #[n(1)]
    pub root: RecordHash,
    /// Consistency proof from there to the checkpoint that it goes with.
    #[n(2)]
    pub path: Vec<ByteArray<32>>,
}

/// What a peer asks.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Request {
    /// Here is my frontier; tell me yours.
    #[n(0)]
    Frontier(#[n(0)] Vec<Head>),
    /// Entries of a log from a position on.
    #[n(1)]
    Entries {
        /// The log.
        #[n(0)]
        origin: Origin,
        /// First entry wanted.
        #[n(1)]
        start: u64,
    },
    /// A piece of a blob from an offset on.
    #[n(2)]
    Blob {
        /// SHA-256 of the whole.
        #[n(0)]
        hash: BlobHash,
        /// Bytes held already.
        #[n(1)]
        offset: u64,
    },
    /// A witness is asked for a cosignature: the body of an `add-checkpoint` request of C2SP tlog-witness.
    #[n(3)]
    Cosign(#[n(0)] String),
    /// A checkpoint that the receiver may hold too, with cosignatures on it.
    #[n(4)]
    Cosigned(#[n(0)] String),
    /// Somebody holds another history of a log: prove from these two that it was signed twice.
    #[n(5)]
    Compare {
        /// Note of the newest complete checkpoint that the asker holds.
        #[n(0)]
        note: String,
        /// Beginnings of the asker's history, in any order.
        #[n(1)]
        beginnings: Vec<Beginning>,
    },
    /// A proof that some log signed two histories ([`crate::log::ForkProof`]).
    #[n(6)]
    ForkProof(#[n(0)] ByteVec),
    /// SHA-256 of every fork proof that the asker holds; it wants the others.
    #[n(7)]
    ForkProofs(#[n(0)] Vec<ByteArray<32>>),
    /// The piece of a blob that ends somewhere, to be verified by itself ([`crate::blob::chain`]).
    #[n(12)]
    BlobPiece {
        /// SHA-256 of the whole.
        #[n(0)]
        hash: BlobHash,
        /// Where the piece ends; nothing for the last one of a blob whose length is not known yet.
        #[n(1)]
        end: Option<u64>,
    },
    /// An office that is not enrolled yet shows that it was invited.
    #[n(30)]
    Join {
        /// Its enrolment as it asks for it, signed with its new key.
        #[n(0)]
        request: String,
        /// The secret of the invitation.
        #[n(1)]
        secret: ByteArray<16>,
    },
    /// What of the asker's frontier changed, or that nothing did.
    #[n(8)]
    Heads(#[n(0)] Heads),
    /// What is known of the receipt at a position of a log, which the asker does not hold.
    #[n(20)]
    Receipt {
        /// The log.
        #[n(0)]
        origin: Origin,
        /// Position of the receipt.
        #[n(1)]
        index: u64,
    },
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Response {
    /// The answer to [`Request::Frontier`].
    #[n(0)]
    Frontier(#[n(0)] Vec<Head>),
    /// The answer to [`Request::Entries`].
    #[n(1)]
    Entries(#[n(0)] Package),
    /// The answer to [`Request::Blob`].
    #[n(2)]
    Blob {
        /// Bytes of the whole blob.
        #[n(0)]
        total: u64,
        /// The piece.
        #[n(1)]
        bytes: ByteVec,
    },
    /// Not here, or not yet.
    #[n(3)]
    NotHere,
    /// The answer is no.
    #[n(4)]
    Refused(#[n(0)] Refusal),
    /// The answer to [`Request::Cosign`]: the signature line.
    #[n(5)]
    Line(#[n(0)] String),
    /// The answer to [`Request::Cosign`]: the witness cosigned this many entries last, and wants the proof from there.
    #[n(6)]
    CosignedAt(#[n(0)] u64),
    /// What was told was taken in, or was known.
    #[n(7)]
    Taken,
    /// The answer to [`Request::Compare`] and [`Request::ForkProofs`].
    #[n(8)]
    ForkProofs(#[n(0)] Vec<ByteVec>),
    /// The answer to [`Request::Heads`]: what they go on from is not known here.
    #[n(9)]
    TellAll,
    /// The answer to [`Request::BlobPiece`].
    #[n(12)]
    BlobPiece {
        /// Bytes of the whole blob.
        #[n(0)]
        total: u64,
        /// SHA-256 before the piece.
        #[n(1)]
        before: ByteArray<32>,
        /// The piece.
        #[n(2)]
        bytes: ByteVec,
    },
    /// The answer to [`Request::Receipt`].
    #[n(20)]
    Receipt(#[n(0)] Evidence),
}

/// Why an answer is no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Refusal {
    /// The asking key is not enrolled, as far as the answering node knows.
    #[n(0)]
    NotEnrolled,
    /// The asking office has no part in the case of that blob.
    #[n(1)]
    NotForYou,
    /// The invitation that was shown is not open: unknown, used, cancelled or expired.
    #[n(30)]
    NotInvited,
    /// Too much is being asked for now, by this peer or by all. A node of before cannot read this and sees a request that failed.
    #[n(2)]
    Later,
}

/// Why a frame is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Longer than a frame may be.
    #[error("a frame of {0} bytes exceeds the bound")]
    TooLong(usize),
    /// Not a message of this protocol.
    #[error("malformed frame: {0}")]
    Malformed(String),
}

/// Writes a message.
pub fn encode<T: Encode<()>>(message: &T) -> Vec<u8> {
    minicbor::to_vec(message).expect("writing to memory cannot fail")
}

/// Reads a request.
///
/// # Errors
/// See [`FrameError`].
pub fn decode_request(frame: &[u8]) -> Result<Request, FrameError> {
    let request = decode(frame)?;
    match &request {
        Request::Frontier(heads) if heads.len() > FRONTIER_LOGS_MAX => Err(FrameError::TooLong(heads.len())),
        Request::Cosign(body) if body.len() > ADD_CHECKPOINT_BYTES_MAX => Err(FrameError::TooLong(body.len())),
        Request::Cosigned(note) if note.len() > NOTE_BYTES_MAX => Err(FrameError::TooLong(note.len())),
        Request::Compare { note, beginnings } if note.len() > NOTE_BYTES_MAX || beginnings.len() > BEGINNINGS_MAX => {
            Err(FrameError::TooLong(note.len().max(beginnings.len())))
        }
        Request::Compare { beginnings, .. } if beginnings.iter().any(|beginning| beginning.path.len() > PROOF_HASHES_MAX) => {
            Err(FrameError::Malformed("a proof is too long".into()))
        }
        Request::ForkProof(proof) if proof.len() > FORK_PROOF_BYTES_MAX => Err(FrameError::TooLong(proof.len())),
        Request::ForkProofs(held) if held.len() > FORK_PROOFS_TOLD_MAX => Err(FrameError::TooLong(held.len())),
        Request::Join { request, .. } if request.len() > ENROL_REQUEST_BYTES_MAX => Err(FrameError::TooLong(request.len())),
        _ => Ok(request),
    }
}

/// Reads a response.
///
/// # Errors
/// See [`FrameError`].
pub fn decode_response(frame: &[u8]) -> Result<Response, FrameError> {
    let response = decode(frame)?;
    match &response {
        Response::Frontier(heads) if heads.len() > FRONTIER_LOGS_MAX => Err(FrameError::TooLong(heads.len())),
        Response::Blob { bytes, .. } | Response::BlobPiece { bytes, .. } if bytes.len() > BLOB_CHUNK_BYTES_MAX => {
            Err(FrameError::TooLong(bytes.len()))
        }
        Response::ForkProofs(proofs) if proofs.len() > FORK_PROOFS_GIVEN_MAX => Err(FrameError::TooLong(proofs.len())),
        Response::Line(line) if line.len() > NOTE_BYTES_MAX => Err(FrameError::TooLong(line.len())),
        Response::Receipt(evidence) if !evidence.is_bounded() => Err(FrameError::Malformed("too much evidence".into())),
        _ => Ok(response),
    }
}

fn decode<'b, T: Decode<'b, ()>>(frame: &'b [u8]) -> Result<T, FrameError> {
    if frame.len() > FRAME_BYTES_MAX {
        return Err(FrameError::TooLong(frame.len()));
    }
    minicbor::decode(frame).map_err(|error| FrameError::Malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        limits::{EVIDENCE_ENTRIES_MAX, EVIDENCE_LOGS_MAX},
        receipt::{LogEvidence, Named, Placed},
    };
    use proptest::prelude::*;

    fn evidence(logs: usize, entries: usize) -> Evidence {
        let placed = Placed { index: 3, bytes: vec![1, 2].into(), path: vec![[4; 32].into()] };
        let named = vec![Named { size: 2, path: vec![[5; 32].into()] }];
        Evidence { logs: vec![LogEvidence { note: "note".into(), entries: vec![placed; entries], named }; logs] }
    }

    #[test]
    fn messages_round_trip() {
        let origin: Origin = "demo.huizhi/province/1".parse().unwrap();
        let head = Head { origin: origin.clone(), size: 3, root: RecordHash([1; 32]) };
        for request in [
            Request::Frontier(vec![head.clone()]),
            Request::Entries { origin, start: 7 },
            Request::Blob { hash: BlobHash([2; 32]), offset: 9 },
            Request::BlobPiece { hash: BlobHash([2; 32]), end: None },
            Request::BlobPiece { hash: BlobHash([2; 32]), end: Some(9) },
            Request::Cosign("old 0\n\nnote".into()),
            Request::Cosigned("note".into()),
            Request::Compare {
                note: "note".into(),
                beginnings: vec![Beginning { size: 4, root: RecordHash([1; 32]), path: vec![[2; 32].into()] }],
            },
            Request::ForkProof(vec![1, 2].into()),
            Request::ForkProofs(vec![[3; 32].into()]),
            Request::Join { request: "request".into(), secret: [4; 16].into() },
            Request::Heads(Heads { before: None, after: [4; 32].into(), heads: vec![ShortHead::from(&head)], tell_all: true }),
            Request::Receipt { origin: "demo.huizhi/office/44030001/1".parse().unwrap(), index: 7 },
        ] {
            assert_eq!(decode_request(&encode(&request)), Ok(request));
        }
        let package = Package { start: 1, entries: vec![vec![1, 2].into()], checkpoint: "x".into(), proof: vec![[3; 32].into()] };
        for response in [
            Response::Frontier(vec![head]),
            Response::Entries(package),
            Response::Blob { total: 5, bytes: vec![1].into() },
            Response::BlobPiece { total: 5, before: [7; 32].into(), bytes: vec![1].into() },
            Response::NotHere,
            Response::Refused(Refusal::NotEnrolled),
            Response::Refused(Refusal::NotInvited),
            Response::Refused(Refusal::Later),
            Response::Line("line\n".into()),
            Response::CosignedAt(7),
            Response::Taken,
            Response::ForkProofs(vec![vec![1].into()]),
            Response::TellAll,
            Response::Receipt(evidence(1, 1)),
        ] {
            assert_eq!(decode_response(&encode(&response)), Ok(response));
        }
    }

    #[test]
    fn a_piece_beyond_the_bound_is_refused() {
        let bytes = vec![0; BLOB_CHUNK_BYTES_MAX + 1];
        let piece = Response::BlobPiece { total: 5, before: [7; 32].into(), bytes: bytes.clone().into() };
        for response in [Response::Blob { total: 5, bytes: bytes.into() }, piece] {
            assert_eq!(decode_response(&encode(&response)), Err(FrameError::TooLong(BLOB_CHUNK_BYTES_MAX + 1)));
        }
    }

    #[test]
    fn texts_beyond_their_bound_are_refused() {
        let long = |bytes: usize| "x".repeat(bytes + 1);
        assert!(decode_request(&encode(&Request::Cosign(long(ADD_CHECKPOINT_BYTES_MAX)))).is_err());
        assert!(decode_request(&encode(&Request::Cosigned(long(NOTE_BYTES_MAX)))).is_err());
        assert!(decode_response(&encode(&Response::Line(long(NOTE_BYTES_MAX)))).is_err());
        let beginning = |hashes| Beginning { size: 4, root: RecordHash([1; 32]), path: vec![[2; 32].into(); hashes] };
        let compare = |count, hashes| encode(&Request::Compare { note: String::new(), beginnings: vec![beginning(hashes); count] });
        assert!(decode_request(&compare(BEGINNINGS_MAX, 1)).is_ok() && decode_request(&compare(BEGINNINGS_MAX + 1, 1)).is_err());
        assert!(decode_request(&compare(1, PROOF_HASHES_MAX)).is_ok() && decode_request(&compare(1, PROOF_HASHES_MAX + 1)).is_err());
        let join = |bytes| Request::Join { request: long(bytes), secret: [0; 16].into() };
        assert!(decode_request(&encode(&join(ENROL_REQUEST_BYTES_MAX))).is_err());
        assert!(decode_request(&encode(&Request::ForkProof(vec![0; FORK_PROOF_BYTES_MAX + 1].into()))).is_err());
        assert!(decode_request(&encode(&Request::ForkProofs(vec![[0; 32].into(); FORK_PROOFS_TOLD_MAX + 1]))).is_err());
        assert!(decode_response(&encode(&Response::ForkProofs(vec![vec![].into(); FORK_PROOFS_GIVEN_MAX + 1]))).is_err());
        let receipt = |logs, entries| decode_response(&encode(&Response::Receipt(evidence(logs, entries))));
        assert!(receipt(1, EVIDENCE_ENTRIES_MAX).is_ok() && receipt(1, EVIDENCE_ENTRIES_MAX + 1).is_err());
        assert!(receipt(EVIDENCE_LOGS_MAX, 1).is_ok() && receipt(EVIDENCE_LOGS_MAX + 1, 1).is_err());
    }

    /// Frames of version 0.1 as bytes: what an older node sends is understood for ever.
    #[test]
    fn frames_of_before_are_read() {
        let blob = [&[0x82, 0x02, 0x82, 0x58, 0x20][..], &[2; 32], &[0x09]].concat();
        for (frame, request) in
            [(vec![0x82, 0x00, 0x81, 0x80], Request::Frontier(vec![])), (blob, Request::Blob { hash: BlobHash([2; 32]), offset: 9 })]
        {
            assert_eq!(encode(&request), frame);
            assert_eq!(decode_request(&frame), Ok(request));
        }
        assert_eq!(decode_response(&[0x82, 0x03, 0x80]), Ok(Response::NotHere));
        assert_eq!(decode_response(&[0x82, 0x04, 0x81, 0x00]), Ok(Response::Refused(Refusal::NotEnrolled)));
        // And a kind that is not known yet is refused whole, which the asker sees as a request that failed.
        assert!(decode_request(&[0x82, 0x18, 0x63, 0x80]).is_err());
    }

    /// The bytes of a piece that verifies by itself, for those who write another node.
    #[test]
    fn frames_of_pieces_are_these() {
        let last = [&[0x82, 0x0c, 0x81, 0x58, 0x20][..], &[2; 32]].concat();
        let ending = [&[0x82, 0x0c, 0x82, 0x58, 0x20][..], &[2; 32], &[0x1a, 0, 4, 0, 0]].concat();
        for (frame, end) in [(last, None), (ending, Some(BLOB_CHUNK_BYTES_MAX as u64))] {
            let request = Request::BlobPiece { hash: BlobHash([2; 32]), end };
            assert_eq!(encode(&request), frame);
            assert_eq!(decode_request(&frame), Ok(request));
        }
        let piece = [&[0x82, 0x0c, 0x83, 0x05, 0x58, 0x20][..], &[7; 32], &[0x41, 0x01]].concat();
        let response = Response::BlobPiece { total: 5, before: [7; 32].into(), bytes: vec![1].into() };
        assert_eq!(encode(&response), piece);
        assert_eq!(decode_response(&piece), Ok(response));
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_are_refused(frame: Vec<u8>) {
            let _ = decode_request(&frame);
            let _ = decode_response(&frame);
        }
    }
}
