//! Any text is an electronic receipt, a note, a witness's question or a receipt number, or is refused; what is read prints as it was read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::{
    keys::OfficeKey,
    log::{AddCheckpoint, ForkProof, VerifierKey},
    receipt::{ReceiptNumber, ReceiptProof},
    record::Signed,
};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(record) = Signed::parse(bytes) {
        assert!(record.claimed().is_ok() || record.claimed_case().is_none());
    }
    let _ = ForkProof::decode(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = AddCheckpoint::parse(text);
    if let Ok(number) = text.parse::<ReceiptNumber>() {
        assert_eq!(number.digits().parse(), Ok(number));
    }
    if let Ok(proof) = ReceiptProof::parse(text) {
        assert_eq!(ReceiptProof::parse(&proof.to_string()), Ok(proof.clone()));
        let origin = proof.claimed_origin().unwrap_or_else(|| "fuzz.huizhi/office/44030001/1".parse().expect("an origin"));
        let _ = proof.verify(&VerifierKey::new(origin, OfficeKey::from_seed(&[1; 32]).public()));
    }
});
