//! Solves scale and position of the finished photo from the published bands of its spec.
//!
//! Every band is linear in three unknowns: the scale, and where the midpoint between the eyes comes to lie.
//! The solver looks for the place farthest from every bound; when no place satisfies all bands it takes the one that
//! breaks the least important ones by the least, and says which and by how much.

use specs::{Band, Forbidden, Guide, Measure, Spec};

use crate::image::Point;
use crate::locate::{Frame, Head};
use crate::matte::Matted;
use crate::operation::Operation;

/// A head tilted less than this is left alone: resampling costs more than it gains.
pub const MIN_ROLL_DEG: f64 = 0.5;
/// A head tilted more than this is not turned upright; the sitter should sit straight.
pub const MAX_ROLL_DEG: f64 = 8.0;

/// Where the original comes to lie in the finished photo.
#[derive(Debug, Clone, Copy)]
pub struct Placement {
    /// Axes whose origin is the midpoint between the eyes; level, or tilted with the head when roll is corrected.
    axes: Frame,
    /// Finished pixels per original pixel.
    pub scale: f64,
    /// Where the midpoint between the eyes lies in the finished photo.
    pub eyes: Point,
    /// Angle by which the head is turned upright.
    pub roll_corrected_deg: f64,
}

impl Placement {
    /// A point of the original in the finished photo.
    pub fn finished(&self, point: Point) -> Point {
        Point::new(self.eyes.x + self.scale * self.axes.across(point), self.eyes.y + self.scale * self.axes.down(point))
    }

    /// A point of the finished photo in the original.
    pub fn original(&self, point: Point) -> Point {
        self.axes.point((point.x - self.eyes.x) / self.scale, (point.y - self.eyes.y) / self.scale)
    }
}

/// A band that the best placement does not keep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conflict {
    /// The band.
    pub band: Band,
    /// What the photo has, in the band's unit.
    pub value: f64,
    /// How far outside, in the band's unit; negative below the minimum.
    pub by: f64,
}

/// Parts of the finished photo that the original does not cover, in finished pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Missing {
    /// Left of the original.
    pub left_px: f64,
    /// Right of the original.
    pub right_px: f64,
    /// Above the original.
    pub top_px: f64,
    /// Below the original: the body ends.
    pub bottom_px: f64,
}

/// A matte with its placement.
#[derive(Debug, Clone)]
pub struct Cropped<'a> {
    /// The matte.
    pub matted: &'a Matted,
    /// The placement.
    pub placement: Placement,
    /// What each band measures, in its own unit, in the order of the spec.
    pub values: Vec<f64>,
    /// Bands that cannot be kept.
    pub conflicts: Vec<Conflict>,
    /// What lies beyond the edges of the original.
    pub missing: Missing,
    /// Whether the wall will be replaced.
    pub replaces_background: bool,
    /// Roll correction and cut-out.
    pub operations: Vec<Operation>,
}

/// Solves the placement.
pub fn crop<'a>(matted: &'a Matted, spec: &Spec) -> Cropped<'a> {
    let head = matted.located.head;
    let roll_deg = head.frame().roll_deg();
    let turn = !spec.forbids(Forbidden::Rotation) && (MIN_ROLL_DEG..=MAX_ROLL_DEG).contains(&roll_deg.abs());
    let axes = if turn { head.frame() } else { level(&head) };
    let original = &matted.located.upright.image;
    let replaces_background = !spec.forbids(Forbidden::BackgroundReplacement);
    let problem = Problem {
        spec,
        guide: spec.guide(),
        lengths: Lengths::new(&head, &axes),
        edges: Edges::new(&axes, original.width() as f64, original.height() as f64),
        replaces_background,
    };
    let best = problem.solve();
    let placement =
        Placement { axes, scale: best.scale, eyes: Point::new(best.x, best.y), roll_corrected_deg: if turn { -roll_deg } else { 0.0 } };
    let values: Vec<f64> = spec.bands().iter().map(|band| band.in_unit(problem.value_px(band, best))).collect();
    let conflicts = spec.bands().iter().zip(&values).filter_map(|(band, &value)| conflict(band, value)).collect();
    let missing = problem.missing(best);
    let operations = operations(&placement, spec, turn);
    Cropped { matted, placement, values, conflicts, missing, replaces_background, operations }
}

