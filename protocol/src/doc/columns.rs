//! Bounds what an Automerge change claims to hold, before the library unpacks it.
//!
//! A change stores its operations in run-length encoded columns, so a few bytes can claim 2^62 operations. This reads the column headers and
//! sums the run lengths without unpacking a run, in one pass over the bytes. Format: Automerge binary format, section "Change Chunk".

use super::DocError;
use crate::limits::{DOC_CHANGE_BYTES_MAX, DOC_CHANGE_OPS_MAX};

/// Bytes of an actor or hash list entry, of which the reader needs only that they are there.
const HASH_BYTES: u64 = 32;

/// Checks that the columns of a raw change chunk unpack to at most [`DOC_CHANGE_OPS_MAX`] values each, and to at most
/// [`DOC_CHANGE_BYTES_MAX`] bytes of strings. `body` begins behind the four magic bytes, the checksum and the chunk type.
///
/// # Errors
/// A column claims more, or the bytes are no change.
pub(super) fn check(body: &[u8]) -> Result<(), DocError> {
    let mut reader = Reader(body);
    let length = reader.unsigned()?;
    let mut change = Reader(reader.take(length)?);
    let dependencies = change.unsigned()?;
    change.take(dependencies.checked_mul(HASH_BYTES).ok_or(MALFORMED)?)?;
    change.prefixed()?;
    for _sequence_and_first_operation in 0..2 {
        change.unsigned()?;
    }
    change.signed()?;
    change.prefixed()?;
    for _other_actor in 0..change.unsigned()? {
        change.prefixed()?;
    }
    let columns = change.unsigned()?;
    // Bound: each column takes two bytes at least, so a false count ends with the bytes.
    let mut headers = Vec::new();
    for _ in 0..columns {
        headers.push((change.unsigned()?, change.unsigned()?));
    }
    for (kind, length) in headers {
        column(kind, Reader(change.take(length)?))?;
    }
    Ok(())
}

const MALFORMED: DocError = DocError::NotRaw;
const TOO_MANY: DocError = DocError::Bounds("operations");
/// Bit of a column's header that says its bytes are compressed.
const COMPRESSED: u64 = 0b1000;

fn column(kind: u64, bytes: Reader<'_>) -> Result<(), DocError> {
    if kind & COMPRESSED != 0 {
        return Err(MALFORMED);
    }
    match kind & 0b111 {
        // A group says how many values of the columns behind it belong to each operation, so its values count too.
        0 => runs(bytes, |reader, times| Ok((times, times.saturating_mul(reader.unsigned()?)))),
        1 | 2 | 6 => runs(bytes, |reader, times| reader.unsigned().map(|_| (times, 0))),
        3 => runs(bytes, |reader, times| reader.signed().map(|_| (times, 0))),
        4 => booleans(bytes),
        5 => runs(bytes, |reader, times| Ok((times, times.saturating_mul(reader.prefixed()?.len() as u64)))),
        // Raw bytes of values: as long as they are.
        _ => Ok(()),
    }
}

/// Walks the runs of a column. `value` reads one value that is repeated a number of times, and gives back how many values that makes, and
/// how many bytes of strings or members of groups.
fn runs<'a>(mut bytes: Reader<'a>, value: impl Fn(&mut Reader<'a>, u64) -> Result<(u64, u64), DocError>) -> Result<(), DocError> {
    let (mut values, mut weight) = (0_u64, 0_u64);
    while !bytes.0.is_empty() {
        let run = bytes.signed()?;
        let (repeated, literals) = match run {
            0 => {
                values = values.saturating_add(bytes.unsigned()?);
                (0, 0)
            }
            1.. => (run.unsigned_abs(), 1),
            _ => (1, run.unsigned_abs()),
        };
        // Bound: every literal takes a byte at least, so a false count ends with the bytes.
        for _ in 0..literals {
            let (more, heavier) = value(&mut bytes, repeated)?;
            values = values.saturating_add(more);
            weight = weight.saturating_add(heavier);
        }
        if values > DOC_CHANGE_OPS_MAX as u64 || weight > DOC_CHANGE_BYTES_MAX as u64 {
            return Err(TOO_MANY);
        }
    }
    Ok(())
}

