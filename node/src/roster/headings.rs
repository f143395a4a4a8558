//! Which column is what, by its heading.

use super::{Cell, Line, Options, fault::RosterFault, preview::Column};
use crate::service::person_name::is_hidden;
use icu_normalizer::ComposingNormalizerBorrowed;
use serde::Serialize;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The number by which a person is known.
    Id,
    /// The person's name.
    Name,
    /// The name of the picture file.
    Photo,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 3] = [Role::Id, Role::Name, Role::Photo];

    /// The word for it on the command line.
    pub fn key(self) -> &'static str {
        match self {
            Role::Id => "id",
            Role::Name => "name",
            Role::Photo => "photo",
        }
    }
}

/// Kinds of numbers, the surest first: a number of the state, of a document, of an examination, of a school, and at last any.
const IDS: [&[&str]; 5] = [
    &[
        "身份证号",
        "身份证号码",
        "身份证",
        "身份证件号",
        "身份证件号码",
        "公民身份号码",
        "公民身份证号",
        "公民身份证号码",
        "居民身份证号",
        "居民身份证号码",
        "学生身份证号",
        "学生身份证号码",
        "身分证号",
        "身分证号码",
        "身份證號",
        "身份證號碼",
        "身分證號",
        "身分證號碼",
        "身分證字號",
        "idcard",
        "idcardno",
        "idcardnumber",
        "residentid",
        "identitycard",
        "identitycardnumber",
        "sfzh",
        "sfz",
    ],
    &[
        "证件号",
        "证件号码",
        "证件编号",
        "有效证件号",
        "有效证件号码",
        "證件號",
        "證件號碼",
        "idnumber",
        "idno",
        "documentnumber",
        "documentno",
        "zjh",
        "zjhm",
    ],
    &[
        "考生号",
        "考生编号",
        "准考证号",
        "准考证号码",
        "报名号",
        "报考号",
        "报名编号",
        "考生號",
        "准考證號",
        "candidatenumber",
        "ksh",
        "zkzh",
    ],
    &[
        "学号",
        "学籍号",
        "学生编号",
        "学生号",
        "学籍编号",
        "工号",
        "职工号",
        "员工编号",
        "學號",
        "studentid",
        "studentno",
        "studentnumber",
        "employeeid",
        "xh",
    ],
    &["编号", "編號", "号码", "id", "number", "no"],
];
const NAMES: [&str; 17] = [
    "姓名",
    "名字",
    "中文姓名",
    "学生姓名",
    "考生姓名",
    "申请人",
    "申请人姓名",
    "员工姓名",
    "职工姓名",
    "人员姓名",
    "本人姓名",
    "學生姓名",
    "名稱",
    "name",
    "fullname",
    "studentname",
    "xm",
];
const PHOTOS: [&str; 19] = [
    "照片",
    "照片文件",
    "照片文件名",
    "照片名",
    "照片名称",
    "相片",
    "相片文件名",
    "图片",
    "图片文件名",
    "文件",
    "文件名",
    "照片檔名",
    "檔名",
    "file",
    "filename",
    "photo",
    "photofile",
    "picture",
    "image",
];

/// A heading without what people write around it: `*姓名`, `身份证号（必填）`, `ID Number:`.
fn plain(heading: &str) -> String {
    let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(heading);
    let mut depth = 0_u32;
    let mut text = String::new();
    for character in composed.chars().take(super::MAX_CELL_CHARS) {
        match character {
            '(' | '[' | '【' | '〔' | '{' => depth += 1,
            ')' | ']' | '】' | '〕' | '}' => depth = depth.saturating_sub(1),
            _ if depth > 0 || is_hidden(character) || character.is_whitespace() || character.is_control() => {}
            '*' | '※' | '★' | '☆' | ':' | '#' | '_' | '-' | '.' | '"' | '\'' | '、' | '√' | '●' | '·' => {}
            _ => text.extend(character.to_lowercase()),
        }
    }
    text
}

/// What a heading means, and how sure: a lesser rank goes first.
fn meaning(heading: &str) -> Option<(Role, usize)> {
    let heading = plain(heading);
    let heading = heading.as_str();
    if let Some(rank) = IDS.iter().position(|kind| kind.contains(&heading)) {
        return Some((Role::Id, rank));
    }
    let among = |role, known: &[&str]| known.iter().position(|known| *known == heading).map(|rank| (role, rank));
    among(Role::Name, &NAMES).or_else(|| among(Role::Photo, &PHOTOS))
}

pub(super) fn is_known(heading: &str) -> bool {
    meaning(heading).is_some()
}

/// Whether two headings are one but for what people write around it.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

/// How many roles the cells of a line name.
pub(super) fn score<'a>(cells: impl Iterator<Item = &'a str>) -> usize {
    let found: Vec<Role> = cells.filter_map(meaning).map(|(role, _)| role).collect();
    Role::ALL.iter().filter(|role| found.contains(role)).count()
}

/// Places of the columns that are used.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns {
    places: [Option<usize>; 3],
    headings: Vec<String>,
    /// The numbers are those of identity cards.
    pub(super) is_identity: bool,
}

impl Columns {
    pub(super) fn place(&self, role: Role) -> Option<usize> {
        self.places[role as usize]
    }

    pub(super) fn heading(&self, role: Role) -> &str {
        self.place(role).and_then(|place| self.headings.get(place)).map_or("", String::as_str)
    }