fn level(head: &Head) -> Frame {
    let (middle, half) = (head.left_eye.middle(head.right_eye), head.left_eye.distance(head.right_eye) / 2.0);
    Frame::new(Point::new(middle.x - half, middle.y), Point::new(middle.x + half, middle.y))
}

fn conflict(band: &Band, value: f64) -> Option<Conflict> {
    // A tenth of a pixel is below what any reader of the photo can measure.
    let slack = 0.1 / band.px_per_unit;
    let by = match (band.min, band.max) {
        (Some(min), _) if value < min - slack => value - min,
        (_, Some(max)) if value > max + slack => value - max,
        _ => return None,
    };
    Some(Conflict { band: *band, value, by })
}

fn operations(placement: &Placement, spec: &Spec, turned: bool) -> Vec<Operation> {
    let mut operations = Vec::new();
    if turned {
        operations.push(Operation::RollCorrected { deg: placement.roll_corrected_deg });
    }
    let corner = placement.original(Point::new(0.0, 0.0));
    operations.push(Operation::Cropped {
        x_px: corner.x.round() as i64,
        y_px: corner.y.round() as i64,
        width_px: (f64::from(spec.width_px()) / placement.scale).round() as i64,
        height_px: (f64::from(spec.height_px()) / placement.scale).round() as i64,
    });
    operations.push(Operation::Resized { factor: placement.scale });
    operations
}

/// Lengths of the head along the axes, in original pixels from the midpoint between the eyes.
struct Lengths {
    hair: f64,
    crown: f64,
    chin: f64,
    face_width: f64,
    head_width: f64,
    eye_distance: f64,
}

impl Lengths {
    fn new(head: &Head, axes: &Frame) -> Lengths {
        Lengths {
            hair: axes.down(head.hair_top),
            crown: axes.down(head.crown).max(axes.down(head.hair_top)),
            chin: axes.down(head.chin),
            face_width: head.face_width_px,
            head_width: head.head_width_px,
            eye_distance: head.left_eye.distance(head.right_eye),
        }
    }
}

/// Edges of the original along the axes.
struct Edges {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Edges {
    fn new(axes: &Frame, width: f64, height: f64) -> Edges {
        let origin = axes.origin();
        Edges { left: -origin.x, right: width - origin.x, top: -origin.y, bottom: height - origin.y }
    }
}

/// One candidate.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    scale: f64,
    x: f64,
    y: f64,
}

struct Problem<'a> {
    spec: &'a Spec,
    guide: Guide,
    lengths: Lengths,
    edges: Edges,
    replaces_background: bool,
}

