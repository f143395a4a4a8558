//! Verifying an export beside the hashes and the signatures that it cannot do without.
//!
//! Time on the clock, and time of all processors together, which other work on the machine disturbs less.
//! `HUIZHI_BENCH_RECORDS` says how many records the export has: 100,000 unless told.
#![allow(missing_docs, clippy::print_stdout, reason = "a bench")]

#[path = "world/record.rs"]
#[allow(dead_code, reason = "every bench uses its own part of it")]
mod record;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use node::audit::{self, Step};
use protocol::{
    id::{OfficeCode, Origin},
    keys::OfficeKey,
    log::{Checkpoint, VerifierKey, tile},
    merkle::{Edge, Hash, leaf_hash},
    record::{Enrol, Record, Roles, Signed},
};
use record::{case_of, submission_of};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    hint::black_box,
    path::Path,
    sync::LazyLock,
    time::{Duration, Instant},
};

const ROUNDS: usize = 3;
/// Messages that the floor verifies in turn.
const SIGNED: u64 = 10_000;

fn main() {
    let wanted = std::env::var("HUIZHI_BENCH_RECORDS").ok().and_then(|count| count.parse::<u64>().ok()).unwrap_or(100_000);
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target directory can be written");
    let entries = export(dir.path(), wanted);
    println!("{wanted} records of {} bytes on average", entries.iter().map(Vec::len).sum::<usize>() / entries.len());

    let mut times: [Vec<Spent>; 4] = Default::default();
    for _ in 0..ROUNDS {
        let start = Spent::now();
        black_box(bare_hashing(&entries));
        times[0].push(start.elapsed());
        let start = Spent::now();
        bare_signatures(wanted);
        times[1].push(start.elapsed());
        let start = Spent::now();
        let mut history = None;
        let report = audit::verify(dir.path(), None, None, &mut |step, _, _| {
            if step != Step::History {
                history.get_or_insert(start.elapsed());
            }
        });
        times[3].push(start.elapsed());
        let report = report.expect("the bench wrote an export");
        assert!(report.holds(), "{:?}", report.failures.first());
        assert_eq!(report.records, wanted + 1);
        times[2].push(history.expect("records follow on history"));
    }
    let [hashing, signatures, history, all] = times.map(|all| {
        [|spent: &Spent| spent.clock, |spent: &Spent| spent.processors].map(|part| {
            let mut all: Vec<Duration> = all.iter().map(part).collect();
            all.sort_unstable();
            all[all.len() / 2].as_secs_f64()
        })
    });
    println!("                                                  clock        processors");
    let row = |what: &str, [clock, processors]: [f64; 2]| println!("{what:<46} {clock:>8.3} s         {processors:>8.3} s");
    let ratio = |what: &str, [clock, processors]: [f64; 2], floor: [f64; 2]| {
        println!("{what:<46} {clock:>8.3} s {:>5.2} x {processors:>8.3} s {:>5.2} x", clock / floor[0], processors / floor[1]);
    };
    row("bare SHA-256 of leaves and nodes, one core", hashing);
    ratio("history: entries, tiles, roots, checkpoints", history, hashing);
    row("bare verify_strict, all cores", signatures);
    ratio("everything", all, signatures);
    println!(
        "peak resident memory                           {:>8.0} MB, of which the floors hold about {:.0}",
        peak_mb(),
        entries.iter().map(Vec::len).sum::<usize>() as f64 / 1e6
    );
}

/// A moment, or how long something took.
#[derive(Clone, Copy)]
struct Spent {
    clock: Duration,
    processors: Duration,
}

impl Spent {
    fn now() -> Self {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        // Fields 14 and 15 of proc_pid_stat(5), in hundredths of a second; the name before them may hold blanks.
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
        let ticks: u64 = fields.filter_map(|field| field.parse::<u64>().ok()).sum();
        Self { clock: START.elapsed(), processors: Duration::from_millis(10 * ticks) }
    }
    fn elapsed(self) -> Self {
        let now = Self::now();
        Self { clock: now.clock - self.clock, processors: now.processors - self.processors }
    }
}

fn code() -> OfficeCode {
    "44030001".parse().expect("eight digits are an office code")
}

