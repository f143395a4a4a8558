//! A node with a long history: disk, opening after kill -9, looking a receipt up, memory while idle.
//!
//! `HUIZHI_BENCH_RECORDS` says how long (60,000 if nothing is said), `HUIZHI_BENCH_OFFICES` how many other offices capture (1). One more
//! reviews: a submission, an approval and a receipt for each case. They come in packages of 256 as from the network, eight in a durable step, and
//! are folded when all are here; `HUIZHI_BENCH_COMPARE=1` then compares every case with a replay of its records. What is killed is a process
//! of its own that was appending. Whatever was measured is printed at once, so a run that is stopped has told what it knew; with `HUIZHI_BENCH_DIR` another run of the same
//! numbers goes on with the folder that a killed one left, from the folding on.
#![allow(missing_docs, clippy::print_stdout, reason = "a bench")]

mod world {
    #![allow(dead_code, reason = "every bench uses its own part of it")]
    pub(crate) mod history;
    pub(crate) mod record;
}

use node::{
    config::Config,
    runtime,
    service::{
        Office,
        office::now_ms,
        receipts::{self, Answer},
    },
    store::STATUSES,
};
use protocol::id::{BlobHash, Origin};
use redb::{ReadableDatabase, ReadableTableMetadata};
use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use world::{
    history::{PACKAGE, Writers},
    record::{hash, submission},
};

/// Says to a process of this bench what it is to do.
const CHILD: &str = "HUIZHI_BENCH_CHILD";
/// Records up to which every page of every table is looked at.
const TABLES_LOOKED_AT: u64 = 2_000_000;
const KILLS: usize = 5;
const LOOKUPS: usize = 1_000;
/// Records between two lines of progress.
const TOLD_EVERY: u64 = 1_000_000;
/// Cases folded in one go, as a running node does by the way.
const FOLD_STEP: usize = 16_384;

fn open(dir: &Path) -> Office {
    runtime::open_office(dir, &Config::load(dir).expect("the node was made")).expect("the store opens")
}

/// What two moments have between them.
struct Spent {
    begun: Instant,
    cpu: f64,
}

impl Spent {
    fn new() -> Self {
        Self { begun: Instant::now(), cpu: cpu() }
    }
    /// Seconds by the clock and on all processors.
    fn so_far(&self) -> (f64, f64) {
        (self.begun.elapsed().as_secs_f64(), cpu() - self.cpu)
    }
}

/// Seconds that the processors worked for this process.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux tells");
    let fields: Vec<f64> =
        stat.rsplit(") ").next().expect("after the name").split(' ').map(|field| field.parse().unwrap_or_default()).collect();
    // In hundredths (`getconf CLK_TCK`): user and system.
    (fields[11] + fields[12]) / 100.0
}

/// Seconds that a processor worked for this thread.
fn own_cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells");
    stat.split(' ').next().expect("time on a processor is first").parse::<f64>().expect("in nanoseconds") / 1e9
}

/// How much others ask of the machine.
fn load() -> String {
    std::fs::read_to_string("/proc/loadavg").expect("Linux tells").split(' ').next().unwrap_or_default().to_owned()
}

fn resident() -> f64 {
    status_field("self", "VmRSS:")
}

fn status_field(process: &str, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with(name)).expect("Linux tells");
    line.split_whitespace().nth(1).expect("a number follows").parse::<f64>().expect("it is one") / 1024.0
}

/// MB that a node takes on disk. The file grows in great steps, and what was never written takes no place.
fn disk(dir: &Path) -> f64 {
    let file = std::fs::metadata(dir.join("store.redb")).expect("it is there");
    std::os::unix::fs::MetadataExt::blocks(&file) as f64 * 512.0 / 1e6
}

/// Tells how it goes, every so many records.
struct Progress<'a> {
    what: &'a str,
    dir: &'a Path,
    next: u64,
    last: (u64, Spent),
}

impl<'a> Progress<'a> {
    fn new(what: &'a str, dir: &'a Path) -> Self {
        Self { what, dir, next: TOLD_EVERY, last: (0, Spent::new()) }
    }
    fn at(&mut self, records: u64) {
        if records < self.next {
            return;
        }
        let ((clock, cpu), more) = (self.last.1.so_far(), (records - self.last.0) as f64);
        println!(
            "    {:<8} {records:>10}: {:>7.0} records/s, {:>5.1} µs of processors each, {:>6.0} MB on disk, {:>4.0} MB resident, load {}",
            self.what,
            more / clock,
            cpu / more * 1e6,
            disk(self.dir),
            resident(),
            load()
        );
        self.last = (records, Spent::new());
        self.next = records - records % TOLD_EVERY + TOLD_EVERY;
    }
}

/// Gives a node a history until it is authenticated and durable; gives back the bytes of the records.
fn take_in(office: &Office, writers: &Arc<Writers>, cases: u64, dir: &Path) -> u64 {
    for writer in writers.all() {
        office.append_province(&writer.enrol()).expect("this node is the province");
    }
    let (mut bytes, mut records, mut took, mut worked) = (0, 0, Duration::ZERO, 0.0);
    let (whole, mut progress) = (Spent::new(), Progress::new("taken in", dir));
    writers.write(cases, |origin, packages| {
        records += packages.iter().map(|package| package.entries.len() as u64).sum::<u64>();
        bytes += packages.iter().flat_map(|package| &package.entries).map(|entry| entry.len() as u64).sum::<u64>();
        let (start, cpu) = (Instant::now(), own_cpu());
        office.ingest_all(origin, packages).expect("the disk takes it").expect("it is in order");
        took += start.elapsed();
        worked += own_cpu() - cpu;
        progress.at(records);
    });
    let (clock, _) = whole.so_far();
    println!(
        "{records} records of {} bytes in the mean, of {} offices and one that reviews",
        bytes / records.max(1),
        writers.capturers.len()
    );
    println!(
        "  until authenticated and durable        {:.1} s, {:.0} records/s, {:.1} µs of a processor each ({clock:.0} s with the signing on all cores meanwhile)",
        took.as_secs_f64(),
        records as f64 / took.as_secs_f64(),
        worked / records as f64 * 1e6
    );
    println!("  disk until then                        {:.1} MB for {:.1} MB", disk(dir), bytes as f64 / 1e6);
    bytes
}

