//! What the title bar shows.

use super::{
    ApiError, App,
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
pub(super) async fn status(State(app): State<App>) -> Result<Json<StatusView>, ApiError> {
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
            let waiting = office.store.waiting()?;
            Ok(StatusView {
                version: env!("CARGO_PKG_VERSION").into(),
                now_ms: now_ms(),
                read_only: office.read_only(),
                online: net.peers.values().any(|peer| peer.lag.connected),
                network_off,
                to_send: net.to_send,
                to_receive: net.peers.values().map(|peer| peer.lag.to_receive).max().unwrap_or(0),
                to_take_in: waiting.records,
                to_fold: waiting.cases,
                peers: net.peers.iter().map(|(key, state)| peer(office, *key, state)).collect(),
                face_model: finds_faces,
                awaiting_review: awaiting,
                can_print,
                clock: office.clock_doubt()?.map(ClockDoubt::text),
                disk: office.disk_warning(),
                forks: forks(office),
            })
        })
        .await?;
    Ok(Json(view))
}

/// How this node and its federation stand, in numbers; `huizhi status` shows it.
#[utoipa::path(get, path = "/api/condition", responses((status = 200, body = Condition)))]
pub(super) async fn condition(State(app): State<App>) -> Result<Json<Condition>, ApiError> {
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
    // A key that is not enrolled has no code, and is known by its beginning.
    let called = |key: PublicKey| match office.members().office_of(key) {
        Some(member) => (member.enrol.code.to_string(), member.enrol.name.clone()),
        None => (String::new(), key.to_string()[..12].to_owned()),
    };
    let (code, name) = called(key);
    PeerView {
        code,
        name,
        by_way_of: state.by.map(|key| called(key).1),
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

#[cfg(test)]
mod tests {
    use crate::{
        api::testing::Served,
        service::testing::{Home, picture},
    };
    use protocol::{
        id::CaseId,
        record::{Record, Roles, Submitted},
    };
    use std::sync::Arc;

    const CASES: u16 = 300;

    #[test]
    fn what_is_here_and_counts_for_nothing_yet_is_told_until_it_counts() {
        let served = Served::with(Arc::new(photo::NoVision));
        let office = &served.app.office;
        let (home, other) = Home::join(office, "44030002", Roles::CAPTURE);
        let said = home.case(&other, &picture(8, 8, [1; 3]), false).current.said.clone();
        let id = |case: u16| CaseId([case.to_be_bytes()[0], case.to_be_bytes()[1], 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7]);
        let more = (1..CASES).map(|case| Record::Submitted(Submitted { case: id(case), ..said.clone() }));
        other.append(|_, signer| more.map(|record| signer.sign(&record)).collect()).unwrap();
        // A bulk of packages, as a peer gives them to whoever is far behind.
        let mut packages = Vec::new();
        let mut edge = office.store.edge(other.origin());
        let key = office.members().verifier(other.origin()).unwrap();
        while let Some(package) = other.store.package(other.origin(), edge.size()).unwrap() {
            let verified = package.verify(&edge, &key, &[]).unwrap();
            edge = verified.edge.clone();
            packages.push(verified);
        }
        office.store.commit_unindexed(other.origin(), &packages).unwrap();

        let told = |page: &str, words: [&str; 2]| {
            let page = served.local(page, b"");
            words.iter().for_each(|words| assert!(page.contains(words), "{words}: {page}"));
        };
        told("GET /api/condition", ["\"to_take_in\":301,", "\"to_fold\":0,"]);
        told("GET /metrics", ["\nhuizhi_records_to_take_in 301\n", "\nhuizhi_cases_to_fold 0\n"]);
        office.index_more().unwrap();
        told("GET /metrics", ["\nhuizhi_records_to_take_in 0\n", "\nhuizhi_cases_to_fold 300\n"]);
        // A look at the status goes on with it.
        while !office.settle_a_little().unwrap() {}
        told("GET /api/status", ["\"to_fold\":0,", "\"awaiting_review\":300,"]);
    }
}
