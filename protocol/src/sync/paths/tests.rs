//! One connection is left in the end, never none, and it is the better one.

use super::*;
use proptest::prelude::*;

const ME: PublicKey = PublicKey([1; 32]);
const PEER: PublicKey = PublicKey([2; 32]);
const RELAY: PublicKey = PublicKey([3; 32]);
const BOTH: fn(PublicKey, Transport) -> bool = |_, _| true;

fn path(now: Millis, transport: Transport) -> Path {
    Path::new(now, transport, None, true)
}

/// So many answers of 256 KiB at this rate.
fn answers(paths: &mut Paths<u32>, now: Millis, name: u32, count: u32, bytes_per_s: u64) {
    for _ in 0..count {
        paths.answered(now, PEER, name, 256 << 10, (256 << 10) * 1_000 / bytes_per_s);
    }
}

#[test]
fn a_direct_connection_ends_those_by_way_of_relays_after_a_moment() {
    for dialled in [false, true] {
        let mut paths = Paths::default();
        paths.opened(PEER, 1, Path::new(0, Transport::Tcp, Some(RELAY), dialled));
        assert_eq!((paths.is_direct(PEER), paths.by(PEER), paths.relayed()), (false, Some(RELAY), 1));
        assert_eq!(paths.next(100_000, ME, BOTH), []);
        paths.opened(PEER, 2, path(100_000, Transport::Tcp));
        assert_eq!((paths.is_direct(PEER), paths.by(PEER), paths.relayed()), (true, None, 0));
        assert_eq!(paths.next(100_000 + PATH_GRACE_MS - 1, ME, BOTH), []);
        assert_eq!(paths.next(100_000 + PATH_GRACE_MS, ME, BOTH), [Step::Close(1)]);
    }
}

#[test]
fn the_other_transport_is_tried_when_much_flows_and_kept_when_it_is_better() {
    for (rate, better) in [(10_000_000, true), (4_000_000, true), (1_100_000, false), (900_000, false), (100_000, false)] {
        let mut paths = Paths::default();
        paths.opened(PEER, 1, path(0, Transport::Quic));
        answers(&mut paths, 10_000, 1, GOODPUT_SAMPLES - 1, 1_000_000);
        assert_eq!(paths.next(10_000, ME, BOTH), [], "too little is known");
        answers(&mut paths, 10_000, 1, 1, 1_000_000);
        assert_eq!(paths.next(10_000, ME, |_, _| false), [], "it can be dialled no other way");
        assert_eq!(paths.next(10_000, ME, BOTH), [Step::Try(PEER, Transport::Tcp)]);
        assert_eq!(paths.next(10_001, ME, BOTH), [], "once");
        paths.opened(PEER, 2, path(11_000, Transport::Tcp));
        answers(&mut paths, 12_000, 1, GOODPUT_SAMPLES, 1_000_000);
        answers(&mut paths, 12_000, 2, GOODPUT_SAMPLES - 1, rate);
        assert_eq!(paths.next(12_000, ME, BOTH), []);
        answers(&mut paths, 12_000, 2, 1, rate);
        let worse = if better { 1 } else { 2 };
        assert_eq!(paths.next(12_000, ME, BOTH), [Step::Close(worse)], "{rate}");
        paths.closed(PEER, worse);
        let (transport, prefers) = if better { (Transport::Tcp, Some(Transport::Tcp)) } else { (Transport::Quic, None) };
        assert_eq!(paths.carried_by(PEER).unwrap().0, transport);
        assert_eq!(paths.preferred(PEER).filter(|_| better), prefers);
        answers(&mut paths, 13_000, 3 - worse, 1, 1_000_000.max(rate));
        assert_eq!(paths.next(13_000, ME, BOTH), [], "not tried again at once");
    }
}

#[test]
fn a_transport_that_brings_nothing_loses() {
    let mut paths = Paths::default();
    paths.opened(PEER, 1, path(0, Transport::Quic));
    paths.opened(PEER, 2, path(1_000, Transport::Tcp));
    answers(&mut paths, 2_000, 2, GOODPUT_SAMPLES, 100_000);
    for _ in 0..GOODPUT_SAMPLES {
        paths.answered(2_000, PEER, 1, 0, 20_000);
    }
    assert_eq!(paths.next(10_000, ME, BOTH), [Step::Close(1)]);
}

