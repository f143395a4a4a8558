//! Advice on a picture of an identity card. Nothing of it is kept, and nothing printed on it is read.

use super::{
    ApiError, App,
    types::{CardView, PointView},
};
use crate::service::photos;
use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
};
use photo::card::Side;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Which side of the card was to be taken.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CardSide {
    /// 人像面.
    Portrait,
    /// 国徽面.
    Emblem,
}

/// What was to be taken.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Side of the card.
    #[param(inline)]
    side: CardSide,
}

/// Says whether the card is whole, sharp and free of glare; the body is the picture.
#[utoipa::path(
    post, path = "/api/card", params(Wanted),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 200, body = CardView)),
)]
pub(super) async fn card(State(app): State<App>, Query(wanted): Query<Wanted>, body: Bytes) -> Result<Json<CardView>, ApiError> {
    let side = match wanted.side {
        CardSide::Portrait => Side::Portrait,
        CardSide::Emblem => Side::Emblem,
    };
    let report = app.jobs.run(move || photos::judge_card(&body, side)).await?;
    let outline = report.outline.map(|corners| corners.map(|corner| PointView { x: corner.x, y: corner.y }).to_vec());
    Ok(Json(CardView { state: report.state, next_step: report.next_step.into(), outline }))
}
