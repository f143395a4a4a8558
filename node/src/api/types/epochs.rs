//! Logs of offices: epochs that are asked for and given, ends, retirement; and of which documents an office uses receipts.

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

/// `POST /api/offices/{code}/epoch`.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantEpochRequest {
    /// The key that gets it, or its first eight digits and more; needed where several ask.
    #[serde(default)]
    pub key: Option<String>,
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

/// `POST /api/offices/{code}/revoke`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct RevokeOfficeRequest {
    /// Code of the reason; a wrong one is answered with all codes.
    pub reason: String,
    /// Epoch of the log that goes on; left out: every log of the office ends.
    #[serde(default)]
    pub keep_epoch: Option<u32>,
    /// Entries that stand, where fewer than are here.
    #[serde(default)]
    pub upto: Vec<EndAtRequest>,
}

/// Where one log of an office ends.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndAtRequest {
    /// Epoch of the log; it may be left out where one log ends.
    pub epoch: Option<u32>,
    /// Entries that stand.
    pub size: u64,
}

/// Answer of `POST /api/offices/{code}/revoke`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RevokedOffice {
    /// Where logs of the office end.
    pub ends: Vec<NamedHistory>,
    /// The log that goes on, where one was named as good.
    pub goes_on: Option<String>,
}

/// `PUT /api/offices/{code}/documents`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentsRequest {
    /// Ids of specs; nothing for every document.
    pub documents: Option<Vec<String>>,
}
