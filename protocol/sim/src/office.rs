//! One simulated office: the shell around the real machines, as small as it can be. What it does is what `node::net::driver` and
//! `node::service::office` do; what it decides, `protocol` decides.

pub(crate) mod blobs;
mod forks;
pub(crate) mod gossip;
mod ingest;
mod messages;
mod standing;
mod witnessing;

use crate::{
    liar::Liar,
    store::{Checked, Disk, Stored},
};
use protocol::{
    blob::wants::Wants,
    id::{BlobHash, CaseId, Millis, OfficeCode, Origin, PublicKey, RecordHash},
    keys::OfficeKey,
    limits::REQUEST_TIMEOUT_MS,
    log::{Checkpoint, Package, VerifierKey, Witness},
    membership::Membership,
    record::{Record, Signed, Verified},
    sync::{
        Effect, Event, Sync,
        fairness::Fairness,
        follow::Follow,
        wire::{Request, Response},
        witnessing::Witnessing,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

/// A question or an answer, with the number that pairs them.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    Ask(u64, Request),
    Reply(u64, Response),
    /// A note on the topic of the federation. Nobody answers it.
    Gossip(Vec<u8>),
}

/// What an office waits for.
#[derive(Debug)]
enum Asked {
    Announce(u64),
    Entries(u64),
    Cosign(Origin, String),
    Proofs(Option<(Origin, u64, u64)>),
    Pass,
    Tell(Origin),
    Piece(BlobHash, Option<u64>),
}

/// Disk work that takes a while.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) peer: PublicKey,
    pub(crate) origin: Origin,
    pub(crate) packages: Vec<Package>,
}

/// Where an append was cut off by the power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Nowhere,
    /// The entries are durable, the head file is not written.
    AfterCommit,
    /// The head file is written; nobody was told, and the clerk saw no answer.
    AfterHead,
}

/// An own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    Office,
    Province,
}

pub(crate) struct Office {
    pub(crate) code: OfficeCode,
    pub(crate) origin: Origin,
    pub(crate) key: OfficeKey,
    /// Logs of its keys of before.
    pub(crate) left: Vec<Origin>,
    witness_seed: [u8; 32],
    province_key: Option<OfficeKey>,
    province: VerifierKey,
    pub(crate) liar: Option<Liar>,
    pub(crate) disk: Disk,
    pub(crate) package_entries: usize,
    checked: Checked,
    /// This office's wall clock, which may be wrong. The machines get it as it is, as in the node.
    pub(crate) clock: Millis,
    pub(crate) up: bool,
    pub(crate) sync: Sync,
    fairness: Fairness,
    pub(crate) members: Membership,
    province_applied: u64,
    pub(crate) cases: BTreeMap<CaseId, Vec<Rc<Stored>>>,
    witnessing: Witnessing,
    witness: Witness,
    forks: forks::Forks,
    standing: standing::Standing,
    /// Whether checkpoints are gossiped in this run.
    gossips: bool,
    pub(crate) gossip: gossip::Gossiping,
    /// Every log is wanted, or the least that an office needs.
    pub(crate) holds_all: bool,
    wants: Wants,
    /// Blobs that the cases of this office name, as far as it needs them.
    pub(crate) wanted: BTreeSet<BlobHash>,
    asked: BTreeMap<u64, (PublicKey, Asked, Millis)>,
    next_ask: u64,
    /// Time since the start, by a clock that is never set.
    pub(crate) uptime: Millis,
    pub(crate) outbox: Vec<(PublicKey, Message)>,
    pub(crate) work: Vec<Work>,
    /// Points cosigned, for the checker.
    pub(crate) cosigned: Vec<(Origin, u64, RecordHash)>,
    /// Packages of peers that did not verify.
    pub(crate) rejected: u64,
}

/// What an office is made with.
pub(crate) struct Setup {
    pub(crate) code: OfficeCode,
    pub(crate) origin: Origin,
    pub(crate) seed: [u8; 32],
    pub(crate) witness_seed: [u8; 32],
    pub(crate) province_seed: Option<[u8; 32]>,
    pub(crate) province: VerifierKey,
    pub(crate) liar: Option<Liar>,
    pub(crate) package_entries: usize,
    pub(crate) gossips: bool,
    pub(crate) checked: Checked,
}

