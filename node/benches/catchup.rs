//! A node that was away catches up with another one: how fast, against the same bytes without a look at them; what 50 of them ask of the
//! one; and how soon a new record is seen.
//!
//! `HUIZHI_BENCH_RECORDS` says how many records of about 400 bytes (100,000 if nothing is said), `HUIZHI_BENCH_PEERS` and
//! `HUIZHI_BENCH_PEER_RECORDS` how many catch up at one time (50) and with how many each (20,000). The one that gives is a process of its own.
#![allow(missing_docs, clippy::print_stdout, reason = "a bench")]

mod world;

use node::{
    service::{Office, keys::Keys},
    store::Store,
};
use protocol::{
    id::Origin,
    limits::PACKAGES_AHEAD_MAX,
    log::{Checkpoint, Package, VerifierKey},
    record::{Roles, Signed},
    sync::wire::{self, Response},
};
use redb::{Database, TableDefinition};
use std::{
    hint::black_box,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use world::{
    address, directory, enrol, enrol_writer, found, free_port, go_online, log_of, make_keys, memory, open, percentile, record, setting, sub,
};

const CHILD: &str = "HUIZHI_BENCH_CHILD";
const WRITER: usize = 90;
const FILL: u64 = 10_000;
/// Records that are given to a store without a network, to compare ways of taking them in.
const INGESTED: u64 = 20_000;
/// Cases folded in one go, as a running node does by the way.
const FOLD_STEP: usize = 16_384;
const DECISIONS: u64 = 300;
const ROWS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("rows");

/// The giving process: fills a log, serves it to offices over libp2p and to anybody as plain frames, and waits to be killed.
fn give(task: &str) {
    let mut task = task.split(' ');
    let mut next = || task.next().expect("the bench says it");
    let (dir, records, joining) = (next().to_owned(), next().parse::<u64>().expect("a number"), next().to_owned());
    let province = found(Path::new(&dir), Roles::ADMIN);
    let writer = make_keys(&sub(Path::new(&dir), "writer"), false);
    let key = enrol_writer(&province, &writer, WRITER);
    let mut numbers = 1..;
    for folder in std::fs::read_dir(&joining).expect("the bench made it") {
        let keys = Keys::open(&folder.expect("it is read").path().join("keys")).expect("the bench made them");
        let name = numbers.next().expect("endless");
        enrol(&province, &keys, name, Roles::ARCHIVE);
    }
    fill(&province.store, &key, records);
    let (net, plain) = (free_port(), TcpListener::bind("127.0.0.1:0").expect("loopback has free ports"));
    let province = Arc::new(province);
    let runtime = tokio::runtime::Runtime::new().expect("threads start");
    let _guard = runtime.enter();
    let online = go_online(province.clone(), net, &[]);
    let trust = province.members().province().to_string();
    println!("{} {} {trust}", address(net, &province.keys), plain.local_addr().expect("it listens"));
    std::io::stdout().flush().expect("the bench listens");
    for stream in plain.incoming() {
        give_plainly(&province.store, stream.expect("loopback works"));
    }
    drop(online);
}

fn fill(store: &Store, key: &protocol::keys::OfficeKey, records: u64) {
    let origin = log_of(WRITER);
    let mut done = 0;
    while done < records {
        let batch: Vec<_> = (done..(done + FILL).min(records)).map(|number| world::signed(&origin, key, number)).collect();
        store.append(&origin, &batch).expect("the disk takes it");
        done += batch.len() as u64;
    }
    let head = store.head(&origin);
    store.set_own_note(&Checkpoint { origin, size: head.size, root: head.root }.sign(key));
}

/// The floor's giver: the same packages in the same frames, one for every position that is asked for.
fn give_plainly(store: &Store, mut stream: TcpStream) {
    let mut start = [0; 8];
    while stream.read_exact(&mut start).is_ok() {
        let package = store.package(&log_of(WRITER), u64::from_be_bytes(start)).expect("the store reads");
        let frame = wire::encode(&package.map_or(Response::NotHere, Response::Entries));
        let sent = stream.write_all(&(frame.len() as u32).to_be_bytes()).and_then(|()| stream.write_all(&frame));
        if sent.is_err() {
            return;
        }
    }
}

struct Giver {
    process: Child,
    address: String,
    plain: String,
    province: VerifierKey,
}

impl Giver {
    fn start(dir: &Path, records: u64, joining: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program has a name"))
            .env(CHILD, format!("{} {records} {}", dir.display(), joining.display()))
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("it was asked for")).read_line(&mut line).expect("it says when it is ready");
        let mut words = line.split_whitespace().map(str::to_owned);
        let mut next = || words.next().expect("three words");
        let (address, plain, province) = (next(), next(), next());
        Self { process, address, plain, province: province.parse().expect("a verifier key") }
    }
}

impl Drop for Giver {
    fn drop(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it ended");
    }
}

