//! Who may say what about a case: by role, region and document at the position where it is said. What anybody else says never weighs.

use super::*;
use crate::record::UseAnnulled;

/// As [`world`], but 2 reviews for another city only, 4 is the province's own office, 5 makes passports only and 6 every document.
fn regions() -> World {
    world_where(|index, enrol| match index {
        1 => enrol.region = Some("440300".into()),
        2 => enrol.region = Some("440100".into()),
        4 => enrol.roles = Roles::ADMIN,
        5 => enrol.documents = Some(vec!["cn-passport".into()]),
        _ => {}
    })
}

impl World {
    fn issues_document(&self, office: usize, on: &Verified, decision: &Verified, document: Option<&str>) -> Verified {
        let Record::ReceiptIssued(issued) = self.issues(office, on, decision).record().clone() else { unreachable!() };
        let document = document.map(str::to_owned);
        self.says(office, Record::ReceiptIssued(ReceiptIssued { usage: Some(Usage::Single), document, valid_until_ms: 9, ..issued }))
    }
    fn used(&self, office: usize, receipt: &Verified) -> Verified {
        let reference = BlobHash([office as u8; 32]);
        self.says(office, Record::ReceiptUsed(ReceiptUsed { case: CASE, receipt: receipt.hash(), reference, operator: 1, at_ms: 0 }))
    }
    fn revoked(&self, office: usize, receipt: &Verified) -> Verified {
        let receipt = receipt.hash();
        self.says(office, Record::ReceiptRevoked(ReceiptRevoked { case: CASE, receipt, reason: "x".into(), operator: 1, at_ms: 0 }))
    }
    fn annuls(&self, office: usize, used: &Verified) -> Verified {
        let used = used.hash();
        self.says(office, Record::UseAnnulled(UseAnnulled { case: CASE, used, reason: "x".into(), operator: 1, at_ms: 0 }))
    }
}

fn code_of(case: &Case, receipt: &Verified) -> &'static str {
    let Record::ReceiptIssued(issued) = receipt.record() else { unreachable!() };
    judge(receipt.hash(), issued, Some(case), 0).code()
}

/// A case of office 0 that office 1 approved, with its receipt.
fn approved(world: &World, document: Option<&str>) -> [Verified; 3] {
    let submitted = world.submits(0, None);
    let approval = world.decides(1, &submitted, Verdict::Approve, &[]);
    let receipt = world.issues_document(1, &submitted, &approval, document);
    [submitted, approval, receipt]
}

#[test]
fn mend_06_a_decision_of_another_region_never_weighs() {
    let world = regions();
    let [submitted, approval, receipt] = approved(&world, None);
    let returned = world.decides(2, &submitted, Verdict::Return, &[&approval]);
    let again = world.decides(2, &submitted, Verdict::Return, &[&approval, &returned]);
    let note = world.notes(2, BlobHash([7; 32]));
    let case = world.fold(&[&submitted, &approval, &receipt, &returned, &again, &note]).unwrap();
    assert_eq!((case.status, code_of(&case, &receipt)), (Status::Approved, "valid"));
    assert_eq!(case.refused.len(), 3, "kept and shown");
    assert_eq!(world.status(&[&submitted, &world.decides(2, &submitted, Verdict::Approve, &[])]), Some(Status::Submitted));
    // Without regions, and in one's own, all goes on as before.
    let everywhere = super::world();
    let [submitted, approval, _] = approved(&everywhere, None);
    let returned = everywhere.decides(2, &submitted, Verdict::Return, &[&approval]);
    assert_eq!(everywhere.status(&[&submitted, &approval, &returned]), Some(Status::Conflict));
}

#[test]
fn mend_06_a_region_holds_from_a_position_of_the_log_on() {
    let mut world = super::world();
    let province = OfficeKey::from_seed(&[99; 32]);
    let origin = Origin::province("demo.huizhi", 1).unwrap();
    let known = world.members.office("44030001".parse().unwrap()).unwrap().enrol.clone();
    let upto = LogPoint { origin: world.origins[1].clone(), size: 5, root: RecordHash([1; 32]) };
    let moved = Enrol { region: Some("440100".into()), roles_from: Some(upto), ..known.clone() };
    let unnamed = Enrol { roles_from: None, ..moved.clone() };
    let signed = |enrol| Signed::sign(&origin, &province, &Record::Enrol(enrol)).unwrap();
    assert!(world.members.apply(&signed(unnamed)).is_err(), "what was decided before would count no longer");
    let before = world.members.standing_digest(&world.origins[1]);
    world.members.apply(&signed(moved)).unwrap();
    assert_ne!(world.members.standing_digest(&world.origins[1]), before, "its cases are folded anew");
    let submitted = world.submits(0, None);
    let approval = world.decides(1, &submitted, Verdict::Approve, &[]);
    for (index, status) in [(4, Status::Approved), (5, Status::Submitted)] {
        let entries = [world.entry(&submitted), Entry { index, ..world.entry(&approval) }];
        assert_eq!(fold(CASE, &entries, &world.members).unwrap().status, status, "at {index}");
    }
}

