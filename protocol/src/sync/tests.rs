//! Machines in a simulated network: seeded loss, delay, reordering, duplicates, partition, one liar, and nodes of before. A failing seed is
//! printed by proptest.

mod ahead;
mod frontiers;

use super::{wire::Response, *};
use crate::{
    id::RecordHash,
    keys::OfficeKey,
    log::{Checkpoint, Package, PackageError, VerifierKey},
    merkle::{self, Edge, Hash, Subtrees},
};
use proptest::prelude::*;
use std::{collections::VecDeque, convert::Infallible};

/// A log in memory with everything that a package needs.
#[derive(Clone, Default)]
struct Memory {
    entries: Vec<Vec<u8>>,
    subtrees: BTreeMap<(u8, u64), Hash>,
    edge: Edge,
    note: String,
}

impl Subtrees for Memory {
    type Error = Infallible;
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        Ok(self.subtrees[&(level, index)])
    }
}

impl Memory {
    fn push(&mut self, entry: Vec<u8>) {
        let subtrees = &mut self.subtrees;
        self.edge.append(merkle::leaf_hash(&entry), |level, index, hash| _ = subtrees.insert((level, index), hash));
        self.entries.push(entry);
    }
    fn sign(&mut self, origin: &Origin, key: &OfficeKey) {
        self.note = Checkpoint { origin: origin.clone(), size: self.edge.size(), root: self.edge.root() }.sign(key).note().to_owned();
    }
    fn package(&self, start: u64, size: u64) -> Option<Package> {
        let end = (start + 3).min(size);
        (start < end).then(|| Package {
            start,
            entries: self.entries[start as usize..end as usize].iter().map(|entry| entry.clone().into()).collect(),
            checkpoint: self.note.clone(),
            proof: merkle::consistency_proof(self, end, size).unwrap().into_iter().map(Into::into).collect(),
        })
    }
    fn head(&self, origin: &Origin) -> Head {
        Head { origin: origin.clone(), size: self.edge.size(), root: RecordHash(self.edge.root()) }
    }
}

#[derive(Clone)]
enum Message {
    Announce(u64, Request),
    /// Nothing where the question was not understood.
    Heard(u64, Option<Response>),
    Ask(u64, Origin, u64),
    Give(u64, Option<Package>),
}

struct Node {
    key: OfficeKey,
    origin: Origin,
    sync: Sync,
    logs: BTreeMap<Origin, Memory>,
    /// Sizes at which the held checkpoint was signed; entries beyond what it covers do not exist in this simulation.
    lies: bool,
    /// Knows whole frontiers only, as nodes did before there were announcements of changes.
    old: bool,
}

struct World {
    nodes: Vec<Node>,
    wire: VecDeque<(Millis, usize, usize, Message)>,
    now: Millis,
    seed: u64,
    cut: Option<usize>,
    loss_percent: u64,
}

