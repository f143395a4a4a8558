//! Carries questions for cosignatures: ours to peers, and theirs to the witness of this node. Who is asked when is the machine's to say.

use super::{Asked, Done, Driver};
use crate::service::{Cosigning, Office, office::now_ms};
use protocol::{
    id::{Origin, PublicKey},
    sync::{
        wire::{Request, Response},
        witnessing::{Answer, Ask},
    },
};

impl Driver {
    pub(super) fn ask_for_cosignatures(&mut self) {
        let connected: Vec<PublicKey> = self.sync.connected().collect();
        let (sync, office) = (&self.sync, &self.office);
        let held = |origin: &Origin| {
            let held = sync.held_in(origin);
            move |peer| office.is_enrolled(peer).then(|| held(peer))
        };
        for ask in self.witnessing.next(now_ms(), &self.office.newest(), &connected, held) {
            match ask {
                Ask::Cosign { peer, origin, old } => self.question(peer, origin, old),
                Ask::Tell { peer, origin } => {
                    let note = self.office.store.head(&origin).note;
                    self.send(peer, Request::Cosigned(note), Asked::Tell(origin));
                }
            }
        }
    }

    fn question(&mut self, peer: PublicKey, origin: Origin, old: u64) {
        let nothing = {
            let origin = origin.clone();
            move || Done::Question(peer, Asked::Cosign(origin.clone(), String::new()), None)
        };
        let instead = nothing.clone();
        let work = move |office: &Office| match office.ask_for_cosignature(&origin, old) {
            Ok(Some((note, question))) => Done::Question(peer, Asked::Cosign(origin, note), Some(Request::Cosign(question.to_string()))),
            Ok(None) => nothing(),
            Err(error) => {
                tracing::warn!(%error, %origin, "a witness cannot be asked");
                nothing()
            }
        };
        self.off_reactor(work, instead);
    }

    /// A line came for a note: it counts when the witness's signature holds.
    pub(super) fn take_line(&mut self, peer: PublicKey, origin: Origin, note: String, line: String) {
        let size = note.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0);
        let failed = {
            let origin = origin.clone();
            move || Done::Line(peer, origin, Answer::No)
        };
        let work = move |office: &Office| {
            let answer = match office.take_cosignatures(&format!("{note}{line}")) {
                Ok(Some(witnesses)) if witnesses > 0 => Answer::Cosigned(size),
                Ok(_) => Answer::No,
                Err(error) => {
                    tracing::warn!(%error, %origin, "a cosignature cannot be kept");
                    Answer::No
                }
            };
            Done::Line(peer, origin, answer)
        };
        self.off_reactor(work, failed);
    }
}

/// The answer to a peer that asks for a cosignature.
pub(super) fn answer(office: &Office, body: &str) -> Response {
    match office.cosign(body) {
        Ok(Cosigning::Line(line)) => Response::Line(line),
        Ok(Cosigning::At(size)) => Response::CosignedAt(size),
        Ok(Cosigning::OtherHistory(checkpoint)) => {
            tracing::error!(origin = %checkpoint.origin(), size = checkpoint.size(), "a log signed another history than is held here");
            if let Err(error) = office.prove_fork(&checkpoint, &[]) {
                tracing::warn!(%error, "a fork cannot be proved");
            }
            Response::NotHere
        }
        Ok(Cosigning::No) => Response::NotHere,
        Err(error) => {
            tracing::warn!(%error, "this witness cannot cosign");
            Response::NotHere
        }
    }
}

/// The answer to a peer that tells of cosignatures.
pub(super) fn told(office: &Office, note: &str) -> Response {
    match office.take_cosignatures(note) {
        Ok(Some(_)) => Response::Taken,
        Ok(None) => Response::NotHere,
        Err(error) => {
            tracing::warn!(%error, "cosignatures cannot be kept");
            Response::NotHere
        }
    }
}
