//! ISO/IEC 29794-5: from the native measure of each quality component to its value between 0 and 100.
//!
//! Formulas and constants are those of the reference implementation OFIQ (BSI, 1.0.3). They hold whoever measures:
//! this program measures some components in OFIQ's way and leaves the others to models that are not present.

/// A quality component of ISO/IEC 29794-5 as OFIQ names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum Component {
    UnifiedQualityScore,
    BackgroundUniformity,
    IlluminationUniformity,
    LuminanceMean,
    LuminanceVariance,
    UnderExposurePrevention,
    OverExposurePrevention,
    DynamicRange,
    Sharpness,
    CompressionArtifacts,
    NaturalColour,
    SingleFacePresent,
    EyesOpen,
    MouthClosed,
    EyesVisible,
    MouthOcclusionPrevention,
    FaceOcclusionPrevention,
    InterEyeDistance,
    HeadSize,
    LeftwardCropOfTheFaceImage,
    RightwardCropOfTheFaceImage,
    MarginAboveOfTheFaceImage,
    MarginBelowOfTheFaceImage,
    HeadPoseYaw,
    HeadPosePitch,
    HeadPoseRoll,
    ExpressionNeutrality,
    NoHeadCoverings,
}

impl Component {
    /// Every component, in the order of OFIQ's tables.
    pub const ALL: [Component; 28] = [
        Component::UnifiedQualityScore,
        Component::BackgroundUniformity,
        Component::IlluminationUniformity,
        Component::LuminanceMean,
        Component::LuminanceVariance,
        Component::UnderExposurePrevention,
        Component::OverExposurePrevention,
        Component::DynamicRange,
        Component::Sharpness,
        Component::CompressionArtifacts,
        Component::NaturalColour,
        Component::SingleFacePresent,
        Component::EyesOpen,
        Component::MouthClosed,
        Component::EyesVisible,
        Component::MouthOcclusionPrevention,
        Component::FaceOcclusionPrevention,
        Component::InterEyeDistance,
        Component::HeadSize,
        Component::LeftwardCropOfTheFaceImage,
        Component::RightwardCropOfTheFaceImage,
        Component::MarginAboveOfTheFaceImage,
        Component::MarginBelowOfTheFaceImage,
        Component::HeadPoseYaw,
        Component::HeadPosePitch,
        Component::HeadPoseRoll,
        Component::ExpressionNeutrality,
        Component::NoHeadCoverings,
    ];

    /// The component's value for a native measure, 0 (worst) to 100; `None` when the measure is not a number.
    pub fn scalar(self, native: f64) -> Option<u8> {
        use std::f64::consts::PI;
        let x = native;
        if x.is_nan() {
            return None;
        }
        let value = match self {
            Component::UnifiedQualityScore => 100.0 * logistic(x, 23.0, 2.6),
            Component::BackgroundUniformity => 190.0 * (1.0 - logistic(x, 10.0, 100.0)),
            Component::IlluminationUniformity => 100.0 * x.max(0.0).powf(0.3),
            Component::LuminanceMean => 100.0 * logistic(x, 0.2, 0.05) * (1.0 - logistic(x, 0.8, 0.05)),
            Component::LuminanceVariance => 100.0 * (60.0 * x / (60.0 * x + 1.0) * PI).sin(),
            Component::UnderExposurePrevention => 120.0 * (0.832 - logistic(x, 0.92, 0.05)),
            Component::OverExposurePrevention => 1.0 / (x + 0.01),
            Component::DynamicRange => 12.5 * x,
            Component::Sharpness => 115.0 * logistic(x, -20.0, 15.0) - 14.0,
            Component::CompressionArtifacts => 103.0 * logistic(x, 0.3308, 0.092) - 0.0278,
            Component::NaturalColour => 200.0 * (1.0 - logistic(x, 0.0, 10.0)),
            Component::SingleFacePresent
            | Component::EyesVisible
            | Component::MouthOcclusionPrevention
            | Component::FaceOcclusionPrevention => 100.0 * (1.0 - x),
            Component::EyesOpen => 100.0 * logistic(x, 0.02, 0.01),
            Component::MouthClosed => 100.0 * (1.0 - logistic(x, 0.2, 0.06)),
            Component::InterEyeDistance => 100.0 * logistic(x, 70.0, 20.0),
            Component::HeadSize => 200.0 * (1.0 - logistic((x - 0.45).abs(), 0.0, 0.05)),
            Component::LeftwardCropOfTheFaceImage | Component::RightwardCropOfTheFaceImage => 100.0 * logistic(x, 0.9, 0.1),
            Component::MarginAboveOfTheFaceImage => 100.0 * logistic(x, 1.4, 0.1),
            Component::MarginBelowOfTheFaceImage => 100.0 * logistic(x, 1.8, 0.1),
            Component::HeadPoseYaw | Component::HeadPosePitch | Component::HeadPoseRoll => 100.0 * x.to_radians().cos().max(0.0).powi(2),
            Component::ExpressionNeutrality => 100.0 * logistic(x, -5_000.0, 5_000.0),
            Component::NoHeadCoverings => 100.0 * uncovered(x),
        };
        // Rounding is half away from zero, as in C++; what a formula yields beyond the scale is cut to it.
        value.is_finite().then(|| value.round().clamp(0.0, 100.0) as u8)
    }
}

/// The logistic function with its middle and its width.
fn logistic(x: f64, middle: f64, width: f64) -> f64 {
    1.0 / (1.0 + ((middle - x) / width).exp())
}

/// From 1 where nothing covers the head to 0 where 95 % of the upper picture does.
fn uncovered(share: f64) -> f64 {
    let (none, all) = (0.0, 0.95);
    let at = |x| logistic(x, 0.02, 0.1);
    if share <= none {
        1.0
    } else if share >= all {
        0.0
    } else {
        (at(all) - at(share)) / (at(all) - at(none))
    }
}

impl std::fmt::Display for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}