impl Office {
    pub(crate) fn new(setup: Setup) -> Self {
        let members = Membership::new(setup.province.clone());
        let witness = witnessing::open(&setup.province, setup.code, &setup.witness_seed, &Disk::default());
        Self {
            code: setup.code,
            origin: setup.origin,
            key: OfficeKey::from_seed(&setup.seed),
            left: Vec::new(),
            witness_seed: setup.witness_seed,
            province_key: setup.province_seed.map(|seed| OfficeKey::from_seed(&seed)),
            province: setup.province,
            liar: setup.liar,
            disk: Disk::default(),
            package_entries: setup.package_entries,
            checked: setup.checked,
            clock: 0,
            up: false,
            sync: Sync::default(),
            fairness: Fairness::default(),
            members,
            province_applied: 0,
            cases: BTreeMap::new(),
            witnessing: Witnessing::default(),
            witness,
            forks: forks::Forks::default(),
            standing: standing::Standing::default(),
            gossips: setup.gossips,
            gossip: gossip::Gossiping::default(),
            holds_all: true,
            wants: Wants::default(),
            wanted: BTreeSet::new(),
            asked: BTreeMap::new(),
            next_ask: 0,
            uptime: 0,
            outbox: Vec::new(),
            work: Vec::new(),
            cosigned: Vec::new(),
            rejected: 0,
        }
    }

    /// Starts from what the disk holds. Everything else begins anew.
    pub(crate) fn boot(&mut self, clean: bool) {
        self.up = true;
        self.sync = Sync::default();
        self.fairness = Fairness::default();
        self.members = Membership::new(self.province.clone());
        self.province_applied = 0;
        self.witnessing = Witnessing::default();
        self.witness = witnessing::open(&self.province, self.code, &self.witness_seed, &self.disk);
        self.forks = forks::Forks::default();
        self.standing = standing::Standing::after(clean);
        self.gossip = gossip::Gossiping::from(self.uptime);
        self.want_again();
        self.asked.clear();
        self.cases.clear();
        self.reconcile_heads();
        self.reconcile_left();
        let all: Vec<Rc<Stored>> = self.disk.logs.values().flat_map(|log| log.entries.iter().cloned()).collect();
        all.iter().for_each(|stored| self.note(stored));
        self.apply_province();
        self.recall_forks();
        if clean {
            self.sign_tails();
        }
        self.follow();
        for head in self.disk.frontier() {
            self.step(Event::HeadAdvanced(head));
        }
    }

    pub(crate) fn public(&self) -> PublicKey {
        self.key.public()
    }
    pub(crate) fn is_province(&self) -> bool {
        self.province_key.is_some()
    }
    pub(crate) fn own(&self, own: Own) -> (Origin, &OfficeKey) {
        match (own, &self.province_key) {
            (Own::Province, Some(key)) => (self.province.origin().clone(), key),
            _ => (self.origin.clone(), &self.key),
        }
    }
    /// Whether everything of the own log is signed and nothing of it is missed, so that the office may leave it.
    pub(crate) fn may_leave(&self) -> bool {
        let whole = self.disk.logs.get(&self.origin).is_none_or(|log| log.signed() == log.size());
        whole && self.may_sign(&self.origin)
    }
    /// Goes on with another key in another log. To be started anew then.
    pub(crate) fn take_up(&mut self, origin: Origin, seed: &[u8; 32], witness_seed: [u8; 32]) {
        self.left.push(std::mem::replace(&mut self.origin, origin));
        self.key = OfficeKey::from_seed(seed);
        self.witness_seed = witness_seed;
    }
    /// Every log that it wrote or writes, the province's not among them.
    pub(crate) fn written(&self) -> impl Iterator<Item = &Origin> {
        self.left.iter().chain([&self.origin])
    }
    fn own_origins(&self) -> Vec<Origin> {
        let province = self.is_province().then(|| self.province.origin().clone());
        std::iter::once(self.origin.clone()).chain(province).collect()
    }
    fn is_enrolled(&self, key: PublicKey) -> bool {
        self.members.office_of(key).is_some()
    }
    /// Enrolled, or the province's own office, whose address everybody is given.
    pub(crate) fn may_speak(&self, key: PublicKey, of_province: PublicKey) -> bool {
        self.is_enrolled(key) || key == of_province
    }

    /// Appends to an own log, in the order of the real store. Nothing where this office may not sign now, or where the power went first.
    pub(crate) fn append(
        &mut self,
        own: Own,
        cut: Cut,
        build: impl FnOnce(u64, &mut dyn FnMut(&Record) -> Option<Verified>) -> Vec<Verified>,
    ) -> Option<Vec<Verified>> {
        let (origin, key) = self.own(own);
        if !self.may_sign(&origin) {
            return None;
        }
        let start = self.disk.size(&origin);
        let records = build(start, &mut |record| Signed::sign(&origin, key, record).ok());
        if records.is_empty() {
            return None;
        }
        for (index, record) in (start..).zip(&records) {
            let stored = self.checked.entry(&origin, index, record.bytes());
            self.disk.logs.entry(origin.clone()).or_default().push(stored.clone());
            self.note(&stored);
        }
        self.disk.sync();
        if cut == Cut::AfterCommit {
            return None;
        }
        self.publish(&origin, own);
        if cut == Cut::AfterHead {
            return None;
        }
        if own == Own::Province {
            self.apply_province();
        }
        let head = self.disk.logs.entry(origin.clone()).or_default().head(&origin);
        self.step(Event::HeadAdvanced(head));
        Some(records)
    }

