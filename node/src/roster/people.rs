//! The people of a table: one normal form for numbers and names, and what is refused by line and column.

use super::{
    Cell, Entry, HEADING_LINES, Line, MAX_PEOPLE, Options, Roster,
    fault::{Faults, RosterFault},
    headings::{self, Columns, Role},
    preview::Preview,
    separated::SEPARATORS,
};
use crate::{
    service::{
        id_number::{self, IdFault},
        office::{china_time, now_ms},
        person_name::{self, NameFault, is_hidden},
    },
    text::Text,
};
use icu_normalizer::ComposingNormalizerBorrowed;
use std::{collections::HashMap, rc::Rc};

/// Bound: characters of a number.
const NUMBER_CHARS_MAX: usize = 64;

/// So many digits in a name are a number that belongs into a column of its own.
const DIGITS_OF_A_NUMBER: usize = 6;

/// The people of the lines so far. Lines come one by one, so that no file makes the program keep more than its people.
pub(super) struct Reading<'a> {
    options: &'a Options,
    columns: Option<Rc<Columns>>,
    /// Lines that came before it was known which one holds the headings.
    waiting: Vec<Line>,
    entries: Vec<Entry>,
    /// Line and place of everybody who has a number, by the number.
    by_number: HashMap<String, (usize, usize)>,
    faults: Faults,
    preview: Preview,
    today: (u32, u32, u32),
}

