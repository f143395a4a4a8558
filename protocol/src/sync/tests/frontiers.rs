//! What announcements cost, frame by frame, and how two nodes find out what the other knows already.

use super::*;
use crate::{limits::ANTI_ENTROPY_MS, sync::wire::encode};

const OFFICES: u32 = 1_000;

/// Eight offices in each of 125 counties, as GB/T 2260 numbers them: up to nine counties follow one another.
fn office(at: u32) -> Origin {
    let county = at / 8;
    format!("gd.huizhi/office/{:06}{:02}/1", 440_000 + 100 * (county / 9) + 2 + county % 9, 1 + at % 8).parse().unwrap()
}

fn head(at: u32, entries: u64) -> Head {
    let mut root = [0; 32];
    root[..4].copy_from_slice(&at.to_be_bytes());
    root[4..12].copy_from_slice(&entries.to_be_bytes());
    Head { origin: office(at), size: entries, root: RecordHash(root) }
}

/// Holds so many entries of every log. Nothing is ever fetched here: what that costs is no announcement's.
fn machine(entries: u64) -> Sync {
    let mut sync = Sync::default();
    sync.handle(0, Event::Follow((0..OFFICES).map(office).collect()));
    (0..OFFICES).for_each(|at| _ = sync.handle(0, Event::HeadAdvanced(head(at, entries))));
    sync
}

/// Two machines on a line that counts.
struct Line {
    machines: [Sync; 2],
    keys: [PublicKey; 2],
    bytes: u64,
}

impl Line {
    fn new(entries: [u64; 2]) -> Self {
        Self { machines: entries.map(machine), keys: [key(1), key(2)], bytes: 0 }
    }
    /// One event at each side, and everything that follows. Gives the bytes that went over the line.
    fn both(&mut self, now: Millis, event: fn(PublicKey) -> Event) -> u64 {
        let one = self.machines[0].handle(now, event(self.keys[1]));
        let other = self.machines[1].handle(now, event(self.keys[0]));
        self.carry(now, one, other)
    }
    fn at_first(&mut self, now: Millis, event: Event) -> u64 {
        let effects = self.machines[0].handle(now, event);
        self.carry(now, effects, vec![])
    }
    fn carry(&mut self, now: Millis, one: Vec<Effect>, other: Vec<Effect>) -> u64 {
        let before = self.bytes;
        let mut queue: VecDeque<(usize, Effect)> = one.into_iter().map(|effect| (0, effect)).collect();
        queue.extend(other.into_iter().map(|effect| (1, effect)));
        while let Some((from, effect)) = queue.pop_front() {
            let Effect::Announce { id, request, .. } = effect else { continue };
            let to = 1 - from;
            // A frame's length goes before it.
            self.bytes += 4 + encode(&request).len() as u64;
            let Request::Heads(heads) = request else { panic!("both understand changes") };
            let (taken, more) = self.machines[to].hear(now, self.keys[from], heads);
            queue.extend(more.into_iter().map(|effect| (to, effect)));
            let (answered, response) = if taken { (Answered::Taken, Response::Taken) } else { (Answered::TellAll, Response::TellAll) };
            self.bytes += 4 + encode(&response).len() as u64;
            let more = self.machines[from].handle(now, Event::Announced(self.keys[to], id, answered));
            queue.extend(more.into_iter().map(|effect| (from, effect)));
        }
        self.bytes - before
    }
    fn lag(&self, at: usize) -> (u64, u64) {
        let lag = self.machines[at].lag(self.keys[1 - at]);
        (lag.to_send, lag.to_receive)
    }
}

#[test]
fn connecting_with_nothing_new_costs_less_than_2_kb_for_1000_offices() {
    let mut line = Line::new([700_000; 2]);
    let first = line.both(0, Event::Connected);
    assert!(0 < first && first < 2_000, "{first} bytes when they meet");
    assert_eq!((line.lag(0), line.lag(1)), ((0, 0), (0, 0)));
    line.both(1, Event::Disconnected);
    let again = line.both(2, Event::Connected);
    assert!(0 < again && again < 2_000, "{again} bytes when they meet again");
    let round = line.both(2 + ANTI_ENTROPY_MS, |_| Event::Tick);
    assert!(0 < round && round < 2_000, "{round} bytes for a round of anti-entropy");
    eprintln!("1,000 offices, nothing new: {first} bytes when two meet, {again} when they meet again, {round} every 15 s");
}

#[test]
fn connecting_when_all_differs_costs_less_than_50_kb_for_1000_offices() {
    let mut line = Line::new([700_000, 900_000]);
    let first = line.both(0, Event::Connected);
    assert!((2_000..50_000).contains(&first), "{first} bytes when they meet");
    let apart = 200_000 * u64::from(OFFICES);
    assert_eq!((line.lag(0), line.lag(1)), ((0, apart), (apart, 0)));
    // What each holds is known now, though it is not the same.
    line.both(1, Event::Disconnected);
    let again = line.both(2, Event::Connected);
    assert!(0 < again && again < 2_000, "{again} bytes when they meet again");
    let round = line.both(2 + ANTI_ENTROPY_MS, |_| Event::Tick);
    assert!(0 < round && round < 2_000, "{round} bytes for a round of anti-entropy");
    let one = line.at_first(2 + ANTI_ENTROPY_MS, Event::HeadAdvanced(head(5, 700_001)));
    assert!(0 < one && one < 250, "{one} bytes for a new head");
    eprintln!("1,000 offices, all differ: {first} bytes when two meet, {again} when they meet again, {one} for a new head");
}

