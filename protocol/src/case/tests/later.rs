//! What happens to a case later: withdrawal, quarantine, use and revocation of its receipt, erasure.

use super::*;

impl World {
    pub(super) fn withdraws(&self, office: usize, submission: &Verified) -> Verified {
        let submission = submission.hash();
        self.says(office, Record::Withdrawn(Withdrawn { case: CASE, submission, reason: "x".into(), operator: 1, at_ms: 0 }))
    }
    fn issues_once(&self, office: usize, on: &Verified, decision: &Verified) -> Verified {
        let Record::ReceiptIssued(issued) = self.issues(office, on, decision).record().clone() else { unreachable!() };
        self.says(office, Record::ReceiptIssued(ReceiptIssued { usage: Some(Usage::Single), ..issued }))
    }
    fn uses(&self, office: usize, receipt: &Verified, reference: u8) -> Verified {
        let reference = BlobHash([reference; 32]);
        self.says(office, Record::ReceiptUsed(ReceiptUsed { case: CASE, receipt: receipt.hash(), reference, operator: 1, at_ms: 0 }))
    }
    fn revokes_receipt(&self, office: usize, receipt: &Verified) -> Verified {
        let receipt = receipt.hash();
        self.says(office, Record::ReceiptRevoked(ReceiptRevoked { case: CASE, receipt, reason: "x".into(), operator: 1, at_ms: 0 }))
    }
    pub(super) fn erases(&self, office: usize, submission: &Verified, payload: BlobHash, blobs: Vec<BlobHash>) -> Verified {
        let applicant = BlobHash([0; 32]);
        let submission = submission.hash();
        let reason = "retention".into();
        self.says(office, Record::Erased(Erased { case: CASE, submission, payload, blobs, applicant, reason, operator: 1, at_ms: 0 }))
    }
    fn consents(&self, office: usize, payload: u8) -> Verified {
        let (applicant, statement) = (BlobHash([0; 32]), BlobHash([1; 32]));
        let payload = Some(BlobHash([payload; 32]));
        self.says(office, Record::Consented(Consented { case: CASE, applicant, statement, payload, operator: 1, at_ms: 0 }))
    }
    /// The province ends the log of an office at a size.
    fn ends(&mut self, office: usize, size: u64) {
        let province = OfficeKey::from_seed(&[99; 32]);
        let upto = LogPoint { origin: self.origins[office].clone(), size, root: RecordHash([1; 32]) };
        let code = self.origins[office].office_and_epoch().unwrap().0;
        let revoke = Record::Revoke(Revoke { code, upto, reason: "x".into(), operator: 1, at_ms: 0 });
        let origin = Origin::province("demo.huizhi", 1).unwrap();
        self.members.apply(&Signed::sign(&origin, &province, &revoke).unwrap()).unwrap();
    }
    /// The log of an office is proved to have forked after `shared` entries.
    fn forks(&mut self, office: usize, shared: u64) -> [LogPoint; 2] {
        let point = |root| LogPoint { origin: self.origins[office].clone(), size: shared + 1, root: RecordHash([root; 32]) };
        let points = [point(1), point(2)];
        self.members.learn_fork(&Fork::unproved(points[0].clone(), points[1].clone(), shared));
        points
    }
    fn at(&self, record: &Verified, index: u64) -> Entry {
        Entry { index, ..self.entry(record) }
    }
}

fn verdict(case: Option<&Case>, receipt: &Verified, now: u64) -> String {
    let Record::ReceiptIssued(issued) = receipt.record() else { unreachable!() };
    let verdict = judge(receipt.hash(), issued, case, now);
    format!("{}{}", verdict.code(), if verdict.is_conflict() { " in conflict" } else { "" })
}

#[test]
fn mend_39_a_consent_counts_where_its_office_made_the_case_and_the_summary_tells_of_it() {
    let world = world();
    let (submitted, consent, foreign) = (world.submits(0, None), world.consents(0, 2), world.consents(4, 2));
    let without = world.fold(&[&submitted]).unwrap();
    let with = world.fold(&[&consent, &submitted, &foreign]).unwrap();
    assert_eq!(with.consents.iter().map(|by| by.hash).collect::<Vec<_>>(), [consent.hash()]);
    assert_eq!(with.refused, [foreign.hash()]);
    let alone = world.fold(&[&consent, &submitted]).unwrap();
    assert_ne!(alone.summary(), without.summary(), "two states that differ in a consent alone");
}

