//! A picture of 12 megapixels is made into a photo within the memory that a small computer at a counter can spare.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use image::ImageFormat;
use studio::memory::{Counting, peak_of};
use studio::{Scene, Scripted, Wall};

const LIMIT_BYTES: usize = 250 << 20;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn twelve_megapixels_stay_within_the_limit() {
    let scene = Scene { noise: 1.0, ..Scene::new(4_000, Wall::Grey) };
    let (file, plate) = {
        let drawn = scene.draw();
        (studio::file(&drawn.picture, ImageFormat::Jpeg), studio::file(&drawn.plate, ImageFormat::Jpeg))
    };
    let vision = Scripted { width: scene.width, faces: vec![scene.face()] };
    let spec = specs::find("cn-id-card").unwrap();
    let alone = peak_of(|| {
        photo::standardize(&file, spec, &vision, None, &mut |_| {}).unwrap();
    });
    let with_plate = peak_of(|| {
        let shot = photo::Shot { bytes: &file, plate: Some(&plate), ..photo::Shot::default() };
        photo::prepare(&shot, &[spec], &vision, &mut |_| {}).unwrap().photo(spec, &mut |_| {}).unwrap();
    });
    eprintln!("peak {} MB, with a clean plate {} MB", alone >> 20, with_plate >> 20);
    assert!(alone < LIMIT_BYTES && with_plate < LIMIT_BYTES, "{} MB, with a clean plate {} MB", alone >> 20, with_plate >> 20);
}
