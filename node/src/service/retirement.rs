//! The year's turn: offices ask for the next epoch of their logs, the province gives it, and retires what is old.
//!
//! 1. A node whose epoch began in an earlier year by the calendar of China makes the keys of the next one and asks for it, in its own log
//!    ([`Office::request_epoch`]), so that the question waits for a line like any record.
//! 2. An admin of the province gives it ([`Office::grant_epoch`]); the office goes on in the new log when it hears of it.
//! 3. Years later an admin retires the logs that ended before a year ([`Office::retire`]): those whose cases are settled, and so that no
//!    case is torn ([`protocol::membership::retirement`]).
//! 4. What was retired counts at offices that do not keep everything no longer, and they take it off their disks when they like
//!    ([`Office::prune`]). Whoever shows a receipt of then is answered with what an archive proves.

use super::{Kind, Refusal, keys::Keys, office::now_ms};
use crate::{
    enrolment,
    service::Office,
    store::{StoreError, StoredEntry},
    text::Text,
};
use protocol::{
    id::{Millis, OfficeCode, Origin, PublicKey},
    limits::EPOCH_MAX,
    log::LogPoint,
    membership::retirement::{Kept, Plan},
    record::{EpochRequested, Record, Retired, Roles, Rotate, Signed},
};
use std::collections::{BTreeMap, BTreeSet};

/// Digits of a key that name it at least.
const KEY_DIGITS_MIN: usize = 8;

/// What an office asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The next epoch of its log.
    pub epoch: u32,
    /// The request as a text, for an office that has no line.
    pub text: String,
    /// Why it does not stand in the office's log, where it does not: the text is the only way then.
    pub unlogged: Option<Text>,
}

/// An office that asks for the next epoch of its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requested {
    /// What it asks for.
    pub rotate: Rotate,
    /// When it asked, by its clock.
    pub at_ms: Millis,
}

/// Logs that may be retired together, and why others are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retirement {
    /// Logs that may, where they end.
    pub logs: Vec<LogPoint>,
    /// Logs that ended before the year and are kept.
    pub kept: BTreeMap<Origin, Kept>,
}

/// What pruning takes away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prunable {
    /// Retired logs that are here and that somebody who keeps everything holds, with their entries.
    pub logs: BTreeMap<Origin, u64>,
    /// Retired logs that are here and that nobody who keeps everything is known to hold.
    pub alone: BTreeSet<Origin>,
}

/// The year in which a moment lies, in China.
pub fn year_in_china(at_ms: Millis) -> i32 {
    let at = i64::try_from(at_ms / 1_000).ok().and_then(|seconds| time::OffsetDateTime::from_unix_timestamp(seconds).ok());
    at.and_then(|at| at.checked_to_offset(time::UtcOffset::from_hms(8, 0, 0).ok()?)).map_or(0, time::OffsetDateTime::year)
}

impl Office {
    /// Asks the province for the next epoch of this office's log, with keys that are made here; asked again it asks for the same.
    ///
    /// # Errors
    /// This office is not enrolled, has a new epoch that it does not use yet, or the disk refuses.
    pub fn request_epoch(&self, operator: u32) -> Result<Asked, Refusal> {
        let enrolled = self.enrolled_epoch().ok_or_else(|| {
            Refusal::state(
                "not_enrolled",
                "本办公点尚未登记，无须换发日志。",
                "this office is not enrolled, as far as is known here: it needs no new epoch yet",
            )
        })?;
        let dir = self.dir().join("keys");
        let (current, prepared) = (self.keys.epoch, Keys::prepared(&dir));
        if prepared > current && prepared == enrolled {
            return Err(Refusal::state(
                "epoch_given",
                "省级节点已登记新密钥，请重新启动本节点。",
                format!("the province has enrolled the keys of epoch {enrolled} already: start the node again to use them"),
            ));
        }
        let next = current.max(enrolled) + 1;
        let keys = Keys::prepare(&dir, next)?;
        let origin = Origin::office(self.origin().federation(), self.code(), next).map_err(Refusal::fault)?;
        let rotation = enrolment::sign_rotation(&keys, &origin)?;
        let known = self.requested_by(self.code())?.iter().any(|asked| asked.rotate.key == keys.office.public());
        let logged = if known {
            Ok(vec![])
        } else {
            let record = Record::EpochRequested(EpochRequested { rotation: rotation.bytes().to_vec(), operator, at_ms: now_ms() });
            // An office whose log was ended, or forked, signs nothing there; it needs the new epoch most.
            self.append(|_, signer| Ok(vec![signer.sign(&record)?]))
        };
        Ok(Asked { epoch: next, text: enrolment::rotation_text(&origin, &rotation), unlogged: logged.err().map(|error| error.text) })
    }

