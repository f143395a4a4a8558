//! The world: offices, the network between them, virtual time, and everything that goes wrong, in one queue of events.
//!
//! One thread and one seed: an event is taken out by time and then by the order in which it was put in, so a plan gives one run.

mod faults;
mod lines;
mod turns;

use crate::{
    forge,
    liar::{Liar, Lie},
    net::{Net, Wall},
    office::{Cut, Message, Office, Own, Setup, Work, blobs::Whole},
    plan::Plan,
    rng::Rng,
    store::Checked,
    work,
};
use protocol::{
    id::{BlobHash, Millis, OfficeCode, Origin, PublicKey, RecordHash},
    keys::OfficeKey,
    log::VerifierKey,
    record::{Enrol, Record, Roles, Verified},
    sync::wire::{decode_request, decode_response, encode},
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// What true clocks show when a run begins: 2026-11-22.
pub(crate) const BASE_MS: Millis = 1_795_300_000_000;
/// A connection without a line in either direction is noticed to be gone after this long.
const NOTICE_MS: Millis = 10_000;
/// Name of the federation.
pub(crate) const FEDERATION: &str = "sim.huizhi";

/// What happens at a moment.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    Deliver {
        from: usize,
        to: usize,
        sender: PublicKey,
        message: Message,
    },
    Finish {
        office: usize,
        boot: u64,
        work: Work,
    },
    Tick(usize),
    Lines,
    Deed {
        office: usize,
        cut: Cut,
    },
    /// An office has a blob of so many bytes from now on, and another one needs it.
    Blob {
        holder: usize,
        needs: usize,
        bytes: usize,
    },
    Rule,
    Wall(usize, Wall),
    WallGone(usize),
    Crash {
        office: usize,
        roll_back: bool,
    },
    Restart(usize),
    SetClock(usize, i64),
    Clone(usize),
    /// The disk is copied away, and put back later.
    Backup(usize),
    Restore(usize),
    /// The province gives an office its next key and epoch; the office takes them up once it knows.
    Rotate(usize),
    TakeUp(usize),
}

/// A record that its office acknowledged.
#[derive(Debug, Clone)]
pub(crate) struct Acknowledged {
    pub(crate) office: usize,
    pub(crate) origin: Origin,
    pub(crate) index: u64,
    pub(crate) hash: RecordHash,
    pub(crate) record: Record,
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) offices: Vec<Office>,
    setups: Vec<([u8; 32], [u8; 32])>,
    pub(crate) now: Millis,
    queue: BTreeMap<(Millis, u64), Happening>,
    next: u64,
    pub(crate) net: Net,
    pub(crate) rng: Rng,
    lines: BTreeSet<(usize, usize)>,
    /// Pairs with a connection, and since when nothing went between them.
    connected: BTreeMap<(usize, usize), Option<Millis>>,
    boots: Vec<u64>,
    clocks: Vec<i64>,
    by_key: BTreeMap<PublicKey, Vec<usize>>,
    checked: Checked,
    province: VerifierKey,
    pub(crate) acknowledged: Vec<Acknowledged>,
    published: BTreeMap<(Origin, u64), Millis>,
    seen: BTreeMap<(usize, Origin), u64>,
    /// When each record was published and how long it took to each office, milliseconds.
    pub(crate) arrivals: Vec<(Millis, Millis)>,
    pub(crate) events: u64,
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    pub(crate) questions_max: usize,
    pub(crate) findings: Vec<String>,
    /// What stolen machines signed and had no right to, whatever happens later.
    pub(crate) forged: BTreeSet<RecordHash>,
    turns: turns::Turns,
    trace: Sha256,
}

pub(crate) fn code_of(office: usize) -> OfficeCode {
    format!("{:08}", 44_030_000 + office).parse().expect("eight digits")
}

