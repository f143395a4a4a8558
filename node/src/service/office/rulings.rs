//! What the province decides about offices: the end of a log, new keys, and which history of a fork stands. Each names a log by size and
//! root, as it is held here, because clocks cannot be trusted.

use super::Office;
use crate::{
    service::{Refusal, office::now_ms, retirement::claimed_request},
    store::{StoreError, StoredEntry},
};
use protocol::{
    id::{OfficeCode, Origin, PublicKey, RecordHash},
    log::LogPoint,
    merkle,
    record::{Adjudicated, Record, Revoke, Rotate},
};
use std::collections::BTreeMap;

/// Why offices are revoked: code, Chinese, English.
const REASONS: [(&str, &str, &str); 5] = [
    ("key_stolen", "密钥被盗", "its key was stolen"),
    ("key_lost", "密钥遗失", "its key was lost"),
    ("office_closed", "办公点关闭", "the office was closed"),
    ("misconduct", "违规", "misconduct"),
    ("replaced", "已由新密钥替代", "a new key took its place"),
];

/// Where a log of an office is to end, as a person names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndAt {
    /// Epoch of the log; it must be named where several logs end.
    pub epoch: Option<u32>,
    /// Entries that stand.
    pub size: u64,
}

/// What a revocation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Where logs of the office end now.
    pub ends: Vec<LogPoint>,
    /// The log that goes on, where one was named as good.
    pub goes_on: Option<Origin>,
}

impl Office {
    /// A point of a log as held here; without a size its end.
    ///
    /// # Errors
    /// Less of it is here, or nothing.
    pub fn point_held(&self, origin: &Origin, size: Option<u64>) -> Result<LogPoint, Refusal> {
        let held = self.store.head(origin).size;
        let size = size.unwrap_or(held);
        if size > held {
            return Err(Refusal::input(
                "not_held",
                "upto",
                format!("本机只有 {origin} 的 {held} 条记录，无法指定第 {size} 条。"),
                format!("only {held} entries of {origin} are here, so its first {size} cannot be named"),
            ));
        }
        let root = self.store.with_subtrees(origin, |view| merkle::root(view, size))?;
        Ok(LogPoint { origin: origin.clone(), size, root: RecordHash(root.unwrap_or_else(merkle::empty_root)) })
    }

    /// Ends every log of an office that goes on, but for the one of the epoch that is named as good; only at the province. What stands before
    /// the points stays valid for ever. A log that was ended already ends earlier where `upto` names it.
    ///
    /// # Errors
    /// There is no such office, reason or epoch, the epoch is not the current one, a point is not here, no log goes on, or as for [`Office::append_province`].
    pub fn revoke_office(
        &self,
        code: OfficeCode,
        reason: &str,
        keep_epoch: Option<u32>,
        upto: &[EndAt],
        operator: u32,
    ) -> Result<Revoked, Refusal> {
        if REASONS.iter().all(|(known, ..)| *known != reason) {
            let known: Vec<String> = REASONS.iter().map(|(code, zh, en)| format!("{code} ({zh}, {en})")).collect();
            let known = known.join("; ");
            return Err(Refusal::input("reason_unknown", "reason", format!("原因应为：{known}"), format!("the reason is one of: {known}")));
        }
        let (ending, goes_on) = self.logs_to_end(code, keep_epoch, upto)?;
        let size = |origin: &Origin| {
            let epoch = origin.office_and_epoch().map(|(_, epoch)| epoch);
            upto.iter().find(|end| end.epoch.is_none() || end.epoch == epoch).map(|end| end.size)
        };
        let ends = ending.iter().map(|origin| self.point_held(origin, size(origin))).collect::<Result<Vec<_>, _>>()?;
        let revoke =
            |upto: &LogPoint| Record::Revoke(Revoke { code, upto: upto.clone(), reason: reason.into(), operator, at_ms: now_ms() });
        self.append_province_all(&ends.iter().map(revoke).collect::<Vec<_>>())?;
        Ok(Revoked { ends, goes_on })
    }

