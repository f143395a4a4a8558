//! Disk work: on blocking threads, reported as messages, so that the swarm is never held up.

use super::{
    Asked, Driver,
    blobs::{NextAsk, Taken},
    uptime_ms,
};
use crate::service::{Learned, Office, office::now_ms};
use libp2p::request_response::ResponseChannel;
use protocol::{
    id::{BlobHash, Origin, PublicKey, RecordHash},
    sync::{
        Event,
        fairness::Read,
        wire::{Head, Request, Response},
        witnessing::Answer,
    },
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::task::{JoinHandle, spawn_blocking};

/// Wanted blobs looked up at one time; when some of them came there is another look.
const WANTED_LOOK: usize = 256;
/// Damaged entries asked for at one time.
const DAMAGED_LOOK: usize = 1_024;

/// What disk work reports.
pub(super) enum Done {
    Answer(ResponseChannel<Response>, Response),
    Ingested(Event, Head),
    /// The next question about a blob, for this peer.
    Ask(PublicKey, BlobHash, NextAsk),
    Piece(PublicKey, BlobHash, Taken),
    /// The answer to a question for a blob.
    Blob(PublicKey, ResponseChannel<Response>, Response, Read),
    Wanted(Vec<BlobHash>),
    /// Who captured the cases whose blobs are wanted.
    Givers(Vec<PublicKey>),
    Damaged(Vec<(Origin, u64)>),
    Compared,
    /// A gossiped checkpoint was held against the entries here.
    HeldAgainst,
    /// A question to send that had to be made from disk; without one its asking failed.
    Question(PublicKey, Asked, Option<Request>),
    /// What fork proofs of a peer were worth, and in which range of a comparison they were asked for.
    Learned(PublicKey, Option<(Origin, u64, u64)>, Vec<Learned>),
    /// What came of a question for a cosignature.
    Line(PublicKey, Origin, Answer),
}

/// Whether somebody looks for wanted blobs at this moment. One look at a time, however fast records arrive.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Looking {
    No,
    Yes,
    /// Something changed since that look began.
    YesAndAgain,
}

impl Driver {
    pub(super) fn look_for_wanted(&mut self) {
        if self.looking != Looking::No {
            self.looking = Looking::YesAndAgain;
            return;
        }
        self.looking = Looking::Yes;
        self.off_reactor(
            |office| {
                Done::Wanted(office.wanted(WANTED_LOOK).unwrap_or_else(|error| {
                    tracing::warn!(%error, "cannot tell which blobs are wanted");
                    Vec::new()
                }))
            },
            || Done::Wanted(Vec::new()),
        );
    }

    /// Asks every connected peer for what decayed here; whatever of it hashes to its leaf is put in its place.
    pub(super) fn look_for_damaged(&mut self) {
        let look = |office: &Office| Done::Damaged(office.store.damaged().unwrap_or_default().into_iter().take(DAMAGED_LOOK).collect());
        self.off_reactor(look, || Done::Damaged(Vec::new()));
    }

    fn mend(&mut self, damaged: Vec<(Origin, u64)>) {
        let connected: Vec<PublicKey> = self.sync.connected().collect();
        let mut asked = None;
        for (origin, start) in damaged {
            // One package mends all that it reaches.
            if asked.as_ref().is_some_and(|(log, end)| *log == origin && start < *end) {
                continue;
            }
            asked = Some((origin.clone(), start + protocol::limits::PACKAGE_ENTRIES_MAX as u64));
            for peer in &connected {
                self.send(*peer, Request::Entries { origin: origin.clone(), start }, Asked::Mend(origin.clone()));
            }
        }
    }

    /// Does disk work on a blocking thread. Every piece of it reports, also one that panics: the driver counts on an answer.
    pub(super) fn off_reactor(
        &self,
        work: impl FnOnce(&Office) -> Done + Send + 'static,
        panicked: impl FnOnce() -> Done + Send + 'static,
    ) {
        let (office, done) = (self.office.clone(), self.done.clone());
        spawn_blocking(move || {
            let report = catch_unwind(AssertUnwindSafe(|| work(&office))).unwrap_or_else(|_| panicked());
            // A driver that has stopped needs no report.
            let _ = done.blocking_send(report);
        });
    }

    /// Keeps what peers hold, so that "waits to be sent" is honest after a restart without a network.
    pub(super) fn remember_holdings(&mut self) -> Option<JoinHandle<()>> {
        let news = self.sync.take_news();
        let office = self.office.clone();
        (!news.is_empty()).then(|| {
            spawn_blocking(move || {
                if let Err(error) = office.store.put_peer_sizes(&news) {
                    tracing::warn!(%error, "cannot remember what peers hold");
                }
            })
        })
    }

    pub(super) fn on_done(&mut self, done: Done) {
        match done {
            Done::Answer(channel, response) => {
                self.answering -= 1;
                self.respond(channel, response);
            }
            Done::Ingested(event, head) => {
                if let Event::Rejected(peer, origin) = &event {
                    self.own_shown.gave_nothing(*peer, origin);
                    self.compare_with(*peer, origin.clone());
                }
                self.step(Event::HeadAdvanced(head));
                self.step(event);
            }
            Done::Blob(key, channel, response, read) => {
                self.fairness.gave(uptime_ms(), key, read);
                self.answering -= 1;
                self.respond(channel, response);
            }
            Done::Ask(peer, blob, ask) => self.on_next_ask(peer, blob, ask),
            Done::Piece(peer, blob, taken) => self.on_piece(peer, blob, taken),
            Done::Wanted(blobs) => {
                self.wants.add(blobs);
                if std::mem::replace(&mut self.looking, Looking::No) == Looking::YesAndAgain {
                    self.look_for_wanted();
                }
            }
            Done::Givers(givers) => self.relays.givers = givers,
            Done::Damaged(damaged) => self.mend(damaged),
            Done::Compared => self.comparing = false,
            Done::HeldAgainst => self.gossip.comparing -= 1,
            Done::Question(key, asked, Some(request)) => self.send(key, request, asked),
            Done::Question(key, asked, None) => self.failed(key, asked),
            Done::Learned(key, range, learned) => self.on_learned(key, range, &learned),
            Done::Line(key, origin, answer) => self.witnessing.answered(now_ms(), key, &origin, answer),
        }
    }
}

pub(super) fn head_of(office: &Office, origin: Origin) -> Head {
    let head = office.store.head(&origin);
    Head { origin, size: head.size, root: RecordHash(head.root) }
}
