//! Whether this office may sign: the rules of `node::service::office::standing` and `node::net::own_log` in short.

use super::{Office, Own};
use crate::store::size_of;
use protocol::{
    id::{Origin, PublicKey},
    log::{SignedCheckpoint, VerifierKey},
    sync::Event,
};
use std::collections::{BTreeMap, BTreeSet};

/// What is known about the right to sign.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Nobody is known to hold more of the own logs.
    pub(super) compared: bool,
    /// Logs into which this process signed.
    pub(super) signed: BTreeSet<Origin>,
    /// Somebody else extended an own log while this process wrote it.
    pub(super) elsewhere: bool,
    /// The database does not begin with what was signed.
    replaced: bool,
    /// What peers show of own logs; a claim that was not made good holds up nobody.
    shown: BTreeMap<PublicKey, BTreeMap<Origin, (u64, bool)>>,
}

impl Standing {
    pub(super) fn after(clean: bool) -> Self {
        Self { compared: clean, ..Self::default() }
    }
    pub(super) fn hear(&mut self, peer: PublicKey, own: impl Iterator<Item = (u64, Origin)>) {
        let claims = self.shown.entry(peer).or_default();
        for (size, origin) in own {
            let claim = claims.entry(origin).or_default();
            if claim.0 != size && !(claim.1 && size > claim.0) {
                *claim = (size, false);
            }
        }
    }
    pub(super) fn gave_nothing(&mut self, peer: PublicKey) {
        self.shown.entry(peer).or_default().values_mut().for_each(|claim| claim.1 = true);
    }
    pub(super) fn gone(&mut self, peer: PublicKey) {
        self.shown.remove(&peer);
    }
}

impl Office {
    pub(crate) fn may_sign(&self, origin: &Origin) -> bool {
        if self.liar.is_some() {
            return true;
        }
        let behind = self.own_origins().iter().any(|own| self.disk.heads.get(own).map_or(0, |note| size_of(note)) > self.disk.size(own));
        self.standing.compared && !behind && !self.standing.elsewhere && !self.standing.replaced && self.goes_on(origin)
    }

    /// Head file and database after a start.
    pub(super) fn reconcile_heads(&mut self) {
        for origin in self.own_origins() {
            let Some(note) = self.disk.heads.get(&origin).cloned() else { continue };
            let Some(log) = self.disk.logs.get_mut(&origin) else { continue };
            let signed = size_of(&note);
            if signed != log.signed() {
                // Only the head file says what was signed.
                log.note = if signed <= log.size() { note.clone() } else { String::new() };
            }
            let root = (signed <= log.size()).then(|| log.root_at(signed));
            let own = if origin == self.origin { Own::Office } else { Own::Province };
            let key = VerifierKey::new(origin.clone(), self.own(own).1.public());
            let holds = SignedCheckpoint::verify(&note, &key).is_ok_and(|head| root.is_none_or(|root| root == *head.root()));
            self.standing.replaced |= !holds;
        }
    }

    /// The head files of logs that this office left: their last checkpoints are told on from here, as the node does.
    pub(super) fn reconcile_left(&mut self) {
        for origin in self.left.clone() {
            let (Some(note), Some(log)) = (self.disk.heads.get(&origin), self.disk.logs.get_mut(&origin)) else { continue };
            if size_of(note) == log.size() {
                log.note.clone_from(note);
            }
        }
    }

    /// Signs what was committed and not signed before the last end.
    pub(super) fn sign_tails(&mut self) {
        let both = [Own::Office, Own::Province];
        for own in both.into_iter().take(if self.is_province() { 2 } else { 1 }) {
            let origin = self.own(own).0;
            let signed = self.disk.heads.get(&origin).map_or(0, |note| size_of(note));
            if self.disk.size(&origin) > signed && self.goes_on(&origin) {
                self.publish(&origin, own);
                if let Some(head) = self.disk.logs.get(&origin).map(|log| log.head(&origin)) {
                    self.step(Event::HeadAdvanced(head));
                }
            }
        }
    }

    /// Lets this office sign again once a peer has shown no more of its logs than it has, and none shows more that it may make good.
    pub(super) fn compare_own(&mut self) {
        if self.standing.compared {
            return;
        }
        let behind = self.own_origins().iter().any(|own| self.disk.heads.get(own).map_or(0, |note| size_of(note)) > self.disk.size(own));
        let more = |claims: &BTreeMap<Origin, (u64, bool)>| claims.iter().any(|(origin, claim)| claim.0 > self.disk.size(origin));
        let may_be_good = self.standing.shown.values().flatten().any(|(origin, (size, bad))| !bad && *size > self.disk.size(origin));
        if !behind && !may_be_good && self.standing.shown.values().any(|claims| !more(claims)) {
            self.standing.compared = true;
            self.sign_tails();
        }
    }

    /// Whether the province still believes what is newly written into a log.
    pub(super) fn goes_on(&self, origin: &Origin) -> bool {
        let ended = origin
            .office_and_epoch()
            .is_some_and(|(code, _)| self.members.office(code).is_none_or(|office| office.end_of(origin).is_some()));
        !ended && self.members.open_forks().all(|fork| fork.points().0.origin != *origin)
    }
}
