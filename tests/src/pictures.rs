//! Pictures for tests: one real photograph that `cargo xtask setup` installs, and drawn ones.

use image::{
    ImageEncoder, Rgb, RgbImage,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
};

/// A photograph of a real person (NASA, public domain), out of the Python wheel of scikit-image.
///
/// # Panics
/// It was not installed.
pub fn astronaut() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/weights/astronaut.png");
    std::fs::read(path).expect("the test photo is missing: run `cargo xtask setup`")
}

/// The photograph with one pixel changed, so that it is another file of the same person.
pub fn astronaut_number(number: u8) -> Vec<u8> {
    let mut one = image::load_from_memory(&astronaut()).expect("the photo decodes").to_rgb8();
    one.put_pixel(0, 0, Rgb([number, 0, 0]));
    png(&one)
}

/// The photograph beside itself.
pub fn two_people() -> Vec<u8> {
    let one = image::load_from_memory(&astronaut()).expect("the photo decodes").to_rgb8();
    let mut two = RgbImage::new(one.width() * 2, one.height());
    image::imageops::replace(&mut two, &one, 0, 0);
    image::imageops::replace(&mut two, &one, i64::from(one.width()), 0);
    png(&two)
}

/// A card on a table, with print on one half and a dark portrait on the other; `sharp` or out of focus.
pub fn card(sharp: bool) -> Vec<u8> {
    let picture = RgbImage::from_fn(1600, 1200, |x, y| {
        let (left, top) = (i64::from(x) - 200, i64::from(y) - 222);
        let is_card = (0..1200).contains(&left) && (0..756).contains(&top);
        let is_portrait = (780..1120).contains(&left) && (120..560).contains(&top);
        let is_print = (90..700).contains(&left) && (90..660).contains(&top) && top / 24 % 3 == 0 && left / 8 % 3 != 0;
        Rgb(match (is_card, is_portrait, is_print) {
            (false, ..) => [70, 62, 56],
            (_, true, _) => [120, 104, 98],
            (_, _, true) => [30, 30, 34],
            _ => [214, 220, 226],
        })
    });
    png(&if sharp { picture } else { image::imageops::blur(&picture, 14.0) })
}

/// A picture of somebody before a white wall, taken from so many times as far away.
///
/// # Panics
/// The picture does not decode.
pub fn farther(picture: &[u8], times: f64) -> Vec<u8> {
    let (near, mut far) = on_white(picture);
    let side = |length: u32| (f64::from(length) / times) as u32;
    let small = image::imageops::thumbnail(&near, side(near.width()), side(near.height()));
    let (x, y) = ((far.width() - small.width()) / 2, (far.height() - small.height()) / 2);
    image::imageops::replace(&mut far, &small, i64::from(x), i64::from(y));
    jpeg(&far)
}

/// A picture of somebody before a white wall, and somebody else beside.
///
/// # Panics
/// The picture does not decode.
pub fn twice(picture: &[u8]) -> Vec<u8> {
    let (one, _) = on_white(picture);
    let mut two = RgbImage::new(one.width() * 2, one.height());
    image::imageops::replace(&mut two, &one, 0, 0);
    image::imageops::replace(&mut two, &one, i64::from(one.width()), 0);
    jpeg(&two)
}

/// A picture of somebody before a white wall, who sits this share of its width too far left.
///
/// # Panics
/// The picture does not decode.
pub fn leftward(picture: &[u8], share: f64) -> Vec<u8> {
    let (seated, mut moved) = on_white(picture);
    image::imageops::replace(&mut moved, &seated, -((f64::from(seated.width()) * share) as i64), 0);
    jpeg(&moved)
}

/// The picture, and a white one of its size.
fn on_white(picture: &[u8]) -> (RgbImage, RgbImage) {
    let image = image::load_from_memory(picture).expect("the picture decodes").to_rgb8();
    let white = RgbImage::from_pixel(image.width(), image.height(), Rgb([255; 3]));
    (image, white)
}

