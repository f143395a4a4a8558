//! Any frame is a message or a refusal, a message reads back as itself, and evidence of a stranger counts for nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::{
    keys::OfficeKey,
    log::VerifierKey,
    membership::Membership,
    sync::wire::{self, Response},
};

fuzz_target!(|frame: &[u8]| {
    if let Ok(request) = wire::decode_request(frame) {
        assert_eq!(wire::decode_request(&wire::encode(&request)), Ok(request));
    }
    if let Ok(response) = wire::decode_response(frame) {
        assert_eq!(wire::decode_response(&wire::encode(&response)).as_ref(), Ok(&response));
        if let Response::Receipt(evidence) = response {
            let key = OfficeKey::from_seed(&[1; 32]).public();
            let members = Membership::new(VerifierKey::new("fuzz.huizhi/province/1".parse().expect("an origin"), key));
            let _ = evidence.verify(&members);
        }
    }
});
