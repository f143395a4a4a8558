//! Offices of the federation, enrolment, and the export that the command line asks a running node for.

use super::{
    ApiError, App,
    jobs::view as view_of,
    types::{BackupRequest, BackupView, DocumentsRequest, EnrolRequest, EnrolledOffice, ExportRequest, ExportView, JobView, RegionRequest},
};
use crate::{
    audit, enrolment,
    jobs::long::Progress,
    recovery,
    service::{Office, Refusal, network::NetworkHandle, office::read_region, retirement::Requested},
};
use axum::{
    Json,
    extract::{Path, State},
};
use protocol::{
    id::OfficeCode,
    membership::Office as Member,
    record::{Enrol, Roles},
};
use std::path::PathBuf;

/// Every enrolled office; for the command line while no node runs.
pub(crate) fn rows(office: &Office) -> Vec<EnrolledOffice> {
    list_of(&NetworkHandle::default(), office)
}

fn list_of(net: &NetworkHandle, office: &Office) -> Vec<EnrolledOffice> {
    let members: Vec<Member> = office.members().offices().cloned().collect();
    // A disk that cannot be read is said elsewhere.
    let asked = office.epoch_requests().unwrap_or_default();
    let with_requests = |member: &Member| {
        let of_it: Vec<&Requested> = asked.iter().filter(|asked| asked.rotate.code == member.enrol.code).collect();
        EnrolledOffice {
            requested_epoch: of_it.first().map(|asked| asked.rotate.epoch),
            requesting_keys: of_it.iter().map(|asked| asked.rotate.key.to_string()).collect(),
            ..view(net, office, member)
        }
    };
    members.iter().map(with_requests).collect()
}

/// An office, but for what it asks for.
fn view(net: &NetworkHandle, office: &Office, member: &Member) -> EnrolledOffice {
    let status = net.status();
    let peer = status.peers.get(&member.enrol.key);
    let me = office.keys.office.public() == member.enrol.key;
    EnrolledOffice {
        code: member.enrol.code.to_string(),
        name: member.enrol.name.clone(),
        roles: member.enrol.roles.names().map(str::to_owned).collect(),
        region: member.enrol.region.clone(),
        documents: member.enrol.documents.clone(),
        key: member.enrol.key.to_string(),
        enrolled_ms: member.enrol.at_ms,
        epoch: member.enrol.epoch,
        requested_epoch: None,
        requesting_keys: vec![],
        active: member.is_active(),
        log_size: office.store.head(&member.origin).size,
        // A disk that cannot be read is said elsewhere.
        witnessed_ms: office.witnessed_ms(&member.origin).unwrap_or_default(),
        connected: me || peer.is_some_and(|peer| peer.lag.connected),
        has_current_specs: if me {
            Some(true)
        } else {
            let newest = office.store.head(office.members().province().origin()).size;
            peer.filter(|peer| peer.lag.last_seen.is_some()).map(|peer| peer.specs_held >= newest)
        },
    }
}

/// Every enrolled office.
#[utoipa::path(get, path = "/api/offices", responses((status = 200, body = [EnrolledOffice])))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<EnrolledOffice>>, ApiError> {
    let state = app.net.clone();
    app.run(move |office| Ok(list_of(&state, office))).await.map(Json)
}

/// Admits an office; only at the province.
#[utoipa::path(post, path = "/api/offices", request_body = EnrolRequest, responses((status = 200, body = EnrolledOffice)))]
pub(super) async fn enrol(State(app): State<App>, Json(request): Json<EnrolRequest>) -> Result<Json<EnrolledOffice>, ApiError> {
    let state = app.net.clone();
    app.run(move |office| {
        let code = admit(office, &request)?;
        let member = office.members().office(code).cloned().ok_or_else(|| Refusal::fault("the enrolment does not count"))?;
        Ok(view(&state, office, &member))
    })
    .await
    .map(Json)
}

/// Enrols the office of a request; for the command line too.
pub(crate) fn admit(office: &Office, request: &EnrolRequest) -> Result<OfficeCode, Refusal> {
    let region = read_region(request.region.as_deref())?.map(|region| region.to_string());
    let enrol = Enrol { region, ..enrolment::read_request(&request.request, Roles::named(&request.roles)?)? };
    let code = enrol.code;
    office.enrol(enrol)?;
    Ok(code)
}

/// Says of which documents an office may use receipts; only at the province.
#[utoipa::path(
    put, path = "/api/offices/{code}/documents", params(("code" = String, Path)),
    request_body = DocumentsRequest, responses((status = 200)),
)]
pub(super) async fn documents(
    State(app): State<App>,
    Path(code): Path<String>,
    Json(request): Json<DocumentsRequest>,
) -> Result<Json<()>, ApiError> {
    app.run(move |office| {
        let code: OfficeCode = code.parse().map_err(|_| Refusal::not_found("没有这个办公点。", "no such office"))?;
        office.set_documents(code, request.documents)
    })
    .await
    .map(Json)
}

/// Says which region an office is in charge of; only at the province.
#[utoipa::path(
    put, path = "/api/offices/{code}/region", params(("code" = String, Path)),
    request_body = RegionRequest, responses((status = 200, body = EnrolledOffice)),
)]
pub(super) async fn region(
    State(app): State<App>,
    Path(code): Path<String>,
    Json(request): Json<RegionRequest>,
) -> Result<Json<EnrolledOffice>, ApiError> {
    let state = app.net.clone();
    app.run(move |office| {
        let no_such = || Refusal::not_found("没有这个办公点。", "no such office");
        let code: OfficeCode = code.parse().map_err(|_| no_such())?;
        office.set_region(code, read_region(request.region.as_deref())?.as_ref())?;
        let member = office.members().office(code).cloned().ok_or_else(no_such)?;
        Ok(view(&state, office, &member))
    })
    .await
    .map(Json)
}

/// Writes an export on the node's machine; only for the command line there.
#[utoipa::path(post, path = "/api/export", request_body = ExportRequest, responses((status = 200, body = JobView)))]
pub(super) async fn export(State(app): State<App>, Json(request): Json<ExportRequest>) -> Result<Json<JobView>, ApiError> {
    let office = app.office.clone();
    let work = move |progress: &Progress| {
        let mut told = |done, all| progress.report(done, Some(all));
        let written = audit::export_telling(&office, &PathBuf::from(&request.dir), request.photos, &mut told)?;
        let view = ExportView { logs: written.logs, records: written.records, photos: written.photos };
        serde_json::to_value(view).map_err(Refusal::fault)
    };
    Ok(Json(view_of(app.long.begin("export", work)?)))
}

/// Writes a backup on the node's machine; only for the command line there.
#[utoipa::path(post, path = "/api/backup", request_body = BackupRequest, responses((status = 200, body = JobView)))]
pub(super) async fn backup(State(app): State<App>, Json(request): Json<BackupRequest>) -> Result<Json<JobView>, ApiError> {
    // A backup may hold the keys.
    let office = app.office.clone();
    let work = move |progress: &Progress| {
        let mut told = |done, all| progress.report(done, Some(all));
        let made = recovery::backup(&office, office.dir(), &PathBuf::from(&request.dir), request.keys, &mut told)?;
        let view = BackupView { records: made.records, blobs: made.blobs, decayed: made.decayed, keys: made.keys };
        serde_json::to_value(view).map_err(Refusal::fault)
    };
    Ok(Json(view_of(app.long.begin("backup", work)?)))
}
