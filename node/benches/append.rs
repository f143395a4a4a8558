//! What one durable append costs, beside what the disk and the database ask for the same bytes; and reading the tree back.
//!
//! All files lie on the disk of the target directory: a temporary directory may be memory, where syncing costs nothing.
//! Every store holds 10,000 records before it is measured, so that its trees are as deep as those of an office in use.
#![allow(missing_docs, clippy::print_stdout, reason = "a bench")]

#[path = "world/record.rs"]
mod record;

use criterion::Criterion;
use node::{
    service::{keys::Keys, office::Office},
    store::{HeadFile, Store},
};
use protocol::{
    id::{OfficeCode, Origin},
    keys::OfficeKey,
    log::{Checkpoint, VerifierKey},
    merkle::{self, Subtrees},
    record::{Signed, Verified},
};
use redb::{Database, ReadableDatabase, TableDefinition};
use std::{
    fs::File,
    hint::black_box,
    io::{Seek, SeekFrom, Write},
    time::{Duration, Instant},
};
use tempfile::TempDir;

const HELD: u64 = 10_000;
const TILE: u64 = 256;
const WARM_UP: u64 = 12;
const ROUNDS: u64 = 300;
const ENTRIES: TableDefinition<'static, &[u8; 12], &[u8]> = TableDefinition::new("entries");
const HASHES: TableDefinition<'static, &[u8; 13], &[u8; 32]> = TableDefinition::new("hashes");

fn code() -> OfficeCode {
    "44030001".parse().expect("eight digits are an office code")
}

fn origin() -> Origin {
    Origin::office("demo.huizhi", code(), 1).expect("the federation's name is well formed")
}

fn key() -> OfficeKey {
    OfficeKey::from_seed(&[7; 32])
}

fn directory() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target directory can be written")
}

fn signed(index: u64) -> Verified {
    Signed::sign(&origin(), &key(), &record::submission(&origin(), index)).expect("a submission fits an entry")
}

fn entry_key(index: u64) -> [u8; 12] {
    let mut key = [0; 12];
    key[4..].copy_from_slice(&index.to_be_bytes());
    key
}

fn hash_key(index: u64) -> [u8; 13] {
    let mut key = [0; 13];
    key[5..].copy_from_slice(&index.to_be_bytes());
    key
}

/// One thing that makes a record durable: its name, and the doing, which is told the position and the signed record.
type Way<'a> = (&'static str, Box<dyn FnMut(u64, &Verified) + 'a>);

