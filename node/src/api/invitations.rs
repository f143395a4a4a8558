//! Invitations, at the province.

use super::{
    ApiError, App,
    types::{InvitationMade, InvitationView, InviteRequest},
};
use crate::{
    invitation,
    service::{
        Office, Refusal,
        invitations::{self, Invited, State as Stands},
        office::{now_ms, read_region},
    },
};
use axum::{
    Json,
    extract::{Path, State},
};
use protocol::{id::OfficeCode, record::Roles};

/// Every invitation.
#[utoipa::path(get, path = "/api/invitations", responses((status = 200, body = [InvitationView])))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<InvitationView>>, ApiError> {
    app.run(rows).await.map(Json)
}

/// Invites an office; only at the province. The secret is shown in this answer and nowhere else.
#[utoipa::path(post, path = "/api/invitations", request_body = InviteRequest, responses((status = 200, body = InvitationMade)))]
pub(super) async fn invite(State(app): State<App>, Json(request): Json<InviteRequest>) -> Result<Json<InvitationMade>, ApiError> {
    app.run(move |office| make(office, &request)).await.map(Json)
}

/// Ends an invitation.
#[utoipa::path(delete, path = "/api/invitations/{code}", params(("code" = String, Path)), responses((status = 200)))]
pub(super) async fn cancel(State(app): State<App>, Path(code): Path<String>) -> Result<Json<()>, ApiError> {
    app.run(move |office| {
        let code: OfficeCode =
            code.parse().map_err(|_| Refusal::not_found("没有发给该代码的邀请。", "there is no invitation for this code"))?;
        invitations::cancel(office, code)
    })
    .await
    .map(Json)
}

/// Every invitation; for the command line too.
pub(crate) fn rows(office: &Office) -> Result<Vec<InvitationView>, Refusal> {
    Ok(invitations::list(office)?.into_iter().map(view).collect())
}

/// Invites an office; for the command line too.
pub(crate) fn make(office: &Office, request: &InviteRequest) -> Result<InvitationMade, Refusal> {
    let code: OfficeCode = request.code.trim().parse().map_err(|_| {
        Refusal::input(
            "code_invalid",
            "code",
            "办公点代码为八位数字。",
            "an office code is eight digits: GB/T 2260 county code and a serial of two",
        )
    })?;
    let region = read_region(request.region.as_deref())?;
    let made = invitations::invite(office, code, &request.name, Roles::named(&request.roles)?, region.as_ref(), request.days)?;
    let text = made.text();
    Ok(InvitationMade { code: code.to_string(), expires_ms: made.expires_ms, qr_svg: invitation::qr_svg(&text), text })
}

fn view(invited: Invited) -> InvitationView {
    let state = match invited.state(now_ms()) {
        Stands::Open => "open",
        Stands::Joined => "joined",
        Stands::Expired => "expired",
    };
    InvitationView {
        code: invited.code,
        name: invited.name,
        roles: invited.roles,
        region: invited.region,
        expires_ms: invited.expires_ms,
        state: state.into(),
    }
}