fn booleans(mut bytes: Reader<'_>) -> Result<(), DocError> {
    let mut values = 0_u64;
    while !bytes.0.is_empty() {
        values = values.saturating_add(bytes.unsigned()?);
        if values > DOC_CHANGE_OPS_MAX as u64 {
            return Err(TOO_MANY);
        }
    }
    Ok(())
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: u64) -> Result<&'a [u8], DocError> {
        let length = usize::try_from(length).map_err(|_| MALFORMED)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(taken)
    }
    fn prefixed(&mut self) -> Result<&'a [u8], DocError> {
        let length = self.unsigned()?;
        self.take(length)
    }
    /// The bytes of one LEB128 number, seven bits each, and their count.
    fn leb128(&mut self) -> Result<(u128, u32), DocError> {
        let mut number = 0_u128;
        // Bound: 64 bits take ten bytes.
        for place in 0..10 {
            let byte = self.take(1)?[0];
            number |= u128::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Ok((number, 7 * (place + 1)));
            }
        }
        Err(MALFORMED)
    }
    fn unsigned(&mut self) -> Result<u64, DocError> {
        self.leb128()?.0.try_into().map_err(|_| MALFORMED)
    }
    fn signed(&mut self) -> Result<i64, DocError> {
        let (number, bits) = self.leb128()?;
        let unused = 128 - bits;
        // The highest bit that was read is the sign.
        ((number << unused).cast_signed() >> unused).try_into().map_err(|_| MALFORMED)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn leb(mut number: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let byte = (number & 0x7f) as u8;
            number >>= 7;
            if number == 0 {
                bytes.push(byte);
                return bytes;
            }
            bytes.push(byte | 0x80);
        }
    }

    /// A run-length as a signed LEB128 number.
    fn run(number: u64) -> Vec<u8> {
        let mut bytes = leb(number);
        // A positive number must not end with its sign bit set.
        if bytes.last().unwrap() & 0x40 != 0 {
            *bytes.last_mut().unwrap() |= 0x80;
            bytes.push(0);
        }
        bytes
    }

    /// A change with a right checksum, made of columns as somebody hostile would.
    pub(in super::super) fn forged(actor: &[u8], columns: &[(u64, Vec<u8>)]) -> Vec<u8> {
        let mut body = vec![0];
        body.extend(leb(actor.len() as u64));
        body.extend(actor);
        body.extend([1, 2, 0, 0, 0]);
        body.extend(leb(columns.len() as u64));
        columns.iter().for_each(|(kind, bytes)| {
            body.extend(leb(*kind));
            body.extend(leb(bytes.len() as u64));
        });
        columns.iter().for_each(|(_, bytes)| body.extend(bytes));
        let mut chunk = vec![1];
        chunk.extend(leb(body.len() as u64));
        chunk.extend(body);
        let checksum = Sha256::digest(&chunk);
        [&[0x85, 0x6f, 0x4a, 0x83][..], &checksum[..4], &chunk].concat()
    }

    /// Insert and action columns that claim `count` deletions of the root.
    pub(in super::super) fn claiming(actor: &[u8], count: u64) -> Vec<u8> {
        forged(actor, &[(0x15, [run(count), vec![1, b'k']].concat()), (0x34, leb(count)), (0x42, [run(count), vec![3]].concat())])
    }

    #[test]
    fn mend_12_a_change_that_claims_more_operations_than_its_bound_is_refused_before_it_is_unpacked() {
        let max = DOC_CHANGE_OPS_MAX as u64;
        for count in [max + 1, 1 << 32, 1 << 62] {
            let raw = claiming(&[7; 16], count);
            assert!(raw.len() < 100);
            assert_eq!(super::super::parse(&raw).unwrap_err(), TOO_MANY, "{count}");
        }
        assert_eq!(check(&claiming(&[7; 16], max)[9..]), Ok(()));
    }

    #[test]
    fn mend_12_every_kind_of_column_is_bounded_on_both_sides() {
        let max = DOC_CHANGE_OPS_MAX as u64;
        let check_column = |kind: u64, bytes: Vec<u8>| check(&forged(&[7], &[(kind, bytes)])[9..]);
        for kind in [0x01, 0x02, 0x03, 0x06] {
            assert_eq!(check_column(kind, [run(max), vec![1]].concat()), Ok(()), "{kind}");
            assert_eq!(check_column(kind, [run(max), vec![1], run(2), vec![1]].concat()), Err(TOO_MANY), "{kind}");
            assert_eq!(check_column(kind, [vec![0], leb(max)].concat()), Ok(()), "nulls of {kind}");
            assert_eq!(check_column(kind, [vec![0], leb(u64::MAX)].concat()), Err(TOO_MANY), "nulls of {kind}");
        }
        assert_eq!(check_column(0x04, [leb(1), leb(max - 1)].concat()), Ok(()));
        assert_eq!(check_column(0x04, [leb(1), leb(max)].concat()), Err(TOO_MANY));
        let text = |times: u64, length: usize| [run(times), leb(length as u64), vec![b'x'; length]].concat();
        assert_eq!(check_column(0x05, text(2, DOC_CHANGE_BYTES_MAX / 2)), Ok(()));
        assert_eq!(check_column(0x05, text(3, DOC_CHANGE_BYTES_MAX / 2)), Err(TOO_MANY), "one string, many times");
        assert_eq!(check_column(0x70, [run(1), leb(u64::MAX)].concat()), Err(TOO_MANY), "an operation with that many predecessors");
        assert_eq!(check_column(0x42 | COMPRESSED, vec![1, 1]), Err(MALFORMED));
    }
}
