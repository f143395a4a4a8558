//! Any body of an Automerge change is taken into a note within its bounds, or refused in words.
//!
//! The magic bytes, the checksum and the kind are put in front here, for no fuzzer guesses a checksum.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::{doc::Note, id::Origin};
use sha2::{Digest, Sha256};
use std::sync::Once;

static QUIET: Once = Once::new();

fuzz_target!(|body: &[u8]| {
    // The library's panics are caught and become refusals; the fuzzer's own hook would end the process first.
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let sum = Sha256::digest([&[1], body].concat());
    let raw = [&[0x85, 0x6f, 0x4a, 0x83], &sum[..4], &[1], body].concat();
    let writer: Origin = "fuzz.huizhi/office/44030001/1".parse().expect("an origin");
    let mut note = Note::default();
    if note.apply(&writer, 0, &raw).is_ok() {
        assert!(note.changes() == 1 && note.text().len() <= 1 << 20);
    }
});
