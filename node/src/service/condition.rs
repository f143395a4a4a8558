//! How this node and its federation stand, in numbers: what `huizhi status` shows and `/metrics` counts.
//!
//! Nothing here names a person or a case. Ages are told by the clocks of those who signed, so a wrong clock tells a wrong age.

use super::{
    Office, Refusal,
    network::{NetStatus, PeerState},
    office::{ClockDoubt, now_ms, space},
};
use crate::{
    store::{STATUSES, StoreError},
    text::Text,
};
use protocol::{
    case::Status,
    id::{BlobHash, Millis, Origin, PublicKey},
    log::{SignedCheckpoint, VerifierKey},
    membership::Office as Member,
    record::Verified,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Blobs that are counted at most as wanted.
const WANTED_MAX: usize = 100_000;
/// Blobs whose size is looked at to know how large all of them are; their names are spread evenly.
const SAMPLE: usize = 1_024;
const DAY_MS: u64 = 86_400_000;
/// Entries from the end of a log by which its growth is measured at least.
const GROWTH_ENTRIES: u64 = 64;

/// How this node and its federation stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Condition {
    /// Version of the program.
    pub version: String,
    /// The node's clock.
    pub now_ms: u64,
    /// Why nothing can be written, when nothing can.
    pub read_only: Option<Text>,
    /// What speaks against this machine's clock, with what to do.
    pub clock: Option<Text>,
    /// That little space is left on the disk, with what to do.
    pub disk: Option<Text>,
    /// Bytes that are free on the disk of the data directory; nothing where the system does not tell.
    pub disk_free_bytes: Option<u64>,
    /// Days until the disk is full, by how the logs grew lately; nothing where less than a day of growth is known.
    pub disk_days_left: Option<u64>,
    /// Entries of the own log that no other office cosigned.
    pub unwitnessed: u64,
    /// Age of the oldest of them in ms, by this office's clock.
    pub unwitnessed_ms: Option<u64>,
    /// Entries here that count for nothing: behind a fork or a revocation, or not verifying.
    pub quarantined: u64,
    /// Forks that nobody adjudicated.
    pub forks_open: u64,
    /// Cases, by state.
    pub cases: Vec<CaseCount>,
    /// Records that are here and in no list yet: they came many at once and are taken in one after the other.
    pub to_take_in: u64,
    /// Cases that lists leave out or show as they were before, until they are folded.
    pub to_fold: u64,
    /// Photos and payloads that this office needs and that are not here.
    pub blobs_wanted: u64,
    /// Entries of the province's log here: the specs and members that are in force here.
    pub specs_at: u64,
    /// Every office, this one first.
    pub offices: Vec<OfficeCondition>,
    /// Every log of which something is here.
    pub logs: Vec<LogSize>,
}

/// Cases in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseCount {
    /// `submitted`, `approved`, `returned`, `withdrawn` or `conflict`.
    pub status: String,
    /// How many, as far as they are folded.
    pub count: u64,
}

/// Size of a log here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogSize {
    /// The log.
    pub log: String,
    /// Entries here.
    pub entries: u64,
}

/// One office as seen from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OfficeCondition {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// This is the node that answers.
    pub here: bool,
    /// Connected at this moment.
    pub connected: bool,
    /// When it last answered since this node started.
    pub last_seen_ms: Option<u64>,
    /// Entries here that it is not known to hold.
    pub to_send: u64,
    /// Age of the oldest of those in ms, where it is known what it lacks. What it holds is remembered some seconds late.
    pub to_send_ms: Option<u64>,
    /// Entries that it told of and that are not here. How old they are nobody here can know.
    pub to_receive: u64,
    /// Entries of its log here.
    pub entries: u64,
    /// When another office last cosigned its log, as far as is known here.
    pub witnessed_ms: Option<u64>,
    /// Entries of the province's log that it is known to hold: the specs that it works by.
    pub specs_at: Option<u64>,
}

impl Condition {
    /// What is known at this moment. `thorough` also looks how old things are and how fast the disk fills, which reads some entries of every log.
    ///
    /// # Errors
    /// As the store.
    pub fn of(office: &Office, net: &NetStatus, thorough: bool) -> Result<Self, Refusal> {
        let now = now_ms();
        let disk_free_bytes = space(office.dir()).map(|(free, _)| free);
        let origins = office.store.origins();
        let (unwitnessed, unwitnessed_ms) = unwitnessed(office, now)?;
        let disk_days_left = match disk_free_bytes.filter(|_| thorough) {
            Some(free) => days_left(free, bytes_stored(office)?, &growth(office, &origins)?),
            None => None,
        };
        let members: Vec<Member> = office.members().offices().cloned().collect();
        let held = peer_sizes(office)?;
        let me = office.keys.office.public();
        let mut offices = Vec::with_capacity(members.len());
        for member in &members {
            let peer = net.peers.get(&member.enrol.key).copied();
            offices.push(of_office(office, member, peer, held.get(&member.enrol.key), thorough.then_some(now), member.enrol.key == me)?);
        }
        offices.sort_by_key(|office| !office.here);
        let mut cases = Vec::new();
        for status in STATUSES {
            cases.push(CaseCount { status: status_name(status).into(), count: office.count(status)? });
        }
        let province = office.members().province().origin().clone();
        let waiting = office.store.waiting()?;
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").into(),
            now_ms: now,
            read_only: office.read_only(),
            clock: office.clock_doubt()?.map(ClockDoubt::text),
            disk: office.disk_warning(),
            disk_free_bytes,
            disk_days_left,
            unwitnessed,
            unwitnessed_ms,
            quarantined: quarantined(office, &origins)?,
            forks_open: office.members().open_forks().count() as u64,
            cases,
            to_take_in: waiting.records,
            to_fold: waiting.cases,
            blobs_wanted: office.store.wanted(BlobHash([0; 32]), WANTED_MAX)?.len() as u64,
            specs_at: office.store.head(&province).size,
            offices,
            logs: origins.iter().map(|log| LogSize { log: log.to_string(), entries: office.store.head(log).size }).collect(),
        })
    }
}

