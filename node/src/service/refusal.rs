//! A refusal: something a person asked for and does not get, with what to do next.

use crate::{
    store::{BlobError, StoreError},
    text::{Text, io_error},
};
use protocol::record::UnknownRole;
use serde::{Deserialize, Serialize};
use std::any::Any;

/// How the person or program at the other end should react.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Mend the input.
    Input,
    /// There is no such thing here.
    NotFound,
    /// The state of things does not allow it, or not yet.
    State,
    /// The person may not.
    Forbidden,
    /// The disk or the program failed; nothing was changed.
    Fault,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", .text.en)]
pub struct Refusal {
    /// How to react.
    pub kind: Kind,
    /// Stable identifier.
    pub code: String,
    /// What happened and what to do next.
    pub text: Text,
    /// The input field that is wrong, when there is one.
    pub field: Option<String>,
}

impl Refusal {
    /// A refusal without a field.
    pub fn new(kind: Kind, code: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { kind, code: code.into(), text: Text::new(zh, en), field: None }
    }
    /// Wrong input.
    pub fn input(code: &str, field: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(Kind::Input, code, zh, en) }
    }
    /// No such thing.
    pub fn not_found(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, "not_found", zh, en)
    }
    /// Not in this state.
    pub fn state(code: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(Kind::State, code, zh, en)
    }
    /// The disk took nothing, and may take something later.
    fn full(error: &StoreError) -> Self {
        tracing::warn!(%error, "the disk took nothing");
        Self::state(
            "disk_full",
            "磁盘已满或拒绝写入，此操作没有保存。请腾出至少 100 MB 空间，几秒后本机会自动恢复，然后重试。",
            "the disk is full or takes nothing, so this was not kept: free at least 100 MB; the node goes on by itself, then try again",
        )
    }
    /// The program or the disk failed. What the system said is put into words; anything else stands in the log: it is English, and for who
    /// maintains the program.
    pub fn fault(error: impl std::fmt::Display + 'static) -> Self {
        tracing::error!(%error, "a fault");
        let any: &dyn Any = &error;
        let of_system = any.downcast_ref::<std::io::Error>().map(io_error);
        let of_store = || any.downcast_ref::<StoreError>().map(StoreError::text);
        let of_blob = || any.downcast_ref::<BlobError>().map(BlobError::text);
        let within = || any.downcast_ref::<anyhow::Error>()?.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>()).map(io_error);
        if let Some(why) = of_system.or_else(of_store).or_else(of_blob).or_else(within) {
            return Self::failed(&why);
        }
        Self::failed(&Text::new(
            "详情见日志。请重试；如再次出现，请运行 huizhi doctor 并联系管理员",
            "the log says more. Try again; if it comes again, run `huizhi doctor` and call the administrator",
        ))
    }
    /// The program or the disk failed, and why is known in words.
    pub fn failed(why: &Text) -> Self {
        Self::new(
            Kind::Fault,
            "fault",
            format!("本机出错，未做任何更改：{}。", why.zh),
            format!("this machine failed; nothing was changed: {}", why.en),
        )
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        if error.may_pass() {
            return Self::full(&error);
        }
        tracing::error!(%error, "the store failed");
        Self::failed(&error.text())
    }
}

impl From<BlobError> for Refusal {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Io(error) => StoreError::Io(error).into(),
            other => {
                tracing::error!(error = %other, "a file failed");
                Self::failed(&other.text())
            }
        }
    }
}

impl From<UnknownRole> for Refusal {
    fn from(error: UnknownRole) -> Self {
        let zh = format!("没有名为“{}”的角色。", error.0);
        Self::input("role_unknown", "roles", zh, error.to_string())
    }
}

impl From<photo::NotOffered> for Refusal {
    fn from(error: photo::NotOffered) -> Self {
        Self { kind: Kind::Input, code: error.code().into(), text: error.message().into(), field: Some("background".into()) }
    }
}

impl From<photo::PhotoError> for Refusal {
    fn from(error: photo::PhotoError) -> Self {
        Self { kind: Kind::Input, code: error.code().into(), text: error.message().into(), field: Some("photo".into()) }
    }
}
