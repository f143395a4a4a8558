//! Packages asked for ahead: what is handed over, and in which order.

use super::*;
use crate::limits::{PACKAGE_ENTRIES_MAX, PACKAGES_AHEAD_MAX, PACKAGES_UNDER_WAY_MAX};

const FULL: u64 = PACKAGE_ENTRIES_MAX as u64;

fn of(start: u64, entries: u64) -> Package {
    Package { entries: (0..entries).map(|_| vec![1].into()).collect(), ..package(start) }
}

/// What is asked for: id and first entry.
fn asked(effects: &[Effect]) -> Vec<(u64, u64)> {
    effects.iter().filter_map(|effect| if let Effect::Fetch { id, start, .. } = effect { Some((*id, *start)) } else { None }).collect()
}

/// What is to be stored: first entry and length of each package.
fn stored(effects: &[Effect]) -> Vec<(u64, u64)> {
    let packages = effects.iter().filter_map(|effect| if let Effect::Ingest { packages, .. } = effect { Some(packages) } else { None });
    packages.flatten().map(|package| (package.start, package.entries.len() as u64)).collect()
}

/// A machine that asks one peer for a log of so many entries, and the packages that it asked for.
fn behind(entries: u64) -> (Sync, Origin, PublicKey, Vec<(u64, u64)>) {
    let (mut sync, origin, [peer, _]) = between_two_peers();
    let effects = sync.handle(0, Event::FrontierReceived(peer, told(&origin, entries)));
    let asked = asked(&effects);
    (sync, origin, peer, asked)
}

fn done(sync: &mut Sync, peer: PublicKey, origin: &Origin, size: u64) -> Vec<Effect> {
    sync.handle(1, Event::HeadAdvanced(told(origin, size)[0].clone()));
    sync.handle(1, Event::Ingested(peer, origin.clone()))
}

#[test]
fn what_came_while_others_were_stored_is_stored_together_and_in_order() {
    let (mut sync, origin, peer, first) = behind(100 * FULL);
    assert_eq!(first.iter().map(|(_, start)| *start).collect::<Vec<_>>(), (0..8).map(|at| at * FULL).collect::<Vec<_>>());
    assert_eq!(first.len(), PACKAGES_AHEAD_MAX);
    let come = |sync: &mut Sync, at: usize| sync.handle(1, Event::PackageReceived(peer, first[at].0, of(first[at].1, FULL)));
    let effects = come(&mut sync, 0);
    assert_eq!(stored(&effects), [(0, FULL)], "the first begins at once");
    assert_eq!(asked(&effects).len(), 1, "and the next one is asked for in its place");
    for at in [2, 1, 4] {
        assert_eq!(stored(&come(&mut sync, at)), []);
    }
    assert_eq!(stored(&done(&mut sync, peer, &origin, FULL)), [(FULL, FULL), (2 * FULL, FULL)], "the fourth is missing");
    assert_eq!(stored(&done(&mut sync, peer, &origin, 3 * FULL)), []);
    assert_eq!(stored(&come(&mut sync, 3)), [(3 * FULL, FULL), (4 * FULL, FULL)]);
}

#[test]
fn nothing_is_asked_for_beyond_what_a_peer_told_of() {
    assert_eq!(behind(1).3.len(), 1);
    assert_eq!(behind(FULL).3.len(), 1);
    assert_eq!(behind(FULL + 1).3.len(), 2);
}

#[test]
fn packages_of_another_length_than_was_thought_are_asked_for_anew() {
    let (mut sync, origin, peer, first) = behind(100 * FULL);
    sync.handle(1, Event::PackageReceived(peer, first[1].0, of(FULL, FULL)));
    let effects = sync.handle(1, Event::PackageReceived(peer, first[0].0, of(0, 100)));
    assert_eq!(stored(&effects), [(0, 100)]);
    let again = asked(&effects);
    assert_eq!(again.iter().map(|(_, start)| *start).collect::<Vec<_>>(), (0..8).map(|at| 100 + at * 100).collect::<Vec<_>>());
    let effects = sync.handle(1, Event::PackageReceived(peer, first[2].0, of(2 * FULL, FULL)));
    assert_eq!(effects, [], "nobody waits for those of before");
    assert_eq!(stored(&done(&mut sync, peer, &origin, 100)), []);
}

#[test]
fn what_stands_before_a_package_that_failed_is_stored_and_the_peer_left_alone_then() {
    let (mut sync, origin, peer, first) = behind(100 * FULL);
    sync.handle(1, Event::PackageReceived(peer, first[1].0, of(FULL, FULL)));
    assert_eq!(asked(&sync.handle(1, Event::FetchFailed(peer, first[2].0))), []);
    assert_eq!(sync.handle(1, Event::PackageReceived(peer, first[3].0, of(3 * FULL, FULL))), [], "it has no place any more");
    let effects = sync.handle(1, Event::PackageReceived(peer, first[0].0, of(0, FULL)));
    assert_eq!((stored(&effects), asked(&effects)), (vec![(0, FULL), (FULL, FULL)], vec![]));
    assert_eq!(asked(&done(&mut sync, peer, &origin, 2 * FULL)), [], "not at once");
    let effects = sync.handle(1 + FETCH_RETRY_MS, Event::Tick);
    assert_eq!(asked(&effects).first().map(|(_, start)| *start), Some(2 * FULL));
}