#[test]
fn a_withdrawal_counts_until_somebody_decides_and_never_undoes_an_approval() {
    let world = world();
    let submitted = world.submits(0, None);
    let withdrawn = world.withdraws(0, &submitted);
    assert_eq!(world.status(&[&withdrawn, &submitted]), Some(Status::Withdrawn));
    assert_eq!(world.status(&[&world.withdraws(4, &submitted), &submitted]), Some(Status::Submitted), "only its own office takes it back");
    for (verdict, status) in [(Verdict::Approve, Status::Approved), (Verdict::Return, Status::Returned)] {
        let decided = world.decides(1, &submitted, verdict, &[]);
        let case = world.fold(&[&withdrawn, &decided, &submitted]).unwrap();
        assert_eq!((case.status, &case.refused[..]), (status, &[withdrawn.hash()][..]));
    }
    let again = world.submits(0, Some(submitted.hash()));
    assert_eq!(world.status(&[&submitted, &withdrawn, &again]), Some(Status::Submitted));
}

#[test]
fn case_23_decisions_beyond_a_revocation_are_shown_and_not_weighed() {
    let mut world = world();
    let submitted = world.submits(0, None);
    let approved = world.decides(1, &submitted, Verdict::Approve, &[]);
    let receipt = world.issues(1, &submitted, &approved);
    world.ends(1, 7);
    let fold = |index| fold(CASE, &[world.at(&submitted, 0), world.at(&approved, index), world.at(&receipt, 0)], &world.members).unwrap();
    assert_eq!((fold(6).status, fold(6).receipts.len(), fold(6).quarantined.len()), (Status::Approved, 1, 0));
    let late = fold(7);
    assert_eq!(late.status, Status::Submitted);
    assert_eq!(late.quarantined, BTreeMap::from([(approved.hash(), NotCounted::AfterEnd(7))]));
    assert_eq!(verdict(Some(&late), &receipt, 0), "invalid");
    let Record::ReceiptIssued(issued) = receipt.record() else { unreachable!() };
    let reason = judge(receipt.hash(), issued, Some(&late), 0);
    assert_eq!(reason, ReceiptVerdict::Invalid(Invalid::Quarantined(NotCounted::AfterEnd(7))));
}

#[test]
fn case_12_what_lies_beyond_a_fork_weighs_nothing_until_that_fork_is_adjudicated() {
    let mut world = world();
    let submitted = world.submits(0, None);
    let approved = world.decides(1, &submitted, Verdict::Approve, &[]);
    let returned = world.decides(1, &submitted, Verdict::Return, &[&approved]);
    let entries = [world.at(&submitted, 0), world.at(&approved, 2), world.at(&returned, 3)];
    let [one, other] = world.forks(1, 3);
    let case = fold(CASE, &entries, &world.members).unwrap();
    assert_eq!(case.status, Status::Approved, "what both histories share stands");
    assert_eq!(case.quarantined, BTreeMap::from([(returned.hash(), NotCounted::BeyondFork(3))]));
    let (province, origin) = (OfficeKey::from_seed(&[99; 32]), Origin::province("demo.huizhi", 1).unwrap());
    let stands = LogPoint { size: 9, ..one.clone() };
    let said = Record::Adjudicated(Adjudicated { one, other, stands, operator: 1, at_ms: 0 });
    world.members.apply(&Signed::sign(&origin, &province, &said).unwrap()).unwrap();
    world.members.compare_history(&world.origins[1], |size| (size <= 9).then_some([1; 32]));
    let case = fold(CASE, &entries, &world.members).unwrap();
    assert_eq!((case.status, case.quarantined.len()), (Status::Conflict, 0), "both count again, and contradict each other");
}

#[test]
fn the_same_bytes_before_and_after_an_end_count_once() {
    let mut world = world();
    world.ends(0, 3);
    let submitted = world.submits(0, None);
    for order in [[2, 5], [5, 2]] {
        let case = fold(CASE, &order.map(|index| world.at(&submitted, index)), &world.members).unwrap();
        assert_eq!((case.submissions.len(), case.quarantined.len()), (1, 0));
    }
    // Both set aside, for two reasons: one of them is told, in any order the same.
    let other = world.submits_photo(0, None, BlobHash([9; 32]));
    world.forks(0, 1);
    let told = [[2, 5], [5, 2]].map(|order| {
        let entries = [world.at(&submitted, order[0]), world.at(&submitted, order[1]), world.at(&other, 0)];
        fold(CASE, &entries, &world.members).unwrap().quarantined
    });
    assert_eq!(told[0], told[1]);
}

