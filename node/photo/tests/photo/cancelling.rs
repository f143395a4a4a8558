//! Work that is given up stops soon, wherever it is.

use std::sync::atomic::{AtomicUsize, Ordering};

use image::{ImageFormat, RgbImage};
use photo::{Cancel, Shot, Stage, prepare};
use specs::find;
use studio::{ORDINARY, Scripted, bytes};

/// Counts how often it is asked, and says from one of these times on that nobody waits any more.
#[derive(Debug)]
pub struct CancelAt {
    asked: AtomicUsize,
    at: usize,
}

impl CancelAt {
    pub fn new(at: usize) -> CancelAt {
        CancelAt { asked: AtomicUsize::new(0), at }
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Cancel for CancelAt {
    fn is_cancelled(&self) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed) + 1 >= self.at
    }
}

/// One photo with a plate; the stages that began, each with how often it had been asked then, and why there is no photo.
fn run(cancel: &CancelAt) -> (Vec<(Stage, usize)>, Option<&'static str>) {
    let (file, spec) = (ORDINARY.bytes(ImageFormat::Jpeg), find("cn-id-card").unwrap());
    let wall = RgbImage::from_pixel(ORDINARY.width, ORDINARY.height, image::Rgb(ORDINARY.wall));
    let plate = bytes(&wall, ImageFormat::Jpeg);
    let vision = Scripted { width: ORDINARY.width, faces: vec![ORDINARY.face()] };
    let shot = Shot { bytes: &file, plate: Some(&plate), cancel: Some(cancel), ..Shot::default() };
    let mut begun = Vec::new();
    let mut on_stage = |stage| begun.push((stage, cancel.asked()));
    let made = prepare(&shot, &[spec], &vision, &mut on_stage).and_then(|prepared| prepared.photo(spec, &mut on_stage));
    (begun, made.err().map(|error| error.code()))
}

#[test]
fn every_question_on_the_way_ends_the_work_and_none_is_far_from_the_next() {
    let whole = CancelAt::new(usize::MAX);
    let (begun, refused) = run(&whole);
    assert_eq!((begun.len(), refused), (Stage::ALL.len(), None));
    let ends = begun.iter().skip(1).map(|(_, asked)| *asked).chain([whole.asked() + 1]);
    for ((stage, from), to) in begun.iter().zip(ends) {
        // Models, the coarse cut and the fine cut take longest.
        let least = match stage {
            Stage::Decode => 2,
            Stage::Locate => 3,
            Stage::Matte => 5,
            _ => 1,
        };
        assert!(to - from >= least, "{stage:?} is asked {} times", to - from);
    }
    for at in 1..=whole.asked() {
        let cancel = CancelAt::new(at);
        let (reached, refused) = run(&cancel);
        assert_eq!(refused, Some("cancelled"), "question {at}");
        assert!(reached.iter().all(|(_, asked)| *asked < at), "no stage begins after question {at}: {reached:?}");
        assert!(cancel.asked() <= at + 8, "asked {} times after question {at}", cancel.asked() - at);
    }
}
