//! Every record's signature, and the cases that the records make up, on all cores and in bounded memory.
//!
//! First an index says which entries are about which case. Then each case's entries are read again, in the order in which the
//! cases began, so that neighbours in a log are read together; each record is verified once, with its case.

use super::{Report, history::Log};
use protocol::{
    case::{self, Case},
    id::CaseId,
    limits::CASE_RECORDS_PER_LOG_MAX,
    log::{Entry, VerifierKey, tile},
    membership::Membership,
    receipt::ReceiptNumber,
    record::{Record, Signed},
};
use std::{
    borrow::Cow,
    collections::{HashMap, VecDeque},
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};

/// Pieces of work that a thread takes at a time.
const TAKEN: usize = 32;
/// Bytes of bundles kept in memory.
const CACHE_BYTES: usize = 64 << 20;
/// Records of one case held at once; people make some dozens.
const CASE_RECORDS_MAX: usize = 10_000;

/// Where the entries of every case are.
pub(super) struct Index {
    places: Vec<Place>,
}

/// An entry and the case that it claims to be about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    case: Option<CaseId>,
    log: u32,
    entry: u64,
}

impl Index {
    /// Reads all entries of the logs. One that is no record is noted too, and found again when its signature is asked for.
    pub(super) fn of(logs: &[Log], report: &mut Report, progress: &mut dyn FnMut(u64)) -> Index {
        let bundles: Vec<(u32, u64)> =
            (0..).zip(logs).flat_map(|(number, log)| (0..log.size().div_ceil(tile::WIDTH)).map(move |index| (number, index))).collect();
        let mut places = Vec::new();
        on_all_cores(
            &bundles,
            |taken| {
                let (mut found, mut failed, mut buffer) = (Vec::new(), Report::default(), Vec::new());
                for &(number, index) in taken {
                    let log = &logs[number as usize];
                    let entries = match log.entries(index, &mut buffer) {
                        Ok(entries) => entries,
                        // It could be read a moment ago, for its history was checked.
                        Err(reason) => {
                            failed.fail(format!("{} entry {}", log.place, index * tile::WIDTH), reason);
                            continue;
                        }
                    };
                    for (entry, bytes) in (index * tile::WIDTH..).zip(entries) {
                        let case = Signed::parse(bytes).ok().and_then(|signed| signed.claimed_case());
                        found.push(Place { case, log: number, entry });
                    }
                }
                (found, failed)
            },
            |(found, failed)| {
                places.extend(found);
                report.add(failed);
                progress(places.len() as u64);
            },
        );
        Index { places }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Entries of one case together, the cases in the order of their first entry; entries without a case stand alone.
    fn groups(&mut self) -> Vec<Range<usize>> {
        self.places.sort_unstable();
        let mut groups: Vec<Range<usize>> = Vec::new();
        for at in 0..self.places.len() {
            match groups.last_mut() {
                Some(group) if self.places[at].case.is_some() && self.places[group.start].case == self.places[at].case => {
                    group.end = at + 1
                }
                _ => groups.push(at..at + 1),
            }
        }
        groups.sort_unstable_by_key(|group| (self.places[group.start].log, self.places[group.start].entry));
        groups
    }
}

/// Verifies every record of the index and folds every case; `progress` is told how many records were looked at.
pub(super) fn check(
    logs: &[Log],
    mut index: Index,
    members: &Membership,
    on_case: &(dyn Fn(&Case, &mut Report) + Sync),
    report: &mut Report,
    progress: &mut dyn FnMut(u64),
) {
    let groups = index.groups();
    let work = Work { logs, members, bundles: Bundles::default(), on_case };
    let mut done = 0;
    on_all_cores(
        &groups,
        |taken| {
            let mut found = Report::default();
            taken.iter().for_each(|group| work.check_group(&index.places[group.clone()], &mut found));
            (found, taken.iter().map(|group| group.len() as u64).sum::<u64>())
        },
        |(found, records)| {
            report.add(found);
            done += records;
            progress(done);
        },
    );
}

/// Hands the pieces of some work to threads, and what came of them to this one, in any order.
fn on_all_cores<T: Sync, R: Send>(pieces: &[T], work: impl Fn(&[T]) -> R + Sync, mut take: impl FnMut(R)) {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (done, results) = mpsc::sync_channel(threads);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (done, next, work) = (done.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let from = next.fetch_add(TAKEN, Ordering::Relaxed).min(pieces.len());
                    let taken = &pieces[from..(from + TAKEN).min(pieces.len())];
                    // Nobody listens any more only when this whole work is given up.
                    if taken.is_empty() || done.send(work(taken)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        results.iter().for_each(&mut take);
    });
}

/// What the threads share.
struct Work<'a> {
    logs: &'a [Log],
    members: &'a Membership,
    bundles: Bundles,
    on_case: &'a (dyn Fn(&Case, &mut Report) + Sync),
}

