//! Solves scale and position of the finished photo from the published bands of its spec.
//!
//! Every band is linear in three unknowns: the scale, and where the midpoint between the eyes comes to lie.
//! The solver keeps as far from every bound as it can, and spends what is left on a natural look. When no place satisfies all
//! bands, they are satisfied in the spec's order of priority, and the result says which are broken, by how much, and which
//! others stand against them.

mod solver;

use specs::{Band, Forbidden, Guide, Measure, Spec};

use crate::image::Point;
use crate::locate::{Frame, Head};
use crate::matte::Matted;
use crate::operation::Operation;
use solver::{Axis, Floor, Place, Region, Row};

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
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// The band.
    pub band: Band,
    /// What the photo has, in the band's unit.
    pub value: f64,
    /// How far outside, in the band's unit; negative below the minimum.
    pub by: f64,
    /// What cannot hold together with this band: with any one of them gone, it could be kept.
    pub against: Vec<Rival>,
}

/// What a band cannot be reconciled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rival {
    /// Another band of the spec.
    Band(Measure),
    /// The picture ends at the side or above, and its wall may not be continued.
    PictureEnds,
    /// The picture ends below: more of the body would have to be seen.
    BodyEnds,
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

/// The answer of the solver.
#[derive(Debug, Clone)]
pub struct Framing {
    /// The placement.
    pub placement: Placement,
    /// What each band measures, in its own unit, in the order of the spec.
    pub values: Vec<f64>,
    /// Bands that cannot be kept.
    pub conflicts: Vec<Conflict>,
    /// What lies beyond the edges of the original.
    pub missing: Missing,
    /// Whether every band is kept and the picture reaches as far as it must.
    pub feasible: bool,
}

/// Places a head in the photo of a spec. `width_px` and `height_px` are the sides of the upright original.
pub fn frame(head: &Head, width_px: f64, height_px: f64, spec: &Spec) -> Framing {
    let roll_deg = head.frame().roll_deg();
    let turn = turns(spec, roll_deg);
    let axes = if turn { head.frame() } else { level(head) };
    let problem = Problem {
        spec,
        guide: spec.guide(),
        lengths: Lengths::new(head, &axes),
        axes,
        edges: Edges::new(&axes, width_px, height_px),
        replaces_background: !spec.forbids(Forbidden::BackgroundReplacement),
    };
    let (best, broken) = problem.solve();
    let placement =
        Placement { axes, scale: best.scale, eyes: Point::new(best.x, best.y), roll_corrected_deg: if turn { -roll_deg } else { 0.0 } };
    let values: Vec<f64> = spec.bands().iter().map(|band| band.in_unit(problem.value_px(band, best))).collect();
    let broken_bands = spec.bands().iter().zip(&values).filter_map(|(band, &value)| Some((band, value, beyond(band, value)?)));
    let conflicts: Vec<Conflict> =
        broken_bands.map(|(band, value, by)| Conflict { band: *band, value, by, against: problem.rivals(band) }).collect();
    let feasible = !broken && conflicts.is_empty();
    Framing { placement, values, conflicts, missing: problem.missing(best), feasible }
}

fn turns(spec: &Spec, roll_deg: f64) -> bool {
    !spec.forbids(Forbidden::Rotation) && (MIN_ROLL_DEG..=MAX_ROLL_DEG).contains(&roll_deg.abs())
}

/// Solves the placement.
pub fn crop<'a>(matted: &'a Matted, spec: &Spec) -> Cropped<'a> {
    let head = &matted.located.head;
    let original = &matted.located.upright.image;
    let Framing { placement, values, conflicts, missing, .. } = frame(head, original.width() as f64, original.height() as f64, spec);
    let operations = operations(&placement, spec, turns(spec, head.frame().roll_deg()));
    let replaces_background = !spec.forbids(Forbidden::BackgroundReplacement);
    Cropped { matted, placement, values, conflicts, missing, replaces_background, operations }
}

fn level(head: &Head) -> Frame {
    let (middle, half) = (head.left_eye.middle(head.right_eye), head.left_eye.distance(head.right_eye) / 2.0);
    Frame::new(Point::new(middle.x - half, middle.y), Point::new(middle.x + half, middle.y))
}

/// How far a value lies outside of a band, in the band's unit.
fn beyond(band: &Band, value: f64) -> Option<f64> {
    // A tenth of a pixel is below what any reader of the photo can measure.
    let slack = 0.1 / band.px_per_unit;
    match (band.min, band.max) {
        (Some(min), _) if value < min - slack => Some(value - min),
        (_, Some(max)) if value > max + slack => Some(value - max),
        _ => None,
    }
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

/// Edges of the original from the origin of the axes, in the original's own directions.
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

struct Problem<'a> {
    spec: &'a Spec,
    guide: Guide,
    lengths: Lengths,
    axes: Frame,
    edges: Edges,
    replaces_background: bool,
}

/// A measure as a linear function of scale, x and y, in finished pixels.
struct Linear {
    scale: f64,
    x: f64,
    y: f64,
    constant: f64,
}

