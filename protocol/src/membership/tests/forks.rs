//! Two histories of one log: which are remembered, and what counts meanwhile.

use super::*;

#[test]
fn forks_beyond_their_bound_are_forgotten_in_any_order_alike() {
    let (log, max) = (log_of(1, 1), crate::limits::FORKS_PER_LOG_MAX as u64);
    let fork = |at: u64| Fork::unproved(point(&log, 100 + at, 1), point(&log, 100 + at, 2), at.saturating_sub(5));
    let elsewhere = Fork::unproved(point(&log_of(2, 1), 1, 1), point(&log_of(2, 1), 1, 2), 0);
    let after = |order: &mut dyn Iterator<Item = u64>| {
        let mut members = Membership::new(province_log());
        members.learn_fork(&elsewhere);
        order.for_each(|at| members.learn_fork(&fork(at)));
        members
    };
    let straight = after(&mut (0..max + 9));
    assert_eq!(straight.open_forks().count() as u64, max + 1);
    assert_eq!(straight, after(&mut (0..max + 9).rev()));
    assert_eq!(straight, after(&mut (0..max + 9).map(|at| at * 31 % (max + 9)).chain(0..max)));
}

#[test]
fn case_23_a_revoked_key_that_signs_another_history_takes_nothing_away_from_what_the_province_named() {
    let log = log_of(1, 1);
    let fork = Fork::unproved(point(&log, 5, 1), point(&log, 5, 2), 3);
    let mut members = after(&[Record::Enrol(enrol(1, 2)), revoke(1, point(&log, 7, 9))]);
    members.learn_fork(&fork);
    let entry = |index| decision(&log, 2, index);
    assert_eq!(members.standing(&entry(2)), Ok(Writer::Office(code(1))), "what both histories share");
    assert_eq!(members.standing(&entry(3)), Err(NotCounted::BeyondFork(3)), "which history is held here nobody knows before its end");
    let undecided = members.standing_digest(&log);
    members.compare_history(&log, |size| (size <= 6).then_some([9; 32]));
    assert_eq!(members.standing_digest(&log), undecided, "part of it says nothing");
    members.compare_history(&log, |size| (size <= 7).then_some([9; 32]));
    assert_eq!(members.standing(&entry(6)), Ok(Writer::Office(code(1))));
    assert_eq!(members.standing(&entry(7)), Err(NotCounted::AfterEnd(7)));
    assert_ne!(members.standing_digest(&log), undecided);
    members.compare_history(&log, |size| (size <= 7).then_some([8; 32]));
    assert_eq!(members.standing(&entry(2)), Err(NotCounted::OtherHistory), "the thief's");
    // A log that goes on has no end that was named: its fork is adjudicated by name.
    let mut going_on = after(&[Record::Enrol(enrol(1, 2)), Record::Enrol(Enrol { roles_from: Some(point(&log, 7, 9)), ..enrol(1, 2) })]);
    going_on.learn_fork(&fork);
    going_on.compare_history(&log, |size| (size <= 7).then_some([9; 32]));
    assert_eq!(going_on.standing(&entry(3)), Err(NotCounted::BeyondFork(3)));
}

#[test]
fn mend_14_one_adjudication_settles_every_fork_of_a_log() {
    let log = log_of(1, 1);
    let fork = |at: u64, shared| Fork::unproved(point(&log, at, 1), point(&log, at + 1, 2), shared);
    let mut members = after(&[Record::Enrol(enrol(1, 2))]);
    members.learn_fork(&fork(9, 5));
    assert_eq!(members.standing(&decision(&log, 2, 5)), Err(NotCounted::BeyondFork(5)));
    // Whoever has both histories makes more names, without what they share.
    (10..30).for_each(|at| members.learn_fork(&fork(at, 0)));
    assert_eq!(members.standing(&decision(&log, 2, 4)), Ok(Writer::Office(code(1))), "what is proved to be shared stays");
    assert_eq!(members.open_forks().count(), 21);
    members.apply(&said(&adjudicate(point(&log, 9, 1), point(&log, 10, 2), point(&log, 7, 3)))).unwrap();
    assert_eq!(members.open_forks().count(), 0);
    assert!(members.forks().all(|(_, _, stands)| stands == Some(&point(&log, 7, 3))));
    assert_eq!(members.standing(&decision(&log, 2, 6)), Err(NotCounted::BeyondFork(5)), "which history is held here nobody knows yet");
    let held = |root: u8| move |size| (size <= 7).then_some([root; 32]);
    let digest = members.standing_digest(&log);
    members.compare_history(&log, held(3));
    assert_ne!(members.standing_digest(&log), digest);
    assert_eq!(members.standing(&decision(&log, 2, 6)), Ok(Writer::Office(code(1))));
    assert_eq!(members.standing(&decision(&log, 2, 7)), Err(NotCounted::AfterEnd(7)));
    // More of them later change nothing.
    members.learn_fork(&fork(40, 0));
    assert_eq!(members.open_forks().count(), 0);
    assert_eq!(members.standing(&decision(&log, 2, 6)), Ok(Writer::Office(code(1))));
    members.compare_history(&log, held(4));
    assert_eq!(members.standing(&decision(&log, 2, 0)), Err(NotCounted::OtherHistory));
}

#[test]
fn s7_no_number_of_names_of_forks_sets_aside_what_their_histories_share() {
    let log = log_of(1, 1);
    let fork = |at: u64, shared| Fork::unproved(point(&log, 900 + at, 1), point(&log, 900 + at, 2), shared);
    let many = 2 * crate::limits::FORKS_PER_LOG_MAX as u64;
    let counts = |members: &Membership, index| members.standing(&decision(&log, 2, index)).is_ok();
    // Whoever has both histories of a clone makes names of them, with and without what they share.
    let mut members = after(&[Record::Enrol(enrol(1, 2))]);
    members.learn_fork(&fork(many, 50));
    (0..many).for_each(|at| members.learn_fork(&fork(at, 0)));
    assert!(counts(&members, 49) && !counts(&members, 50), "names that prove nothing push none out that proves something");
    (0..many).for_each(|at| members.learn_fork(&fork(many + at, 50)));
    assert!(counts(&members, 49) && !counts(&members, 50));
    // Whoever has the key hides no early fork behind late ones.
    (0..many).for_each(|at| members.learn_fork(&fork(3 * many + at, 800)));
    assert!(counts(&members, 49) && !counts(&members, 50), "the fork that shares least is kept");
    members.learn_fork(&fork(5 * many, 7));
    assert!(counts(&members, 6) && !counts(&members, 7));
}
