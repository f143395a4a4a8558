//! Roles and epochs: what each key of an office may say, and until where.

use super::*;

#[test]
fn mend_01_roles_that_are_taken_away_are_taken_away_in_every_epoch() {
    let (old, new) = (log_of(1, 1), log_of(1, 2));
    let both = Roles::CAPTURE.with(Roles::REVIEW);
    let first = Record::Enrol(Enrol { roles: both, ..enrol(1, 2) });
    let mut members = after(&[first.clone(), rotate(1, 3, 2, None)]);
    let demoted = |at: LogPoint| {
        let rotated = Enrol { epoch: 2, ..enrol(1, 3) };
        Record::Enrol(Enrol { recipient: "age2".into(), roles: Roles::CAPTURE, roles_from: Some(at), ..rotated })
    };
    assert_eq!(refusal(&members, &demoted(point(&new, 4, 9))), Some(EnrolError::HeldElsewhere(old.clone())), "the old key would review on");
    members.apply(&said(&demoted(point(&old, 7, 9)))).unwrap();
    assert_eq!(members.office(code(1)).unwrap().enrol.roles, both, "the current log is not touched by that");
    assert_eq!(members.standing(&decision(&old, 2, 6)), Ok(Writer::Office(code(1))));
    assert_eq!(members.standing(&decision(&old, 2, 7)), Err(NotCounted::RoleMissing));
    assert_eq!(members.standing(&decision(&new, 3, 9)), Ok(Writer::Office(code(1))));
    members.apply(&said(&demoted(point(&new, 4, 9)))).unwrap();
    assert_eq!(members.standing(&decision(&new, 3, 4)), Err(NotCounted::RoleMissing));
    assert_eq!(members.office(code(1)).unwrap().enrol.roles, Roles::CAPTURE);
    // Or the old log is ended.
    let mut ended = after(&[first, rotate(1, 3, 2, None), revoke(1, point(&old, 7, 9))]);
    ended.apply(&said(&demoted(point(&new, 4, 9)))).unwrap();
    assert_eq!(ended.open_beyond_of(1), 0);
}

#[test]
fn mend_02_an_epoch_is_the_one_after_the_last_and_has_two_digits() {
    let members = after(&[Record::Enrol(enrol(1, 2))]);
    for epoch in [0, 1, 3, 99, 100, u32::MAX] {
        assert_eq!(refusal(&members, &rotate(1, 3, epoch, None)), Some(EnrolError::NotTheNextEpoch(2)), "{epoch}");
    }
    let mut members = members;
    for epoch in 2..=EPOCH_MAX {
        members.apply(&said(&rotate(1, 1 + epoch as u8, epoch, None))).unwrap();
    }
    assert_eq!(refusal(&members, &rotate(1, 200, EPOCH_MAX + 1, None)), Some(EnrolError::NotTheNextEpoch(EPOCH_MAX + 1)));
    let beyond = Enrol { epoch: EPOCH_MAX + 1, ..enrol(2, 201) };
    assert!(refusal(&members, &Record::Enrol(beyond)).is_some(), "no receipt number could be made");
}

impl Membership {
    fn open_beyond_of(&self, number: u8) -> usize {
        let office = self.office(code(number)).unwrap();
        office.open_beyond(&office.grant()).len()
    }
}

/// What a province says of an office that it knows, so that most of it counts.
#[derive(Debug, Clone)]
struct Ruling {
    number: u8,
    kind: u8,
    roles: u32,
    region: bool,
    epoch: u32,
    size: u64,
}

/// The key of an office's epoch in these rulings.
fn seed_of(number: u8, epoch: u32) -> u8 {
    number * 100 + epoch as u8
}

impl Ruling {
    fn record(&self, members: &Membership) -> Record {
        let known = members.office(code(self.number)).map(|office| office.enrol.epoch);
        let epoch = known.unwrap_or(1);
        let named = point(&log_of(self.number, self.epoch.min(epoch)), self.size, 1);
        let region = self.region.then(|| "440300".to_owned());
        let enrol = Enrol { roles: Roles(self.roles), region, epoch, ..enrol(self.number, seed_of(self.number, epoch)) };
        match (known, self.kind) {
            (None, _) | (Some(_), 3) => Record::Enrol(enrol),
            (Some(_), 0 | 1) => rotate(self.number, seed_of(self.number, epoch + 1), epoch + 1, (self.size > 6).then_some(named)),
            (Some(_), 2) => revoke(self.number, named),
            (Some(_), _) => Record::Enrol(Enrol { roles_from: Some(named), ..enrol }),
        }
    }
}

