//! Writes the seeds that the fuzzers begin with into `corpus/`: one good input of each kind.

use protocol::{
    doc::Note,
    id::{BlobHash, CaseId, Origin},
    keys::OfficeKey,
    log::{Checkpoint, Package},
    merkle::{Edge, leaf_hash},
    receipt::{Evidence, ReceiptNumber, ReceiptProof},
    record::{Record, Signed, Withdrawn},
    sync::wire::{self, Request, Response},
};
use std::{fs, path::Path};

fn put(target: &str, name: &str, bytes: impl AsRef<[u8]>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join(name), bytes)).expect("the disk takes seeds");
}

fn main() {
    let (key, origin) = (OfficeKey::from_seed(&[1; 32]), "fuzz.huizhi/office/44030001/1".parse::<Origin>().expect("an origin"));
    let mut note = Note::default();
    for (position, text) in ["眼镜反光", "眼镜反光，请重拍", "请重拍", ""].into_iter().enumerate() {
        let raw = note.edit(&origin, position as u64, text).expect("a short note").expect("it changed");
        put("note", &format!("edit-{position}"), &raw[9..]);
    }
    let blob = BlobHash([2; 32]);
    put("wire", "frontier", wire::encode(&Request::Frontier(vec![])));
    put("wire", "blob", wire::encode(&Request::BlobPiece { hash: blob, end: Some(7) }));
    put("wire", "piece", wire::encode(&Response::BlobPiece { total: 3, before: [1; 32].into(), bytes: vec![1, 2, 3].into() }));
    put("wire", "receipt", wire::encode(&Response::Receipt(Evidence { logs: vec![] })));
    let withdrawn = Withdrawn {
        case: CaseId::new("44030001".parse().expect("a code"), [7; 12]),
        submission: protocol::id::RecordHash([3; 32]),
        reason: "applicant_asked".into(),
        operator: 1,
        at_ms: 1_790_000_000_000,
    };
    let record = Signed::sign(&origin, &key, &Record::Withdrawn(withdrawn)).expect("a record");
    let mut edge = Edge::default();
    edge.append(leaf_hash(record.bytes()), |_, _, _| {});
    let checkpoint = Checkpoint { origin, size: 1, root: edge.root() }.sign(&key);
    let package = Package { start: 0, entries: vec![record.bytes().to_vec().into()], checkpoint: checkpoint.note().into(), proof: vec![] };
    put("package", "one", [&[0][..], &minicbor::to_vec(&package).expect("memory")].concat());
    put("proof", "record", record.bytes());
    put("proof", "number", ReceiptNumber::new("44030001".parse().expect("a code"), 1, 7).expect("a number").digits());
    let proof = ReceiptProof { entry: record.bytes().to_vec(), index: 0, path: vec![], checkpoint: checkpoint.note().to_owned() };
    put("proof", "receipt", proof.to_string());
}
