//! Hard cases by number, each a short story with an end that is checked in words of its own, and then like every run.

use crate::{
    Lie, Plan, converge,
    liar::Liar,
    net::Wall,
    office::{Cut, Office, Own},
    rng::Rng,
    work::{case_at, decide, revocation, submission},
    world::{Happening, World},
};
use protocol::{
    case::{Case, Status},
    id::{CaseId, Origin, RecordHash},
    record::{Record, Verdict, Verified},
    sync::wire::{Head, Request},
};
use std::collections::BTreeSet;

pub(super) fn calm(offices: usize) -> World {
    let mut world = World::new(Plan::calm(1, offices));
    world.pass(5_000);
    world
}

/// Appends one record and tells the ledger.
pub(super) fn say(world: &mut World, office: usize, own: Own, record: Record) -> Verified {
    let said = world.with(office, |office| office.append(own, Cut::Nowhere, |_, sign| sign(&record).into_iter().collect())).unwrap();
    world.acknowledge(office, own, &said);
    said[0].clone()
}

pub(super) fn submit(world: &mut World, office: usize) -> CaseId {
    let case = CaseId::new(world.offices[office].code, world.rng.bytes());
    let record = submission(&mut world.rng, case, None, 0);
    say(world, office, Own::Office, record);
    case
}

pub(super) fn judge(world: &mut World, office: usize, case: CaseId, verdict: Verdict) {
    let known = case_at(&world.offices[office], case).unwrap();
    let said = world.with(office, |office| decide(office, Cut::Nowhere, &known, verdict)).unwrap();
    world.acknowledge(office, Own::Office, &said);
}

fn everywhere(world: &World, case: CaseId) -> Vec<Case> {
    world.offices.iter().map(|office| case_at(office, case).unwrap()).collect()
}

pub(super) fn cut_off(world: &mut World, inside: &[usize]) {
    world.net.walls.insert(0, Wall::Around(inside.iter().copied().collect::<BTreeSet<_>>()));
    world.pass(30_000);
}

pub(super) fn heal(world: &mut World) {
    world.heal();
    converge(world);
}

pub(super) fn green(world: &World) {
    let findings = world.check();
    assert!(findings.is_empty(), "{findings:#?}");
}

/// A case that two sides of a partition decided differently.
fn disputed() -> (World, CaseId) {
    let mut world = calm(5);
    let case = submit(&mut world, 3);
    world.pass(5_000);
    cut_off(&mut world, &[0, 1]);
    judge(&mut world, 1, case, Verdict::Approve);
    judge(&mut world, 2, case, Verdict::Return);
    heal(&mut world);
    (world, case)
}

#[test]
fn case_01_approved_and_returned_in_a_partition_is_a_conflict_until_a_third_decision_names_both() {
    let (mut world, case) = disputed();
    for state in everywhere(&world, case) {
        assert_eq!((state.status, state.standing().count(), state.receipts.len()), (Status::Conflict, 2, 0));
    }
    judge(&mut world, 0, case, Verdict::Return);
    heal(&mut world);
    assert!(everywhere(&world, case).iter().all(|state| state.status == Status::Returned && state.decisions.len() == 3));
    green(&world);
}

#[test]
fn case_02_two_that_close_one_conflict_apart_make_another() {
    let (mut world, case) = disputed();
    cut_off(&mut world, &[0, 1]);
    judge(&mut world, 0, case, Verdict::Approve);
    judge(&mut world, 2, case, Verdict::Return);
    heal(&mut world);
    assert!(everywhere(&world, case).iter().all(|state| state.status == Status::Conflict));
    judge(&mut world, 1, case, Verdict::Approve);
    heal(&mut world);
    assert!(everywhere(&world, case).iter().all(|state| state.status == Status::Approved && state.decisions.len() == 5));
    green(&world);
}

/// Two machines with one key: proved by whoever holds both sides, told to everybody, and nothing beyond the fork counts.
fn cloned(seed: u64) -> World {
    let mut world = World::new(Plan { liars: vec![(4, Lie::Equivocates)], ..Plan::calm(seed, 6) });
    world.run_until(70_000);
    // Whatever chance gave them to do, both machines capture somebody.
    for machine in [4, 6] {
        submit(&mut world, machine);
    }
    world.run_until(120_000);
    world.heal();
    converge(&mut world);
    world
}

#[test]
fn case_09_a_cloned_machine_is_proved_everywhere_and_set_aside_from_the_fork_on() {
    for seed in 1..6 {
        let world = cloned(seed);
        let origin = &world.offices[4].origin;
        for index in world.honest() {
            let members = &world.offices[index].members;
            let shared = members.forks().filter(|(fork, ..)| fork.points().0.origin == *origin).map(|(_, shared, _)| shared).min();
            assert_eq!(shared, Some(common(&world, 4)), "seed {seed}, office {index}: what both share is found exactly");
            for case in world.offices[index].cases.keys().filter_map(|case| case_at(&world.offices[index], *case)) {
                assert!(case.submissions.iter().all(|by| by.origin != *origin || Some(by.index) < shared));
            }
        }
        green(&world);
    }
}

