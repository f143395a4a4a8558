//! What is accepted as a picture, and how the rest is refused.

use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, RgbaImage};
use std::sync::atomic::AtomicBool;

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use photo::decode::{DecodeError, decode, decode_until};
use photo::upright::upright;
use photo::{Operation, PhotoError, preview};

use studio::{ORDINARY, Portrait, bytes};

use crate::cancelling::CancelAt;

#[track_caller]
fn check_refused(file: &[u8], code: &str) {
    let error = preview(file).unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    let message = error.message();
    assert!(!message.zh.is_empty() && !message.en.is_empty());
}

const SMALL: Portrait = Portrait { width: 180, height: 240, eyes: (90.0, 96.0), eye_distance: 26.0, wall: [200; 3] };

#[test]
fn files_that_are_no_pictures() {
    check_refused(b"", "not_an_image");
    check_refused(b"hello", "not_an_image");
    check_refused(&[0; 5_000], "not_an_image");
    check_refused(b"\x00\x00\x00\x18ftypmp42xxxxxxxx", "not_an_image");
}

#[test]
fn pictures_of_other_kinds_come_with_advice() {
    check_refused(b"GIF89a\x01\x00\x01\x00", "unsupported_format");
    check_refused(b"II*\0\x08\0\0\0", "unsupported_format");
    check_refused(b"%PDF-1.7", "unsupported_format");
    check_refused(b"BM0123456789012345678901234567", "unsupported_format");
    let heic = preview(b"\x00\x00\x00\x18ftypheic\0\0\0\0mif1heic").unwrap_err();
    assert_eq!(heic.code(), "unsupported_format");
    assert!(heic.message().zh.contains("兼容性最佳"));
}

#[test]
fn every_cut_of_a_jpeg_is_refused() {
    let whole = SMALL.bytes(ImageFormat::Jpeg);
    decode(&whole).unwrap();
    for part in 1..20 {
        let cut = &whole[..whole.len() * part / 20];
        let error = decode(cut).unwrap_err();
        assert!(["truncated", "damaged_image", "not_an_image"].contains(&error.code()), "{part}: {error}");
    }
    check_refused(&whole[..whole.len() - 2], "truncated");
    check_refused(&whole[..whole.len() / 2], "truncated");
}

#[test]
fn an_end_marker_inside_of_a_thumbnail_does_not_make_a_file_whole() {
    let whole = SMALL.bytes(ImageFormat::Jpeg);
    let mut file = whole[..2].to_vec();
    // An application segment that contains a complete tiny "thumbnail".
    file.extend_from_slice(&[0xff, 0xe1, 0x00, 0x08, 0xff, 0xd8, 0xff, 0xd9, 0x00, 0x00]);
    file.extend_from_slice(&whole[2..whole.len() / 2]);
    check_refused(&file, "truncated");
}

#[test]
fn cut_png_and_webp_are_refused() {
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let whole = SMALL.bytes(format);
        decode(&whole).unwrap();
        let error = decode(&whole[..whole.len() / 2]).unwrap_err();
        assert!(["truncated", "damaged_image"].contains(&error.code()), "{format:?} {error}");
    }
}

