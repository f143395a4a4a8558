//! Deterministic CBOR (RFC 8949 §4.2.1): the one encoding of a value.
//!
//! Attack: CBOR may repeat a map key or write one number in five ways, and two readers then take two things from bytes that one office
//! signed. So records are refused unless lengths are definite, numbers shortest, and map keys ascending in the order of their bytes.

use super::{RecordError, malformed};
use crate::limits::CBOR_DEPTH_MAX;

/// Checks that the bytes are exactly one item in deterministic encoding. Floating-point numbers are not looked at; no kind has one.
///
/// # Errors
/// [`RecordError::Malformed`].
pub(super) fn check(bytes: &[u8]) -> Result<(), RecordError> {
    match item(bytes, CBOR_DEPTH_MAX)? {
        [] => Ok(()),
        _ => Err(malformed("bytes follow the item")),
    }
}

/// Reads one item; gives back what follows it.
fn item(bytes: &[u8], depth: usize) -> Result<&[u8], RecordError> {
    let depth = depth.checked_sub(1).ok_or_else(|| malformed("nested too deeply"))?;
    let (major, value, rest) = head(bytes)?;
    match major {
        2 | 3 => {
            let len = usize::try_from(value).map_err(malformed)?;
            let (text, rest) = rest.split_at_checked(len).ok_or_else(|| malformed("the item is cut short"))?;
            if major == 3 {
                std::str::from_utf8(text).map_err(malformed)?;
            }
            Ok(rest)
        }
        // Bound: every element takes at least one byte, so a made-up length ends with the bytes.
        4 => (0..value).try_fold(rest, |rest, _| item(rest, depth)),
        5 => map(rest, value, depth),
        6 => item(rest, depth),
        _ => Ok(rest),
    }
}

fn map(mut rest: &[u8], pairs: u64, depth: usize) -> Result<&[u8], RecordError> {
    let mut last: &[u8] = &[];
    for _ in 0..pairs {
        let value = item(rest, depth)?;
        let key = &rest[..rest.len() - value.len()];
        // A key is never empty, so the first one comes after nothing.
        if key <= last {
            return Err(malformed("map keys are not ascending"));
        }
        last = key;
        rest = item(value, depth)?;
    }
    Ok(rest)
}

/// Major type, argument in its shortest form, and what follows.
fn head(bytes: &[u8]) -> Result<(u8, u64, &[u8]), RecordError> {
    let (first, rest) = bytes.split_first().ok_or_else(|| malformed("the item is cut short"))?;
    let (major, info) = (first >> 5, first & 0x1f);
    let width = match info {
        0..24 => return Ok((major, u64::from(info), rest)),
        24..28 => 1 << (info - 24),
        _ => return Err(malformed("a length is indefinite or reserved")),
    };
    let (argument, rest) = rest.split_at_checked(width).ok_or_else(|| malformed("the item is cut short"))?;
    let value = argument.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    let least = match (major, width) {
        (7, 1) => 32,
        (7, _) => 0,
        (_, 1) => 24,
        _ => 1 << (4 * width),
    };
    if value < least { Err(malformed("a number is not in its shortest form")) } else { Ok((major, value, rest)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(bytes: &[u8]) -> bool {
        check(bytes).is_ok()
    }

    /// Encodings of RFC 8949 appendix A, and what §4.2.1 forbids of them.
    #[test]
    fn one_encoding_of_each_value() {
        for good in [
            &[0x00][..],
            &[0x17],
            &[0x18, 0x18],
            &[0x19, 0x01, 0x00],
            &[0x1a, 0x00, 0x01, 0x00, 0x00],
            &[0x1b, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00],
            &[0x20],
            &[0x41, 0xff],
            &[0x61, b'a'],
            &[0x82, 0x01, 0xf6],
            &[0xa2, 0x01, 0x02, 0x03, 0x04],
            &[0xa2, 0x17, 0x00, 0x18, 0x18, 0x00],
            &[0xc1, 0x00],
            &[0xf5],
            &[0xf9, 0x00, 0x00],
        ] {
            assert!(holds(good), "{good:02x?}");
        }
        for wrong in [
            &[][..],
            &[0x18, 0x17],
            &[0x19, 0x00, 0xff],
            &[0x1a, 0x00, 0x00, 0xff, 0xff],
            &[0x1b, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff],
            &[0x58, 0x01, 0xff],
            &[0x61, 0xff],
            &[0x41],
            &[0x9f, 0x01, 0xff],
            &[0xa2, 0x01, 0x02, 0x01, 0x04],
            &[0xa2, 0x03, 0x02, 0x01, 0x04],
            &[0xa2, 0x18, 0x18, 0x00, 0x17, 0x00],
            &[0xbf, 0xff],
            &[0xf8, 0x14],
            &[0x00, 0x00],
        ] {
            assert!(!holds(wrong), "{wrong:02x?}");
        }
        assert!(holds(&[vec![0x81; CBOR_DEPTH_MAX - 1], vec![0x00]].concat()));
        assert!(!holds(&[vec![0x81; CBOR_DEPTH_MAX], vec![0x00]].concat()), "a stack is not for a peer to use up");
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(bytes: Vec<u8>) {
            let _ = check(&bytes);
        }
    }
}
