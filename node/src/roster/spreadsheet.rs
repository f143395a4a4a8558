//! XLSX, cell by cell. A library's table of the whole sheet is as large as its outermost cells say, and a file of two cells can say 17,000,000,000.

use super::{
    Cell, HEADING_LINES, Line, MAX_CELL_CHARS, MAX_CELLS, MAX_PEOPLE, Options, Roster,
    fault::{CellFault, RosterFault},
    headings::Columns,
    people::Reading,
    preview::{Preview, Sheet},
};
use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use std::{
    collections::HashSet,
    io::{self, Cursor, Read},
};

/// Bound: bytes of a spreadsheet, unpacked. Its shared texts are all kept while it is read, and a text of five bytes takes thirty;
/// a hundred thousand people of ten columns have 40 MB.
pub(super) const MAX_UNPACKED_BYTES: u64 = 128 * 1024 * 1024;
/// From here on spreadsheets no longer keep every digit of a number: the 18 digits of a person become 15 and three zeros.
const FALSIFIED: f64 = 1e15;

type Book = Xlsx<Cursor<Vec<u8>>>;

pub(super) fn read(bytes: Vec<u8>, options: &Options) -> Result<Roster, RosterFault> {
    check_unpacked(&bytes, MAX_UNPACKED_BYTES)?;
    let mut book: Book = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let sheets: Vec<Sheet> = book
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .map(|sheet| Sheet { name: sheet.name.clone(), hidden: sheet.visible != SheetVisible::Visible })
        .collect();
    let chosen = choose(&mut book, &sheets, options)?;
    let others = sheets.iter().filter(|sheet| sheet.name != chosen).cloned().collect();
    let preview = Preview { sheet: Some(chosen.clone()), other_sheets: others, ..Preview::default() };
    let unsolved = formulas_without_value(&mut book, &chosen)?;
    let mut reading = Reading::new(options, preview);
    each_line(&mut book, &chosen, &unsolved, &mut |line| reading.take(line).map(|()| true))?;
    reading.end()
}