#[test]
fn mend_06_a_return_by_who_knew_of_the_approval_counts_only_if_it_names_it() {
    let world = super::world();
    let [submitted, approval, receipt] = approved(&world, None);
    let at = |record: &Verified, index| Entry { index, ..world.entry(record) };
    let fold = |entries: &[Entry]| fold(CASE, entries, &world.members).unwrap();
    let ours = [at(&submitted, 0), at(&approval, 0), at(&receipt, 0)];
    // The office that approved, later in its own log.
    let own = world.decides(1, &submitted, Verdict::Return, &[]);
    let case = fold(&[&ours[..], &[at(&own, 1)]].concat());
    assert_eq!((case.status, &case.refused[..]), (Status::Approved, &[own.hash()][..]));
    // Another one: it did not know, or its own log shows that it did.
    let (blind, named) = (world.decides(2, &submitted, Verdict::Return, &[]), world.decides(2, &submitted, Verdict::Return, &[&approval]));
    assert_eq!(fold(&[&ours[..], &[at(&blind, 4)]].concat()).status, Status::Conflict, "hard case 1");
    let knew = at(&world.decides(2, &submitted, Verdict::Approve, &[&approval]), 3);
    assert_eq!(fold(&[&ours[..], &[knew.clone(), at(&blind, 4)]].concat()).status, Status::Approved);
    assert_eq!(fold(&[&ours[..], &[knew.clone(), at(&blind, 2)]].concat()).status, Status::Conflict, "it knew later only");
    assert_eq!(fold(&[&ours[..], &[knew, at(&named, 4)]].concat()).status, Status::Approved, "its own approval is not named");
    assert_eq!(fold(&[&ours[..], &[at(&named, 4)]].concat()).status, Status::Conflict);
}

#[test]
fn mend_06_a_receipt_is_used_by_who_makes_the_document_and_a_use_is_taken_back_by_its_user_alone() {
    let world = regions();
    for (document, passports, all) in
        [(Some("cn-id-card"), "valid", "used"), (Some("cn-passport"), "used", "used"), (None, "valid", "used")]
    {
        let [submitted, approval, receipt] = approved(&world, document);
        let with = |more: &[&Verified]| world.fold(&[&[&submitted, &approval, &receipt], more].concat()).unwrap();
        for (office, expected) in [(5, passports), (6, all), (0, "valid"), (1, "valid")] {
            let case = with(&[&world.used(office, &receipt)]);
            assert_eq!(code_of(&case, &receipt), expected, "{document:?} at office {office}");
        }
        // Of who may not use it nothing is left to take back or to revoke with.
        let used = world.used(6, &receipt);
        assert_eq!(code_of(&with(&[&used, &world.revoked(6, &receipt)]), &receipt), "used", "a user does not revoke");
        for (office, expected) in [(6, "valid"), (1, "valid"), (4, "valid"), (5, "used"), (2, "used"), (0, "used")] {
            let case = with(&[&used, &world.annuls(office, &used)]);
            assert_eq!(code_of(&case, &receipt), expected, "annulled by office {office}");
            assert_eq!(case.uses.len(), 1, "shown all the same");
        }
        for (office, expected) in [(1, "valid_later_revoked"), (4, "valid_later_revoked"), (2, "valid"), (0, "valid"), (6, "valid")] {
            assert_eq!(code_of(&with(&[&world.revoked(office, &receipt)]), &receipt), expected, "revoked by office {office}");
        }
    }
}

