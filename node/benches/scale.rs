//! A node with a long history: disk, opening after kill -9, looking a receipt up, memory while idle.
//!
//! `HUIZHI_BENCH_RECORDS` says how long (60,000 if nothing is said), `HUIZHI_BENCH_OFFICES` how many other offices capture (1). One more
//! reviews: a submission, an approval and a receipt for each case. They come in packages of 256 as from the network. What is killed is a process of its own that was appending.
#![allow(missing_docs, clippy::print_stdout, reason = "a bench")]

#[path = "world/record.rs"]
mod record;

use node::{
    config::Config,
    runtime,
    service::{
        Office,
        office::now_ms,
        receipts::{self, Answer},
    },
};
use protocol::{
    id::{BlobHash, Origin},
    keys::OfficeKey,
    log::{Checkpoint, Package},
    merkle::Edge,
    receipt::ReceiptNumber,
    record::{Decided, Enrol, ReceiptIssued, Record, Roles, Signed, Verdict, Verified},
};
use record::{hash, submission};
use redb::{ReadableDatabase, ReadableTableMetadata};
use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Says to a process of this bench what it is to do.
const CHILD: &str = "HUIZHI_BENCH_CHILD";
const PACKAGE: usize = 256;
const KILLS: usize = 5;
const LOOKUPS: usize = 300;

/// An office that is somewhere else.
struct Writer {
    key: OfficeKey,
    origin: Origin,
    roles: Roles,
    edge: Edge,
    written: Vec<Vec<u8>>,
}

impl Writer {
    fn new(number: u8, federation: &str, roles: Roles) -> Self {
        let code = format!("44030{number:03}").parse().expect("eight digits are an office code");
        let origin = Origin::office(federation, code, 1).expect("the federation's name is well formed");
        Self { key: OfficeKey::from_seed(&[number; 32]), origin, roles, edge: Edge::default(), written: Vec::new() }
    }
    fn enrol(&self) -> Record {
        let (code, epoch) = self.origin.office_and_epoch().expect("an office's log");
        Record::Enrol(Enrol {
            code,
            name: "office".into(),
            key: self.key.public(),
            recipient: "age1".into(),
            roles: self.roles,
            epoch,
            at_ms: 0,
            witness: None,
            region: None,
            roles_from: None,
        })
    }
    fn position(&self) -> u64 {
        self.edge.size() + self.written.len() as u64
    }
    fn says(&mut self, record: &Record) -> Verified {
        let signed = Signed::sign(&self.origin, &self.key, record).expect("it fits an entry");
        self.written.push(signed.bytes().to_vec());
        signed
    }
    /// What was said since the last package.
    fn package(&mut self) -> Package {
        let start = self.edge.size();
        let entries: Vec<_> = self.written.drain(..).collect();
        entries.iter().for_each(|entry| self.edge.append(protocol::merkle::leaf_hash(entry), |_, _, _| {}));
        let head = Checkpoint { origin: self.origin.clone(), size: self.edge.size(), root: self.edge.root() };
        let entries = entries.into_iter().map(Into::into).collect();
        Package { start, entries, checkpoint: head.sign(&self.key).note().to_owned(), proof: vec![] }
    }
}

/// Approves a submission and issues the receipt.
fn approve(writer: &mut Writer, capturer: &Writer, submission: &Verified) {
    let Record::Submitted(said) = submission.record() else { unreachable!("a submission was given") };
    let at_ms = said.at_ms + 60_000;
    let (submission, case) = (submission.hash(), said.case);
    let decided = Decided { case, submission, verdict: Verdict::Approve, reasons: vec![], resolves: vec![], operator: 7, at_ms };
    let decision = writer.says(&Record::Decided(decided)).hash();
    let (office, epoch) = writer.origin.office_and_epoch().expect("an office's log");
    let number = ReceiptNumber::new(office, epoch, writer.position()).expect("the position fits a number");
    writer.says(&Record::ReceiptIssued(ReceiptIssued {
        case,
        submission,
        decision,
        number: number.digits(),
        photo: said.photo,
        spec: said.spec,
        applicant: said.applicant,
        captured_by: capturer.origin.office_and_epoch().expect("an office's log").0,
        valid_until_ms: at_ms + 31_536_000_000,
        at_ms,
        usage: None,
    }));
}

fn open(dir: &Path) -> Office {
    runtime::open_office(dir, &Config::load(dir).expect("the node was made")).expect("the store opens")
}