/// A PNG of a few bytes that claims this size.
fn claimed(width: u32, height: u32) -> Vec<u8> {
    let mut png = SMALL.bytes(ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    png
}

#[test]
fn a_header_that_claims_too_much_is_refused_before_anything_is_allocated() {
    check_refused(&claimed(60_000, 60_000), "too_large");
    check_refused(&claimed(12_001, 100), "too_large");
    check_refused(&claimed(9_000, 9_000), "too_large");
    check_refused(&claimed(10, 10), "too_small");
    let PhotoError::Decode(error) = preview(&claimed(60_000, 60_000)).unwrap_err() else { panic!("a decode error") };
    assert_eq!(error, photo::DecodeError::TooLarge { width: 60_000, height: 60_000 });
}

#[test]
fn a_file_of_too_many_bytes_is_refused() {
    check_refused(&vec![0xff; photo::decode::MAX_BYTES + 1], "file_too_large");
}

#[test]
fn transparent_pictures_lie_on_white() {
    let clear = RgbaImage::from_pixel(80, 80, image::Rgba([10, 20, 30, 0]));
    let mut file = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageRgba8(clear).write_to(&mut file, ImageFormat::Png).unwrap();
    let decoded = decode(file.get_ref()).unwrap();
    assert_eq!(decoded.operations, [Operation::AlphaOnWhite]);
    assert_eq!(decoded.image.at(5, 5), [255; 3]);
    assert_eq!(upright(decoded).operations[0].to_string(), "alpha_on_white");
}

#[test]
fn sixteen_bits_and_grey_are_read() {
    let deep = image::ImageBuffer::from_pixel(70, 70, image::Rgb([0xffffu16, 0x8080, 0]));
    let grey = image::GrayImage::from_pixel(70, 70, image::Luma([77]));
    let mut file = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageRgb16(deep).write_to(&mut file, ImageFormat::Png).unwrap();
    assert_eq!(decode(file.get_ref()).unwrap().image.at(0, 0), [255, 128, 0]);
    let mut file = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageLuma8(grey).write_to(&mut file, ImageFormat::Jpeg).unwrap();
    assert_eq!(decode(file.get_ref()).unwrap().image.at(0, 0), [77; 3]);
}

/// A JPEG with this EXIF orientation.
fn turned(orientation: u8) -> Vec<u8> {
    let mut image = image::RgbImage::from_pixel(96, 64, image::Rgb([255; 3]));
    for y in 0..16 {
        for x in 0..16 {
            image.put_pixel(x, y, image::Rgb([200, 0, 0]));
        }
    }
    let exif = [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[orientation, 0, 0, 0, 0, 0, 0, 0]].concat();
    let mut file = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 95);
    encoder.set_exif_metadata(exif).unwrap();
    encoder.write_image(&image, 96, 64, ExtendedColorType::Rgb8).unwrap();
    file
}

#[test]
fn exif_orientations_bring_the_corner_where_the_camera_meant_it() {
    // Where the red corner of the stored picture is seen: left or right, top or bottom.
    let seen = [(1, false, false), (2, true, false), (3, true, true), (4, false, true)];
    let swapped = [(5, false, false), (6, true, false), (7, true, true), (8, false, true)];
    for (orientation, right, bottom) in seen.into_iter().chain(swapped) {
        let upright = upright(decode(&turned(orientation)).unwrap());
        let (width, height) = (upright.image.width() as isize, upright.image.height() as isize);
        assert_eq!((width, height), if orientation >= 5 { (64, 96) } else { (96, 64) }, "{orientation}");
        let x = if right { width - 4 } else { 3 };
        let y = if bottom { height - 4 } else { 3 };
        let [r, g, _] = upright.image.at(x, y);
        assert!(r > 150 && g < 80, "orientation {orientation}: {:?}", upright.image.at(x, y));
        assert_eq!(upright.operations.len(), usize::from(orientation != 1));
    }
}

#[test]
fn preview_keeps_the_pixels_in_which_marks_are_counted() {
    let large = bytes(&image::RgbImage::from_pixel(5_000, 500, image::Rgb([120, 130, 140])), ImageFormat::Jpeg);
    for (file, size) in [(ORDINARY.bytes(ImageFormat::Jpeg), (900, 1200)), (large, (5_000, 500))] {
        let shown = preview(&file).unwrap();
        assert_eq!((shown.width_px, shown.height_px), size);
        let read = image::load_from_memory(&shown.jpeg).unwrap();
        assert_eq!((read.width(), read.height()), size);
    }
}

/// A drawing in the colours of ink, counted down from white as Adobe writes them.
fn in_ink(kind: ColorType) -> Vec<u8> {
    let light = SMALL.draw();
    let ink: Vec<u8> = light.pixels().flat_map(|p| [255 - p.0[0], 255 - p.0[1], 255 - p.0[2], 0]).collect();
    let mut file = Vec::new();
    Encoder::new(&mut file, 95).encode(&ink, 180, 240, kind).unwrap();
    file
}

