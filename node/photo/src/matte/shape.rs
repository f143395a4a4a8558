//! The outline that people have in front of a counter camera, in the head's own axes and lengths.

use crate::image::Point;
use crate::locate::{Frame, Head, Source};

/// Below the eye line, in lengths from there to the chin: hair and face end, neck and clothes begin.
const HEAD_ENDS: f64 = 1.05;

/// Where the person is before any colour was looked at.
pub(super) struct Shape {
    frame: Frame,
    unit: f64,
    half_face: f64,
    /// Above this place no hair is expected.
    above: f64,
}

impl Shape {
    /// The head is given in pixels of the same picture that is asked about.
    pub(super) fn new(head: &Head) -> Shape {
        let (frame, unit) = (head.frame(), head.chin_px().max(1.0));
        let marked = head.hair_source == Source::Marks;
        let above = if marked { frame.down(head.hair_top) / unit - 0.2 } else { -1.9 };
        Shape { frame, unit, half_face: 0.5 * head.face_width_px / unit, above }
    }

    /// Position in lengths from eye line to chin: to the right, and below the eye line.
    pub(super) fn local(&self, point: Point) -> (f64, f64) {
        (self.frame.across(point) / self.unit, self.frame.down(point) / self.unit)
    }

    /// Whether hair and face are here, not clothes.
    pub(super) fn is_head(&self, point: Point) -> bool {
        self.local(point).1 < HEAD_ENDS
    }

    /// A place in the middle of the face.
    pub(super) fn inside_face(&self) -> Point {
        self.frame.point(0.0, 0.3 * self.unit)
    }

    /// Certainly person, certainly wall, or open.
    pub(super) fn seed(&self, point: Point) -> Option<bool> {
        let (x, y) = self.local(point);
        let face = (x / (0.85 * self.half_face)).powi(2) + ((y - 0.02) / 0.9).powi(2) < 1.0;
        let neck = x.abs() < 0.33 && (0.8..1.6).contains(&y);
        let chest = x.abs() < 0.33 + 0.5 * (y - 1.5).clamp(0.0, 1.2) && y >= 1.5;
        if face || neck || chest {
            return Some(true);
        }
        let beside = x.abs() > 1.75 && y < 0.5;
        (y < self.above || beside).then_some(false)
    }

    /// Log odds of person from the place alone.
    pub(super) fn prior(&self, point: Point) -> f32 {
        let (x, y) = self.local(point);
        let head = 1.0 - ((x / 0.95).powi(2) + ((y + 0.12) / 1.2).powi(2)).sqrt();
        let shoulder_half = 0.45 + 1.5 * ((y - 1.25) / 0.75).clamp(0.0, 1.0);
        let body = if y > 0.9 { (shoulder_half - x.abs()).min(y - 0.9) } else { -1.0 };
        (3.0 * head.max(body)).clamp(-2.0, 2.0) as f32
    }
}
