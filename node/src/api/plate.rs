//! The picture of the empty wall behind a fixed camera.

use super::{
    ApiError, App,
    types::{PlateAnswer, PlateView},
};
use crate::service::plate::{self, Plate};
use axum::{Json, body::Bytes, extract::State, http::StatusCode};

fn view(plate: Plate) -> PlateView {
    PlateView { recorded_ms: plate.recorded_ms, bytes: plate.bytes, width_px: plate.width_px, height_px: plate.height_px }
}

/// Records the empty wall; the body is the file. It stays on this machine.
#[utoipa::path(
    put, path = "/api/plate",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 200, body = PlateView)),
)]
pub(super) async fn record(State(app): State<App>, body: Bytes) -> Result<Json<PlateView>, ApiError> {
    let (office, vision) = (app.office.clone(), app.vision.clone());
    Ok(Json(view(app.jobs.run(move || plate::record(&office, &*vision, &body)).await?)))
}

/// When the empty wall was recorded, if it was.
#[utoipa::path(get, path = "/api/plate", responses((status = 200, body = PlateAnswer)))]
pub(super) async fn show(State(app): State<App>) -> Result<Json<PlateAnswer>, ApiError> {
    let office = app.office.clone();
    let known = app.jobs.run(move || plate::known(&office)).await?;
    Ok(Json(PlateAnswer { plate: known.map(view) }))
}

/// Forgets the empty wall.
#[utoipa::path(delete, path = "/api/plate", responses((status = 204)))]
pub(super) async fn forget(State(app): State<App>) -> Result<StatusCode, ApiError> {
    app.run(plate::forget).await?;
    Ok(StatusCode::NO_CONTENT)
}
