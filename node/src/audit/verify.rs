//! Checking an export, trusting nothing in it but the province's key.
//!
//! First the history of every log, taken from front to back; then every record's signature, case by case on all cores.
//! A log of which entries are missing does not count at all.
//! Memory does not grow with the records but for some dozens of bytes each, which say where they are.

mod forks;
mod history;
mod records;

use super::{BLOBS, LOGS, POLICY};
use history::Log;
use protocol::{
    case::Case,
    id::BlobHash,
    limits::{BLOB_BYTES_MAX, NOTE_BYTES_MAX},
    log::{LogPoint, Policy, SignedCheckpoint, VerifierKey, tile},
    membership::Membership,
};
use records::Index;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

/// Failures listed; the rest is counted.
const LISTED_MAX: usize = 1_000;

/// One thing that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Where, relative to the export.
    pub place: String,
    /// What, as a sentence.
    pub reason: String,
}

/// What was checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The root of trust that was used.
    pub province: String,
    /// Logs whose Merkle root is that of their signed checkpoint.
    pub logs: u64,
    /// Records whose signature held.
    pub records: u64,
    /// Receipts that stand.
    pub receipts: u64,
    /// Photos whose bytes are those that a receipt vouches for.
    pub photos: u64,
    /// Proofs that a log was signed twice, those that the province decided on among them.
    pub forks: u64,
    /// Receipts whose photo is not in the export.
    pub photos_absent: u64,
    /// How many witnesses cosigned the checkpoint of each log, in the order of the policy.
    pub witnessed: Vec<Witnessed>,
    /// What does not hold, the first thousand.
    pub failures: Vec<Failure>,
    /// How many things do not hold.
    pub failed: u64,
}

/// Who vouches for the checkpoint of a log beside the log itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Witnessed {
    /// The log.
    pub log: String,
    /// Other enrolled offices that cosigned its checkpoint.
    pub witnesses: usize,
    /// Whether the quorum of the policy is reached. Without one an office that worked alone is as good as any.
    pub quorum: bool,
}

impl Report {
    fn fail(&mut self, place: impl Into<String>, reason: impl std::fmt::Display) {
        self.failed += 1;
        if self.failures.len() < LISTED_MAX {
            self.failures.push(Failure { place: place.into(), reason: reason.to_string() });
        }
    }
    /// A failure in the place of a value.
    fn refuse<T>(&mut self, place: impl Into<String>, reason: impl std::fmt::Display) -> Option<T> {
        self.fail(place, reason);
        None
    }
    /// Takes in what another thread found.
    fn add(&mut self, other: Report) {
        self.records += other.records;
        self.receipts += other.receipts;
        self.photos += other.photos;
        self.photos_absent += other.photos_absent;
        self.failed += other.failed;
        self.failures.extend(other.failures);
        self.failures.truncate(LISTED_MAX);
    }
    /// Everything held.
    pub fn holds(&self) -> bool {
        self.failed == 0
    }
}

/// Why an export cannot be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Not an export.
    #[error("{0} is not an export: {1}")]
    NotAnExport(PathBuf, String),
    /// The export is of another federation than the key given.
    #[error("the export names the province {found}, but {wanted} was asked for")]
    OtherProvince {
        /// In the export.
        found: String,
        /// Asked for.
        wanted: String,
    },
}

/// What is being checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Entries, tiles and roots.
    History,
    /// Which records are about which case.
    Index,
    /// Signatures, cases and receipts.
    Records,
}

