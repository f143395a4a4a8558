//! What is kept of cases on disk: in whatever order records and roles arrive, and wherever the node stops, it is what a replay gives.

use super::*;
use crate::{
    service::{
        Learned,
        receipts::{Answer, look_up},
    },
    store::{STATUSES, Walk},
};
use proptest::prelude::*;
use protocol::{case::Status, log::ForkProof, receipt::ReceiptNumber};

const CASES: u8 = 6;

/// An office of the federation that is not the one under test, with everything that it will ever sign.
struct Other {
    enrol: Enrol,
    origin: Origin,
    key: OfficeKey,
    records: Vec<Verified>,
}

impl Other {
    fn new(number: u8, roles: Roles) -> Self {
        let key = OfficeKey::from_seed(&[number; 32]);
        let code: OfficeCode = format!("4403000{number}").parse().unwrap();
        let origin = Origin::office("test.huizhi", code, 1).unwrap();
        let enrol = Enrol {
            code,
            name: "other".into(),
            key: key.public(),
            recipient: "age1".into(),
            roles,
            epoch: 1,
            at_ms: 0,
            witness: None,
            region: None,
            roles_from: None,
            documents: None,
        };
        Self { enrol, origin, key, records: Vec::new() }
    }
    fn says(&mut self, record: &Record) -> RecordHash {
        let signed = Signed::sign(&self.origin, &self.key, record).unwrap();
        self.records.push(signed);
        self.records[self.records.len() - 1].hash()
    }
    fn point(&self, size: usize) -> LogPoint {
        let mut edge = merkle::Edge::default();
        self.records[..size].iter().for_each(|record| edge.append(record.hash().0, |_, _, _| {}));
        LogPoint { origin: self.origin.clone(), size: size as u64, root: RecordHash(edge.root()) }
    }
    /// The entries up to `end` behind what the office holds, under a checkpoint of the first `signed`.
    fn package(&self, office: &Office, end: usize, signed: usize) -> Package {
        self.package_from(office.store.head(&self.origin).size, end, signed)
    }
    fn package_from(&self, start: u64, end: usize, signed: usize) -> Package {
        let LogPoint { origin, size, root } = self.point(signed);
        let checkpoint = Checkpoint { origin, size, root: root.0 }.sign(&self.key).note().to_owned();
        let entries = self.records[start as usize..end].iter().map(|record| record.bytes().to_vec().into()).collect();
        let Ok(proof) = merkle::consistency_proof(self, end as u64, size);
        Package { start, entries, checkpoint, proof: proof.into_iter().map(Into::into).collect() }
    }
}

impl merkle::Subtrees for Other {
    type Error = std::convert::Infallible;
    fn subtree(&self, level: u8, index: u64) -> Result<merkle::Hash, Self::Error> {
        let start = (index << level) as usize;
        let mut edge = merkle::Edge::default();
        self.records[start..start + (1 << level)].iter().for_each(|record| edge.append(record.hash().0, |_, _, _| {}));
        Ok(edge.root())
    }
}

/// Two offices capture, one of them into cases of the other too, which does not count; one reviews. The reviewer loses the role, the second capturer is revoked.
fn world() -> (Vec<Other>, Vec<Record>) {
    let (mut a, mut b, mut c) = (Other::new(2, Roles::CAPTURE), Other::new(3, Roles::REVIEW), Other::new(4, Roles::CAPTURE));
    for case in 0..CASES {
        let Record::Submitted(said) = submitted(case_of(2, case)) else { unreachable!() };
        let submission = a.says(&Record::Submitted(Submitted { at_ms: u64::from(case % 3), ..said.clone() }));
        if case % 2 == 0 {
            let number = case / 2 + CASES - 2;
            let foreign = number < CASES;
            c.says(&Record::Submitted(Submitted { case: case_of(if foreign { 2 } else { 4 }, number), ..said }));
        }
        let verdict = if case % 3 == 0 { Verdict::Return } else { Verdict::Approve };
        let case = case_of(2, case);
        b.says(&Record::Decided(Decided { case, submission, verdict, reasons: vec![], resolves: vec![], operator: 1, at_ms: 0 }));
    }
    let upto = c.point(1);
    let province = vec![
        Record::Enrol(a.enrol.clone()),
        Record::Enrol(b.enrol.clone()),
        Record::Enrol(c.enrol.clone()),
        Record::Enrol(Enrol { roles: Roles::ARCHIVE, roles_from: Some(b.point(3)), ..b.enrol.clone() }),
        Record::Revoke(Revoke { code: c.enrol.code, upto, reason: "key_stolen".into(), operator: 1, at_ms: 0 }),
    ];
    (vec![a, b, c], province)
}

