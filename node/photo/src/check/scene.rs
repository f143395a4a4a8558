//! The face as the checks see it: reduced to one distance between the eyes, with points, zones and skin worked out once.
//!
//! The same for a photo and for a preview frame, so that a threshold means the same on both.

use std::cell::OnceCell;

use super::Area;
use crate::image::{Part, Point, Rgb};
use crate::lab::{Lab, lab};
use crate::locate::Frame;
use crate::plane::Plane;
use crate::vision::{Face, Iris, Mesh};

/// Distance between the eyes that pictures are reduced to: about that of an identity card's photo.
const EYE_DISTANCE_PX: f64 = 96.0;
/// How far the patch reaches from the midpoint between the eyes, in distances between the eyes.
const REACH_SIDE: f64 = 1.75;
const REACH_UP: f64 = 1.9;
const REACH_BELOW_CHIN: f64 = 0.35;

/// A face in a picture and what is known of it. Points are in pixels of the picture.
#[derive(Debug, Clone)]
pub struct Seen<'a> {
    /// The picture.
    pub image: &'a Rgb,
    /// Centre of the eye on the left of the picture.
    pub left_eye: Point,
    /// Centre of the eye on the right of the picture.
    pub right_eye: Point,
    /// Lowest point of the chin.
    pub chin: Point,
    /// Width between the cheeks.
    pub face_width_px: f64,
    /// Five points of a face detector.
    pub face: Option<Face>,
    /// The surface of the face.
    pub mesh: Option<Mesh>,
    /// Both irises, left in the picture first.
    pub irises: Option<[Iris; 2]>,
    /// Area of a second face as a share of the first; `None` when nobody counted.
    pub second_face: Option<f64>,
    /// Pixels of the original for each pixel of this picture.
    pub original_per_px: f64,
    /// Angle by which the finished photo turns the head upright.
    pub roll_corrected_deg: f64,
}

/// The colour of the sitter's skin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Skin {
    pub(crate) lab: Lab,
    pub(crate) luma: f32,
}

