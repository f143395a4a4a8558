//! Any bytes are a picture or a refusal in words, and the preview of a picture is a picture.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| match photo::preview(bytes) {
    Ok(preview) => assert!(photo::decode::decode(&preview.jpeg).is_ok()),
    Err(error) => assert!(!error.message().is_empty() && !error.code().is_empty()),
});