#[derive(Debug, Clone)]
enum Step {
    /// Of a log, so many entries; with the checkpoint of the whole log, or of these.
    Deliver(usize, usize, bool),
    /// Of a log, so many packages of one entry at one time, the last with the checkpoint of these.
    Ahead(usize, usize),
    Province,
    Reopen,
    Settle(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3_usize, 1..4_usize, any::<bool>()).prop_map(|(log, count, behind)| Step::Deliver(log, count, behind)),
        2 => (0..3_usize, 1..4_usize).prop_map(|(log, count)| Step::Ahead(log, count)),
        2 => Just(Step::Province),
        1 => Just(Step::Reopen),
        1 => (1..4_usize).prop_map(Step::Settle),
    ];
    prop::collection::vec(step, 0..24)
}

fn settle(office: &Office) {
    while !office.settle(3).unwrap() {}
}

fn play(steps: &[Step]) -> (testing::Home, Office) {
    let (others, province) = world();
    let home = testing::Home::new();
    let mut office = home.open();
    let mut said = province.iter();
    for step in steps {
        match step {
            Step::Deliver(log, count, behind) => {
                let (log, whole) = (&others[*log], others[*log].records.len());
                let end = (office.store.head(&log.origin).size as usize + count).min(whole);
                // Refused while the office is not enrolled; it comes later then.
                let _ = office.ingest(&log.origin, log.package(&office, end, if *behind { whole } else { end })).unwrap();
            }
            Step::Ahead(log, count) => {
                let (log, whole) = (&others[*log], others[*log].records.len());
                let start = office.store.head(&log.origin).size as usize;
                let end = (start + count).min(whole);
                let packages = (start..end).map(|at| log.package_from(at as u64, at + 1, end)).collect();
                let _ = office.ingest_all(&log.origin, packages).unwrap();
            }
            Step::Province => said.by_ref().take(1).for_each(|record| _ = office.append_province(record).unwrap()),
            Step::Reopen => {
                drop(office);
                office = home.open();
            }
            Step::Settle(max) => _ = office.settle(*max).unwrap(),
        }
    }
    said.for_each(|record| _ = office.append_province(record).unwrap());
    for other in &others {
        if office.store.head(&other.origin).size < other.records.len() as u64 {
            office.ingest(&other.origin, other.package(&office, other.records.len(), other.records.len())).unwrap().unwrap();
        }
    }
    (home, office)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_order_with_roles_and_restarts_between_keeps_what_a_replay_gives(steps in steps()) {
        let (_home, office) = play(&steps);
        while office.index_more().unwrap().is_some() {}
        // Shown is what is exact, whatever waits to be folded.
        let exact: Vec<_> = office.cases().unwrap().iter().map(|case| (case.id, case.status)).collect();
        settle(&office);
        prop_assert_eq!(office.compare_states(|| {}).unwrap(), vec![]);
        let kept = office.store.dump_states();
        let (_plain, other) = play(&[]);
        settle(&other);
        prop_assert_eq!(&kept, &other.store.dump_states(), "another order");
        office.store.forget_states().unwrap();
        office.forget_cases();
        settle(&office);
        prop_assert_eq!(&kept, &office.store.dump_states(), "a replay");
        let all = Listing { statuses: &STATUSES, after: None, newest_first: false, limit: 100 };
        let mut listed: Vec<_> = office.list(&all).unwrap().0.iter().map(|case| (case.id, case.status)).collect();
        listed.sort_unstable_by_key(|(id, _)| *id);
        prop_assert_eq!(listed, exact);
    }
}