/// Writes an export of one office under one province, and gives back the office's entries.
fn export(dir: &Path, records: u64) -> Vec<Vec<u8>> {
    let (province, office) = (OfficeKey::from_seed(&[8; 32]), OfficeKey::from_seed(&[7; 32]));
    let root = Origin::province("demo.huizhi", 1).expect("the federation's name is well formed");
    let origin = Origin::office("demo.huizhi", code(), 1).expect("the federation's name is well formed");
    let enrol = Enrol {
        code: code(),
        name: "bench".into(),
        key: office.public(),
        recipient: "age1bench".into(),
        roles: Roles::CAPTURE,
        epoch: 1,
        at_ms: 0,
        witness: None,
        region: None,
        roles_from: None,
        documents: None,
    };
    let enrolled = Signed::sign(&root, &province, &Record::Enrol(enrol)).expect("an enrolment fits an entry");
    write_log(dir, &root, &province, &[enrolled.bytes().to_vec()]);
    // Every third record begins a case, the others are its recaptures.
    let sign = |index| {
        Signed::sign(&origin, &office, &submission_of(case_of(&origin, index / 3), index))
            .expect("a submission fits an entry")
            .bytes()
            .to_vec()
    };
    let entries: Vec<Vec<u8>> = (0..records).map(sign).collect();
    write_log(dir, &origin, &office, &entries);
    let keys = [VerifierKey::new(root, province.public()), VerifierKey::new(origin, office.public())];
    let policy = keys.iter().map(|key| format!("log {key}\n")).collect::<String>() + "quorum none\n";
    fs::write(dir.join("policy"), policy).expect("the target directory can be written");
    entries
}

fn write_log(dir: &Path, origin: &Origin, key: &OfficeKey, entries: &[Vec<u8>]) {
    let write = |path: String, bytes: &[u8]| {
        let path = dir.join("logs").join(origin.as_str()).join(path);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("the target directory can be written");
        fs::write(path, bytes).expect("the target directory can be written");
    };
    let size = entries.len() as u64;
    let mut levels: BTreeMap<u8, Vec<Hash>> = BTreeMap::new();
    let mut edge = Edge::default();
    for entry in entries {
        edge.append(leaf_hash(entry), |level, _, hash| {
            if level.is_multiple_of(8) {
                levels.entry(level / 8).or_default().push(hash);
            }
        });
    }
    for (index, chunk) in (0..).zip(entries.chunks(tile::WIDTH as usize)) {
        let mut bundle = Vec::new();
        chunk.iter().for_each(|entry| tile::push_entry(&mut bundle, entry));
        write(tile::entries_path(index, chunk.len() as u64), &bundle);
    }
    for (level, hashes) in levels {
        for (index, chunk) in (0..).zip(hashes.chunks(tile::WIDTH as usize)) {
            write(tile::path(level, index, chunk.len() as u64), chunk.as_flattened());
        }
    }
    let note = Checkpoint { origin: origin.clone(), size, root: edge.root() }.sign(key);
    write("checkpoint".into(), note.note().as_bytes());
}

/// The hashes of a Merkle tree over the entries, level by level.
fn bare_hashing(entries: &[Vec<u8>]) -> Hash {
    let mut level: Vec<Hash> = entries.iter().map(|entry| Sha256::new().chain_update([0]).chain_update(entry).finalize().into()).collect();
    while level.len() > 1 {
        let node = |pair: &[Hash]| match pair {
            [left, right] => Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into(),
            odd => odd[0],
        };
        level = level.chunks(2).map(node).collect();
    }
    level[0]
}

/// As many strict verifications of messages as long as a record, shared by all cores. There are many of them: of one message alone, a
/// processor soon foretells every branch.
fn bare_signatures(count: u64) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let message = |index: u64| [&index.to_be_bytes()[..], &[5; 442]].concat();
    let signed: Vec<(Vec<u8>, Signature)> = (0..SIGNED).map(message).map(|message| (message.clone(), key.sign(&message))).collect();
    let known: VerifyingKey = key.verifying_key();
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for at in 0..count / threads {
                    let (message, signature) = &signed[(at % SIGNED) as usize];
                    known.verify_strict(black_box(message), signature).expect("it was just signed");
                }
            });
        }
    });
}

fn peak_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).map_or(f64::NAN, |kb| kb / 1024.0)
}
