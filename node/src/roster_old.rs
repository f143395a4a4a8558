//! The list of people: CSV in UTF-8 or GB18030 as Chinese spreadsheets save it, or XLSX.

use anyhow::{Context, Result, bail};
use calamine::{DataRef, Reader, Xlsx};
use serde::{Deserialize, Serialize};
use std::{
    cell::Cell,
    io::{self, Cursor, Read},
    path::Path,
};

/// Bound: bytes of a roster file.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Bound: bytes of a spreadsheet, unpacked. Its shared texts are all kept while it is read, and a text of five bytes takes thirty;
/// a hundred thousand people of ten columns have 40 MB.
const MAX_UNPACKED_BYTES: u64 = 128 * 1024 * 1024;
/// Bound: people of one batch.
const MAX_PEOPLE: usize = 100_000;
/// Bound: cells of one line.
const MAX_CELLS: usize = 64;
/// Bound: bytes of one line of text.
const MAX_LINE_BYTES: usize = 64 * 1024;
/// Bound: characters of one cell that are kept.
const MAX_CELL_CHARS: usize = 200;
/// From here on spreadsheets no longer keep every digit of a number: the 18 digits of a person become 15 and three zeros.
const FALSIFIED: f64 = 1e15;

const FILE_HEADINGS: [&str; 7] = ["file", "filename", "photo", "文件", "文件名", "照片", "照片文件"];
const ID_HEADINGS: [&str; 10] = ["id", "number", "编号", "证件号", "证件号码", "身份证号", "身份证号码", "考生号", "学号", "准考证号"];
const NAME_HEADINGS: [&str; 2] = ["name", "姓名"];

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
}

impl Roster {
    /// Reads a roster file by its ending.
    ///
    /// # Errors
    /// Not a table, without the needed headings, or too large.
    pub fn read(path: &Path) -> Result<Roster> {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
        if bytes.len() as u64 > MAX_BYTES {
            bail!("{} is larger than {} MB", path.display(), MAX_BYTES >> 20);
        }
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        let people = match ending.as_str() {
            "xlsx" => spreadsheet(bytes),
            "csv" | "txt" => separated(&bytes),
            _ => bail!("{}: a roster is a .csv or .xlsx file", path.display()),
        };
        people.with_context(|| format!("{} cannot be used as a roster", path.display()))
    }
}

/// What is read of a table so far: lines come one by one, so that no file makes the program keep more than its people.
#[derive(Default)]
struct Reading {
    columns: Option<Columns>,
    entries: Vec<Entry>,
}

/// Places of the columns that are used.
#[derive(Clone, Copy)]
struct Columns {
    file: Option<usize>,
    id: Option<usize>,
    name: Option<usize>,
}

impl Columns {
    fn of(headings: &[String]) -> Result<Columns> {
        let column = |wanted: &[&str]| headings.iter().position(|heading| wanted.contains(&heading.trim().to_lowercase().as_str()));
        let columns = Columns { file: column(&FILE_HEADINGS), id: column(&ID_HEADINGS), name: column(&NAME_HEADINGS) };
        if columns.file.or(columns.id).or(columns.name).is_none() {
            bail!(
                "its first line names no column that is known: it needs one of {} or {} or {}",
                FILE_HEADINGS.join("/"),
                ID_HEADINGS.join("/"),
                NAME_HEADINGS.join("/")
            );
        }
        Ok(columns)
    }

    fn has(&self, column: usize) -> bool {
        [self.file, self.id, self.name].contains(&Some(column))
    }
}

impl Reading {
    /// Takes the next line; the first one holds the headings.
    fn take(&mut self, line: &[String]) -> Result<()> {
        let Some(columns) = self.columns else {
            self.columns = Some(Columns::of(line)?);
            return Ok(());
        };
        let cell = |at: Option<usize>| at.and_then(|at| line.get(at)).map(|text| kept(text)).unwrap_or_default();
        let entry = Entry { file: cell(columns.file), id: cell(columns.id), name: cell(columns.name) };
        if entry != Entry::default() {
            self.entries.push(entry);
        }
        if self.entries.len() > MAX_PEOPLE {
            bail!("it has more than {MAX_PEOPLE} people; split it");
        }
        Ok(())
    }

    /// Whether a cell of this column is worth reading: every heading is, and below them what is used.
    fn wants(&self, column: usize) -> bool {
        self.columns.is_none_or(|columns| columns.has(column))
    }

    fn end(self) -> Result<Roster> {
        let _ = self.columns.context("it is empty")?;
        Ok(Roster { entries: self.entries })
    }
}

fn kept(text: &str) -> String {
    text.trim().chars().take(MAX_CELL_CHARS).collect()
}

/// Hands text to the CSV reader, and no more than [`MAX_LINE_BYTES`] of it for one line: the reader by itself would take
/// 64 MB of commas for one line of 64 million cells.
struct Portions<'a> {
    text: &'a [u8],
    /// Bytes handed out since the last line ended.
    given: &'a Cell<usize>,
}