#[test]
fn print_colours_become_the_colours_of_light() {
    for kind in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let decoded = decode(&in_ink(kind)).unwrap();
        assert_eq!(decoded.operations, [Operation::CmykConverted]);
        let truth = SMALL.draw();
        for (x, y) in [(5, 5), (90, 120), (60, 200)] {
            let (read, drawn) = (decoded.image.at(x, y), truth.get_pixel(x as u32, y as u32).0);
            assert!(read.iter().zip(drawn).all(|(a, b)| a.abs_diff(b) < 14), "{kind:?} {x},{y}: {read:?} {drawn:?}");
        }
    }
}

#[test]
fn ink_without_a_word_about_its_counting_is_refused_with_advice() {
    let mut file = in_ink(ColorType::Cmyk);
    let at = file.windows(5).position(|w| w == b"Adobe").unwrap();
    file[at] = b'X';
    check_refused(&file, "unsupported_format");
}

fn with_profile(pixels: &[u8], kind: ColorType, profile: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 98);
    encoder.add_icc_profile(profile).unwrap();
    encoder.encode(pixels, 180, 240, kind).unwrap();
    file
}

#[test]
fn colours_of_a_wide_profile_are_brought_to_srgb() {
    let wide = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let flat = [200u8, 60, 60].repeat(180 * 240);
    let decoded = decode(&with_profile(&flat, ColorType::Rgb, &wide)).unwrap();
    assert_eq!(decoded.operations, [Operation::ColourConverted]);
    let [r, g, b] = decoded.image.at(90, 120);
    // Display P3 (200, 60, 60) lies outside of the reds that sRGB writes with the same numbers: red grows, the others shrink.
    assert!((215..=222).contains(&r) && g < 55 && b < 58, "{r} {g} {b}");
    let plain = decode(&with_profile(&flat, ColorType::Rgb, &moxcms::ColorProfile::new_srgb().encode().unwrap())).unwrap();
    assert_eq!(plain.operations, []);
    assert!(plain.image.at(90, 120)[0].abs_diff(200) < 3);
}

#[test]
fn a_broken_profile_is_left_out_and_that_is_said() {
    let flat = [200u8, 60, 60].repeat(180 * 240);
    let decoded = decode(&with_profile(&flat, ColorType::Rgb, &[7; 900])).unwrap();
    assert_eq!(decoded.operations, [Operation::ColourProfileIgnored]);
    assert!(decoded.image.at(90, 120)[0].abs_diff(200) < 3);
}

#[test]
fn grey_pictures_and_grey_profiles_are_read() {
    let flat = vec![120u8; 180 * 240];
    let grey = moxcms::ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let decoded = decode(&with_profile(&flat, ColorType::Luma, &grey)).unwrap();
    assert_eq!(decoded.operations, [Operation::ColourConverted]);
    let [r, g, b] = decoded.image.at(90, 120);
    assert!(r == g && g == b && (178..=186).contains(&r), "{r} {g} {b}");
}

#[test]
fn a_cancelled_picture_is_given_up() {
    let stop = AtomicBool::new(true);
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let file = SMALL.bytes(format);
        assert_eq!(decode_until(&file, Some(&stop)).unwrap_err(), DecodeError::Cancelled, "{format:?}");
        assert!(decode_until(&file, Some(&AtomicBool::new(false))).is_ok());
    }
}

/// Eight megapixels of grain, which no encoder makes small.
fn large(format: ImageFormat) -> Vec<u8> {
    let mut state = 1_u32;
    let grain = image::RgbImage::from_fn(3_264, 2_448, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Rgb([(state >> 24) as u8, (state >> 16) as u8, 128])
    });
    bytes(&grain, format)
}

#[test]
fn a_large_picture_is_given_up_in_the_middle_of_its_bytes() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let file = large(format);
        let whole = CancelAt::new(usize::MAX);
        assert!(decode_until(&file, Some(&whole)).is_ok());
        assert!(whole.asked() > 40, "{format:?} is asked too rarely: {}", whole.asked());
        let third = CancelAt::new(whole.asked() / 3);
        assert_eq!(decode_until(&file, Some(&third)).unwrap_err(), DecodeError::Cancelled, "{format:?}");
        // Each time it is asked stands for a stretch of work: after the answer hardly any is done.
        let after = third.asked() - whole.asked() / 3;
        assert!(after <= 8, "{format:?} went on for {after} of {}", whole.asked());
    }
}

