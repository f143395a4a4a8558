//! Specs in force, and their publication by the province.

use super::{
    ApiError, App,
    auth::Operator,
    types::{SpecChange, SpecDiff, SpecDraft, SpecDraftEdit, SpecPublication, SpecSummary, SpecText, SpecView},
    views,
};
use crate::service::{spec_drafts, specs};
use axum::{
    Json,
    extract::{Path, State},
};
use protocol::id::SpecHash;

/// Specs in force.
#[utoipa::path(get, path = "/api/specs", responses((status = 200, body = [SpecSummary])))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<SpecSummary>>, ApiError> {
    app.run(|office| Ok(specs::in_force(office).iter().map(views::spec_summary).collect())).await.map(Json)
}

/// One spec with its sources and history.
#[utoipa::path(get, path = "/api/specs/{id}", params(("id" = String, Path)), responses((status = 200, body = SpecView)))]
pub(super) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<SpecView>, ApiError> {
    app.run(move |office| specs::by_id(office, &id).map(|known| views::spec(office, &known)).ok_or_else(|| specs::unknown(&id)))
        .await
        .map(Json)
}

/// What a publication would change; nothing is signed.
#[utoipa::path(post, path = "/api/specs/check", request_body = SpecText, responses((status = 200, body = SpecDiff)))]
pub(super) async fn check(State(app): State<App>, Json(text): Json<SpecText>) -> Result<Json<SpecDiff>, ApiError> {
    app.run(move |office| {
        let spec = specs::check(office, &text.toml)?;
        let now = specs::by_id(office, spec.id());
        let changes = ::specs::changes(now.as_ref().map(|known| &*known.spec), &spec);
        Ok(SpecDiff {
            replaces: now.as_ref().map(views::spec_summary),
            changes: changes
                .into_iter()
                .map(|change| SpecChange { field: change.field, before: change.before, after: change.after })
                .collect(),
            summary: views::spec_summary(&specs::unpublished(spec)),
        })
    })
    .await
    .map(Json)
}

/// Signs a spec into the province's log.
#[utoipa::path(post, path = "/api/specs", request_body = SpecPublication, responses((status = 200, body = SpecSummary)))]
pub(super) async fn publish(
    State(app): State<App>,
    who: Operator,
    Json(publication): Json<SpecPublication>,
) -> Result<Json<SpecSummary>, ApiError> {
    app.run(move |office| {
        let from = publication.effective_from.as_deref().map(specs::day_in_china).transpose()?;
        let spec = specs::publish(office, &publication.toml, from, who.number)?;
        let hash = SpecHash(spec.hash());
        specs::by_hash(office, hash).as_ref().map(views::spec_summary).ok_or_else(|| specs::unknown(spec.id()))
    })
    .await
    .map(Json)
}

/// The draft of a spec that the admins of this node write together.
#[utoipa::path(get, path = "/api/specs/{id}/draft", params(("id" = String, Path)), responses((status = 200, body = SpecDraft)))]
pub(super) async fn draft(State(app): State<App>, Path(id): Path<String>) -> Result<Json<SpecDraft>, ApiError> {
    app.run(move |office| Ok(spec_drafts::open(office, &id)?.into())).await.map(Json)
}

/// Merges what somebody made out of the draft as they saw it.
#[utoipa::path(
    put, path = "/api/specs/{id}/draft", params(("id" = String, Path)),
    request_body = SpecDraftEdit, responses((status = 200, body = SpecDraft)),
)]
pub(super) async fn write_draft(
    State(app): State<App>,
    who: Operator,
    Path(id): Path<String>,
    Json(edit): Json<SpecDraftEdit>,
) -> Result<Json<SpecDraft>, ApiError> {
    app.run(move |office| Ok(spec_drafts::write(office, &id, &edit.version, &edit.text, &who.display_name)?.into())).await.map(Json)
}

/// Throws the draft of a spec away.
#[utoipa::path(delete, path = "/api/specs/{id}/draft", params(("id" = String, Path)), responses((status = 200)))]
pub(super) async fn discard_draft(State(app): State<App>, Path(id): Path<String>) -> Result<Json<()>, ApiError> {
    app.run(move |office| spec_drafts::discard(office, &id)).await.map(Json)
}

/// Cancels the version that waits for its day, and gives the spec as it is then.
#[utoipa::path(delete, path = "/api/specs/{id}/staged", params(("id" = String, Path)), responses((status = 200, body = SpecView)))]
pub(super) async fn cancel(State(app): State<App>, who: Operator, Path(id): Path<String>) -> Result<Json<SpecView>, ApiError> {
    app.run(move |office| {
        specs::cancel(office, &id, who.number)?;
        specs::by_id(office, &id).map(|known| views::spec(office, &known)).ok_or_else(|| specs::unknown(&id))
    })
    .await
    .map(Json)
}