/// Times every way in turn, round after round, and prints medians and their ratios to the first.
///
/// Not by criterion, which measures one thing after the other: the time of a sync changes within seconds with what else the disk does,
/// and only what was measured side by side can be compared. The order turns with each round, so that none always follows the same one.
fn durable() {
    let (office_dir, store_dir, head_dir, bare_dir) = (directory(), directory(), directory(), directory());
    let held: Vec<Verified> = (0..HELD).map(signed).collect();

    // A province that has enrolled nobody has nobody to ask whether it may sign.
    Keys::create(&office_dir.path().join("keys"), true).expect("the directory is new");
    let keys = Keys::open(&office_dir.path().join("keys")).expect("they were made a moment ago");
    let province = Origin::province("demo.huizhi", 1).expect("the federation's name is well formed");
    let province = VerifierKey::new(province, keys.province.as_ref().expect("it was asked for").public());
    let office = Office::open(office_dir.path(), code(), &province).expect("the directory is new");
    office.append(|_, signer| held.iter().map(|record| signer.sign(record.record())).collect()).expect("the disk takes the records");
    let store = Store::open(store_dir.path()).expect("the directory is new");
    store.append(&origin(), &held).expect("the disk takes the records");
    let head = HeadFile::new(head_dir.path(), "office").expect("the directory is new");
    let checkpoint = Checkpoint { origin: origin(), size: HELD, root: merkle::empty_root() }.sign(&key());
    let db = Database::create(bare_dir.path().join("floor.redb")).expect("the directory is new");
    let insert = |index: u64, records: &[Verified], quick: bool| {
        let mut write = db.begin_write().expect("one writer at a time");
        write.set_two_phase_commit(true);
        write.set_quick_repair(quick);
        {
            let mut table = write.open_table(ENTRIES).expect("the table has one definition");
            for (index, record) in (index..).zip(records) {
                table.insert(&entry_key(index), record.bytes()).expect("the disk takes the record");
            }
        }
        write.commit().expect("the disk takes the commit");
    };
    insert(0, &held, false);
    let mut growing = File::create(bare_dir.path().join("growing")).expect("the directory is new");
    let mut in_place = File::create(bare_dir.path().join("in-place")).expect("the directory is new");
    in_place.write_all(&[0; 1 << 16]).and_then(|()| in_place.sync_all()).expect("the disk takes the file");

    let mut ways: Vec<Way<'_>> = vec![
        (
            "floor: write to a growing file and fdatasync",
            Box::new(|_, record| {
                growing.write_all(record.bytes()).and_then(|()| growing.sync_data()).expect("the disk syncs");
            }),
        ),
        (
            "floor: write in place and fdatasync",
            Box::new(|_, record| {
                let written = in_place.seek(SeekFrom::Start(0)).and_then(|_| in_place.write_all(record.bytes()));
                written.and_then(|()| in_place.sync_data()).expect("the disk syncs");
            }),
        ),
        ("floor: redb, one insert, two-phase commit", Box::new(|index, record| insert(2 * index, std::slice::from_ref(record), false))),
        ("the same, with what is free in the commit", Box::new(|index, record| insert(2 * index + 1, std::slice::from_ref(record), true))),
        ("Store::append", Box::new(|_, record| store.append(&origin(), std::slice::from_ref(record)).expect("the disk takes the record"))),
        ("HeadFile::write", Box::new(|_, _| head.write(&checkpoint).expect("the disk takes the checkpoint"))),
        (
            "Office::append, which signs twice and does both",
            Box::new(|_, record| {
                let appended = office.append(|_, signer| Ok(vec![signer.sign(record.record())?]));
                black_box(appended.expect("the disk takes the record"));
            }),
        ),
    ];
    let mut times = vec![Vec::new(); ways.len()];
    for round in 0..ROUNDS + WARM_UP {
        let record = signed(HELD + round);
        for turn in 0..ways.len() {
            let at = (turn + round as usize) % ways.len();
            let start = Instant::now();
            ways[at].1(HELD + round, &record);
            if round >= WARM_UP {
                times[at].push(start.elapsed());
            }
        }
    }
    println!("durable append of one record of {} bytes, {ROUNDS} rounds: median, quartiles, ratio to the first", signed(0).bytes().len());
    let mut first = None;
    for ((name, _), mut times) in ways.iter().zip(times) {
        times.sort_unstable();
        let [low, median, high] = [1, 2, 3].map(|quarter| times[times.len() * quarter / 4].as_secs_f64() * 1e3);
        let ratio = median / *first.get_or_insert(median);
        println!("  {name:<50} {median:>7.3} ms  [{low:.3} … {high:.3}]  {ratio:.2}");
    }
}

fn tree(criterion: &mut Criterion) {
    let dir = directory();
    let store = Store::open(dir.path()).expect("the directory is new");
    store.append(&origin(), &(0..HELD).map(signed).collect::<Vec<_>>()).expect("the disk takes the records");
    let bare = Database::create(dir.path().join("floor.redb")).expect("the directory is new");
    let write = bare.begin_write().expect("one writer at a time");
    let mut table = write.open_table(HASHES).expect("the table has one definition");
    // About as many rows as the subtrees of a log of this length.
    for index in 0..2 * HELD {
        table.insert(&hash_key(index), &[1; 32]).expect("the disk takes the row");
    }
    drop(table);
    write.commit().expect("the disk takes the commit");

    let mut group = criterion.benchmark_group("tree of 10,000 records");
    group.sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    group.bench_function("inclusion proof", |b| {
        b.iter(|| store.with_subtrees(&origin(), |view| merkle::inclusion_proof(view, black_box(4_321), HELD)).expect("the log is here"));
    });
    group.bench_function("256 hashes, as for one tile of an export", |b| {
        b.iter(|| {
            store
                .with_subtrees(&origin(), |view| (0..TILE).map(|index| view.subtree(0, black_box(index))).collect::<Result<Vec<_>, _>>())
                .expect("the log is here")
        });
    });
    group.bench_function("floor: redb, 256 reads of one open table", |b| {
        b.iter(|| {
            let read = bare.begin_read().expect("the database is open");
            let table = read.open_table(HASHES).expect("the table is there");
            let hash = |index| *table.get(&hash_key(black_box(index))).expect("the disk is read").expect("the row is there").value();
            (0..TILE).map(hash).collect::<Vec<[u8; 32]>>()
        });
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    // Neither a listing nor a test run of the benches is for measuring.
    if !std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        durable();
    }
    tree(&mut criterion);
    criterion.final_summary();
}
