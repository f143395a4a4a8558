//! Shapes of a capture under way: applicant, draft, marks, standardized photo.

use super::{BackgroundView, CheckResult, ErrorBody, SpecSummary};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who sits in front of the camera.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Applicant {
    /// Name as printed.
    pub name: String,
    /// Resident identity number by GB 11643, 18 characters.
    pub id_number: String,
}

/// `POST /api/drafts`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct NewDraft {
    /// Which document.
    pub spec_id: String,
    /// Who.
    pub applicant: Applicant,
    /// The applicant was told the purpose and agreed (告知用途).
    pub consent: bool,
    /// The returned case that this recapture answers.
    pub case_id: Option<String>,
}

/// A capture under way at this office; nothing of it has left the machine.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DraftView {
    /// Case id it will have, 32 hex digits.
    pub id: String,
    /// Who.
    pub applicant: Applicant,
    /// The spec it began with and keeps.
    pub spec: SpecSummary,
    /// A newer version of the spec came into force since.
    pub spec_superseded: bool,
    /// When it began.
    pub started_ms: u64,
    /// The result so far.
    pub result: Option<PhotoView>,
    /// Why the last photo could not be made, with what to do.
    pub problem: Option<ErrorBody>,
    /// A photo was received (it stays, even when it could not be standardized).
    pub has_original: bool,
    /// Other cases that name the same picture: of other people, or of this person for the same document.
    pub same_picture: Vec<super::SamePictureView>,
    /// Other cases of the same identity number that this office knows: under another name, or for the same document.
    pub same_number: Vec<super::SameNumberView>,
    /// Backgrounds that the wall can be replaced with; none where the document forbids replacing it.
    pub backgrounds: Vec<BackgroundView>,
    /// The chosen one as `#rrggbb`; the first of the document where nothing was chosen.
    pub background: String,
}

/// A point in the upright original, in pixels from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PointView {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

/// What the staff marks by hand; left and right as seen in the picture.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct MarksView {
    /// Centre of the eye on the left of the picture.
    pub left_eye: PointView,
    /// Centre of the eye on the right of the picture.
    pub right_eye: PointView,
    /// Lowest point of the chin.
    pub chin: PointView,
    /// Top of the head, hair included.
    pub crown: PointView,
}

/// A standardized photo with its checks.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PhotoView {
    /// SHA-256 of the JPEG file.
    pub sha256: String,
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
    /// Size of the upright original in pixels.
    pub original_width_px: u32,
    /// Size of the upright original in pixels.
    pub original_height_px: u32,
    /// What was done to the photo, in order.
    pub operations: Vec<String>,
    /// Where the points used came from: `model` or `marks`.
    pub located_by: String,
    /// The points used.
    pub marks: MarksView,
    /// All checks, failed ones first.
    pub checks: Vec<CheckResult>,
    /// No check failed.
    pub passed: bool,
    /// What became of the picture of the empty wall: `used`, `other_size`, `other_wall`, `unreadable`; nothing where there was none.
    pub plate: Option<String>,
}

/// `POST /api/drafts/{id}/submit`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct SubmitRequest {
    /// Submit although a check failed, with the reason for the reviewer.
    pub override_reason: Option<String>,
}