impl Problem<'_> {
    fn value_px(&self, band: &Band, at: Candidate) -> f64 {
        let height = f64::from(self.spec.height_px());
        let lengths = &self.lengths;
        match band.measure {
            Measure::HairTop => at.y + at.scale * lengths.hair,
            Measure::CrownTop => at.y + at.scale * lengths.crown,
            Measure::FaceWidth => at.scale * lengths.face_width,
            Measure::HeadWidth => at.scale * lengths.head_width,
            Measure::HeadHeight => at.scale * (lengths.chin - lengths.crown),
            Measure::HeadHeightHair => at.scale * (lengths.chin - lengths.hair),
            Measure::EyesFromBottom => height - at.y,
            Measure::EyesFromTop => at.y,
            Measure::ChinFromBottom => height - at.y - at.scale * lengths.chin,
            Measure::EyeMidX => at.x,
            Measure::EyeDistance => at.scale * lengths.eye_distance,
        }
    }

    fn missing(&self, at: Candidate) -> Missing {
        let (width, height) = (f64::from(self.spec.width_px()), f64::from(self.spec.height_px()));
        Missing {
            left_px: (at.x + at.scale * self.edges.left).max(0.0),
            right_px: (width - at.x - at.scale * self.edges.right).max(0.0),
            top_px: (at.y + at.scale * self.edges.top).max(0.0),
            bottom_px: (height - at.y - at.scale * self.edges.bottom).max(0.0),
        }
    }

    /// Higher is better. Broken bands dominate, then the distance to the nearest bound, then a natural look.
    fn rating(&self, at: Candidate) -> f64 {
        let (width, height) = (f64::from(self.spec.width_px()), f64::from(self.spec.height_px()));
        let mut broken = 0.0;
        let mut nearest = 1.0f64;
        for band in self.spec.bands() {
            let value = self.value_px(band, at);
            let side = if band.measure.is_horizontal() { width } else { height };
            let span = match (band.min_px(), band.max_px()) {
                (Some(min), Some(max)) => ((max - min) / 2.0).max(0.5),
                _ => 0.05 * side,
            };
            let below = band.min_px().map_or(f64::MAX, |min| value - min);
            let above = band.max_px().map_or(f64::MAX, |max| max - value);
            let margin = below.min(above);
            if margin < 0.0 {
                broken -= self.importance(band.measure) * margin / (0.01 * side);
            }
            nearest = nearest.min(margin / span);
        }
        let missing = self.missing(at);
        let around = missing.left_px + missing.right_px + missing.top_px;
        // A body that ends above the lower edge cannot be invented, but it must not push the head out of its bands either:
        // then the clerk would be told the wrong cause. Wall beside the head can be continued.
        broken += 2.0 * missing.bottom_px / (0.01 * height);
        broken += if self.replaces_background { 0.02 } else { 8.0 } * around / (0.01 * height);
        let chin_share = (at.y + at.scale * self.lengths.chin) / height;
        let natural = (at.y / height - self.guide.eye_line).powi(2) + (chin_share - self.guide.chin).powi(2) + (at.x / width - 0.5).powi(2);
        nearest.min(0.6) - 12.0 * natural - 100.0 * broken
    }

    /// A listed band outweighs every later one; bands that are not listed come after the first.
    fn importance(&self, measure: Measure) -> f64 {
        match self.spec.priority().iter().position(|other| *other == measure) {
            Some(0) => 27.0,
            Some(1) => 9.0,
            Some(2) => 3.0,
            Some(_) => 1.0,
            None => 5.0,
        }
    }

    fn solve(&self) -> Candidate {
        let (width, height) = (f64::from(self.spec.width_px()), f64::from(self.spec.height_px()));
        let aimed = (self.guide.chin - self.guide.eye_line).max(0.05) * height / self.lengths.chin.max(1.0);
        let mut best = Candidate { scale: aimed, x: width / 2.0, y: self.guide.eye_line * height };
        let mut rating = self.rating(best);
        let mut attempt = |candidate: Candidate, best: &mut Candidate| {
            let new = self.rating(candidate);
            let better = candidate.scale > 0.0 && new > rating;
            if better {
                rating = new;
                *best = candidate;
            }
            better
        };
        let start = best;
        for scale_step in -30..=30 {
            for y_step in -30..=30 {
                let scale = start.scale * 1.02f64.powi(scale_step);
                attempt(Candidate { scale, y: start.y + height * 0.008 * f64::from(y_step), ..start }, &mut best);
            }
        }
        // Pattern search: the rating is piecewise linear with ridges, so diagonal steps are tried as well.
        let mut reach = 0.02;
        while reach > 1e-5 {
            let mut moved = false;
            for (ds, dx, dy) in directions() {
                let from = best;
                let candidate =
                    Candidate { scale: from.scale * (1.0 + reach * ds), x: from.x + width * reach * dx, y: from.y + height * reach * dy };
                moved |= attempt(candidate, &mut best);
            }
            if !moved {
                reach /= 2.0;
            }
        }
        best
    }
}

fn directions() -> impl Iterator<Item = (f64, f64, f64)> {
    let steps = [-1.0, -0.4, 0.0, 0.4, 1.0];
    let vertical = steps.into_iter().flat_map(move |ds| steps.into_iter().map(move |dy| (ds, 0.0, dy)));
    let sideways = [-1.0, 1.0].into_iter().flat_map(move |dx| steps.into_iter().map(move |ds| (ds, dx, 0.0)));
    vertical.chain(sideways)
}
