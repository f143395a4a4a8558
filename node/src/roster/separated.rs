//! Lines of text with cells between separators. A quote that is never closed would swallow the people below it, so it is refused by its line.

use super::{
    Cell, HEADING_LINES, Line, MAX_CELL_CHARS, MAX_CELLS, Options, Roster, encoding,
    fault::{CellFault, RosterFault},
    headings,
    people::Reading,
    preview::Preview,
};

/// What may stand between cells.
pub(super) const SEPARATORS: [char; 6] = [',', ';', '\t', '|', '，', '；'];
/// Bound: bytes of one line with all of its cells.
const MAX_LINE_BYTES: usize = 64 * 1024;

pub(super) fn read(bytes: &[u8], options: &Options) -> Result<Roster, RosterFault> {
    let (text, encoding) = encoding::decode(bytes, options.encoding.as_deref())?;
    let (separator, skipped) = separator(&text);
    let preview = Preview { encoding: Some(encoding), separator: Some(separator), ..Preview::default() };
    let mut reading = Reading::new(options, preview);
    let mut lines = Lines { rest: text.as_str(), separator, number: 1, columns: 0 };
    for _ in 0..skipped {
        let _ = lines.next()?;
    }
    while let Some(line) = lines.next()? {
        reading.take(line)?;
    }
    reading.end()
}

/// The separator, and the lines before the table that only say it.
fn separator(text: &str) -> (char, usize) {
    let first = text.lines().next().unwrap_or_default().trim().trim_matches('"');
    let hint = first.get(..4).filter(|head| head.eq_ignore_ascii_case("sep=")).and_then(|_| first[4..].chars().next());
    if let Some(separator) = hint {
        return (separator, 1);
    }
    if first.eq_ignore_ascii_case("sep=") {
        return ('\t', 1);
    }
    let points = |separator: char| {
        let lines = text.lines().take(HEADING_LINES).map(|line| {
            let cells = line.split(separator).map(|cell| cell.trim().trim_matches('"'));
            (headings::score(cells.clone()), cells.count())
        });
        lines.max().unwrap_or_default()
    };
    // Of equals the first stands: a list of names alone has none.
    let best = SEPARATORS.into_iter().rev().max_by_key(|separator| points(*separator));
    (best.unwrap_or(','), 0)
}

/// Cuts text into lines of cells.
struct Lines<'a> {
    rest: &'a str,
    separator: char,
    /// Of the line that comes next, from 1.
    number: usize,
    /// Cells of the widest line of the first ones.
    columns: usize,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<Line>, RosterFault> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let number = self.number;
        let mut cells = Vec::new();
        let mut left = MAX_LINE_BYTES;
        loop {
            let before = self.rest.len();
            let (cell, ended) = if self.rest.trim_start_matches(is_blank).starts_with('"') { self.quoted()? } else { self.bare() };
            left = left.checked_sub(before - self.rest.len()).ok_or_else(|| too_long(number))?;
            if cells.len() == MAX_CELLS {
                return Err(RosterFault::new(
                    format!("第 {number} 行超过 {MAX_CELLS} 列。"),
                    format!("line {number} has more than {MAX_CELLS} cells"),
                ));
            }
            cells.push(cell);
            if ended {
                break;
            }
        }
        if number <= HEADING_LINES {
            self.columns = self.columns.max(cells.len());
        }
        Ok(Some(Line { number, cells }))
    }

    /// A cell up to the separator or the end of the line.
    fn bare(&mut self) -> (Cell, bool) {
        let at = self.rest.find([self.separator, '\n', '\r']).unwrap_or(self.rest.len());
        let cell = cell(&self.rest[..at]);
        self.rest = &self.rest[at..];
        let ended = self.end();
        (cell, ended)
    }

    /// Takes what ends a cell; true where the line ends as well.
    fn end(&mut self) -> bool {
        if let Some(rest) = self.rest.strip_prefix(self.separator) {
            self.rest = rest;
            return false;
        }
        for end in ["\r\n", "\n", "\r"] {
            if let Some(rest) = self.rest.strip_prefix(end) {
                self.rest = rest;
                self.number += 1;
                break;
            }
        }
        true
    }

    /// A cell between quotes, in which two quotes are one.
    fn quoted(&mut self) -> Result<(Cell, bool), RosterFault> {
        let opened = self.number;
        let unclosed = || {
            RosterFault::new(
                format!("第 {opened} 行有一个没有闭合的引号（\"），其后的人会丢失。请删去或补上引号。"),
                format!("line {opened} has a quote (\") that is not closed, which would swallow the people below; take it out or close it"),
            )
        };
        let mut text = String::new();
        let mut rest = &self.rest.trim_start_matches(is_blank)[1..];
        loop {
            let at = rest.find('"').ok_or_else(unclosed)?;
            text.push_str(&rest[..at]);
            if text.len() > MAX_LINE_BYTES {
                return Err(too_long(opened));
            }
            rest = &rest[at + 1..];
            let Some(more) = rest.strip_prefix('"') else { break };
            text.push('"');
            rest = more;
        }
        rest = rest.trim_start_matches(is_blank);
        // Lines of people inside of a cell, or text behind the second quote: the quote belongs to another cell.
        let width = self.columns.saturating_sub(1).max(1);
        let swallows = text.contains('\n') && text.lines().any(|line| line.matches(self.separator).count() >= width);
        let ends = rest.is_empty() || rest.starts_with([self.separator, '\n', '\r']);
        if swallows || !ends {
            return Err(unclosed());
        }
        self.number += text.matches('\n').count();
        self.rest = rest;
        let ended = self.end();
        Ok((cell(&text), ended))
    }
}

fn is_blank(character: char) -> bool {
    character == ' ' || character == '\u{3000}'
}

fn too_long(number: usize) -> RosterFault {
    RosterFault::new(format!("第 {number} 行超过 {MAX_LINE_BYTES} 字节。"), format!("line {number} has more than {MAX_LINE_BYTES} bytes"))
}

fn cell(text: &str) -> Cell {
    // `="0012"` and `'0012` are how people keep zeros from a spreadsheet.
    let text = text.trim();
    let text = text.strip_prefix("=\"").and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let fault = (text.chars().count() > MAX_CELL_CHARS).then_some(CellFault::TooLong);
    Cell { fault, ..Cell::text(text.chars().take(MAX_CELL_CHARS).collect::<String>()) }
}
