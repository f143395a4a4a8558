//! The head as a few lengths, completed from ordinary proportions and refined on the picture.

use serde::Serialize;

use super::{LocateError, Marks, skin};
use crate::image::{Point, Rgb};
use crate::vision::{Face, Iris, Mesh};

/// Eye line to chin, in distances between the eyes (adults: about 112 mm to 63 mm).
const CHIN_PER_EYE_DISTANCE: f64 = 1.80;
/// Eye line to chin, in distances from the eye line to the mouth.
const CHIN_PER_MOUTH_DISTANCE: f64 = 1.70;
/// Width of the face between the cheeks, in distances between the eyes (140 mm to 63 mm, less the perspective of a lens at 2 m).
const FACE_PER_EYE_DISTANCE: f64 = 2.12;
/// Width of the head with the ears, in widths of the face.
const HEAD_PER_FACE_WIDTH: f64 = 1.16;
/// Eye line to the crown of the skull, in distances from the eye line to the chin.
const CROWN_PER_CHIN: f64 = 1.0;
/// Ordinary hair above the crown, in distances from the eye line to the chin.
const HAIR_PER_CHIN: f64 = 0.12;
/// Tops of the hair, in the same lengths above the eye line, from which the crown below can be told;
/// higher hair may be a bun or a hat, lower hair is a mistake of the cut.
const TELLING_HAIR: std::ops::RangeInclusive<f64> = 0.9..=1.3;
/// Where the crown of a skull can be, in the same lengths above the eye line.
const CROWN_RANGE: (f64, f64) = (0.88, 1.12);
/// Corners of the eyes, left to right in the picture, by their indices in the mesh.
const EYE_CORNERS: [usize; 4] = [33, 133, 362, 263];
/// Lowest points of the jaw.
const JAW: [usize; 5] = [176, 148, 152, 377, 400];
/// Where the cheeks end in front of the ears.
const CHEEKS: [usize; 2] = [234, 454];

/// How a number became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Set by the staff.
    Marks,
    /// Told by a model.
    Model,
    /// Ordinary proportions only.
    Anatomy,
    /// Measured on the picture.
    Image,
    /// Told by the mesh of the face, closer than by five points.
    Mesh,
}

/// A point or length of the head, with where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Landmark {
    /// `left_eye`, `right_eye`, `chin`, `hair_top`, `crown`, `face_width` or `head_width`.
    pub name: &'static str,
    /// Where it is, in pixels of the upright original; `None` for a length.
    pub at: Option<Point>,
    /// How long it is, in pixels of the upright original; `None` for a point.
    pub length_px: Option<f64>,
    /// Where it came from.
    pub source: Source,
    /// Typical error (one standard deviation) in pixels of the upright original.
    ///
    /// Estimated from a handful of portraits on which the points were set by eye, not from a data set.
    pub error_px: f64,
}

/// Points and lengths of the one head, in pixels of the upright original.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Head {
    /// Centre of the eye on the left of the picture.
    pub left_eye: Point,
    /// Centre of the eye on the right of the picture.
    pub right_eye: Point,
    /// How the eyes became known.
    pub eyes_source: Source,
    /// Lowest point of the chin.
    pub chin: Point,
    /// How the chin became known.
    pub chin_source: Source,
    /// Top of the hair, where the staff marked it or the silhouette showed it.
    pub hair_top: Point,
    /// How the top of the hair became known.
    pub hair_source: Source,
    /// Crown of the skull under the hair.
    pub crown: Point,
    /// How the crown became known.
    pub crown_source: Source,
    /// Width between the cheeks.
    pub face_width_px: f64,
    /// How the width became known.
    pub width_source: Source,
    /// Width with the ears.
    pub head_width_px: f64,
    /// How the width with the ears became known.
    pub head_width_source: Source,
}

impl Head {
    /// From the points of a face mesh; the irises, where they were found, are the centres of the eyes.
    pub(super) fn from_mesh(mesh: &Mesh, irises: Option<&[Iris; 2]>) -> Head {
        let [left_outer, left_inner, right_inner, right_outer] = EYE_CORNERS.map(|index| mesh.at(index));
        let left_eye = irises.map_or(left_outer.middle(left_inner), |irises| irises[0].centre);
        let right_eye = irises.map_or(right_inner.middle(right_outer), |irises| irises[1].centre);
        let frame = Frame::new(left_eye, right_eye);
        let chin_px = JAW.iter().map(|index| frame.down(mesh.at(*index))).fold(f64::MIN, f64::max);
        let [left, right] = CHEEKS.map(|index| frame.across(mesh.at(index)));
        Head {
            left_eye,
            right_eye,
            eyes_source: Source::Mesh,
            chin: frame.point(frame.across(mesh.at(JAW[2])), chin_px),
            chin_source: Source::Mesh,
            hair_top: frame.point(0.0, -(CROWN_PER_CHIN + HAIR_PER_CHIN) * chin_px),
            hair_source: Source::Anatomy,
            crown: frame.point(0.0, -CROWN_PER_CHIN * chin_px),
            crown_source: Source::Anatomy,
            face_width_px: right - left,
            width_source: Source::Mesh,
            head_width_px: HEAD_PER_FACE_WIDTH * (right - left),
            head_width_source: Source::Anatomy,
        }
    }

