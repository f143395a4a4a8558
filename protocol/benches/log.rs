//! Signing, verifying and hashing of log entries, each beside the raw cryptography that it cannot do without.
//!
//! A group holds one operation and its floor over the same bytes, measured in the same run; the ratio is what counts.
//! Results that a floor must share with what it stands beside are compared first, so a floor never does other work.
#![allow(missing_docs, reason = "a bench")]

use criterion::{BatchSize, BenchmarkGroup, Criterion, SamplingMode, criterion_group, criterion_main, measurement::WallTime};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use minicbor::Decoder;
use protocol::{
    id::{BlobHash, CaseId, Origin, SpecHash},
    keys::OfficeKey,
    limits::PACKAGE_ENTRIES_MAX,
    log::{Checkpoint, Package, VerifierKey},
    merkle::{Edge, Hash, leaf_hash},
    record::{Record, Signed, Submitted, Verified},
};
use sha2::{Digest, Sha256};
use std::{hint::black_box, time::Duration};

const SEED: [u8; 32] = [7; 32];
const LEAVES: usize = 100_000;
const LOG: usize = 10_000;

fn origin() -> Origin {
    let code = "44030001".parse().expect("eight digits are an office code");
    Origin::office("demo.huizhi", code, 1).expect("the federation's name is well formed")
}

/// A submission as an office writes it: the longest kind that is written every day.
fn submission(index: u64) -> Record {
    let mut case = [1; 16];
    case[..8].copy_from_slice(&index.to_be_bytes());
    Record::Submitted(Submitted {
        case: CaseId(case),
        spec: SpecHash([2; 32]),
        photo: BlobHash([3; 32]),
        original: BlobHash([4; 32]),
        payload: BlobHash([5; 32]),
        applicant: BlobHash([6; 32]),
        report: BlobHash([7; 32]),
        operations: ["roll_corrected", "background_replaced", "cropped"].map(String::from).to_vec(),
        located_by: "marks".into(),
        failed_checks: 0,
        supersedes: None,
        operator: 4,
        at_ms: 1_795_000_000_000 + index,
    })
}

fn signed(count: usize) -> Vec<Verified> {
    let (origin, key) = (origin(), OfficeKey::from_seed(&SEED));
    (0..count as u64).map(|index| Signed::sign(&origin, &key, &submission(index)).expect("a submission fits an entry")).collect()
}

/// The message that was signed and the signature over it, by the definition at the head of `record`.
fn message_and_signature(entry: &[u8], origin: &Origin) -> (Vec<u8>, Signature) {
    fn item<'b>(decoder: &mut Decoder<'b>) -> &'b [u8] {
        decoder.bytes().expect("an own entry holds byte strings here")
    }
    let mut decoder = Decoder::new(entry);
    decoder.array().expect("an entry is an array");
    let kind = decoder.str().expect("an entry begins with its kind");
    let (author, body, signature) = (item(&mut decoder), item(&mut decoder), item(&mut decoder));
    let message = [b"huizhi/record/v1\n", kind.as_bytes(), b"\n", origin.as_str().as_bytes(), b"\n", author, body].concat();
    (message, Signature::from_slice(signature).expect("a signature is 64 bytes"))
}

/// What is hashed for a tree over these entries, laid out in advance: every leaf and as many inner nodes as the tree has.
struct TreeInputs {
    leaves: Vec<Vec<u8>>,
    node: [u8; 65],
}

impl TreeInputs {
    fn of<'a>(entries: impl Iterator<Item = &'a [u8]>) -> Self {
        Self { leaves: entries.map(|entry| [&[0], entry].concat()).collect(), node: [1; 65] }
    }
    /// The hashing alone. A node's input is the last node, so that none can be left out.
    fn hash(&mut self) -> Hash {
        let mut last = [0; 32];
        for leaf in &self.leaves {
            last = Sha256::digest(black_box(leaf)).into();
        }
        for _ in 1..self.leaves.len() {
            self.node[33..].copy_from_slice(&last);
            last = Sha256::digest(black_box(&self.node)).into();
        }
        last
    }
}

fn tree(leaves: impl Iterator<Item = Hash>) -> Edge {
    let mut edge = Edge::default();
    leaves.for_each(|leaf| edge.append(leaf, |level, index, hash| _ = black_box((level, index, hash))));
    edge
}

/// Short groups: the whole bench ends within a minute on two shared cores.
fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_millis(1_500));
    group
}

fn sign(criterion: &mut Criterion) {
    let (origin, key, raw_key, record) = (origin(), OfficeKey::from_seed(&SEED), SigningKey::from_bytes(&SEED), submission(0));
    let entry = Signed::sign(&origin, &key, &record).expect("a submission fits an entry");
    let (message, signature) = message_and_signature(entry.bytes(), &origin);
    assert_eq!(raw_key.sign(&message), signature, "the floor signs the same message");

    let mut group = group(criterion, "sign one record");
    group.bench_function("Signed::sign", |b| b.iter(|| Signed::sign(&origin, &key, black_box(&record))));
    group.bench_function("floor: Ed25519 sign", |b| b.iter(|| raw_key.sign(black_box(&message))));
    group.finish();
}