    /// Asks for the next epoch where this one began in an earlier year. Says whether it asked.
    ///
    /// # Errors
    /// As for [`Office::request_epoch`].
    pub fn turn_of_the_year(&self, now: Millis) -> Result<bool, Refusal> {
        let began =
            self.members().office(self.code()).filter(|office| office.is_active()).map(|office| (office.since_ms(), office.enrol.epoch));
        let Some((since_ms, epoch)) = began else { return Ok(false) };
        // A province of before gave no time, and a clock that cannot be believed is no calendar.
        let turned = since_ms > 0 && year_in_china(now) > year_in_china(since_ms) && epoch == self.keys.epoch;
        if !turned || self.clock_doubt()?.is_some() || !self.requested_by(self.code())?.is_empty() || self.held().is_some() {
            return Ok(false);
        }
        let asked = self.request_epoch(0)?;
        tracing::info!(asked.epoch, "a new year: this office asks the province for the next epoch of its log");
        Ok(true)
    }

    /// Who asks for the next epoch of the log of an office that was not given it, as far as is known here. Where more than one key asks for it,
    /// somebody has the office's key who should not: a person compares them with the office before one is granted.
    ///
    /// # Errors
    /// As the store.
    pub fn epoch_requests(&self) -> Result<Vec<Requested>, StoreError> {
        let mut found: BTreeMap<(OfficeCode, PublicKey), Requested> = BTreeMap::new();
        for stored in self.store.epoch_requests()? {
            // Every office asked once a year: what was given is passed over before two signatures of it are verified.
            if !self.still_waits(&stored) {
                continue;
            }
            let Ok(entry) = stored.verify() else { continue };
            let Record::EpochRequested(said) = entry.record.record() else { continue };
            let Some(rotate) = said.rotation(&entry.origin) else { continue };
            let members = self.members();
            // Attack: what asks for a far epoch would hide the genuine question, and leave no epoch behind it.
            let next = members.office(rotate.code).and_then(|office| office.enrol.epoch.checked_add(1));
            if next == Some(rotate.epoch) && rotate.epoch <= EPOCH_MAX && members.standing(&entry).is_ok() {
                found.entry((rotate.code, rotate.key)).or_insert(Requested { rotate, at_ms: said.at_ms });
            }
        }
        Ok(found.into_values().collect())
    }

    /// Whether an entry claims to ask for an epoch that its office was not given.
    fn still_waits(&self, stored: &StoredEntry) -> bool {
        claimed_request(stored)
            .is_some_and(|rotate| self.members().office(rotate.code).is_some_and(|office| office.enrol.epoch < rotate.epoch))
    }

    fn requested_by(&self, code: OfficeCode) -> Result<Vec<Requested>, StoreError> {
        Ok(self.epoch_requests()?.into_iter().filter(|asked| asked.rotate.code == code).collect())
    }

    /// Gives an office the epoch that it asks for in its log; only at the province. Where several keys ask, the beginning of one is given.
    ///
    /// # Errors
    /// It asks for none, several keys ask and none of them is named, or as for [`Office::rotate_office`].
    pub fn grant_epoch(&self, code: OfficeCode, key: Option<&str>, operator: u32) -> Result<u32, Refusal> {
        let mut asking = self.requested_by(code)?;
        let keys: Vec<String> = asking.iter().map(|asked| asked.rotate.key.to_string()).collect();
        asking.retain(|asked| key.is_none_or(|key| key.len() >= KEY_DIGITS_MIN && asked.rotate.key.to_string().starts_with(key)));
        let asked = match <[Requested; 1]>::try_from(asking) {
            Ok([asked]) => asked,
            Err(_) if keys.is_empty() => {
                return Err(Refusal::not_found(
                    format!("办公点 {code} 没有申请换发日志。"),
                    format!("the office {code} does not ask for a new epoch"),
                ));
            }
            Err(_) => {
                let keys = keys.join(", ");
                return Err(Refusal::state(
                    "several_keys_ask",
                    format!("办公点 {code} 有多个密钥申请换发日志，请与该办公点核对后用 --key 指定：{keys}"),
                    format!("several keys ask for the next epoch of {code}: compare them with the office, and name one with --key: {keys}"),
                ));
            }
        };
        let epoch = asked.rotate.epoch;
        self.rotate_office(asked.rotate, None, operator)?;
        Ok(epoch)
    }

    /// Which logs may be retired that ended before a year began in China, by what their offices wrote there last.
    ///
    /// # Errors
    /// This node does not keep everything, cases wait to be folded, or as the store.
    pub fn plan_retirement(&self, before: i32, now: Millis) -> Result<Retirement, Refusal> {
        if !self.keeps_everything() {
            return Err(Refusal::new(
                Kind::Forbidden,
                "not_the_province",
                "只有保存全部日志的省级节点可以归档。",
                "only a node that keeps every log can see whether one may be retired",
            ));
        }
        while !self.settle(usize::MAX)? {}
        let mut ends = BTreeMap::new();
        for origin in self.ended_logs()? {
            let here = self.store.head(&origin).size;
            // What stands behind the end says nothing.
            let size = self.end_of(&origin).map_or(here, |end| end.min(here));
            let last = self.store.entry(&origin, size.saturating_sub(1))?.and_then(|entry| entry.verify().ok());
            let wrote = last.and_then(|entry| entry.record.record().at_ms());
            if wrote.is_some_and(|at_ms| year_in_china(at_ms) < before) {
                ends.insert(origin.clone(), self.point_held(&origin, Some(size))?);
            }
        }
        let mut plan = Plan::new(ends.keys().cloned());
        self.store.for_cases_in(&ends.keys().cloned().collect(), |id, origins| {
            if let Some(case) = self.case(id)? {
                let submissions = case.submissions.iter().map(|by| by.origin.clone()).collect();
                plan.weigh(id, case.is_settled(now, &self.members()), origins, &submissions);
            }
            Ok(())
        })?;
        let (gone, kept) = plan.finish();
        Ok(Retirement { logs: ends.into_iter().filter(|(origin, _)| gone.contains(origin)).map(|(_, point)| point).collect(), kept })
    }

