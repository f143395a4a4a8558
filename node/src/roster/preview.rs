//! The preview: which column was read as number, name and photo, and what was left out. People look at it before photos are made.

use super::headings::Role;
use crate::text::Text;
use serde::Serialize;

/// Bound: lines that one sentence names.
const MAX_NAMED: usize = 10;

/// A column of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// From 0.
    pub place: usize,
    /// As it stands there.
    pub heading: String,
    /// What it is used as; `None` where it is not.
    pub role: Option<Role>,
}

/// A sheet of a spreadsheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// Nobody sees it.
    pub hidden: bool,
}

/// Which columns were read, and what was left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// Encoding of a CSV file.
    pub encoding: Option<String>,
    /// What stands between its cells.
    pub separator: Option<char>,
    /// The sheet that was read.
    pub sheet: Option<String>,
    /// The others.
    pub other_sheets: Vec<Sheet>,
    /// Line of the headings, from 1.
    pub heading_line: usize,
    /// The columns with a heading.
    pub columns: Vec<Column>,
    /// People.
    pub people: usize,
    /// Lines that repeat an earlier one.
    pub equal_lines: Vec<(usize, usize)>,
    /// Lines that repeat the headings.
    pub headings_again: Vec<usize>,
    /// Lines whose number is not that of an identity card, in a column of these.
    pub other_documents: Vec<usize>,
    /// Lines without a number.
    pub without_number: Vec<usize>,
    /// Lines without a name.
    pub without_name: Vec<usize>,
}

impl Preview {
    /// In words, line by line.
    pub fn lines(&self) -> Vec<Text> {
        let mut lines = vec![self.source(), self.used()];
        let unused: Vec<&str> = self.columns.iter().filter(|column| column.role.is_none()).map(|column| column.heading.as_str()).collect();
        if !unused.is_empty() {
            lines.push(Text::new(
                format!("未使用的列：{}。要换列请用 --column id=表头。", unused.join("、")),
                format!("columns not used: {}. --column id=HEADING takes another one", unused.join(", ")),
            ));
        }
        if !self.other_sheets.is_empty() {
            let zh: Vec<String> =
                self.other_sheets.iter().map(|sheet| format!("{}{}", sheet.name, if sheet.hidden { "（隐藏）" } else { "" })).collect();
            let en: Vec<String> =
                self.other_sheets.iter().map(|sheet| format!("{}{}", sheet.name, if sheet.hidden { " (hidden)" } else { "" })).collect();
            lines.push(Text::new(format!("未读取的工作表：{}。", zh.join("、")), format!("sheets not read: {}", en.join(", "))));
        }
        if !self.equal_lines.is_empty() {
            let pairs: Vec<String> = self.equal_lines.iter().take(MAX_NAMED).map(|(first, again)| format!("{first}={again}")).collect();
            let count = self.equal_lines.len();
            lines.push(Text::new(
                format!("{count} 行与前面的行相同，按一人处理：{}。", pairs.join("、")),
                format!("{count} lines repeat an earlier one and are one person each: {}", pairs.join(", ")),
            ));
        }
        let named = [
            (
                &self.other_documents,
                "号码不是 18 位公民身份号码，按原样使用",
                "whose number is no resident identity number, taken as it is",
            ),
            (&self.without_number, "没有号码", "without a number"),
            (&self.without_name, "没有姓名", "without a name"),
        ];
        lines.extend(named.into_iter().filter(|(of, _, _)| !of.is_empty()).map(|(of, zh, en)| {
            let numbers = of.iter().take(MAX_NAMED).map(usize::to_string).collect::<Vec<_>>().join(", ");
            Text::new(format!("{} 行{zh}：第 {numbers} 行。", of.len()), format!("{} lines {en}: {numbers}", of.len()))
        }));
        lines
    }

    fn source(&self) -> Text {
        let (people, heading) = (self.people, self.heading_line);
        let (zh, en) = match (&self.sheet, &self.encoding) {
            (Some(sheet), _) => (format!("工作表“{sheet}”"), format!("sheet {sheet}")),
            (None, encoding) => {
                let (encoding, separator) = (encoding.as_deref().unwrap_or("UTF-8"), self.separator.unwrap_or(','));
                let separator = if separator == '\t' { "Tab".to_owned() } else { separator.to_string() };
                (format!("编码 {encoding}，分隔符 {separator}"), format!("encoding {encoding}, separator {separator}"))
            }
        };
        Text::new(
            format!("名单共 {people} 人；{zh}；表头在第 {heading} 行。"),
            format!("the roster has {people} people; {en}; headings in line {heading}"),
        )
    }

    fn used(&self) -> Text {
        let heading =
            |role: Role| self.columns.iter().find(|column| column.role == Some(role)).map_or("–", |column| column.heading.as_str());
        let [id, name, photo] = [Role::Id, Role::Name, Role::Photo].map(heading);
        Text::new(
            format!("使用的列：号码＝{id}，姓名＝{name}，照片＝{photo}。"),
            format!("columns used: number = {id}, name = {name}, photo = {photo}"),
        )
    }
}
