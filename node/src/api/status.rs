//! What the title bar shows.

use super::{
    ApiError, App,
    auth::Operator,
    types::{ForkView, PeerView, StatusView, Text},
};
use crate::service::{
    ForkNotice, Office,
    condition::Condition,
    network::PeerState,
    office::{ClockDoubt, now_ms},
};
use axum::{Json, extract::State};
use protocol::{
    case::Status,
    id::PublicKey,
    record::Roles,
    sync::{paths::Transport, wire::Refusal},
};

/// State of this node and its peers.
#[utoipa::path(get, path = "/api/status", responses((status = 200, body = StatusView)))]
pub(super) async fn status(State(app): State<App>, _who: Operator) -> Result<Json<StatusView>, ApiError> {
    let (net, network_off) = (app.net.status(), app.net.is_off());
    let (finds_faces, can_print) = (app.finds_faces, app.font.is_some());
    let view = app
        .run(move |office| {
            let awaiting = if office.has_role(Roles::REVIEW) {
                office.settle_a_little()?;
                office.count(Status::Submitted)? + office.count(Status::Conflict)?
            } else {
                0
            };
            Ok(StatusView {
                version: env!("CARGO_PKG_VERSION").into(),
                now_ms: now_ms(),
                read_only: office.read_only(),
                online: net.peers.values().any(|peer| peer.lag.connected),
                network_off,
                to_send: net.to_send,
                to_receive: net.peers.values().map(|peer| peer.lag.to_receive).max().unwrap_or(0),
                peers: net.peers.iter().map(|(key, state)| peer(office, *key, state)).collect(),
                face_model: finds_faces,
                awaiting_review: awaiting,
                can_print,
                clock: office.clock_doubt()?.map(ClockDoubt::text),
                forks: forks(office),
            })
        })
        .await?;
    Ok(Json(view))
}

/// How this node and its federation stand, in numbers; `huizhi status` shows it.
#[utoipa::path(get, path = "/api/condition", responses((status = 200, body = Condition)))]
pub(super) async fn condition(State(app): State<App>, _who: Operator) -> Result<Json<Condition>, ApiError> {
    let net = app.net.status();
    app.run(move |office| Condition::of(office, &net, true)).await.map(Json)
}

/// Every fork that was proved, as the API shows it.
pub(crate) fn forks(office: &Office) -> Vec<ForkView> {
    office.forks().iter().map(|notice| fork(office, notice)).collect()
}

fn fork(office: &Office, notice: &ForkNotice) -> ForkView {
    let log = &notice.points.0.origin;
    let name = log.office_and_epoch().map_or_else(|| log.to_string(), |(code, _)| office.office_name(code));
    ForkView {
        id: notice.id.clone(),
        log: log.to_string(),
        smaller: notice.points.0.size,
        larger: notice.points.1.size,
        shared: notice.shared,
        open: notice.stands.is_none(),
        message: notice.text(&name),
    }
}

fn transport_name(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "tcp",
        Transport::Quic => "quic",
    }
}

fn peer(office: &Office, key: PublicKey, state: &PeerState) -> PeerView {
    let name = |key: PublicKey| {
        let member = office.members().office_of(key).cloned();
        member.map_or_else(|| key.to_string()[..12].to_owned(), |member| member.enrol.name)
    };
    PeerView {
        code: office.members().office_of(key).map(|member| member.enrol.code.to_string()).unwrap_or_default(),
        name: name(key),
        by_way_of: state.by.map(name),
        transport: state.carried_by.map(|(transport, _)| transport_name(transport).into()),
        bytes_per_s: state.carried_by.and_then(|(_, rate)| rate),
        connected: state.lag.connected,
        last_seen_ms: state.lag.last_seen,
        to_send: state.lag.to_send,
        to_receive: state.lag.to_receive,
        refused: state.refused.map(|refusal| match refusal {
            Refusal::NotEnrolled => Text::new(
                format!("对方拒绝连接：本办公点尚未登记。请把公钥 {} 交给省级管理员登记。", office.keys.office.public()),
                format!("refused: this office is not enrolled; give the key {} to the provincial admin", office.keys.office.public()),
            ),
            Refusal::NotInvited => Text::new(
                "邀请无效、已使用或已过期：请向省级管理员索取新的邀请，并用 huizhi office accept 填入。",
                "the invitation is used, cancelled or expired: ask the provincial admin for another and enter it with `huizhi office accept`",
            ),
            Refusal::NotForYou => Text::new("对方拒绝提供。", "refused: not for this office"),
            Refusal::Later => Text::new("对方正忙，稍后再问。", "busy: asked again later"),
        }),
    }
}