impl World {
    fn new(count: u8, seed: u64, liar: bool, old: u8) -> Self {
        let nodes: Vec<Node> = (0..count)
            .map(|index| {
                let key = OfficeKey::from_seed(&[index; 32]);
                let origin: Origin = format!("demo.huizhi/office/4403000{index}/1").parse().unwrap();
                let (lies, old) = (liar && index == 0, index >= count.saturating_sub(old));
                Node { key, origin, sync: Sync::default(), logs: BTreeMap::new(), lies, old }
            })
            .collect();
        let mut world = Self { nodes, wire: VecDeque::new(), now: 0, seed, cut: None, loss_percent: 10 };
        let origins: Vec<_> = world.nodes.iter().map(|node| node.origin.clone()).collect();
        for index in 0..world.nodes.len() {
            world.step(index, Event::Follow(origins.clone()));
            for other in 0..world.nodes.len() {
                if other != index {
                    let key = world.nodes[other].key.public();
                    world.step(index, Event::Connected(key));
                }
            }
        }
        world
    }
    /// SplitMix64.
    fn draw(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn send(&mut self, from: usize, to: usize, message: Message) {
        let lost = self.draw() % 100 < self.loss_percent || self.cut.is_some_and(|cut| cut == from || cut == to);
        for _ in 0..if lost { 0 } else { 1 + u8::from(self.draw().is_multiple_of(20)) } {
            let delay = 1 + self.draw() % 400;
            self.wire.push_back((self.now + delay, from, to, message.clone()));
        }
    }
    fn index_of(&self, key: PublicKey) -> usize {
        self.nodes.iter().position(|node| node.key.public() == key).unwrap()
    }
    fn step(&mut self, index: usize, event: Event) {
        let effects = self.nodes[index].sync.handle(self.now, event);
        self.carry_out(index, effects);
    }
    fn carry_out(&mut self, index: usize, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Announce { peer, id, request: Request::Heads(_) } if self.nodes[index].old => {
                    self.step(index, Event::Announced(peer, id, Answered::NotUnderstood));
                }
                Effect::Announce { peer, id, request } => {
                    let to = self.index_of(peer);
                    self.send(index, to, Message::Announce(id, request));
                }
                Effect::Fetch { peer, id, origin, start } => {
                    let to = self.index_of(peer);
                    self.send(index, to, Message::Ask(id, origin, start));
                }
                Effect::Ingest { peer, origin, packages } => {
                    let verifier = self
                        .nodes
                        .iter()
                        .find(|node| node.origin == origin)
                        .map(|node| VerifierKey::new(origin.clone(), node.key.public()));
                    let verifier = verifier.unwrap();
                    let log = self.nodes[index].logs.entry(origin.clone()).or_default();
                    let stored = packages.into_iter().try_for_each(|package| {
                        let verified = package.verify(&log.edge, &verifier, [])?;
                        verified.entries.into_iter().for_each(|entry| log.push(entry.into()));
                        // A checkpoint ahead of the entries is kept for relaying only once they are all here.
                        if verified.checkpoint.size() == log.edge.size() {
                            log.note = verified.checkpoint.note().to_owned();
                        }
                        Ok::<_, PackageError>(())
                    });
                    let head = log.head(&origin);
                    if head.size > 0 {
                        self.step(index, Event::HeadAdvanced(head));
                    }
                    let event = match stored {
                        Ok(()) => Event::Ingested(peer, origin),
                        Err(_) => Event::Rejected(peer, origin),
                    };
                    self.step(index, event);
                }
                Effect::Diverged { .. } => panic!("nobody signs two histories here"),
            }
        }
    }
    fn append(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        let log = node.logs.entry(node.origin.clone()).or_default();
        let entry = format!("{} {}", node.origin, log.edge.size()).into_bytes();
        log.push(entry);
        log.sign(&node.origin, &node.key);
        let head = log.head(&node.origin);
        self.step(index, Event::HeadAdvanced(head));
    }
    fn deliver(&mut self, from: usize, to: usize, message: Message) {
        let sender = self.nodes[from].key.public();
        match message {
            Message::Announce(id, Request::Frontier(heads)) => {
                let node = &self.nodes[to];
                let ours = node.logs.iter().map(|(origin, log)| log.head(origin)).collect();
                self.send(to, from, Message::Heard(id, Some(Response::Frontier(ours))));
                self.step(to, Event::FrontierReceived(sender, heads));
            }
            Message::Announce(id, Request::Heads(_)) if self.nodes[to].old => self.send(to, from, Message::Heard(id, None)),
            Message::Announce(id, Request::Heads(heads)) => {
                let (taken, effects) = self.nodes[to].sync.hear(self.now, sender, heads);
                self.send(to, from, Message::Heard(id, Some(if taken { Response::Taken } else { Response::TellAll })));
                self.carry_out(to, effects);
            }
            Message::Announce(..) => panic!("that is no announcement"),
            Message::Heard(id, response) => {
                let answered = match response {
                    Some(Response::Frontier(heads)) => {
                        self.step(to, Event::FrontierReceived(sender, heads));
                        Answered::Taken
                    }
                    Some(Response::Taken) => Answered::Taken,
                    Some(Response::TellAll) => Answered::TellAll,
                    _ => Answered::NotUnderstood,
                };
                self.step(to, Event::Announced(sender, id, answered));
            }
            Message::Ask(id, origin, start) => {
                let node = &self.nodes[to];
                let mut package = node.logs.get(&origin).and_then(|log| {
                    // Only a log whose newest checkpoint covers exactly what is here can be proved onwards.
                    let signed: u64 = log.note.lines().nth(1).and_then(|line| line.parse().ok()).unwrap_or(0);
                    log.package(start, signed)
                });
                if node.lies && origin != node.origin {
                    package.iter_mut().for_each(|package| package.entries[0].push(b'!'));
                }
                self.send(to, from, Message::Give(id, package));
            }
            Message::Give(id, Some(package)) => self.step(to, Event::PackageReceived(sender, id, package)),
            Message::Give(id, None) => self.step(to, Event::FetchFailed(sender, id)),
        }
    }
    fn run(&mut self, until: Millis) {
        while self.now < until {
            self.now += 50;
            let due: Vec<_> = {
                let (due, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.wire).into_iter().partition(|(at, ..)| *at <= self.now);
                self.wire = rest.into();
                due
            };
            for (_, from, to, message) in due {
                self.deliver(from, to, message);
            }
            if self.now.is_multiple_of(1000) {
                (0..self.nodes.len()).for_each(|index| self.step(index, Event::Tick));
            }
        }
    }
    fn sizes(&self, index: usize) -> Vec<(Origin, u64, Hash)> {
        self.nodes[index].logs.iter().map(|(origin, log)| (origin.clone(), log.edge.size(), log.edge.root())).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn honest_nodes_converge_after_loss_partition_and_a_liar(seed: u64, count in 3_u8..6, liar: bool, old in 0_u8..4, appends in 1_usize..30) {
        let mut world = World::new(count, seed, liar, old);
        world.cut = Some(1);
        for _ in 0..appends {
            let index = (world.draw() % u64::from(count)) as usize;
            world.append(index);
            let pause = world.draw() % 700;
            world.run(world.now + pause);
        }
        world.cut = None;
        let healed = world.now;
        // The bound for progress after healing: a lost request costs its time-out, a lost announcement one round of anti-entropy.
        world.run(healed + 600_000);
        for index in 1..usize::from(count) {
            prop_assert_eq!(world.sizes(index), world.sizes(0));
            let peer = world.nodes[0].key.public();
            prop_assert_eq!(world.nodes[index].sync.lag(peer).to_receive, 0);
        }
    }
}