#[test]
fn case_08_a_receipt_with_the_number_of_another_place_does_not_stand() {
    let world = world();
    let submitted = world.submits(0, None);
    let approved = world.decides(1, &submitted, Verdict::Approve, &[]);
    let receipt = world.issues(1, &submitted, &approved);
    let entries = |index| [world.at(&submitted, 0), world.at(&approved, 0), world.at(&receipt, index)];
    assert_eq!(fold(CASE, &entries(0), &world.members).unwrap().receipts.len(), 1);
    let moved = fold(CASE, &entries(1), &world.members).unwrap();
    assert_eq!((moved.receipts.len(), &moved.refused[..]), (0, &[receipt.hash()][..]));
}

#[test]
fn mend_61_a_receipt_that_differs_from_its_submission_in_one_field_does_not_stand() {
    let world = world();
    let submitted = world.submits(0, None);
    let approved = world.decides(1, &submitted, Verdict::Approve, &[]);
    let Record::ReceiptIssued(genuine) = world.issues(1, &submitted, &approved).record().clone() else { unreachable!() };
    let stands = |change: &dyn Fn(&mut ReceiptIssued)| {
        let mut said = genuine.clone();
        change(&mut said);
        let receipt = world.says(1, Record::ReceiptIssued(said));
        let case = world.fold(&[&submitted, &approved, &receipt]).unwrap();
        assert_eq!(case.receipts.is_empty(), case.refused == [receipt.hash()]);
        !case.receipts.is_empty()
    };
    assert!(stands(&|_| {}));
    let other = BlobHash([9; 32]);
    assert!(!stands(&|said| said.spec = SpecHash([9; 32])), "spec");
    assert!(!stands(&|said| said.photo = other), "photo");
    assert!(!stands(&|said| said.applicant = other), "applicant");
    assert!(!stands(&|said| said.captured_by = "44030004".parse().unwrap()), "captured by");
    assert!(!stands(&|said| said.submission = approved.hash()), "submission");
    assert!(!stands(&|said| said.decision = submitted.hash()), "decision");
    assert!(!stands(&|said| (said.submission, said.decision) = (said.decision, said.submission)), "both swapped");
    // Nor does one that rests on a return, or on an approval of another submission.
    let returned = world.decides(1, &submitted, Verdict::Return, &[]);
    let receipt = world.issues(1, &submitted, &returned);
    assert!(world.fold(&[&submitted, &returned, &receipt]).unwrap().receipts.is_empty());
    let both = [&submitted, &approved, &returned];
    assert!(world.fold(&[&both[..], &[&receipt]].concat()).unwrap().receipts.is_empty());
}

