//! Shapes of specs: lists, one whole, what a publication changes.

use super::Text;
use crate::service::spec_drafts::Draft;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A spec in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SpecSummary {
    /// For example `cn-id-card`.
    pub id: String,
    /// Name of the document.
    pub name: Text,
    /// Version written in the spec.
    pub version: u32,
    /// SHA-256 of its canonical text.
    pub hash: String,
    /// `official`, or `draft` until an administrator confirms it.
    pub status: String,
    /// How far to trust the numbers: H, M, L or D.
    pub confidence: String,
    /// `shipped` with the program, or `published` by the province.
    pub origin: String,
    /// When the province signed it.
    pub published_ms: Option<u64>,
    /// When it takes or took force, where the province named a day.
    pub effective_from_ms: Option<u64>,
    /// The day named lay before the signature; it took force when it arrived.
    pub backdated: bool,
    /// Width of the file in pixels.
    pub width_px: u32,
    /// Height of the file in pixels.
    pub height_px: u32,
    /// Pixels per inch written in the file.
    pub dpi: u32,
}

/// One spec, whole.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SpecView {
    /// The line of the list.
    pub summary: SpecSummary,
    /// The spec as TOML, exactly as hashed.
    pub toml: String,
    /// Target frame for the capture screen.
    pub guide: GuideView,
    /// The standard that the numbers come from.
    pub standard: Option<String>,
    /// Whose rule it is.
    pub authority: Option<String>,
    /// Pages of authorities and schools where the numbers were read.
    pub sources: Vec<String>,
    /// The version that waits for its day.
    pub staged: Option<SpecSummary>,
    /// Earlier published versions, newest first.
    pub history: Vec<SpecSummary>,
}

/// Where head and eyes should lie in the finished photo; every value is a share of its width or height, 0 to 1.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct GuideView {
    /// Width over height.
    pub aspect: f64,
    /// Top of the hair, from the upper edge.
    pub hair_top: f64,
    /// Chin, from the upper edge.
    pub chin: f64,
    /// Eye line, from the upper edge.
    pub eye_line: f64,
    /// Width of the face, cheek to cheek.
    pub face_width: f64,
}

/// `POST /api/specs`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct SpecPublication {
    /// A spec file's text.
    pub toml: String,
    /// The day in China on which it takes force, `2026-12-01`; without one, when it arrives.
    pub effective_from: Option<String>,
}

/// `POST /api/specs/check`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct SpecText {
    /// A spec file's text.
    pub toml: String,
}

/// What a publication would change, before it is signed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SpecDiff {
    /// The spec as parsed.
    pub summary: SpecSummary,
    /// Version in force now.
    pub replaces: Option<SpecSummary>,
    /// Field by field: name, value now, value then.
    pub changes: Vec<SpecChange>,
}

/// One changed field of a spec.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SpecChange {
    /// Dotted path, for example `file.kb.max`.
    pub field: String,
    /// Value in force, if any.
    pub before: Option<String>,
    /// Value after publication, if any.
    pub after: Option<String>,
}

/// The draft of a spec that several admins write at once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SpecDraft {
    /// The merged text.
    pub text: String,
    /// Names this state of it; goes along with what is made out of it.
    pub version: String,
    /// Names the state that is what was just written alone, for whoever wrote more meanwhile.
    pub written: Option<String>,
    /// Who wrote in it, the latest first.
    pub writers: Vec<SpecDraftWriter>,
}

/// Somebody who wrote in a draft.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SpecDraftWriter {
    /// Name.
    pub name: String,
    /// When they wrote last.
    pub at_ms: u64,
}

/// `PUT /api/specs/{id}/draft`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct SpecDraftEdit {
    /// The version that was seen.
    pub version: String,
    /// What was made out of it.
    pub text: String,
}

impl From<Draft> for SpecDraft {
    fn from(draft: Draft) -> Self {
        let writers = draft.writers.into_iter().map(|writer| SpecDraftWriter { name: writer.name, at_ms: writer.at_ms }).collect();
        Self { text: draft.text, version: draft.version, written: draft.written, writers }
    }
}