#[test]
fn a_more_urgent_log_waits_for_no_more_than_what_is_under_way() {
    let (mut sync, urgent, [peer, _]) = between_two_peers();
    let long = origin_of(2);
    sync.handle(0, Event::Follow(vec![urgent.clone(), long.clone()]));
    let first = asked(&sync.handle(0, Event::FrontierReceived(peer, told(&long, 100 * FULL))));
    assert_eq!(first.len(), PACKAGES_AHEAD_MAX);
    sync.handle(0, Event::FrontierReceived(peer, [told(&long, 100 * FULL), told(&urgent, 1)].concat()));
    for (id, start) in &first {
        assert_eq!(asked(&sync.handle(1, Event::PackageReceived(peer, *id, of(*start, FULL)))), []);
    }
    assert_eq!(stored(&done(&mut sync, peer, &long, FULL)).len(), PACKAGES_AHEAD_MAX - 1);
    let effects = done(&mut sync, peer, &long, 8 * FULL);
    let next = effects.iter().find_map(|effect| if let Effect::Fetch { origin, .. } = effect { Some(origin) } else { None });
    assert_eq!(next, Some(&urgent));
}

#[test]
fn packages_that_wait_are_bounded_over_all_peers_and_each_is_asked_for_one() {
    let peers: Vec<PublicKey> = (1..=40).map(key).collect();
    let logs: Vec<Origin> = (1..=40).map(origin_of).collect();
    let mut sync = Sync::default();
    sync.handle(0, Event::Follow(logs.clone()));
    let mut count = 0;
    for (peer, log) in peers.iter().zip(&logs) {
        sync.handle(0, Event::Connected(*peer));
        let asked = asked(&sync.handle(0, Event::FrontierReceived(*peer, told(log, 100 * FULL)))).len();
        assert!(asked >= 1);
        count += asked;
    }
    assert!((PACKAGES_UNDER_WAY_MAX..=PACKAGES_UNDER_WAY_MAX + peers.len()).contains(&count), "{count}");
}

#[test]
fn a_log_that_went_on_by_another_way_is_fetched_from_where_it_is_now() {
    let (mut sync, origin, peer, first) = behind(100 * FULL);
    sync.handle(1, Event::PackageReceived(peer, first[0].0, of(0, FULL)));
    let effects = done(&mut sync, peer, &origin, 10 * FULL);
    assert_eq!(asked(&effects).first().map(|(_, start)| *start), Some(10 * FULL));
    assert_eq!(sync.handle(1, Event::PackageReceived(peer, first[1].0, of(FULL, FULL))), []);
}

#[test]
fn mend_18_a_slow_peer_does_not_keep_a_log_for_itself_while_another_offers_it() {
    let (mut sync, origin, peers) = between_two_peers();
    let mut asked_of = Vec::new();
    for peer in peers {
        asked_of.extend(sync.handle(0, Event::FrontierReceived(peer, told(&origin, 100 * FULL))));
    }
    let slow = asked_of.iter().find_map(|effect| if let Effect::Fetch { peer, .. } = effect { Some(*peer) } else { None }).unwrap();
    // One entry every 19 seconds, which is never too late.
    let (mut now, mut size, mut effects) = (0, 0, asked_of);
    while now < 10 * 60_000 {
        let first = effects.iter().find_map(|effect| match effect {
            Effect::Fetch { peer, id, start, .. } if *start == size => Some((*peer, *id)),
            _ => None,
        });
        let (peer, id) = first.expect("somebody is asked");
        if peer != slow {
            assert!(now <= 60_000, "{now}");
            return;
        }
        effects = Vec::new();
        for _ in 0..19 {
            now += 1_000;
            effects.extend(sync.handle(now, Event::Tick));
        }
        if effects.iter().any(|effect| matches!(effect, Effect::Fetch { peer, .. } if *peer != slow)) {
            continue;
        }
        effects.extend(sync.handle(now, Event::PackageReceived(peer, id, of(size, 1))));
        size += 1;
        sync.handle(now, Event::HeadAdvanced(told(&origin, size)[0].clone()));
        effects.extend(sync.handle(now, Event::Ingested(peer, origin.clone())));
    }
    panic!("the slow one is asked for ever");
}

#[test]
fn mend_18_a_slow_peer_is_asked_on_where_nobody_else_offers_the_log() {
    let (mut sync, origin, peer, first) = behind(100 * FULL);
    let mut asked_on = sync.handle(19_000, Event::PackageReceived(peer, first[0].0, of(0, 1)));
    sync.handle(19_000, Event::HeadAdvanced(told(&origin, 1)[0].clone()));
    asked_on.extend(sync.handle(19_000, Event::Ingested(peer, origin.clone())));
    assert!(!asked(&asked_on).is_empty());
    let ticks: Vec<_> = (20..38).flat_map(|second| sync.handle(second * 1_000, Event::Tick)).collect();
    assert!(asked(&ticks).is_empty(), "what was asked for stands");
}
