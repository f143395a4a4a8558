//! What logs replace: all receipts in one Automerge document. Bytes, building, loading, and bringing two replicas together again for one change.
//!
//! `HUIZHI_BENCH_RECEIPTS` says how many (100,000).
#![allow(missing_docs, clippy::print_stdout, clippy::disallowed_types, reason = "a bench")]

use automerge::{
    AutoCommit, ObjType, ROOT, ReadDoc,
    sync::{Message, State, SyncDoc},
    transaction::Transactable,
};
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};

fn receipt(doc: &mut AutoCommit, receipts: &automerge::ObjId, number: u64) {
    let key = format!("4403000101{number:010}");
    let entry = doc.put_object(receipts, key, ObjType::Map).expect("a map takes it");
    // Hashes do not compress.
    let hash = |what: u8| Sha256::new().chain_update([what]).chain_update(number.to_be_bytes()).finalize().to_vec();
    for (what, name) in (0..).zip(["case", "submission", "decision", "photo", "spec", "applicant"]) {
        doc.put(&entry, name, hash(what)).expect("a map takes it");
    }
    doc.put(&entry, "at_ms", 1_795_000_000_000 + number).expect("a map takes it");
    doc.commit();
}

/// Syncs two replicas; gives bytes and messages.
fn sync(one: &mut AutoCommit, other: &mut AutoCommit) -> (usize, usize) {
    let (mut here, mut there) = (State::new(), State::new());
    let (mut bytes, mut messages) = (0, 0);
    let mut carry = |message: Message| {
        let encoded = message.encode();
        bytes += encoded.len();
        messages += 1;
        Message::decode(&encoded).expect("it was just made")
    };
    loop {
        let from_one = one.sync().generate_sync_message(&mut here);
        let from_other = other.sync().generate_sync_message(&mut there);
        if from_one.is_none() && from_other.is_none() {
            return (bytes, messages);
        }
        if let Some(message) = from_one {
            other.sync().receive_sync_message(&mut there, carry(message)).expect("it is in order");
        }
        if let Some(message) = from_other {
            one.sync().receive_sync_message(&mut here, carry(message)).expect("it is in order");
        }
    }
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}

fn main() {
    // Neither a listing nor a test run of the benches is for measuring.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    let count: u64 = std::env::var("HUIZHI_BENCH_RECEIPTS").ok().and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let mut doc = AutoCommit::new();
    let receipts = doc.put_object(ROOT, "receipts", ObjType::Map).expect("an empty document takes it");
    let begin = Instant::now();
    (0..count).for_each(|number| receipt(&mut doc, &receipts, number));
    let built = begin.elapsed();
    let begin = Instant::now();
    let saved = doc.save();
    let saving = begin.elapsed();
    let begin = Instant::now();
    let mut other = AutoCommit::load(&saved).expect("it was just saved");
    let loading = begin.elapsed();
    println!("{count} receipts in one Automerge document, each one change");
    println!("  write them                        {:>10.0} ms  ({:.0} a second)", milliseconds(built), count as f64 / built.as_secs_f64());
    println!(
        "  save                              {:>10.0} ms  {:.1} MB, {} bytes a receipt",
        milliseconds(saving),
        saved.len() as f64 / 1e6,
        saved.len() as u64 / count.max(1)
    );
    println!("  load                              {:>10.0} ms", milliseconds(loading));
    receipt(&mut doc, &receipts, count);
    let begin = Instant::now();
    let (bytes, messages) = sync(&mut doc, &mut other);
    println!("  reconnect after one new receipt   {:>10.0} ms  {bytes} bytes in {messages} messages", milliseconds(begin.elapsed()));
    assert_eq!(doc.length(&receipts), other.length(&receipts), "both hold all");
    let mut empty = AutoCommit::new();
    let begin = Instant::now();
    let (bytes, messages) = sync(&mut doc, &mut empty);
    println!(
        "  a new replica, by its sync        {:>10.0} ms  {:.1} MB in {messages} messages",
        milliseconds(begin.elapsed()),
        bytes as f64 / 1e6
    );
    println!("  memory at its highest             {:>10.0} MB", resident());
}
