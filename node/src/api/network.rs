//! The switch of the network.

use super::{ApiError, App, auth::Operator, types::NetworkSwitch};
use crate::service::{Change, staff::StaffRole};
use axum::{Json, extract::State};

/// Cuts this node off from all others, or lets it speak again, until the program ends.
#[utoipa::path(put, path = "/api/network", request_body = NetworkSwitch, responses((status = 200, body = NetworkSwitch)))]
pub(super) async fn switch(
    State(app): State<App>,
    who: Operator,
    Json(request): Json<NetworkSwitch>,
) -> Result<Json<NetworkSwitch>, ApiError> {
    who.require(&[StaffRole::Admin])?;
    app.net.set_off(!request.on);
    app.run(|office| {
        office.tell(Change::Status);
        Ok(())
    })
    .await?;
    Ok(Json(NetworkSwitch { on: !app.net.is_off() }))
}
