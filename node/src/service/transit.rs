//! Pictures and reports of a case that are still on their way: which office has them, how much is here, and what holds them up.

use super::{Change, Office, Refusal, network::NetStatus};
use crate::store::Next;
use protocol::{
    blob::wants::{Doing, Failure, Transit},
    case::Case,
    id::{BlobHash, Millis},
};
use serde::Serialize;
use utoipa::ToSchema;

/// What of a case a blob is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The standardized photo.
    Photo,
    /// The picture as it was taken.
    Original,
    /// Applicant and check report, sealed.
    Report,
}

/// Where it stands on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stand {
    /// On this machine.
    Here,
    /// Deleted everywhere.
    Erased,
    /// This office has no part in it that asks for it.
    NotNeeded,
    /// It comes at this moment.
    Fetching,
    /// It will be asked for when other blobs or the line leave room.
    Queued,
    /// The capturing office is not connected, and nobody else gives it.
    OfficeAway,
    /// The capturing office says that this one may not have it.
    NotAllowed,
    /// The capturing office is busy, or did not have it when it was asked; it is asked again by itself.
    Later,
}

/// One blob of a case on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartView {
    /// What it is.
    pub part: Part,
    /// Where it stands.
    pub state: Stand,
    /// Bytes here; those of a blob under way are verified.
    pub have_bytes: u64,
    /// Bytes of the whole, once proved.
    pub total_bytes: Option<u64>,
    /// Per cent of it that is here; 100 only when it is whole.
    pub percent: Option<u32>,
    /// Bytes a second at which it comes; nothing while none come.
    pub bytes_per_s: Option<u64>,
    /// Code of the capturing office.
    pub office: String,
    /// Its name.
    pub office_name: String,
    /// Whether it is connected.
    pub office_connected: bool,
    /// When it last said something, by this node's clock; nothing where it never did.
    pub office_last_seen_ms: Option<Millis>,
    /// Name of the office that gives it at this moment.
    pub from_name: Option<String>,
}

/// How the blobs of a case stand. Whoever looks waits for them: they are asked for at once.
///
/// # Errors
/// The disk refuses.
pub fn of_case(office: &Office, case: &Case, net: &NetStatus) -> Result<Vec<PartView>, Refusal> {
    let said = &case.current.said;
    let parts = [(Part::Photo, said.photo), (Part::Original, said.original), (Part::Report, said.payload)];
    parts.into_iter().map(|(part, blob)| of_blob(office, case, net, part, blob)).collect()
}

fn of_blob(office: &Office, case: &Case, net: &NetStatus, part: Part, blob: BlobHash) -> Result<PartView, Refusal> {
    let code = case.captured_by();
    let holders: Vec<_> =
        net.peers.iter().filter(|(key, _)| office.members().office_of(**key).is_some_and(|of| of.enrol.code == code)).collect();
    let transit = net.transits.get(&blob);
    let mut view = PartView {
        part,
        state: Stand::Here,
        have_bytes: 0,
        total_bytes: None,
        percent: None,
        bytes_per_s: transit.and_then(|transit| transit.bytes_per_s),
        office: code.to_string(),
        office_name: office.office_name(code),
        office_connected: holders.iter().any(|(_, peer)| peer.lag.connected),
        office_last_seen_ms: holders.iter().filter_map(|(_, peer)| peer.lag.last_seen).max(),
        from_name: None,
    };
    if let Some(size) = office.store.blobs.size(blob) {
        return Ok(PartView { have_bytes: size, total_bytes: Some(size), percent: Some(100), ..view });
    }
    if case.is_erased(blob) || !office.needs(case, blob) {
        view.state = if case.is_erased(blob) { Stand::Erased } else { Stand::NotNeeded };
        return Ok(view);
    }
    if transit.is_none() {
        office.tell(Change::Wanted(blob));
    }
    match office.store.blobs.next_piece(blob).map_err(Refusal::fault)? {
        Next::Here => return of_blob(office, case, net, part, blob),
        Next::Missing(tail) => (view.have_bytes, view.total_bytes) = (tail.have(), tail.total()),
    }
    view.percent = view.total_bytes.map(|total| (100 * view.have_bytes / total.max(1)).min(99) as u32);
    let refused = |why: Failure| holders.iter().any(|(key, _)| transit.is_some_and(|transit| transit.failed.get(*key) == Some(&why)));
    view.state = match transit {
        Some(Transit { doing: Doing::Asking(peer), bytes_per_s, .. }) if view.office_connected || bytes_per_s.is_some() => {
            view.from_name = office.members().office_of(*peer).map(|member| member.enrol.name.clone());
            Stand::Fetching
        }
        _ if !view.office_connected => Stand::OfficeAway,
        _ if refused(Failure::NotAllowed) => Stand::NotAllowed,
        Some(Transit { doing: Doing::Waiting, .. }) => Stand::Later,
        _ => Stand::Queued,
    };
    // The pace of before says nothing about an office that is gone.
    view.bytes_per_s = view.bytes_per_s.filter(|_| !matches!(view.state, Stand::OfficeAway | Stand::NotAllowed));
    Ok(view)
}
