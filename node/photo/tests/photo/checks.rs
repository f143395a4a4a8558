//! Checks hold what they promise: scalar mappings against OFIQ, and every controlled fault seen once it is strong enough.

use image::ImageFormat;
use photo::check::{Seen, assess_face};
use photo::{Check, Component, Face, Rgb, Verdict, standardize};
use studio::defect::{self, Trial};
use studio::{ORDINARY, Portrait, Scripted, bytes};

/// Native measure and component value, worked out by hand from the standard's formulas.
#[rustfmt::skip]
const BY_HAND: [(Component, f64, u8); 62] = [
    (Component::UnifiedQualityScore, 23.0, 50), (Component::UnifiedQualityScore, 25.6, 73),
    (Component::BackgroundUniformity, 10.0, 95), (Component::BackgroundUniformity, 110.0, 51), (Component::BackgroundUniformity, 0.0, 100),
    (Component::IlluminationUniformity, 0.0, 0), (Component::IlluminationUniformity, 0.1, 50), (Component::IlluminationUniformity, 1.0, 100),
    (Component::LuminanceMean, 0.2, 50), (Component::LuminanceMean, 0.5, 100), (Component::LuminanceMean, 0.8, 50),
    (Component::LuminanceVariance, 0.0, 0), (Component::LuminanceVariance, 1.0 / 60.0, 100), (Component::LuminanceVariance, 1.0 / 300.0, 50),
    (Component::UnderExposurePrevention, 0.92, 40), (Component::UnderExposurePrevention, 0.0, 100), (Component::UnderExposurePrevention, 1.0, 0),
    (Component::OverExposurePrevention, 0.0, 100), (Component::OverExposurePrevention, 0.03, 25), (Component::OverExposurePrevention, 0.99, 1),
    (Component::DynamicRange, 4.0, 50), (Component::DynamicRange, 8.0, 100), (Component::DynamicRange, 0.04, 1),
    (Component::Sharpness, -20.0, 44), (Component::Sharpness, -200.0, 0), (Component::Sharpness, 100.0, 100),
    (Component::CompressionArtifacts, 0.3308, 51), (Component::CompressionArtifacts, 1.0, 100),
    (Component::NaturalColour, 0.0, 100), (Component::NaturalColour, 10.0, 54),
    (Component::SingleFacePresent, 0.25, 75), (Component::SingleFacePresent, 0.0, 100), (Component::SingleFacePresent, 1.0, 0),
    (Component::EyesOpen, 0.02, 50), (Component::EyesOpen, 0.03, 73), (Component::EyesOpen, 0.0, 12),
    (Component::MouthClosed, 0.2, 50), (Component::MouthClosed, 0.26, 27),
    (Component::EyesVisible, 0.4, 60), (Component::MouthOcclusionPrevention, 0.4, 60), (Component::FaceOcclusionPrevention, 0.4, 60),
    (Component::InterEyeDistance, 70.0, 50), (Component::InterEyeDistance, 90.0, 73),
    (Component::HeadSize, 0.45, 100), (Component::HeadSize, 0.5, 54), (Component::HeadSize, 0.4, 54),
    (Component::LeftwardCropOfTheFaceImage, 0.9, 50), (Component::RightwardCropOfTheFaceImage, 1.0, 73),
    (Component::MarginAboveOfTheFaceImage, 1.4, 50), (Component::MarginBelowOfTheFaceImage, 1.8, 50),
    (Component::HeadPoseYaw, 0.0, 100), (Component::HeadPoseYaw, 45.0, 50), (Component::HeadPoseYaw, -60.0, 25),
    (Component::HeadPosePitch, 90.0, 0), (Component::HeadPosePitch, 120.0, 0), (Component::HeadPoseRoll, 30.0, 75),
    (Component::ExpressionNeutrality, -5_000.0, 50), (Component::ExpressionNeutrality, 5_000.0, 88),
    (Component::NoHeadCoverings, 0.0, 100), (Component::NoHeadCoverings, 0.95, 0), (Component::NoHeadCoverings, 0.02, 91),
    (Component::NoHeadCoverings, 1.0, 0),
];

