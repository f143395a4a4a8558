//! Checks hold what they promise: scalar mappings against OFIQ, and every controlled fault seen once it is strong enough.

use photo::Component;
use studio::defect::{self, Trial};

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
        eprintln!(
            "{:<26} {:<62} false rejects {:>3.0} %  detected {:>3.0} %",
            trial.check,
            trial.fault,
            100.0 * trial.false_rejects(),
            100.0 * trial.detected()
        );
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
