//! What the province's log says here, and what only the province writes into it.

use super::{Change, Office, Signer, lock};
use crate::{
    service::{Kind, Refusal, office::now_ms, specs},
    store::StoreError,
};
use protocol::{
    id::{OfficeCode, Origin, RecordHash, Region},
    log::{Entry, LogPoint},
    membership::Grant,
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
        let mut records = self.append_province_all(std::slice::from_ref(record))?;
        records.pop().ok_or_else(|| Refusal::fault("nothing was appended"))
    }

    /// Appends records to the province's log in one step: all of them, or none where one does not count.
    ///
    /// # Errors
    /// As for [`Office::append_province`].
    pub fn append_province_all(&self, records: &[Record]) -> Result<Vec<Verified>, Refusal> {
        self.append_to_province(|signer| {
            // What does not count would stand in the log for ever, so it is tried on a copy first.
            let mut members = self.members().clone();
            let signed = records.iter().map(|record| signer.sign(record)).collect::<Result<Vec<_>, _>>()?;
            match signed.iter().find_map(|record| members.apply(record).err()) {
                None => Ok(signed),
                Some(error) => Err(Refusal::input(
                    "province_refused",
                    "request",
                    format!("省级日志不接受此操作：{error}"),
                    format!("this does not count in the province's log: {error}"),
                )),
            }
        })
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

    /// Admits an office, or changes what it may do from the end of what is held here of its logs on, in all that go on; only at the province.
    /// Without a region or documents one that is known keeps its own.
    ///
    /// # Errors
    /// The code or key is taken, or as for [`Office::append_province`].
    pub fn enrol(&self, mut enrol: Enrol) -> Result<(), Refusal> {
        if let Some(known) = self.members().office(enrol.code) {
            enrol.region = enrol.region.or_else(|| known.enrol.region.clone());
            enrol.documents = enrol.documents.or_else(|| known.enrol.documents.clone());
        }
        self.write_enrolment(enrol)
    }

    fn write_enrolment(&self, mut enrol: Enrol) -> Result<(), Refusal> {
        let held = |origin: &Origin| {
            let head = self.store.head(origin);
            LogPoint { origin: origin.clone(), size: head.size, root: RecordHash(head.root) }
        };
        let mut records = Vec::new();
        if let Some(known) = self.members().office(enrol.code).filter(|known| known.grant() != Grant::of(&enrol)) {
            enrol.roles_from = Some(held(&known.origin));
            // With the key of an epoch before nobody does what is not allowed any more.
            let both = known.grant().within(&Grant::of(&enrol));
            for origin in known.open_beyond(&Grant::of(&enrol)) {
                records.push(Record::Enrol(both.clone().put_into(Enrol { roles_from: Some(held(origin)), ..enrol.clone() })));
            }
        }
        // What is said of logs of before comes first, and with it this may be said.
        if let Err(error) =
            self.members().admissible(&enrol).map(|_| ()).or_else(|error| if records.is_empty() { Err(error) } else { Ok(()) })
        {
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
        records.push(Record::Enrol(enrol));
        self.append_province_all(&records).map(|_| ())
    }

    /// Says which region an office is in charge of, or that it is the whole province; only at the province. Its enrolment is written again with
    /// it, under the same key, and counts from the end of what is held here of its log on: what it decided before stands.
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
        self.write_enrolment(Enrol { region, roles_from: None, at_ms: now_ms(), ..known })
    }

    /// Says of which documents an office may use receipts, by the ids of their specs; nothing for all. Only at the province; counts from the
    /// end of what is held here of its log on.
    ///
    /// # Errors
    /// As for [`Office::set_region`].
    pub fn set_documents(&self, code: OfficeCode, documents: Option<Vec<String>>) -> Result<(), Refusal> {
        let known = self.members().office(code).map(|known| known.enrol.clone());
        let known = known.ok_or_else(|| Refusal::not_found("没有这个办公点。", "no such office"))?;
        if known.documents == documents {
            return Ok(());
        }
        if let Some(unknown) = documents.iter().flatten().find(|id| specs::by_id(self, id).is_none()) {
            return Err(Refusal::input(
                "document_unknown",
                "documents",
                format!("没有规格“{unknown}”，请用 huizhi specs list 查看。"),
                format!("there is no spec '{unknown}': see `huizhi specs list`"),
            ));
        }
        self.write_enrolment(Enrol { documents, roles_from: None, at_ms: now_ms(), ..known })
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
