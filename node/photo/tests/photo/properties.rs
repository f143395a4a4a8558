//! Bytes and marks that nobody expected never make the pipeline panic.

use std::sync::OnceLock;

use image::ImageFormat;
use photo::{Marks, NoVision, Point, preview, standardize};
use proptest::prelude::*;

use studio::Portrait;

const SMALL: Portrait = Portrait { width: 180, height: 240, eyes: (90.0, 96.0), eye_distance: 26.0, wall: [200; 3] };

fn file(format: ImageFormat) -> &'static [u8] {
    static FILES: OnceLock<[Vec<u8>; 3]> = OnceLock::new();
    let files = FILES.get_or_init(|| [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP].map(|f| SMALL.bytes(f)));
    match format {
        ImageFormat::Jpeg => &files[0],
        ImageFormat::Png => &files[1],
        _ => &files[2],
    }
}

fn any_format() -> impl Strategy<Value = ImageFormat> {
    prop_oneof![Just(ImageFormat::Jpeg), Just(ImageFormat::Png), Just(ImageFormat::WebP)]
}

/// Found by the property below: a Huffman tree in which a library's sum overflows.
#[test]
fn a_tree_of_too_many_codes_is_a_damaged_file() {
    let rest: &[u8] = b"\xbc\xf8\xf7\x05\x0b\x80\xef\xea\xd3\xf0\x12\xc5\x42\xaf\xe0\x6f\x23\x67\xc1\x85\x72\xe1\x33\xed\x05\x10\x4a\x7a\
        \xc3\xf1\x41\xad\x2c\x57\x4e\x9f\x6c\xfd\x41\x67\x95\xd5\x0f\x67\x6d\xbe\xe1\x91\xd9\x15\x27\x78\xe8\xdd\x58\x48\
        \x41\x3e\xce\x8c\xf4\xf3\xff\xa4\x59\x59\x8e\xe1\x55\x08\xc7\x84\x98\xf5\xe6\x14\x9c\x47\x3f\x8e\x68\xf9\xb8\xc1\
        \x98\x4b\x5d\x7b\xc9\xa8\xd9\xbe\xed\x1c\xc8\x06\xaf\xb7\x49\x1e\x73\xa4\x74\x63\xfa\x54\x6b\xc1\xb2\x98\xe6\xc6\
        \xe0\x06\x52\x09\xe5\xae\xd3\xbb\x2d\xd7\xa5\xdd\x1b\xe0\x98\x84\x5c\x67\x91\xca\x80\xbf\x33\x37\xdf\x4c\xce\xcf\
        \x29\xf2\xb2\x2c\x53\x4f\x75\x65\x52\x61\xb7\xba\x42\xde\x68\x48\xfd";
    let bytes = [&file(ImageFormat::WebP)[..51], rest].concat();
    assert_eq!(preview(&bytes).unwrap_err().code(), "damaged_image");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(preview(&bytes).is_err());
    }

    #[test]
    fn arbitrary_bytes_behind_a_known_beginning(format in any_format(), keep in 4usize..64, rest in proptest::collection::vec(any::<u8>(), 0..600)) {
        let mut bytes = file(format)[..keep].to_vec();
        bytes.extend(rest);
        let _ = preview(&bytes);
    }

    #[test]
    fn damaged_files(format in any_format(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = file(format).to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = preview(&bytes);
    }

    #[test]
    fn cut_files_are_refused(format in any_format(), length in any::<prop::sample::Index>()) {
        let whole = file(format);
        prop_assert!(preview(&whole[..length.index(whole.len() - 8)]).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_marks(points in proptest::array::uniform4((0.0f64..180.0, 0.0f64..240.0)), spec in 0usize..11) {
        let [left_eye, right_eye, chin, crown] = points.map(|(x, y)| Point::new(x, y));
        let marks = Marks { left_eye, right_eye, chin, crown };
        let _ = standardize(file(ImageFormat::Png), &specs::shipped()[spec], &NoVision, Some(marks), &mut |_| {});
    }

    #[test]
    fn any_head_that_passes_for_one(x in 20.0f64..160.0, y in 10.0f64..230.0, distance in 24.5f64..90.0, tilt in -30.0f64..30.0, chin in 0.9f64..3.0, hair in 0.7f64..5.0, spec in 0usize..11) {
        let (sin, cos) = tilt.to_radians().sin_cos();
        let place = |u: f64, v: f64| Point::new((x + u * cos - v * sin).clamp(0.0, 180.0), (y + u * sin + v * cos).clamp(0.0, 240.0));
        let marks = Marks {
            left_eye: place(-distance / 2.0, 0.0),
            right_eye: place(distance / 2.0, 0.0),
            chin: place(0.0, chin * distance),
            crown: place(0.0, -hair * distance),
        };
        let spec = &specs::shipped()[spec];
        if let Ok(made) = standardize(file(ImageFormat::Png), spec, &NoVision, Some(marks), &mut |_| {}) {
            prop_assert_eq!(made.width_px, spec.width_px());
            prop_assert!(!made.jpeg.is_empty());
        }
    }
}