    pub(super) fn from_face(face: &Face, image: &Rgb) -> Head {
        let frame = Frame::new(face.left_eye, face.right_eye);
        let mouth = face.mouth_left.middle(face.mouth_right);
        let mouth_px = frame.down(mouth);
        // A smile lifts the corners of the mouth and a turned head narrows the eyes: either makes the face look shorter.
        let expected = (CHIN_PER_EYE_DISTANCE * frame.eye_distance_px).max(CHIN_PER_MOUTH_DISTANCE * mouth_px);
        let found = skin::chin(image, &frame, mouth_px, expected);
        // The strongest step may be the collar's shadow, proportions may not be this sitter's: each corrects the other.
        let chin_px = found.map_or(expected, |found| (found + expected) / 2.0);
        let chin_source = if found.is_some() { Source::Image } else { Source::Anatomy };
        let chin = frame.point(frame.across(mouth) * 0.5, chin_px);
        let mut head = Head {
            left_eye: face.left_eye,
            right_eye: face.right_eye,
            eyes_source: Source::Model,
            chin,
            chin_source,
            hair_top: frame.point(0.0, -(CROWN_PER_CHIN + HAIR_PER_CHIN) * chin_px),
            hair_source: Source::Anatomy,
            crown: frame.point(0.0, -CROWN_PER_CHIN * chin_px),
            crown_source: Source::Anatomy,
            face_width_px: 0.0,
            width_source: Source::Anatomy,
            head_width_px: 0.0,
            head_width_source: Source::Anatomy,
        };
        head.measure_width(image, &frame);
        head
    }

    pub(super) fn from_marks(marks: Marks, image: &Rgb) -> Result<Head, LocateError> {
        let points = [marks.left_eye, marks.right_eye, marks.chin, marks.crown];
        let inside = |p: &Point| (0.0..=image.width() as f64).contains(&p.x) && (0.0..=image.height() as f64).contains(&p.y);
        if !points.iter().all(inside) {
            return Err(LocateError::ImplausibleMarks("a mark lies outside of the picture"));
        }
        let frame = Frame::new(marks.left_eye, marks.right_eye);
        let distance = frame.eye_distance_px;
        if marks.right_eye.x - marks.left_eye.x < 1.0 || frame.roll_deg().abs() > 45.0 {
            return Err(LocateError::ImplausibleMarks("the eyes are not side by side"));
        }
        if distance < MIN_MARKED_DISTANCE_PX {
            return Err(LocateError::FaceTooSmall { eye_distance_px: distance, needed_px: super::MIN_EYE_DISTANCE_PX });
        }
        let (chin_px, hair_px) = (frame.down(marks.chin), -frame.down(marks.crown));
        if !(0.8..=3.5).contains(&(chin_px / distance)) {
            return Err(LocateError::ImplausibleMarks("the chin does not fit the eyes"));
        }
        if !(0.6..=6.0).contains(&(hair_px / distance)) {
            return Err(LocateError::ImplausibleMarks("the top of the head does not fit the eyes"));
        }
        let mut head = Head {
            left_eye: marks.left_eye,
            right_eye: marks.right_eye,
            eyes_source: Source::Marks,
            chin: marks.chin,
            chin_source: Source::Marks,
            hair_top: marks.crown,
            hair_source: Source::Marks,
            crown: frame.point(0.0, -(CROWN_PER_CHIN * chin_px).min(hair_px)),
            crown_source: Source::Anatomy,
            face_width_px: 0.0,
            width_source: Source::Anatomy,
            head_width_px: 0.0,
            head_width_source: Source::Anatomy,
        };
        head.measure_width(image, &frame);
        head.settle_crown();
        Ok(head)
    }

    fn measure_width(&mut self, image: &Rgb, frame: &Frame) {
        let expected = FACE_PER_EYE_DISTANCE * frame.eye_distance_px;
        match skin::face_width(image, frame, self.chin_px(), expected) {
            // The picture shows where skin ends, proportions know that ears are not cheeks: each corrects the other.
            Some(found) => {
                self.face_width_px = (found + expected) / 2.0;
                self.width_source = Source::Image;
            }
            None => self.face_width_px = expected,
        }
        self.head_width_px = HEAD_PER_FACE_WIDTH * self.face_width_px;
    }

