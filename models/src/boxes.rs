//! Boxes that may hold a face, and which of several overlapping ones to keep.

use photo::{Bounds, Face, Point};

/// A box with what a network said about it. Sides are inclusive, as MTCNN was trained.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
    pub(crate) score: f32,
    /// Corrections of the four sides as shares of width and height.
    pub(crate) offsets: [f32; 4],
    pub(crate) points: [Point; 5],
}

impl Candidate {
    pub(crate) fn width(&self) -> f64 {
        self.right - self.left + 1.0
    }

    pub(crate) fn height(&self) -> f64 {
        self.bottom - self.top + 1.0
    }

    /// With the corrections applied.
    pub(crate) fn calibrated(self) -> Candidate {
        let (width, height) = (self.width(), self.height());
        let [left, top, right, bottom] = self.offsets.map(f64::from);
        Candidate {
            left: self.left + left * width,
            top: self.top + top * height,
            right: self.right + right * width,
            bottom: self.bottom + bottom * height,
            ..self
        }
    }

    /// Area shared with `bounds` as a share of the smaller of both.
    pub(crate) fn shared_with(&self, bounds: &Bounds) -> f64 {
        let Bounds { left, top, right, bottom } = *bounds;
        shared(&Candidate { left, top, right, bottom, ..*self }, self, Overlap::Smaller)
    }

    /// What was found, once nothing more is done to the box.
    pub(crate) fn face(&self) -> Face {
        let [left_eye, right_eye, nose, mouth_left, mouth_right] = self.points;
        Face {
            bounds: Bounds { left: self.left, top: self.top, right: self.right, bottom: self.bottom },
            score: f64::from(self.score),
            left_eye,
            right_eye,
            nose,
            mouth_left,
            mouth_right,
        }
    }

    /// Grown to a square about its centre.
    pub(crate) fn squared(self) -> Candidate {
        let (width, height) = (self.width(), self.height());
        let side = width.max(height);
        let left = self.left + (width - side) / 2.0;
        let top = self.top + (height - side) / 2.0;
        Candidate { left, top, right: left + side - 1.0, bottom: top + side - 1.0, ..self }
    }
}

/// What a shared area is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Overlap {
    /// The union of both boxes.
    Union,
    /// The smaller box, so that a box inside of another one goes.
    Smaller,
}

/// Keeps the best of boxes that overlap by more than `most`; the result is sorted, best first.
pub(crate) fn suppress(candidates: &mut Vec<Candidate>, most: f64, overlap: Overlap) {
    candidates.retain(|c| c.score.is_finite() && [c.left, c.top, c.right, c.bottom].iter().all(|v| v.is_finite()));
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in candidates.drain(..) {
        if kept.iter().all(|other| shared(other, &candidate, overlap) <= most) {
            kept.push(candidate);
        }
    }
    *candidates = kept;
}

fn shared(a: &Candidate, b: &Candidate, overlap: Overlap) -> f64 {
    let width = (a.right.min(b.right) - a.left.max(b.left) + 1.0).max(0.0);
    let height = (a.bottom.min(b.bottom) - a.top.max(b.top) + 1.0).max(0.0);
    let both = width * height;
    let (first, second) = (a.width() * a.height(), b.width() * b.height());
    let whole = match overlap {
        Overlap::Union => first + second - both,
        Overlap::Smaller => first.min(second),
    };
    if whole > 0.0 { both / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    //! Boxes with hand-computed overlaps.
    use super::*;

    fn candidate(left: f64, top: f64, side: f64, score: f32) -> Candidate {
        Candidate {
            left,
            top,
            right: left + side - 1.0,
            bottom: top + side - 1.0,
            score,
            offsets: [0.0; 4],
            points: [Point::new(0.0, 0.0); 5],
        }
    }

    #[test]
    fn the_best_of_overlapping_boxes_stays() {
        let mut boxes = vec![candidate(0.0, 0.0, 10.0, 0.8), candidate(1.0, 0.0, 10.0, 0.9), candidate(50.0, 0.0, 10.0, 0.7)];
        suppress(&mut boxes, 0.5, Overlap::Union);
        assert_eq!(boxes.iter().map(|b| b.score).collect::<Vec<_>>(), [0.9, 0.7]);
    }

    #[test]
    fn a_small_box_inside_a_large_one_goes_only_when_compared_with_the_smaller() {
        let make = || vec![candidate(0.0, 0.0, 20.0, 0.9), candidate(5.0, 5.0, 8.0, 0.8)];
        let (mut union, mut smaller) = (make(), make());
        suppress(&mut union, 0.5, Overlap::Union);
        suppress(&mut smaller, 0.5, Overlap::Smaller);
        assert_eq!((union.len(), smaller.len()), (2, 1));
    }

    #[test]
    fn a_share_is_one_of_the_smaller_box() {
        let bounds = candidate(5.0, 0.0, 20.0, 1.0).face().bounds;
        assert_eq!(candidate(0.0, 0.0, 10.0, 0.9).shared_with(&bounds), 0.5);
        assert_eq!(candidate(0.0, 0.0, 40.0, 0.9).shared_with(&bounds), 1.0);
        assert_eq!(candidate(50.0, 0.0, 10.0, 0.9).shared_with(&bounds), 0.0);
    }

    #[test]
    fn nonsense_from_a_network_is_dropped() {
        let mut boxes = vec![candidate(f64::NAN, 0.0, 10.0, 0.9), candidate(0.0, 0.0, 10.0, f32::NAN)];
        suppress(&mut boxes, 0.5, Overlap::Union);
        assert!(boxes.is_empty());
    }

    #[test]
    fn squares_keep_the_centre() {
        let tall = Candidate { bottom: 29.0, ..candidate(10.0, 10.0, 10.0, 1.0) }.squared();
        assert_eq!((tall.left, tall.top, tall.right, tall.bottom), (5.0, 10.0, 24.0, 29.0));
    }
}