#[test]
fn a_receipt_is_valid_expired_used_revoked_unknown_or_invalid() {
    let world = world();
    let submitted = world.submits(0, None);
    let approved = world.decides(1, &submitted, Verdict::Approve, &[]);
    let (many, once) = (world.issues(1, &submitted, &approved), world.issues_once(1, &submitted, &approved));
    let base = [&submitted, &approved, &many, &once];
    let with = |more: &[&Verified]| world.fold(&[&base[..], more].concat());
    let standing = with(&[]);
    for receipt in [&many, &once] {
        assert_eq!(verdict(standing.as_ref(), receipt, 0), "valid");
        assert_eq!(verdict(standing.as_ref(), receipt, 1), "expired", "the end of validity is exclusive");
        assert_eq!(verdict(None, receipt, 0), "unknown_here");
        assert_eq!(verdict(world.fold(&[&submitted]).as_ref(), receipt, 0), "unknown_here", "its decision has not arrived");
        let earlier = world.submits_photo(0, None, BlobHash([9; 32]));
        assert_eq!(verdict(world.fold(&[&earlier, &approved, receipt]).as_ref(), receipt, 0), "unknown_here", "its submission has not");
    }
    // Used: the repeated one goes on, the single one does not, and two offices at once are both seen.
    let (here, there, other) = (world.uses(5, &once, 1), world.uses(6, &once, 2), world.uses(5, &many, 3));
    let used = with(&[&here, &other]);
    assert_eq!((verdict(used.as_ref(), &once, 0), verdict(used.as_ref(), &many, 0)), ("used".into(), "valid".into()));
    let both = with(&[&there, &other, &here, &here]).unwrap();
    assert_eq!(verdict(Some(&both), &once, 0), "used in conflict");
    assert_eq!(both.uses.len(), 3, "each use is kept once");
    let by_counter = world.uses(0, &once, 1);
    assert_eq!(verdict(with(&[&by_counter]).as_ref(), &once, 0), "valid", "only an office that makes documents uses one up");
    // Revoked by its issuer, and by no office that used it or only decides.
    for (revoked, expected) in [
        (with(&[&world.revokes_receipt(1, &once)]), "valid_later_revoked"),
        (with(&[&world.revokes_receipt(5, &once), &here]), "used"),
        (with(&[&world.revokes_receipt(5, &once)]), "valid"),
        (with(&[&world.revokes_receipt(2, &once)]), "valid"),
        (with(&[&world.revokes_receipt(0, &once)]), "valid"),
    ] {
        assert_eq!(verdict(revoked.as_ref(), &once, 0), expected);
        assert_eq!(verdict(revoked.as_ref(), &many, 0), "valid", "the other receipt is not touched");
    }
    // Two approvals, of which a later decision resolved one: both papers stand, for one use between them.
    let returned = world.decides(2, &submitted, Verdict::Return, &[]);
    let again = world.decides(2, &submitted, Verdict::Approve, &[&approved, &returned]);
    let second = world.issues_once(2, &submitted, &again);
    let decided = with(&[&returned, &again, &second]);
    assert_eq!((verdict(decided.as_ref(), &once, 0), verdict(decided.as_ref(), &second, 0)), ("valid".into(), "valid".into()));
    let used = with(&[&returned, &again, &second, &here, &other]);
    assert_eq!((verdict(used.as_ref(), &once, 0), verdict(used.as_ref(), &second, 0)), ("used".into(), "used".into()));
    assert_eq!(verdict(used.as_ref(), &many, 0), "valid");
    // Invalid: a conflict, or a receipt by somebody who did not approve.
    let returned = world.decides(2, &submitted, Verdict::Return, &[]);
    let disputed = with(&[&returned]);
    assert_eq!(verdict(disputed.as_ref(), &once, 0), "invalid");
    let Record::ReceiptIssued(issued) = once.record() else { unreachable!() };
    assert_eq!(judge(once.hash(), issued, disputed.as_ref(), 0), ReceiptVerdict::Invalid(Invalid::Disputed));
    let forged = world.issues(2, &submitted, &approved);
    assert_eq!(verdict(with(&[&forged]).as_ref(), &forged, 0), "invalid");
    let by_counter = world.decides(0, &submitted, Verdict::Approve, &[]);
    let rests_on_nothing = world.issues(0, &submitted, &by_counter);
    assert_eq!(verdict(with(&[&by_counter, &rests_on_nothing]).as_ref(), &rests_on_nothing, 0), "invalid");
}

#[test]
fn an_erasure_is_told_by_who_captured_and_its_blobs_are_given_to_nobody() {
    let world = world();
    let (photo, original) = (BlobHash([0; 32]), BlobHash([7; 32]));
    let submitted = world.submits_photo(0, None, original);
    let erased = world.erases(0, &submitted, photo, vec![original]);
    let code = |office: usize| world.origins[office].office_and_epoch().unwrap().0;
    let may = |case: &Case, office: usize, role| access::may_have([case], original, code(office), &Grant::everywhere(role), 0);
    let case = world.fold(&[&submitted]).unwrap();
    assert!(may(&case, 1, Roles::REVIEW) && may(&case, 0, Roles::CAPTURE));
    let case = world.fold(&[&erased, &submitted]).unwrap();
    assert!(case.is_erased(original) && case.erased.len() == 1);
    assert!(!may(&case, 1, Roles::REVIEW) && !may(&case, 0, Roles::CAPTURE));
    assert_eq!(case.status, Status::Submitted, "the log still tells what was done");
    // Not another office, not other data; and nobody erases what another submitted too.
    let foreign = world.fold(&[&submitted, &world.erases(4, &submitted, photo, vec![])]).unwrap();
    let other_data = world.fold(&[&submitted, &world.erases(0, &submitted, photo, vec![BlobHash([8; 32])])]).unwrap();
    for case in [foreign, other_data] {
        assert_eq!((case.erased.len(), case.refused.len()), (0, 1));
    }
    let copied = world.submits_photo(4, None, original);
    let attack = world.fold(&[&submitted, &copied, &world.erases(4, &copied, photo, vec![original])]).unwrap();
    assert!(!attack.is_erased(original) && may(&attack, 1, Roles::REVIEW));
}

