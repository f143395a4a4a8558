//! The staff of this office.

use super::{
    ApiError, App,
    auth::Operator,
    types::{NewStaff, PasswordChange, StaffChange, StaffView},
};
use crate::service::{
    Office, Refusal,
    staff::{self, Changed, Staff},
};
use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
};
use std::time::Instant;

fn view(staff: Staff) -> StaffView {
    StaffView { login: staff.login, display_name: staff.display_name, number: staff.number, roles: staff.roles, active: staff.active }
}

/// Everybody who works here or did, by number; for the command line also while no node runs.
///
/// # Errors
/// The disk refuses.
pub(crate) fn rows(office: &Office) -> Result<Vec<StaffView>, Refusal> {
    Ok(staff::all(office)?.into_iter().map(view).collect())
}

/// Adds somebody; for the command line also while no node runs.
///
/// # Errors
/// As [`staff::add`].
pub(crate) fn hire(office: &Office, new: &NewStaff) -> Result<StaffView, Refusal> {
    staff::add(office, &new.login, &new.display_name, &new.password, &new.roles).map(view)
}

/// Changes somebody; for the command line also while no node runs.
///
/// # Errors
/// As [`staff::change`].
pub(crate) fn alter(office: &Office, login: &str, change: StaffChange) -> Result<StaffView, Refusal> {
    let changed = Changed { display_name: change.display_name, roles: change.roles, active: change.active, password: change.password };
    staff::change(office, login, changed).map(view)
}

/// Everybody who works here or did, by number.
#[utoipa::path(get, path = "/api/staff", responses((status = 200, body = [StaffView])))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<StaffView>>, ApiError> {
    app.run(rows).await.map(Json)
}

/// Adds a member of staff.
#[utoipa::path(post, path = "/api/staff", request_body = NewStaff, responses((status = 200, body = StaffView)))]
pub(super) async fn add(State(app): State<App>, Json(new): Json<NewStaff>) -> Result<Json<StaffView>, ApiError> {
    let office = app.office.clone();
    // Argon2 takes memory and time, so passwords share the bounded pool with photo work.
    Ok(Json(app.jobs.run(move || hire(&office, &new)).await?))
}

/// Changes name, roles or password of a member of staff, or switches them off. They have to log in again.
#[utoipa::path(
    put, path = "/api/staff/{login}", params(("login" = String, Path)),
    request_body = StaffChange, responses((status = 200, body = StaffView)),
)]
pub(super) async fn change(
    State(app): State<App>,
    Path(login): Path<String>,
    Json(change): Json<StaffChange>,
) -> Result<Json<StaffView>, ApiError> {
    let (office, theirs) = (app.office.clone(), login.clone());
    let changed = app.jobs.run(move || alter(&office, &theirs, change)).await?;
    app.sessions.close_all_of(&login, None);
    Ok(Json(changed))
}

/// Gives oneself another password. Other sessions of this login end.
#[utoipa::path(put, path = "/api/password", request_body = PasswordChange, responses((status = 200, body = ())))]
pub(super) async fn password(
    State(app): State<App>,
    who: Operator,
    headers: HeaderMap,
    Json(change): Json<PasswordChange>,
) -> Result<Json<()>, ApiError> {
    if who.is_the_command_line() {
        return Err(ApiError::role());
    }
    // An unattended page is no place to guess.
    app.throttle.admit(&who.login, Instant::now()).map_err(ApiError::too_many_tries)?;
    let (office, login) = (app.office.clone(), who.login.clone());
    app.jobs.run(move || staff::change_password(&office, &login, &change.present, &change.new)).await?;
    app.throttle.succeeded(&who.login);
    app.sessions.close_all_of(&who.login, app.session_id(&headers).as_deref());
    Ok(Json(()))
}