/// One way to write a JPEG file.
struct Structure {
    name: String,
    file: Vec<u8>,
    /// The decoder reads over a missing end of the last scan.
    reads_over: bool,
}

/// The drawing as JPEG files of every structure that cameras and programs write.
fn structures() -> Vec<Structure> {
    let drawn = ORDINARY.draw();
    let (width, height) = (drawn.width() as u16, drawn.height() as u16);
    let grey: Vec<u8> = drawn.pixels().map(|pixel| pixel.0[1]).collect();
    let mut files = Vec::new();
    for progressive in [false, true] {
        for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_2_2, SamplingFactor::R_4_1_1] {
            // The decoder takes restart markers in scans of unlike components for damage.
            let restarts: &[u16] = if sampling == SamplingFactor::R_4_1_1 { &[0] } else { &[0, 7, 16] };
            for restart in restarts.iter().copied() {
                for optimized in [false, true] {
                    let mut file = Vec::new();
                    let mut encoder = Encoder::new(&mut file, 90);
                    encoder.set_progressive(progressive);
                    encoder.set_sampling_factor(sampling);
                    encoder.set_optimized_huffman_tables(optimized);
                    if restart > 0 {
                        encoder.set_restart_interval(restart);
                    }
                    let (pixels, kind) = if restart == 16 { (&grey, ColorType::Luma) } else { (drawn.as_raw(), ColorType::Rgb) };
                    encoder.encode(pixels, width, height, kind).unwrap();
                    let name = format!("progressive {progressive} {sampling:?} restart {restart} optimized {optimized}");
                    // Such a file has one scan for each colour.
                    let several_scans = !progressive && optimized && kind == ColorType::Rgb;
                    files.push(Structure { name, file, reads_over: progressive || several_scans && restart > 0 });
                }
            }
        }
    }
    files
}

#[test]
fn data_missing_in_front_of_an_intact_end_marker_are_noticed_whatever_the_picture_shows() {
    for Structure { name, file, reads_over } in structures() {
        let read = decode(&file).unwrap_or_else(|error| panic!("{name}: {error}")).image;
        let other = image::load_from_memory(&file).unwrap().into_rgb8();
        let far = other.pixels().zip(read.pixels()).filter(|(a, b)| a.0.iter().zip(*b).any(|(a, b)| a.abs_diff(*b) > 24)).count();
        assert!(far < 200, "{name}: {far} pixels differ");
        let shares: &[f64] = if reads_over { &[0.1, 0.4] } else { &[0.1, 0.4, 0.7, 0.95] };
        for share in shares.iter().copied() {
            let mut cut = file[..(file.len() as f64 * share) as usize].to_vec();
            while cut.last() == Some(&0xff) {
                cut.pop();
            }
            cut.extend([0xff, 0xd9]);
            let error = decode(&cut).map(|_| ()).expect_err(&format!("{name} cut at {share}"));
            assert!(matches!(error, DecodeError::Truncated | DecodeError::Damaged), "{name} cut at {share}: {error}");
        }
    }
}

#[test]
fn a_flat_picture_is_whole() {
    // Hardly any bits in each block: what is left to read ahead must not be taken for missing.
    for side in [64, 65, 200] {
        let flat = vec![200u8; side * side * 3];
        for progressive in [false, true] {
            let mut file = Vec::new();
            let mut encoder = Encoder::new(&mut file, 90);
            encoder.set_progressive(progressive);
            encoder.set_optimized_huffman_tables(true);
            encoder.encode(&flat, side as u16, side as u16, ColorType::Rgb).unwrap();
            assert!(decode(&file).is_ok(), "{side} {progressive}");
            // What follows the end marker, as the second picture of some phones does, is nobody's data.
            file.extend_from_slice(&file.clone());
            assert!(decode(&file).is_ok(), "{side} {progressive} twice");
        }
    }
}