/// The floor: the bytes come and are stored as they are, so many packages in one durable step; or are only received.
fn plainly(giver: &Giver, records: u64, database: Option<(&Database, usize)>) -> Duration {
    let mut stream = TcpStream::connect(&giver.plain).expect("it listens");
    stream.set_nodelay(true).expect("loopback works");
    let begin = Instant::now();
    let (mut start, mut come) = (0, Vec::new());
    while start < records {
        stream.write_all(&start.to_be_bytes()).expect("it reads");
        let mut length = [0; 4];
        stream.read_exact(&mut length).expect("it answers");
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut frame).expect("it answers");
        let Ok(Response::Entries(package)) = wire::decode_response(&frame) else { panic!("a package") };
        start += package.entries.len() as u64;
        if let Some((database, step)) = database {
            come.push(package);
            if come.len() == step || start >= records {
                store_plainly(database, &std::mem::take(&mut come));
            }
        }
    }
    begin.elapsed()
}

fn store_plainly(database: &Database, packages: &[Package]) {
    let mut write = database.begin_write().expect("one writer");
    write.set_two_phase_commit(true);
    {
        let mut rows = write.open_table(ROWS).expect("it opens");
        for package in packages {
            for (at, entries) in (package.start..).zip(package.entries.chunks(9)) {
                rows.insert(&at, entries.iter().flat_map(|entry| entry.iter().copied()).collect::<Vec<u8>>().as_slice())
                    .expect("the disk takes it");
            }
        }
    }
    write.commit().expect("the disk takes it");
}

async fn catch_up(giver: &Giver, dir: &Path, number: usize, records: u64) -> (Duration, Arc<Office>) {
    let office = Arc::new(open(dir, number, &giver.province));
    let begin = Instant::now();
    let online = go_online(office.clone(), 0, std::slice::from_ref(&giver.address));
    world::until(&office, |office| office.store.head(&log_of(WRITER)).size == records).await;
    let took = begin.elapsed();
    online.end().await;
    (took, office)
}

fn rate(records: u64, took: Duration) -> String {
    format!("{:>8.2} s  {:>9.0} records/s", took.as_secs_f64(), records as f64 / took.as_secs_f64())
}

/// Gives a store the same packages twice: weighed as they come, and stored first.
fn ingest() {
    let kept = directory();
    let (source, weighed, behind) = (sub(kept.path(), "source"), sub(kept.path(), "weighed"), sub(kept.path(), "behind"));
    let (weighed, behind) = (found(&weighed, Roles::ARCHIVE), found(&behind, Roles::ARCHIVE));
    let source = Store::open(&source).expect("it opens");
    let writer = make_keys(&sub(kept.path(), "writer"), false);
    let key = enrol_writer(&weighed, &writer, WRITER);
    enrol_writer(&behind, &writer, WRITER);
    let origin = log_of(WRITER);
    fill(&source, &key, INGESTED);
    let packages = |complete: bool| -> Vec<Package> {
        let mut edge = protocol::merkle::Edge::default();
        (0..INGESTED)
            .step_by(256)
            .map(|start| {
                let mut package = source.package(&origin, start).expect("the store reads").expect("it is there");
                if complete {
                    package.entries.iter().for_each(|entry| edge.append(protocol::merkle::leaf_hash(entry), |_, _, _| {}));
                    let head = Checkpoint { origin: origin.clone(), size: edge.size(), root: edge.root() };
                    (package.checkpoint, package.proof) = (head.sign(&key).note().to_owned(), vec![]);
                }
                package
            })
            .collect()
    };
    let take = |office: &Office, packages: Vec<Package>| {
        let begin = Instant::now();
        packages.into_iter().for_each(|package| office.ingest(&origin, package).expect("the disk takes it").expect("it is in order"));
        begin.elapsed()
    };
    let one_by_one = take(&weighed, packages(true));
    let stored = take(&behind, packages(false));
    let begin = Instant::now();
    while !behind.settle(FOLD_STEP).expect("the disk takes it") {}
    let folded = begin.elapsed();
    println!("\n{INGESTED} records given to a store, without a network");
    println!("  every signature before the commit, cases folded   {}", rate(INGESTED, one_by_one));
    println!(
        "  stored first                                       {}  {:.1} × as fast",
        rate(INGESTED, stored),
        one_by_one.as_secs_f64() / stored.as_secs_f64()
    );
    println!("  then verified on all cores, and cases folded       {}", rate(INGESTED, folded));
    let entries = behind.store.entries(&origin, 0, 2_000).expect("the store reads");
    let begin = Instant::now();
    entries.iter().for_each(|entry| _ = black_box(Signed::parse(&entry.bytes).and_then(|signed| signed.verify(&entry.origin))));
    println!("  floor of that: strict verification, one core       {}", rate(2_000, begin.elapsed()));
}