/// A wall without anybody.
pub fn wall() -> Vec<u8> {
    png(&RgbImage::from_pixel(800, 1000, Rgb([205, 208, 212])))
}

/// Where [`drawn`] has its points: left eye, right eye, chin, crown.
pub const DRAWN_MARKS: [(f64, f64); 4] = [(515.0, 560.0), (685.0, 560.0), (600.0, 790.0), (600.0, 320.0)];

/// A drawn head and shoulders in front of a plain wall.
pub fn drawn() -> Vec<u8> {
    drawing(true)
}

/// The wall of [`drawn`] with nobody before it.
pub fn drawn_wall() -> Vec<u8> {
    drawing(false)
}

fn drawing(somebody: bool) -> Vec<u8> {
    let ellipse = |x: f64, y: f64, cx: f64, cy: f64, rx: f64, ry: f64| ((x - cx) / rx).powi(2) + ((y - cy) / ry).powi(2) <= 1.0;
    let picture = RgbImage::from_fn(1200, 1600, |x, y| {
        let (x, y) = (f64::from(x), f64::from(y));
        let eye = |cx| ellipse(x, y, cx, 560.0, 26.0, 13.0);
        let grain = grain(x, y);
        let colour = if !somebody {
            DRAWN_WALL
        } else if eye(515.0) || eye(685.0) {
            [40.0, 34.0, 30.0]
        } else if ellipse(x, y, 600.0, 700.0, 60.0, 12.0) {
            [170.0, 90.0, 90.0]
        } else if ellipse(x, y, 600.0, 575.0, 165.0, 215.0) && y > 440.0 {
            [214.0, 172.0, 148.0]
        } else if ellipse(x, y, 600.0, 520.0, 190.0, 200.0) {
            [44.0, 36.0, 32.0]
        } else if ellipse(x, y, 600.0, 1500.0, 480.0, 560.0) {
            [38.0, 52.0, 92.0]
        } else if (540.0..660.0).contains(&x) && (700.0..1000.0).contains(&y) {
            [200.0, 158.0, 134.0]
        } else {
            DRAWN_WALL
        };
        Rgb(colour.map(|value: f64| (value + grain).clamp(0.0, 255.0) as u8))
    });
    jpeg(&picture)
}

/// The wall of [`drawn`] without the person, by the same camera.
pub fn empty_wall() -> Vec<u8> {
    jpeg(&RgbImage::from_fn(1200, 1600, |x, y| Rgb(DRAWN_WALL.map(|value| (value + grain(f64::from(x), f64::from(y))) as u8))))
}

const DRAWN_WALL: [f64; 3] = [206.0, 209.0, 213.0];

fn grain(x: f64, y: f64) -> f64 {
    ((x * 12.9898 + y * 78.233).sin() * 43_758.547).fract() * 6.0
}

fn jpeg(picture: &RgbImage) -> Vec<u8> {
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 92).encode_image(picture).expect("memory takes a JPEG");
    jpeg
}

/// The first half of a good JPEG.
pub fn truncated() -> Vec<u8> {
    let mut jpeg = drawn();
    jpeg.truncate(jpeg.len() / 2);
    jpeg
}

/// A PNG whose header claims 60,000 × 60,000 pixels, with a right checksum.
pub fn bomb() -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(60_000_u32.to_be_bytes());
    header.extend(60_000_u32.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.extend(13_u32.to_be_bytes());
    file.extend(&header);
    file.extend(crc(&header).to_be_bytes());
    file.extend([0, 0, 0, 0]);
    file.extend(b"IDAT");
    file.extend(crc(b"IDAT").to_be_bytes());
    file
}

/// CRC-32 of PNG (ISO 3309).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(picture.as_raw(), picture.width(), picture.height(), image::ExtendedColorType::Rgb8)
        .expect("memory takes a PNG");
    bytes
}