impl Linear {
    fn at(&self, place: Place) -> f64 {
        self.scale * place.scale + self.x * place.x + self.y * place.y + self.constant
    }

    /// Margin above a minimum.
    fn above(&self, min: f64, span: f64) -> Row {
        Row { scale: self.scale, x: self.x, y: self.y, constant: self.constant - min, span }
    }

    /// Margin below a maximum.
    fn below(&self, max: f64, span: f64) -> Row {
        Row { scale: -self.scale, x: -self.x, y: -self.y, constant: max - self.constant, span }
    }
}

/// What belongs together in the order of priority.
struct Class {
    rival: Rival,
    rows: Vec<Row>,
}

/// Margins above this share of a band's half width are as good as any; what is left goes to a natural look.
const ENOUGH: f64 = 0.6;
/// Share of the best reachable margin that the natural look leaves to every bound.
const KEPT: f64 = 0.8;
/// A bound missed by less is kept: half of the slack that a reader of the photo cannot see.
const TOLERANCE_PX: f64 = 0.05;
/// Scales searched: a quarter to four times the one that the middle of the bands asks for.
const SCALES: (f64, f64) = (0.25, 4.0);

impl Problem<'_> {
    fn sides(&self) -> (f64, f64) {
        (f64::from(self.spec.width_px()), f64::from(self.spec.height_px()))
    }

    fn linear(&self, measure: Measure) -> Linear {
        let height = self.sides().1;
        let lengths = &self.lengths;
        let scaled = |scale| Linear { scale, x: 0.0, y: 0.0, constant: 0.0 };
        let from_top = |scale| Linear { scale, x: 0.0, y: 1.0, constant: 0.0 };
        let from_bottom = |scale: f64| Linear { scale: -scale, x: 0.0, y: -1.0, constant: height };
        match measure {
            Measure::HairTop => from_top(lengths.hair),
            Measure::CrownTop => from_top(lengths.crown),
            Measure::FaceWidth => scaled(lengths.face_width),
            Measure::HeadWidth => scaled(lengths.head_width),
            Measure::HeadHeight => scaled(lengths.chin - lengths.crown),
            Measure::HeadHeightHair => scaled(lengths.chin - lengths.hair),
            Measure::EyesFromBottom => from_bottom(0.0),
            Measure::EyesFromTop => from_top(0.0),
            Measure::ChinFromBottom => from_bottom(lengths.chin),
            Measure::EyeMidX => Linear { scale: 0.0, x: 1.0, y: 0.0, constant: 0.0 },
            Measure::EyeDistance => scaled(lengths.eye_distance),
        }
    }

    fn value_px(&self, band: &Band, at: Place) -> f64 {
        self.linear(band.measure).at(at)
    }

    /// How far the corners of the photo lie beyond the edges of the original.
    fn missing(&self, at: Place) -> Missing {
        let (width, height) = self.sides();
        let mut missing = Missing::default();
        for (x, y) in [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)] {
            let original = self.axes.point((x - at.x) / at.scale, (y - at.y) / at.scale);
            let origin = self.axes.origin();
            let beyond = |edge: f64| (edge * at.scale).max(0.0);
            missing.left_px = missing.left_px.max(beyond(self.edges.left - (original.x - origin.x)));
            missing.right_px = missing.right_px.max(beyond(original.x - origin.x - self.edges.right));
            missing.top_px = missing.top_px.max(beyond(self.edges.top - (original.y - origin.y)));
            missing.bottom_px = missing.bottom_px.max(beyond(original.y - origin.y - self.edges.bottom));
        }
        missing
    }

    fn rows(&self, band: &Band) -> Vec<Row> {
        let (width, height) = self.sides();
        let side = if band.measure.is_horizontal() { width } else { height };
        let span = match (band.min_px(), band.max_px()) {
            (Some(min), Some(max)) => ((max - min) / 2.0).max(0.5),
            _ => 0.05 * side,
        };
        let linear = self.linear(band.measure);
        let min = band.min_px().map(|min| linear.above(min, span));
        min.into_iter().chain(band.max_px().map(|max| linear.below(max, span))).collect()
    }

    /// Everything that should hold, the most important first: the listed bands in their order, then the unlisted, and last that the body reaches the lower edge, so that a missing body is told as such and not as a wrong head.
    fn classes(&self) -> Vec<Class> {
        let rank = |measure: Measure| match self.spec.priority().iter().position(|other| *other == measure) {
            Some(place) => place,
            None => usize::MAX,
        };
        let mut bands: Vec<&Band> = self.spec.bands().iter().collect();
        bands.sort_by_key(|band| rank(band.measure));
        let mut classes: Vec<Class> = bands.iter().map(|band| Class { rival: Rival::Band(band.measure), rows: self.rows(band) }).collect();
        let (width, height) = self.sides();
        let edge = |scale: f64, x: f64, y: f64, constant: f64| Row { scale, x, y, constant, span: 0.01 * height };
        // A photo turned with the head reaches farther with its corners. The eyes are taken to lie in the middle of the width
        // and at most three fifths from an edge of the height: only so stays each row free of x or of y.
        let (cos, sin) = self.axes.direction();
        let (down, across) = (sin.abs() * width / 2.0, sin.abs() * 0.6 * height);
        if !self.replaces_background {
            let rows = vec![
                edge(-self.edges.left, -cos, 0.0, -across),
                edge(self.edges.right, cos, 0.0, -cos * width - across),
                edge(-self.edges.top, 0.0, -cos, -down),
            ];
            let after = bands.iter().filter(|band| rank(band.measure) < 2).count();
            classes.insert(after, Class { rival: Rival::PictureEnds, rows });
        }
        classes.push(Class { rival: Rival::BodyEnds, rows: vec![edge(self.edges.bottom, 0.0, cos, -cos * height - down)] });
        classes
    }

    fn region(&self) -> Region {
        let (width, height) = self.sides();
        let aimed = (self.guide.chin - self.guide.eye_line).max(0.05) * height / self.lengths.chin.max(1.0);
        Region { scale: (SCALES.0 * aimed, SCALES.1 * aimed), width, height }
    }

    /// The best place, and whether something that should hold does not.
    fn solve(&self) -> (Place, bool) {
        let region = self.region();
        let classes = self.classes();
        let wanted: Vec<Row> =
            classes.iter().filter(|class| matches!(class.rival, Rival::Band(_))).flat_map(|class| &class.rows).copied().collect();
        // Edges need no margin, they only must not be crossed.
        let edges = classes.iter().filter(|class| !matches!(class.rival, Rival::Band(_))).flat_map(|class| &class.rows);
        let mut floors: Vec<Floor> = edges.map(|row| Floor { row: *row, least: 0.0 }).collect();
        let (place, margin) = region.widest(&wanted, &floors, ENOUGH);
        let held = |rows: &[Row]| rows.iter().all(|row| row.margin(place) * row.span >= -TOLERANCE_PX);
        let feasible = classes.iter().all(|class| held(&class.rows));
        if feasible {
            floors.extend(wanted.iter().map(|row| Floor { row: *row, least: KEPT * margin.max(0.0) }));
        } else {
            floors = by_priority(&region, &classes);
        }
        (region.most_pleasing(&floors, |at, axis| self.natural(at, axis, &wanted)), !feasible)
    }

    /// How much the eye likes a place: bounds not touched, the head where the guide has it, no wall to be invented.
    fn natural(&self, at: Place, axis: Axis, wanted: &[Row]) -> f64 {
        let (width, height) = self.sides();
        let nearest = wanted.iter().filter(|row| row.axis() == axis).map(|row| row.margin(at)).fold(ENOUGH, f64::min);
        let (off, invented) = match axis {
            // A photo with the head off its middle is worse than a wall that goes on beside it.
            Axis::Across => ((at.x / width - 0.5).powi(2), 0.0),
            Axis::Down => {
                let chin_share = (at.y + at.scale * self.lengths.chin) / height;
                let off = (at.y / height - self.guide.eye_line).powi(2) + (chin_share - self.guide.chin).powi(2);
                (off, (at.y + at.scale * self.edges.top).max(0.0))
            }
            Axis::ScaleOnly => (0.0, 0.0),
        };
        nearest - 12.0 * off - 2.0 * invented / height
    }

    /// What must go so that a broken band could be kept; found by leaving out one after the other.
    fn rivals(&self, band: &Band) -> Vec<Rival> {
        let region = self.region();
        let classes = self.classes();
        let own = self.rows(band);
        let mut rest: Vec<&Class> = classes.iter().filter(|class| class.rival != Rival::Band(band.measure)).collect();
        let kept_with = |rest: &[&Class]| {
            let floors: Vec<Floor> = rest.iter().flat_map(|class| &class.rows).map(|row| Floor { row: *row, least: 0.0 }).collect();
            let (place, _) = region.widest(&own, &floors, 0.0);
            own.iter().chain(floors.iter().map(|floor| &floor.row)).all(|row| row.margin(place) * row.span >= -TOLERANCE_PX)
        };
        let mut at = 0;
        while at < rest.len() {
            let mut without = rest.clone();
            let _ = without.remove(at);
            // What is not needed for the contradiction is left out for good; what remains is a smallest set.
            if kept_with(&without) {
                at += 1;
            } else {
                rest = without;
            }
        }
        rest.iter().map(|class| class.rival).collect()
    }
}

/// Keeps the classes one after the other, each as well as those before it allow.
fn by_priority(region: &Region, classes: &[Class]) -> Vec<Floor> {
    let mut floors: Vec<Floor> = Vec::new();
    for class in classes {
        let (_, margin) = region.widest(&class.rows, &floors, 0.0);
        floors.extend(class.rows.iter().map(|row| Floor { row: *row, least: margin }));
    }
    floors
}
