//! A pruned log leaves nothing, others keep everything, and a crash in the middle changes neither.

use super::*;
use protocol::{
    id::{BlobHash, CaseId, PublicKey, RecordHash, SpecHash},
    keys::OfficeKey,
    record::{Decided, EpochRequested, Record, Submitted, Verdict, Verified},
};
use redb::{Key, ReadableTableMetadata, TableDefinition, Value};

fn log(number: u8) -> Origin {
    format!("demo.huizhi/office/440300{number:02}/1").parse().unwrap()
}

fn submitted(case: CaseId, name: u8) -> Record {
    let blob = |what: u8| BlobHash([what.wrapping_add(name); 32]);
    Record::Submitted(Submitted {
        case,
        spec: SpecHash([2; 32]),
        photo: blob(100),
        original: blob(130),
        payload: blob(160),
        applicant: BlobHash([6; 32]),
        report: BlobHash([7; 32]),
        operations: vec![],
        located_by: "marks".into(),
        failed_checks: 0,
        supersedes: None,
        operator: 4,
        at_ms: 3,
    })
}

fn decided(case: CaseId, name: u8) -> Record {
    let submission = RecordHash([name; 32]);
    Record::Decided(Decided { case, submission, verdict: Verdict::Approve, reasons: vec![], resolves: vec![], operator: 1, at_ms: 0 })
}

/// A case of which several logs have records.
const BOTH: CaseId = CaseId([0xee; 16]);

/// Logs with cases of their own and one case in all of them; the first asks for its next epoch and has a record of a later version.
fn fill(store: &Store, numbers: &[u8]) {
    let key = OfficeKey::from_seed(&[1; 32]);
    for number in numbers.iter().copied() {
        let asked = EpochRequested { rotation: vec![], operator: 0, at_ms: 0 };
        let later = Record::Unknown { kind: "later".into(), body: vec![0xa0] };
        let first = [Record::EpochRequested(asked), later].into_iter().filter(|_| number == 1);
        let cases = (0..60).map(|at| submitted(CaseId([number * 64 + at; 16]), at));
        let records = cases.chain([decided(BOTH, number)]).chain(first);
        let records: Vec<Verified> = records.map(|record| Signed::sign(&log(number), &key, &record).unwrap()).collect();
        store.append(&log(number), &records).unwrap();
        store.refuse(&log(number), 3, "a reason").unwrap();
        store.set_damaged(&log(number), 4, true).unwrap();
        store.put_peer_sizes(&[(PublicKey([9; 32]), log(number), 7)]).unwrap();
    }
}

fn rows<K: Key + 'static, V: Value + 'static>(store: &Store, table: TableDefinition<'static, K, V>) -> u64 {
    store.db.begin_read().unwrap().open_table(table).unwrap().len().unwrap()
}

/// Rows of every table that has to do with logs and cases.
fn dump(store: &Store) -> Vec<u64> {
    vec![
        rows(store, tables::LOGS),
        rows(store, tables::ENTRIES),
        rows(store, tables::HASHES),
        rows(store, tables::REACHED),
        rows(store, tables::UNINDEXED),
        rows(store, tables::CASES),
        rows(store, tables::BLOB_CASES),
        rows(store, tables::REFUSED),
        rows(store, tables::UNKNOWN),
        rows(store, tables::DAMAGED),
        rows(store, tables::PEER_SIZES),
        rows(store, tables::EPOCH_REQUESTS),
        rows(store, tables::PRUNING),
    ]
}

/// The store of a node that only ever had the second log.
fn without_the_first() -> Vec<u64> {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    fill(&store, &[2]);
    dump(&store)
}

#[test]
fn a_pruned_log_leaves_nothing_and_others_keep_everything() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    fill(&store, &[1, 2]);
    let whole = store.frontier();
    assert_ne!(dump(&store), without_the_first());
    store.prune(&[log(1)].into()).unwrap();
    store.compact().unwrap();
    let check = |store: &Store| {
        assert_eq!(dump(store), without_the_first());
        assert_eq!(store.frontier(), whole[1..]);
        assert_eq!((store.head(&log(1)).size, store.entry(&log(1), 0).unwrap().is_none()), (0, true));
        assert_eq!(store.case_entries(BOTH).unwrap().len(), 1, "of a case in both logs the other's record is left");
        assert!(store.is_marked(CaseId([64; 16])).unwrap() && store.is_marked(BOTH).unwrap());
        assert_eq!(store.entries(&log(2), 0, 100).unwrap().len(), 61);
    };
    check(&store);
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    check(&store);
    // Its number is free for another log.
    store.prune(&[log(2)].into()).unwrap();
    fill(&store, &[2]);
    check(&store);
}

#[test]
fn what_a_crash_leaves_of_a_log_is_taken_away_at_the_next_opening() {
    for steps in [0, 1, 3] {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        fill(&store, &[1, 2]);
        let number = store.log_number(&log(1)).unwrap();
        let write = store.db.begin_write().unwrap();
        write.open_table(tables::PRUNING).unwrap().insert(&number.to_be_bytes(), ()).unwrap();
        write.commit().unwrap();
        for _ in 0..steps {
            assert!(store.prune_step(number, 1).unwrap());
        }
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(dump(&store), without_the_first(), "after {steps} steps");
        assert_eq!(store.origins(), [log(2)]);
    }
}