impl Read for Portions<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given.get() > MAX_LINE_BYTES {
            return Err(io::Error::other(format!("one of its lines has more than {MAX_LINE_BYTES} bytes")));
        }
        let count = self.text.read(buffer)?;
        self.given.set(self.given.get() + count);
        Ok(count)
    }
}

fn separated(bytes: &[u8]) -> Result<Roster> {
    // A byte order mark or valid UTF-8 is UTF-8; anything else is what Chinese spreadsheets write.
    let text = match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding.decode(bytes).0,
        None => match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => {
                let (text, _, had_errors) = encoding_rs::GB18030.decode(bytes);
                if had_errors {
                    bail!("it is neither UTF-8 nor GB18030");
                }
                text
            }
        },
    };
    let first = text.lines().next().unwrap_or_default();
    let delimiter = [b',', b'\t', b';'].into_iter().max_by_key(|d| first.matches(char::from(*d)).count()).unwrap_or(b',');
    let given = Cell::new(0);
    let portions = Portions { text: text.as_bytes(), given: &given };
    let mut lines = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(portions);
    let mut reading = Reading::default();
    for line in lines.records() {
        given.set(0);
        let line = line?;
        if line.len() > MAX_CELLS {
            bail!("one of its lines has more than {MAX_CELLS} cells");
        }
        reading.take(&line.iter().map(str::to_owned).collect::<Vec<_>>())?;
    }
    reading.end()
}

/// Reads the first sheet cell by cell. A library's table of the whole sheet is as large as its outermost cells say, and a
/// file of two cells can say 17,000,000,000.
fn spreadsheet(bytes: Vec<u8>) -> Result<Roster> {
    check_unpacked(&bytes, MAX_UNPACKED_BYTES)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes))?;
    let sheet = book.sheet_names().first().cloned().context("it has no sheet")?;
    let mut cells = book.worksheet_cells_reader(&sheet)?;
    let mut reading = Reading::default();
    let (mut line, mut current): (Vec<String>, u32) = (Vec::new(), 0);
    while let Some(found) = cells.next_cell()? {
        let ((row, column), value) = (found.get_position(), found.get_value());
        // Cells that only have a colour or a border reach far beyond the people.
        if matches!(value, DataRef::Empty) {
            continue;
        }
        let place = column as usize;
        if place >= MAX_CELLS {
            bail!("it has more than {MAX_CELLS} columns");
        }
        if row as usize > MAX_PEOPLE {
            bail!("it has more than {MAX_PEOPLE} lines; split it");
        }
        if row < current {
            bail!("its lines are not in order; save it again with a spreadsheet program");
        }
        if row > current {
            if !line.is_empty() {
                reading.take(&line)?;
                line.clear();
            }
            current = row;
        }
        if reading.wants(place) {
            if line.len() <= place {
                line.resize(place + 1, String::new());
            }
            line[place] = cell(value).with_context(|| format!("line {}", row + 1))?;
        }
    }
    if !line.is_empty() {
        reading.take(&line)?;
    }
    reading.end()
}

/// Attack: a thousand bytes unpack to a million. The sizes in the file's own directory are claims, so it is unpacked and counted.
fn check_unpacked(bytes: &[u8], most: u64) -> Result<()> {
    let mut parts = zip::ZipArchive::new(Cursor::new(bytes))?;
    let mut left = most;
    for index in 0..parts.len() {
        let mut part = parts.by_index(index)?.take(left + 1);
        let count = io::copy(&mut part, &mut io::sink())?;
        left = left
            .checked_sub(count)
            .with_context(|| format!("it unpacks to more than {} MB; save it as CSV  解压后过大，请另存为 CSV", most >> 20))?;
    }
    Ok(())
}

/// A cell as text. Numbers that the spreadsheet cannot have kept are refused: a photo under a falsified number is worse
/// than none.
fn cell(value: &DataRef<'_>) -> Result<String> {
    let number = match value {
        DataRef::Float(number) => Some(*number),
        // Bound: an integer beyond 2^53 is far beyond what is refused, however it is rounded.
        DataRef::Int(number) => Some(*number as f64),
        _ => None,
    };
    match number {
        Some(number) if number.abs() >= FALSIFIED => bail!(
            "a number of more than 15 digits has lost its last digits in the spreadsheet. \
             Format the column as text and enter the numbers again. \
             超过 15 位的号码在表格中已失真，请把该列设为“文本”格式后重新录入。"
        ),
        Some(number) if number.fract() == 0.0 => Ok(format!("{number:.0}")),
        _ => Ok(kept(&calamine::Data::from(value.clone()).to_string())),
    }
}

#[cfg(test)]
mod tests {
    //! Encodings, separators, and headings nobody knows.
    use super::*;

    fn read(bytes: &[u8]) -> Result<Roster> {
        separated(bytes)
    }

