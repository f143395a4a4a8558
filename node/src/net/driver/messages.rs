//! Questions and answers: what peers ask this node, what it asked them, and what came of it.

use super::{
    Done, Driver, MEND_AGAIN_MS,
    behaviour::{key_of, peer_id},
    blobs, forks, head_of,
    paths::data_in,
    receipts, uptime_ms, witnessing,
};
use crate::service::{Change, Office, office::now_ms};
use libp2p::request_response::{self, OutboundFailure, OutboundRequestId, ResponseChannel};
use protocol::{
    blob::{chain::Value, wants::Failure},
    id::{BlobHash, Origin, PublicKey},
    limits::FRONTIER_LOGS_MAX,
    sync::{
        Answered, Event,
        fairness::Who,
        wire::{Refusal, Request, Response},
        witnessing::Answer,
    },
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::task::spawn_blocking;

/// Answers being read from disk at one time.
pub(super) const ANSWERS_MAX: usize = 64;
/// Keys that knocked and are remembered for the screen.
const STRANGERS_MAX: usize = 16;

pub(super) enum Asked {
    /// To take in what this node tells of its frontier, by the id that the machine gave the announcement.
    Announce(u64),
    /// A package of a log, by the id that the machine gave the question.
    Entries(u64, Origin),
    /// Entries in the place of damaged ones.
    Mend(Origin),
    /// The piece of a blob that ends there, or its last one.
    Piece(BlobHash, Option<u64>),
    /// A piece of a blob in the form of before, and the bytes of it that were here.
    Blob(BlobHash, u64),
    /// A cosignature on this note of a log.
    Cosign(Origin, String),
    /// Fork proofs: all that this node lacks, or, in a comparison of a log, that between these two sizes.
    Proofs(Option<(Origin, u64, u64)>),
    /// To take a fork proof.
    Pass,
    /// To enrol this office, which was invited.
    Join,
    /// To take in cosignatures on a log's checkpoint.
    Tell(Origin),
    /// What it knows of a receipt, for the look-up of this number.
    Receipt(u64),
}

impl Driver {
    pub(super) fn on_message(&mut self, event: request_response::Event<Request, Response>) {
        match event {
            request_response::Event::Message { peer, message, connection_id } => {
                let Some(key) = key_of(&peer) else { return };
                match message {
                    request_response::Message::Request { request, channel, .. } => self.on_request(key, request, channel),
                    request_response::Message::Response { request_id, response } => {
                        if let Some((bytes, (.., at))) = data_in(&response).zip(self.asked.get(&request_id)) {
                            let now = uptime_ms();
                            self.paths.machine.answered(now, key, connection_id, bytes, now.saturating_sub(*at));
                        }
                        self.on_response(key, request_id, response);
                    }
                }
            }
            request_response::Event::OutboundFailure { request_id, error, connection_id, .. } => {
                if let Some((key, asked, at)) = self.asked.remove(&request_id) {
                    tracing::debug!(%error, "a request failed");
                    if matches!(error, OutboundFailure::Timeout) {
                        let now = uptime_ms();
                        self.paths.machine.answered(now, key, connection_id, 0, now.saturating_sub(at));
                    }
                    match (asked, error) {
                        // A node of before ends the stream of a question that it does not know.
                        (Asked::Announce(id), OutboundFailure::Io(_)) => {
                            self.step(Event::Announced(key, id, Answered::NotUnderstood));
                        }
                        (Asked::Piece(blob, _), OutboundFailure::Io(_)) => self.wants.is_of_before(blob, key),
                        (asked, _) => self.failed(key, asked),
                    }
                }
            }
            request_response::Event::InboundFailure { .. } | request_response::Event::ResponseSent { .. } => {}
        }
    }

    pub(super) fn on_request(&mut self, key: PublicKey, request: Request, channel: ResponseChannel<Response>) {
        let who = match self.may_speak(key) {
            true => Who::Peer,
            false if self.office.members().was_enrolled(key) => Who::Former,
            false => Who::Stranger,
        };
        let joins = matches!(request, Request::Join { .. });
        if who == Who::Stranger && !joins {
            self.note_stranger(key);
        }
        let admitted = self.fairness.admit(uptime_ms(), key, who, &request, self.office.members().province().origin());
        if let Err(refusal) = admitted {
            self.respond(channel, Response::Refused(refusal));
            if self.fairness.is_shut_out(uptime_ms(), key) {
                tracing::warn!(%key, "a peer goes on asking for more than its share: its connections end for a minute");
                self.hang_up(key);
            }
            return;
        }
        if let Request::Join { request, secret } = request {
            self.on_join(key, request, secret.into(), channel);
            return;
        }
        if who != Who::Peer {
            self.on_request_of_before(request, channel);
            return;
        }
        // An office that was enrolled after it connected speaks for the first time now.
        if !self.sync.lag(key).connected {
            self.connected(key);
        }
        match request {
            Request::Frontier(heads) => {
                let ours = self.office.store.frontier_to_tell().into_iter().take(FRONTIER_LOGS_MAX).collect();
                self.respond(channel, Response::Frontier(ours));
                self.on_frontier(key, heads);
            }
            Request::Heads(heads) => {
                let known = self.on_heads(key, heads);
                self.respond(channel, if known { Response::Taken } else { Response::TellAll });
            }
            // Bound: beyond this many answers under way a peer is told to ask again.
            _ if self.answering >= ANSWERS_MAX => self.respond(channel, Response::Refused(Refusal::Later)),
            Request::Entries { origin, start } => self.give_entries(channel, origin, start),
            Request::ForkProof(proof) => {
                let taken = self.learn(key, None, vec![proof.into()]);
                self.respond(channel, if taken { Response::Taken } else { Response::NotHere });
            }
            Request::Compare { note, beginnings } => self.answer(channel, move |office| forks::compare(office, &note, &beginnings)),
            Request::ForkProofs(held) => self.answer(channel, move |office| forks::give(office, &held)),
            Request::Cosign(body) => self.answer(channel, move |office| witnessing::answer(office, &body)),
            Request::Cosigned(note) => self.answer(channel, move |office| witnessing::told(office, &note)),
            Request::Receipt { origin, index } => self.answer(channel, move |office| receipts::answer(office, &origin, index)),
            Request::Blob { .. } | Request::BlobPiece { .. } if !self.line.may_give(now_ms()) => {
                self.respond(channel, Response::Refused(Refusal::Later))
            }
            Request::BlobPiece { hash, end } => self.give_blob(key, channel, move |office| blobs::piece(office, key, hash, end)),
            Request::Blob { hash, offset } => self.give_blob(key, channel, move |office| blobs::front(office, key, hash, offset)),
            // Answered above, whoever asks.
            Request::Join { .. } => self.respond(channel, Response::NotHere),
        }
    }

    fn note_stranger(&mut self, key: PublicKey) {
        if !self.strangers.contains(&key) {
            tracing::warn!(%key, "a key that is not enrolled was refused");
            self.strangers.push(key);
            let excess = self.strangers.len().saturating_sub(STRANGERS_MAX);
            self.strangers.drain(..excess);
            self.office.tell(Change::Status);
        }
    }

    /// An office whose key was ended reads the province's log.
    fn on_request_of_before(&mut self, request: Request, channel: ResponseChannel<Response>) {
        let province = self.office.members().province().origin().clone();
        match request {
            Request::Frontier(_) | Request::Heads(_) => {
                let head = head_of(&self.office, province);
                self.respond(channel, Response::Frontier(vec![head]));
            }
            Request::Entries { origin, start } if self.answering < ANSWERS_MAX => self.give_entries(channel, origin, start),
            _ => self.respond(channel, Response::Refused(Refusal::Later)),
        }
    }

    /// Ends every connection of a peer.
    pub(super) fn hang_up(&mut self, key: PublicKey) {
        if let Some(peer) = peer_id(key) {
            // Gone by itself meanwhile is as good.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
    }

    fn give_entries(&mut self, channel: ResponseChannel<Response>, origin: Origin, start: u64) {
        self.answer(channel, move |office| match office.store.package(&origin, start) {
            Ok(Some(package)) => Response::Entries(package),
            Ok(None) => Response::NotHere,
            Err(error) => {
                tracing::warn!(%error, "cannot read a log for a peer");
                Response::NotHere
            }
        });
    }

    pub(super) fn answer(&mut self, channel: ResponseChannel<Response>, work: impl FnOnce(&Office) -> Response + Send + 'static) {
        self.answering += 1;
        let guarded = move |office: &Office| catch_unwind(AssertUnwindSafe(|| work(office))).unwrap_or(Response::NotHere);
        let (office, done) = (self.office.clone(), self.done.clone());
        spawn_blocking(move || {
            let response = guarded(&office);
            // A driver that has stopped needs no report.
            let _ = done.blocking_send(Done::Answer(channel, response));
        });
    }

    pub(super) fn respond(&mut self, channel: ResponseChannel<Response>, response: Response) {
        self.line.gave(now_ms(), &response);
        // A connection that is gone meanwhile needs no answer.
        let _ = self.swarm.behaviour_mut().sync.send_response(channel, response);
    }

    pub(super) fn on_response(&mut self, key: PublicKey, id: OutboundRequestId, response: Response) {
        let Some((_, asked, _)) = self.asked.remove(&id) else { return };
        if let Response::Refused(refusal @ Refusal::NotEnrolled) = response {
            // That the invitation is no good says more.
            if *self.refused.entry(key).or_insert(refusal) == refusal {
                self.office.tell(Change::Status);
            }
            self.failed(key, asked);
            return;
        }
        if let Asked::Join = asked {
            match response {
                Response::Taken => self.on_joined(key, true),
                Response::Refused(Refusal::NotInvited) => self.on_joined(key, false),
                _ => {}
            }
            return;
        }
        self.refused.remove(&key);
        self.line.took(now_ms(), &response);
        match (asked, response) {
            // It gave nothing because it is busy, which says nothing about what it told of.
            (Asked::Entries(id, _), Response::Refused(Refusal::Later)) => self.step(Event::FetchFailed(key, id)),
            (Asked::Blob(blob, _) | Asked::Piece(blob, _), Response::Refused(Refusal::Later)) => {
                self.wants.failed(blob, key, Failure::Busy, uptime_ms());
            }
            (Asked::Blob(blob, _) | Asked::Piece(blob, _), Response::Refused(Refusal::NotForYou)) => {
                self.wants.failed(blob, key, Failure::NotAllowed, uptime_ms());
            }
            (Asked::Announce(id), Response::Frontier(heads)) => {
                self.on_frontier(key, heads);
                self.step(Event::Announced(key, id, Answered::Taken));
            }
            (Asked::Announce(id), Response::Taken) => self.step(Event::Announced(key, id, Answered::Taken)),
            (Asked::Announce(id), Response::TellAll) => self.step(Event::Announced(key, id, Answered::TellAll)),
            (Asked::Entries(id, _), Response::Entries(package)) => self.step(Event::PackageReceived(key, id, package)),
            (Asked::Mend(_), Response::Refused(Refusal::Later)) => self.mend_at = Some(uptime_ms() + MEND_AGAIN_MS),
            (Asked::Mend(origin), Response::Entries(package)) => {
                let work = move |office: &Office| {
                    if let Err(error) = office.mend(&origin, &package) {
                        tracing::warn!(%error, %origin, "damaged entries cannot be replaced");
                    }
                    Done::Damaged(Vec::new())
                };
                self.off_reactor(work, || Done::Damaged(Vec::new()));
            }
            (Asked::Piece(blob, end), Response::BlobPiece { total, before, bytes }) => {
                self.take_piece(key, blob, end, (total, Value(*before), bytes.into()));
            }
            (Asked::Blob(blob, offset), Response::Blob { total, bytes }) => self.take_front(key, blob, offset, total, bytes.into()),
            (Asked::Cosign(origin, note), Response::Line(line)) => self.take_line(key, origin, note, line),
            (Asked::Cosign(origin, _), Response::CosignedAt(size)) => self.witnessing.answered(now_ms(), key, &origin, Answer::At(size)),
            (Asked::Tell(origin), Response::Taken) => self.witnessing.answered(now_ms(), key, &origin, Answer::Told),
            (Asked::Proofs(range), Response::ForkProofs(proofs)) => {
                self.learn(key, range, proofs.into_iter().map(Into::into).collect());
            }
            (Asked::Pass, _) => {}
            (Asked::Receipt(id), Response::Receipt(evidence)) => self.told_of_receipt(key, id, Some(evidence)),
            (asked, _) => self.failed(key, asked),
        }
    }

    pub(super) fn failed(&mut self, key: PublicKey, asked: Asked) {
        match asked {
            Asked::Mend(_) | Asked::Proofs(_) | Asked::Pass | Asked::Join => {}
            Asked::Announce(id) => self.step(Event::Announced(key, id, Answered::Nothing)),
            Asked::Entries(id, origin) => {
                self.own_shown.gave_nothing(key, &origin);
                self.step(Event::FetchFailed(key, id));
            }
            Asked::Blob(blob, _) | Asked::Piece(blob, _) => self.wants.failed(blob, key, Failure::Nothing, uptime_ms()),
            Asked::Receipt(id) => self.told_of_receipt(key, id, None),
            Asked::Cosign(origin, _) | Asked::Tell(origin) => self.witnessing.answered(now_ms(), key, &origin, Answer::No),
        }
    }

    pub(super) fn send(&mut self, key: PublicKey, request: Request, asked: Asked) {
        let Some(peer) = peer_id(key) else { return };
        let id = self.swarm.behaviour_mut().sync.send_request(&peer, request);
        self.asked.insert(id, (key, asked, uptime_ms()));
    }
}
