//! Shapes of a capture under way: applicant, draft, marks, standardized photo.

use super::{BackgroundView, CheckResult, ErrorBody, SpecSummary, Text};
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

/// The applicant as pages show them. The whole number is asked for by itself, which is written down.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApplicantView {
    /// Name as printed.
    pub name: String,
    /// First six and last two characters of the identity number, stars between.
    pub id_number_masked: String,
}

/// `GET /api/cases/{id}/number`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NumberView {
    /// The whole identity number.
    pub id_number: String,
}

/// `POST /api/drafts`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct NewDraft {
    /// Which document.
    pub spec_id: String,
    /// Who. A recapture that names nobody is of the person of its case.
    pub applicant: Option<Applicant>,
    /// Hash of the text that the applicant was shown and agreed to (`GET /api/consent`). A recapture of the same person rests on the consent
    /// that its case has on record.
    pub consent: Option<String>,
    /// The returned case that this recapture answers.
    pub case_id: Option<String>,
}

/// A text that is put before applicants.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatementView {
    /// Its version.
    pub version: u32,
    /// Its name in records, hex.
    pub hash: String,
    /// What it says.
    pub text: Text,
}

/// That an applicant agreed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConsentView {
    /// The text, where this program knows it.
    pub statement: Option<StatementView>,
    /// Hash of the text, hex.
    pub hash: String,
    /// Office that noted it.
    pub office_name: String,
    /// Number of its member of staff who did.
    pub operator: u32,
    /// When.
    pub at_ms: u64,
}

/// A capture under way at this office; nothing of it has left the machine.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DraftView {
    /// Case id it will have, 32 hex digits.
    pub id: String,
    /// Who.
    pub applicant: ApplicantView,
    /// What the applicant agreed to: now, or in the case that this recapture answers.
    pub consent: Option<ConsentView>,
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
