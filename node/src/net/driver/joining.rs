//! Joining by invitation: the office that shows one, and the province that enrols whoever does.

use super::{Asked, Driver, behaviour::peer_id, messages::ANSWERS_MAX, uptime_ms};
use crate::service::{Kind, Office, invitations, office::now_ms};
use libp2p::request_response::ResponseChannel;
use protocol::{
    id::PublicKey,
    sync::{
        Event,
        wire::{Refusal, Request, Response},
    },
};

/// An invitation is shown again after this long.
const SHOW_AGAIN_MS: u64 = 15_000;

/// What an office that was invited shows to be enrolled.
#[derive(Debug, Clone)]
pub struct Join {
    /// Its enrolment as it asks for it ([`crate::enrolment::write_request`]).
    pub request: String,
    /// The secret of the invitation.
    pub secret: [u8; 16],
    /// Peer ids that the root of trust names, as keys: nobody else is shown the secret.
    pub at: Vec<PublicKey>,
}

/// An invitation and when it was shown last.
#[derive(Debug)]
pub(super) struct Joining {
    join: Option<Join>,
    shown_at: Option<u64>,
}

impl Joining {
    pub(super) fn new(join: Option<Join>) -> Self {
        Self { join, shown_at: None }
    }
}

impl Driver {
    /// Shows the invitation to the province, until this office is enrolled.
    pub(super) fn show_invitation(&mut self) {
        let now = uptime_ms();
        let due = self.joining.shown_at.is_none_or(|at| at + SHOW_AGAIN_MS <= now);
        let Some(join) = self.joining.join.clone().filter(|_| due) else { return };
        if self.office.is_enrolled(self.office.keys.office.public()) {
            self.joining.join = None;
            return;
        }
        for key in join.at {
            if peer_id(key).is_some_and(|peer| self.swarm.is_connected(&peer)) {
                self.joining.shown_at = Some(now);
                self.send(key, Request::Join { request: join.request.clone(), secret: join.secret.into() }, Asked::Join);
            }
        }
    }

    /// The province enrolled this office, or says that the invitation is no good.
    pub(super) fn on_joined(&mut self, key: PublicKey, enrolled: bool) {
        if enrolled {
            tracing::info!("enrolled by invitation");
            self.refused.remove(&key);
            // What it would not tell a stranger is asked for again, now and from the beginning.
            self.step(Event::Disconnected(key));
            self.step(Event::Connected(key));
        } else if self.refused.insert(key, Refusal::NotInvited) != Some(Refusal::NotInvited) {
            tracing::warn!("the invitation is not open any more: ask the province for another");
        }
    }

    pub(super) fn on_join(&mut self, key: PublicKey, request: String, secret: [u8; 16], channel: ResponseChannel<Response>) {
        if !self.office.is_invited(&secret) {
            self.respond(channel, Response::Refused(Refusal::NotInvited));
        } else if self.answering >= ANSWERS_MAX {
            self.respond(channel, Response::NotHere);
        } else {
            self.answer(channel, move |office| join(office, key, &request, &secret));
        }
    }
}

fn join(office: &Office, key: PublicKey, request: &str, secret: &[u8; 16]) -> Response {
    match invitations::accept(office, key, request, secret, now_ms()) {
        Ok(()) => Response::Taken,
        Err(refusal) => {
            tracing::warn!(%key, %refusal, "an invitation was shown and not accepted");
            // A fault of this machine may pass; the office asks again.
            if refusal.kind == Kind::Fault { Response::NotHere } else { Response::Refused(Refusal::NotInvited) }
        }
    }
}
