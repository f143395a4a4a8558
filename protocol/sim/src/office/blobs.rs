//! Blobs from their end, as `node::net::driver::blobs` asks for them and `node::store::blobs` keeps them. Whoever is enrolled may have all of them.

use super::{Asked, Office};
use protocol::{
    blob::{
        chain::{Outline, Piece, Tail, Value, start_of_piece},
        wants::{Ask, Failure},
    },
    id::{BlobHash, PublicKey},
    limits::BLOB_CHUNK_BYTES_MAX,
    sync::{
        fairness::Read,
        wire::{Request, Response},
    },
};
use std::{collections::BTreeSet, rc::Rc};

/// A blob that is here, and the values before its pieces.
#[derive(Debug, Clone)]
pub(crate) struct Whole {
    pub(crate) bytes: Rc<Vec<u8>>,
    outline: Rc<Outline>,
}

impl Whole {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let mut outline = Outline::default();
        bytes.chunks(BLOB_CHUNK_BYTES_MAX).for_each(|piece| outline.push(piece));
        Self { bytes: Rc::new(bytes), outline: Rc::new(outline) }
    }
    pub(crate) fn hash(&self) -> BlobHash {
        self.outline.hash()
    }
    fn give(&self, end: Option<u64>) -> Option<Response> {
        let total = self.outline.total();
        let end = end.unwrap_or(total);
        let start = start_of_piece(end);
        let bytes = self.bytes.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?;
        Some(Response::BlobPiece { total, before: self.outline.before(start)?.0.into(), bytes: bytes.to_vec().into() })
    }
}

/// A blob of which the end is here: what is missing, and the pieces, the last one first.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) tail: Tail,
    pieces: Vec<Rc<Vec<u8>>>,
}

impl Office {
    /// Has this office want a blob from now on, as a case would.
    pub(crate) fn want(&mut self, blob: BlobHash) {
        self.wanted.insert(blob);
        if !self.disk.blobs.contains_key(&blob) {
            self.wants.add([blob]);
        }
    }

    /// After a start: what is wanted is known from the cases.
    pub(super) fn want_again(&mut self) {
        self.wants = protocol::blob::wants::Wants::default();
        let missing: Vec<BlobHash> = self.wanted.iter().filter(|blob| !self.disk.blobs.contains_key(blob)).copied().collect();
        self.wants.add(missing);
    }

    pub(super) fn ask_for_blobs(&mut self) {
        let connected: BTreeSet<PublicKey> = self.sync.connected().collect();
        for Ask { peer, blob, .. } in self.wants.next(self.uptime, &connected) {
            let end = self.disk.parts.get(&blob).and_then(|part| part.tail.end());
            self.ask(peer, Request::BlobPiece { hash: blob, end }, Asked::Piece(blob, end));
        }
    }

    pub(super) fn give_piece(&mut self, from: PublicKey, hash: BlobHash, end: Option<u64>) -> Response {
        let given = self.disk.blobs.get(&hash).and_then(|blob| blob.give(end));
        let read = match &given {
            Some(Response::BlobPiece { bytes, .. }) => Read::Bytes(bytes.len() as u64),
            _ => Read::Nothing,
        };
        self.fairness.gave(self.clock, from, read);
        given.unwrap_or(Response::NotHere)
    }

    pub(super) fn take_piece(&mut self, from: PublicKey, blob: BlobHash, end: Option<u64>, (total, before, bytes): (u64, Value, Vec<u8>)) {
        if self.disk.blobs.contains_key(&blob) {
            return;
        }
        let part = self.disk.parts.entry(blob).or_insert_with(|| Part { tail: Tail::new(blob), pieces: Vec::new() });
        if part.tail.end() != end {
            // Of a question before a crash; the next one asks for what is missing.
            self.wants.came(blob, from, 0, self.uptime);
            return;
        }
        if part.tail.take(&Piece { total, before, bytes: &bytes }).is_err() {
            self.wants.failed(blob, from, Failure::Lied, self.uptime);
            return;
        }
        self.wants.came(blob, from, bytes.len() as u64, self.uptime);
        part.pieces.push(Rc::new(bytes));
        if part.tail.is_whole() {
            let whole: Vec<u8> = part.pieces.iter().rev().flat_map(|piece| piece.iter().copied()).collect();
            self.disk.parts.remove(&blob);
            self.disk.blobs.insert(blob, Whole::new(whole));
            self.wants.done(blob);
            // Durable before its name says that it is here.
            self.disk.sync();
        }
    }

    pub(super) fn no_piece(&mut self, from: PublicKey, blob: BlobHash, failure: Failure) {
        self.wants.failed(blob, from, failure, self.uptime);
    }
}
