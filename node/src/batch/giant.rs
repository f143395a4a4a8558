//! Which pictures are so large that only one of them may be decoded at a time.

/// Pixels from which a picture is a giant.
const PIXELS: u64 = 20_000_000;
/// A file that does not say its size where it is looked for is taken for a giant from this many bytes on: cameras write
/// half a byte for each pixel and more.
const BYTES: usize = 4 * 1024 * 1024;

/// Whether decoding the picture takes several times the memory of a usual one. What the header claims is enough: a header
/// that claims too little is a picture that does not decode.
pub(super) fn is_giant(bytes: &[u8]) -> bool {
    match png_pixels(bytes).or_else(|| jpeg_pixels(bytes)) {
        Some(pixels) => pixels > PIXELS,
        None => bytes.len() > BYTES,
    }
}

fn png_pixels(bytes: &[u8]) -> Option<u64> {
    let side = |at: usize| Some(u64::from(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?)));
    if !bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return None;
    }
    Some(side(16)?.saturating_mul(side(20)?))
}

/// Walks from segment to segment up to the one with the size (ITU-T T.81, B.2.2).
fn jpeg_pixels(bytes: &[u8]) -> Option<u64> {
    let number = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    if !bytes.starts_with(&[0xff, 0xd8]) {
        return None;
    }
    let mut at = 2;
    while *bytes.get(at)? == 0xff {
        match *bytes.get(at + 1)? {
            0xff => at += 1,
            // Tables and arithmetic conditioning share the range of the frame headers.
            0xc0..=0xcf if ![0xc4, 0xc8, 0xcc].contains(&bytes[at + 1]) => {
                return Some(u64::from(number(at + 5)?) * u64::from(number(at + 7)?));
            }
            _ => at += 2 + usize::from(number(at + 2)?),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    //! Sizes by header.
    use super::*;
    use image::{DynamicImage, ImageFormat};
    use std::io::Cursor;

    fn written(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn the_header_tells_giants() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            assert!(!is_giant(&written(640, 480, format)));
        }
        assert_eq!(jpeg_pixels(&written(640, 480, ImageFormat::Jpeg)), Some(640 * 480));
        let mut png = written(640, 480, ImageFormat::Png);
        png[16..20].copy_from_slice(&50_000_u32.to_be_bytes());
        assert!(is_giant(&png));
        assert!(is_giant(&[0; BYTES + 1]) && !is_giant(b"") && !is_giant(b"\xff\xd8\xff"));
    }
}