/// Checks an export: checkpoints, Merkle roots, tiles, every record's signature, membership, cases, receipts, photos.
///
/// Without `province` the key named in the export is used, which proves that the export is whole but not whose it is.
/// `demanded` is the auditor's own policy: every log must satisfy it. The quorum of the policy in the export is only remarked
/// on, because an office may work alone, and because whoever made the export made its policy.
/// `progress` is told the step, the number of records done, and of how many.
///
/// # Errors
/// The folder is no export, or of another province. What does not hold is in the report.
pub fn verify(
    dir: &Path,
    province: Option<&VerifierKey>,
    demanded: Option<&Policy>,
    progress: &mut dyn FnMut(Step, u64, u64),
) -> Result<Report, VerifyError> {
    let (keys, policy) = policy(dir)?;
    let claimed = keys.first().ok_or_else(|| VerifyError::NotAnExport(dir.to_owned(), "its policy names no log".into()))?;
    if let Some(wanted) = province.filter(|wanted| *wanted != claimed) {
        return Err(VerifyError::OtherProvince { found: claimed.to_string(), wanted: wanted.to_string() });
    }
    let mut report = Report { province: claimed.to_string(), ..Report::default() };
    let mut members = membership(dir, claimed, &mut report);
    forks::learn(dir, &mut members, &mut report);
    for witness in policy.witnesses().filter(|witness| members.witnesses().all(|known| known != **witness)) {
        report.fail(POLICY, format!("the province has not enrolled the witness key that the policy names for {}", witness.name()));
    }
    for key in &keys {
        witnesses(dir, key, &members, &policy, demanded, &mut report);
    }
    let mut logs = Vec::new();
    for key in &keys[1..] {
        // The policy lists the logs; whether a key is the office's own is for the province's log to say.
        if members.verifier(key.origin()).as_ref() == Some(key) {
            logs.extend(Log::open(dir, key.clone(), &mut report));
        } else {
            report.fail(POLICY, format!("the province has not enrolled the key that the policy names for {}", key.origin()));
        }
    }
    let total = logs.iter().map(Log::size).sum();
    let mut done = 0;
    logs.retain(|log| {
        let named: Vec<LogPoint> = members.named(log.key.origin()).cloned().collect();
        log.check_history(&named, &mut report, &mut |entries| {
            done += entries;
            progress(Step::History, done, total);
        })
    });
    for log in &logs {
        let origin = log.key.origin();
        let named: Vec<LogPoint> = members.named(origin).cloned().collect();
        // The history goes through all of them, as far as it goes.
        let root_at = |size| named.iter().find(|point| point.size == size && size <= log.size()).map(|point| point.root.0);
        members.compare_history(origin, root_at);
    }
    let total = logs.iter().map(Log::size).sum();
    let index = Index::of(&logs, &mut report, &mut |done| progress(Step::Index, done, total));
    let total = index.len() as u64;
    let on_case = |case: &Case, report: &mut Report| check_receipts(dir, case, report);
    records::check(&logs, index, &members, &on_case, &mut report, &mut |done| progress(Step::Records, done, total));
    report.failures.sort_by(|a, b| a.place.cmp(&b.place));
    Ok(report)
}

/// Who the offices are, by the province's log.
fn membership(dir: &Path, province: &VerifierKey, report: &mut Report) -> Membership {
    let mut members = Membership::new(province.clone());
    let Some(log) = Log::open(dir, province.clone(), report) else { return members };
    if !log.check_history(&[], report, &mut |_| {}) {
        return members;
    }
    let mut buffer = Vec::new();
    for index in 0..log.size().div_ceil(tile::WIDTH) {
        let first = index * tile::WIDTH;
        let entries = match log.entries(index, &mut buffer) {
            Ok(entries) => entries,
            Err(reason) => {
                // What follows would be applied to a membership that nobody had.
                report.fail(format!("{} entry {first}", log.place), reason);
                return members;
            }
        };
        for (at, entry) in (first..).zip(entries) {
            if let Some(record) = records::verified(&log, at, entry, report)
                && let Err(error) = members.apply(&record.record)
            {
                report.fail(format!("{} entry {at}", log.place), error);
            }
        }
    }
    members
}

/// Who cosigned the checkpoint of a log, and whether that is what the policies ask for.
fn witnesses(dir: &Path, key: &VerifierKey, members: &Membership, policy: &Policy, demanded: Option<&Policy>, report: &mut Report) {
    let place = format!("{LOGS}/{}/checkpoint", key.origin());
    // A checkpoint that cannot be read or is not signed by its log is found by whoever checks the history.
    let Ok(note) = read_bounded(&dir.join(&place), NOTE_BYTES_MAX as u64).map(|note| String::from_utf8(note).unwrap_or_default()) else {
        return;
    };
    let Ok(checkpoint) = SignedCheckpoint::verify(&note, key) else { return };
    match checkpoint.cosigned_by(&members.witnesses_of(key.origin())) {
        Ok(found) => {
            report.witnessed.push(Witnessed { log: key.origin().to_string(), witnesses: found.len(), quorum: policy.verify(&note).is_ok() })
        }
        Err(error) => report.fail(&place, format!("a cosignature does not hold: {error}")),
    }
    if let Some(Err(error)) = demanded.map(|policy| policy.verify(&note)) {
        report.fail(&place, format!("it does not satisfy the policy that was given: {error}"));
    }
}

fn policy(dir: &Path) -> Result<(Vec<VerifierKey>, Policy), VerifyError> {
    let not_an_export = |reason: String| VerifyError::NotAnExport(dir.to_owned(), reason);
    let text = read_bounded(&dir.join(POLICY), 8 << 20).map_err(|error| not_an_export(format!("policy: {error}")))?;
    let text = String::from_utf8(text).map_err(|_| not_an_export("policy is not text".into()))?;
    let policy: Policy = text.parse().map_err(|error| not_an_export(format!("policy: {error}")))?;
    let keys = text
        .lines()
        .filter_map(|line| line.strip_prefix("log "))
        .map(|key| key.split(' ').next().unwrap_or_default().parse().map_err(|error| not_an_export(format!("policy: {error}"))));
    Ok((keys.collect::<Result<_, _>>()?, policy))
}

