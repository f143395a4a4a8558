//! Compliance checks: what was measured, what is allowed, and what the clerk should do.
//!
//! One file per check and one registry. A check only measures: its bounds come from the policy of the document
//! ([`specs::Policy`]), and the bounds of head, eyes and file from the spec itself.
//! Names follow ISO/IEC 29794-5 where it has one, and [`Component`] maps native measures to its values from 0 to 100.
//! What no model present can tell is said to be not assessed and why, and becomes an item on the reviewer's list.

mod background;
mod background_colour;
mod band;
mod brows_visible;
mod centring;
mod clothes;
mod clothing;
mod colour_photo;
mod compression;
mod dynamic_range;
mod ears_visible;
pub(crate) mod edges;
mod enlargement;
pub(crate) mod entry;
mod expression;
mod eye_distance;
mod eyes_open;
mod eyes_visible;
mod face_glare;
mod face_shadow;
mod file_size;
mod gaze;
mod glasses;
mod glasses_glare;
mod half_shade;
mod head_coverings;
mod illumination;
mod jewellery;
mod luminance_mean;
mod luminance_variance;
mod make_up;
mod margins;
mod motion_blur;
mod mouth_closed;
mod natural_colour;
mod occlusion;
mod over_exposure;
mod photo_age;
mod pitch;
mod red_eye;
mod registry;
mod retouching;
mod roll;
mod scalar;
pub(crate) mod scene;
mod selfie;
mod sharpness;
mod shoulders;
mod single_face;
mod tinted_glasses;
mod under_exposure;
mod wall_shadow;
mod yaw;

use serde::Serialize;
use specs::{Policy, Spec};

use crate::compose::Composed;
use crate::encode::Encoded;
use crate::image::Point;
use crate::text::Text;
use crate::vision::Mesh;

use entry::Measure;
use registry::REGISTRY;
pub use scalar::Component;
use scene::Scene;
pub use scene::Seen;

/// Outcome of a check. What could not be measured is its own outcome and never a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Measured and out of range.
    Fail,
    /// Not measured, or measured and for the reviewer to judge; [`Check::reason`] says which.
    NotAssessed,
    /// Measured and within range.
    Pass,
}

impl Verdict {
    /// The stable word.
    pub fn key(self) -> &'static str {
        match self {
            Verdict::Fail => "fail",
            Verdict::NotAssessed => "not_assessed",
            Verdict::Pass => "pass",
        }
    }
}

/// A place in the finished photo, in whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Area {
    /// Left edge.
    pub left: u32,
    /// Upper edge.
    pub top: u32,
    /// Width, at least 1.
    pub width: u32,
    /// Height, at least 1.
    pub height: u32,
}

impl Area {
    /// The box around points, cut to a picture; `None` when nothing of it lies inside.
    pub(crate) fn around(points: &[Point], width: f64, height: f64) -> Option<Area> {
        let low = |value: fn(&Point) -> f64, side: f64| points.iter().map(value).fold(f64::MAX, f64::min).clamp(0.0, side).floor();
        let high = |value: fn(&Point) -> f64, side: f64| points.iter().map(value).fold(f64::MIN, f64::max).clamp(0.0, side).ceil();
        let (left, top) = (low(|p| p.x, width), low(|p| p.y, height));
        let (right, bottom) = (high(|p| p.x, width), high(|p| p.y, height));
        let inside = right > left && bottom > top;
        inside.then_some(Area { left: left as u32, top: top as u32, width: (right - left) as u32, height: (bottom - top) as u32 })
    }

    fn corners(&self) -> [Point; 4] {
        let (left, top) = (f64::from(self.left), f64::from(self.top));
        let (right, bottom) = (left + f64::from(self.width), top + f64::from(self.height));
        [Point::new(left, top), Point::new(right, top), Point::new(left, bottom), Point::new(right, bottom)]
    }
}

/// Result of one check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// Stable name, for example `SingleFacePresent`.
    pub name: &'static str,
    /// The name in words.
    pub title: Text,
    /// Outcome.
    pub verdict: Verdict,
    /// Measured value.
    pub measured: Option<f64>,
    /// `px`, `mm`, `deg`, `KB`, `share` …; `person` when nothing measures it.
    pub unit: &'static str,
    /// Lower bound, inclusive.
    pub min: Option<f64>,
    /// Upper bound, inclusive.
    pub max: Option<f64>,
    /// Stable reason: of a failure that has one, for example `crop_infeasible`; of what was not assessed always, one of
    /// `model_absent`, `not_measurable`, `person_judges`, `advisory`.
    pub code: Option<&'static str>,
    /// What to do next; empty when passed.
    pub next_step: Text,
    /// Why it was not assessed; empty otherwise.
    pub reason: Text,
    /// Where, in pixels of the finished photo.
    pub place: Option<Area>,
    /// Component value of ISO/IEC 29794-5, 0 to 100, where the measured value is its native measure.
    pub scalar: Option<u8>,
}