#[test]
fn what_a_crash_left_unfolded_is_folded_after_the_start_and_nothing_else() {
    let home = testing::Home::new();
    let office = home.open();
    append(&office, &submitted(own(1)));
    settle(&office);
    // The entry is durable and the process ends before anything else.
    let signed = Signed::sign(office.origin(), &office.keys.office, &submitted(own(2))).unwrap();
    office.store.append(office.origin(), &[signed]).unwrap();
    drop(office);
    let office = home.open();
    assert_eq!(office.store.marked_cases(9).unwrap(), [own(2)]);
    assert_eq!(office.count(Status::Submitted).unwrap(), 1);
    settle(&office);
    assert_eq!(office.count(Status::Submitted).unwrap(), 2);
    assert_eq!(office.compare_states(|| {}).unwrap(), []);
}

#[test]
fn what_is_behind_is_stored_first_and_counts_when_its_signatures_held() {
    let home = testing::Home::new();
    let office = home.open();
    let mut other = Other::new(2, Roles::CAPTURE);
    office.append_province(&Record::Enrol(other.enrol.clone())).unwrap();
    for case in [0, 1, 2, 3, 0, 5] {
        other.says(&submitted(case_of(2, case)));
    }
    let Record::Submitted(again) = submitted(case_of(2, 0)) else { unreachable!() };
    other.records[4] = Signed::sign(&other.origin, &other.key, &Record::Submitted(Submitted { at_ms: 9, ..again })).unwrap();
    // Signed for another log, as nothing but a broken program would do: the log's key vouches for the leaf all the same.
    let stray: Origin = "test.huizhi/office/44030002/9".parse().unwrap();
    other.records[1] = Signed::sign(&stray, &other.key, &submitted(case_of(2, 1))).unwrap();
    office.ingest(&other.origin, other.package(&office, 4, 6)).unwrap().unwrap();
    assert_eq!(office.count(Status::Submitted).unwrap(), 0, "nothing counts before it was verified");
    assert!(office.case(case_of(2, 0)).unwrap().is_none(), "nor is it shown");
    assert_eq!(office.store.indexed(&other.origin), 0);
    drop(office);
    let office = home.open();
    assert_eq!((office.store.indexed(&other.origin), office.store.head(&other.origin).size), (0, 4), "a restart forgets nothing of it");
    assert_eq!(office.index_more().unwrap(), Some(4));
    assert_eq!(office.store.marked_cases(9).unwrap().len(), 4);
    assert!(office.case(case_of(2, 0)).unwrap().is_some(), "whoever asks has it verified at once");
    settle(&office);
    assert_eq!(office.count(Status::Submitted).unwrap(), 3);
    assert_eq!(office.store.refused().unwrap().iter().map(|(_, index, _)| *index).collect::<Vec<_>>(), [1], "kept and marked");
    assert!(office.case(case_of(2, 1)).unwrap().is_none());
    office.ingest(&other.origin, other.package(&office, 5, 6)).unwrap().unwrap();
    assert_eq!(office.case(case_of(2, 0)).unwrap().unwrap().submissions.len(), 1);
    office.index_more().unwrap();
    assert_eq!(office.case(case_of(2, 0)).unwrap().unwrap().submissions.len(), 2, "what was folded before is not shown again");
    // The end of the log is looked at as it comes.
    office.ingest(&other.origin, other.package(&office, 6, 6)).unwrap().unwrap();
    settle(&office);
    let counts = [Status::Submitted, Status::Conflict].map(|status| office.count(status).unwrap());
    assert_eq!(counts, [3, 1], "two submissions that do not know of each other contradict");
    assert_eq!(office.compare_states(|| {}).unwrap(), []);
}

#[test]
fn what_comes_between_reading_ahead_and_folding_is_folded_too() {
    let home = testing::Home::new();
    let office = home.open();
    let cases = [1, 2, 3].map(own);
    let sign = |record: &Record| Signed::sign(office.origin(), &office.keys.office, record).unwrap();
    let store = |record: &Record| office.store.append(office.origin(), &[sign(record)]).unwrap();
    let Record::Submitted(said) = submitted(cases[0]) else { unreachable!() };
    cases[..2].iter().for_each(|case| store(&submitted(*case)));
    let (ahead, next) = office.store.read_ahead(Walk::Start, 9).unwrap();
    assert_eq!((ahead.cases(), ahead.records().count()), (&cases[..2], 2));
    assert!(matches!(next, Walk::Ended));
    // A second submission contradicts the first; another case is new.
    store(&Record::Submitted(Submitted { at_ms: 9, ..said }));
    store(&submitted(cases[2]));
    office.store.fold_cases(ahead, true, &mut cases::Folder::new(&office)).unwrap();
    assert_eq!(office.store.marked_cases(9).unwrap(), cases[2..], "what nobody folded waits on");
    assert_eq!([Status::Conflict, Status::Submitted].map(|status| office.count(status).unwrap()), [1, 1]);
    settle(&office);
    assert_eq!(office.compare_states(|| {}).unwrap(), []);
}