/// Entries of every log that each office is known to hold.
type Held = BTreeMap<Origin, u64>;

fn peer_sizes(office: &Office) -> Result<BTreeMap<PublicKey, Held>, StoreError> {
    let mut held: BTreeMap<PublicKey, Held> = BTreeMap::new();
    for (peer, origin, size) in office.store.peer_sizes()? {
        held.entry(peer).or_default().insert(origin, size);
    }
    Ok(held)
}

fn of_office(
    office: &Office,
    member: &Member,
    peer: Option<PeerState>,
    held: Option<&Held>,
    now: Option<Millis>,
    here: bool,
) -> Result<OfficeCondition, StoreError> {
    let lag = peer.unwrap_or_default().lag;
    let province = office.members().province().origin().clone();
    let mut oldest = None;
    if let (Some(_), Some(held), true) = (now, held, lag.to_send > 0) {
        for (origin, size) in held.iter().filter(|(origin, size)| **size < office.store.head(origin).size) {
            oldest = oldest.into_iter().chain(signed_ms(office, origin, *size)?).min();
        }
    }
    let specs_at = if here { Some(office.store.head(&province).size) } else { held.and_then(|held| held.get(&province)).copied() };
    Ok(OfficeCondition {
        code: member.enrol.code.to_string(),
        name: member.enrol.name.clone(),
        here,
        connected: here || lag.connected,
        last_seen_ms: lag.last_seen,
        to_send: lag.to_send,
        to_send_ms: now.zip(oldest).map(|(now, oldest)| now.saturating_sub(oldest)),
        to_receive: lag.to_receive,
        entries: office.store.head(&member.origin).size,
        witnessed_ms: office.witnessed_ms(&member.origin)?,
        specs_at,
    })
}

fn verified(office: &Office, origin: &Origin, index: u64) -> Result<Option<Verified>, StoreError> {
    Ok(office.store.entry(origin, index)?.and_then(|entry| entry.verify().ok()).map(|entry| entry.record))
}

/// When an entry was signed, by the clock of who signed it.
fn signed_ms(office: &Office, origin: &Origin, index: u64) -> Result<Option<Millis>, StoreError> {
    Ok(verified(office, origin, index)?.and_then(|record| record.record().at_ms()))
}

/// Own entries that no witness is known to have seen, and the age of the oldest.
fn unwitnessed(office: &Office, now: Millis) -> Result<(u64, Option<u64>), StoreError> {
    let origin = office.origin();
    let key = VerifierKey::new(origin.clone(), office.keys.office.public());
    let seen = SignedCheckpoint::verify(&office.store.cosigned(origin)?.newest, &key).map_or(0, |checkpoint| checkpoint.size());
    let size = office.store.head(origin).size;
    let oldest = if seen < size { signed_ms(office, origin, seen)? } else { None };
    Ok((size.saturating_sub(seen), oldest.map(|at| now.saturating_sub(at))))
}

fn quarantined(office: &Office, origins: &[Origin]) -> Result<u64, StoreError> {
    // Entries that do not verify are few: whoever wrote one is known by name.
    let mut count = office.store.refused()?.len() as u64;
    let members = office.members();
    for origin in origins {
        let forked = members.forks().filter(|(name, _, stands)| name.points().0.origin == *origin && stands.is_none());
        let ended = origin.office_and_epoch().and_then(|(code, _)| members.office(code)?.end_of(origin));
        let stands = forked.map(|(_, shared, _)| shared).chain(ended).min();
        count += stands.map_or(0, |stands| office.store.head(origin).size.saturating_sub(stands));
    }
    Ok(count)
}