fn any_ruling() -> impl Strategy<Value = Ruling> {
    (1_u8..3, 0_u8..10, 0_u32..4, any::<bool>(), 1_u32..4, 0_u64..8).prop_map(|(number, kind, roles, region, epoch, size)| Ruling {
        number,
        kind,
        roles,
        region,
        epoch,
        size,
    })
}

fn any_grant() -> impl Strategy<Value = Grant> {
    (0_u32..32, 0_usize..4, prop::option::of(prop::collection::vec("[ab]", 0..3))).prop_map(|(roles, region, documents)| {
        let region = [None, Some("440300"), Some("440000"), Some("440100")][region].map(str::to_owned);
        Grant::of(&Enrol { roles: Roles(roles), region, documents, ..enrol(1, 2) })
    })
}

proptest! {
    /// After every open log of an office was ended, whatever came before and comes after, no key that it ever had has an entry that counts
    /// beyond the named points, but for keys of epochs that the province gave it later.
    #[test]
    fn mend_01_after_a_revocation_no_key_of_the_office_counts_beyond_the_named_points(
        steps in prop::collection::vec(any_ruling(), 1..16),
        later in prop::collection::vec(any_ruling(), 0..8),
        (number, at, keep) in (1_u8..3, 0_u64..6, prop::option::of(1_u32..4)),
    ) {
        let mut members = Membership::new(province_log());
        steps.iter().for_each(|step| _ = members.apply(&said(&step.record(&members))));
        let Some(office) = members.office(code(number)).cloned() else { return Ok(()) };
        let kept = |origin: &Origin| keep.is_some_and(|keep| *origin == log_of(number, keep));
        let ends: Vec<LogPoint> = office.open_logs().filter(|origin| !kept(origin)).map(|origin| point(origin, at, 1)).collect();
        ends.iter().for_each(|end| members.apply(&said(&revoke(number, end.clone()))).unwrap());
        let known: Vec<Origin> = office.logs().filter(|origin| !kept(origin)).cloned().collect();
        later.iter().for_each(|step| _ = members.apply(&said(&step.record(&members))));
        for origin in known {
            let named = ends.iter().find(|end| end.origin == origin).map(|end| end.size).or(office.end_of(&origin)).unwrap();
            let (_, epoch) = origin.office_and_epoch().unwrap();
            let key = key(seed_of(number, epoch));
            prop_assert_eq!(members.verifier(&origin).unwrap().key(), key.public());
            for index in named..named + 3 {
                prop_assert!(members.standing(&decision(&origin, seed_of(number, epoch), index)).is_err(), "{origin} {index}");
            }
            prop_assert!(members.office_of(key.public()).is_none(), "its key opens no connection");
        }
    }

    /// What both of two grants allow is allowed by each.
    #[test]
    fn what_two_grants_share_is_covered_by_both(
        (one, other) in (any_grant(), any_grant()),
        (office, document) in (0_usize..4, 0_usize..3),
    ) {
        let both = one.within(&other);
        prop_assert!(one.covers(&both) && other.covers(&both), "{both:?}");
        let office = ["44030001", "44010001", "44000001", "45000001"][office].parse().unwrap();
        let document = [None, Some("a"), Some("b")][document];
        for (wide, narrow) in [(&one, &other), (&one, &both), (&other, &both)] {
            prop_assert!(!wide.covers(narrow) || !narrow.may_decide(office) || wide.may_decide(office));
            prop_assert!(!wide.covers(narrow) || !narrow.may_use(document) || wide.may_use(document));
        }
    }

    /// What an office may not do in its current log it may not do in any open log of before, beyond the points that were named.
    #[test]
    fn mend_01_no_epoch_of_before_allows_more_than_the_current_one(steps in prop::collection::vec(any_ruling(), 1..20)) {
        let mut members = Membership::new(province_log());
        for step in &steps {
            _ = members.apply(&said(&step.record(&members)));
            for number in 1..3 {
                prop_assert!(members.office(code(number)).is_none() || members.open_beyond_of(number) == 0, "after {step:?}");
            }
        }
    }
}