    /// The first entries of the province's log, before anybody is enrolled.
    pub(crate) fn found(&mut self, build: impl FnOnce(&mut dyn FnMut(&Record) -> Option<Verified>) -> Vec<Verified>) -> Vec<Verified> {
        self.append(Own::Province, Cut::Nowhere, |_, sign| build(sign)).unwrap_or_default()
    }

    /// Signs what is durable; the head file first.
    fn publish(&mut self, origin: &Origin, own: Own) {
        let (_, key) = self.own(own);
        let Some(log) = self.disk.logs.get(origin) else { return };
        let checkpoint = Checkpoint { origin: origin.clone(), size: log.size(), root: log.edge.root() }.sign(key);
        self.disk.heads.insert(origin.clone(), checkpoint.note().to_owned());
        if let Some(log) = self.disk.logs.get_mut(origin) {
            log.note = checkpoint.note().to_owned();
        }
        self.disk.sync();
        self.standing.signed.insert(origin.clone());
    }

    fn note(&mut self, stored: &Rc<Stored>) {
        if let Some(case) = stored.entry.as_ref().and_then(|entry| entry.record.record().case()) {
            self.cases.entry(case).or_default().push(stored.clone());
        }
    }

    /// Whether what stands in a log counts here: it was not retired, or this office keeps everything.
    pub(crate) fn counts(&self, origin: &Origin) -> bool {
        !self.members.is_retired(origin) || Follow::default().keeps_everything(&self.members, self.code)
    }

    /// Logs that are wanted, as the node orders them: the province's, the own one, the others.
    fn follow(&mut self) {
        let province = self.province.origin();
        let others = self.members.logs().filter(|origin| *origin != province && **origin != self.origin && self.follows(origin));
        let follow = [province, &self.origin].into_iter().chain(others).cloned().collect();
        self.step(Event::Follow(follow));
    }

    pub(crate) fn tick(&mut self) {
        self.uptime += 1_000;
        let late: Vec<u64> = self.asked.iter().filter(|(_, (_, _, until))| *until <= self.uptime).map(|(id, _)| *id).collect();
        for id in late {
            if let Some((key, asked, _)) = self.asked.remove(&id) {
                self.failed(key, asked);
            }
        }
        self.step(Event::Tick);
        self.publish_checkpoints();
        self.look_around();
    }

    /// What the driver does after every event.
    pub(crate) fn look_around(&mut self) {
        self.compare_own();
        self.ask_for_cosignatures();
        self.ask_for_blobs();
    }

    pub(crate) fn step(&mut self, event: Event) {
        let effects = self.sync.handle(self.clock, event);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Announce { peer, id, request } => {
                    let request = match &mut self.liar {
                        Some(liar) => liar.twist_told(request),
                        None => request,
                    };
                    self.ask(peer, request, Asked::Announce(id));
                }
                Effect::Fetch { peer, id, origin, start } => self.ask(peer, Request::Entries { origin, start }, Asked::Entries(id)),
                Effect::Ingest { peer, origin, packages } => self.work.push(Work { peer, origin, packages }),
                Effect::Diverged { peer, origin } => self.compare_with(peer, origin),
            }
        }
    }

    fn ask(&mut self, to: PublicKey, request: Request, asked: Asked) {
        self.next_ask += 1;
        self.asked.insert(self.next_ask, (to, asked, self.uptime + REQUEST_TIMEOUT_MS));
        self.outbox.push((to, Message::Ask(self.next_ask, request)));
    }
    fn reply(&mut self, to: PublicKey, id: u64, response: Response) {
        let response = match &mut self.liar {
            Some(liar) => liar.twist(response),
            None => response,
        };
        self.outbox.push((to, Message::Reply(id, response)));
    }
    /// Says something that nobody asked the machines to say; only liars do.
    pub(crate) fn blurt(&mut self, to: PublicKey, request: Request) {
        self.ask(to, request, Asked::Pass);
    }

    /// Questions without an answer.
    pub(crate) fn waiting(&self) -> usize {
        self.asked.len()
    }
    pub(crate) fn logs_known(&self) -> BTreeSet<Origin> {
        self.members.logs().cloned().chain(self.disk.logs.keys().cloned()).collect()
    }
}
