//! Retired logs: whole where everything is kept, and nowhere half, whatever an office had got of them.

use super::cases::{calm, cut_off, green, heal, judge, say, submit};
use crate::{
    Plan, converge,
    office::Own,
    work::{case_at, retirements, revocation},
    world::World,
};
use protocol::{case::Status, record::Verdict};

#[test]
fn a_retired_log_is_whole_at_the_province_and_half_at_nobody() {
    let mut world = calm(5);
    let (settled, open) = (submit(&mut world, 3), submit(&mut world, 3));
    heal(&mut world);
    // Office 4 hears of the submissions and of nothing after them.
    cut_off(&mut world, &[4]);
    judge(&mut world, 1, settled, Verdict::Return);
    world.pass(5_000);
    let log = world.offices[3].origin.clone();
    let ended = revocation(&world.offices[0], &log);
    say(&mut world, 0, Own::Province, ended);
    assert_eq!(retirements(&world.offices[0]), [], "a case of it waits for a decision");
    judge(&mut world, 1, open, Verdict::Return);
    world.pass(5_000);
    let retired = retirements(&world.offices[0]);
    assert_eq!(retired.len(), 1);
    say(&mut world, 0, Own::Province, retired[0].clone());
    assert_eq!(case_at(&world.offices[4], settled).map(|case| case.status), Some(Status::Submitted));
    heal(&mut world);
    for case in [settled, open] {
        assert_eq!(case_at(&world.offices[0], case).map(|case| case.status), Some(Status::Returned), "the province keeps everything");
        assert!(world.offices[1..].iter().all(|office| case_at(office, case).is_none()));
    }
    // What comes after it is as ever.
    let next = submit(&mut world, 1);
    heal(&mut world);
    assert!([0, 1, 2, 4].into_iter().all(|index: usize| case_at(&world.offices[index], next).is_some()), "3 was revoked");
    green(&world);
}

#[test]
fn whatever_goes_wrong_nobody_counts_half_of_what_was_retired() {
    let mut retired = 0;
    for seed in 900..940 {
        let plan = Plan { province_permille: 400, revokes: true, ..Plan::random(seed, 6) };
        let mut world = World::new(plan.clone());
        world.run_until(plan.active_ms);
        heal_and_check(&mut world, seed);
        let members = &world.offices[0].members;
        retired += members.logs().filter(|origin| members.is_retired(origin)).count();
    }
    assert!(retired > 10, "only {retired} logs were retired");
}

fn heal_and_check(world: &mut World, seed: u64) {
    world.heal();
    converge(world);
    let findings = world.check();
    assert!(findings.is_empty(), "seed {seed}: {findings:#?}");
}