impl World {
    pub(crate) fn new(plan: Plan) -> Self {
        let mut rng = Rng::new(plan.seed);
        let province_seed: [u8; 32] = rng.bytes();
        let province_origin = Origin::province(FEDERATION, 1).expect("the federation's name is fixed");
        let province = VerifierKey::new(province_origin, OfficeKey::from_seed(&province_seed).public());
        let checked = Checked::default();
        let net = Net::new(rng.split(), plan.delay_ms, plan.loss, plan.duplicates);
        let mut world = Self {
            offices: Vec::new(),
            setups: (0..plan.offices).map(|_| (rng.bytes(), rng.bytes())).collect(),
            now: 0,
            queue: BTreeMap::new(),
            next: 0,
            net,
            lines: BTreeSet::new(),
            connected: BTreeMap::new(),
            boots: vec![0; plan.offices],
            clocks: vec![0; plan.offices],
            by_key: BTreeMap::new(),
            checked,
            province,
            acknowledged: Vec::new(),
            published: BTreeMap::new(),
            seen: BTreeMap::new(),
            arrivals: Vec::new(),
            events: 0,
            messages: 0,
            bytes: 0,
            questions_max: 0,
            findings: Vec::new(),
            forged: BTreeSet::new(),
            turns: turns::Turns::default(),
            trace: Sha256::new(),
            rng,
            plan,
        };
        for index in 0..world.plan.offices {
            let lie = world.plan.liars.iter().find(|(liar, _)| *liar == index).map(|(_, lie)| *lie);
            let office = world.make(index, lie, (index == 0).then_some(province_seed));
            world.by_key.entry(office.public()).or_default().push(index);
            world.offices.push(office);
        }
        world.found();
        world.draw_lines();
        for index in 0..world.plan.offices {
            let offset = world.rng.between(0, 1_000);
            world.at(offset, Happening::Tick(index));
        }
        world.at(0, Happening::Lines);
        world.schedule();
        world
    }

    fn make(&mut self, index: usize, lie: Option<Lie>, province_seed: Option<[u8; 32]>) -> Office {
        let (seed, witness_seed) = self.setups[index];
        Office::new(Setup {
            code: code_of(index),
            origin: Origin::office(FEDERATION, code_of(index), 1).expect("the federation's name is fixed"),
            seed,
            witness_seed,
            province_seed,
            province: self.province.clone(),
            liar: lie.map(|lie| Liar::new(lie, self.rng.split())),
            package_entries: self.plan.package_entries,
            gossips: self.plan.gossip,
            checked: self.checked.clone(),
        })
    }

    /// The province enrols everybody before anything else happens; each begins with that log on its disk.
    fn found(&mut self) {
        let enrolments: Vec<Record> = (0..self.plan.offices)
            .map(|index| {
                let office = &self.offices[index];
                let roles = match index {
                    0 => Roles::REVIEW.with(Roles::CAPTURE).with(Roles::ADMIN),
                    1 => Roles::REVIEW.with(Roles::CAPTURE),
                    2 => Roles::REVIEW,
                    3 => Roles::CAPTURE.with(Roles::DOCUMENT),
                    _ => Roles([1, 3, 1, 17][index % 4]),
                };
                Record::Enrol(Enrol {
                    code: office.code,
                    name: format!("office {index}"),
                    key: office.public(),
                    recipient: "age1".into(),
                    roles,
                    epoch: 1,
                    at_ms: BASE_MS,
                    witness: Some(OfficeKey::from_seed(&self.setups[index].1).public()),
                    region: None,
                    roles_from: None,
                    documents: None,
                })
            })
            .collect();
        self.offices[0].clock = BASE_MS;
        self.offices[0].boot(true);
        let signed = self.offices[0].found(|sign| enrolments.iter().filter_map(sign).collect());
        self.acknowledge(0, Own::Province, &signed);
        let disk = self.offices[0].disk.clone();
        for office in &mut self.offices[1..] {
            office.disk.logs = disk.logs.clone();
        }
        for index in 0..self.offices.len() {
            self.offices[index].clock = BASE_MS;
            self.offices[index].boot(true);
            self.drain(index);
        }
        self.offices.iter().for_each(|office| assert!(office.members.offices().count() == self.plan.offices));
    }

    pub(crate) fn at(&mut self, when: Millis, what: Happening) {
        self.next += 1;
        self.queue.insert((when.max(self.now), self.next), what);
    }