#[test]
fn a_catch_up_that_another_thread_is_at_work_on_keeps_no_page_waiting() {
    let home = testing::Home::new();
    let office = home.open();
    let mut other = Other::new(2, Roles::CAPTURE);
    office.append_province(&Record::Enrol(other.enrol.clone())).unwrap();
    for case in 0..1_100_u16 {
        let mut id = [7; 12];
        id[..2].copy_from_slice(&case.to_le_bytes());
        other.says(&submitted(CaseId::new(other.enrol.code, id)));
    }
    let packages = (0..1_100).step_by(220).map(|start| other.package_from(start, start as usize + 220, 1_100)).collect();
    office.ingest_all(&other.origin, packages).unwrap().unwrap();
    assert!(!office.settle_a_little().unwrap(), "more than anybody waits for");
    assert!(!office.settle_a_little().unwrap());
    assert_eq!(office.count(Status::Submitted).unwrap(), 512, "a little each time, where nobody else does it");
    assert!(!office.settle(513).unwrap());
    assert_eq!(office.count(Status::Submitted).unwrap(), 1_025);
    let (page, more) = office.list(&Listing { statuses: &STATUSES, after: None, newest_first: false, limit: 5 }).unwrap();
    assert_eq!((page.len(), more), (5, true));
    assert_eq!(office.count(Status::Submitted).unwrap(), 1_025, "nothing is folded for the page");
    while !office.settle(4_096).unwrap() {}
    assert!(office.settle_a_little().unwrap());
    assert_eq!(office.count(Status::Submitted).unwrap(), 1_100);
    assert_eq!(office.compare_states(|| {}).unwrap(), []);
}

#[test]
fn lists_are_paged_either_way_and_never_show_what_a_revocation_took() {
    let home = testing::Home::new();
    let office = home.open();
    let (others, province) = world();
    province[..3].iter().for_each(|record| _ = office.append_province(record).unwrap());
    for other in &others {
        office.ingest(&other.origin, other.package(&office, other.records.len(), other.records.len())).unwrap().unwrap();
    }
    let all = |newest_first| {
        let mut after = None;
        let mut found = Vec::new();
        loop {
            let (page, behind) = office.list(&Listing { statuses: &STATUSES, after, newest_first, limit: 2 }).unwrap();
            assert!(!behind);
            found.extend(page.iter().map(|case| (case.current.said.at_ms, case.id)));
            after = found.last().copied();
            if page.len() < 2 {
                return found;
            }
        }
    };
    let mut oldest_first = all(false);
    assert!(oldest_first.is_sorted());
    assert_eq!(oldest_first.len(), usize::from(CASES) + 1, "one case is captured by the second office alone");
    oldest_first.reverse();
    assert_eq!(all(true), oldest_first);
    let before = office.count(Status::Approved).unwrap();
    assert!(before > 0);
    // Known to the membership, and nothing is folded anew yet.
    office.append_province(&province[3]).unwrap();
    assert_eq!(office.count(Status::Approved).unwrap(), before);
    let approved = || office.list(&Listing { statuses: &[Status::Approved], after: None, newest_first: false, limit: 9 }).unwrap().0.len();
    assert_eq!(approved() as u64, office.count(Status::Approved).unwrap());
    assert!((approved() as u64) < before);
}

