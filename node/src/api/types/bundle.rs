//! Sticks between offices.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /api/bundle/export`, for the command line.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub struct BundleExportRequest {
    /// Absolute path of a folder on the node's machine that does not exist yet or is empty.
    pub dir: String,
    /// Code of the office that the bundle is for.
    pub office: String,
    /// Absolute path of a file that `huizhi bundle ask` wrote at that office. Without it everything goes along.
    pub since: Option<String>,
}

/// What a bundle holds.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BundleExportView {
    /// Logs.
    pub logs: u64,
    /// Records that the receiving office is not known to have.
    pub records: u64,
    /// Photos and sealed payloads.
    pub blobs: u64,
    /// Photos and sealed payloads that the office may have and that are not here.
    pub absent: u64,
    /// Proofs that a log was signed twice.
    pub forks: u64,
}

/// `POST /api/bundle/import`, for the command line.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub struct BundleImportRequest {
    /// Absolute path of the bundle's folder on the node's machine.
    pub dir: String,
    /// False: only say what it brings. True: take in the next part of it; ask again until the answer says `done`.
    pub store: bool,
}