    pub(super) fn wants(&self, place: usize) -> bool {
        self.places.contains(&Some(place))
    }

    pub(super) fn said(&self) -> Vec<Column> {
        let role = |place| Role::ALL.into_iter().find(|role| self.place(*role) == Some(place));
        let headings = self.headings.iter().enumerate();
        headings
            .filter(|(place, heading)| !heading.is_empty() || self.wants(*place))
            .map(|(place, heading)| Column { place, heading: heading.clone(), role: role(place) })
            .collect()
    }

    /// The line of the first ones that names most, or none.
    pub(super) fn find(lines: &[Line], options: &Options) -> Result<Option<(usize, Columns)>, RosterFault> {
        let by_heading: Vec<String> = options.columns.iter().map(|(_, wanted)| plain(wanted)).collect();
        let points = |line: &Line| {
            let texts = || line.cells.iter().map(|cell| cell.text.as_str());
            score(texts()) + texts().filter(|text| !text.is_empty() && by_heading.contains(&plain(text))).count()
        };
        let most = lines.iter().map(points).max().unwrap_or(0);
        let by_place = options.columns.iter().any(|(_, wanted)| wanted.starts_with('#'));
        let Some(at) = lines.iter().position(|line| points(line) == most).filter(|_| most > 0 || by_place) else { return Ok(None) };
        Columns::of(&lines[at].cells, options).map(|columns| Some((at, columns)))
    }

    fn of(cells: &[Cell], options: &Options) -> Result<Columns, RosterFault> {
        let headings: Vec<String> = cells.iter().map(|cell| cell.text.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        let mut columns = Columns { headings, ..Columns::default() };
        for role in Role::ALL {
            let chosen = options.columns.iter().rev().find(|(of, _)| *of == role).map(|(_, wanted)| wanted.as_str());
            columns.places[role as usize] = match chosen {
                Some("-") => None,
                Some(wanted) => Some(columns.chosen(role, wanted)?),
                None => columns.best(role, options)?,
            };
        }
        if columns.places.iter().all(Option::is_none) {
            return Err(none_known(&columns.headings));
        }
        columns.is_identity = IDS[0].contains(&plain(columns.heading(Role::Id)).as_str());
        Ok(columns)
    }

    fn chosen(&self, role: Role, wanted: &str) -> Result<usize, RosterFault> {
        let by_place = wanted.strip_prefix('#').and_then(|place| place.parse::<usize>().ok()).and_then(|place| place.checked_sub(1));
        let fits: Vec<usize> = match by_place {
            Some(place) => vec![place],
            None => (0..self.headings.len()).filter(|place| plain(&self.headings[*place]) == plain(wanted)).collect(),
        };
        match fits.as_slice() {
            [place] => Ok(*place),
            _ => Err(RosterFault::new(
                format!(
                    "--column {}={wanted}：有 {} 列叫这个名字。表头有：{}。也可写列号，如 #3。",
                    role.key(),
                    fits.len(),
                    self.headings.join("、")
                ),
                format!(
                    "--column {}={wanted}: {} columns are called so; there are {}. A place such as #3 can be given as well",
                    role.key(),
                    fits.len(),
                    self.headings.join(", ")
                ),
            )),
        }
    }

    /// The surest column of a role; two that are equally sure are asked for.
    fn best(&self, role: Role, options: &Options) -> Result<Option<usize>, RosterFault> {
        let is_taken = |place: usize| {
            let heading = plain(&self.headings[place]);
            options.columns.iter().any(|(_, wanted)| plain(wanted) == heading || *wanted == format!("#{}", place + 1))
        };
        let ranks = self
            .headings
            .iter()
            .enumerate()
            .filter(|(place, _)| !is_taken(*place))
            .filter_map(|(place, heading)| meaning(heading).filter(|(of, _)| *of == role).map(|(_, rank)| (rank, place)));
        let ranks: Vec<(usize, usize)> = ranks.collect();
        let Some((rank, place)) = ranks.iter().min().copied() else { return Ok(None) };
        if let Some((_, other)) = ranks.iter().find(|(of, at)| *of == rank && *at != place) {
            let (one, two) = (&self.headings[place], &self.headings[*other]);
            return Err(RosterFault::new(
                format!("第 {} 列“{one}”和第 {} 列“{two}”都可用。请用 --column {}=#列号 指定一列。", place + 1, other + 1, role.key()),
                format!("columns {} ({one}) and {} ({two}) may both be meant; say --column {}=#NUMBER", place + 1, other + 1, role.key()),
            ));
        }
        Ok(Some(place))
    }
}

pub(super) fn none_known(headings: &[String]) -> RosterFault {
    let seen = headings.iter().filter(|heading| !heading.is_empty()).take(8).cloned().collect::<Vec<_>>();
    let seen = if seen.is_empty() { "–".to_owned() } else { seen.join(", ") };
    RosterFault::new(
        format!(
            "前 10 行中没有认得的表头（见到：{seen}）。需要“姓名”“身份证号”“证件号”“考生号”“学号”“照片”之一，或用 --column id=表头 指定。"
        ),
        format!(
            "its first ten lines name no column that is known (seen: {seen}): it needs one of name/姓名, 身份证号/证件号/考生号/学号/id, photo/照片, or --column id=HEADING"
        ),
    )
}