#[test]
fn a_kept_state_that_was_changed_is_found() {
    let home = testing::Home::new();
    let office = home.open();
    (1..4).for_each(|case| _ = append(&office, &submitted(own(case))));
    settle(&office);
    assert_eq!(office.compare_states(|| {}).unwrap(), []);
    let whole = office.store.dump_states();
    office.store.spoil_state(own(2));
    let found = office.compare_states(|| {}).unwrap();
    assert!(found.contains(&crate::store::Difference::Row(own(2))), "{found:?}");
    assert!(!found.contains(&crate::store::Difference::Row(own(1))), "{found:?}");
    office.store.forget_states().unwrap();
    office.forget_cases();
    settle(&office);
    assert_eq!(office.store.dump_states(), whole);
}

#[test]
fn of_packages_that_came_together_those_before_a_wrong_one_are_stored() {
    let home = testing::Home::new();
    let office = home.open();
    let mut other = Other::new(2, Roles::CAPTURE);
    office.append_province(&Record::Enrol(other.enrol.clone())).unwrap();
    for case in 0..4 {
        other.says(&submitted(case_of(2, case)));
    }
    let packages = || (0..4).map(|at| other.package_from(at, at as usize + 1, 4)).collect::<Vec<_>>();
    let mut wrong = packages();
    wrong[2].entries[0] = wrong[1].entries[0].clone();
    assert!(office.ingest_all(&other.origin, wrong).unwrap().is_err());
    assert_eq!(office.store.head(&other.origin).size, 2);
    office.ingest_all(&other.origin, packages().split_off(2)).unwrap().unwrap();
    assert_eq!(office.store.head(&other.origin).size, 4);
    settle(&office);
    assert_eq!(office.count(Status::Submitted).unwrap(), 4);
    assert_eq!(office.store.indexed(&other.origin), 4);
    assert!(office.store.package(&other.origin, 1).unwrap().is_some(), "and can be given on");
}

#[test]
fn a_receipt_whose_case_was_not_made_with_it_yet_is_unknown_and_not_invalid() {
    let home = testing::Home::new();
    let office = home.open();
    let (_other, archive) = testing::Home::join(&office, "44030002", Roles::ARCHIVE);
    let receipt = home.case(&office, &testing::picture(8, 8, [9; 3]), true).receipts[0].clone();
    let number = ReceiptNumber::new(office.code(), 1, receipt.index).unwrap().to_string();
    let size = office.store.head(office.origin()).size;
    while archive.store.head(office.origin()).size < size {
        let from = archive.store.head(office.origin()).size;
        let mut package = office.store.package(office.origin(), from).unwrap().unwrap();
        let rest = package.entries.split_off(1);
        if !rest.is_empty() {
            let proof =
                office.store.with_subtrees(office.origin(), |view| merkle::consistency_proof(view, from + 1, size)).unwrap().unwrap();
            package.proof = proof.into_iter().map(Into::into).collect();
        }
        archive.ingest(office.origin(), package).unwrap().unwrap();
    }
    let answer = || look_up(&archive, &number, 0).unwrap();
    assert!(matches!(answer(), Answer::UnknownHere(_)));
    settle(&archive);
    assert!(matches!(answer(), Answer::Valid(_)));
}

#[test]
fn case_23_a_thief_who_signs_beside_a_revoked_log_takes_no_case_away() {
    let home = testing::Home::new();
    let office = home.open();
    let (mut other, mut thief) = (Other::new(2, Roles::CAPTURE), Other::new(2, Roles::CAPTURE));
    office.append_province(&Record::Enrol(other.enrol.clone())).unwrap();
    for case in 0..4 {
        other.says(&submitted(case_of(2, case)));
        thief.says(&submitted(case_of(2, case + 9)));
    }
    let code = other.enrol.code;
    let revoked = Revoke { code, upto: other.point(4), reason: "key_stolen".into(), operator: 1, at_ms: 0 };
    office.append_province(&Record::Revoke(revoked)).unwrap();
    let note = |of: &Other| of.package_from(0, 2, 2).checkpoint;
    let proof = ForkProof { smaller: note(&other), larger: note(&thief), prefix: thief.point(2).root, path: vec![], common: None };
    assert!(matches!(office.learn_fork(&proof.encode()).unwrap(), Learned::New { .. }));
    office.ingest(&other.origin, other.package(&office, 3, 3)).unwrap().unwrap();
    settle(&office);
    assert_eq!(office.count(Status::Submitted).unwrap(), 0, "whose history it is shows at its end");
    office.ingest(&other.origin, other.package(&office, 4, 4)).unwrap().unwrap();
    settle(&office);
    assert_eq!(office.count(Status::Submitted).unwrap(), 4);
    drop(office);
    let office = home.open();
    assert_eq!(office.count(Status::Submitted).unwrap(), 4);
    assert_eq!(office.compare_states(|| {}).unwrap(), []);
}

