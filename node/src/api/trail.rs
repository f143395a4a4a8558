//! Who saw whose data.

use super::{ApiError, App, auth::Operator, types::TrailPage};
use crate::{
    service::{
        Refusal,
        trail::{self, Seen, Wanted},
    },
    store::TrailPlace,
};
use axum::{
    Json,
    extract::{Query, State},
};
use protocol::id::CaseId;
use serde::Deserialize;
use utoipa::IntoParams;

impl App {
    /// Writes down what somebody is about to be handed.
    pub(super) async fn saw(&self, who: &Operator, seen: Seen, case: Option<CaseId>) -> Result<(), ApiError> {
        let (number, login) = (who.number, who.login.clone());
        self.run(move |office| {
            office.trail.note(office, (number, &login), seen, case);
            Ok(())
        })
        .await
    }
}

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TrailQuery {
    /// Only of this member of staff.
    operator: Option<u32>,
    /// Only of this case.
    case: Option<String>,
    /// Go on behind the last page: its `next`.
    before: Option<String>,
}

/// Who saw whose data, latest first, a page at a time.
#[utoipa::path(get, path = "/api/trail", params(TrailQuery), responses((status = 200, body = TrailPage)))]
pub(super) async fn list(State(app): State<App>, Query(query): Query<TrailQuery>) -> Result<Json<TrailPage>, ApiError> {
    app.run(move |office| {
        let before = query.before.as_deref().map(place).transpose()?;
        let (views, next) = trail::page(office, &Wanted { operator: query.operator, case: query.case, before })?;
        Ok(TrailPage { views, next: next.map(|(at_ms, number)| format!("{at_ms},{number}")) })
    })
    .await
    .map(Json)
}

fn place(text: &str) -> Result<TrailPlace, Refusal> {
    let place = text.split_once(',').and_then(|(at_ms, number)| Some((at_ms.parse().ok()?, number.parse().ok()?)));
    place.ok_or_else(|| Refusal::input("before_malformed", "before", "before 应为上一页的 next。", "before is the next of the page before"))
}