/// Bytes of the database and of all blobs, the latter measured on a sample.
fn bytes_stored(office: &Office) -> Result<u64, StoreError> {
    let database = std::fs::metadata(office.dir().join("store.redb")).map_or(0, |meta| meta.len());
    let (names, more) = office.store.blobs.names_after("", SAMPLE)?;
    let sum: u64 = names.iter().filter_map(|name| office.store.blobs.size(*name)).sum();
    let Some(last) = names.last().filter(|_| more) else { return Ok(database + sum) };
    // Names are hashes, so those before the last one are that part of all.
    let part = u64::from(u32::from_be_bytes([last.0[0], last.0[1], last.0[2], last.0[3]])) + 1;
    Ok(database + u64::try_from((u128::from(sum) << 32) / u128::from(part)).unwrap_or(u64::MAX))
}

/// Entries and the time in which they were signed, at the end of every log, over at least a day; and all entries here.
struct Growth {
    lately: Vec<(u64, Millis)>,
    entries: u64,
}

fn growth(office: &Office, origins: &[Origin]) -> Result<Growth, StoreError> {
    let mut growth = Growth { lately: Vec::new(), entries: 0 };
    for origin in origins {
        let size = office.store.head(origin).size;
        growth.entries += size;
        let Some(last) = size.checked_sub(1) else { continue };
        let Some(end) = signed_ms(office, origin, last)? else { continue };
        let mut back = GROWTH_ENTRIES.min(last);
        while back > 0 {
            let span = signed_ms(office, origin, last - back)?.map(|at| end.saturating_sub(at));
            if let Some(span) = span.filter(|span| *span >= DAY_MS) {
                growth.lately.push((back, span));
                break;
            }
            back = if back == last { 0 } else { (2 * back).min(last) };
        }
    }
    Ok(growth)
}

/// Days until `free` bytes are used up, when every entry takes as much as those here did.
fn days_left(free: u64, stored: u64, growth: &Growth) -> Option<u64> {
    // In entries per 1,000 days, so that nothing is rounded away.
    let rate: u128 =
        growth.lately.iter().map(|(entries, span)| u128::from(*entries) * u128::from(DAY_MS) * 1_000 / u128::from(*span)).sum();
    let bytes = rate * u128::from(stored.checked_div(growth.entries)?);
    u64::try_from((u128::from(free) * 1_000).checked_div(bytes)?).ok()
}

/// The name of a state, as the API has it.
fn status_name(status: Status) -> &'static str {
    match status {
        Status::Submitted => "submitted",
        Status::Approved => "approved",
        Status::Returned => "returned",
        Status::Withdrawn => "withdrawn",
        Status::Conflict => "conflict",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{Home, cosign, picture, sync};
    use protocol::record::Roles;

    #[test]
    fn days_are_told_by_the_growth_of_the_logs_and_not_at_all_without_one() {
        let lately = |lately: &[(u64, Millis)]| Growth { lately: lately.to_vec(), entries: 1_000 };
        // 1,000 entries took 1 MB; 100 and 50 come each day: 150 kB a day.
        let two = lately(&[(100, DAY_MS), (100, 2 * DAY_MS)]);
        assert_eq!(days_left(1_500_000, 1_000_000, &two), Some(10));
        assert_eq!(days_left(u64::MAX, u64::MAX, &lately(&[(u64::MAX, DAY_MS)])), Some(0));
        assert_eq!(days_left(1, 1, &lately(&[])), None);
        assert_eq!(days_left(1, 0, &two), None);
        assert_eq!(days_left(1, 1, &Growth { entries: 0, ..two }), None);
    }

    #[test]
    fn the_condition_tells_what_waits_what_is_unwitnessed_and_what_is_wanted() {
        let home = Home::new();
        let province = home.open();
        let (home_b, b) = Home::join(&province, "44030002", Roles::CAPTURE);
        home_b.case(&b, &picture(8, 8, [1; 3]), false);
        let of = |office: &Office| Condition::of(office, &NetStatus::default(), true).unwrap();
        let before = of(&b);
        assert_eq!((before.unwitnessed, before.quarantined, before.forks_open), (2, 0, 0));
        assert!(before.unwitnessed_ms.is_some_and(|age| age < 60_000) && before.disk_free_bytes.is_some_and(|free| free > 0));
        assert_eq!(before.disk_days_left, None, "a day of growth is not known");
        sync(&b, &province);
        cosign(&b, &province);
        assert_eq!((of(&b).unwitnessed, of(&b).unwitnessed_ms), (0, None));
        let there = of(&province);
        let count = |status: &str| there.cases.iter().find(|cases| cases.status == status).unwrap().count;
        assert_eq!((count("submitted"), count("conflict")), (1, 0));
        assert!(there.blobs_wanted > 0, "the reviewer needs the photo");
        assert!(there.offices[0].here && there.offices.len() == 2 && there.offices[1].code == "44030002");
        assert_eq!((there.offices[1].entries, there.offices[1].connected), (2, false));
        // What is behind a revocation counts for nothing.
        home_b.case(&b, &picture(8, 8, [2; 3]), false);
        sync(&b, &province);
        province
            .revoke_office("44030002".parse().unwrap(), "office_closed", None, &[crate::service::EndAt { epoch: None, size: 2 }], 0)
            .unwrap();
        assert_eq!(of(&province).quarantined, 2);
    }
}
