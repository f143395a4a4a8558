//! The switch of the network.

use super::{ApiError, App, types::NetworkSwitch};
use crate::service::Change;
use axum::{Json, extract::State};

/// Cuts this node off from all others, or lets it speak again, until the program ends.
#[utoipa::path(put, path = "/api/network", request_body = NetworkSwitch, responses((status = 200, body = NetworkSwitch)))]
pub(super) async fn switch(State(app): State<App>, Json(request): Json<NetworkSwitch>) -> Result<Json<NetworkSwitch>, ApiError> {
    app.net.set_off(!request.on);
    app.run(|office| {
        office.tell(Change::Status);
        Ok(())
    })
    .await?;
    Ok(Json(NetworkSwitch { on: !app.net.is_off() }))
}