#[test]
fn mend_22_the_photo_of_a_receipt_goes_to_offices_that_make_documents_while_it_is_valid() {
    let world = world();
    let submitted = world.submits(0, None);
    let approved = world.decides(1, &submitted, Verdict::Approve, &[]);
    let issued = world.issues_once(1, &submitted, &approved);
    let Record::ReceiptIssued(said) = issued.record() else { unreachable!() };
    let code = |office: usize| world.origins[office].office_and_epoch().unwrap().0;
    let may = |records: &[&Verified], role, now| {
        let case = world.fold(records).unwrap();
        access::may_have([&case], case.current.said.photo, code(5), &Grant::everywhere(role), now)
    };
    let standing = [&submitted, &approved, &issued];
    assert!(may(&standing, Roles::DOCUMENT, 0) && may(&standing, Roles::DOCUMENT, said.valid_until_ms - 1));
    for role in [Roles::CAPTURE, Roles::ARCHIVE, Roles::ADMIN] {
        assert!(!may(&standing, role, 0), "{role:?}");
    }
    assert!(!may(&standing[..2], Roles::DOCUMENT, 0), "no receipt");
    assert!(!may(&standing, Roles::DOCUMENT, said.valid_until_ms), "expired");
    let revoked = world.revokes_receipt(1, &issued);
    assert!(!may(&[&submitted, &approved, &issued, &revoked], Roles::DOCUMENT, 0), "revoked");
    let used = world.uses(5, &issued, 0);
    let case = world.fold(&[&submitted, &approved, &issued, &used]).unwrap();
    assert!(case.uses.len() == 1 && !may(&[&submitted, &approved, &issued, &used], Roles::DOCUMENT, 0), "used up");
}

proptest! {
    /// Every kind that has a part in a case, at any position, partly beyond the end of its log: any order and duplication give one state.
    #[test]
    fn any_order_of_everything_gives_the_same_state(
        steps in prop::collection::vec((0_usize..9, 0_usize..7, any::<prop::sample::Index>(), any::<bool>(), 0_u64..6), 0..16),
        ends in prop::collection::vec((0_usize..7, 0_u64..6, any::<bool>()), 0..4),
        shuffle in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let mut world = world();
        for (office, size, fork) in ends {
            if fork {
                world.forks(office, size);
            } else if office != 3 {
                world.ends(office, size);
            }
        }
        let mut records = vec![world.submits(0, None)];
        let mut entries = vec![world.at(&records[0], 0)];
        for (kind, office, pick, flag, index) in steps {
            let on = pick.get(&records).clone();
            let record = match kind {
                // Mostly by the office whose case it is.
                0 => world.submits(if index < 4 { 0 } else { office }, flag.then(|| on.hash())),
                1 | 2 => world.decides(office, &on, if flag { Verdict::Approve } else { Verdict::Return }, &[&on]),
                3 => world.issues_once(office, &records[0], &on),
                4 => world.uses(office, &on, u8::from(flag)),
                5 => world.revokes_receipt(office, &on),
                6 => world.withdraws(office, &on),
                7 => world.consents(office, u8::from(flag)),
                _ => world.erases(office, &on, BlobHash([0; 32]), vec![]),
            };
            entries.push(world.at(&record, if kind == 3 { 0 } else { index }));
            // The same bytes may stand a second time.
            entries.push(world.at(&record, 5 - index));
            records.push(record);
        }
        let mut mixed: Vec<&Entry> = shuffle.iter().map(|pick| pick.get(&entries)).collect();
        mixed.extend(entries.iter().rev());
        let (straight, mixed) = (fold(CASE, &entries, &world.members), fold(CASE, mixed, &world.members));
        prop_assert_eq!(&straight, &mixed);
        prop_assert_eq!(straight.as_ref().map(Case::summary), mixed.as_ref().map(Case::summary));
        for record in &records {
            if let Record::ReceiptIssued(issued) = record.record() {
                let judged = judge(record.hash(), issued, straight.as_ref(), 0);
                prop_assert_eq!(&judged, &judge(record.hash(), issued, mixed.as_ref(), 0));
                // Before anything else arrived it is unknown, and never called anything else.
                prop_assert_eq!(judge(record.hash(), issued, None, 0), ReceiptVerdict::UnknownHere);
            }
        }
    }
}