fn common(world: &World, liar: usize) -> u64 {
    let origin = &world.offices[liar].origin;
    let held = |index: usize| world.offices[index].disk.logs.get(origin).cloned().unwrap_or_default();
    let (one, other) = (held(liar), held(world.offices.len() - 1));
    (0..=one.size().min(other.size())).rev().find(|size| one.root_at(*size) == other.root_at(*size)).unwrap()
}

#[test]
fn case_12_gossip_proves_an_equivocation_to_an_office_that_saw_one_side_only() {
    let world = cloned(9);
    // Office 0 is reached by one machine only, as every even one is; it knows all the same.
    assert!(world.offices[0].members.open_forks().any(|fork| fork.points().0.origin == world.offices[4].origin));
    assert!(!world.offices[0].disk.forks.is_empty(), "and keeps the proof");
    green(&world);
}

#[test]
fn case_14_an_old_frontier_takes_nothing_back() {
    let mut world = World::new(Plan { liars: vec![(3, Lie::Replays)], deeds: 60, province_permille: 50, ..Plan::calm(2, 5) });
    let mut sizes = vec![Vec::new(); 5];
    while world.now < 120_000 {
        world.pass(500);
        for (index, before) in sizes.iter_mut().enumerate() {
            let now: Vec<u64> = world.offices.iter().map(|of| world.offices[index].disk.size(&of.origin)).collect();
            assert!(before.iter().zip(&now).all(|(before, now)| before <= now), "a log became shorter at office {index}");
            *before = now;
        }
    }
    world.heal();
    converge(&mut world);
    green(&world);
}

#[test]
fn case_23_what_is_under_way_when_its_office_is_revoked_is_kept_and_does_not_count() {
    let mut world = calm(5);
    let before = submit(&mut world, 3);
    world.pass(5_000);
    // Office 3 and 4 are cut off; 3 goes on working, the province ends its log at what it holds.
    cut_off(&mut world, &[3, 4]);
    let late = submit(&mut world, 3);
    world.pass(2_000);
    let origin = world.offices[3].origin.clone();
    let revoke = revocation(&world.offices[0], &origin);
    let Record::Revoke(said) = &revoke else { panic!() };
    assert_eq!(said.upto.size, 1);
    say(&mut world, 0, Own::Province, revoke);
    world.pass(5_000);
    assert!(case_at(&world.offices[4], late).is_some(), "office 4 has not heard of it and counts it");
    heal(&mut world);
    world.pass(60_000);
    for index in world.honest() {
        let office = &world.offices[index];
        assert_eq!(case_at(office, before).unwrap().status, Status::Submitted, "what stood before stands");
        assert_eq!(office.disk.size(&origin), 2, "office {index} keeps the late one");
        assert!(case_at(office, late).is_none(), "office {index} does not count it");
    }
    assert!(!world.offices[3].may_sign(&origin), "the revoked office heard of it");
    green(&world);
}

#[test]
fn case_28_what_arrives_twice_or_comes_back_to_its_writer_changes_nothing() {
    let mut world = World::new(Plan { duplicates: 1_000, deeds: 40, ..Plan::calm(4, 5) });
    world.run_until(120_000);
    world.heal();
    converge(&mut world);
    let heads: Vec<Vec<Head>> = world.offices.iter().map(|office| office.disk.frontier()).collect();
    let (rejected, bytes) = (world.offices.iter().map(|office| office.rejected).sum::<u64>(), world.bytes);
    assert_eq!(rejected, 0);
    // Its own frontier of a year ago comes back to office 1 from every peer.
    let old = vec![Head { size: 1, ..heads[1][1].clone() }];
    for from in [0, 2, 3, 4] {
        let key = world.offices[1].public();
        world.with(from, |office| office.blurt(key, Request::Frontier(old.clone())));
    }
    world.pass(30_000);
    assert_eq!(world.offices.iter().map(|office| office.disk.frontier()).collect::<Vec<_>>(), heads);
    assert!(world.bytes - bytes < 200_000, "a rest of 30 s costs {} bytes", world.bytes - bytes);
    green(&world);
}

