//! A picture of 12 megapixels is made into a photo within the memory that a small computer at a counter can spare.
#![allow(missing_docs, unsafe_code, clippy::unwrap_used, reason = "a test, and an allocator is unsafe by nature")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use image::ImageFormat;
use studio::{Scene, Scripted, Wall};

const LIMIT_BYTES: usize = 250 << 20;

/// The system's allocator, counting.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(now, Relaxed);
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Most bytes in use at once during the work, the input file included.
fn peak_of(work: impl FnOnce()) -> usize {
    PEAK.store(NOW.load(Relaxed), Relaxed);
    work();
    PEAK.load(Relaxed)
}

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
