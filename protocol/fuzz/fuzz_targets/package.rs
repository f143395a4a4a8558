//! Any package is authenticated or refused; what is authenticated continues the log by what it holds.
//!
//! The first byte says how the checkpoint is made: signed over what the package holds, or as it came.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::{
    keys::OfficeKey,
    log::{Checkpoint, Package, VerifierKey},
    merkle::{Edge, leaf_hash},
};

fuzz_target!(|bytes: &[u8]| {
    let Some((how, bytes)) = bytes.split_first() else { return };
    let Ok(mut package) = minicbor::decode::<Package>(bytes) else { return };
    let (key, origin) = (OfficeKey::from_seed(&[1; 32]), "fuzz.huizhi/office/44030001/1".parse().expect("an origin"));
    let verifier = VerifierKey::new(origin, key.public());
    let mut edge = Edge::default();
    package.entries.iter().for_each(|entry| edge.append(leaf_hash(entry), |_, _, _| {}));
    if how % 2 == 0 {
        let checkpoint = Checkpoint { origin: verifier.origin().clone(), size: edge.size(), root: edge.root() };
        package.checkpoint = checkpoint.sign(&key).note().to_owned();
    }
    let count = package.entries.len() as u64;
    if let Ok(verified) = package.verify(&Edge::default(), &verifier, &[]) {
        assert_eq!((verified.edge.size(), verified.edge.root()), (count, edge.root()));
    }
});