/// Fills a node; gives back the bytes of the records and the time that took, without the signing.
fn fill(dir: &Path, records: u64, offices: u8) -> (u64, Duration) {
    let office = open(dir);
    let federation = office.origin().federation().to_owned();
    let mut capturers: Vec<Writer> = (0..offices).map(|at| Writer::new(4 + at, &federation, Roles::CAPTURE)).collect();
    let mut reviewer = Writer::new(3, &federation, Roles::REVIEW);
    for writer in capturers.iter().chain([&reviewer]) {
        office.append_province(&writer.enrol()).expect("this node is the province");
    }
    let (mut bytes, mut took) = (0, Duration::ZERO);
    let mut ingest = |package: Package, origin: &Origin| {
        bytes += package.entries.iter().map(|entry| entry.len() as u64).sum::<u64>();
        let start = Instant::now();
        office.ingest(origin, package).expect("the disk takes it").expect("it is in order");
        took += start.elapsed();
    };
    let mut number = 0;
    while 3 * number < records {
        let capturer = &mut capturers[number as usize / PACKAGE % usize::from(offices)];
        let submissions: Vec<_> = (0..PACKAGE).map(|_| (capturer.says(&submission(number)), number += 1).0).collect();
        ingest(capturer.package(), &capturer.origin);
        for half in submissions.chunks(PACKAGE / 2) {
            half.iter().for_each(|submission| approve(&mut reviewer, capturer, submission));
            ingest(reviewer.package(), &reviewer.origin);
        }
    }
    (bytes, took)
}

/// What a process of its own does: it works and waits to be killed, or it tells how long opening took.
fn child(what: &str) {
    let (what, dir) = what.split_once(' ').expect("a task and a directory");
    let dir = Path::new(dir);
    let start = Instant::now();
    match what {
        "bare" => {
            let database = redb::Database::open(dir.join("store.redb")).expect("it opens");
            println!("{}", start.elapsed().as_secs_f64());
            drop(database.begin_read().expect("it reads"));
        }
        _ => {
            let office = open(dir);
            println!("{}", start.elapsed().as_secs_f64());
            if what == "work" {
                for number in 0..20_u64 {
                    let record = submission(u64::MAX - number - now_ms());
                    let appended = office.append(|_, signer| Ok(vec![signer.sign(&record)?]));
                    // After a kill the node asks others before it signs; ingest goes on all the same.
                    if appended.is_err() {
                        office.store.set_wanted(&[BlobHash(hash(9, number))], &[]).expect("the disk takes it");
                        office.store.put_staff(&format!("bench-{number}"), &number).expect("the disk takes it");
                    }
                }
            }
            println!("ready");
            std::io::stdout().flush().expect("the bench listens");
            std::thread::sleep(Duration::from_secs(3_600));
        }
    }
}

