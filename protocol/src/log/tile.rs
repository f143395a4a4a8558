//! Tiles: the file layout of C2SP tlog-tiles v0.1.0, which is the form of exports, backups and USB sticks.

/// Hashes in a full tile, and entries in a full bundle.
pub const WIDTH: u64 = 256;

/// Path of a hash tile that holds `width` hashes (1 to 256) of tile level `level`.
pub fn path(level: u8, index: u64, width: u64) -> String {
    format!("tile/{level}/{}{}", grouped(index), partial(width))
}

/// Path of an entry bundle that holds `width` entries (1 to 256).
pub fn entries_path(index: u64, width: u64) -> String {
    format!("tile/entries/{}{}", grouped(index), partial(width))
}

/// Tiles of one level over a tree of `size` leaves: index and width of each, the last one partial if need be.
pub fn tiles(level: u8, size: u64) -> impl Iterator<Item = (u64, u64)> {
    let hashes = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
    (0..hashes.div_ceil(WIDTH)).map(move |index| (index, (hashes - index * WIDTH).min(WIDTH)))
}

/// Appends an entry to a bundle: big-endian 16-bit length, then the bytes.
///
/// # Panics
/// If the entry is longer than 65,535 bytes, which no record can be.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) {
    let len = u16::try_from(entry.len()).expect("an entry fits 16 bits of length");
    bundle.extend(len.to_be_bytes());
    bundle.extend(entry);
}

/// The entries of a bundle, or nothing if it is truncated.
pub fn split_bundle(mut bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while let Some((len, rest)) = bundle.split_first_chunk::<2>() {
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        entries.push(entry);
        bundle = rest;
    }
    bundle.is_empty().then_some(entries)
}

fn grouped(index: u64) -> String {
    let mut text = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    text
}

fn partial(width: u64) -> String {
    if width == WIDTH { String::new() } else { format!(".p/{width}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_those_of_the_format() {
        assert_eq!(path(0, 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path(1, 0, 1), "tile/1/000.p/1");
        assert_eq!(entries_path(5, 12), "tile/entries/005.p/12");
        assert_eq!(tiles(0, 0).count(), 0);
        assert_eq!(tiles(0, 256).collect::<Vec<_>>(), [(0, 256)]);
        assert_eq!(tiles(0, 257).collect::<Vec<_>>(), [(0, 256), (1, 1)]);
        assert_eq!(tiles(1, 65_536).collect::<Vec<_>>(), [(0, 256)]);
        assert_eq!(tiles(2, 65_536).collect::<Vec<_>>(), [(0, 1)]);
    }

    proptest! {
        #[test]
        fn bundles_round_trip(entries: Vec<Vec<u8>>, junk: Vec<u8>) {
            let mut bundle = Vec::new();
            entries.iter().for_each(|entry| push_entry(&mut bundle, entry));
            prop_assert_eq!(split_bundle(&bundle).unwrap(), entries);
            split_bundle(&junk);
        }
    }
}
