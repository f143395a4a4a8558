//! What a model can tell about a picture, without saying which model.

use crate::image::{Point, Rgb};

/// An upright box in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Lower edge.
    pub bottom: f64,
}

impl Bounds {
    /// Width in pixels, never negative.
    pub fn width(&self) -> f64 {
        (self.right - self.left).max(0.0)
    }

    /// Height in pixels, never negative.
    pub fn height(&self) -> f64 {
        (self.bottom - self.top).max(0.0)
    }

    /// Area in square pixels.
    pub fn area(&self) -> f64 {
        self.width() * self.height()
    }
}

/// One face. Left and right are as seen in the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    /// Where it is.
    pub bounds: Bounds,
    /// How sure the model is, 0 to 1.
    pub score: f64,
    /// Centre of the eye on the left of the picture.
    pub left_eye: Point,
    /// Centre of the eye on the right of the picture.
    pub right_eye: Point,
    /// Tip of the nose.
    pub nose: Point,
    /// Corner of the mouth on the left of the picture.
    pub mouth_left: Point,
    /// Corner of the mouth on the right of the picture.
    pub mouth_right: Point,
}

/// Finds faces. Implemented by crate `models`, by [`NoVision`], and by scripted results in tests.
pub trait Vision {
    /// All faces of the picture, in pixels of that picture, in any order.
    fn faces(&self, image: &Rgb) -> Result<Vec<Face>, VisionError>;

    /// Name of the model, for the log and the receipt.
    fn name(&self) -> &str;
}

/// Why a model gave no answer. That it found no face is an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VisionError {
    /// No model is installed; the staff marks the points by hand.
    #[error("no face model is installed")]
    Absent,
    /// The model is there but did not run.
    #[error("the face model failed: {0}")]
    Failed(String),
}

/// No model at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoVision;

impl Vision for NoVision {
    fn faces(&self, _image: &Rgb) -> Result<Vec<Face>, VisionError> {
        Err(VisionError::Absent)
    }

    fn name(&self) -> &str {
        "none"
    }
}