proptest! {
    /// Whatever offices say that are not in charge, in whatever number: the state is the one without them, but for what is refused.
    #[test]
    fn mend_06_what_others_say_changes_nothing_but_the_list_of_what_is_refused(
        steps in prop::collection::vec((0_usize..11, any::<bool>(), any::<u8>()), 0..16),
        approve in any::<bool>(),
    ) {
        let world = regions();
        let [submitted, approval, receipt] = approved(&world, Some("cn-id-card"));
        let returned = world.decides(1, &submitted, Verdict::Return, &[]);
        let ours = if approve { vec![&submitted, &approval, &receipt] } else { vec![&submitted, &returned] };
        let mut theirs: Vec<Verified> = Vec::new();
        for (kind, flag, pick) in steps {
            let submission = theirs.iter().filter(|record| matches!(record.record(), Record::Submitted(_))).nth(usize::from(pick) % 3);
            let submission = submission.unwrap_or(&submitted);
            let known: Vec<&Verified> = theirs.iter().chain([&approval, &returned]).filter(|record| matches!(record.record(), Record::Decided(_))).collect();
            let resolves: Vec<&Verified> = known.into_iter().enumerate().filter(|(at, _)| pick >> (at % 8) & 1 == 1).map(|(_, record)| record).collect();
            let verdict = if flag { Verdict::Approve } else { Verdict::Return };
            let record = match kind {
                0 => world.decides(2, &submitted, verdict, &resolves),
                1 => world.decides(5, &submitted, verdict, &resolves),
                2 => world.used(5, &receipt),
                3 => world.revoked(if flag { 2 } else { 5 }, &receipt),
                4 => world.annuls(2, theirs.last().unwrap_or(&receipt)),
                // Another capturing office takes part in the case, and decides on that itself.
                5 => world.submits_photo(7, flag.then(|| submission.hash()), BlobHash([pick; 32])),
                6 => world.decides(7, submission, verdict, &resolves),
                7 => world.withdraws(7, submission),
                8 => world.erases(7, submission, BlobHash([0; 32]), vec![]),
                9 => world.notes(7, BlobHash([pick; 32])),
                _ => world.issues_document(2, &submitted, theirs.last().unwrap_or(&approval), None),
            };
            theirs.push(record);
        }
        let mut with = world.fold(&ours.iter().copied().chain(&theirs).collect::<Vec<_>>()).unwrap();
        let without = world.fold(&ours).unwrap();
        with.refused.retain(|hash| !theirs.iter().any(|record| record.hash() == *hash));
        prop_assert_eq!(with, without);
    }
}

#[test]
fn s2_blobs_go_to_who_decides_there_and_photos_to_who_makes_that_document() {
    let world = regions();
    let [submitted, approval, receipt] = approved(&world, Some("cn-visa"));
    let note = world.notes(1, BlobHash([5; 32]));
    let case = world.fold(&[&submitted, &approval, &receipt, &note]).unwrap();
    let may = |office: usize, blob| {
        let code = world.origins[office].office_and_epoch().unwrap().0;
        access::may_have([&case], blob, code, &world.members.office(code).unwrap().grant(), 0)
    };
    let said = &case.current.said;
    for blob in [said.photo, said.original, said.payload] {
        assert!(may(1, blob), "in charge");
        assert!(!may(2, blob), "in charge of another city");
    }
    assert!(!may(2, BlobHash([5; 32])), "nor its notes");
    assert!(may(6, said.photo) && !may(5, said.photo), "5 makes passports only");
}

#[test]
fn s1_only_the_office_that_made_the_case_submits_into_it() {
    let world = regions();
    let [submitted, approval, receipt] = approved(&world, None);
    // Any number, so that some hash is smaller than that of the genuine one.
    for photo in 0..8 {
        for supersedes in [None, Some(submitted.hash())] {
            let theirs = world.submits_photo(7, supersedes, BlobHash([photo; 32]));
            let its_own = world.decides(7, &theirs, Verdict::Approve, &[]);
            let waiting = world.fold(&[&submitted, &theirs]).unwrap();
            assert_eq!((waiting.status, waiting.current.hash), (Status::Submitted, submitted.hash()), "frozen or taken over");
            assert_eq!(waiting.refused, [theirs.hash()], "kept and shown");
            let case = world.fold(&[&submitted, &theirs, &its_own]).unwrap();
            assert_eq!((case.status, case.current.hash), (Status::Submitted, submitted.hash()));
            let case = world.fold(&[&submitted, &approval, &receipt, &theirs, &its_own]).unwrap();
            assert_eq!((case.status, code_of(&case, &receipt)), (Status::Approved, "valid"));
        }
    }
    assert_eq!(world.fold(&[&world.submits(7, None)]), None, "nor does it begin one under another office's name");
}