    /// The logs that a revocation ends, oldest epoch first, and the one that goes on.
    fn logs_to_end(&self, code: OfficeCode, keep: Option<u32>, upto: &[EndAt]) -> Result<(Vec<Origin>, Option<Origin>), Refusal> {
        self.origin_of(code)?;
        let members = self.members();
        let office = members.office(code).ok_or_else(|| Refusal::fault("the office is gone"))?;
        let epoch = |origin: &Origin| origin.office_and_epoch().map_or(0, |(_, epoch)| epoch);
        let known: Vec<u32> = office.logs().map(epoch).collect();
        if let Some(wrong) = keep.into_iter().chain(upto.iter().filter_map(|end| end.epoch)).find(|epoch| !known.contains(epoch)) {
            return Err(Refusal::input(
                "epoch_unknown",
                "epoch",
                format!("办公点 {code} 没有第 {wrong} 期日志，现有：{known:?}。"),
                format!("the office {code} has no log of epoch {wrong}: it has those of {known:?}"),
            ));
        }
        let current = office.enrol.epoch;
        if let Some(before) = keep.filter(|epoch| *epoch != current) {
            return Err(Refusal::input(
                "epoch_not_current",
                "epoch",
                format!(
                    "第 {before} 期不是办公点 {code} 的当前日志：只保留它，该办公点将无法打开用第 {current} 期密钥加密的资料。请用 --keep-epoch {current}，或不加此项全部截止后让其运行 huizhi office new-epoch。"
                ),
                format!(
                    "epoch {before} is not the current one of the office {code}: with it alone the office could not open what was sealed for its \
                     keys of epoch {current}. Give --keep-epoch {current}, or leave it out to end all logs, and have the office run \
                     `huizhi office new-epoch`"
                ),
            ));
        }
        let named = |origin: &Origin| upto.iter().any(|end| end.epoch == Some(epoch(origin)));
        let open: Vec<&Origin> = office.open_logs().collect();
        let goes_on = open.iter().find(|origin| keep == Some(epoch(origin))).map(|origin| (*origin).clone());
        let ends = |origin: &&Origin| keep != Some(epoch(origin)) && (open.contains(origin) || named(origin));
        let ending: Vec<Origin> = office.logs().filter(ends).cloned().collect();
        if ending.is_empty() {
            return Err(Refusal::state(
                "already_ended",
                format!("办公点 {code} 的日志都已截止。"),
                format!("every log of the office {code} was ended before; name an epoch to end it earlier: --upto EPOCH:SIZE"),
            ));
        }
        let epochs: Vec<u32> = ending.iter().map(epoch).collect();
        if upto.iter().any(|end| end.epoch.is_none()) && (epochs.len() > 1 || upto.len() > 1) {
            return Err(Refusal::input(
                "epoch_needed",
                "upto",
                format!("将截止多期日志（{epochs:?}），请写明期数：--upto 期数:条数。"),
                format!("the logs of the epochs {epochs:?} end: say of which with --upto EPOCH:SIZE"),
            ));
        }
        Ok((ending, goes_on))
    }

    /// Ends the logs of epochs before where their offices left them ([`Office::left_logs`]). Until then such a log counts, so that nothing of an
    /// office that was away is lost. Does nothing but at the province.
    ///
    /// # Errors
    /// As for [`Office::append_province`].
    pub fn end_left_logs(&self) -> Result<Vec<LogPoint>, Refusal> {
        if !self.is_province() {
            return Ok(vec![]);
        }
        if self.members().offices().all(|office| office.open_logs().all(|origin| *origin == office.origin)) {
            return Ok(vec![]);
        }
        let left = self.left_logs()?;
        let open = {
            let members = self.members();
            let is_open = |code: OfficeCode, origin: &Origin| members.office(code).is_some_and(|office| office.end_of(origin).is_none());
            left.into_iter().filter(|((code, origin), _)| is_open(*code, origin)).collect::<Vec<_>>()
        };
        let ends = open.into_iter().map(|((code, origin), size)| Ok((code, self.point_held(&origin, Some(size))?)));
        let ends = ends.collect::<Result<Vec<_>, Refusal>>()?;
        let revoke = |(code, upto): &(OfficeCode, LogPoint)| {
            Record::Revoke(Revoke { code: *code, upto: upto.clone(), reason: "replaced".into(), operator: 0, at_ms: now_ms() })
        };
        self.append_province_all(&ends.iter().map(revoke).collect::<Vec<_>>())?;
        Ok(ends.into_iter().map(|(_, point)| point).collect())
    }

