//! The list of people: CSV in UTF-8 or GB18030 as Chinese spreadsheets save it, or XLSX.

use anyhow::{Context, Result, bail};
use calamine::{Data, Reader, Xlsx};
use serde::{Deserialize, Serialize};
use std::{
    io::{Cursor, Read},
    path::Path,
};

/// Bound: bytes of a roster file.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Bound: people of one batch.
const MAX_PEOPLE: usize = 100_000;
/// Bound: characters of one cell that are kept.
const MAX_CELL_CHARS: usize = 200;

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
        let rows = match ending.as_str() {
            "xlsx" => spreadsheet(bytes),
            "csv" | "txt" => separated(&bytes),
            _ => bail!("{}: a roster is a .csv or .xlsx file", path.display()),
        };
        Roster::of(rows.with_context(|| format!("{} is no readable table", path.display()))?)
            .with_context(|| format!("{} cannot be used as a roster", path.display()))
    }

    fn of(rows: Vec<Vec<String>>) -> Result<Roster> {
        let mut rows = rows.into_iter();
        let headings = rows.next().context("it is empty")?;
        let column = |wanted: &[&str]| headings.iter().position(|heading| wanted.contains(&heading.trim().to_lowercase().as_str()));
        let (file, id, name) = (column(&FILE_HEADINGS), column(&ID_HEADINGS), column(&NAME_HEADINGS));
        if file.is_none() && id.is_none() && name.is_none() {
            bail!(
                "its first line names no column that is known: it needs one of {} or {} or {}",
                FILE_HEADINGS.join("/"),
                ID_HEADINGS.join("/"),
                NAME_HEADINGS.join("/")
            );
        }
        let mut entries = Vec::new();
        for row in rows {
            let cell = |at: Option<usize>| {
                at.and_then(|at| row.get(at)).map(|text| text.trim().chars().take(MAX_CELL_CHARS).collect::<String>()).unwrap_or_default()
            };
            let entry = Entry { file: cell(file), id: cell(id), name: cell(name) };
            if entry != Entry::default() {
                entries.push(entry);
            }
            if entries.len() > MAX_PEOPLE {
                bail!("it has more than {MAX_PEOPLE} people; split it");
            }
        }
        Ok(Roster { entries })
    }
}

fn separated(bytes: &[u8]) -> Result<Vec<Vec<String>>> {
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
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for row in reader.records() {
        rows.push(row?.iter().map(str::to_owned).collect());
        if rows.len() > MAX_PEOPLE + 1 {
            bail!("it has more than {MAX_PEOPLE} lines; split it");
        }
    }
    Ok(rows)
}

fn spreadsheet(bytes: Vec<u8>) -> Result<Vec<Vec<String>>> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes))?;
    let range = book.worksheet_range_at(0).context("it has no sheet")??;
    Ok(range.rows().take(MAX_PEOPLE + 2).map(|row| row.iter().map(cell).collect()).collect())
}

/// Numbers of 18 digits are text in every roster that was made with care; a cell that is a number after all is written out.
fn cell(value: &Data) -> String {
    match value {
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => format!("{number:.0}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    //! Encodings, separators, and headings nobody knows.
    use super::*;

    fn read(bytes: &[u8]) -> Result<Roster> {
        Roster::of(separated(bytes)?)
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