    /// Retires what [`Office::plan_retirement`] finds; only at the province. It cannot be taken back, so nothing of it is done by a clock that
    /// something speaks against, nor for a year that lies ahead.
    ///
    /// # Errors
    /// The clock is in doubt, the year lies behind the next one, as for the plan, and as for [`Office::append_province`].
    pub fn retire(&self, before: i32, now: Millis, operator: u32) -> Result<Retirement, Refusal> {
        if let Some(doubt) = self.clock_doubt()? {
            let doubt = doubt.text();
            return Err(Refusal::state(
                "clock_in_doubt",
                format!("归档无法撤销，请先校正时钟：{}", doubt.zh),
                format!("retiring cannot be taken back, and the clock is in doubt: {}", doubt.en),
            ));
        }
        let year = year_in_china(now);
        if before > year + 1 {
            return Err(Refusal::input(
                "year_ahead",
                "before",
                format!("现在是 {year} 年，最多可填 {}。", year + 1),
                format!("it is the year {year}: name {} at most", year + 1),
            ));
        }
        let plan = self.plan_retirement(before, now)?;
        let records: Vec<Record> =
            plan.logs.iter().map(|log| Record::Retired(Retired { log: log.clone(), operator, at_ms: now_ms() })).collect();
        if !records.is_empty() {
            self.append_all_to_province(&records)?;
        }
        Ok(plan)
    }

    /// Logs that no office writes any longer and that are not retired: ended by the province, or left by their office, which holds what is
    /// here and no more.
    fn ended_logs(&self) -> Result<Vec<Origin>, StoreError> {
        let left = self.left_logs()?;
        let members = self.members();
        let mut ended = Vec::new();
        for office in members.offices() {
            let is_ended = |origin: &&Origin| {
                let here = self.store.head(origin).size;
                let gone_on = left.get(&(office.enrol.code, (*origin).clone())) == Some(&here);
                here > 0 && !members.is_retired(origin) && (gone_on || office.end_of(origin).is_some_and(|end| end <= here))
            };
            ended.extend(office.logs().filter(is_ended).cloned());
        }
        Ok(ended)
    }

    fn end_of(&self, origin: &Origin) -> Option<u64> {
        let (code, _) = origin.office_and_epoch()?;
        self.members().office(code)?.end_of(origin)
    }

    /// What pruning would take off this disk.
    ///
    /// # Errors
    /// As the store.
    pub fn prunable(&self) -> Result<Prunable, StoreError> {
        if self.keeps_everything() {
            return Ok(Prunable::default());
        }
        let members = self.members();
        let here = self.store.frontier().into_iter().filter(|head| members.is_retired(&head.origin));
        let here: BTreeMap<Origin, u64> = here.map(|head| (head.origin, head.size)).collect();
        let mut held = BTreeSet::new();
        for (peer, origin, size) in self.store.peer_sizes()? {
            let keeps = [Roles::ADMIN, Roles::ARCHIVE].into_iter().any(|role| members.has_role(peer, role));
            if keeps && here.get(&origin).is_some_and(|here| size >= *here) {
                held.insert(origin);
            }
        }
        let (logs, alone): (BTreeMap<_, _>, BTreeMap<_, _>) = here.into_iter().partition(|(origin, _)| held.contains(origin));
        Ok(Prunable { logs, alone: alone.into_keys().collect() })
    }

    /// Takes retired logs off this disk that somebody who keeps everything holds, and gives their space back. Nothing else may use the office
    /// meanwhile.
    ///
    /// # Errors
    /// As the store; asked again it goes on.
    pub fn prune(&self) -> Result<Prunable, StoreError> {
        let prunable = self.prunable()?;
        if !prunable.logs.is_empty() {
            self.store.prune(&prunable.logs.keys().cloned().collect())?;
            self.forget_all_cases();
            while !self.settle(usize::MAX)? {}
            self.store.compact()?;
        }
        Ok(prunable)
    }
}

/// The rotation that an entry claims to ask for.
pub(super) fn claimed_request(stored: &StoredEntry) -> Option<Rotate> {
    let claimed = |bytes: &[u8]| Signed::parse(bytes).and_then(|signed| signed.claimed());
    let Ok(Record::EpochRequested(said)) = claimed(&stored.bytes) else { return None };
    let Ok(Record::Rotate(rotate)) = claimed(&said.rotation) else { return None };
    Some(rotate)
}

#[cfg(test)]
mod tests;
