//! Checking an export, trusting nothing in it but the province's key.

use super::{BLOBS, LOGS, POLICY};
use protocol::{
    case,
    id::{BlobHash, CaseId},
    limits::{BLOB_BYTES_MAX, NOTE_BYTES_MAX},
    log::{Entry, LogPoint, SignedCheckpoint, VerifierKey, tile},
    membership::Membership,
    merkle::{Edge, Hash, leaf_hash},
    receipt::ReceiptNumber,
    record::{Record, Signed},
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
};

/// Failures listed; the rest is counted.
const LISTED_MAX: usize = 1_000;
/// Bytes of a full bundle of entries.
const BUNDLE_BYTES_MAX: u64 = 256 * (2 + 65_535);

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
    /// Receipts whose photo is not in the export.
    pub photos_absent: u64,
    /// What does not hold, the first thousand.
    pub failures: Vec<Failure>,
    /// How many things do not hold.
    pub failed: u64,
}

impl Report {
    fn fail(&mut self, place: impl Into<String>, reason: impl std::fmt::Display) {
        self.failed += 1;
        if self.failures.len() < LISTED_MAX {
            self.failures.push(Failure { place: place.into(), reason: reason.to_string() });
        }
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

/// Checks an export: checkpoints, Merkle roots, tiles, every record's signature, membership, cases, receipts, photos.
///
/// Without `province` the key named in the export is used, which proves that the export is whole but not whose it is.
/// `progress` is told the number of records checked.
///
/// # Errors
/// The folder is no export, or of another province. What does not hold is in the report.
pub fn verify(dir: &Path, province: Option<&VerifierKey>, progress: &mut dyn FnMut(u64)) -> Result<Report, VerifyError> {
    let keys = policy(dir)?;
    let claimed = keys.first().ok_or_else(|| VerifyError::NotAnExport(dir.to_owned(), "its policy names no log".into()))?;
    if let Some(wanted) = province.filter(|wanted| *wanted != claimed) {
        return Err(VerifyError::OtherProvince { found: claimed.to_string(), wanted: wanted.to_string() });
    }
    let mut report = Report { province: claimed.to_string(), ..Report::default() };
    let mut members = Membership::new(claimed.clone());
    for entry in check_log(dir, claimed, &[], &mut report, progress) {
        if let Err(error) = members.apply(&entry.record) {
            report.fail(claimed.origin().to_string(), error);
        }
    }
    let mut cases: BTreeMap<CaseId, Vec<Entry>> = BTreeMap::new();
    for key in &keys[1..] {
        // The policy lists the logs; whether a key is the office's own is for the province's log to say.
        if members.verifier(key.origin()).as_ref() != Some(key) {
            report.fail(POLICY, format!("the province has not enrolled the key that the policy names for {}", key.origin()));
            continue;
        }
        let named: Vec<LogPoint> = members.named(key.origin()).cloned().collect();
        for entry in check_log(dir, key, &named, &mut report, progress) {
            if let Some(case) = entry.record.record().case() {
                cases.entry(case).or_default().push(entry);
            }
        }
    }
    for (id, entries) in cases {
        if let Some(case) = case::fold(id, &entries, &members) {
            check_receipts(dir, &case, &mut report);
        }
    }
    Ok(report)
}

fn policy(dir: &Path) -> Result<Vec<VerifierKey>, VerifyError> {
    let not_an_export = |reason: String| VerifyError::NotAnExport(dir.to_owned(), reason);
    let text = read_bounded(&dir.join(POLICY), 8 << 20).map_err(|error| not_an_export(format!("policy: {error}")))?;
    let text = String::from_utf8(text).map_err(|_| not_an_export("policy is not text".into()))?;
    text.lines()
        .filter_map(|line| line.strip_prefix("log "))
        .map(|key| key.split(' ').next().unwrap_or_default().parse().map_err(|error| not_an_export(format!("policy: {error}"))))
        .collect()
}

/// Checks one log, also against the histories that the province named; gives back the records whose signature held, in order.
fn check_log(dir: &Path, key: &VerifierKey, named: &[LogPoint], report: &mut Report, progress: &mut dyn FnMut(u64)) -> Vec<Entry> {
    let place = format!("{LOGS}/{}", key.origin());
    let dir = dir.join(&place);
    let note = match read_bounded(&dir.join("checkpoint"), NOTE_BYTES_MAX as u64).map(String::from_utf8) {
        Ok(Ok(note)) => note,
        Ok(Err(_)) => return fail_log(report, &place, "the checkpoint is not text"),
        Err(error) => return fail_log(report, &place, format!("the checkpoint cannot be read: {error}")),
    };
    let checkpoint = match SignedCheckpoint::verify(&note, key) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return fail_log(report, &place, error),
    };
    let mut edge = Edge::default();
    let mut levels: BTreeMap<u8, Vec<Hash>> = BTreeMap::new();
    let mut records = Vec::new();
    for (index, width) in tile::tiles(0, checkpoint.size()) {
        let path = tile::entries_path(index, width);
        let bundle = match read_bounded(&dir.join(&path), BUNDLE_BYTES_MAX) {
            Ok(bundle) => bundle,
            Err(error) => return fail_log(report, &format!("{place}/{path}"), format!("entries are missing: {error}")),
        };
        let Some(entries) = tile::split_bundle(&bundle).filter(|entries| entries.len() as u64 == width) else {
            return fail_log(report, &format!("{place}/{path}"), "the bundle is truncated or has another number of entries");
        };
        for (at, entry) in (index * tile::WIDTH..).zip(entries) {
            edge.append(leaf_hash(entry), |level, _, hash| {
                if level % 8 == 0 {
                    levels.entry(level / 8).or_default().push(hash);
                }
            });
            if named.iter().any(|point| point.size == edge.size() && point.root.0 != edge.root()) {
                return fail_log(report, &place, format!("the first {} entries are not those that the province named", edge.size()));
            }
            match Signed::parse(entry).and_then(|signed| signed.verify(key.origin())) {
                Ok(record) if record.author() == key.key() => {
                    report.records += 1;
                    if let Record::ReceiptIssued(said) = record.record()
                        && number_at(key, at).is_none_or(|number| said.number.parse() != Ok(number))
                    {
                        report
                            .fail(format!("{place} entry {at}"), format!("the receipt's number {} is not that of its place", said.number));
                    }
                    records.push(Entry { origin: key.origin().clone(), index: at, record });
                }
                Ok(_) => report.fail(format!("{place} entry {at}"), "the record is signed by another key than the log's"),
                Err(error) => report.fail(format!("{place} entry {at}"), error),
            }
        }
        progress(report.records);
    }
    if edge.root() == *checkpoint.root() {
        report.logs += 1;
    } else {
        report.fail(&place, "the Merkle root of the entries is not the one that the office signed: an entry was changed, added or removed");
    }
    for (level, hashes) in levels {
        for (index, width) in tile::tiles(level, checkpoint.size()) {
            let path = tile::path(level, index, width);
            let from = (index * tile::WIDTH) as usize;
            let expected = hashes.get(from..from + width as usize).map(|hashes| hashes.concat());
            match read_bounded(&dir.join(&path), 32 * tile::WIDTH) {
                Ok(tile) if Some(&tile) == expected.as_ref() => {}
                Ok(_) => report.fail(format!("{place}/{path}"), "the tile does not hold the hashes of the entries"),
                Err(error) => report.fail(format!("{place}/{path}"), format!("the tile is missing: {error}")),
            }
        }
    }
    records
}

/// The number of a receipt at a position of a log; nothing where no receipt can stand.
fn number_at(key: &VerifierKey, index: u64) -> Option<ReceiptNumber> {
    let (office, epoch) = key.origin().office_and_epoch()?;
    ReceiptNumber::new(office, epoch, index).ok()
}

fn fail_log(report: &mut Report, place: &str, reason: impl std::fmt::Display) -> Vec<Entry> {
    report.fail(place, reason);
    Vec::new()
}

fn check_receipts(dir: &Path, case: &case::Case, report: &mut Report) {
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

/// Reads a regular file below a bound. Attack: a link in an export may point anywhere, a file may be endless.
fn read_bounded(path: &Path, max: u64) -> std::io::Result<Vec<u8>> {
    let meta = fs::symlink_metadata(path)?;
    if !meta.is_file() || meta.len() > max {
        return Err(std::io::Error::other("not a regular file of a plausible size"));
    }
    let mut bytes = Vec::with_capacity(meta.len() as usize);
    fs::File::open(path)?.take(max + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{audit, service::testing::Home};
    use protocol::{
        id::{RecordHash, SpecHash},
        record::ReceiptIssued,
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
                };
                Ok(vec![signer.sign(&Record::ReceiptIssued(receipt))?])
            });
            append.unwrap();
        };
        let export = |name: &str| {
            let dir = home.path().join(name);
            audit::export(&office, &dir, true).unwrap();
            verify(&dir, None, &mut |_| {}).unwrap().failed
        };
        issue(0);
        assert_eq!(export("good"), 0);
        issue(5);
        assert_eq!(export("forged"), 1);
    }
}