#[test]
fn scalar_mappings_give_what_was_worked_out_by_hand() {
    for (component, native, scalar) in BY_HAND {
        assert_eq!(component.scalar(native), Some(scalar), "{component} {native}");
    }
    for component in Component::ALL {
        assert!(BY_HAND.iter().any(|(other, _, _)| *other == component), "{component} is not in the table");
        assert_eq!(component.scalar(f64::NAN), None, "{component}");
        // Whatever a measure answers, the value stays on the scale.
        for native in [-1e9, -1.0, 0.0, 0.5, 1.0, 1e9] {
            assert!(component.scalar(native).is_none_or(|scalar| scalar <= 100), "{component} {native}");
        }
    }
}

/// OFIQ's own expected results, 28 components on 28 pictures, where a folder with them is named.
#[test]
fn scalar_mappings_give_all_expected_results_of_ofiq() {
    let Some(folder) = std::env::var_os("HUIZHI_TEST_DATA") else {
        eprintln!("HUIZHI_TEST_DATA is not set: only the table worked out by hand was used");
        return;
    };
    let path = std::path::Path::new(&folder).join("ofiq_expected_results.csv");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(';').collect();
    let (mut pairs, mut wrong) = (0, Vec::new());
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split(';').collect();
        for component in Component::ALL {
            let column = |name: String| header.iter().position(|cell| *cell == name).unwrap();
            let native: f64 = cells[column(component.to_string())].parse().unwrap();
            let expected: u8 = cells[column(format!("{component}.scalar"))].parse().unwrap();
            pairs += 1;
            if component.scalar(native) != Some(expected) {
                wrong.push(format!("{component} {native}: {:?}, expected {expected}", component.scalar(native)));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(pairs, 784);
}

#[track_caller]
fn check_trials(trials: &[Trial]) {
    let mut bad = Vec::new();
    for trial in trials {
        let rates: Vec<String> =
            trial.strengths.iter().enumerate().map(|(at, x)| format!("{x}: {:.0} %", 100.0 * trial.detected_at(at))).collect();
        eprintln!("{} | {} | false rejects {:.0} % | {}", trial.check, trial.fault, 100.0 * trial.false_rejects(), rates.join(", "));
        if !trial.flips_once() {
            bad.push(format!("{} ({}) {:?} {:?}", trial.check, trial.fault, trial.strengths, trial.measured));
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn every_fault_of_the_face_flips_its_check_once() {
    check_trials(&defect::face_trials());
}

#[test]
fn every_fault_of_the_photo_flips_its_check_once() {
    check_trials(&defect::photo_trials());
}

/// What a finished photo says of one check. `others` are seen beside the sitter, whose points are marked by hand where there are any.
fn of_a_photo(portrait: &Portrait, others: &[Face], name: &str) -> Check {
    let faces = [&[portrait.face()], others].concat();
    let vision = Scripted { width: portrait.width, faces };
    let marks = (!others.is_empty()).then(|| portrait.marks());
    let spec = specs::find("jp-passport").unwrap();
    let made = standardize(&portrait.bytes(ImageFormat::Png), spec, &vision, marks, &mut |_| {}).unwrap();
    made.report.get(name).unwrap().clone()
}

#[test]
fn a_second_face_is_measured_by_its_area_in_the_picture() {
    let own = ORDINARY.face();
    for (share, verdict) in [(0.05, Verdict::Pass), (0.14, Verdict::Pass), (0.2, Verdict::Fail), (0.9, Verdict::Fail)] {
        let mut other = own.scaled(f64::sqrt(share));
        for point in [&mut other.left_eye, &mut other.right_eye, &mut other.nose, &mut other.mouth_left, &mut other.mouth_right] {
            point.x += 400.0;
        }
        let check = of_a_photo(&ORDINARY, &[other], "SingleFacePresent");
        assert!((check.measured.unwrap() - share).abs() < 0.005, "{share}: {check:?}");
        assert_eq!(check.verdict, verdict, "{share}: {check:?}");
    }
}

#[test]
fn the_distance_of_the_eyes_is_that_of_the_original_whatever_its_size() {
    // The largest is worked on at a third of its size.
    for (eye_distance, verdict) in
        [(360.0, Verdict::Pass), (130.0, Verdict::Pass), (64.0, Verdict::Pass), (56.0, Verdict::Fail), (40.0, Verdict::Fail)]
    {
        let times = eye_distance / ORDINARY.eye_distance;
        let side = |length: u32| (f64::from(length) * times) as u32;
        let portrait = Portrait {
            width: side(ORDINARY.width),
            height: side(ORDINARY.height),
            eyes: (ORDINARY.eyes.0 * times, ORDINARY.eyes.1 * times),
            eye_distance,
            ..ORDINARY
        };
        let check = of_a_photo(&portrait, &[], "InterEyeDistance");
        assert!((check.measured.unwrap() - eye_distance).abs() < 0.5, "{eye_distance}: {check:?}");
        assert_eq!(check.verdict, verdict, "{eye_distance}: {check:?}");
    }
}

#[test]
fn the_tilt_is_that_of_the_finished_photo_corrected_or_not() {
    for (deg, verdict) in [(-6.0, Verdict::Pass), (3.0, Verdict::Pass), (7.0, Verdict::Pass), (10.0, Verdict::Fail), (-14.0, Verdict::Fail)]
    {
        let (sin, cos) = f64::to_radians(deg).sin_cos();
        let (cx, cy) = ORDINARY.eyes;
        let turned = |x: f64, y: f64| (cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos);
        let drawn = ORDINARY.draw();
        let (right, bottom) = (f64::from(drawn.width() - 1), f64::from(drawn.height() - 1));
        let picture = image::RgbImage::from_fn(drawn.width(), drawn.height(), |x, y| {
            let (dx, dy) = (f64::from(x) - cx, f64::from(y) - cy);
            let from = (cx + dx * cos + dy * sin, cy - dx * sin + dy * cos);
            *drawn.get_pixel(from.0.clamp(0.0, right) as u32, from.1.clamp(0.0, bottom) as u32)
        });
        let mut face = ORDINARY.face();
        for point in [&mut face.left_eye, &mut face.right_eye, &mut face.nose, &mut face.mouth_left, &mut face.mouth_right] {
            (point.x, point.y) = turned(point.x, point.y);
        }
        let vision = Scripted { width: ORDINARY.width, faces: vec![face] };
        let spec = specs::find("jp-passport").unwrap();
        let made = standardize(&bytes(&picture, ImageFormat::Png), spec, &vision, None, &mut |_| {}).unwrap();
        let check = made.report.get("HeadPoseRoll").unwrap();
        assert_eq!(check.verdict, verdict, "{deg}: {check:?}");
        let corrected = made.operations.iter().any(|operation| operation.to_string().starts_with("roll_corrected"));
        assert_eq!(corrected, deg.abs() <= 8.0, "{deg}: {:?}", made.operations);
        let left = if corrected { 0.0 } else { deg };
        assert!((check.measured.unwrap() - left).abs() < 0.2, "{deg}: {check:?}");
        // A document that forbids turning shows the tilt as it is.
        let kept =
            standardize(&bytes(&picture, ImageFormat::Png), specs::find("cn-graduate").unwrap(), &vision, None, &mut |_| {}).unwrap();
        assert!((kept.report.get("HeadPoseRoll").unwrap().measured.unwrap() - deg).abs() < 0.2, "{deg}: {:?}", kept.operations);
    }
}

/// Points that no sensible model gives, on pictures too small to hold a face.
#[test]
fn odd_points_and_tiny_pictures_never_panic_and_never_pass_a_nan() {
    let face = studio::ORDINARY.face();
    for (width, height) in [(1, 1), (3, 200), (200, 3), (40, 50)] {
        let image = Rgb::filled(width, height, [200, 160, 140]);
        for factor in [0.0, 1e-6, 0.05, 1.0, 1e7, f64::NAN, f64::INFINITY] {
            let face = face.scaled(factor);
            for mesh in
                [None, Some(studio::Surface::default().mesh(&studio::ORDINARY).scaled(if factor.is_finite() { factor } else { 1.0 }))]
            {
                let seen = Seen {
                    image: &image,
                    left_eye: face.left_eye,
                    right_eye: face.right_eye,
                    chin: face.mouth_left,
                    face_width_px: 200.0 * factor,
                    face: Some(face),
                    mesh,
                    irises: None,
                    second_face: Some(factor),
                    original_per_px: factor,
                    roll_corrected_deg: factor,
                };
                for check in assess_face(&seen, specs::Policy::shipped()).checks {
                    assert!(check.measured.is_none_or(f64::is_finite), "{check:?}");
                    assert_eq!(check.verdict == Verdict::NotAssessed, !check.reason.is_empty(), "{check:?}");
                    assert!(check.verdict != Verdict::Pass || check.measured.is_some(), "{check:?}");
                }
            }
        }
    }
}

/// The reviewer's list is understandable: everything not assessed says why and what to look at, in both languages.
#[test]
fn what_only_a_person_can_judge_is_on_the_list_with_words() {
    let made =
        standardize(&studio::ORDINARY.bytes(ImageFormat::Jpeg), specs::find("cn-id-card").unwrap(), &seeing(), None, &mut |_| {}).unwrap();
    for name in ["Glasses", "Jewellery", "Clothing", "MakeUp", "Selfie", "PhotoAge", "NoHeadCoverings"] {
        let check = made.report.get(name).unwrap();
        assert_eq!((check.verdict, check.code), (Verdict::NotAssessed, Some("person_judges")), "{check:?}");
    }
    for name in ["EyesOpen", "MouthClosed", "Gaze", "HeadPosePitch"] {
        let check = made.report.get(name).unwrap();
        assert_eq!((check.verdict, check.code), (Verdict::NotAssessed, Some("model_absent")), "{check:?}");
    }
    for check in made.report.checks.iter().filter(|check| check.verdict == Verdict::NotAssessed) {
        assert!(
            ![&check.reason.zh, &check.reason.en, &check.next_step.zh, &check.next_step.en].iter().any(|words| words.is_empty()),
            "{check:?}"
        );
    }
}

/// Places lie in the finished photo, whatever the size of the original.
#[test]
fn places_are_in_pixels_of_the_finished_photo() {
    let spec = specs::find("cn-id-card").unwrap();
    let made = standardize(&studio::ORDINARY.bytes(ImageFormat::Jpeg), spec, &seeing(), None, &mut |_| {}).unwrap();
    let places: Vec<_> = made.report.checks.iter().filter_map(|check| check.place.map(|place| (check.name, place))).collect();
    assert!(places.len() > 15);
    for (name, place) in &places {
        let inside = place.left + place.width <= spec.width_px() && place.top + place.height <= spec.height_px();
        assert!(inside && place.width > 0 && place.height > 0, "{name} {place:?}");
    }
    let eyes = places.iter().find(|(name, _)| *name == "InterEyeDistance").unwrap().1;
    let line = made.report.get("EyesFromBottom").unwrap().measured.unwrap();
    let middle = f64::from(eyes.top) + f64::from(eyes.height) / 2.0;
    assert!((f64::from(spec.height_px()) - line - middle).abs() < 4.0, "{eyes:?} {line}");
}

/// A document may switch a check off, or leave it to the reviewer.
#[test]
fn a_document_decides_what_a_check_means() {
    let image = studio::ORDINARY.draw();
    let dark: image::RgbImage = image::imageops::fast_blur(&image, 7.0);
    let file = bytes(&dark, ImageFormat::Png);
    let verdict = |change: &str| {
        let text = format!("{}\n{change}\n", specs::find("cn-id-card").unwrap().text());
        let spec = specs::Spec::parse("x", &text).unwrap();
        let made = standardize(&file, &spec, &seeing(), None, &mut |_| {}).unwrap();
        made.report.get("Sharpness").map(|check| (check.verdict, check.code))
    };
    assert_eq!(verdict(""), Some((Verdict::Fail, None)));
    assert_eq!(verdict("[checks.Sharpness]\nseverity = \"advisory\""), Some((Verdict::NotAssessed, Some("advisory"))));
    assert_eq!(verdict("[checks.Sharpness]\nmin = 0.01"), Some((Verdict::Pass, None)));
    assert_eq!(verdict("[checks.Sharpness]\nseverity = \"off\""), None);
}

fn seeing() -> studio::Scripted {
    studio::Scripted { width: studio::ORDINARY.width, faces: vec![studio::ORDINARY.face()] }
}