    /// The logs of epochs before that their offices left, with the entries that they have: the office has signed in its current log, and tells
    /// with its current key that it holds no more of the old one than is here.
    ///
    /// Attack: a key of an epoch before signs on, and what is here ends with what it signed. So where an office tells less, that is the end,
    /// once it covers the request for the epoch that followed: what is less than that was lost on its disk and will be fetched again.
    ///
    /// # Errors
    /// As the store.
    pub(in crate::service) fn left_logs(&self) -> Result<BTreeMap<(OfficeCode, Origin), u64>, StoreError> {
        let told: BTreeMap<(PublicKey, Origin), u64> =
            self.store.peer_sizes()?.into_iter().map(|(peer, origin, size)| ((peer, origin), size)).collect();
        let requests = self.store.epoch_requests()?;
        let members = self.members();
        let mut left = BTreeMap::new();
        for office in members.offices().filter(|office| self.store.head(&office.origin).size > 0) {
            let logs: Vec<&Origin> = office.logs().collect();
            for (origin, next) in logs.iter().zip(logs.iter().skip(1)) {
                let here = self.store.head(origin).size;
                let next = members.verifier(next).map(|key| key.key());
                let asks = |entry: &&StoredEntry| entry.origin == **origin && claimed_request(entry).map(|rotate| rotate.key) == next;
                let asked = || requests.iter().filter(asks).map(|entry| entry.index).min();
                let own = office.enrol.key == self.keys.office.public();
                let told = if own { Some(here) } else { told.get(&(office.enrol.key, (*origin).clone())).copied() };
                let whole = |told: &u64| *told == here || *told < here && asked().is_some_and(|asked| asked < *told);
                left.extend(told.filter(whole).map(|size| ((office.enrol.code, (*origin).clone()), size)));
            }
        }
        Ok(left)
    }

    /// Gives an office the keys and the epoch that it asked for; only at the province. Where `close` is not given, the log of before goes
    /// on beside the new one, so that nothing is lost of an office that is offline, until it is revoked.
    ///
    /// # Errors
    /// The office, its epoch or its keys do not allow it, or as for [`Office::append_province`].
    pub fn rotate_office(&self, asked: Rotate, close: Option<u64>, operator: u32) -> Result<(), Refusal> {
        if asked.recipient.parse::<age::x25519::Recipient>().is_err() {
            return Err(Refusal::input(
                "rotation_refused",
                "request",
                "申请中的加密公钥无效。",
                "the request's encryption key is malformed",
            ));
        }
        let closes = close.map(|size| self.point_held(&self.origin_of(asked.code)?, Some(size))).transpose()?;
        self.append_province(&Record::Rotate(Rotate { closes, operator, at_ms: now_ms(), ..asked })).map(|_| ())
    }

    /// Says which history of a fork stands; only at the province. `stands` is `one` or `other` for the two checkpoints, smaller first, or
    /// the number of entries of the history held here.
    ///
    /// # Errors
    /// No such fork is open, or as for [`Office::append_province`].
    pub fn adjudicate(&self, id: &str, stands: &str, operator: u32) -> Result<LogPoint, Refusal> {
        let fork = self.forks().into_iter().find(|fork| fork.id == id && fork.stands.is_none()).ok_or_else(|| {
            Refusal::not_found("没有这个待裁定的分叉，请用 huizhi fork list 查看。", "no open fork has this id: see `huizhi fork list`")
        })?;
        let (one, other) = fork.points;
        let stands = match (stands, stands.parse()) {
            ("one", _) => one.clone(),
            ("other", _) => other.clone(),
            (_, Ok(size)) => self.point_held(&one.origin, Some(size))?,
            _ => {
                return Err(Refusal::input(
                    "stands_unknown",
                    "stands",
                    "请填 one、other 或条数。",
                    "what stands is `one`, `other` or a number of entries",
                ));
            }
        };
        let said = Adjudicated { one, other, stands: stands.clone(), operator, at_ms: now_ms() };
        self.append_province(&Record::Adjudicated(said))?;
        Ok(stands)
    }

    fn origin_of(&self, code: OfficeCode) -> Result<Origin, Refusal> {
        self.members()
            .office(code)
            .map(|office| office.origin.clone())
            .ok_or_else(|| Refusal::not_found(format!("没有代码为 {code} 的办公点。"), format!("no office has the code {code}")))
    }
}
