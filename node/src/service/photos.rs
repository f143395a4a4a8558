//! Standardizing a photo, and what is kept of the result.

use crate::{service::Refusal, text::Text};
use photo::{Marks, Shot, Stage, Standardized, Vision};
use protocol::id::BlobHash;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use specs::Spec;
use utoipa::ToSchema;

/// Result of one check, as kept, sealed and shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = CheckView)]
pub struct CheckResult {
    /// Name by ISO/IEC 29794-5 where one exists.
    pub name: String,
    /// The name in words.
    pub title: Text,
    /// `pass`, `fail` or `not_assessed`.
    pub verdict: String,
    /// Measured value.
    pub measured: Option<f64>,
    /// Unit of the measured value and its bounds.
    pub unit: String,
    /// Lower bound, inclusive.
    pub min: Option<f64>,
    /// Upper bound, inclusive.
    pub max: Option<f64>,
    /// What to do next; empty when passed.
    pub next_step: Text,
}

impl CheckResult {
    /// Measured and out of range.
    pub fn failed(&self) -> bool {
        self.verdict == photo::Verdict::Fail.key()
    }
}

impl From<&photo::Check> for CheckResult {
    fn from(check: &photo::Check) -> Self {
        Self {
            name: check.name.to_string(),
            title: check.title.clone().into(),
            verdict: check.verdict.key().into(),
            measured: check.measured,
            unit: check.unit.to_string(),
            min: check.min,
            max: check.max,
            next_step: check.next_step.clone().into(),
        }
    }
}

/// What is kept of a standardized photo beside its file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhotoResult {
    /// SHA-256 of the file.
    pub hash: String,
    /// Pixels.
    pub width_px: u32,
    /// Pixels.
    pub height_px: u32,
    /// Pixels per inch.
    pub dpi: u32,
    /// Bytes of the file.
    pub bytes: u64,
    /// JPEG quality, 1 to 100.
    pub quality: u8,
    /// Size of the upright original.
    pub original_px: (u32, u32),
    /// What was done, in order.
    pub operations: Vec<String>,
    /// `marks`, or the name of what located the face.
    pub located_by: String,
    /// The points used: left eye, right eye, chin, crown.
    pub marks: [(f64, f64); 4],
    /// All checks, failed ones first.
    pub checks: Vec<CheckResult>,
}

impl PhotoResult {
    /// Keeps what matters of a result. `vision` names the models that may have located the face.
    pub fn of(made: &Standardized, vision: &str) -> Self {
        let at = |point: photo::Point| (point.x, point.y);
        let by_model = made.located_by == photo::LocatedBy::Model;
        Self {
            hash: BlobHash(Sha256::digest(&made.jpeg).into()).to_string(),
            width_px: made.width_px,
            height_px: made.height_px,
            dpi: made.dpi,
            bytes: made.jpeg.len() as u64,
            quality: made.quality,
            original_px: (made.original_width_px, made.original_height_px),
            operations: made.operations.iter().map(ToString::to_string).collect(),
            located_by: if by_model { format!("model {vision}") } else { made.located_by.key().into() },
            marks: [at(made.marks.left_eye), at(made.marks.right_eye), at(made.marks.chin), at(made.marks.crown)],
            checks: made.report.checks.iter().map(CheckResult::from).collect(),
        }
    }
    /// Number of checks that failed.
    pub fn failed_checks(&self) -> u32 {
        self.checks.iter().filter(|check| check.failed()).count() as u32
    }
}

/// Makes the photo. A panic in a decoder or model is a refusal like any other: the original is kept, the node goes on.
///
/// # Errors
/// The picture cannot be used; the refusal says why and what to do.
pub fn standardize(
    bytes: &[u8],
    spec: &Spec,
    vision: &dyn Vision,
    marks: Option<Marks>,
    on_stage: &mut dyn FnMut(Stage),
) -> Result<Standardized, Refusal> {
    unpanicked(|| Ok(photo::standardize(bytes, spec, vision, marks, on_stage)?))
}

/// Makes the photos of several documents from one picture; what does not depend on the document is done once.
///
/// # Errors
/// The picture cannot be used for any of them.
pub fn standardize_all(
    shot: &Shot<'_>,
    specs: &[&Spec],
    vision: &dyn Vision,
    on_stage: &mut dyn FnMut(Stage),
) -> Result<Vec<Result<Standardized, Refusal>>, Refusal> {
    let prepared = unpanicked(|| Ok(photo::prepare(shot, specs, vision, on_stage)?))?;
    Ok(specs.iter().map(|spec| unpanicked(|| Ok(prepared.photo(spec, &mut |_| {})?))).collect())
}

fn unpanicked<T>(work: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Refusal::input(
            "photo_fault",
            "photo",
            "处理这张照片时程序出错。原图已保存，请重拍或换一张。",
            "the program failed on this picture; the original is kept. Take another one.",
        ))
    })
}
