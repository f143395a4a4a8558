//! The numbers inside of an ONNX file, for a network that is computed here.
//!
//! Reads no more of the format than it takes: a file is protocol buffers, in which the model's field 7 is the graph, the graph's
//! field 5 a tensor, and a tensor's fields 8 and 9 are its name and its numbers as little-endian bytes.

use crate::ModelsError;

const GRAPH: u64 = 7;
const INITIALIZER: u64 = 5;
const NAME: u64 = 8;
const RAW_DATA: u64 = 9;

/// Named tensors of 32-bit floats.
pub(crate) struct Weights<'a> {
    tensors: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Weights<'a> {
    pub(crate) fn read(file: &'a [u8]) -> Result<Weights<'a>, ModelsError> {
        let damaged = || ModelsError::Engine("the file is no ONNX network".into());
        let mut tensors = Vec::new();
        for graph in messages(file, GRAPH).ok_or_else(damaged)? {
            for tensor in messages(graph, INITIALIZER).ok_or_else(damaged)? {
                let last = |field| messages(tensor, field).map(|found| found.last().copied().unwrap_or_default());
                tensors.push((last(NAME).ok_or_else(damaged)?, last(RAW_DATA).ok_or_else(damaged)?));
            }
        }
        Ok(Weights { tensors })
    }

    /// The numbers of one tensor, row by row, of which there must be `count`.
    pub(crate) fn get(&self, name: &str, count: usize) -> Result<Vec<f32>, ModelsError> {
        let (values, rest) =
            self.tensors.iter().find(|tensor| tensor.0 == name.as_bytes()).map_or_else(Default::default, |t| t.1.as_chunks());
        if values.len() != count || !rest.is_empty() {
            return Err(ModelsError::Engine(format!("the network has no {count} numbers named {name}")));
        }
        Ok(values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }
}

/// The length-delimited fields of this number; `None` where the bytes are not protocol buffers.
fn messages(mut bytes: &[u8], wanted: u64) -> Option<Vec<&[u8]>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let length = match key & 7 {
            0 => varint(&mut bytes).map(|_| 0)?,
            1 => 8,
            2 => usize::try_from(varint(&mut bytes)?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (field, rest) = bytes.split_at_checked(length)?;
        if key == wanted << 3 | 2 {
            found.push(field);
        }
        bytes = rest;
    }
    Some(found)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    //! Files put together by hand.
    use super::*;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, content.len() as u8], content].concat()
    }

    /// A tensor `w` of 1.0 and −2.0, between fields of every kind that are skipped.
    fn file() -> Vec<u8> {
        let numbers = [1.0f32.to_le_bytes(), (-2.0f32).to_le_bytes()].concat();
        let number = [1 << 3, 0x80, 0x01];
        let tensor = [&number, &*field(8, b"w"), &field(9, &numbers)].concat();
        let (four, eight) = ([2 << 3 | 5, 1, 2, 3, 4], [3 << 3 | 1, 1, 2, 3, 4, 5, 6, 7, 8]);
        let graph = [&four, &*field(1, b"a node"), &field(5, &tensor), &eight].concat();
        [&number, &*field(7, &graph)].concat()
    }

    #[test]
    fn numbers_are_found_by_name_and_count() {
        let file = file();
        let weights = Weights::read(&file).unwrap();
        assert_eq!(weights.get("w", 2).unwrap(), [1.0, -2.0]);
        for (name, count) in [("w", 1), ("w", 3), ("v", 2), ("a node", 2)] {
            assert!(matches!(weights.get(name, count), Err(ModelsError::Engine(_))), "{name} {count}");
        }
    }

    #[test]
    fn a_damaged_file_gives_an_error_or_no_numbers() {
        let whole = file();
        for length in 0..whole.len() {
            assert!(Weights::read(&whole[..length]).map_or(true, |weights| weights.get("w", 2).is_err()), "{length}");
        }
        for at in 0..whole.len() {
            for byte in 0..=255 {
                let mut file = whole.clone();
                file[at] = byte;
                let _ = Weights::read(&file).map(|weights| weights.get("w", 2));
            }
        }
        assert!(Weights::read(&[0xff; 12]).is_err());
    }
}