/// The patch around the face with everything checks share. Lengths are in distances between the eyes unless named `_px`.
pub(crate) struct Scene<'a> {
    pub(crate) seen: &'a Seen<'a>,
    image: Rgb,
    luma: Plane,
    frame: Frame,
    /// Patch pixels per pixel of the picture, and the patch's corner in the picture.
    factor: (f64, f64),
    corner: Point,
    /// Eye line to chin, T of ISO/IEC 29794-5.
    pub(crate) chin: f64,
    /// Half the width between the cheeks.
    pub(crate) half_face: f64,
    skin: OnceCell<Option<Skin>>,
    histogram: OnceCell<[u32; 256]>,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(seen: &'a Seen<'a>) -> Scene<'a> {
        let whole = Frame::new(seen.left_eye, seen.right_eye);
        let d = whole.eye_distance_px.max(1.0);
        let chin_px = whole.down(seen.chin).clamp(0.5 * d, 4.0 * d);
        let origin = whole.origin();
        let (width, height) = (seen.image.width(), seen.image.height());
        // Bound: at least one pixel each way, even for points at the very edge of the picture.
        let clamp = |v: f64, side: usize| if v.is_finite() { v.round().clamp(0.0, side as f64) as usize } else { 0 };
        let left = clamp(origin.x - REACH_SIDE * d, width).min(width - 1);
        let right = clamp(origin.x + REACH_SIDE * d, width).max(left + 1);
        let top = clamp(origin.y - REACH_UP * d, height).min(height - 1);
        let bottom = clamp(origin.y + chin_px + REACH_BELOW_CHIN * d, height).max(top + 1);
        let reduce = (EYE_DISTANCE_PX / d).min(1.0);
        let size = |side: usize| ((side as f64 * reduce).round() as usize).max(1);
        let part = Part { left, top, width: right - left, height: bottom - top };
        let image = seen.image.part_resized(part, size(part.width), size(part.height));
        let factor = (image.width() as f64 / (right - left) as f64, image.height() as f64 / (bottom - top) as f64);
        let corner = Point::new(left as f64, top as f64);
        let inward = |p: Point| Point::new((p.x - corner.x) * factor.0, (p.y - corner.y) * factor.1);
        let luma = Plane { width: image.width(), height: image.height(), values: image.pixels().iter().map(|&p| luminance(p)).collect() };
        Scene {
            seen,
            luma,
            image,
            frame: Frame::new(inward(seen.left_eye), inward(seen.right_eye)),
            factor,
            corner,
            chin: chin_px / d,
            half_face: (seen.face_width_px / 2.0 / d).clamp(0.6, 2.0),
            skin: OnceCell::new(),
            histogram: OnceCell::new(),
        }
    }

    /// Distance between the eyes in pixels of the patch.
    pub(crate) fn eye_px(&self) -> f64 {
        self.frame.eye_distance_px
    }

    /// Luminance of the patch, 0 to 255.
    pub(crate) fn luma(&self) -> &Plane {
        &self.luma
    }

    /// A point of the picture on the axes of the head: across and down, in distances between the eyes.
    pub(crate) fn on_head(&self, point: Point) -> (f64, f64) {
        let frame = Frame::new(self.seen.left_eye, self.seen.right_eye);
        let d = frame.eye_distance_px.max(1.0);
        (frame.across(point) / d, frame.down(point) / d)
    }

    /// Every pixel of the patch within a rectangle on the axes of the head.
    pub(crate) fn zone(&self, (from, to): (f64, f64), (top, bottom): (f64, f64)) -> Vec<[u8; 3]> {
        let mut pixels = Vec::new();
        self.walk((from, to), (top, bottom), |x, y| pixels.push(self.image.at(x as isize, y as isize)));
        pixels
    }

    /// Positions of the patch within a rectangle on the axes of the head, those outside of the patch left out.
    pub(crate) fn walk(&self, (from, to): (f64, f64), (top, bottom): (f64, f64), mut visit: impl FnMut(usize, usize)) {
        let d = self.eye_px();
        let count = |length: f64| ((length * d).round() as usize).clamp(1, 512);
        let (columns, rows) = (count(to - from), count(bottom - top));
        for row in 0..rows {
            let down = (top + (bottom - top) * (row as f64 + 0.5) / rows as f64) * d;
            for column in 0..columns {
                let across = (from + (to - from) * (column as f64 + 0.5) / columns as f64) * d;
                let point = self.frame.point(across, down);
                let inside = point.x >= 0.0 && point.y >= 0.0 && point.x < self.luma.width as f64 && point.y < self.luma.height as f64;
                if inside {
                    visit(point.x as usize, point.y as usize);
                }
            }
        }
    }

    /// Share of a zone's pixels that count; `None` when most of the zone lies outside of the picture.
    pub(crate) fn share(&self, across: (f64, f64), down: (f64, f64), counts: impl Fn([u8; 3]) -> bool) -> Option<f64> {
        let pixels = self.zone(across, down);
        let whole = (across.1 - across.0) * (down.1 - down.0) * self.eye_px().powi(2);
        let enough = !pixels.is_empty() && pixels.len() as f64 > 0.4 * whole;
        enough.then(|| pixels.iter().filter(|p| counts(**p)).count() as f64 / pixels.len() as f64)
    }

    /// Mean luminance of a zone, 0 to 255.
    pub(crate) fn mean_luma(&self, across: (f64, f64), down: (f64, f64)) -> Option<f64> {
        let pixels = self.zone(across, down);
        (pixels.len() >= 4).then(|| pixels.iter().map(|p| f64::from(luminance(*p))).sum::<f64>() / pixels.len() as f64)
    }

    /// Median colour of both cheeks.
    pub(crate) fn skin(&self) -> Option<Skin> {
        *self.skin.get_or_init(|| {
            let mut pixels = self.zone((-0.5, -0.15), (0.35, 0.7));
            pixels.extend(self.zone((0.15, 0.5), (0.35, 0.7)));
            if pixels.len() < 16 {
                return None;
            }
            let median = |channel: usize| {
                let mut values: Vec<u8> = pixels.iter().map(|p| p[channel]).collect();
                values.sort_unstable();
                values[values.len() / 2]
            };
            let colour = [median(0), median(1), median(2)];
            Some(Skin { lab: lab(colour), luma: luminance(colour) })
        })
    }

    /// Luminance of the face: from the brows to the chin, between the cheeks.
    pub(crate) fn histogram(&self) -> &[u32; 256] {
        self.histogram.get_or_init(|| {
            let mut histogram = [0u32; 256];
            let (half, centre, reach) = (self.half_face * 0.84, 0.3 * self.chin, 0.65 * self.chin);
            let d = self.eye_px();
            for (at, value) in self.luma.values.iter().enumerate() {
                let point = Point::new((at % self.luma.width) as f64 + 0.5, (at / self.luma.width) as f64 + 0.5);
                let across = self.frame.across(point) / d / half;
                let down = (self.frame.down(point) / d - centre) / reach;
                if across * across + down * down < 1.0 {
                    histogram[value.round().clamp(0.0, 255.0) as usize] += 1;
                }
            }
            histogram
        })
    }

    /// Mean of the histogram's values under a function of the luminance; `None` when there is no face to see.
    pub(crate) fn over_face(&self, value: impl Fn(usize) -> f64) -> Option<f64> {
        let histogram = self.histogram();
        let count: u32 = histogram.iter().sum();
        let sum: f64 = histogram.iter().enumerate().map(|(level, n)| value(level) * f64::from(*n)).sum();
        (count >= 100).then(|| sum / f64::from(count))
    }

    /// A rectangle on the axes of the head as an upright box of the picture.
    pub(crate) fn area(&self, (from, to): (f64, f64), (top, bottom): (f64, f64)) -> Option<Area> {
        let d = self.eye_px();
        let corners = [(from, top), (to, top), (from, bottom), (to, bottom)].map(|(across, down)| {
            let point = self.frame.point(across * d, down * d);
            Point::new(point.x / self.factor.0 + self.corner.x, point.y / self.factor.1 + self.corner.y)
        });
        Area::around(&corners, self.seen.image.width() as f64, self.seen.image.height() as f64)
    }

    /// The whole face.
    pub(crate) fn face_area(&self) -> Option<Area> {
        self.area((-self.half_face, self.half_face), (-0.7, self.chin))
    }

    /// Both eyes with what is around them.
    pub(crate) fn eye_area(&self) -> Option<Area> {
        self.area((-0.9, 0.9), (-0.35, 0.35))
    }
}

/// Rec. 709 luma, 0 to 255.
pub(crate) fn luminance([r, g, b]: [u8; 3]) -> f32 {
    0.2126 * f32::from(r) + 0.7152 * f32::from(g) + 0.0722 * f32::from(b)
}

/// Whether a pixel may be this skin: hue near, neither as dark as hair nor as bright as a lamp.
pub(crate) fn skin_like(pixel: [u8; 3], skin: &Skin) -> bool {
    let colour = lab(pixel);
    let hue = (colour[1] - skin.lab[1]).hypot(colour[2] - skin.lab[2]);
    let light = luminance(pixel) / skin.luma.max(1.0);
    hue <= 14.0 && (0.45..=1.6).contains(&light)
}