/// An entry that is no record, one whose signature does not hold, and one of an author who does not write this log.
fn strange(other: &mut Other) {
    let foreign = OfficeKey::from_seed(&[77; 32]);
    let case = |number| submitted(own(number));
    other.says(&case(1));
    let stray: Origin = "test.huizhi/office/44030002/9".parse().unwrap();
    other.records.push(Signed::sign(&stray, &other.key, &case(2)).unwrap());
    other.records.push(Signed::sign(&other.origin, &foreign, &case(3)).unwrap());
    other.says(&case(4));
}

#[test]
fn mend_16_equal_logs_give_equal_indexes_and_cases_whichever_way_they_came() {
    let mut other = Other::new(2, Roles::CAPTURE);
    strange(&mut other);
    let offices: Vec<_> = [true, false]
        .into_iter()
        .map(|as_it_comes| {
            let home = testing::Home::new();
            let office = home.open();
            office.append_province(&Record::Enrol(other.enrol.clone())).unwrap();
            if as_it_comes {
                (1..=4).for_each(|end| office.ingest(&other.origin, other.package(&office, end, end)).unwrap().unwrap());
            } else {
                office.ingest(&other.origin, other.package(&office, 3, 4)).unwrap().unwrap();
                office.ingest(&other.origin, other.package(&office, 4, 4)).unwrap().unwrap();
            }
            settle(&office);
            (home, office)
        })
        .collect();
    let [a, b] = &offices[..] else { unreachable!() };
    let rows = |office: &Office| office.store.dump_states();
    assert_eq!(rows(&a.1), rows(&b.1));
    assert_eq!(a.1.store.case_ids().unwrap().len(), b.1.store.case_ids().unwrap().len());
    assert_eq!(a.1.store.refused().unwrap().len(), b.1.store.refused().unwrap().len());
}

#[test]
fn mend_16_a_deep_look_finds_an_index_that_is_not_what_the_entries_say() {
    let home = testing::Home::new();
    let office = home.open();
    for case in 0..5 {
        append(&office, &submitted(own(case)));
    }
    settle(&office);
    let whole = crate::store::IndexDifference::default();
    assert_eq!(office.store.compare_index(|_| {}).unwrap(), whole);
    office.store.spoil_index(own(2), own(9));
    let found = office.store.compare_index(|_| {}).unwrap();
    assert_eq!((found.missing, found.extra), (1, 1));
    office.store.forget_index().unwrap();
    settle(&office);
    assert_eq!(office.store.compare_index(|_| {}).unwrap(), whole);
    assert_eq!(office.compare_states(|| {}).unwrap(), []);
}

#[test]
fn mend_17_cases_that_are_folded_before_histories_are_compared_are_folded_again() {
    let home = testing::Home::new();
    let office = home.open();
    let (mut other, mut thief) = (Other::new(2, Roles::CAPTURE), Other::new(2, Roles::CAPTURE));
    office.append_province(&Record::Enrol(other.enrol.clone())).unwrap();
    for case in 0..3 {
        other.says(&submitted(case_of(2, case)));
        thief.says(&submitted(case_of(2, case + 9)));
    }
    office.ingest(&thief.origin, thief.package(&office, 3, 3)).unwrap().unwrap();
    settle(&office);
    assert_eq!(office.count(Status::Submitted).unwrap(), 3);
    BETWEEN.set(Some(Box::new(settle)));
    let revoked = Revoke { code: other.enrol.code, upto: other.point(3), reason: "key_stolen".into(), operator: 1, at_ms: 0 };
    office.append_province(&Record::Revoke(revoked)).unwrap();
    settle(&office);
    assert_eq!(office.compare_states(|| {}).unwrap(), []);
    assert_eq!(office.count(Status::Submitted).unwrap(), 0);
}