#[test]
fn an_attempt_without_traffic_ends_where_it_began() {
    let mut paths = Paths::default();
    paths.opened(PEER, 1, path(0, Transport::Quic));
    paths.opened(PEER, 2, path(1_000, Transport::Tcp));
    // Short answers and those by way of a relay measure nothing.
    paths.answered(2_000, PEER, 2, 1, 1);
    assert_eq!(paths.carried_by(PEER), Some((Transport::Quic, None)));
    assert_eq!(paths.next(1_000 + PROBE_MAX_MS - 1, ME, BOTH), []);
    assert_eq!(paths.next(1_000 + PROBE_MAX_MS, ME, BOTH), [Step::Close(2)]);
}

#[test]
fn what_was_worse_is_tried_again_after_a_while() {
    let mut paths = Paths::default();
    paths.opened(PEER, 1, path(0, Transport::Tcp));
    answers(&mut paths, 1_000, 1, GOODPUT_SAMPLES, 1_000_000);
    assert_eq!(paths.next(10_000, ME, BOTH), [Step::Try(PEER, Transport::Quic)]);
    answers(&mut paths, 10_000 + PROBE_EVERY_MS, 1, 1, 1_000_000);
    assert_eq!(paths.next(9_999 + PROBE_EVERY_MS, ME, BOTH), []);
    assert_eq!(paths.next(10_000 + PROBE_EVERY_MS, ME, BOTH), [Step::Try(PEER, Transport::Quic)]);
}

proptest! {
    /// Two ends that see the same connections, each measured as it may be at each end, never leave none.
    #[test]
    fn two_ends_never_close_all_that_they_have(
        opened in prop::collection::vec((any::<bool>(), any::<bool>(), any::<bool>(), 0..20_000_u64), 1..6),
        measured in prop::collection::vec((any::<bool>(), 0..6_u32, 1..5_000_u64), 0..60),
        asked in prop::collection::vec(any::<bool>(), 1..20),
    ) {
        let mut ends = [Paths::default(), Paths::default()];
        let keys = [ME, PEER];
        let mut standing = std::collections::BTreeSet::new();
        for (name, (quic, relayed, first, since)) in opened.into_iter().enumerate() {
            let transport = if quic { Transport::Quic } else { Transport::Tcp };
            for (end, paths) in ends.iter_mut().enumerate() {
                let path = Path::new(since, transport, relayed.then_some(RELAY), first == (end == 0));
                paths.opened(keys[1 - end], name as u32, path);
            }
            standing.insert(name as u32);
        }
        for (first, name, took) in measured {
            let end = usize::from(!first);
            ends[end].answered(30_000, keys[1 - end], name, 256 << 10, took);
        }
        for (at, first) in asked.into_iter().enumerate() {
            let end = usize::from(!first);
            // The other end hears of what was closed before it is asked itself.
            for step in ends[end].next(30_000 + 40_000 * at as u64, keys[end], |_, _| false) {
                if let Step::Close(name) = step {
                    ends[0].closed(keys[1], name);
                    ends[1].closed(keys[0], name);
                    standing.remove(&name);
                }
            }
            prop_assert!(!standing.is_empty());
        }
    }

    /// The same where neither hears of what the other closed at that moment.
    #[test]
    fn two_ends_that_decide_at_one_moment_leave_one(
        opened in prop::collection::vec((any::<bool>(), any::<bool>(), any::<bool>()), 1..6),
        measured in prop::collection::vec((any::<bool>(), 0..6_u32, 1..5_000_u64), 0..60),
    ) {
        let mut ends = [Paths::default(), Paths::default()];
        let keys = [ME, PEER];
        let mut standing: std::collections::BTreeSet<u32> = (0..opened.len() as u32).collect();
        for (name, (quic, relayed, first)) in opened.into_iter().enumerate() {
            let transport = if quic { Transport::Quic } else { Transport::Tcp };
            for (end, paths) in ends.iter_mut().enumerate() {
                paths.opened(keys[1 - end], name as u32, Path::new(0, transport, relayed.then_some(RELAY), first == (end == 0)));
            }
        }
        for (first, name, took) in measured {
            let end = usize::from(!first);
            ends[end].answered(30_000, keys[1 - end], name, 256 << 10, took);
        }
        for end in 0..2 {
            for step in ends[end].next(100_000, keys[end], |_, _| false) {
                if let Step::Close(name) = step {
                    standing.remove(&name);
                }
            }
        }
        prop_assert!(!standing.is_empty());
    }
}