fn verify(criterion: &mut Criterion) {
    let origin = origin();
    let key = SigningKey::from_bytes(&SEED).verifying_key();
    let entry = signed(1).remove(0);
    let (message, signature) = message_and_signature(entry.bytes(), &origin);
    key.verify_strict(&message, &signature).expect("the floor verifies the same message");

    let mut group = group(criterion, "verify one record");
    group.bench_function("Signed::parse and verify", |b| {
        b.iter(|| Signed::parse(black_box(entry.bytes())).and_then(|signed| signed.verify(&origin)).expect("it was signed"));
    });
    group.bench_function("floor: Ed25519 verify_strict", |b| b.iter(|| key.verify_strict(black_box(&message), black_box(&signature))));
    // An entry brings its author's key as bytes, of which a point must be made first.
    let author = key.to_bytes();
    group.bench_function("floor: the same from a key in bytes", |b| {
        b.iter(|| VerifyingKey::from_bytes(black_box(&author)).and_then(|key| key.verify_strict(&message, black_box(&signature))));
    });
    group.bench_function("floor: SHA-256 of the entry", |b| b.iter(|| Sha256::digest(black_box(entry.bytes()))));
    group.finish();
}

fn package(criterion: &mut Criterion) {
    let (origin, key) = (origin(), OfficeKey::from_seed(&SEED));
    let entries = signed(PACKAGE_ENTRIES_MAX);
    let edge = tree(entries.iter().map(|entry| entry.hash().0));
    let checkpoint = Checkpoint { origin: origin.clone(), size: edge.size(), root: edge.root() }.sign(&key);
    let package = Package {
        start: 0,
        entries: entries.iter().map(|entry| entry.bytes().to_vec().into()).collect(),
        checkpoint: checkpoint.note().to_owned(),
        proof: vec![],
    };
    let verifier = VerifierKey::new(origin, key.public());

    let raw_key = SigningKey::from_bytes(&SEED);
    let (text, _) = checkpoint.note().split_once("\n\n").expect("a note has an empty line");
    let text = format!("{text}\n");
    let signature = raw_key.sign(text.as_bytes());
    let raw_key = raw_key.verifying_key();
    let mut inputs = TreeInputs::of(entries.iter().map(Verified::bytes));

    let mut group = group(criterion, "history of a package of 256");
    group.bench_function("Package::verify", |b| {
        let before = Edge::default();
        b.iter_batched(
            || package.clone(),
            |package| package.verify(&before, &verifier, []).expect("its checkpoint was signed over it"),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("floor: one Ed25519 verify_strict and SHA-256", |b| {
        b.iter(|| (raw_key.verify_strict(black_box(text.as_bytes()), &signature).expect("it was signed"), inputs.hash()));
    });
    group.finish();
}

fn root(criterion: &mut Criterion) {
    // Of the length of a submission, which signing would only slow down here.
    let len = signed(1).remove(0).bytes().len();
    let entries: Vec<Vec<u8>> = (0..LEAVES)
        .map(|index| {
            let mut entry = vec![0xa5; len];
            entry[..8].copy_from_slice(&(index as u64).to_be_bytes());
            entry
        })
        .collect();
    let mut inputs = TreeInputs::of(entries.iter().map(Vec::as_slice));

    let mut group = group(criterion, "root of 100,000 leaves");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.bench_function("Edge::append and root", |b| b.iter(|| tree(entries.iter().map(|entry| leaf_hash(entry))).root()));
    group.bench_function("floor: SHA-256 of the same leaves and as many nodes", |b| b.iter(|| inputs.hash()));
    group.finish();
}

fn whole_log(criterion: &mut Criterion) {
    let origin = origin();
    let key = SigningKey::from_bytes(&SEED).verifying_key();
    let entries = signed(LOG);
    let raw: Vec<_> = entries.iter().map(|entry| message_and_signature(entry.bytes(), &origin)).collect();
    let mut inputs = TreeInputs::of(entries.iter().map(Verified::bytes));

    let mut group = group(criterion, "whole log of 10,000 records");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).measurement_time(Duration::from_secs(4));
    group.bench_function("parse, verify and root", |b| {
        b.iter(|| {
            let verified = entries.iter().map(|entry| {
                let signed = Signed::parse(black_box(entry.bytes())).expect("an own entry is well formed");
                signed.verify(&origin).expect("it was signed").hash().0
            });
            tree(verified).root()
        });
    });
    group.bench_function("floor: Ed25519 verify_strict and SHA-256", |b| {
        b.iter(|| {
            for (message, signature) in &raw {
                key.verify_strict(black_box(message), signature).expect("it was signed");
            }
            inputs.hash()
        });
    });
    group.finish();
}

criterion_group!(benches, sign, verify, package, root, whole_log);
criterion_main!(benches);