impl<'a> Reading<'a> {
    pub(super) fn new(options: &'a Options, preview: Preview) -> Reading<'a> {
        Reading {
            options,
            columns: None,
            waiting: Vec::new(),
            entries: Vec::new(),
            by_number: HashMap::new(),
            faults: Faults::default(),
            preview,
            today: today(),
        }
    }

    /// Takes the next line.
    pub(super) fn take(&mut self, line: Line) -> Result<(), RosterFault> {
        if self.columns.is_some() {
            return self.person(&line);
        }
        if line.cells.iter().all(|cell| cell.text.is_empty() && cell.fault.is_none()) {
            return Ok(());
        }
        self.waiting.push(line);
        if self.waiting.len() == HEADING_LINES { self.begin() } else { Ok(()) }
    }

    /// Looks for the headings, and takes the lines below them.
    fn begin(&mut self) -> Result<(), RosterFault> {
        let lines = std::mem::take(&mut self.waiting);
        let Some((at, columns)) = Columns::find(&lines, self.options)? else {
            let seen = lines
                .iter()
                .rev()
                .max_by_key(|line| line.cells.len())
                .map(|line| line.cells.iter().map(|cell| cell.text.clone()).collect::<Vec<_>>());
            return Err(headings::none_known(&seen.unwrap_or_default()));
        };
        self.preview.heading_line = lines[at].number;
        self.preview.columns = columns.said();
        self.columns = Some(Rc::new(columns));
        lines.iter().skip(at + 1).try_for_each(|line| self.person(line))
    }

    fn person(&mut self, line: &Line) -> Result<(), RosterFault> {
        let Some(columns) = self.columns.clone() else { return Ok(()) };
        let blank = Cell::default();
        let cell = |role| columns.place(role).and_then(|place| line.cells.get(place)).unwrap_or(&blank);
        // A list that was made to be printed has its headings on every page.
        let again = |role| columns.place(role).is_none() || headings::is_same(&cell(role).text, columns.heading(role));
        if Role::ALL.into_iter().all(again) {
            self.preview.headings_again.push(line.number);
            return Ok(());
        }
        let mut texts = [String::new(), String::new(), String::new()];
        let mut is_good = true;
        for role in Role::ALL {
            match self.text(role, cell(role), &columns, line.number) {
                Ok(text) => texts[role as usize] = text,
                Err(text) => {
                    self.faults.add(said(line.number, columns.heading(role), cell(role), &text));
                    is_good = false;
                }
            }
        }
        let [id, name, file] = texts;
        let entry = Entry { file, id, name };
        if is_good && entry != Entry::default() {
            self.add(entry, line.number, &columns);
        }
        if self.entries.len() > MAX_PEOPLE {
            return Err(RosterFault::new(
                format!("它超过 {MAX_PEOPLE} 人，请拆分。"),
                format!("it has more than {MAX_PEOPLE} people; split it"),
            ));
        }
        Ok(())
    }

    /// The text of a cell in its normal form, or what is wrong with it.
    fn text(&mut self, role: Role, cell: &Cell, columns: &Columns, line: usize) -> Result<String, Text> {
        if let Some(fault) = &cell.fault {
            return Err(fault.text());
        }
        let text = cell.text.trim();
        match role {
            _ if text.is_empty() => Ok(String::new()),
            Role::Photo => Ok(text.rsplit(['/', '\\']).next().unwrap_or_default().trim().to_owned()),
            Role::Name if text.contains(SEPARATORS) => Err(Text::new("像是用了另一种分隔符", "looks as if another separator was used")),
            Role::Name => match person_name::normal(text) {
                Ok(name) if name.chars().filter(char::is_ascii_digit).count() >= DIGITS_OF_A_NUMBER => Err(Text::new(
                    "姓名中有号码，请把姓名和号码分成两列",
                    "a number stands in the name; put name and number into columns of their own",
                )),
                Ok(name) => Ok(name),
                Err(NameFault::Empty) => Ok(String::new()),
                Err(fault) => Err(fault.text()),
            },
            Role::Id => self.id(text, columns, line),
        }
    }

    fn id(&mut self, text: &str, columns: &Columns, line: usize) -> Result<String, Text> {
        let number = number(text);
        let folded = id_number::fold(text);
        if id_number::is_scientific(&folded) {
            return Err(IdFault::Scientific.text());
        }
        if number.chars().count() > NUMBER_CHARS_MAX || number.contains(char::REPLACEMENT_CHARACTER) {
            return Err(Text::new("不是号码（过长或有乱码）", "is no number: it is too long or a character was lost"));
        }
        if !columns.is_identity {
            let as_identity = id_number::check(&folded, self.today);
            if as_identity == Err(IdFault::LostDigits) {
                return Err(IdFault::LostDigits.text());
            }
            // Whatever the column is called, 18 digits in one spelling are one person.
            return Ok(if as_identity.is_ok() { folded } else { number });
        }
        match id_number::check(&folded, self.today) {
            Ok(()) => Ok(folded),
            Err(IdFault::OtherDocument) => {
                self.preview.other_documents.push(line);
                Ok(folded)
            }
            Err(fault) => Err(fault.text()),
        }
    }

    /// Adds somebody; equal lines are one person, and one number is never two.
    fn add(&mut self, entry: Entry, line: usize, columns: &Columns) {
        if entry.id.is_empty() {
            if columns.place(Role::Id).is_some() {
                self.preview.without_number.push(line);
            }
            self.entries.push(entry);
            return;
        }
        if entry.name.is_empty() && columns.place(Role::Name).is_some() {
            self.preview.without_name.push(line);
        }
        let Some((first, at)) = self.by_number.get(&entry.id.to_lowercase()).copied() else {
            let _ = self.by_number.insert(entry.id.to_lowercase(), (line, self.entries.len()));
            self.entries.push(entry);
            return;
        };
        let before = &self.entries[at];
        if before.name == entry.name && before.file == entry.file {
            self.preview.equal_lines.push((first, line));
            return;
        }
        let id = &entry.id;
        let show = |text: &str| if text.is_empty() { "–".to_owned() } else { text.to_owned() };
        let (one, two) = if before.name == entry.name { (&before.file, &entry.file) } else { (&before.name, &entry.name) };
        let (one, two) = (show(one), show(two));
        self.faults.add(Text::new(
            format!("第 {first} 行和第 {line} 行的号码都是 {id}，却分别是“{one}”和“{two}”，请核对"),
            format!("lines {first} and {line} both have the number {id}, one with {one} and one with {two}; check them"),
        ));
    }

    pub(super) fn end(mut self) -> Result<Roster, RosterFault> {
        if self.columns.is_none() {
            if self.waiting.is_empty() {
                return Err(RosterFault::new("它是空的。", "it is empty"));
            }
            self.begin()?;
        }
        self.faults.done()?;
        if self.entries.is_empty() {
            let line = self.preview.heading_line;
            return Err(RosterFault::new(
                format!("第 {line} 行表头之下没有人。"),
                format!("nobody stands below the headings of line {line}"),
            ));
        }
        self.preview.people = self.entries.len();
        Ok(Roster { entries: self.entries, preview: self.preview })
    }
}

/// A number in its one spelling: NFKC, without blanks and marks that nobody sees.
pub fn number(text: &str) -> String {
    let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(text);
    let kept = composed.chars().filter(|character| !(character.is_whitespace() || character.is_control() || is_hidden(*character)));
    let one_hyphen = |character| if matches!(character, '\u{2010}'..='\u{2015}' | '\u{2212}') { '-' } else { character };
    let number: String = kept.map(one_hyphen).collect();
    number.strip_prefix('\'').map(str::to_owned).unwrap_or(number)
}

/// Line, column and what is wrong there.
fn said(line: usize, heading: &str, cell: &Cell, text: &Text) -> Text {
    let shown: String = cell.text.chars().filter(|character| !character.is_control()).take(24).collect();
    let shown = if shown.is_empty() { String::new() } else { format!(" {shown}") };
    if cell.place.is_empty() {
        Text::new(format!("第 {line} 行“{heading}”列{shown}：{}", text.zh), format!("line {line}, column {heading}{shown}: {}", text.en))
    } else {
        Text::new(
            format!("单元格 {}（“{heading}”）{shown}：{}", cell.place, text.zh),
            format!("cell {} (line {line}, {heading}){shown}: {}", cell.place, text.en),
        )
    }
}

/// The last day on which anybody can be born. A clock before this program was made is wrong, and not the person.
fn today() -> (u32, u32, u32) {
    let today = china_time(now_ms()).unwrap_or(time::OffsetDateTime::UNIX_EPOCH).date();
    if today.year() < 2026 {
        return (9999, 12, 31);
    }
    (today.year().unsigned_abs(), u32::from(u8::from(today.month())), u32::from(today.day()))
}
