//! The list of people: CSV or XLSX, read by one place for all that need it, with a preview of the columns that were read and of what was left out.
//!
//! In reading order: [`file`](self) by content, [`encoding`], [`separated`] (CSV), [`spreadsheet`] (XLSX), [`headings`], [`people`] (normal forms and
//! refusals), [`preview`]. A roster is taken whole or refused by line and column: a photo under a falsified number is worse than none.

mod encoding;
mod fault;
mod headings;
mod people;
mod preview;
mod separated;
mod spreadsheet;
#[cfg(test)]
mod tests;

pub use fault::RosterFault;
pub use headings::Role;
pub use people::number;
pub use preview::{Column, Preview, Sheet};

use serde::{Deserialize, Serialize};
use std::{io::Read, path::Path};

/// Bound: bytes of a roster file.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Bound: people of one roster.
pub(crate) const MAX_PEOPLE: usize = 100_000;
/// Bound: cells of one line.
const MAX_CELLS: usize = 64;
/// Bound: characters of one cell.
const MAX_CELL_CHARS: usize = 200;
/// Headings are looked for in so many lines.
const HEADING_LINES: usize = 10;

/// One person of the roster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Name of the picture file, where the roster gives one.
    pub file: String,
    /// Number by which the person is known; it names the finished file.
    pub id: String,
    /// Name of the person.
    pub name: String,
}

/// The people in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// The people.
    pub entries: Vec<Entry>,
    /// The columns that were read, and what was left out.
    pub preview: Preview,
}

/// What somebody chose instead of what the reader would find.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Encoding of a CSV file.
    pub encoding: Option<String>,
    /// Sheet of a spreadsheet.
    pub sheet: Option<String>,
    /// Columns by heading, by place (`#3`), or none (`-`).
    pub columns: Vec<(Role, String)>,
}

impl Roster {
    /// Reads a roster file by its content, whatever its name ends in.
    ///
    /// # Errors
    /// The file is refused: the fault names the place and says what to do.
    pub fn read(path: &Path, options: &Options) -> Result<Roster, RosterFault> {
        let cannot = |error: std::io::Error| RosterFault::unreadable(path, &error);
        let mut bytes = Vec::new();
        std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(cannot)?;
        Roster::of(bytes, options).map_err(|fault| fault.of(path))
    }

    /// Reads a roster out of its bytes.
    ///
    /// # Errors
    /// As [`Roster::read`].
    pub fn of(bytes: Vec<u8>, options: &Options) -> Result<Roster, RosterFault> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(RosterFault::too_large(MAX_BYTES >> 20));
        }
        if let Some(fault) = fault::no_roster(&bytes) {
            return Err(fault);
        }
        if bytes.starts_with(b"PK") { spreadsheet::read(bytes, options) } else { separated::read(&bytes, options) }
    }
}

/// A cell as text, or why it is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Cell {
    text: String,
    /// Where it stands, as a spreadsheet names it; empty in a CSV file.
    place: String,
    fault: Option<fault::CellFault>,
}

impl Cell {
    fn text(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), ..Cell::default() }
    }
}

/// A line with its number, from 1.
struct Line {
    number: usize,
    cells: Vec<Cell>,
}
