//! Specs in force: those shipped with the program, replaced by what the province published.
//!
//! Of one id the version that was published last counts, once its day has come by this machine's clock; until then it is staged and the
//! one before stays in force. A staged one is cancelled by publishing the one in force again. A capture that began under the version
//! before may be submitted for some days more (`overlap_days` of the new one), then its photo is made again by the new rules.

use crate::service::{
    Kind, Office, Refusal,
    office::{days_later, now_ms},
    spec_drafts,
};
use protocol::{
    id::{Millis, SpecHash},
    membership::PublishedSpec,
    record::{Record, Roles, SpecPublished},
};
use specs::Spec;
use std::sync::Arc;

/// A spec with where it came from.
#[derive(Debug, Clone)]
pub struct KnownSpec {
    /// The spec.
    pub spec: Arc<Spec>,
    /// When the province signed it; nothing for a shipped one.
    pub published_ms: Option<Millis>,
    /// When it takes or took force, where the province named a day.
    pub effective_from_ms: Option<Millis>,
    /// The day named lay before the signature; it took force when it arrived.
    pub backdated: bool,
}

impl KnownSpec {
    /// Hash by which records name it.
    pub fn hash(&self) -> SpecHash {
        SpecHash(self.spec.hash())
    }
    /// When it began to hold, by the clocks of the province and of who named the day.
    fn since_ms(&self) -> Millis {
        self.published_ms.unwrap_or(0).max(self.effective_from_ms.unwrap_or(0))
    }
}

/// A shipped spec, or one that was not published yet.
pub fn unpublished(spec: Spec) -> KnownSpec {
    KnownSpec { spec: Arc::new(spec), published_ms: None, effective_from_ms: None, backdated: false }
}

/// Every spec in force, by id.
pub fn in_force(office: &Office) -> Vec<KnownSpec> {
    let mut ids: Vec<String> = specs::shipped().iter().map(|spec| spec.id().to_owned()).collect();
    for published in office.members().specs() {
        if !ids.contains(&published.id) {
            ids.push(published.id.clone());
        }
    }
    ids.iter().filter_map(|id| by_id(office, id)).collect()
}

/// The spec in force for an id. A published one that this version cannot read does not hide the one before it.
pub fn by_id(office: &Office, id: &str) -> Option<KnownSpec> {
    by_id_at(office, id, now_ms())
}

fn by_id_at(office: &Office, id: &str, now: Millis) -> Option<KnownSpec> {
    published(office, |known| known.id == id && known.is_effective(now)).into_iter().next().or_else(|| shipped(id))
}

/// The version that waits for its day, where it is the last one published.
pub fn staged(office: &Office, id: &str) -> Option<KnownSpec> {
    let now = now_ms();
    published(office, |known| known.id == id).into_iter().next().filter(|last| last.effective_from_ms.is_some_and(|from| from > now))
}

/// The spec with this hash, in force or not.
pub fn by_hash(office: &Office, hash: SpecHash) -> Option<KnownSpec> {
    let shipped = || specs::shipped().iter().find(|spec| spec.hash() == hash.0).cloned().map(unpublished);
    published(office, |known| known.hash == hash).into_iter().next().or_else(shipped)
}

/// Versions of a spec that were in force before, newest first.
pub fn history(office: &Office, id: &str) -> Vec<KnownSpec> {
    let now = now_ms();
    let mut seen: Vec<SpecHash> = by_id(office, id).iter().map(KnownSpec::hash).collect();
    let mut earlier: Vec<KnownSpec> =
        published(office, |known| known.id == id && known.is_effective(now)).into_iter().chain(shipped(id)).collect();
    earlier.retain(|known| {
        let new = !seen.contains(&known.hash());
        seen.push(known.hash());
        new
    });
    earlier
}

fn shipped(id: &str) -> Option<KnownSpec> {
    specs::find(id).cloned().map(unpublished)
}

fn published(office: &Office, wanted: impl Fn(&PublishedSpec) -> bool) -> Vec<KnownSpec> {
    let members = office.members();
    members
        .specs()
        .iter()
        .rev()
        .filter(|published| wanted(published))
        .filter_map(|published| {
            Some(KnownSpec {
                spec: Arc::new(Spec::parse(&published.id, &published.text).ok()?),
                published_ms: Some(published.at_ms),
                effective_from_ms: published.effective_from_ms,
                backdated: published.is_backdated(),
            })
        })
        .collect()
}

