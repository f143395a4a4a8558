//! Compliance checks: what was measured, what is allowed, and what the clerk should do.
//!
//! Names follow ISO/IEC 29794-5 where it has one.

mod background;
mod band;
mod exposure;
mod eye_distance;
mod file_size;
mod margins;
mod roll;
mod sharpness;
mod single_face;

use serde::Serialize;
use specs::Spec;

use crate::compose::Composed;
use crate::encode::Encoded;
use crate::text::Text;

/// Outcome of a check. What could not be measured is its own outcome and never a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Measured and out of range.
    Fail,
    /// Could not be measured; a person must look.
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
    /// `px`, `mm`, `deg`, `KB`, `share` …
    pub unit: &'static str,
    /// Lower bound, inclusive.
    pub min: Option<f64>,
    /// Upper bound, inclusive.
    pub max: Option<f64>,
    /// Stable reason of a failure that has one, for example `crop_infeasible`.
    pub code: Option<&'static str>,
    /// What to do next; empty when passed.
    pub next_step: Text,
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
}

/// What every check may look at.
pub(crate) struct Evidence<'a> {
    pub(crate) composed: &'a Composed<'a>,
    pub(crate) encoded: &'a Encoded,
    pub(crate) spec: &'a Spec,
}

/// All checks. Bands of the spec come on top, one check each.
const REGISTRY: &[fn(&Evidence) -> Check] = &[
    single_face::check,
    eye_distance::check,
    roll::check,
    sharpness::check,
    exposure::under,
    exposure::over,
    background::check,
    margins::check,
    file_size::check,
];

/// Runs every check, failed ones first.
pub(crate) fn assess(composed: &Composed, encoded: &Encoded, spec: &Spec) -> CheckReport {
    let evidence = Evidence { composed, encoded, spec };
    let mut checks = band::checks(&evidence);
    checks.extend(REGISTRY.iter().map(|check| check(&evidence)));
    checks.sort_by_key(|check| check.verdict);
    CheckReport { checks }
}

/// What a check found, before it is judged.
struct Finding {
    name: &'static str,
    title: Text,
    measured: Option<f64>,
    unit: &'static str,
    min: Option<f64>,
    max: Option<f64>,
}

impl Finding {
    /// Within the bounds or not; without a measurement, not assessed. `advice` is kept unless the check passed.
    fn judge(self, advice: Text) -> Check {
        let verdict = match self.measured {
            None => Verdict::NotAssessed,
            Some(value) => {
                let low = self.min.is_some_and(|min| value < min);
                let high = self.max.is_some_and(|max| value > max);
                if low || high { Verdict::Fail } else { Verdict::Pass }
            }
        };
        let next_step = if verdict == Verdict::Pass { Text::default() } else { advice };
        Check {
            name: self.name,
            title: self.title,
            verdict,
            measured: self.measured.map(rounded),
            unit: self.unit,
            min: self.min.map(rounded),
            max: self.max.map(rounded),
            code: None,
            next_step,
        }
    }
}

/// Three decimals: more would pretend a precision that no check has, and would differ between machines.
fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// Luminance of the face in the finished photo: eyes to chin, between the cheeks, with positions.
fn face_luminance(evidence: &Evidence) -> Vec<(usize, usize, f32)> {
    let composed = evidence.composed;
    let head = composed.cropped.matted.located.head;
    let placement = &composed.cropped.placement;
    let eyes = placement.eyes;
    let chin = placement.scale * head.chin_px();
    let half = placement.scale * head.face_width_px * 0.42;
    let image = &composed.image;
    let mut values = Vec::new();
    for (at, pixel) in image.pixels().iter().enumerate() {
        let (x, y) = (at % image.width(), at / image.width());
        let across = (x as f64 + 0.5 - eyes.x) / half;
        let down = (y as f64 + 0.5 - eyes.y - 0.3 * chin) / (0.65 * chin);
        if across * across + down * down < 1.0 {
            values.push((x, y, luminance(*pixel)));
        }
    }
    values
}

/// Rec. 709 luma, 0 to 255.
fn luminance([r, g, b]: [u8; 3]) -> f32 {
    0.2126 * f32::from(r) + 0.7152 * f32::from(g) + 0.0722 * f32::from(b)
}