    /// Goes on until that moment.
    pub(crate) fn run_until(&mut self, until: Millis) {
        while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= until) {
            let ((when, _), what) = entry.remove_entry();
            self.now = when;
            self.events += 1;
            self.happen(what);
        }
        self.now = until;
    }

    fn happen(&mut self, what: Happening) {
        self.mark(&what);
        match what {
            Happening::Deliver { from, to, sender, message } => {
                // A twin that took the place meanwhile, or a machine without power, hears nothing.
                if self.offices[to].up && self.route(from, self.offices[to].public()) == Some(to) {
                    let of_province = self.offices[0].public();
                    self.with(to, |office| office.receive(sender, of_province, message));
                }
            }
            Happening::Finish { office, boot, work } => {
                if self.boots[office] == boot && self.offices[office].up {
                    let origin = work.origin.clone();
                    self.with(office, |office| office.finish(work));
                    self.note_arrivals(office, &origin);
                }
            }
            Happening::Tick(office) => {
                if self.offices[office].up {
                    self.with(office, Office::tick);
                    self.blurt(office);
                    self.questions_max = self.questions_max.max(self.offices[office].waiting());
                }
                self.at(self.now + 1_000, Happening::Tick(office));
            }
            Happening::Lines => {
                self.look_at_lines();
                self.at(self.now + 1_000, Happening::Lines);
            }
            Happening::Deed { office, cut } => self.deed(office, cut),
            Happening::Blob { holder, needs, bytes } => _ = self.make_blob(&[holder], &[needs], bytes),
            Happening::Rule => {
                let revoke = self.plan.revokes;
                let mut rng = self.rng.split();
                let said = self.with(0, |office| work::rule(office, &mut rng, revoke));
                self.acknowledge(0, Own::Province, &said.unwrap_or_default());
            }
            Happening::Wall(id, wall) => _ = self.net.walls.insert(id, wall),
            Happening::WallGone(id) => _ = self.net.walls.remove(&id),
            Happening::Crash { office, roll_back } => self.crash(office, roll_back),
            Happening::Restart(office) => self.restart(office),
            Happening::SetClock(office, offset) => self.clocks[office] = offset,
            Happening::Clone(office) => self.clone_machine(office),
            Happening::Backup(office) => self.back_up(office),
            Happening::Restore(office) => self.restore(office),
            Happening::Rotate(office) => self.rotate(office),
            Happening::TakeUp(office) => self.take_up(office),
        }
    }

    /// Everything that happened, in one number: two runs of a plan are equal when it is.
    fn mark(&mut self, what: &Happening) {
        self.trace.update(self.now.to_be_bytes());
        let (kind, a, b) = match what {
            Happening::Deliver { from, to, message, .. } => {
                let id = match message {
                    Message::Ask(id, _) => *id,
                    Message::Reply(id, _) => *id | 1 << 63,
                    Message::Gossip(message) => 1 << 62 | message.len() as u64,
                };
                (0_u8, (*from as u64) << 32 | *to as u64, id)
            }
            Happening::Finish { office, work, .. } => (1, *office as u64, work.packages.first().map_or(0, |first| first.start)),
            Happening::Tick(office) => (2, *office as u64, 0),
            Happening::Lines => (3, self.connected.len() as u64, 0),
            Happening::Deed { office, .. } => (4, *office as u64, self.acknowledged.len() as u64),
            Happening::Crash { office, .. } | Happening::Restart(office) | Happening::Clone(office) => (5, *office as u64, 0),
            Happening::Backup(office) | Happening::Restore(office) => (9, *office as u64, 0),
            Happening::Rotate(office) | Happening::TakeUp(office) => (10, *office as u64, 0),
            Happening::SetClock(office, offset) => (6, *office as u64, *offset as u64),
            Happening::Blob { holder, needs, bytes } => (8, (*holder as u64) << 32 | *needs as u64, *bytes as u64),
            Happening::Rule | Happening::Wall(..) | Happening::WallGone(_) => (7, self.net.walls.len() as u64, 0),
        };
        self.trace.update([kind]);
        self.trace.update(a.to_be_bytes());
        self.trace.update(b.to_be_bytes());
    }
    pub(crate) fn trace(&self) -> [u8; 32] {
        let mut trace = self.trace.clone();
        for office in &self.offices {
            for head in office.disk.frontier() {
                trace.update(head.origin.as_str());
                trace.update(head.size.to_be_bytes());
                trace.update(head.root.0);
            }
        }
        trace.finalize().into()
    }

    /// Lets an office do something by its own clock, and sends what it has to say.
    pub(crate) fn with<T>(&mut self, index: usize, act: impl FnOnce(&mut Office) -> T) -> T {
        let clock = (BASE_MS as i64 + self.now as i64 + self.clocks[index]).max(0) as Millis;
        let office = &mut self.offices[index];
        office.clock = clock;
        let result = act(office);
        self.drain(index);
        result
    }

    fn drain(&mut self, index: usize) {
        let sender = self.offices[index].public();
        for (key, message) in std::mem::take(&mut self.offices[index].outbox) {
            let Some(to) = self.route(index, key) else { continue };
            if !self.connected.contains_key(&pair(index, to)) {
                continue;
            }
            self.messages += 1;
            let Some(message) = self.frame(message) else { continue };
            for arrival in self.net.carry(self.now, index, to) {
                self.at(arrival, Happening::Deliver { from: index, to, sender, message: message.clone() });
            }
        }
        for work in std::mem::take(&mut self.offices[index].work) {
            let (boot, when) = (self.boots[index], self.now + self.rng.between(1, 30));
            self.at(when, Happening::Finish { office: index, boot, work });
        }
    }

    /// Through the frame and back, as on a wire. What cannot be read there is lost.
    fn frame(&mut self, message: Message) -> Option<Message> {
        if !self.plan.frames {
            return Some(message);
        }
        let frame = match &message {
            Message::Ask(_, request) => encode(request),
            Message::Reply(_, response) => encode(response),
            // Goes in a frame of gossipsub, which is not modelled.
            Message::Gossip(note) => note.clone(),
        };
        self.bytes += frame.len() as u64;
        match message {
            Message::Ask(id, _) => decode_request(&frame).ok().map(|request| Message::Ask(id, request)),
            Message::Reply(id, _) => decode_response(&frame).ok().map(|response| Message::Reply(id, response)),
            Message::Gossip(_) => Some(Message::Gossip(frame)),
        }
    }

    /// The machine that an office reaches under a key: of two with one key, one or the other.
    fn route(&self, from: usize, key: PublicKey) -> Option<usize> {
        match &self.by_key.get(&key)?[..] {
            [one] => Some(*one),
            [one, twin] if *one != from && *twin != from => Some(if from.is_multiple_of(2) { *one } else { *twin }),
            _ => None,
        }
    }

    fn deed(&mut self, index: usize, cut: Cut) {
        if !self.offices[index].up {
            return;
        }
        let mut rng = self.rng.split();
        if self.offices[index].liar.as_ref().is_some_and(|liar| liar.lie == Lie::Forges) && rng.chance(700) {
            let (said, bogus) = self.with(index, |office| forge::forge(office, &mut rng)).unwrap_or_default();
            self.forged.extend(said.iter().filter(|_| bogus).map(Verified::hash));
            self.acknowledge(index, Own::Office, &said);
            return;
        }
        let said = self.with(index, |office| work::deed(office, &mut rng, cut));
        if cut == Cut::Nowhere {
            self.acknowledge(index, Own::Office, &said.unwrap_or_default());
        } else {
            self.crash(index, false);
            let back = self.now + self.rng.between(2_000, 60_000);
            self.at(back, Happening::Restart(index));
        }
    }

    /// Some offices have a blob from now on, and some need it.
    pub(crate) fn make_blob(&mut self, holders: &[usize], needing: &[usize], bytes: usize) -> BlobHash {
        let mut rng = self.rng.split();
        let words: Vec<u8> = (0..bytes.div_ceil(8)).flat_map(|_| rng.draw().to_be_bytes()).take(bytes).collect();
        let blob = Whole::new(words);
        for holder in holders {
            self.offices[*holder].disk.blobs.insert(blob.hash(), blob.clone());
        }
        needing.iter().for_each(|office| self.with(*office, |office| office.want(blob.hash())));
        blob.hash()
    }

    /// The clerk saw an answer: from here on it must not be lost.
    pub(crate) fn acknowledge(&mut self, office: usize, own: Own, records: &[Verified]) {
        let (origin, _) = self.offices[office].own(own);
        let end = self.offices[office].disk.size(&origin);
        for (index, record) in (end - records.len() as u64..).zip(records) {
            let (hash, record) = (record.hash(), record.record().clone());
            self.published.entry((origin.clone(), index)).or_insert(self.now);
            self.acknowledged.push(Acknowledged { office, origin: origin.clone(), index, hash, record });
        }
    }

    fn note_arrivals(&mut self, office: usize, origin: &Origin) {
        let held = self.offices[office].disk.size(origin);
        let seen = self.seen.entry((office, origin.clone())).or_default();
        for index in *seen..held {
            if let Some(at) = self.published.get(&(origin.clone(), index)).filter(|at| **at > 0) {
                self.arrivals.push((*at, self.now - at));
            }
        }
        *seen = held.max(*seen);
    }

    /// Offices that neither lie nor were revoked, as the province knows it.
    pub(crate) fn honest(&self) -> Vec<usize> {
        let members = &self.offices[0].members;
        let active = |index: usize| members.office(code_of(index)).is_some_and(protocol::membership::Office::is_active);
        (0..self.plan.offices).filter(|index| self.offices[*index].liar.is_none() && active(*index)).collect()
    }
    pub(crate) fn province(&self) -> &VerifierKey {
        &self.province
    }
}

pub(crate) fn pair(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}