/// Starts a process of this bench, hears how long opening took, and kills it with -9.
fn run_and_kill(what: &str, dir: &Path) -> Duration {
    let mut process = Command::new(std::env::current_exe().expect("this program has a name"))
        .env(CHILD, format!("{what} {}", dir.display()))
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(process.stdout.take().expect("it was asked for")).lines();
    let opened = lines.next().expect("it says how long").expect("it is text").parse().expect("it is a number");
    if what != "bare" {
        lines.next().expect("it says when it is ready").expect("it is text");
    }
    // SIGKILL.
    process.kill().expect("it runs");
    process.wait().expect("it ended");
    Duration::from_secs_f64(opened)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Memory of the really started program, in MB: all of it that is resident, and the part that is no file.
fn memory(dir: &Path, program: &Path) -> (f64, f64) {
    let mut process = Command::new(program)
        .args(["--dir".as_ref(), dir.as_os_str(), "run".as_ref(), "--until-stdin-ends".as_ref()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(process.stdout.take().expect("it was asked for")).lines();
    lines.next().expect("it serves").expect("it is text");
    // Idle: whatever is done by the way after a start is over.
    std::thread::sleep(Duration::from_secs(15));
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).expect("it runs");
    let field = |name: &str| -> f64 {
        let line = status.lines().find(|line| line.starts_with(name)).expect("Linux tells");
        line.split_whitespace().nth(1).expect("a number follows").parse::<f64>().expect("it is one") / 1024.0
    };
    let found = (field("VmRSS:"), field("RssAnon:"));
    drop(process.stdin.take());
    process.wait().expect("it ended");
    found
}

fn tables(dir: &Path) {
    let database = redb::Database::open(dir.join("store.redb")).expect("it opens");
    let write = database.begin_write().expect("one writer at a time");
    let stats = write.stats().expect("it can be measured");
    println!(
        "  of it: stored {:.1} MB, metadata {:.1} MB, fragmented {:.1} MB, pages {:.1} MB",
        stats.stored_bytes() as f64 / 1e6,
        stats.metadata_bytes() as f64 / 1e6,
        stats.fragmented_bytes() as f64 / 1e6,
        stats.allocated_pages() as f64 * stats.page_size() as f64 / 1e6
    );
    write.abort().expect("nothing was changed");
    let read = database.begin_read().expect("it reads");
    for handle in read.list_tables().expect("it reads") {
        let name = redb::TableHandle::name(&handle).to_owned();
        let stats = read.open_untyped_table(handle).expect("it is there").stats().expect("it can be measured");
        let megabytes = [stats.stored_bytes(), stats.metadata_bytes(), stats.fragmented_bytes()].map(|bytes| bytes as f64 / 1e6);
        if stats.leaf_pages() > 8 {
            println!(
                "    {name:<16} stored {:>8.1} MB, metadata {:>6.1} MB, fragmented {:>6.1} MB",
                megabytes[0], megabytes[1], megabytes[2]
            );
        }
    }
}

fn main() {
    if let Ok(what) = std::env::var(CHILD) {
        return child(&what);
    }
    // Neither a listing nor a test run of the benches is for measuring.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    let setting =
        |name: &str, otherwise: u64| -> u64 { std::env::var(name).ok().and_then(|count| count.parse().ok()).unwrap_or(otherwise) };
    let (records, offices) = (setting("HUIZHI_BENCH_RECORDS", 60_000), setting("HUIZHI_BENCH_OFFICES", 1).clamp(1, 200) as u8);
    let kept = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target directory can be written");
    let dir: PathBuf = kept.path().join("node");
    let program = Path::new(env!("CARGO_BIN_EXE_huizhi"));
    let made = Command::new(program)
        .args(["--dir".as_ref(), dir.as_os_str()])
        .args(["init", "--roles", "capture,admin", "--http", "127.0.0.1:0", "--port", "0"])
        .stdout(Stdio::null())
        .status();
    assert!(made.expect("it starts").success(), "a node is made");

    let (bytes, took) = fill(&dir, records, offices);
    let file = std::fs::metadata(dir.join("store.redb")).expect("it is there");
    // The file grows in great steps, and what was never written takes no place.
    let disk = std::os::unix::fs::MetadataExt::blocks(&file) * 512;
    println!("  (the file is {:.1} MB long)", file.len() as f64 / 1e6);
    println!("{records} records of {} bytes in the mean, in packages of {PACKAGE}", bytes / records.max(1));
    println!("  ingest, verified, indexed and folded   {:.0} records/s", records as f64 / took.as_secs_f64());
    println!(
        "  disk                                   {:.2} × payload ({:.1} MB to {:.1} MB)",
        disk as f64 / bytes as f64,
        disk as f64 / 1e6,
        bytes as f64 / 1e6
    );
    tables(&dir);

    run_and_kill("work", &dir);
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..KILLS {
        ours.push(run_and_kill("work", &dir));
        bare.push(run_and_kill("bare", &dir));
        // The bare one mended it: crash ours again before the next round.
        run_and_kill("work", &dir);
    }
    println!("  open after kill -9                     {:.0} ms", median(ours).as_secs_f64() * 1e3);
    println!("  floor: bare redb, after kill -9        {:.0} ms", median(bare).as_secs_f64() * 1e3);

    let office = open(&dir);
    let origin = Origin::office(office.origin().federation(), "44030003".parse().expect("a code"), 1).expect("well formed");
    let cases = records.div_ceil(3);
    let (code, epoch) = origin.office_and_epoch().expect("an office's log");
    let numbers: Vec<u64> = (0..LOOKUPS as u64).map(|at| at * (cases / LOOKUPS as u64).max(1) % cases).collect();
    let look_up = |number: &u64| {
        let typed = ReceiptNumber::new(code, epoch, 2 * number + 1).expect("it fits").digits();
        let start = Instant::now();
        let answer = receipts::look_up(&office, &typed, 1_795_000_100_000).expect("the store reads");
        assert!(matches!(answer, Answer::Valid(_)), "{answer:?}");
        start.elapsed()
    };
    let times: Vec<_> = numbers.iter().map(look_up).collect();
    let worst = times.iter().max().copied().unwrap_or_default();
    let entries = office.store.entries(&origin, 0, 5).expect("the store reads");
    let floor = (0..LOOKUPS).map(|_| {
        let start = Instant::now();
        // The receipt, its case's three records, and the checkpoint.
        entries.iter().take(5).for_each(|entry| _ = std::hint::black_box(entry.verify()));
        start.elapsed()
    });
    println!(
        "  receipt looked up by number            {:.3} ms (worst of {LOOKUPS}: {:.3} ms)",
        median(times).as_secs_f64() * 1e3,
        worst.as_secs_f64() * 1e3
    );
    println!("  floor: five strict verifications       {:.3} ms", median(floor.collect()).as_secs_f64() * 1e3);
    drop(office);

    let (resident, own) = memory(&dir, program);
    println!("  idle node, 15 s after its start        {resident:.0} MB resident, {own:.0} MB of it its own");
}