#[test]
fn case_29_clocks_of_1970_and_of_years_ahead_delay_nothing() {
    for offset in [-(crate::world::BASE_MS as i64), -3_600_000, 5 * 365 * 86_400_000] {
        let mut world = calm(5);
        for office in 0..5 {
            world.at(world.now, Happening::SetClock(office, offset));
        }
        world.pass(1_000);
        cut_off(&mut world, &[0, 1]);
        let case = submit(&mut world, 3);
        let other = submit(&mut world, 1);
        world.net.walls.insert(0, Wall::Around(BTreeSet::new()));
        world.pass(20_000);
        for (index, office) in world.offices.iter().enumerate() {
            let held = [case, other].map(|case| case_at(office, case).is_some());
            assert_eq!(held, [true, true], "clocks set by {offset} ms: office {index} lacks a case 20 s after the line is back");
        }
        green(&world);
    }
}

#[test]
fn case_29_a_clock_that_is_set_back_does_not_stop_the_questions() {
    let mut world = calm(4);
    // Every message is lost for a while, so that questions are open and pauses begin; then the clocks are set back by an hour.
    world.net.loss = 1_000;
    let case = submit(&mut world, 3);
    world.pass(3_000);
    (0..4).for_each(|office| world.at(world.now, Happening::SetClock(office, -3_600_000)));
    world.pass(1_000);
    world.net.loss = 0;
    world.pass(45_000);
    assert!(world.offices.iter().all(|office| case_at(office, case).is_some()), "a time-out and a round of anti-entropy are enough");
    green(&world);
}

#[test]
fn case_33_a_flood_of_unknown_logs_and_sizes_grows_nothing_and_starves_nobody() {
    let mut world = World::new(Plan { liars: vec![(3, Lie::Floods)], deeds: 40, ..Plan::calm(6, 5) });
    world.run_until(120_000);
    for index in world.honest() {
        let office = &world.offices[index];
        assert!(office.disk.logs.len() <= 6 && office.sync.holdings().count() <= 4 * 6, "office {index} remembers what nobody enrolled");
        assert!(office.disk.forks.is_empty());
    }
    world.heal();
    assert!(converge(&mut world) < 120_000);
    green(&world);
}

#[test]
fn case_44_kinds_of_a_later_version_are_carried_hashed_and_proved() {
    let mut world = calm(4);
    let strange = Record::Unknown { kind: "of_a_later_version".into(), body: vec![0xa1, 0x00, 0x05] };
    let said = say(&mut world, 3, Own::Office, strange.clone());
    let case = submit(&mut world, 3);
    say(&mut world, 0, Own::Province, strange.clone());
    heal(&mut world);
    let origin = world.offices[3].origin.clone();
    for office in &world.offices {
        let stored = &office.disk.logs[&origin].entries[0];
        assert_eq!(stored.bytes, said.bytes());
        assert_eq!(stored.entry.as_ref().unwrap().record.record(), &strange);
        assert!(case_at(office, case).is_some(), "what stands behind it counts");
    }
    green(&world);
}

#[test]
fn case_43_a_disk_that_lost_what_was_signed_signs_nothing_before_it_has_it_back() {
    let mut world = calm(4);
    let cases: Vec<CaseId> = (0..6).map(|_| submit(&mut world, 3)).collect();
    heal(&mut world);
    world.pass(10_000);
    // Its peers hold all of it durably; office 3 loses the power and most of its own log, and keeps the head file.
    (0..3).for_each(|office| world.offices[office].disk.sync());
    let origin = world.offices[3].origin.clone();
    world.net.walls.insert(0, Wall::Around(BTreeSet::from([3])));
    world.at(world.now, Happening::Crash { office: 3, roll_back: true });
    world.at(world.now + 1_000, Happening::Restart(3));
    world.pass(30_000);
    let left = world.offices[3].disk.size(&origin);
    assert!(left < 6, "{left} entries are left");
    assert!(!world.offices[3].may_sign(&origin), "it knows that it lacks something and nobody answers");
    heal(&mut world);
    world.pass(30_000);
    assert_eq!(world.offices[3].disk.size(&origin), 6);
    assert!(world.offices[3].may_sign(&origin));
    assert!(cases.iter().all(|case| case_at(&world.offices[3], *case).is_some()));
    green(&world);
}

/// The checker itself: an honest history that is swapped is seen.
#[test]
fn a_history_that_is_swapped_is_found() {
    let mut world = calm(4);
    submit(&mut world, 3);
    submit(&mut world, 1);
    heal(&mut world);
    green(&world);
    let (one, other): (Origin, Origin) = (world.offices[3].origin.clone(), world.offices[1].origin.clone());
    let stolen = world.offices[2].disk.logs[&other].clone();
    world.offices[2].disk.logs.insert(one, stolen);
    assert!(!world.check().is_empty());
}

#[test]
fn liars_do_lie() {
    let mut liar = Liar::new(Lie::Floods, Rng::new(1));
    let head = Head { origin: "sim.huizhi/office/44030001/1".parse().unwrap(), size: 1, root: RecordHash([0; 32]) };
    assert!(liar.blurts(&[head]).len() > 2);
    let _: fn(&Office) -> usize = Office::waiting;
}
