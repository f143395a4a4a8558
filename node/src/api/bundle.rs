//! Sticks that the command line has a running node write and take in.

use super::{
    ApiError, App,
    types::{BundleExportRequest, BundleExportView, BundleImportRequest},
};
use crate::{
    bundle::{self, Ask, Report, Sent},
    service::{Kind, Office, Refusal},
};
use axum::{Json, extract::State};
use protocol::id::OfficeCode;
use std::path::Path;

/// Packages or blobs that one request takes in, so that its answer shows how it goes on.
pub(crate) const PIECES: usize = 32;

/// Writes a bundle; for the command line also while no node runs.
///
/// # Errors
/// As [`bundle::export`]; or the office's code is none.
pub(crate) fn write(office: &Office, request: &BundleExportRequest) -> Result<BundleExportView, Refusal> {
    let receiver: OfficeCode = request.office.parse().map_err(|error: protocol::id::ParseIdError| {
        Refusal::new(Kind::Input, "office_code", format!("“{}”不是办公点代码（八位数字）。", request.office), error.to_string())
    })?;
    let ask = request.since.as_ref().map(|path| Ask::read(Path::new(path), office, receiver)).transpose()?;
    let Sent { logs, records, blobs, absent, forks } = bundle::export(office, Path::new(&request.dir), receiver, ask.as_ref())?;
    Ok(BundleExportView { logs, records, blobs, absent, forks })
}

/// Looks at a bundle or takes in the next part of it; for the command line also while no node runs.
///
/// # Errors
/// As [`bundle::import`].
pub(crate) fn take(office: &Office, request: &BundleImportRequest) -> Result<Report, Refusal> {
    let dir = Path::new(&request.dir);
    if request.store { bundle::import(office, dir, PIECES) } else { bundle::look(office, dir) }
}

/// Writes a bundle for another office on the node's machine; only for the command line there.
#[utoipa::path(post, path = "/api/bundle/export", request_body = BundleExportRequest,
    responses((status = 200, body = BundleExportView)))]
pub(super) async fn export(State(app): State<App>, Json(request): Json<BundleExportRequest>) -> Result<Json<BundleExportView>, ApiError> {
    app.run(move |office| write(office, &request)).await.map(Json)
}

/// Looks at a bundle on the node's machine, or takes in the next part of it; only for the command line there.
#[utoipa::path(post, path = "/api/bundle/import", request_body = BundleImportRequest, responses((status = 200, body = Report)))]
pub(super) async fn import(State(app): State<App>, Json(request): Json<BundleImportRequest>) -> Result<Json<Report>, ApiError> {
    app.run(move |office| take(office, &request)).await.map(Json)
}

/// What this office asks a stick for: the text of the file that `huizhi bundle ask` writes; only for the command line there.
#[utoipa::path(get, path = "/api/bundle/ask", responses((status = 200, body = serde_json::Value)))]
pub(super) async fn ask(State(app): State<App>) -> Result<Json<Ask>, ApiError> {
    app.run(bundle::ask).await.map(Json)
}
