//! Bands: the published bounds for head and eyes, each kept in the unit it was published in.

use serde::Serialize;

/// What a band bounds. Reference points differ between documents and must not be mixed:
/// the top of the hair is not the crown, and a face from cheek to cheek is not a head with ears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Upper edge to the top of the hair.
    HairTop,
    /// Upper edge to the crown of the skull.
    CrownTop,
    /// Width of the face between the cheeks, at the roots of the ears.
    FaceWidth,
    /// Width of the head with the ears.
    HeadWidth,
    /// Chin to crown.
    HeadHeight,
    /// Chin to the top of the hair.
    HeadHeightHair,
    /// Eye line to the lower edge.
    EyesFromBottom,
    /// Upper edge to the eye line.
    EyesFromTop,
    /// Chin to the lower edge.
    ChinFromBottom,
    /// Left edge to the midpoint between the eyes.
    EyeMidX,
    /// Distance between the centres of the eyes.
    EyeDistance,
}

impl Measure {
    /// Every measure, in the order of the documentation.
    pub const ALL: [Measure; 11] = [
        Measure::HairTop,
        Measure::CrownTop,
        Measure::FaceWidth,
        Measure::HeadWidth,
        Measure::HeadHeight,
        Measure::HeadHeightHair,
        Measure::EyesFromBottom,
        Measure::EyesFromTop,
        Measure::ChinFromBottom,
        Measure::EyeMidX,
        Measure::EyeDistance,
    ];

    /// The word in spec files.
    pub fn key(self) -> &'static str {
        match self {
            Measure::HairTop => "hair_top",
            Measure::CrownTop => "crown_top",
            Measure::FaceWidth => "face_width",
            Measure::HeadWidth => "head_width",
            Measure::HeadHeight => "head_height",
            Measure::HeadHeightHair => "head_height_hair",
            Measure::EyesFromBottom => "eyes_from_bottom",
            Measure::EyesFromTop => "eyes_from_top",
            Measure::ChinFromBottom => "chin_from_bottom",
            Measure::EyeMidX => "eye_mid_x",
            Measure::EyeDistance => "eye_distance",
        }
    }

    /// Runs along the width of the picture; all others run along its height.
    pub fn is_horizontal(self) -> bool {
        matches!(self, Measure::FaceWidth | Measure::HeadWidth | Measure::EyeMidX | Measure::EyeDistance)
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.key() == word)
    }
}

/// Unit a band was published in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Pixels of the finished file.
    Px,
    /// Millimetres on the print.
    Mm,
    /// Share of the width of the picture.
    ShareWidth,
    /// Share of the height of the picture.
    ShareHeight,
}

impl Unit {
    /// The word in spec files.
    pub fn key(self) -> &'static str {
        match self {
            Unit::Px => "px",
            Unit::Mm => "mm",
            Unit::ShareWidth => "share_width",
            Unit::ShareHeight => "share_height",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Unit::Px, Unit::Mm, Unit::ShareWidth, Unit::ShareHeight].into_iter().find(|unit| unit.key() == word)
    }
}

/// One published bound. At least one of `min` and `max` is present, both are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Band {
    /// What is bounded.
    pub measure: Measure,
    /// Unit of `min` and `max`.
    pub unit: Unit,
    /// Smallest allowed value.
    pub min: Option<f64>,
    /// Largest allowed value.
    pub max: Option<f64>,
    /// Pixels of the finished file per one unit; follows from the size of the spec.
    pub px_per_unit: f64,
}

impl Band {
    /// Smallest allowed value in pixels of the finished file.
    pub fn min_px(&self) -> Option<f64> {
        self.min.map(|value| value * self.px_per_unit)
    }

    /// Largest allowed value in pixels of the finished file.
    pub fn max_px(&self) -> Option<f64> {
        self.max.map(|value| value * self.px_per_unit)
    }

    /// A value in pixels of the finished file, in this band's own unit.
    pub fn in_unit(&self, value_px: f64) -> f64 {
        value_px / self.px_per_unit
    }

    /// Middle of the band in pixels, when it is bounded on both sides.
    pub fn middle_px(&self) -> Option<f64> {
        Some((self.min_px()? + self.max_px()?) / 2.0)
    }
}