#[test]
fn a_node_that_forgot_is_told_all_again_and_one_that_was_set_back_is_believed() {
    let mut line = Line::new([7, 9]);
    line.both(0, Event::Connected);
    line.both(1, Event::Disconnected);
    line.machines[0] = machine(7);
    line.both(2, Event::Connected);
    assert_eq!(line.lag(0).1, 2 * u64::from(OFFICES));
    line.both(3, Event::Disconnected);
    line.machines[1] = machine(8);
    line.both(4, Event::Connected);
    assert_eq!(line.lag(0).1, u64::from(OFFICES));
}

#[test]
fn a_log_that_is_wanted_later_is_asked_for_at_once() {
    let mut line = Line::new([7, 9]);
    line.machines[0] = Sync::default();
    line.machines[0].handle(0, Event::Follow(vec![office(0)]));
    line.both(0, Event::Connected);
    assert_eq!(line.lag(0).1, 9, "nothing else was kept of it");
    line.at_first(1, Event::Follow((0..3).map(office).collect()));
    assert_eq!(line.lag(0).1, 27);
}

fn announced(effects: Vec<Effect>) -> Vec<(u64, Request)> {
    let announcement = |effect| if let Effect::Announce { id, request, .. } = effect { Some((id, request)) } else { None };
    effects.into_iter().filter_map(announcement).collect()
}

#[test]
fn heads_that_come_while_an_announcement_is_open_are_told_together_by_the_next() {
    let (origin, peer) = (origin_of(1), key(1));
    let mut sync = Sync::default();
    sync.handle(0, Event::Follow(vec![origin.clone()]));
    let advance = |size| Event::HeadAdvanced(told(&origin, size)[0].clone());
    let open = announced(sync.handle(0, Event::Connected(peer)));
    assert_eq!(open.len(), 1);
    for size in 1..100 {
        assert_eq!(announced(sync.handle(1, advance(size))), []);
    }
    let next = announced(sync.handle(2, Event::Announced(peer, open[0].0, Answered::Taken)));
    let [(id, Request::Heads(heads))] = &next[..] else { panic!("{next:?}") };
    assert_eq!(heads.heads, [ShortHead::from(&told(&origin, 99)[0])]);
    // No answer comes: it is told again from where the peer is known to be.
    sync.handle(2, advance(100));
    let again = announced(sync.handle(2 + REQUEST_TIMEOUT_MS, Event::Tick));
    let [(_, Request::Heads(repeated))] = &again[..] else { panic!("{again:?}") };
    assert_eq!((repeated.before, &repeated.heads[..]), (heads.before, &[ShortHead::from(&told(&origin, 100)[0])][..]));
    let late = Event::Announced(peer, *id, Answered::Taken);
    assert_eq!(announced(sync.handle(2 + REQUEST_TIMEOUT_MS, late)), [], "too late to mean anything");
}

#[test]
fn what_is_repeated_because_its_answer_was_lost_is_taken_in() {
    let (peer, digest) = (key(1), |at: u8| [at; 32]);
    let mut sync = Sync::default();
    sync.handle(0, Event::Follow(vec![origin_of(1)]));
    let mut hear = |before: Option<u8>, after, size| {
        let heads = told(&origin_of(1), size).iter().map(ShortHead::from).collect();
        let heads = Heads { before: before.map(|at| digest(at).into()), after: digest(after).into(), heads, tell_all: false };
        (sync.hear(0, peer, heads).0, sync.held_by(peer, &origin_of(1)))
    };
    assert_eq!(hear(Some(1), 2, 3), (false, 0), "something before it is not known");
    assert_eq!(hear(None, 2, 3), (true, 3));
    assert_eq!(hear(Some(2), 3, 4), (true, 4));
    assert_eq!(hear(Some(2), 4, 5), (true, 5), "from where it went on before");
    assert_eq!(hear(Some(2), 5, 6), (true, 6));
    assert_eq!(hear(Some(3), 4, 5), (false, 6), "one that others overtook");
}

#[test]
fn a_peer_that_asks_for_everything_again_and_again_waits_for_its_turn() {
    let mut sync = machine(7);
    let mut asked = 0;
    let mut open = announced(sync.handle(0, Event::Connected(key(1))));
    while let Some((id, _)) = open.pop() {
        asked += 1;
        open = announced(sync.handle(1, Event::Announced(key(1), id, Answered::TellAll)));
    }
    assert_eq!(asked, 2, "a digest, and everything once");
}

#[test]
fn a_history_that_turns_out_to_be_another_when_it_arrives_here_is_told() {
    let (mut sync, origin, [peer, _]) = between_two_peers();
    sync.handle(0, Event::FrontierReceived(peer, told(&origin, 2)));
    let here = Head { root: RecordHash([9; 32]), ..told(&origin, 2)[0].clone() };
    let diverged = Effect::Diverged { peer, origin: origin.clone() };
    assert!(sync.handle(1, Event::HeadAdvanced(here)).contains(&diverged));
    assert!(sync.handle(2, Event::FrontierReceived(peer, told(&origin, 2))).contains(&diverged), "and at every word of that peer");
}
