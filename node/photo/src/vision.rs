//! What a model can tell about a picture, without saying which model.

use crate::image::{Point, Rgb};
use crate::plane::Plane;

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

impl Face {
    /// Every coordinate multiplied.
    pub fn scaled(&self, factor: f64) -> Face {
        let b = self.bounds;
        Face {
            bounds: Bounds { left: b.left * factor, top: b.top * factor, right: b.right * factor, bottom: b.bottom * factor },
            score: self.score,
            left_eye: self.left_eye.scaled(factor),
            right_eye: self.right_eye.scaled(factor),
            nose: self.nose.scaled(factor),
            mouth_left: self.mouth_left.scaled(factor),
            mouth_right: self.mouth_right.scaled(factor),
        }
    }
}

/// The surface of one face as 468 points in the topology of MediaPipe's canonical face model.
#[derive(Debug, Clone, PartialEq)]
pub struct Mesh {
    /// x and y in pixels of the picture; z in the same unit, towards the camera negative, 0 at the depth of the head's middle.
    points: Vec<[f64; 3]>,
    /// How sure the model is that this is a face, 0 to 1.
    pub presence: f64,
}

impl Mesh {
    /// Number of points.
    pub const LEN: usize = 468;

    /// A mesh from its points; `None` when their number is not [`Mesh::LEN`] or one is not finite.
    pub fn new(points: Vec<[f64; 3]>, presence: f64) -> Option<Mesh> {
        let finite = points.iter().flatten().chain([&presence]).all(|v| v.is_finite());
        (points.len() == Mesh::LEN && finite).then_some(Mesh { points, presence })
    }

    /// One point in the picture.
    ///
    /// Panics: when `index` is not below [`Mesh::LEN`]; indices are constants of this crate.
    pub fn at(&self, index: usize) -> Point {
        Point::new(self.points[index][0], self.points[index][1])
    }

    /// One point with its depth.
    pub fn at_depth(&self, index: usize) -> [f64; 3] {
        self.points[index]
    }

    /// All points.
    pub fn points(&self) -> &[[f64; 3]] {
        &self.points
    }

    /// Every coordinate multiplied, depth included.
    pub fn scaled(&self, factor: f64) -> Mesh {
        Mesh { points: self.points.iter().map(|p| p.map(|v| v * factor)).collect(), presence: self.presence }
    }
}

/// The coloured ring of one eye.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Iris {
    /// Centre in pixels of the picture.
    pub centre: Point,
    /// Half its width in pixels.
    pub radius_px: f64,
}

impl Iris {
    /// Place and size multiplied.
    pub fn scaled(&self, factor: f64) -> Iris {
        Iris { centre: self.centre.scaled(factor), radius_px: self.radius_px * factor }
    }
}

/// What models see in a picture. Implemented by crate `models`, by [`NoVision`], and by scripted results in tests.
///
/// A model that is not there answers [`VisionError::Absent`]; what it would have measured is then not assessed.
pub trait Vision: Sync {
    /// All faces of the picture, in pixels of that picture, in any order.
    fn faces(&self, image: &Rgb) -> Result<Vec<Face>, VisionError>;

    /// The surface of one of the faces, in pixels of the picture.
    fn mesh(&self, image: &Rgb, face: &Face) -> Result<Mesh, VisionError> {
        let _ = (image, face);
        Err(VisionError::Absent)
    }

    /// Both irises, the one on the left of the picture first.
    fn irises(&self, image: &Rgb, mesh: &Mesh) -> Result<[Iris; 2], VisionError> {
        let _ = (image, mesh);
        Err(VisionError::Absent)
    }

    /// Probability of person, 0 to 1, at whatever size the model works; it stands for the whole picture.
    fn person_mask(&self, image: &Rgb) -> Result<Plane, VisionError> {
        let _ = image;
        Err(VisionError::Absent)
    }

    /// Names of the models that are present, for the log and the receipt.
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
