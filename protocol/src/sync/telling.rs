//! What one peer was told of this node's frontier, and what it told of its own.
//!
//! At most one announcement to a peer is without an answer, so a busy office tells its newest heads only. A frontier is named by its digest: an
//! announcement says which frontier it goes on from, and whoever does not know that one asks to be told all. So a peer that holds the same
//! or that heard all before costs a few bytes, also after a disconnection.

use super::{
    logs::{Logs, Version},
    wire::{Digest, Heads, Request, ShortHead},
};
use crate::{
    id::Millis,
    limits::{ANTI_ENTROPY_MS, FRONTIER_LOGS_MAX, REQUEST_TIMEOUT_MS},
};

/// Whether a peer understands announcements of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Form {
    #[default]
    Unknown,
    Changes,
    /// It is a node of before, which is told whole frontiers and answers with its own.
    Whole,
}

/// What a peer took in of this node's frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Known {
    /// It may hold the same, or have heard it before this node started.
    #[default]
    Perhaps,
    Nothing,
    Upto(Version, Digest),
}

#[derive(Debug)]
struct UnderWay {
    id: u64,
    /// The frontier that it told.
    version: Version,
    digest: Digest,
    deadline: Millis,
}

/// What became of an announcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// The peer took it in.
    Taken,
    /// The peer does not know what it goes on from.
    TellAll,
    /// The peer knows no such question.
    NotUnderstood,
    /// There was no answer, or one that is none.
    Nothing,
}

/// The state between this node and one peer.
#[derive(Debug, Default)]
pub(super) struct Telling {
    form: Form,
    known: Known,
    under_way: Option<UnderWay>,
    due: Millis,
    /// The peer is to tell all of its frontier.
    ask: bool,
    /// The last announcement that was taken in from the peer: what it went on from, and what it led to. The former too, because the peer
    /// repeats itself from there when the answer was lost.
    told: Option<(Digest, Digest)>,
}

impl Telling {
    pub(super) fn connected(&mut self, now: Millis) {
        self.form = Form::Unknown;
        self.under_way = None;
        self.due = now;
    }
    pub(super) fn gone(&mut self) {
        self.under_way = None;
    }
    /// Something is to be told now.
    pub(super) fn hurry(&mut self, now: Millis) {
        self.due = now;
    }
    /// More is wanted of the peer's frontier than was kept of it.
    pub(super) fn forget(&mut self, now: Millis) {
        self.told = None;
        self.ask = true;
        self.due = now;
    }

    /// The announcement that is due, under this id.
    pub(super) fn next(&mut self, now: Millis, logs: &mut Logs, id: u64) -> Option<Request> {
        let waits = self.under_way.as_ref().is_some_and(|under_way| under_way.deadline > now);
        if waits || self.due > now {
            return None;
        }
        let (version, digest) = (logs.version(), logs.digest());
        self.due = now + ANTI_ENTROPY_MS;
        self.under_way = Some(UnderWay { id, version, digest, deadline: now + REQUEST_TIMEOUT_MS });
        if self.form == Form::Whole {
            return Some(Request::Frontier(logs.heads().take(FRONTIER_LOGS_MAX).cloned().collect()));
        }
        let (before, heads): (_, Vec<ShortHead>) = match self.known {
            Known::Perhaps => (Some(digest), Vec::new()),
            Known::Upto(known, before) => (Some(before), logs.changed_since(known).take(FRONTIER_LOGS_MAX).collect()),
            Known::Nothing => (None, logs.heads().take(FRONTIER_LOGS_MAX).map(ShortHead::from).collect()),
        };
        Some(Request::Heads(Heads { before: before.map(Into::into), after: digest.into(), heads, tell_all: self.ask }))
    }

    pub(super) fn answered(&mut self, now: Millis, id: u64, answered: Answered) {
        // An answer to what was repeated meanwhile says nothing of what is under way.
        let Some(under_way) = self.under_way.take_if(|under_way| under_way.id == id) else { return };
        match answered {
            Answered::Taken => {
                self.ask = false;
                self.known = match self.form {
                    Form::Whole => Known::Perhaps,
                    Form::Unknown | Form::Changes => Known::Upto(under_way.version, under_way.digest),
                };
            }
            // Attack: a peer that was told all and asks for it again waits for its turn.
            Answered::TellAll if self.known != Known::Nothing => {
                (self.form, self.known, self.ask) = (Form::Changes, Known::Nothing, false);
                self.due = now;
            }
            Answered::NotUnderstood if self.form == Form::Unknown => {
                self.form = Form::Whole;
                self.due = now;
            }
            Answered::TellAll | Answered::NotUnderstood | Answered::Nothing => {}
        }
    }

    /// Whether what a peer tells leads on from what is known of its frontier. `same` says that it leads to this node's own.
    pub(super) fn hear(&mut self, now: Millis, heads: &Heads, same: impl FnOnce() -> bool) -> Heard {
        self.form = Form::Changes;
        if heads.tell_all {
            self.known = Known::Nothing;
            self.due = now;
        }
        let (before, after) = (heads.before.map(Digest::from), Digest::from(heads.after));
        let heard = match (before, self.told) {
            (None, _) => Heard::All,
            (_, Some((_, known))) if known == after => Heard::Changes,
            (Some(before), Some((first, known))) if before == known || before == first => Heard::Changes,
            _ if same() => Heard::Same,
            _ => Heard::Gap,
        };
        if heard != Heard::Gap {
            self.told = Some((before.unwrap_or(after), after));
        }
        heard
    }

    /// A peer told its whole frontier in the form of before, which says nothing of digests.
    pub(super) fn heard_whole(&mut self) {
        self.told = None;
    }
}

/// What an announcement of a peer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// It names the whole frontier.
    All,
    /// It names what changed, and the rest is known.
    Changes,
    /// The peer holds what this node holds.
    Same,
    /// Something before it is not known. It may be an announcement that others overtook, so nothing of it is kept.
    Gap,
}
