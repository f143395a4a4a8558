//! Why a roster is refused, in both languages.

use crate::text::Text;
use std::path::Path;

/// Bound: places that one refusal names.
const MAX_NAMED: usize = 5;

/// Why a roster is refused, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}\n{}", .text.en, .text.zh)]
pub struct RosterFault {
    /// The fault and what to do.
    pub text: Text,
}

impl RosterFault {
    pub(super) fn new(zh: impl Into<String>, en: impl Into<String>) -> RosterFault {
        RosterFault { text: Text::new(zh, en) }
    }

    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> RosterFault {
        let why = crate::text::io_error(error);
        RosterFault::new(format!("无法读取 {}：{}", path.display(), why.zh), format!("cannot read {}: {}", path.display(), why.en))
    }

    pub(super) fn too_large(megabytes: u64) -> RosterFault {
        RosterFault::new(format!("名单超过 {megabytes} MB，请拆分。"), format!("it is larger than {megabytes} MB; split it"))
    }

    /// The same with the file's name before it.
    pub(super) fn of(self, path: &Path) -> RosterFault {
        RosterFault::new(
            format!("名单 {} 不能使用：{}", path.display(), self.text.zh),
            format!("{} cannot be used as a roster: {}", path.display(), self.text.en),
        )
    }
}

/// Why a cell is no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CellFault {
    /// `#N/A` and its like.
    Error(String),
    /// `TRUE`.
    Boolean,
    /// A day or a time.
    Date,
    /// A formula that no program has worked out.
    Formula,
    /// More digits than a spreadsheet keeps.
    LostDigits,
    /// A fraction, or a number below zero.
    NotWhole,
    /// A number that is shown otherwise than it is.
    Format(String),
    /// More than the bound of a cell.
    TooLong,
}

impl CellFault {
    pub(super) fn text(&self) -> Text {
        match self {
            Self::Error(error) => Text::new(
                format!("是错误值 {error}，请改正公式或直接填写"),
                format!("holds the error {error}; mend its formula or type the value"),
            ),
            Self::Boolean => Text::new("是 TRUE/FALSE，请填写文本", "holds TRUE or FALSE; type the text"),
            Self::Date => Text::new("是日期，请设为“文本”格式后重新填写", "holds a date; format it as text and enter it again"),
            Self::Formula => Text::new(
                "是没有结果的公式，请用 Excel 或 WPS 打开并保存一次",
                "holds a formula without a result; open the file in a spreadsheet program and save it once",
            ),
            Self::LostDigits => Text::new(
                "是超过 15 位的数字，在表格中已失真，请把该列设为“文本”格式后重新录入",
                "holds a number of more than 15 digits, which has lost its last digits in the spreadsheet; format the column as text and enter the numbers again",
            ),
            Self::NotWhole => Text::new(
                "是小数或负数，请设为“文本”格式后重新填写",
                "holds a fraction or a negative number; format it as text and enter it again",
            ),
            Self::Format(code) => Text::new(
                format!("的显示格式（{code}）与数值不一致，请设为“文本”格式后重新填写"),
                format!("is shown otherwise than it is (format {code}); format it as text and enter it again"),
            ),
            Self::TooLong => Text::new("超过 200 个字", "has more than 200 characters"),
        }
    }
}

/// Several faults of one roster.
#[derive(Debug, Default)]
pub(super) struct Faults {
    zh: Vec<String>,
    en: Vec<String>,
    more: usize,
}

impl Faults {
    pub(super) fn add(&mut self, text: Text) {
        if self.zh.len() == MAX_NAMED {
            self.more += 1;
            return;
        }
        self.zh.push(text.zh.trim_end_matches('。').to_owned());
        self.en.push(text.en.trim_end_matches('.').to_owned());
    }

    pub(super) fn done(self) -> Result<(), RosterFault> {
        if self.zh.is_empty() {
            return Ok(());
        }
        let (mut zh, mut en) = (self.zh.join("；"), self.en.join("; "));
        if self.more > 0 {
            zh = format!("{zh}；另有 {} 处", self.more);
            en = format!("{en}; and {} more", self.more);
        }
        Err(RosterFault::new(format!("{zh}。"), en))
    }
}

/// Recognizes by its first bytes a file that is no list of people.
pub(super) fn no_roster(bytes: &[u8]) -> Option<RosterFault> {
    let head: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).skip_while(|byte| !byte.is_ascii_graphic()).take(64).collect();
    let has = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        bytes.windows(wide.len()).any(|part| part == wide)
    };
    let starts = |text: &str| head.get(..text.len()).is_some_and(|head| head.eq_ignore_ascii_case(text.as_bytes()));
    let save = "请在 Excel 或 WPS 中另存为 .xlsx 或 .csv（UTF-8）。";
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
        return Some(if has("EncryptedPackage") {
            RosterFault::new("它设有打开密码。请取消密码后另存。", "it is protected by a password; save it without one")
        } else {
            RosterFault::new(
                format!("它是旧版 .xls（或 .et、.doc）文件。{save}"),
                "it is an old .xls file (or .et, .doc); save it as .xlsx or CSV in UTF-8",
            )
        });
    }
    if starts("<") || starts("MIME-Version") {
        return Some(RosterFault::new(
            format!("它是网页或 XML，不是表格文件。{save}"),
            "it is a web page or XML and no spreadsheet; open it and save it as .xlsx",
        ));
    }
    if starts("%PDF") || starts("{\\rtf") || bytes.starts_with(&[0xff, 0xd8, 0xff]) || bytes.starts_with(b"\x89PNG") {
        return Some(RosterFault::new(
            format!("它是 PDF、文档或图片，不是表格文件。{save}"),
            "it is a PDF, a text document or a picture; a roster is a .csv or .xlsx file",
        ));
    }
    if bytes.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0) {
        return Some(RosterFault::new("它是空的。", "it is empty"));
    }
    None
}
