//! Where head and eyes should lie: the frame that the capture screen draws over the camera picture.

use serde::Serialize;

use crate::{Measure, Spec};

/// Chin to crown of an adult is about this many face widths (cheek to cheek).
const HEAD_HEIGHT_PER_FACE_WIDTH: f64 = 1.47;
/// The eye line halves the distance from chin to crown.
const EYES_TO_CHIN_PER_HEAD: f64 = 0.5;
/// Ordinary hair lies above the crown by this share of the head.
const HAIR_PER_HEAD: f64 = 0.06;
/// Head height that fits most documents when nothing about it is published.
const DEFAULT_HEAD_SHARE: f64 = 0.62;

/// Target frame; every value is a share of the width or height of the finished photo, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Guide {
    /// Width over height of the photo.
    pub aspect: f64,
    /// Top of the hair, from the upper edge.
    pub hair_top: f64,
    /// Chin, from the upper edge.
    pub chin: f64,
    /// Eye line, from the upper edge.
    pub eye_line: f64,
    /// Width of the face, cheek to cheek, as a share of the width.
    pub face_width: f64,
}

impl Spec {
    /// The frame to aim at: the middle of each band, ordinary proportions where no band speaks.
    pub fn guide(&self) -> Guide {
        let (width, height) = (f64::from(self.width_px()), f64::from(self.height_px()));
        let middle = |measure| self.bands().iter().filter(|b| b.measure == measure).find_map(|b| b.middle_px());

        let head = middle(Measure::HeadHeight)
            .or_else(|| middle(Measure::HeadHeightHair).map(|px| px / (1.0 + HAIR_PER_HEAD)))
            .or_else(|| middle(Measure::FaceWidth).map(|px| px * HEAD_HEIGHT_PER_FACE_WIDTH))
            .unwrap_or(height * DEFAULT_HEAD_SHARE);
        let above_eyes = head * (1.0 - EYES_TO_CHIN_PER_HEAD + HAIR_PER_HEAD);

        let eye_line = middle(Measure::EyesFromTop)
            .or_else(|| middle(Measure::EyesFromBottom).map(|px| height - px))
            .or_else(|| middle(Measure::HairTop).map(|px| px + above_eyes))
            .or_else(|| middle(Measure::CrownTop).map(|px| px + head * (1.0 - EYES_TO_CHIN_PER_HEAD)))
            .or_else(|| middle(Measure::ChinFromBottom).map(|px| height - px - head * EYES_TO_CHIN_PER_HEAD))
            .unwrap_or(height * 0.12 + above_eyes);
        let eye_line = self.within(Measure::EyesFromBottom, height - eye_line).map_or(eye_line, |px| height - px);

        let chin = eye_line + head * EYES_TO_CHIN_PER_HEAD;
        let face_width = middle(Measure::FaceWidth).unwrap_or(head / HEAD_HEIGHT_PER_FACE_WIDTH);
        Guide {
            aspect: width / height,
            hair_top: ((eye_line - above_eyes) / height).clamp(0.0, 1.0),
            chin: (chin / height).clamp(0.0, 1.0),
            eye_line: (eye_line / height).clamp(0.0, 1.0),
            face_width: (face_width / width).clamp(0.0, 1.0),
        }
    }

    /// The value moved into the band of a measure, when there is such a band.
    fn within(&self, measure: Measure, value_px: f64) -> Option<f64> {
        let band = self.bands().iter().find(|b| b.measure == measure)?;
        Some(value_px.max(band.min_px().unwrap_or(f64::MIN)).min(band.max_px().unwrap_or(f64::MAX)))
    }
}
