//! Blobs: pieces that are asked of peers and given to them. Whom to ask and what to believe is decided in [`protocol::blob`].

use super::{Asked, Done, Driver, uptime_ms};
use crate::{
    service::{Change, Office, office::now_ms},
    store::{BlobError, Came, Next},
};
use libp2p::request_response::ResponseChannel;
use protocol::{
    access::{self, Ground},
    blob::{
        chain::{Piece, Value},
        wants::{Ask, Failure, Form},
    },
    id::{BlobHash, PublicKey},
    limits::BLOB_CHUNK_BYTES_MAX,
    sync::{
        fairness::Read,
        wire::{Refusal, Request, Response},
    },
};
use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
};
use tokio::task::spawn_blocking;

/// A question about a blob that was found to be the next one.
pub(super) enum NextAsk {
    /// It is here already.
    Here,
    /// To be sent.
    Send(Request, Asked),
    /// This node's disk refuses to tell.
    Unknown,
}

/// What came of a piece.
pub(super) enum Taken {
    Whole,
    /// So many bytes of it.
    Part(u64),
    Failed(Failure),
}

impl Driver {
    pub(super) fn ask_for_blobs(&mut self) {
        if !self.line.may_ask(now_ms()) {
            return;
        }
        let connected: BTreeSet<PublicKey> = self.sync.connected().collect();
        for Ask { peer, blob, form } in self.wants.next(uptime_ms(), &connected) {
            self.off_reactor(
                move |office| Done::Ask(peer, blob, next_ask(office, blob, form)),
                move || Done::Ask(peer, blob, NextAsk::Unknown),
            );
        }
    }

    pub(super) fn on_next_ask(&mut self, peer: PublicKey, blob: BlobHash, ask: NextAsk) {
        match ask {
            NextAsk::Here => self.wants.done(blob),
            NextAsk::Send(request, asked) => self.send(peer, request, asked),
            NextAsk::Unknown => self.wants.failed(blob, peer, Failure::Busy, uptime_ms()),
        }
    }

    /// A piece that was asked for as the one that ends at `end`.
    pub(super) fn take_piece(&mut self, peer: PublicKey, blob: BlobHash, end: Option<u64>, (total, before, bytes): (u64, Value, Vec<u8>)) {
        self.off_reactor(
            move |office| {
                let came = office.store.blobs.take_piece(blob, end, &Piece { total, before, bytes: &bytes });
                let taken = match came {
                    Ok(Came::Whole) => Taken::Whole,
                    Ok(Came::Part) => Taken::Part(bytes.len() as u64),
                    Ok(Came::NotNext) => Taken::Part(0),
                    Err(error @ BlobError::Lie(_)) => {
                        tracing::warn!(%error, %blob, %peer, "a piece of a blob is not the blob's");
                        Taken::Failed(Failure::Lied)
                    }
                    Err(error) => {
                        tracing::warn!(%error, %blob, "a piece of a blob cannot be kept");
                        Taken::Failed(Failure::Nothing)
                    }
                };
                Done::Piece(peer, blob, taken)
            },
            move || Done::Piece(peer, blob, Taken::Failed(Failure::Nothing)),
        );
    }

    /// A piece in the form of before, from `offset` on.
    pub(super) fn take_front(&mut self, peer: PublicKey, blob: BlobHash, offset: u64, total: u64, bytes: Vec<u8>) {
        let append = move |office: &Office| {
            let mut partial = office.store.blobs.partial(blob)?;
            // A piece of an earlier question; the next one begins where the file ends.
            let whole = partial.have() == offset && partial.append(total, &bytes)?;
            Ok::<_, BlobError>(if whole { Taken::Whole } else { Taken::Part(partial.have().saturating_sub(offset)) })
        };
        self.off_reactor(
            move |office| {
                let taken = append(office).unwrap_or_else(|error| {
                    tracing::warn!(%error, %blob, "a piece of a blob is refused");
                    Taken::Failed(Failure::Nothing)
                });
                Done::Piece(peer, blob, taken)
            },
            move || Done::Piece(peer, blob, Taken::Failed(Failure::Nothing)),
        );
    }

