//! A model of power loss under redb: what was synced stays; of what was written since, any part may have reached the disk, in any
//! order, and one write may be torn between two sectors.

use super::{
    testing::{Counting, LogOfCases},
    *,
};
use proptest::prelude::*;
use protocol::{
    id::RecordHash,
    keys::OfficeKey,
    record::{Decided, Record, Signed, Verdict, Verified},
};
use redb::StorageBackend;
use std::{collections::BTreeSet, io, sync::Arc};

/// Disks write this many bytes whole or not at all.
const SECTOR: usize = 512;

#[derive(Debug)]
enum Op {
    Write(usize, Vec<u8>),
    Resize(usize),
}

impl Op {
    /// A write beyond the end fills what lies between with zeroes, as files do.
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Write(at, bytes) => {
                file.resize(file.len().max(at + bytes.len()), 0);
                file[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Self::Resize(len) => file.resize(*len, 0),
        }
    }
}

#[derive(Debug, Default)]
struct State {
    /// What a running program reads.
    seen: Vec<u8>,
    /// What the last sync made sure of.
    durable: Vec<u8>,
    /// What came since.
    unsynced: Vec<Op>,
    /// Operations until the power goes.
    left: usize,
}

/// A disk whose power goes after a number of operations.
#[derive(Debug, Clone, Default)]
struct Disk(Arc<Mutex<State>>);

impl Disk {
    fn new(file: Vec<u8>, left: usize) -> Self {
        Self(Arc::new(Mutex::new(State { seen: file.clone(), durable: file, unsynced: vec![], left })))
    }
    fn powered(&self) -> io::Result<std::sync::MutexGuard<'_, State>> {
        let mut state = self.0.lock().unwrap();
        state.left = state.left.checked_sub(1).ok_or_else(|| io::Error::other("the power is gone"))?;
        Ok(state)
    }
    fn change(&self, op: Op) -> io::Result<()> {
        let mut state = self.powered()?;
        op.apply(&mut state.seen);
        state.unsynced.push(op);
        Ok(())
    }
    /// What is found when the power comes back.
    fn after_power_loss(&self, seed: u64) -> Vec<u8> {
        let state = self.0.lock().unwrap();
        let mut file = state.durable.clone();
        let mut random = seed;
        let mut next = move || {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            random >> 33
        };
        let torn = (!state.unsynced.is_empty()).then(|| next() as usize % state.unsynced.len());
        for (number, op) in state.unsynced.iter().enumerate() {
            match op {
                Op::Write(at, bytes) if Some(number) == torn => {
                    // Sectors end at multiples of their size in the file, wherever the write began.
                    let cut = (at + next() as usize % (bytes.len() + 1)) / SECTOR * SECTOR;
                    Op::Write(*at, bytes[..cut.saturating_sub(*at).min(bytes.len())].to_vec()).apply(&mut file);
                }
                op if next() % 2 == 0 => op.apply(&mut file),
                _ => {}
            }
        }
        file
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().seen.len() as u64)
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.0.lock().unwrap();
        let bytes = state.seen.get(offset as usize..offset as usize + out.len());
        out.copy_from_slice(bytes.ok_or_else(|| io::Error::other("beyond the end"))?);
        Ok(())
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(Op::Resize(len as usize))
    }
    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.powered()?;
        let State { durable, unsynced, .. } = &mut *state;
        unsynced.drain(..).for_each(|op| op.apply(durable));
        Ok(())
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Op::Write(offset as usize, data.to_vec()))
    }
}

fn open(dir: &Path, disk: &Disk) -> Result<Store, StoreError> {
    let disk = disk.clone();
    Store::over(dir, Box::new(move || Ok(Box::new(disk.clone()))))
}

