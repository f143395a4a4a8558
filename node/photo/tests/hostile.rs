//! Small files that want to become large: whatever they claim, memory stays bounded and nothing panics.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageFormat};
use photo::decode::{MAX_PIXELS, decode};
use studio::memory::{Counting, peak_of};
use studio::{ORDINARY, Portrait};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Pixels at three bytes once in a decoder and once as a picture, and some for tables.
const LIMIT_BYTES: usize = MAX_PIXELS as usize * 6 + (32 << 20);

const SMALL: Portrait = Portrait { width: 180, height: 240, eyes: (90.0, 96.0), eye_distance: 26.0, wall: [200; 3] };

/// A PNG of these sides without its pixels; checksums of the header are right.
fn png_of(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend_from_slice(&width.to_be_bytes());
    header.extend_from_slice(&height.to_be_bytes());
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    file.extend_from_slice(&header);
    file.extend_from_slice(&crc(&header).to_be_bytes());
    file.extend_from_slice(b"\0\0\x40\0IDAT\x78\x9c");
    file
}

/// CRC-32 of ISO/IEC 15948, annex D.
fn crc(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 }))
}

/// A drawn JPEG whose header claims other sides.
fn jpeg_of(width: u16, height: u16) -> Vec<u8> {
    let mut file = SMALL.bytes(ImageFormat::Jpeg);
    let at = file.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    file[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
    file[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
    file
}

/// A PNG whose colour profile unpacks to a hundred megabytes.
fn profile_bomb() -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = PngEncoder::new(&mut file);
    encoder.set_icc_profile(vec![0; 100 << 20]).unwrap();
    encoder.write_image(&SMALL.draw(), 180, 240, ExtendedColorType::Rgb8).unwrap();
    file
}

/// WebP in its extended form with a canvas of these sides and nothing on it.
fn webp_of(width: u32, height: u32) -> Vec<u8> {
    let side = |value: u32| (value - 1).to_le_bytes()[..3].to_vec();
    let chunk = [b"VP8X\x0a\0\0\0\x10\0\0\0".to_vec(), side(width), side(height)].concat();
    [b"RIFF".to_vec(), (chunk.len() as u32 + 4).to_le_bytes().to_vec(), b"WEBP".to_vec(), chunk].concat()
}

#[test]
fn no_small_file_takes_more_than_the_bound() {
    let names = ["huge png", "largest png", "huge jpeg", "largest jpeg", "profile bomb", "huge webp", "largest webp"];
    let files = [
        png_of(60_000, 60_000),
        png_of(10_000, 5_000),
        jpeg_of(65_500, 65_500),
        jpeg_of(10_000, 5_000),
        profile_bomb(),
        webp_of(16_000, 16_000),
        webp_of(10_000, 5_000),
    ];
    for (name, file) in names.into_iter().zip(&files) {
        assert!(file.len() < 1 << 20, "{name} is no small file: {}", file.len());
        let peak = peak_of(|| drop(decode(file)));
        assert!(peak < LIMIT_BYTES, "{name}: {} MB of {}", peak >> 20, LIMIT_BYTES >> 20);
    }
    // The profile is left out before it is unpacked, and that is said.
    let bomb = profile_bomb();
    let peak = peak_of(|| assert_eq!(decode(&bomb).unwrap().operations, [photo::Operation::ColourProfileIgnored]));
    assert!(peak < 32 << 20, "{} MB", peak >> 20);
    // Every cut of real files, so that no length field is believed.
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = ORDINARY.bytes(format);
        for part in 0..40 {
            let cut = &whole[..whole.len() * part / 40];
            let peak = peak_of(|| assert!(decode(cut).is_err(), "{format:?} {part}/40"));
            assert!(peak < 200 << 20, "{format:?} {part}/40: {} MB", peak >> 20);
        }
    }
}