fn check_receipts(dir: &Path, case: &Case, report: &mut Report) {
    for receipt in &case.receipts {
        report.receipts += 1;
        let hash: BlobHash = receipt.said.photo;
        let path = format!("{BLOBS}/{hash}");
        match read_bounded(&dir.join(&path), BLOB_BYTES_MAX) {
            Ok(photo) if BlobHash(Sha256::digest(&photo).into()) == hash => report.photos += 1,
            Ok(_) => report.fail(path, format!("the photo's bytes are not those that receipt {} vouches for", receipt.said.number)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => report.photos_absent += 1,
            Err(error) => report.fail(path, error),
        }
    }
}

/// Reads a regular file below a bound into a buffer. Attack: a link in an export may point anywhere, a file may be endless.
fn read_into(path: &Path, max: u64, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    let meta = fs::symlink_metadata(path)?;
    if !meta.is_file() || meta.len() > max {
        return Err(std::io::Error::other("not a regular file of a plausible size"));
    }
    bytes.clear();
    bytes.reserve(meta.len() as usize);
    fs::File::open(path)?.take(max + 1).read_to_end(bytes)?;
    Ok(())
}

/// The same, into memory of its own.
fn read_bounded(path: &Path, max: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_into(path, max, &mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{audit, service::testing::Home};
    use protocol::{
        id::{CaseId, RecordHash, SpecHash},
        receipt::ReceiptNumber,
        record::{ReceiptIssued, Record},
    };

    #[test]
    fn a_receipt_with_the_number_of_another_place_is_found() {
        let home = Home::new();
        let office = home.open();
        let issue = |off: u64| {
            let append = office.append(|position, signer| {
                let number = ReceiptNumber::new(office.code(), 1, position + off).unwrap();
                let blob = BlobHash([0; 32]);
                let receipt = ReceiptIssued {
                    case: CaseId([1; 16]),
                    submission: RecordHash([0; 32]),
                    decision: RecordHash([0; 32]),
                    number: number.digits(),
                    photo: blob,
                    spec: SpecHash([0; 32]),
                    applicant: blob,
                    captured_by: office.code(),
                    valid_until_ms: 1,
                    at_ms: 0,
                    usage: None,
                    document: None,
                };
                Ok(vec![signer.sign(&Record::ReceiptIssued(receipt))?])
            });
            append.unwrap();
        };
        let export = |name: &str| {
            let dir = home.path().join(name);
            audit::export(&office, &dir, true).unwrap();
            verify(&dir, None, None, &mut |_, _, _| {}).unwrap().failed
        };
        issue(0);
        assert_eq!(export("good"), 0);
        issue(5);
        assert_eq!(export("forged"), 1);
    }

    #[test]
    fn a_bundle_that_vanishes_between_history_and_records_is_a_failure() {
        let home = Home::new();
        let office = home.open();
        let dir = home.path().join("export");
        audit::export(&office, &dir, true).unwrap();
        let key = policy(&dir).unwrap().0.swap_remove(0);
        let mut report = Report::default();
        let log = Log::open(&dir, key, &mut report).unwrap();
        assert!(log.check_history(&[], &mut report, &mut |_| {}) && log.size() > 0);
        fs::remove_file(dir.join(&log.place).join(tile::entries_path(0, log.size()))).unwrap();
        Index::of(&[log], &mut report, &mut |_| {});
        assert_eq!(report.failed, 1, "{:?}", report.failures);
    }

    #[test]
    fn case_18_an_export_at_the_edges_of_its_tiles_holds() {
        let home = Home::new();
        let office = home.open();
        let log = office.origin().clone();
        let grow = |to: u64| {
            let from = office.store.head(&log).size;
            let records = (from..to).map(|at| Record::Unknown { kind: "later".into(), body: at.to_be_bytes().to_vec() });
            office.append(|_, signer| records.map(|record| signer.sign(&record)).collect()).unwrap();
        };
        for (size, full) in [(0, 0), (1, 0), (256, 1), (257, 1), (65_536, 256)] {
            grow(size);
            let dir = home.path().join(format!("export-{size}"));
            audit::export(&office, &dir, false).unwrap();
            let report = verify(&dir, None, None, &mut |_, _, _| {}).unwrap();
            assert!(report.holds(), "{size}: {:?}", report.failures);
            let of_log = dir.join("logs").join(log.as_str());
            let full_tiles = (0..=size / 256).filter(|tile| of_log.join(tile::path(0, *tile, 256)).is_file()).count();
            assert_eq!(full_tiles, full, "{size}");
            // No empty tile, and the one full tile of level 0 makes one hash of level 1.
            assert_eq!(of_log.join(tile::path(1, 0, 1)).is_file(), full == 1, "{size}");
            assert_eq!(of_log.join(tile::path(1, 0, 256)).is_file(), full == 256, "{size}");
            assert!(!of_log.join(format!("{}.p/0", tile::path(0, size / 256, 256))).exists(), "{size}");
        }
    }
}