fn record(origin: &Origin, key: &OfficeKey, number: u64) -> Verified {
    let record = Record::Decided(Decided {
        case: CaseId([number as u8; 16]),
        submission: RecordHash([7; 32]),
        verdict: Verdict::Approve,
        reasons: vec![],
        resolves: vec![],
        operator: number as u32,
        at_ms: 0,
    });
    Signed::sign(origin, key, &record).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whenever the power goes, and goes again while the next start mends: the log opens, holds every record whose append returned, and
    /// holds nothing that was not appended. So a head file, which is written after the append returned, never leads.
    #[test]
    fn case_43_power_loss_at_any_write_loses_no_acknowledged_record(seeds in prop::collection::vec((any::<u64>(), 1_usize..250), 1..4)) {
        let dir = tempfile::tempdir().unwrap();
        let key = OfficeKey::from_seed(&[1; 32]);
        let origin: Origin = "demo.huizhi/office/44030001/1".parse().unwrap();
        let whole = Disk::new(vec![], usize::MAX);
        drop(open(dir.path(), &whole).unwrap());
        let mut file = whole.0.lock().unwrap().seen.clone();
        let mut appended: Vec<Verified> = Vec::new();
        let mut acknowledged = 0;
        for (seed, power_for) in seeds {
            let disk = Disk::new(file.clone(), power_for);
            // The power may go while the store is opened.
            if let Ok(store) = open(dir.path(), &disk) {
                let size = store.head(&origin).size;
                prop_assert!(size >= acknowledged, "{acknowledged} records were acknowledged, {size} are here");
                // What was not acknowledged may be here or not.
                appended.truncate(size as usize);
                for _ in 0..40 {
                    appended.push(record(&origin, &key, seed ^ appended.len() as u64));
                    if store.append(&origin, &appended[appended.len() - 1..]).is_err() {
                        break;
                    }
                    acknowledged = appended.len() as u64;
                }
            }
            file = disk.after_power_loss(seed);
        }
        let store = open(dir.path(), &Disk::new(file, usize::MAX)).unwrap();
        let size = store.head(&origin).size;
        prop_assert!((acknowledged..=appended.len() as u64).contains(&size), "{acknowledged} acknowledged, {size} here");
        for (entry, record) in store.entries(&origin, 0, usize::MAX).unwrap().iter().zip(&appended) {
            prop_assert_eq!(&entry.bytes[..], record.bytes());
        }
        let mut check = LogCheck::new(&store, origin);
        while check.step(true).unwrap() > 0 {}
        prop_assert_eq!(check.finish(None).unwrap(), vec![]);
    }

    /// Whenever the power goes while a log is caught up with and folded: nothing of it is passed over, and a row is what the case's records
    /// fold to, or marked.
    #[test]
    fn power_loss_at_any_write_of_the_indexes_passes_over_nothing(seeds in prop::collection::vec((any::<u64>(), 1_usize..400), 1..4)) {
        let (dir, logs) = (tempfile::tempdir().unwrap(), [1, 2].map(LogOfCases::new));
        let whole = Disk::new(vec![], usize::MAX);
        drop(open(dir.path(), &whole).unwrap());
        let mut file = whole.0.lock().unwrap().seen.clone();
        for (seed, power_for) in seeds {
            let disk = Disk::new(file.clone(), power_for);
            if let Ok(store) = open(dir.path(), &disk) {
                _ = catch_up(&store, &logs, seed);
            }
            file = disk.after_power_loss(seed);
        }
        let store = open(dir.path(), &Disk::new(file, usize::MAX)).unwrap();
        let marked: BTreeSet<CaseId> = store.marked_cases(usize::MAX).unwrap().into_iter().collect();
        for difference in store.compare_states(&mut Counting, || {}).unwrap() {
            let (Difference::Row(case) | Difference::Order(case)) = difference else { continue };
            prop_assert!(marked.contains(&case), "{difference:?} is not marked");
        }
        catch_up(&store, &logs, 0).unwrap();
        prop_assert_eq!(store.compare_states(&mut Counting, || {}).unwrap(), vec![]);
        for number in 0..GIVEN {
            prop_assert_eq!(store.case_entries(LogOfCases::case(number)).unwrap().len(), 2);
        }
    }
}

/// Entries of each log that is caught up with.
const GIVEN: u64 = 24;

/// Gives what is missing of the logs in parts, indexes it in steps, and folds, now and then in a durable step.
fn catch_up(store: &Store, logs: &[LogOfCases], seed: u64) -> Result<(), StoreError> {
    let mut turn = 0;
    let mut durable = || {
        turn += 1;
        seed.rotate_left(turn) & 1 == 1
    };
    for log in logs {
        while store.head(&log.origin).size < GIVEN {
            let size = store.head(&log.origin).size;
            log.try_give(store, size..(size + 9).min(GIVEN))?;
            if durable() {
                store.index_more(5)?;
            }
        }
    }
    while store.index_more(7)?.is_some() {}
    let mut from = Walk::Start;
    while !store.marked_cases(1)?.is_empty() {
        let (ahead, next) = store.read_ahead(from, 5)?;
        from = if matches!(next, Walk::Ended) { Walk::Start } else { next };
        store.fold_cases(ahead, durable(), &mut Counting)?;
    }
    Ok(())
}
