//! Shapes around the camera: guidance, the empty wall, other documents, pictures of the card.

use super::{ErrorBody, PointView, SpecSummary, Text};
use photo::{card, guidance};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `PUT /api/drafts/{id}/background`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct BackgroundRequest {
    /// One of the draft's `backgrounds`: its name in either language or `#rrggbb`.
    pub background: String,
}

/// A background that a document allows.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BackgroundView {
    /// `#rrggbb` in lower case.
    pub hex: String,
    /// The name in words.
    pub name: Text,
}

/// `POST /api/guidance`: what to say over the live picture now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GuidanceView {
    /// Stable word, for example `come_closer`; `ready` when the photo can be taken, `no_model` when nothing can be guided.
    #[schema(value_type = String)]
    pub code: guidance::Code,
    /// The words.
    pub text: Text,
    /// For how long it has been said.
    pub since_ms: u64,
    /// The photo can be taken now.
    pub ready: bool,
    /// Everything against taking the photo in the newest frame, the most important first.
    #[schema(value_type = Vec<String>)]
    pub reasons: Vec<guidance::Code>,
}

/// `GET /api/plate`.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct PlateAnswer {
    /// The recorded empty wall, if there is one.
    pub plate: Option<PlateView>,
}

/// The recorded empty wall.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct PlateView {
    /// When it was recorded.
    pub recorded_ms: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Pixels.
    pub width_px: u32,
    /// Pixels.
    pub height_px: u32,
}

/// What one document would make of a draft's picture.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FeasibilityView {
    /// The document.
    pub spec: SpecSummary,
    /// A photo can be made and no check failed.
    pub feasible: bool,
    /// Checks that failed.
    pub failed: Vec<FailedCheck>,
    /// Bytes of the photo; nothing where none can be made.
    pub bytes: Option<u64>,
    /// Why no photo can be made.
    pub problem: Option<ErrorBody>,
}

/// A check that stands in the way.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FailedCheck {
    /// Name by ISO/IEC 29794-5 where one exists.
    pub name: String,
    /// The name in words.
    pub title: Text,
}

/// `POST /api/card`: advice on a picture of an identity card. Nothing printed on the card is read, nothing is kept.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CardView {
    /// `good`, `not_a_card`, `edge_missing`, `blurred`, `glare` or `misframed`.
    #[schema(value_type = String)]
    pub state: card::State,
    /// What to do; empty when good.
    pub next_step: Text,
    /// Corners in pixels of the upright picture: upper left, upper right, lower right, lower left.
    pub outline: Option<Vec<PointView>>,
}
