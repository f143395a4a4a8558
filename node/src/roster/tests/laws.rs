//! Any roster of the test's own making comes back with the same people, whichever way it was saved.

use super::{
    super::{Options, Roster, separated::SEPARATORS},
    books::{book, text},
};
use proptest::prelude::*;

#[derive(Debug, Clone)]
struct Person {
    id: String,
    name: String,
    file: String,
}

/// Names in characters that every encoding here has.
fn person() -> impl Strategy<Value = (u32, String, String, bool)> {
    let name = prop_oneof!["[一丁七三上下中大小山川王李田林金]{2,4}", "[一三王李金]{2}·[一三王李金]{2}", "[A-Z][a-z]{1,6} [A-Z][a-z]{1,8}"];
    (0_u32..100_000, name, "[a-z]{1,6}\\.(jpg|png)", any::<bool>())
}

fn roster() -> impl Strategy<Value = Vec<Person>> {
    proptest::collection::btree_map(0_u32..100_000, person(), 1..12).prop_map(|people| {
        let person = |(number, (school, name, file, with_file)): (u32, (u32, String, String, bool))| Person {
            id: format!("{school:05}{number:05}"),
            name,
            file: if with_file { file } else { String::new() },
        };
        people.into_iter().map(person).collect()
    })
}

fn cells(people: &[Person], titles: usize, order: usize) -> Vec<Vec<String>> {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let in_order = |cells: [&str; 3]| orders[order].map(|at| cells[at].to_owned()).to_vec();
    let mut lines: Vec<Vec<String>> = (0..titles).map(|_| vec!["一大金".to_owned(), String::new()]).collect();
    lines.push(in_order(["*姓名", "考生号", "照片"]));
    lines.extend(people.iter().map(|person| in_order([&person.name, &person.id, &person.file])));
    lines
}

fn csv(lines: &[Vec<String>], separator: char, quotes: bool, end: &str) -> String {
    let cell = |text: &String| if quotes { format!("\"{text}\"") } else { text.clone() };
    lines.iter().map(|line| line.iter().map(cell).collect::<Vec<_>>().join(&separator.to_string()) + end).collect()
}

fn xlsx(lines: &[Vec<String>]) -> Vec<u8> {
    let row = |(at, line): (usize, &Vec<String>)| {
        let cells = line.iter().enumerate().map(|(column, cell)| text(&format!("{}{}", char::from(b'A' + column as u8), at + 1), cell));
        format!("<row r=\"{}\">{}</row>", at + 1, cells.collect::<String>())
    };
    book(&lines.iter().enumerate().map(row).collect::<String>())
}

fn came_back(bytes: Vec<u8>, encoding: Option<&str>, people: &[Person]) -> Result<(), TestCaseError> {
    let options = Options { encoding: encoding.map(str::to_owned), ..Options::default() };
    let roster = Roster::of(bytes, &options).map_err(|fault| TestCaseError::fail(fault.to_string()))?;
    let read: Vec<_> = roster.entries.iter().map(|entry| (&entry.id, &entry.name, &entry.file)).collect();
    let made: Vec<_> = people.iter().map(|person| (&person.id, &person.name, &person.file)).collect();
    prop_assert_eq!(read, made);
    Ok(())
}

proptest! {
    // Each case is saved some fifty times.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_roster_comes_back_through_every_encoding_and_separator(
        people in roster(), titles in 0_usize..4, order in 0_usize..6, quotes: bool, end in 0_usize..3, hint: bool,
    ) {
        let lines = cells(&people, titles, order);
        for separator in SEPARATORS {
            let mut table = csv(&lines, separator, quotes, ["\n", "\r\n", "\r"][end]);
            if hint && end < 2 {
                table = format!("sep={separator}\n{table}");
            }
            came_back(table.clone().into_bytes(), None, &people)?;
            came_back(format!("\u{feff}{table}").into_bytes(), None, &people)?;
            came_back(encoding_rs::GB18030.encode(&table).0.into_owned(), None, &people)?;
            let wide: Vec<u8> = table.encode_utf16().flat_map(u16::to_le_bytes).collect();
            came_back([&[0xff, 0xfe], &wide[..]].concat(), None, &people)?;
            came_back(wide, Some("utf-16le"), &people)?;
            let big: Vec<u8> = table.encode_utf16().flat_map(u16::to_be_bytes).collect();
            came_back([&[0xfe, 0xff], &big[..]].concat(), None, &people)?;
            came_back(big, None, &people)?;
            let (big5, _, lossy) = encoding_rs::BIG5.encode(&table);
            if !lossy {
                came_back(big5.into_owned(), Some("big5"), &people)?;
            }
        }
        came_back(xlsx(&lines), None, &people)?;
    }
}