/// How soon a record that one office appended stands in the list of another.
async fn latency() {
    let kept = directory();
    let (here, there) = (sub(kept.path(), "here"), sub(kept.path(), "there"));
    let writer = found(&here, Roles::CAPTURE.with(Roles::ADMIN));
    let keys = make_keys(&there, false);
    enrol(&writer, &keys, 1, Roles::ARCHIVE);
    let reader = Arc::new(open(&there, 1, &writer.members().province().clone()));
    let (port, writer) = (free_port(), Arc::new(writer));
    let at = address(port, &writer.keys);
    let (one, other) = (go_online(writer.clone(), port, &[]), go_online(reader.clone(), 0, &[at]));
    let origin = writer.origin().clone();
    world::until(&reader, |office| office.member().is_some()).await;
    let (mut from_append, mut from_durable) = (Vec::new(), Vec::new());
    for number in 0..DECISIONS {
        let record = record::submission(&origin, number);
        let begin = Instant::now();
        let appending = writer.clone();
        let appended = tokio::task::spawn_blocking(move || appending.append(|_, signer| Ok(vec![signer.sign(&record)?])));
        appended.await.expect("it ends").expect("the disk takes it");
        let durable = Instant::now();
        world::until(&reader, |office| {
            office.store.head(&origin).size > number && office.case(record::case_of(&origin, number)).is_ok_and(|case| case.is_some())
        })
        .await;
        from_append.push(begin.elapsed());
        from_durable.push(durable.elapsed());
    }
    println!("\n{DECISIONS} records, one after the other, until each is seen at a connected office");
    for (what, times) in
        [("from the first line of its append", &mut from_append), ("from when it is durable at its writer", &mut from_durable)]
    {
        let [p50, p99] = [0.5, 0.99].map(|part| percentile(times, part).as_secs_f64() * 1e3);
        println!("  {what:<40} p50 {p50:.1} ms, p99 {p99:.1} ms");
    }
    one.end().await;
    other.end().await;
}

/// Many offices that were away catch up with one at the same time.
async fn many(peers: usize, records: u64) {
    let kept = directory();
    let joining = sub(kept.path(), "joining");
    let dirs: Vec<_> = (1..=peers).map(|number| sub(&joining, &format!("{number:04}"))).collect();
    dirs.iter().for_each(|dir| _ = make_keys(dir, false));
    let giver = Giver::start(&sub(kept.path(), "giver"), records, &joining);
    let (before, _) = memory(giver.process.id());
    let begin = Instant::now();
    // Whoever is enrolled under which code does not matter to the one that gives.
    let all = dirs.iter().enumerate().map(|(at, dir)| catch_up(&giver, dir, at + 1, records));
    futures::future::join_all(all).await;
    let took = begin.elapsed();
    let (_, highest) = memory(giver.process.id());
    println!("\n{peers} peers that catch up with {records} records each from one node, at one time");
    println!("  {}", rate(records * peers as u64, took));
    println!("  the one that gives: {before:.0} MB resident before, {highest:.0} MB at its highest");
}

fn log_bytes(store: &Store, origin: &Origin, records: u64) -> u64 {
    let entries = store.entries(origin, 0, 1_000).expect("the store reads");
    entries.iter().map(|entry| entry.bytes.len() as u64).sum::<u64>() * records / entries.len().max(1) as u64
}

fn main() {
    if let Ok(task) = std::env::var(CHILD) {
        return give(&task);
    }
    if world::is_no_bench() {
        return;
    }
    let records = setting("HUIZHI_BENCH_RECORDS", 100_000);
    let runtime = tokio::runtime::Runtime::new().expect("threads start");
    {
        let kept = directory();
        let joining = sub(kept.path(), "joining");
        let dir = sub(&joining, "0001");
        make_keys(&dir, false);
        let giver = Giver::start(&sub(kept.path(), "giver"), records, &joining);
        let database = |name: &str| Database::create(kept.path().join(name)).expect("the disk takes it");
        let received = plainly(&giver, records, None);
        let stored = plainly(&giver, records, Some((&database("plain.redb"), 1)));
        let together = plainly(&giver, records, Some((&database("together.redb"), PACKAGES_AHEAD_MAX)));
        let (took, office) = runtime.block_on(catch_up(&giver, &dir, 1, records));
        let bytes = log_bytes(&office.store, &log_of(WRITER), records);
        println!("{records} records ({:.0} MB) from another process over loopback", bytes as f64 / 1e6);
        println!("  the same frames over TCP, received only            {}", rate(records, received));
        println!("  floor: received and stored, nothing verified       {}", rate(records, stored));
        println!("  the same, {PACKAGES_AHEAD_MAX} packages in one durable step           {}", rate(records, together));
        println!(
            "  catch-up until authenticated and durable           {}  {:.0} % of the floor, {:.0} % of that with larger steps",
            rate(records, took),
            100.0 * stored.as_secs_f64() / took.as_secs_f64(),
            100.0 * together.as_secs_f64() / took.as_secs_f64()
        );
        let begin = Instant::now();
        while !office.settle(FOLD_STEP).expect("the disk takes it") {}
        println!("  until every case is verified and folded, more      {}", rate(records, begin.elapsed()));
    }
    ingest();
    runtime.block_on(latency());
    let peers = setting("HUIZHI_BENCH_PEERS", 50) as usize;
    if peers > 0 {
        runtime.block_on(many(peers, setting("HUIZHI_BENCH_PEER_RECORDS", 20_000)));
    }
}