    /// A spreadsheet with this sheet.
    fn book(rows: &str) -> Vec<u8> {
        use std::io::Write;
        let parts = [
            (
                "_rels/.rels",
                r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#.to_owned(),
            ),
            (
                "xl/workbook.xml",
                r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="people" sheetId="1" r:id="rId1"/></sheets></workbook>"#.to_owned(),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#.to_owned(),
            ),
            (
                "xl/worksheets/sheet1.xml",
                format!(r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#),
            ),
        ];
        let mut file = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in parts {
            file.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }
        file.finish().unwrap().into_inner()
    }

    fn text(place: &str, text: &str) -> String {
        format!(r#"<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>"#)
    }

    #[test]
    fn a_spreadsheet_is_read_whatever_stands_beside_the_people() {
        let rows = [
            format!("<row r=\"2\">{}{}{}</row>", text("A2", "备注"), text("B2", "姓名"), text("C2", "学号")),
            format!("<row r=\"4\"><c r=\"A4\"><v>6222020000000000000</v></c>{}<c r=\"C4\"><v>20260001</v></c></row>", text("B4", "张三")),
            "<row r=\"5\"><c r=\"XFD5\" s=\"1\"/></row>".to_owned(),
        ];
        let wanted = [Entry { id: "20260001".into(), name: "张三".into(), file: String::new() }];
        assert_eq!(spreadsheet(book(&rows.concat())).unwrap().entries, wanted);
    }

    #[test]
    fn numbers_that_a_spreadsheet_has_falsified_are_refused() {
        for (number, is_kept) in [("110101199001011000", false), ("1.10101199001011E+17", false), ("999999999999999", true)] {
            let rows = format!("<row r=\"1\">{}</row><row r=\"2\"><c r=\"A2\"><v>{number}</v></c></row>", text("A1", "证件号"));
            match spreadsheet(book(&rows)) {
                Ok(roster) => assert!(is_kept && roster.entries[0].id == number, "{roster:?}"),
                Err(error) => assert!(!is_kept && format!("{error:#}").contains("as text"), "{error:#}"),
            }
        }
        assert!(cell(&DataRef::Int(110_101_199_001_011_000)).is_err());
        assert_eq!(cell(&DataRef::Int(42)).unwrap(), "42");
    }

    #[test]
    fn two_cells_far_apart_take_no_memory() {
        let far = |place: &str, row: u32| format!("<row r=\"1\">{}</row><row r=\"{row}\">{}</row>", text("A1", "id"), text(place, "1"));
        for (place, row) in [("XFD1048576", 1_048_576), ("A1048576", 1_048_576), ("XFD2", 2)] {
            let error = spreadsheet(book(&far(place, row))).unwrap_err();
            assert!(error.to_string().contains("more than"), "{error}");
        }
        assert_eq!(spreadsheet(book(&far("A100001", 100_001))).unwrap().entries.len(), 1);
    }

    #[test]
    fn a_spreadsheet_that_unpacks_to_too_much_is_refused_before_it_is_read() {
        let file = book(&"<row/>".repeat(400_000));
        assert!(file.len() < 40_000, "{} bytes packed", file.len());
        assert!(check_unpacked(&file, 3 << 20).is_ok());
        let error = check_unpacked(&file, 2 << 20).unwrap_err();
        assert!(error.to_string().contains("more than 2 MB"), "{error}");
        let bomb = book(&" ".repeat(MAX_UNPACKED_BYTES as usize));
        let error = spreadsheet(bomb).unwrap_err();
        assert!(error.to_string().contains("more than 128 MB"), "{error}");
    }

    #[test]
    fn a_line_of_nothing_but_commas_is_refused_soon() {
        let error = read(format!("id,name\n{}", ",".repeat(64)).as_bytes()).unwrap_err();
        assert!(error.to_string().contains("64 cells"), "{error}");
        assert_eq!(read(format!("id,name\n1{}\n", ",".repeat(63)).as_bytes()).unwrap().entries.len(), 1);
        for hostile in [",".repeat(1 << 22), "a\"b,,,,".repeat(1 << 18), "\"\n\",".repeat(1 << 20)] {
            let error = read(format!("id,name\n{hostile}").as_bytes()).unwrap_err();
            assert!(error.to_string().contains("bytes"), "{error}");
        }
    }

    #[test]
    fn utf8_gb18030_and_tabs_say_the_same() {
        let text = "姓名,证件号,照片\n张三,110101199001011234,a.jpg\n";
        let wanted = vec![Entry { file: "a.jpg".into(), id: "110101199001011234".into(), name: "张三".into() }];
        assert_eq!(read(text.as_bytes()).unwrap().entries, wanted);
        assert_eq!(read(format!("\u{feff}{text}").as_bytes()).unwrap().entries, wanted);
        assert_eq!(read(&encoding_rs::GB18030.encode(text).0).unwrap().entries, wanted);
        assert_eq!(read(text.replace(',', "\t").as_bytes()).unwrap().entries, wanted);
    }

    #[test]
    fn empty_lines_are_no_people_and_short_lines_are() {
        let roster = read(b"id,name,file\n\n1\n,,\n2,Li,b.png,more\n").unwrap();
        assert_eq!(roster.entries.iter().map(|e| e.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    }

    #[test]
    fn what_is_no_roster_is_refused_in_words() {
        let error = format!("{:#}", read(b"a,b\n1,2\n").unwrap_err());
        assert!(error.contains("证件号"), "{error}");
        assert!(read(b"").is_err());
        assert!(read(&[0xff, 0xff, 0x00, 0x81]).is_err());
    }
}