/// All checks of one photo, failed ones first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CheckReport {
    /// Results.
    pub checks: Vec<Check>,
}

impl CheckReport {
    /// No check failed. Checks that could not be assessed do not count as failed, and are for the reviewer to see.
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.verdict != Verdict::Fail)
    }

    /// The check of this name.
    pub fn get(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }

    fn sorted(mut checks: Vec<Check>) -> CheckReport {
        checks.sort_by_key(|check| check.verdict);
        CheckReport { checks }
    }
}

/// What every check may look at.
pub(crate) struct Evidence<'a> {
    pub(crate) composed: &'a Composed<'a>,
    pub(crate) encoded: &'a Encoded,
    pub(crate) spec: &'a Spec,
    pub(crate) scene: &'a Scene<'a>,
}

impl Evidence<'_> {
    /// A box of the working picture in the finished photo.
    fn finished(&self, area: Area) -> Option<Area> {
        let cropped = &self.composed.cropped;
        let corners = area.corners().map(|corner| cropped.placement.finished(cropped.matted.window.outward(corner)));
        Area::around(&corners, f64::from(self.spec.width_px()), f64::from(self.spec.height_px()))
    }

    /// The face in the finished photo.
    fn scene_area(&self) -> Option<Area> {
        self.scene.face_area().and_then(|area| self.finished(area))
    }

    /// All below the chin in the finished photo.
    fn below_chin(&self) -> Option<Area> {
        let (width, height) = (f64::from(self.spec.width_px()), f64::from(self.spec.height_px()));
        let chin = self.composed.cropped.placement.finished(self.composed.cropped.matted.located.head.chin);
        Area::around(&[Point::new(0.0, chin.y), Point::new(width, height)], width, height)
    }
}

/// Runs every check on a finished photo, failed ones first.
pub fn assess(composed: &Composed, encoded: &Encoded, spec: &Spec) -> CheckReport {
    let seen = seen(composed);
    let scene = Scene::new(&seen);
    let evidence = Evidence { composed, encoded, spec, scene: &scene };
    let mut checks = band::checks(&evidence);
    checks.push(file_size::check(&evidence));
    checks.extend(REGISTRY.iter().filter_map(|entry| match entry.measure {
        Measure::Photo(measure) => entry.judge(spec.policy(), measure(&evidence)),
        Measure::Face(measure) => {
            let mut check = entry.judge(spec.policy(), measure(&scene))?;
            check.place = check.place.and_then(|place| evidence.finished(place));
            Some(check)
        }
    }));
    CheckReport::sorted(checks)
}

/// Runs the checks that need nothing but a face in a picture, failed ones first. Places are in pixels of that picture.
pub fn assess_face(seen: &Seen, policy: &Policy) -> CheckReport {
    let scene = Scene::new(seen);
    let face = |entry: &&entry::Entry| match entry.measure {
        Measure::Face(measure) => entry.judge(policy, measure(&scene)),
        Measure::Photo(_) => None,
    };
    CheckReport::sorted(REGISTRY.iter().filter_map(face).collect())
}

/// The face in the working picture: the original around the head, before anything was replaced.
fn seen<'a>(composed: &'a Composed) -> Seen<'a> {
    let cropped = &composed.cropped;
    let (matted, located) = (cropped.matted, &cropped.matted.located);
    let window = matted.window;
    let face = located.face.map(|mut face| {
        for point in [&mut face.left_eye, &mut face.right_eye, &mut face.nose, &mut face.mouth_left, &mut face.mouth_right] {
            *point = window.inward(*point);
        }
        face
    });
    let inward = |p: &[f64; 3]| {
        let point = window.inward(Point::new(p[0], p[1]));
        [point.x, point.y, p[2] * window.scale_x]
    };
    let mesh = located.mesh.as_ref().and_then(|mesh| Mesh::new(mesh.points().iter().map(inward).collect(), mesh.presence));
    let irises = located.irises.map(|irises| {
        irises.map(|mut iris| {
            iris.centre = window.inward(iris.centre);
            iris.radius_px *= window.scale_x;
            iris
        })
    });
    Seen {
        image: &matted.image,
        left_eye: window.inward(located.head.left_eye),
        right_eye: window.inward(located.head.right_eye),
        chin: window.inward(located.head.chin),
        face_width_px: located.head.face_width_px * window.scale_x,
        face,
        mesh,
        irises,
        second_face: located.second_face,
        original_per_px: 1.0 / window.scale_x,
        roll_corrected_deg: cropped.placement.roll_corrected_deg,
    }
}
