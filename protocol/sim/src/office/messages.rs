//! What peers ask and answer, and what becomes of it.

use super::{Asked, Message, Office};
use protocol::{
    blob::{chain::Value, wants::Failure},
    id::{Origin, PublicKey},
    limits::FRONTIER_LOGS_MAX,
    sync::{
        Answered, Event,
        fairness::Who,
        wire::{Head, Refusal, Request, Response},
        witnessing::Answer,
    },
};

impl Office {
    pub(crate) fn connected(&mut self, key: PublicKey) {
        let new = !self.sync.lag(key).connected;
        self.wants.connected(key);
        self.step(Event::Connected(key));
        if new {
            let held = self.fork_proofs_held();
            self.ask(key, Request::ForkProofs(held), Asked::Proofs(None));
        }
    }
    pub(crate) fn gone(&mut self, key: PublicKey) {
        self.witnessing.gone(key);
        self.forks.gone(key);
        self.standing.gone(key);
        self.step(Event::Disconnected(key));
        let lost: Vec<u64> = self.asked.iter().filter(|(_, (to, ..))| *to == key).map(|(id, _)| *id).collect();
        for id in lost {
            if let Some((key, asked, _)) = self.asked.remove(&id) {
                self.failed(key, asked);
            }
        }
    }

    pub(crate) fn receive(&mut self, from: PublicKey, of_province: PublicKey, message: Message) {
        match message {
            Message::Ask(id, request) => self.on_request(from, of_province, id, request),
            Message::Reply(id, response) => self.on_response(from, id, response),
            Message::Gossip(message) => self.hear_gossip(from, &message),
        }
        self.look_around();
    }

    fn on_request(&mut self, from: PublicKey, of_province: PublicKey, id: u64, request: Request) {
        let who = match self.may_speak(from, of_province) {
            true => Who::Peer,
            false if self.members.was_enrolled(from) => Who::Former,
            false => Who::Stranger,
        };
        if let Err(refusal) = self.fairness.admit(self.clock, from, who, &request, self.province.origin()) {
            self.reply(from, id, Response::Refused(refusal));
            return;
        }
        if who != Who::Peer {
            let response = self.answer_of_before(request);
            self.reply(from, id, response);
            return;
        }
        if !self.sync.lag(from).connected {
            self.connected(from);
        }
        let response = match request {
            Request::Frontier(heads) => {
                let ours = self.disk.frontier().into_iter().take(FRONTIER_LOGS_MAX).collect();
                self.reply(from, id, Response::Frontier(ours));
                self.on_frontier(from, heads);
                return;
            }
            Request::Heads(heads) => {
                let (known, effects) = self.sync.hear(self.clock, from, heads);
                self.reply(from, id, if known { Response::Taken } else { Response::TellAll });
                if known {
                    self.hear_own_logs(from);
                }
                self.carry_out(effects);
                return;
            }
            Request::Entries { origin, start } => self.give(&origin, start),
            Request::BlobPiece { hash, end } => self.give_piece(from, hash, end),
            // Everybody here is enrolled and knows the later form of blobs, and nobody asks about receipts.
            Request::Blob { .. } | Request::Join { .. } | Request::Receipt { .. } => Response::NotHere,
            Request::Cosign(body) => self.cosign(&body),
            Request::Cosigned(note) => self.take_cosignatures(&note).map_or(Response::NotHere, |_| Response::Taken),
            Request::Compare { note, beginnings } => {
                Response::ForkProofs(self.compare(&note, &beginnings).into_iter().map(Into::into).collect())
            }
            Request::ForkProof(proof) => {
                if self.learn(from, None, vec![proof.into()]) {
                    Response::Taken
                } else {
                    Response::NotHere
                }
            }
            Request::ForkProofs(held) => Response::ForkProofs(self.fork_proofs_beside(&held)),
        };
        self.reply(from, id, response);
    }

    fn give(&self, origin: &Origin, start: u64) -> Response {
        let package = self.disk.logs.get(origin).and_then(|log| log.package(start, self.package_entries));
        package.map_or(Response::NotHere, Response::Entries)
    }

    /// An office whose key was ended reads the province's log, and nothing else.
    fn answer_of_before(&self, request: Request) -> Response {
        let province = self.province.origin();
        match request {
            Request::Frontier(_) | Request::Heads(_) => {
                Response::Frontier(self.disk.logs.get(province).map(|log| log.head(province)).into_iter().collect())
            }
            Request::Entries { origin, start } => self.give(&origin, start),
            _ => Response::NotHere,
        }
    }

    fn on_response(&mut self, from: PublicKey, id: u64, response: Response) {
        // An answer counts from whom was asked, and once: duplicates find nothing.
        if self.asked.get(&id).is_none_or(|(to, ..)| *to != from) {
            return;
        }
        let Some((_, asked, _)) = self.asked.remove(&id) else { return };
        match (asked, response) {
            (Asked::Announce(id), Response::Frontier(heads)) => {
                self.on_frontier(from, heads);
                self.step(Event::Announced(from, id, Answered::Taken));
            }
            (Asked::Announce(id), Response::Taken) => self.step(Event::Announced(from, id, Answered::Taken)),
            (Asked::Announce(id), Response::TellAll) => self.step(Event::Announced(from, id, Answered::TellAll)),
            // It gave nothing because it is busy, which says nothing about what it told of.
            (Asked::Entries(fetch), Response::Refused(Refusal::Later)) => self.step(Event::FetchFailed(from, fetch)),
            (Asked::Piece(blob, _), Response::Refused(Refusal::Later)) => self.no_piece(from, blob, Failure::Busy),
            (Asked::Piece(blob, end), Response::BlobPiece { total, before, bytes }) => {
                self.take_piece(from, blob, end, (total, Value(before.into()), bytes.into()));
            }
            (Asked::Entries(fetch), Response::Entries(package)) => self.step(Event::PackageReceived(from, fetch, package)),
            (Asked::Cosign(origin, note), Response::Line(line)) => self.take_line(from, &origin, &note, &line),
            (Asked::Cosign(origin, _), Response::CosignedAt(size)) => self.answered(from, &origin, Answer::At(size)),
            (Asked::Tell(origin), Response::Taken) => self.answered(from, &origin, Answer::Told),
            (Asked::Proofs(range), Response::ForkProofs(proofs)) => {
                self.learn(from, range, proofs.into_iter().map(Into::into).collect());
            }
            (Asked::Pass, _) => {}
            (asked, _) => self.failed(from, asked),
        }
    }

    pub(super) fn failed(&mut self, from: PublicKey, asked: Asked) {
        match asked {
            Asked::Proofs(_) | Asked::Pass => {}
            Asked::Piece(blob, _) => self.no_piece(from, blob, Failure::Nothing),
            Asked::Announce(id) => self.step(Event::Announced(from, id, Answered::Nothing)),
            Asked::Entries(fetch) => {
                self.standing.gave_nothing(from);
                self.step(Event::FetchFailed(from, fetch));
            }
            Asked::Cosign(origin, _) | Asked::Tell(origin) => self.answered(from, &origin, Answer::No),
        }
    }

    fn on_frontier(&mut self, from: PublicKey, heads: Vec<Head>) {
        self.step(Event::FrontierReceived(from, heads));
        self.hear_own_logs(from);
    }

    fn hear_own_logs(&mut self, from: PublicKey) {
        let own = self.own_origins().into_iter().map(|origin| (self.sync.held_by(from, &origin), origin));
        self.standing.hear(from, own);
    }
}