/// Refuses a capture that began under a version which does not hold any more.
///
/// # Errors
/// Another version is in force, and longer than its overlap allows.
pub fn check_overlap(office: &Office, began_with: &Spec, now: Millis) -> Result<(), Refusal> {
    let Some(now_holds) = by_id_at(office, began_with.id(), now).filter(|known| known.spec.hash() != began_with.hash()) else {
        return Ok(());
    };
    let (since, days) = (now_holds.since_ms(), now_holds.spec.overlap_days());
    if days > 0 && now < days_later(since, days) {
        return Ok(());
    }
    Err(Refusal::state(
        "spec_outdated",
        format!(
            "此采集按第 {} 版规格制作，现行的是第 {} 版，过渡期已过。请按新规格重新制作照片。",
            began_with.version(),
            now_holds.spec.version()
        ),
        format!(
            "this photo was made by version {}; version {} is in force and the days of overlap have passed: make the photo again by the new rules",
            began_with.version(),
            now_holds.spec.version()
        ),
    ))
}

/// The refusal where a record names a spec that has not arrived.
pub fn not_here_yet() -> Refusal {
    Refusal::state("spec_unknown", "本机没有此照片所用的规格版本，请等待同步。", "the spec of this photo is not here yet")
}

/// The refusal for an id that nobody knows.
pub fn unknown(id: &str) -> Refusal {
    let known: Vec<_> = specs::shipped().iter().map(|spec| spec.id()).collect();
    Refusal::input(
        "spec_unknown",
        "spec_id",
        format!("没有名为“{id}”的证件规格。可用的有：{}。", known.join("、")),
        format!("there is no spec '{id}'; known are: {}", known.join(", ")),
    )
}

/// Reads a text as a spec that may be published.
///
/// # Errors
/// The text is refused, or the version does not lie above the one in force.
pub fn check(office: &Office, text: &str) -> Result<Spec, Refusal> {
    let spec = Spec::parse("spec", text).map_err(|error| {
        Refusal::input(
            "spec_invalid",
            &error.field.clone(),
            format!("规格文件有误，字段 {}：{}", error.field, error.reason),
            format!("the spec is refused: field {}: {}", error.field, error.reason),
        )
    })?;
    let last = staged(office, spec.id()).or_else(|| by_id(office, spec.id()));
    if let Some(last) = last.filter(|last| spec.version() <= last.spec.version()) {
        return Err(Refusal::input(
            "spec_version_not_newer",
            "version",
            format!("版本号必须大于最近发布的第 {} 版。", last.spec.version()),
            format!("the version must lie above {}, which was published last", last.spec.version()),
        ));
    }
    Ok(spec)
}

/// Signs a spec into the province's log. It takes force when it arrives, or on the day `effective_from_ms`.
///
/// # Errors
/// As for [`check`], or this node is not the province.
pub fn publish(office: &Office, text: &str, effective_from_ms: Option<Millis>, operator: u32) -> Result<Spec, Refusal> {
    may_publish(office)?;
    let spec = check(office, text)?;
    sign(office, &spec, effective_from_ms, operator)?;
    // It is published either way; a draft that stays can be thrown away by hand.
    if let Err(error) = spec_drafts::discard(office, spec.id()) {
        tracing::warn!(%error, "the draft of a spec that was published stays");
    }
    Ok(spec)
}

/// Cancels the version of a spec that waits for its day: publishes the one in force again, which comes later in the log and so counts.
///
/// # Errors
/// None is staged, or this node is not the province.
pub fn cancel(office: &Office, id: &str, operator: u32) -> Result<(), Refusal> {
    may_publish(office)?;
    if staged(office, id).is_none() {
        return Err(Refusal::state("nothing_staged", "没有等待生效的版本。", "no version of this spec waits for its day"));
    }
    let in_force = by_id(office, id).ok_or_else(|| unknown(id))?;
    sign(office, &in_force.spec, None, operator)
}

fn sign(office: &Office, spec: &Spec, effective_from_ms: Option<Millis>, operator: u32) -> Result<(), Refusal> {
    let last = published(office, |known| known.id == spec.id()).into_iter().next().or_else(|| shipped(spec.id()));
    office.append_province(&Record::SpecPublished(SpecPublished {
        id: spec.id().to_owned(),
        text: spec.text().to_owned(),
        supersedes: last.map(|last| last.hash()),
        operator,
        at_ms: now_ms(),
        effective_from_ms,
    }))?;
    Ok(())
}

