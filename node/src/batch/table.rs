//! The table of results: one line for each picture and document, readable in a spreadsheet.

use crate::roster::Entry;
use anyhow::Result;
use serde::{Deserialize, Serialize};

/// How a picture ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Finished, every check passed.
    Made,
    /// Finished, but a check failed.
    CheckFailed,
    /// No photo could be made.
    Refused,
    /// The roster names somebody without a picture.
    NoPicture,
    /// A picture of nobody in the roster.
    NotInRoster,
    /// The same picture twice, or several pictures of one person.
    Duplicate,
}

impl Outcome {
    /// Every outcome, in the order of the summary.
    pub const ALL: [Outcome; 6] =
        [Outcome::Made, Outcome::CheckFailed, Outcome::Refused, Outcome::NoPicture, Outcome::NotInRoster, Outcome::Duplicate];

    /// The stable word.
    pub fn key(self) -> &'static str {
        match self {
            Outcome::Made => "made",
            Outcome::CheckFailed => "check_failed",
            Outcome::Refused => "refused",
            Outcome::NoPicture => "no_picture",
            Outcome::NotInRoster => "not_in_roster",
            Outcome::Duplicate => "duplicate",
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The person and the picture.
    pub entry: Entry,
    /// Spec id; empty when no photo was tried.
    pub spec: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The finished photo, as seen from the target folder; empty when there is none. One that failed a check lies in
    /// `check_failed/`.
    pub out: String,
    /// Bytes of the finished photo.
    pub bytes: u64,
    /// SHA-256 of the picture.
    pub picture_hash: String,
    /// Items that a person must judge.
    pub to_review: u32,
    /// Why, in Chinese; every failed check with its next step.
    pub reasons_zh: String,
    /// Why, in English.
    pub reasons_en: String,
}

impl Row {
    pub(super) fn settled(entry: Entry, outcome: Outcome, reasons_zh: String, reasons_en: String) -> Row {
        Row {
            entry,
            spec: String::new(),
            outcome,
            out: String::new(),
            bytes: 0,
            picture_hash: String::new(),
            to_review: 0,
            reasons_zh,
            reasons_en,
        }
    }
}

const HEADINGS: [&str; 11] =
    ["file", "id", "name", "spec", "outcome", "out", "kb", "to_review", "picture_sha256", "reasons_zh", "reasons_en"];

/// The table as CSV, with the mark by which spreadsheets know UTF-8.
pub(super) fn csv(rows: &[Row]) -> Result<Vec<u8>> {
    let mut bytes = "\u{feff}".as_bytes().to_vec();
    {
        let mut writer = csv::Writer::from_writer(&mut bytes);
        writer.write_record(HEADINGS)?;
        for row in rows {
            let kb = if row.bytes == 0 { String::new() } else { format!("{:.1}", row.bytes as f64 / 1024.0) };
            let cells = [
                &row.entry.file,
                &row.entry.id,
                &row.entry.name,
                &row.spec,
                row.outcome.key(),
                &row.out,
                &kb,
                &row.to_review.to_string(),
                &row.picture_hash,
                &row.reasons_zh,
                &row.reasons_en,
            ];
            writer.write_record(cells.map(inert))?;
        }
        writer.flush()?;
    }
    Ok(bytes)
}

/// Attack: a cell that begins like a formula is carried out by spreadsheets; a roster is written by anybody.
fn inert(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    //! Cells are text.
    use super::*;

    #[test]
    fn formulas_are_text() {
        let entry = Entry { name: "=HYPERLINK(1)".into(), id: "1,2".into(), ..Entry::default() };
        let bytes = csv(&[Row::settled(entry, Outcome::Refused, "坏".into(), "bad".into())]).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with('\u{feff}'));
        assert!(text.contains(r#""1,2",'=HYPERLINK(1),,refused"#), "{text}");
    }
}
