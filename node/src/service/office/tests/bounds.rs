//! Records about one case without an end: what is looked at has a bound, the same at every office and in an export.

use super::*;
use protocol::{id::BlobHash, limits::CASE_RECORDS_PER_LOG_MAX, record::DocChanged};

#[test]
fn mend_20_records_about_a_case_are_looked_at_up_to_a_bound_of_each_log() {
    let home = testing::Home::new();
    let province = home.open();
    let (_home_b, b) = testing::Home::join(&province, "44030002", Roles::ARCHIVE);
    let case = home.case(&province, &testing::picture(8, 8, [9; 3]), false);
    testing::sync(&province, &b);
    let many = CASE_RECORDS_PER_LOG_MAX + 100;
    let note = |at: usize| {
        let payload = BlobHash([at as u8; 32]);
        Record::DocChanged(DocChanged { case: case.id, payload, operator: at as u32, at_ms: 0 })
    };
    // An office that keeps to no bound: it writes past its own program.
    let signer = Signer { origin: b.origin(), key: &b.keys.office };
    let notes: Vec<Verified> = (0..many).map(|at| signer.sign(&note(at)).unwrap()).collect();
    b.store.append(b.origin(), &notes).unwrap();
    b.publish(&b.own).unwrap();
    b.note_records(b.origin(), &notes);
    let refused = b.append(|_, signer| Ok(vec![signer.sign(&note(0))?])).unwrap_err();
    assert_eq!(refused.code, "case_full", "s4: what would be weighed nowhere is not signed");
    testing::sync(&b, &province);
    while !province.settle(64).unwrap() {}
    let seen = |office: &Office| office.store.case_entries(case.id).unwrap().iter().filter(|entry| entry.origin == *b.origin()).count();
    assert_eq!((seen(&province), seen(&b)), (CASE_RECORDS_PER_LOG_MAX, CASE_RECORDS_PER_LOG_MAX));
    assert_eq!(province.compare_states(|| {}).unwrap(), []);
    // What others say of the case goes on, whatever the numbers of their logs.
    let decision =
        crate::service::review::Decision { verdict: protocol::record::Verdict::Approve, submission: case.current.hash, reasons: vec![] };
    let decided = crate::service::review::decide(&province, case.id, decision, 2).unwrap();
    assert_eq!((decided.status, decided.refused.len()), (protocol::case::Status::Approved, CASE_RECORDS_PER_LOG_MAX));
    let dir = home.path().join("export");
    crate::audit::export(&province, &dir, false).unwrap();
    let report = crate::audit::verify(&dir, None, None, &mut |_, _, _| {}).unwrap();
    assert!(report.holds() && report.records > many as u64 && report.receipts == 1, "{report:?}");
}
