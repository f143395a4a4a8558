//! Epochs of logs: asked for, given, retired.

use super::{NamedHistory, Text};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `POST /api/epoch`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AskedEpoch {
    /// The epoch that this office asks for.
    pub epoch: u32,
    /// The request as a text, for an office that has no line.
    pub request: String,
    /// Why the request does not stand in this office's log, where it does not.
    pub unlogged: Option<Text>,
}

/// Answer of `POST /api/offices/{code}/epoch`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GrantedEpoch {
    /// Office code.
    pub code: String,
    /// The epoch that it was given.
    pub epoch: u32,
}

/// `POST /api/retirement`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetireRequest {
    /// The first year, in China, whose logs stay.
    pub before: i32,
    /// Only say which logs may be retired.
    pub dry: bool,
}

/// A log that is not retired.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KeptLog {
    /// Its origin.
    pub log: String,
    /// Why it is kept.
    pub why: Text,
}

/// Answer of `POST /api/retirement`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RetirementView {
    /// Logs that are retired, or may be, with their ends.
    pub logs: Vec<NamedHistory>,
    /// Logs that ended before that year and are kept.
    pub kept: Vec<KeptLog>,
}