    /// Takes over the top of the hair as the silhouette shows it, unless the staff marked it.
    pub(crate) fn show_hair_top(&mut self, top: Point) {
        if self.hair_source != Source::Marks {
            self.hair_top = top;
            self.hair_source = Source::Image;
            self.settle_crown();
        }
    }

    /// The crown lies under the hair by its usual thickness, where the hair is of a usual height.
    fn settle_crown(&mut self) {
        let frame = self.frame();
        let chin_px = self.chin_px();
        let hair = -frame.down(self.hair_top) / chin_px.max(1e-6);
        if TELLING_HAIR.contains(&hair) {
            let crown = (hair - HAIR_PER_CHIN).clamp(CROWN_RANGE.0, CROWN_RANGE.1).min(hair);
            self.crown = frame.point(0.0, -crown * chin_px);
            self.crown_source = self.hair_source;
        }
    }

    /// Every point and length with where it came from and how sure it is.
    pub fn landmarks(&self) -> [Landmark; 7] {
        // Shares of the distance from eye line to chin.
        let error = |source: Source, [marks, mesh, model, image, anatomy]: [f64; 5]| {
            let share = match source {
                Source::Marks => marks,
                Source::Mesh => mesh,
                Source::Model => model,
                Source::Image => image,
                Source::Anatomy => anatomy,
            };
            share * self.chin_px()
        };
        let point = |name, at, source, errors| Landmark { name, at: Some(at), length_px: None, source, error_px: error(source, errors) };
        let length = |name, length_px, source, errors| Landmark {
            name,
            at: None,
            length_px: Some(length_px),
            source,
            error_px: error(source, errors),
        };
        let eye = [0.01, 0.01, 0.03, 0.03, 0.05];
        [
            point("left_eye", self.left_eye, self.eyes_source, eye),
            point("right_eye", self.right_eye, self.eyes_source, eye),
            point("chin", self.chin, self.chin_source, [0.015, 0.025, 0.05, 0.04, 0.09]),
            point("hair_top", self.hair_top, self.hair_source, [0.015, 0.05, 0.05, 0.02, 0.15]),
            // Hair hides the crown from everybody.
            point("crown", self.crown, self.crown_source, [0.06, 0.07, 0.07, 0.06, 0.1]),
            length("face_width", self.face_width_px, self.width_source, [0.03, 0.04, 0.08, 0.08, 0.12]),
            length("head_width", self.head_width_px, self.head_width_source, [0.03, 0.08, 0.1, 0.03, 0.14]),
        ]
    }

    /// The head's own axes.
    pub fn frame(&self) -> Frame {
        Frame::new(self.left_eye, self.right_eye)
    }

    /// Eye line to chin along the head's own axis.
    pub fn chin_px(&self) -> f64 {
        self.frame().down(self.chin)
    }

    /// The points as the staff would mark them.
    pub fn marks(&self) -> Marks {
        Marks { left_eye: self.left_eye, right_eye: self.right_eye, chin: self.chin, crown: self.hair_top }
    }
}

const MIN_MARKED_DISTANCE_PX: f64 = super::MIN_EYE_DISTANCE_PX;

/// Axes of the head: origin between the eyes, `across` along the eye line, `down` towards the chin.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    origin: Point,
    cos: f64,
    sin: f64,
    /// Distance between the eyes.
    pub eye_distance_px: f64,
}

impl Frame {
    pub(crate) fn new(left_eye: Point, right_eye: Point) -> Frame {
        let eye_distance_px = left_eye.distance(right_eye).max(1e-6);
        Frame {
            origin: left_eye.middle(right_eye),
            cos: (right_eye.x - left_eye.x) / eye_distance_px,
            sin: (right_eye.y - left_eye.y) / eye_distance_px,
            eye_distance_px,
        }
    }

    /// Midpoint between the eyes.
    pub fn origin(&self) -> Point {
        self.origin
    }

    /// Cosine and sine of the tilt of the eye line.
    pub fn direction(&self) -> (f64, f64) {
        (self.cos, self.sin)
    }

    /// Tilt of the eye line; positive when the eye on the right is lower.
    pub fn roll_deg(&self) -> f64 {
        self.sin.atan2(self.cos).to_degrees()
    }

    /// Signed distance to the right of the head's axis.
    pub fn across(&self, point: Point) -> f64 {
        (point.x - self.origin.x) * self.cos + (point.y - self.origin.y) * self.sin
    }

    /// Signed distance below the eye line.
    pub fn down(&self, point: Point) -> f64 {
        (point.y - self.origin.y) * self.cos - (point.x - self.origin.x) * self.sin
    }

    /// The point at these distances.
    pub fn point(&self, across: f64, down: f64) -> Point {
        Point::new(self.origin.x + across * self.cos - down * self.sin, self.origin.y + across * self.sin + down * self.cos)
    }
}
