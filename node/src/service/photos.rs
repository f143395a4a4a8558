//! Standardizing a photo, and what is kept of the result.

use crate::{service::Refusal, text::Text};
use photo::{
    Cancel, Shot, Stage, Standardized, Vision, Wanted,
    card::{self, CardReport, Side},
    guidance::{Frame, FrameReport},
    matte::{PlateFault, PlateUse},
};
use protocol::id::BlobHash;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use specs::Spec;
use utoipa::ToSchema;

/// A box in the finished photo, in whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlaceView)]
pub struct Place {
    /// Left edge.
    pub left: u32,
    /// Upper edge.
    pub top: u32,
    /// Width, at least 1.
    pub width: u32,
    /// Height, at least 1.
    pub height: u32,
}

impl From<photo::Area> for Place {
    fn from(area: photo::Area) -> Self {
        Self { left: area.left, top: area.top, width: area.width, height: area.height }
    }
}

/// Result of one check, as kept, sealed and shown. What was added later is missing in records of earlier versions.
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
    /// Stable reason: of a failure that has one, for example `crop_infeasible`; of what was not assessed one of `model_absent`,
    /// `not_measurable`, `person_judges`, `advisory`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Component value of ISO/IEC 29794-5, 0 to 100, where the measured value is its native measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scalar: Option<u8>,
    /// Where, in pixels of the finished photo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
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
            code: check.code.map(str::to_owned),
            scalar: check.scalar,
            place: check.place.map(Place::from),
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
    /// What became of the picture of the empty wall: `used`, `other_size`, `other_wall`, `unreadable`; nothing where there was none.
    #[serde(default)]
    pub plate: Option<String>,
}

fn plate_word(plate: PlateUse) -> Option<&'static str> {
    match plate {
        PlateUse::None => None,
        PlateUse::Used => Some("used"),
        PlateUse::Refused(PlateFault::OtherSize) => Some("other_size"),
        PlateUse::Refused(PlateFault::OtherWall) => Some("other_wall"),
        PlateUse::Refused(PlateFault::Unreadable) => Some("unreadable"),
    }
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
            plate: plate_word(made.plate).map(str::to_owned),
        }
    }
    /// Number of checks that failed.
    pub fn failed_checks(&self) -> u32 {
        self.checks.iter().filter(|check| check.failed()).count() as u32
    }
}

/// What a photo is made with.
#[derive(Clone, Copy)]
pub struct Maker<'a> {
    /// What sees.
    pub vision: &'a dyn Vision,
    /// Asked on the way whether anybody still waits.
    pub cancel: Option<&'a dyn Cancel>,
}

impl std::fmt::Debug for Maker<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Maker({})", self.vision.name())
    }
}

/// Makes the photo. A panic in a decoder or model is a refusal like any other: the original is kept, the node goes on.
///
/// # Errors
/// The picture cannot be used; the refusal says why and what to do.
pub fn standardize(
    shot: &Shot<'_>,
    wanted: Wanted<'_>,
    vision: &dyn Vision,
    on_stage: &mut dyn FnMut(Stage),
) -> Result<Standardized, Refusal> {
    unpanicked(|| Ok(photo::prepare(shot, &[wanted.spec()], vision, on_stage)?.photo(wanted, on_stage)?))
}

/// Makes the photos of several documents from one picture; what does not depend on the document is done once.
///
/// # Errors
/// The picture cannot be used for any of them.
pub fn standardize_all(
    shot: &Shot<'_>,
    wanted: &[Wanted<'_>],
    vision: &dyn Vision,
    on_stage: &mut dyn FnMut(Stage),
) -> Result<Vec<Result<Standardized, Refusal>>, Refusal> {
    let specs: Vec<&Spec> = wanted.iter().map(Wanted::spec).collect();
    let prepared = unpanicked(|| Ok(photo::prepare(shot, &specs, vision, on_stage)?))?;
    // Together the picture is cut out as far around as the widest document shows, and what is busy out there refuses them all:
    // whoever is refused so is tried alone.
    let wanted_count = wanted.len();
    let alone = |wanted: &Wanted<'_>| {
        let made = unpanicked(|| Ok(prepared.photo(*wanted, &mut |_| {})?));
        match made {
            Err(refusal) if wanted_count > 1 && refusal.code == "background_not_separable" => {
                standardize(shot, *wanted, vision, &mut |_| {})
            }
            made => made,
        }
    };
    Ok(wanted.iter().map(alone).collect())
}

/// Longest side at which a preview frame is judged; a larger one is reduced first.
const FRAME_SIDE_PX: usize = 640;

/// Judges one preview frame. Nothing of it is kept.
///
/// # Errors
/// The frame is no picture.
pub fn judge_frame(bytes: &[u8], spec: &Spec, vision: &dyn Vision) -> Result<FrameReport, Refusal> {
    unpanicked(|| {
        let decoded = photo::decode::decode(bytes).map_err(photo::PhotoError::from)?;
        let (image, _) = photo::upright::upright(decoded).image.reduced(FRAME_SIDE_PX);
        Ok(Frame { image: &image }.assess(spec, vision))
    })
}

/// Judges a picture of one side of an identity card. Nothing of it is kept.
///
/// # Errors
/// The file is no picture.
pub fn judge_card(bytes: &[u8], side: Side) -> Result<CardReport, Refusal> {
    unpanicked(|| Ok(card::assess_file(bytes, side).map_err(photo::PhotoError::from)?))
}

pub(super) fn unpanicked<T>(work: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Refusal::input(
            "photo_fault",
            "photo",
            "处理这张照片时程序出错。原图已保存，请重拍或换一张。",
            "the program failed on this picture; the original is kept. Take another one.",
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_an_earlier_version_sealed_still_reads() {
        let sealed = r#"{"name":"SingleFacePresent","title":{"zh":"单人","en":"One face"},"verdict":"pass","measured":0.0,"unit":"share",
            "min":null,"max":0.2,"next_step":{"zh":"","en":""}}"#;
        let check: CheckResult = serde_json::from_str(sealed).unwrap();
        assert_eq!((check.code.as_deref(), check.scalar, check.place), (None, None, None));
        let again = serde_json::to_string(&check).unwrap();
        assert!(!again.contains("place"), "what is not known takes no room in the sealed payload: {again}");
    }

    #[test]
    fn a_frame_that_is_no_picture_is_refused_and_one_without_a_model_says_so() {
        let spec = specs::find("cn-id-card").unwrap();
        assert_eq!(judge_frame(b"not a picture", spec, &photo::NoVision).unwrap_err().code, "not_an_image");
        let report = judge_frame(&wall(), spec, &photo::NoVision).unwrap();
        assert_eq!(report.code(), photo::guidance::Code::NoModel);
    }

    fn wall() -> Vec<u8> {
        crate::service::testing::picture(320, 240, [205, 208, 212])
    }
}