/// The sheet that was named, else the first that is seen and has headings.
fn choose(book: &mut Book, sheets: &[Sheet], options: &Options) -> Result<String, RosterFault> {
    let names = sheets.iter().map(|sheet| sheet.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(wanted) = &options.sheet {
        return sheets.iter().find(|sheet| sheet.name == *wanted).map(|sheet| sheet.name.clone()).ok_or_else(|| {
            RosterFault::new(format!("没有名为“{wanted}”的工作表，有：{names}。"), format!("it has no sheet {wanted}; there are {names}"))
        });
    }
    let seen: Vec<&Sheet> = sheets.iter().filter(|sheet| !sheet.hidden).collect();
    for sheet in &seen {
        if has_headings(book, &sheet.name, options)? {
            return Ok(sheet.name.clone());
        }
    }
    for sheet in sheets.iter().filter(|sheet| sheet.hidden) {
        if has_headings(book, &sheet.name, options)? {
            let name = &sheet.name;
            return Err(RosterFault::new(
                format!("只有隐藏的工作表“{name}”有认得的表头。请取消隐藏并核对，或用 --sheet {name} 指定。"),
                format!("only the hidden sheet {name} has headings that are known; unhide and check it, or say --sheet {name}"),
            ));
        }
    }
    // The reading of the first one says what it lacks.
    seen.first().map(|sheet| sheet.name.clone()).ok_or_else(|| RosterFault::new("其中没有可见的工作表。", "it has no sheet that is seen"))
}

fn has_headings(book: &mut Book, sheet: &str, options: &Options) -> Result<bool, RosterFault> {
    let mut lines = Vec::new();
    each_line(book, sheet, &HashSet::new(), &mut |line| {
        lines.push(line);
        Ok(lines.len() < HEADING_LINES)
    })?;
    // A choice that does not fit is said by the reading.
    Ok(Columns::find(&lines, options).map_or(true, |found| found.is_some()))
}

/// Cells with a formula whose result no program has written.
fn formulas_without_value(book: &mut Book, sheet: &str) -> Result<HashSet<(u32, u32)>, RosterFault> {
    let mut found = HashSet::new();
    let mut cells = book.worksheet_cells_reader(sheet).map_err(damaged)?;
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(damaged)? {
        let is_empty = matches!(cell.value, DataRef::Empty);
        if cell.formula.is_some() && is_empty && (cell.pos.1 as usize) < MAX_CELLS && found.len() < MAX_PEOPLE {
            let _ = found.insert(cell.pos);
        }
    }
    Ok(found)
}

/// Hands on line by line until `take` has enough.
fn each_line(
    book: &mut Book,
    sheet: &str,
    unsolved: &HashSet<(u32, u32)>,
    take: &mut dyn FnMut(Line) -> Result<bool, RosterFault>,
) -> Result<(), RosterFault> {
    let mut cells = book.worksheet_cells_reader(sheet).map_err(damaged)?;
    let (mut line, mut current): (Vec<Cell>, u32) = (Vec::new(), 0);
    while let Some((found, style)) = cells.next_cell_with_style_id().map_err(damaged)? {
        let ((row, column), value) = (found.get_position(), found.get_value());
        let is_unsolved = unsolved.contains(&(row, column));
        // Cells that only have a colour or a border reach far beyond the people.
        if matches!(value, DataRef::Empty) && !is_unsolved {
            continue;
        }
        check_place(row, column, current)?;
        if row > current {
            if !line.is_empty() && !take(Line { number: current as usize + 1, cells: std::mem::take(&mut line) })? {
                return Ok(());
            }
            current = row;
        }
        let place = column as usize;
        if line.len() <= place {
            line.resize(place + 1, Cell::default());
        }
        let format =
            cells.styles().get(style).and_then(|style| style.number_format.as_ref()).map_or("General", |format| &format.format_code);
        let (text, fault) = if is_unsolved { (String::new(), Some(CellFault::Formula)) } else { cell(value, format) };
        line[place] = Cell { text, fault, place: format!("{}{}", letters(column), row + 1) };
    }
    if !line.is_empty() {
        let _ = take(Line { number: current as usize + 1, cells: line })?;
    }
    Ok(())
}

fn check_place(row: u32, column: u32, current: u32) -> Result<(), RosterFault> {
    if column as usize >= MAX_CELLS {
        return Err(RosterFault::new(format!("它超过 {MAX_CELLS} 列。"), format!("it has more than {MAX_CELLS} columns")));
    }
    if row as usize > MAX_PEOPLE {
        return Err(RosterFault::new(
            format!("它超过 {MAX_PEOPLE} 行，请拆分。"),
            format!("it has more than {MAX_PEOPLE} lines; split it"),
        ));
    }
    if row < current {
        return Err(RosterFault::new(
            "它的行顺序错乱，请用 Excel 或 WPS 重新保存。",
            "its lines are not in order; save it again with a spreadsheet program",
        ));
    }
    Ok(())
}

/// The name of a column: A to BL.
fn letters(column: u32) -> String {
    let letter = |at: u32| char::from(b'A' + (at % 26) as u8);
    if column < 26 { letter(column).to_string() } else { format!("{}{}", letter(column / 26 - 1), letter(column)) }
}

/// A cell as text.
fn cell(value: &DataRef<'_>, format: &str) -> (String, Option<CellFault>) {
    let of_number = |value: f64| match number(value, format) {
        Ok(text) => (text, None),
        Err(fault) => (value.to_string(), Some(fault)),
    };
    match value {
        DataRef::Empty => (String::new(), None),
        DataRef::String(text) => of_text(text),
        DataRef::SharedString(text) => of_text(text),
        DataRef::Float(value) => of_number(*value),
        // Bound: an integer beyond 2^53 is far beyond what is refused, however it is rounded.
        DataRef::Int(value) => of_number(*value as f64),
        DataRef::Bool(value) => (value.to_string(), Some(CellFault::Boolean)),
        DataRef::Error(error) => (error.to_string(), Some(CellFault::Error(error.to_string()))),
        _ => (String::new(), Some(CellFault::Date)),
    }
}

fn of_text(text: &str) -> (String, Option<CellFault>) {
    let text = text.trim();
    let fault = (text.chars().count() > MAX_CELL_CHARS).then_some(CellFault::TooLong);
    (text.chars().take(MAX_CELL_CHARS).collect(), fault)
}

/// A number as it is shown.
fn number(value: f64, format: &str) -> Result<String, CellFault> {
    if value.abs() >= FALSIFIED {
        return Err(CellFault::LostDigits);
    }
    if value.fract() != 0.0 || value < 0.0 {
        return Err(CellFault::NotWhole);
    }
    match shape(format) {
        Shape::Padded(width) => Ok(format!("{value:0width$.0}")),
        Shape::Plain => Ok(format!("{value:.0}")),
        Shape::Other => Err(CellFault::Format(format.to_owned())),
    }
}

enum Shape {
    /// Zeros before the number up to so many digits.
    Padded(usize),
    Plain,
    /// Something stands in the cell that is not in the number.
    Other,
}

/// What a number format makes of a whole number (ECMA-376, part 1, 18.8.31).
fn shape(format: &str) -> Shape {
    let first = format.split(';').next().unwrap_or_default();
    if first.eq_ignore_ascii_case("General") || first == "@" || first.is_empty() {
        return Shape::Plain;
    }
    let mut bare = String::new();
    let mut characters = first.chars();
    while let Some(character) = characters.next() {
        match character {
            // A gap as wide as the next character, a fill, a colour or condition: nothing of a number.
            '_' | '*' => _ = characters.next(),
            '[' => _ = characters.by_ref().find(|end| *end == ']'),
            ' ' => {}
            other => bare.push(other),
        }
    }
    let (whole, rest) = bare.split_once(['.', 'E', 'e']).unwrap_or((&bare, ""));
    let is_plain = |text: &str, known: &str| text.chars().all(|character| known.contains(character));
    if !whole.is_empty() && is_plain(whole, "0") && rest.is_empty() {
        return if whole.len() > 1 && whole.len() <= 32 { Shape::Padded(whole.len()) } else { Shape::Plain };
    }
    let zeros = whole.matches('0').count();
    // Digits may be grouped or shown as a power; the number is what was typed.
    if zeros <= 1 && is_plain(whole, "#,0?") && is_plain(rest, "0#?+-Ee") { Shape::Plain } else { Shape::Other }
}

/// Attack: a thousand bytes unpack to a million. The sizes in the file's own directory are claims, so it is unpacked and counted.
pub(super) fn check_unpacked(bytes: &[u8], most: u64) -> Result<(), RosterFault> {
    let broken = |_| RosterFault::new("文件不完整或已损坏，请重新复制或保存。", "the file is damaged or incomplete; copy or save it again");
    let mut parts = zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if parts.index_for_name("xl/workbook.xml").is_none() && parts.index_for_name("[Content_Types].xml").is_none() {
        return Err(RosterFault::new(
            "它是压缩包或其他程序的文件（如 .ods、.numbers），不是 .xlsx。请另存为 .xlsx。",
            "it is an archive or a file of another program (such as .ods, .numbers) and no .xlsx; save it as .xlsx",
        ));
    }
    if parts.index_for_name("xl/workbook.bin").is_some() || parts.index_for_name("word/document.xml").is_some() {
        return Err(RosterFault::new("它是 .xlsb 或 Word 文件。请另存为 .xlsx。", "it is an .xlsb or a Word file; save it as .xlsx"));
    }
    let mut left = most;
    for index in 0..parts.len() {
        let mut part = parts.by_index(index).map_err(|_| broken(zip::result::ZipError::FileNotFound))?.take(left + 1);
        let count = io::copy(&mut part, &mut io::sink()).map_err(|_| broken(zip::result::ZipError::FileNotFound))?;
        left = left.checked_sub(count).ok_or_else(|| {
            RosterFault::new("它解压后过大，请另存为 CSV。", format!("it unpacks to more than {} MB; save it as CSV", most >> 20))
        })?;
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn damaged(error: XlsxError) -> RosterFault {
    RosterFault::new(
        format!("它不是完整的 .xlsx 文件，请用 Excel 或 WPS 重新保存。（{error}）"),
        format!("it is no whole .xlsx file; save it again with a spreadsheet program ({error})"),
    )
}