    pub(super) fn on_piece(&mut self, peer: PublicKey, blob: BlobHash, taken: Taken) {
        match taken {
            Taken::Whole => {
                self.wants.done(blob);
                self.office.tell(Change::Cases);
            }
            Taken::Part(bytes) => self.wants.came(blob, peer, bytes, uptime_ms()),
            Taken::Failed(failure) => self.wants.failed(blob, peer, failure, uptime_ms()),
        }
    }

    /// Answers a question for a blob; what was read for it counts against the asking peer.
    pub(super) fn give_blob(
        &mut self,
        key: PublicKey,
        channel: ResponseChannel<Response>,
        work: impl FnOnce(&Office) -> (Response, Read) + Send + 'static,
    ) {
        self.answering += 1;
        let (office, done) = (self.office.clone(), self.done.clone());
        spawn_blocking(move || {
            let (response, read) = catch_unwind(AssertUnwindSafe(|| work(&office))).unwrap_or((Response::NotHere, Read::Nothing));
            // A driver that has stopped needs no report.
            let _ = done.blocking_send(Done::Blob(key, channel, response, read));
        });
    }
}

fn next_ask(office: &Office, blob: BlobHash, form: Form) -> NextAsk {
    let tail = match office.store.blobs.next_piece(blob) {
        Ok(Next::Here) => return NextAsk::Here,
        Ok(Next::Missing(tail)) => tail,
        Err(error) => {
            tracing::warn!(%error, %blob, "what is here of a blob cannot be read");
            return NextAsk::Unknown;
        }
    };
    match form {
        Form::Tail => NextAsk::Send(Request::BlobPiece { hash: blob, end: tail.end() }, Asked::Piece(blob, tail.end())),
        Form::Front => {
            let offset = office.store.blobs.partial_size(blob);
            NextAsk::Send(Request::Blob { hash: blob, offset }, Asked::Blob(blob, offset))
        }
    }
}

/// The answer to a peer that asks for the piece of a blob that ends somewhere.
pub(super) fn piece(office: &Office, peer: PublicKey, hash: BlobHash, end: Option<u64>) -> (Response, Read) {
    if let Err(refused) = may_have(office, peer, hash) {
        return (refused, Read::Nothing);
    }
    match office.store.blobs.give(hash, end) {
        Ok(Some(given)) => {
            let response = Response::BlobPiece { total: given.total, before: given.before.0.into(), bytes: given.bytes.into() };
            (response, Read::Bytes(given.read))
        }
        Ok(None) => (Response::NotHere, Read::Nothing),
        Err(error) => {
            tracing::warn!(%error, %hash, "a blob cannot be given");
            (Response::NotHere, Read::Nothing)
        }
    }
}

/// The answer to a peer of before, that asks for a piece from an offset on.
pub(super) fn front(office: &Office, peer: PublicKey, hash: BlobHash, offset: u64) -> (Response, Read) {
    if let Err(refused) = may_have(office, peer, hash) {
        return (refused, Read::Nothing);
    }
    match office.store.blobs.read_piece(hash, offset, BLOB_CHUNK_BYTES_MAX) {
        Ok(Some((total, bytes))) => {
            let read = Read::Bytes(bytes.len() as u64);
            (Response::Blob { total, bytes: bytes.into() }, read)
        }
        Ok(None) => (Response::NotHere, Read::Nothing),
        Err(error) => {
            tracing::warn!(%error, %hash, "a blob cannot be read");
            (Response::NotHere, Read::Nothing)
        }
    }
}

fn may_have(office: &Office, peer: PublicKey, hash: BlobHash) -> Result<(), Response> {
    let Some(member) = office.members().office_of(peer).cloned() else {
        return Err(Response::Refused(Refusal::NotEnrolled));
    };
    let cases = office.cases_of_blob(hash).map_err(|error| {
        tracing::warn!(%error, %hash, "cannot tell who may have a blob");
        Response::NotHere
    })?;
    match access::ground(cases.iter().map(|case| &**case), hash, member.enrol.code, &member.grant(), now_ms()) {
        Some(Ground::Work) => Ok(()),
        Some(Ground::Receipt(case)) if office.give_photo(member.enrol.code, hash, case) => Ok(()),
        Some(Ground::Receipt(_)) => Err(Response::Refused(Refusal::Later)),
        None => Err(Response::Refused(Refusal::NotForYou)),
    }
}

#[cfg(test)]
mod tests;