/// Verifies and folds what was taken in.
fn fold(office: &Office, dir: &Path, records: u64) {
    let sum = |count: &dyn Fn(&Origin) -> u64| -> u64 { office.store.origins().iter().map(count).sum() };
    let (whole, mut progress) = (Spent::new(), Progress::new("indexed", dir));
    let mut settled = false;
    while !settled && sum(&|origin| office.store.indexed(origin)) < sum(&|origin| office.store.head(origin).size) {
        settled = office.settle(FOLD_STEP).expect("the disk takes it");
        progress.at(sum(&|origin| office.store.indexed(origin)));
    }
    let (index_clock, index_cpu) = whole.so_far();
    let mut progress = Progress::new("folded", dir);
    while !settled {
        settled = office.settle(FOLD_STEP).expect("the disk takes it");
        progress.at(3 * STATUSES.iter().map(|status| office.count(*status).expect("the store reads")).sum::<u64>());
    }
    let (clock, cpu) = whole.so_far();
    println!(
        "  until verified and folded, more        {clock:.1} s, {:.0} records/s, {:.1} µs of processors each",
        records as f64 / clock,
        cpu / records as f64 * 1e6
    );
    println!("  of it the indexes                      {index_clock:.1} s, {:.1} µs of processors each", index_cpu / records as f64 * 1e6);
    println!("  at its highest                         {:.0} MB resident", status_field("self", "VmHWM:"));
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
                        let own = format!("bench-{number}");
                        office.store.change_staff::<u64, node::store::StoreError>(&own, |_| Ok(number)).expect("the disk takes it");
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
    let id = process.id().to_string();
    let found = (status_field(&id, "VmRSS:"), status_field(&id, "RssAnon:"));
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
    let again = std::env::var_os("HUIZHI_BENCH_DIR").map(PathBuf::from);
    let dir = again.clone().unwrap_or_else(|| kept.path().join("node"));
    let program = Path::new(env!("CARGO_BIN_EXE_huizhi"));
    if again.is_none() {
        let made = Command::new(program)
            .args(["--dir".as_ref(), dir.as_os_str()])
            .args(["init", "--roles", "capture,admin", "--http", "127.0.0.1:0", "--port", "0"])
            .stdout(Stdio::null())
            .status();
        assert!(made.expect("it starts").success(), "a node is made");
    }

    let cases = records.div_ceil(3);
    let records = 3 * cases;
    println!("begun at a load of {}", load());
    let office = open(&dir);
    let writers = Arc::new(Writers::new(office.origin().federation(), offices));
    let bytes = again.is_none().then(|| take_in(&office, &writers, cases, &dir));
    fold(&office, &dir, records);
    if setting("HUIZHI_BENCH_COMPARE", 0) == 1 {
        println!("  compared with a replay                 {:?}", office.compare_states(|| {}).expect("the store reads"));
    }
    drop(office);
    let length = std::fs::metadata(dir.join("store.redb")).expect("it is there").len() as f64 / 1e6;
    println!("  in packages of {PACKAGE}; the file is {length:.1} MB long");
    println!("  disk                                   {:.1} MB", disk(&dir));
    if let Some(bytes) = bytes {
        println!("  to the records' bytes                  {:.2} × {:.1} MB", disk(&dir) * 1e6 / bytes as f64, bytes as f64 / 1e6);
    }
    if records <= TABLES_LOOKED_AT {
        tables(&dir);
    }

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
    let numbers: Vec<u64> = (0..LOOKUPS as u64).map(|at| at * (cases / LOOKUPS as u64).max(1) % cases).collect();
    let look_up = |number: &u64| {
        let typed = writers.receipt_of(*number).digits();
        let start = Instant::now();
        // A moment after the newest of them was issued.
        let answer = receipts::look_up(&office, &typed, 1_795_000_100_000 + cases).expect("the store reads");
        assert!(matches!(answer, Answer::Valid(_)), "{answer:?}");
        start.elapsed()
    };
    let mut times: Vec<_> = numbers.iter().map(look_up).collect();
    times.sort_unstable();
    let (p99, worst) = (times[times.len() * 99 / 100], times[times.len() - 1]);
    let entries = office.store.entries(&writers.reviewer.origin, 0, 5).expect("the store reads");
    let floor = (0..LOOKUPS).map(|_| {
        let start = Instant::now();
        // The receipt, its case's three records, and the checkpoint.
        entries.iter().take(5).for_each(|entry| _ = std::hint::black_box(entry.verify()));
        start.elapsed()
    });
    println!(
        "  receipt looked up by number            {:.3} ms (of {LOOKUPS} p99 {:.3} ms, worst {:.3} ms)",
        median(times).as_secs_f64() * 1e3,
        p99.as_secs_f64() * 1e3,
        worst.as_secs_f64() * 1e3
    );
    println!("  floor: five strict verifications       {:.3} ms", median(floor.collect()).as_secs_f64() * 1e3);
    drop(office);

    let (resident, own) = memory(&dir, program);
    println!("  idle node, 15 s after its start        {resident:.0} MB resident, {own:.0} MB of it its own");
}