#[test]
fn unknown_logs_do_not_fill_the_memory() {
    let peer = OfficeKey::from_seed(&[1; 32]).public();
    let mut sync = Sync::default();
    sync.handle(0, Event::Connected(peer));
    let heads = (0..1000).map(|code| Head { origin: format!("x/office/{code:08}/1").parse().unwrap(), size: 1, root: RecordHash([0; 32]) });
    sync.handle(0, Event::FrontierReceived(peer, heads.collect()));
    assert_eq!(sync.holdings().count(), 0);
}

#[test]
fn a_different_root_at_the_same_size_is_told() {
    let origin: Origin = "x/office/44030000/1".parse().unwrap();
    let peer = OfficeKey::from_seed(&[1; 32]).public();
    let mut sync = Sync::default();
    sync.handle(0, Event::Follow(vec![origin.clone()]));
    let head = |root| Head { origin: origin.clone(), size: 2, root: RecordHash([root; 32]) };
    sync.handle(0, Event::HeadAdvanced(head(1)));
    let diverged = [Effect::Diverged { peer, origin: origin.clone() }];
    assert_eq!(sync.handle(0, Event::FrontierReceived(peer, vec![head(2)])), diverged);
    assert_eq!(sync.held_by(peer, &origin), 0, "it holds nothing of what is here");
}

fn key(seed: u8) -> PublicKey {
    OfficeKey::from_seed(&[seed; 32]).public()
}

fn origin_of(code: u32) -> Origin {
    format!("x/office/{code:08}/1").parse().unwrap()
}

fn told(origin: &Origin, size: u64) -> Vec<Head> {
    vec![Head { origin: origin.clone(), size, root: RecordHash([0; 32]) }]
}

/// A machine that follows one log and has two peers: who tells of it is asked, the lower key first.
fn between_two_peers() -> (Sync, Origin, [PublicKey; 2]) {
    let origin = origin_of(1);
    let mut peers = [key(1), key(2)];
    peers.sort();
    let mut sync = Sync::default();
    sync.handle(0, Event::Follow(vec![origin.clone()]));
    peers.iter().for_each(|peer| _ = sync.handle(0, Event::Connected(*peer)));
    (sync, origin, peers)
}

fn fetches(effects: &[Effect]) -> Vec<(PublicKey, u64)> {
    effects.iter().filter_map(|effect| if let Effect::Fetch { peer, id, .. } = effect { Some((*peer, *id)) } else { None }).collect()
}

fn package(start: u64) -> Package {
    Package { start, entries: vec![vec![1].into()], checkpoint: String::new(), proof: vec![] }
}

#[test]
fn sizes_that_no_log_has_overflow_nothing() {
    let (mut sync, first, [liar, _]) = between_two_peers();
    let second = origin_of(2);
    sync.handle(0, Event::Follow(vec![first.clone(), second.clone()]));
    sync.handle(0, Event::FrontierReceived(liar, [told(&first, u64::MAX), told(&second, u64::MAX)].concat()));
    assert_eq!(sync.lag(liar).to_receive, u64::MAX);
}

