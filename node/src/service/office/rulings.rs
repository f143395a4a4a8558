//! What the province decides about offices: the end of a log, new keys, and which history of a fork stands. Each names a log by size and
//! root, as it is held here, because clocks cannot be trusted.

use super::Office;
use crate::service::{Refusal, office::now_ms};
use protocol::{
    id::{OfficeCode, Origin, RecordHash},
    log::LogPoint,
    merkle,
    record::{Adjudicated, Record, Revoke, Rotate},
};

/// Why offices are revoked: code, Chinese, English.
const REASONS: [(&str, &str, &str); 5] = [
    ("key_stolen", "密钥被盗", "its key was stolen"),
    ("key_lost", "密钥遗失", "its key was lost"),
    ("office_closed", "办公点关闭", "the office was closed"),
    ("misconduct", "违规", "misconduct"),
    ("replaced", "已由新密钥替代", "a new key took its place"),
];

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

    /// Ends the current log of an office; only at the province. What stands before the point stays valid for ever.
    ///
    /// # Errors
    /// There is no such office or reason, the point is not here, or as for [`Office::append_province`].
    pub fn revoke_office(&self, code: OfficeCode, reason: &str, upto: Option<u64>, operator: u32) -> Result<LogPoint, Refusal> {
        if REASONS.iter().all(|(known, ..)| *known != reason) {
            let known: Vec<String> = REASONS.iter().map(|(code, zh, en)| format!("{code} ({zh}, {en})")).collect();
            let known = known.join("; ");
            return Err(Refusal::input("reason_unknown", "reason", format!("原因应为：{known}"), format!("the reason is one of: {known}")));
        }
        let upto = self.point_held(&self.origin_of(code)?, upto)?;
        let revoke = Revoke { code, upto: upto.clone(), reason: reason.into(), operator, at_ms: now_ms() };
        self.append_province(&Record::Revoke(revoke))?;
        Ok(upto)
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
