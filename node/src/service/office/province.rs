//! What the province's log says here, and what only the province writes into it.

use super::{Change, Office, Signer, lock};
use crate::{
    service::{Kind, Refusal, office::now_ms},
    store::StoreError,
};
use protocol::{
    id::{OfficeCode, Origin, RecordHash, Region},
    log::{Entry, LogPoint},
    merkle,
    record::{Enrol, Record, Verified},
};
use std::{collections::HashMap, sync::PoisonError};

impl Office {
    /// Appends one record to the province's log.
    ///
    /// # Errors
    /// This node is not the province, or as for [`Office::append`].
    pub fn append_province(&self, record: &Record) -> Result<Verified, Refusal> {
        let mut records = self.append_to_province(|signer| {
            let record = signer.sign(record)?;
            // What does not count would stand in the log for ever, so it is tried on a copy first.
            if let Err(error) = self.members().clone().apply(&record) {
                return Err(Refusal::input(
                    "province_refused",
                    "request",
                    format!("省级日志不接受此操作：{error}"),
                    format!("this does not count in the province's log: {error}"),
                ));
            }
            Ok(vec![record])
        })?;
        records.pop().ok_or_else(|| Refusal::fault("nothing was appended"))
    }

    /// Appends records to the province's log in one step, but those that do not count.
    ///
    /// # Errors
    /// As for [`Office::append_province`].
    pub fn append_all_to_province(&self, records: &[Record]) -> Result<(), Refusal> {
        self.append_to_province(|signer| {
            let mut members = self.members().clone();
            let signed = records.iter().map(|record| signer.sign(record)).collect::<Result<Vec<_>, _>>()?;
            Ok(signed.into_iter().filter(|record| members.apply(record).is_ok()).collect())
        })?;
        Ok(())
    }

    fn append_to_province(&self, build: impl FnOnce(&Signer<'_>) -> Result<Vec<Verified>, Refusal>) -> Result<Vec<Verified>, Refusal> {
        let own = self.province_log.as_ref().ok_or_else(|| {
            Refusal::new(Kind::Forbidden, "not_the_province", "只有省级节点可以发布。", "only the province's node may publish")
        })?;
        // Two records that exclude one another must not both be tried before one of them counts.
        let _ruling = lock(&self.ruling);
        let records = self.append_to(own, |_, signer| build(signer))?;
        #[cfg(test)]
        super::tests::run(&super::tests::APPENDED, self);
        self.apply_province().map_err(Refusal::fault)?;
        Ok(records)
    }

    /// Takes new entries of the province's log into the membership.
    pub(super) fn apply_province(&self) -> Result<(), StoreError> {
        let mut applied = lock(&self.province_applied);
        let origin = self.members().province().origin().clone();
        loop {
            let entries = self.store.entries(&origin, *applied, 256)?;
            if entries.is_empty() {
                let named = {
                    let members = self.members();
                    members.logs().flat_map(|origin| members.named(origin)).cloned().collect()
                };
                #[cfg(test)]
                super::tests::run(&super::tests::BETWEEN, self);
                return self.compare_histories(named);
            }
            for entry in entries {
                *applied = entry.index + 1;
                let Ok(Entry { record, .. }) = entry.verify() else { continue };
                let kind = record.record().kind().to_owned();
                if let Err(error) = self.members.write().unwrap_or_else(PoisonError::into_inner).apply(&record) {
                    tracing::warn!(%error, index = entry.index, "an entry of the province's log does not count");
                    continue;
                }
                // Roles decide what counts, so every case may read differently now.
                self.forget_cases();
                self.tell(if kind == "spec_published" { Change::Specs } else { Change::Offices });
            }
        }
    }

    /// Holds what is here of a log that grew from `before` entries against the histories of it that the province named, where it came to one.
    pub(super) fn compare_history(&self, origin: &Origin, before: u64) -> Result<(), StoreError> {
        let named: Vec<LogPoint> = self.members().named(origin).cloned().collect();
        let size = self.store.head(origin).size;
        if !named.iter().any(|point| before < point.size && point.size <= size) {
            return Ok(());
        }
        self.compare_histories(named)
    }

    /// Holds what is here of logs against the histories of them that the province named. Cases are marked behind it: what was folded
    /// before, even a moment ago, was folded without it.
    fn compare_histories(&self, named: Vec<LogPoint>) -> Result<(), StoreError> {
        let mut roots = HashMap::new();
        for point in named.iter().filter(|point| point.size <= self.store.head(&point.origin).size) {
            if let Some(root) = self.store.with_subtrees(&point.origin, |view| merkle::root(view, point.size))? {
                roots.insert((&point.origin, point.size), root);
            }
        }
        let digests = |office: &Self| named.iter().map(|point| office.members().standing_digest(&point.origin)).collect::<Vec<_>>();
        let before = digests(self);
        for point in &named {
            let mut members = self.members.write().unwrap_or_else(PoisonError::into_inner);
            members.compare_history(&point.origin, |size| roots.get(&(&point.origin, size)).copied());
        }
        if digests(self) != before {
            self.forget_cases();
        }
        Ok(())
    }

    /// Admits an office, or changes its roles from the end of what is held here of its log on; only at the province. Without a region one
    /// that is known keeps its own.
    ///
    /// # Errors
    /// The code or key is taken, or as for [`Office::append_province`].
    pub fn enrol(&self, mut enrol: Enrol) -> Result<(), Refusal> {
        if enrol.region.is_none() {
            enrol.region = self.members().office(enrol.code).and_then(|known| known.enrol.region.clone());
        }
        let changed = self.members().office(enrol.code).filter(|known| known.enrol.roles != enrol.roles).map(|known| known.origin.clone());
        if let Some(origin) = changed {
            let head = self.store.head(&origin);
            enrol.roles_from = Some(LogPoint { origin, size: head.size, root: RecordHash(head.root) });
        }
        if let Err(error) = self.members().admissible(&enrol) {
            return Err(Refusal::input("enrolment_refused", "request", format!("不能登记：{error}"), format!("cannot enrol: {error}")));
        }
        if enrol.recipient.parse::<age::x25519::Recipient>().is_err() {
            return Err(Refusal::input(
                "enrolment_refused",
                "request",
                "登记申请中的加密公钥无效。",
                "the request's encryption key is malformed",
            ));
        }
        self.append_province(&Record::Enrol(enrol)).map(|_| ())
    }

    /// Says which region an office is in charge of, or that it is the whole province; only at the province. Its enrolment is written again with
    /// it, under the same key, and the newest counts. It decides which logs offices hold, and what is signed counts as before.
    ///
    /// # Errors
    /// There is no such office, its key was ended, or as for [`Office::append_province`].
    pub fn set_region(&self, code: OfficeCode, region: Option<&Region>) -> Result<(), Refusal> {
        let known = self.members().office(code).map(|known| known.enrol.clone());
        let known = known.ok_or_else(|| Refusal::not_found("没有这个办公点。", "no such office"))?;
        let region = region.map(ToString::to_string);
        if known.region == region {
            return Ok(());
        }
        self.append_province(&Record::Enrol(Enrol { region, roles_from: None, at_ms: now_ms(), ..known })).map(|_| ())
    }
}

/// A region as a person writes it; nothing for the whole province.
///
/// # Errors
/// It is no code of GB/T 2260.
pub fn read_region(text: Option<&str>) -> Result<Option<Region>, Refusal> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::parse).transpose().map_err(|error| {
        Refusal::input("region_invalid", "region", "地区代码为 GB/T 2260 的六位数字，如 440300；留空表示全省。", format!("{error}"))
    })
}