#[test]
fn a_peer_that_tells_of_more_than_it_gives_starves_nobody() {
    let (mut sync, origin, [liar, honest]) = between_two_peers();
    let asked = fetches(&sync.handle(0, Event::FrontierReceived(liar, told(&origin, u64::MAX))));
    sync.handle(0, Event::FrontierReceived(honest, told(&origin, 9)));
    let (_, id) = asked[0];
    let next = fetches(&sync.handle(1, Event::FetchFailed(liar, id)));
    assert_eq!(next.len(), 1);
    assert_eq!(next[0].0, honest, "the other one is asked at once");
    // However often it tells of more, it comes after who gave.
    let mut asked: VecDeque<_> = next.into();
    for head in 0..5 {
        let now = 10_000 + 1_000 * head;
        assert_eq!(fetches(&sync.handle(now, Event::FrontierReceived(liar, told(&origin, u64::MAX)))), []);
        let (giver, id) = asked.pop_front().unwrap();
        assert_eq!(giver, honest);
        asked.extend(fetches(&sync.handle(now, Event::PackageReceived(honest, id, package(head)))));
        sync.handle(now, Event::HeadAdvanced(told(&origin, head + 1)[0].clone()));
        asked.extend(fetches(&sync.handle(now, Event::Ingested(honest, origin.clone()))));
    }
}

#[test]
fn a_failed_fetch_forgets_nothing_that_was_told() {
    let (mut sync, origin, [peer, _]) = between_two_peers();
    let asked = fetches(&sync.handle(0, Event::FrontierReceived(peer, told(&origin, 9))));
    sync.handle(0, Event::FetchFailed(peer, asked[0].1));
    assert_eq!(sync.lag(peer).to_receive, 9);
    assert_eq!(fetches(&sync.handle(1, Event::Tick)), [], "left alone for a while");
    assert_eq!(fetches(&sync.handle(FETCH_RETRY_MS, Event::Tick)).len(), 1, "and asked again without a new frontier");
}

#[test]
fn one_log_is_stored_from_one_peer_at_a_time_even_when_it_disconnects() {
    let (mut sync, origin, [one, other]) = between_two_peers();
    let asked = fetches(&sync.handle(0, Event::FrontierReceived(one, told(&origin, 9))));
    sync.handle(0, Event::FrontierReceived(other, told(&origin, 9)));
    sync.handle(1, Event::PackageReceived(one, asked[0].1, package(0)));
    assert_eq!(fetches(&sync.handle(2, Event::Disconnected(one))), [], "its package is still being stored");
    assert_eq!(fetches(&sync.handle(3, Event::Ingested(one, origin))).len(), 1);
}

#[test]
fn a_fault_of_our_own_disk_is_not_held_against_the_peer() {
    let (mut sync, origin, [peer, _]) = between_two_peers();
    let asked = fetches(&sync.handle(0, Event::FrontierReceived(peer, told(&origin, 9))));
    sync.handle(1, Event::PackageReceived(peer, asked[0].1, package(0)));
    assert_eq!(fetches(&sync.handle(2, Event::NotStored(peer, origin.clone()))), [], "not in a hot loop");
    assert_eq!(fetches(&sync.handle(2 + FETCH_RETRY_MS, Event::Tick)).len(), 1);
}

#[test]
fn a_package_from_another_place_than_asked_for_is_not_looked_at() {
    let (mut sync, origin, [peer, _]) = between_two_peers();
    let asked = fetches(&sync.handle(0, Event::FrontierReceived(peer, told(&origin, 9))));
    assert_eq!(sync.handle(1, Event::PackageReceived(peer, asked[0].1, package(3))), []);
    assert_eq!(fetches(&sync.handle(60_000, Event::Tick)), [], "not asked again before it reconnects");
}

#[test]
fn a_peer_whose_package_did_not_verify_is_not_asked_again_before_it_reconnects() {
    let (mut sync, origin, [first, second]) = between_two_peers();
    let asked = fetches(&sync.handle(0, Event::FrontierReceived(first, told(&origin, 5))));
    assert_eq!(asked.first().map(|(peer, _)| *peer), Some(first));
    sync.handle(0, Event::PackageReceived(first, asked[0].1, package(0)));
    assert_eq!(fetches(&sync.handle(0, Event::Rejected(first, origin.clone()))), []);
    assert_eq!(fetches(&sync.handle(1, Event::FrontierReceived(first, told(&origin, 6)))), []);
    let asked = fetches(&sync.handle(2, Event::FrontierReceived(second, told(&origin, 5))));
    assert_eq!(asked.first().map(|(peer, _)| *peer), Some(second), "another peer is asked instead");
}