impl Work<'_> {
    fn check_group(&self, places: &[Place], report: &mut Report) {
        let all = places;
        let places = &*looked_at(all);
        let beyond = all.iter().filter(|place| places.len() < all.len() && places.binary_search(place).is_err());
        beyond.for_each(|place| drop(self.record(*place, report)));
        if places.len() > CASE_RECORDS_MAX {
            let log = &self.logs[places[0].log as usize];
            report.fail(
                format!("{} entry {}", log.place, places[0].entry),
                format!(
                    "its case has {} records, and no more than {CASE_RECORDS_MAX} are folded: its receipts were not judged",
                    places.len()
                ),
            );
            places.iter().for_each(|place| drop(self.record(*place, report)));
            return;
        }
        let entries: Vec<Entry> = places.iter().filter_map(|place| self.record(*place, report)).collect();
        if let Some(id) = places[0].case
            && let Some(case) = case::fold(id, &entries, self.members)
        {
            (self.on_case)(&case, report);
        }
    }

    fn record(&self, place: Place, report: &mut Report) -> Option<Entry> {
        let log = &self.logs[place.log as usize];
        let bundle = match self.bundles.get(log, place.log, place.entry / tile::WIDTH) {
            Ok(bundle) => bundle,
            Err(reason) => return report.refuse(format!("{} entry {}", log.place, place.entry), reason),
        };
        verified(log, place.entry, bundle.entry(place.entry % tile::WIDTH), report)
    }
}

/// Of the records of a case those that are looked at: the first [`CASE_RECORDS_PER_LOG_MAX`] of each log, as at every office.
fn looked_at(places: &[Place]) -> Cow<'_, [Place]> {
    if places.len() <= CASE_RECORDS_PER_LOG_MAX || places[0].case.is_none() {
        return Cow::Borrowed(places);
    }
    let of_log = places.chunk_by(|one, next| one.log == next.log);
    Cow::Owned(of_log.flat_map(|places| places.iter().take(CASE_RECORDS_PER_LOG_MAX).copied()).collect())
}

/// The record at a position of a log, when its signature holds and it may stand there.
pub(super) fn verified(log: &Log, at: u64, entry: &[u8], report: &mut Report) -> Option<Entry> {
    let place = || format!("{} entry {at}", log.place);
    match Signed::parse(entry).and_then(|signed| signed.verify(log.key.origin())) {
        Ok(record) if record.author() == log.key.key() => {
            report.records += 1;
            if let Record::ReceiptIssued(said) = record.record()
                && number_at(&log.key, at).is_none_or(|number| said.number != number.digits())
            {
                report.fail(place(), format!("the receipt's number {} is not that of its place", said.number));
            }
            Some(Entry { origin: log.key.origin().clone(), index: at, record })
        }
        Ok(_) => report.refuse(place(), "the record is signed by another key than the log's"),
        Err(error) => report.refuse(place(), error),
    }
}

/// The number of a receipt at a position of a log; nothing where no receipt can stand.
fn number_at(key: &VerifierKey, index: u64) -> Option<ReceiptNumber> {
    let (office, epoch) = key.origin().office_and_epoch()?;
    ReceiptNumber::new(office, epoch, index).ok()
}

/// A bundle and where its entries begin.
struct Bundle {
    bytes: Vec<u8>,
    entries: Vec<Range<u32>>,
}

impl Bundle {
    fn new(bytes: Vec<u8>) -> Bundle {
        let mut entries = Vec::with_capacity(tile::WIDTH as usize);
        let mut at = 0;
        while let Some(length) = bytes.get(at..at + 2) {
            let from = at + 2;
            at = from + usize::from(u16::from_be_bytes([length[0], length[1]]));
            entries.push(from as u32..at as u32);
        }
        Bundle { bytes, entries }
    }

    fn entry(&self, at: u64) -> &[u8] {
        let range = &self.entries[at as usize];
        &self.bytes[range.start as usize..range.end as usize]
    }
}

/// The bundles read last, shared by all threads.
#[derive(Default)]
struct Bundles(Mutex<Cache>);

#[derive(Default)]
struct Cache {
    bundles: HashMap<(u32, u64), Arc<Bundle>>,
    order: VecDeque<(u32, u64)>,
    bytes: usize,
}

impl Bundles {
    fn get(&self, log: &Log, number: u32, index: u64) -> Result<Arc<Bundle>, String> {
        let key = (number, index);
        if let Some(bundle) = self.lock().bundles.get(&key) {
            return Ok(bundle.clone());
        }
        let mut bytes = Vec::new();
        log.entries(index, &mut bytes)?;
        let bundle = Arc::new(Bundle::new(bytes));
        let mut cache = self.lock();
        if cache.bundles.insert(key, bundle.clone()).is_none() {
            cache.bytes += bundle.bytes.len();
            cache.order.push_back(key);
        }
        while cache.bytes > CACHE_BYTES
            && let Some(oldest) = cache.order.pop_front()
        {
            cache.bytes -= cache.bundles.remove(&oldest).map_or(0, |bundle| bundle.bytes.len());
        }
        Ok(bundle)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cache> {
        // A thread that panicked left at worst a bundle that is counted too often.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