fn may_publish(office: &Office) -> Result<(), Refusal> {
    if !office.is_province() {
        return Err(Refusal::new(
            Kind::Forbidden,
            "not_the_province",
            "只有省级节点可以发布规格。",
            "only the province's node may publish specs",
        ));
    }
    office.require_role(Roles::ADMIN)
}

/// The begin of a day in China, `2026-12-01`.
///
/// # Errors
/// Not a day of the calendar.
pub fn day_in_china(day: &str) -> Result<Millis, Refusal> {
    let wrong = || Refusal::input("day_invalid", "effective_from", "日期应写作 2026-12-01。", "a day is written like 2026-12-01");
    let mut parts = day.splitn(3, '-').map(str::parse::<u32>);
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day))) = (parts.next(), parts.next(), parts.next()) else { return Err(wrong()) };
    let month = u8::try_from(month).ok().and_then(|month| time::Month::try_from(month).ok()).ok_or_else(wrong)?;
    let date =
        i32::try_from(year).ok().zip(u8::try_from(day).ok()).and_then(|(year, day)| time::Date::from_calendar_date(year, month, day).ok());
    let offset = time::UtcOffset::from_hms(8, 0, 0).map_err(Refusal::fault)?;
    let begin = date.ok_or_else(wrong)?.midnight().assume_offset(offset).unix_timestamp();
    u64::try_from(begin).map(|seconds| seconds * 1000).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::Home;

    /// The shipped spec of identity cards as another version, with a line more.
    fn version(number: u32, line: &str) -> String {
        let text = specs::find("cn-id-card").unwrap().text();
        text.replacen("version = 1", &format!("version = {number}\n{line}"), 1)
    }

    #[test]
    fn case_07_a_day_far_ahead_waits_and_can_be_cancelled_and_one_in_the_past_counts_from_its_arrival() {
        let home = Home::new();
        let office = home.open();
        let in_force = || by_id(&office, "cn-id-card").unwrap();
        let ten_years = now_ms() + 3_650 * 86_400_000;
        publish(&office, &version(2, ""), Some(ten_years), 1).unwrap();
        assert_eq!((in_force().spec.version(), staged(&office, "cn-id-card").unwrap().spec.version()), (1, 2));
        assert_eq!(by_id_at(&office, "cn-id-card", ten_years - 1).unwrap().spec.version(), 1);
        assert_eq!(by_id_at(&office, "cn-id-card", ten_years).unwrap().spec.version(), 2, "on its day it takes force by itself");
        assert_eq!(publish(&office, &version(2, "# other"), None, 1).unwrap_err().code, "spec_version_not_newer");
        cancel(&office, "cn-id-card", 1).unwrap();
        assert!(staged(&office, "cn-id-card").is_none());
        assert_eq!(by_id_at(&office, "cn-id-card", u64::MAX).unwrap().spec.version(), 1);
        assert_eq!(cancel(&office, "cn-id-card", 1).unwrap_err().code, "nothing_staged");
        publish(&office, &version(3, ""), Some(day_in_china("2001-02-03").unwrap()), 1).unwrap();
        assert!(in_force().backdated && in_force().spec.version() == 3);
        assert_eq!(history(&office, "cn-id-card").iter().map(|known| known.spec.version()).collect::<Vec<_>>(), [1]);
        drop(office);
        let office = home.open();
        assert_eq!(by_id(&office, "cn-id-card").unwrap().spec.version(), 3, "and after a restart");
    }

    #[test]
    fn case_05_a_capture_under_the_version_before_is_taken_for_the_days_of_overlap() {
        let home = Home::new();
        let office = home.open();
        let before = by_id(&office, "cn-id-card").unwrap();
        check_overlap(&office, &before.spec, u64::MAX).unwrap();
        publish(&office, &version(2, "overlap_days = 2"), None, 1).unwrap();
        let since = by_id(&office, "cn-id-card").unwrap().since_ms();
        let end = days_later(since, 2);
        assert!(end >= since + 2 * 86_400_000, "to the end of the day");
        check_overlap(&office, &before.spec, end - 1).unwrap();
        assert_eq!(check_overlap(&office, &before.spec, end).unwrap_err().code, "spec_outdated");
    }

    #[test]
    fn days_are_those_of_china() {
        assert_eq!(day_in_china("1970-01-02").unwrap(), 57_600_000);
        for wrong in ["", "2026-02-30", "2026-13-01", "1969-01-01", "2026-1-1x", "tomorrow", "99999-01-01"] {
            assert_eq!(day_in_china(wrong).unwrap_err().code, "day_invalid", "{wrong}");
        }
    }
}
