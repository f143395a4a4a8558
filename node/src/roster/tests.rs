//! Rosters as people send them.

use super::{Entry, Options, Role, Roster, RosterFault, spreadsheet};
use proptest::prelude::*;
use std::io::{Cursor, Write};

mod books;
mod laws;

use books::{book, books, number, text};

fn read(bytes: &[u8]) -> Result<Roster, RosterFault> {
    Roster::of(bytes.to_vec(), &Options::default())
}

fn with(bytes: &[u8], options: Options) -> Result<Roster, RosterFault> {
    Roster::of(bytes.to_vec(), &options)
}

fn people(bytes: &[u8]) -> Vec<(String, String)> {
    read(bytes).unwrap_or_else(|fault| panic!("{fault}")).entries.into_iter().map(|entry| (entry.id, entry.name)).collect()
}

/// Every part stands in both languages, or in one of them.
fn refused(bytes: &[u8], parts: &[&str]) {
    let fault = read(bytes).map(|roster| roster.entries).unwrap_err();
    let all = fault.to_string();
    assert!(parts.iter().all(|part| all.contains(part)), "{all}");
    assert!(!fault.text.zh.is_ascii() && !fault.text.en.is_empty());
}

fn three() -> Vec<(String, String)> {
    let people = [("119999199003070019", "测试甲"), ("119999198511120022", "测试乙"), ("11999920010228005X", "测试丙")];
    people.map(|(id, name)| (id.to_owned(), name.to_owned())).to_vec()
}

const TABLE: &str = "姓名,身份证号\n测试甲,119999199003070019\n测试乙,119999198511120022\n测试丙,11999920010228005X\n";

#[test]
fn headings_are_found_below_titles_behind_a_hint_and_under_other_words() {
    for heading in [
        "名字,身份证号码",
        "学生姓名,证件号码",
        "*姓名,*身份证件号码",
        "Name,ID Number",
        "姓名（必填）,身份证号（18位）：",
        "﻿姓 名 ,公民身份号码",
    ] {
        assert_eq!(people(TABLE.replace("姓名,身份证号", heading).as_bytes()), three(), "{heading}");
    }
    assert_eq!(people(format!("sep=;\r\n{}", TABLE.replace(',', ";")).as_bytes()), three());
    assert_eq!(people(format!("2026 届名单\n填表单位：测试,,\n\n{TABLE}").as_bytes()), three());
    for separator in [";", "\t", "|", "，", "；"] {
        assert_eq!(people(TABLE.replace(',', separator).as_bytes()), three(), "{separator}");
    }
    refused("a,b\n1,2\n".as_bytes(), &["seen: a, b", "证件号"]);
    refused(b"", &["empty"]);
    refused("姓名\n".as_bytes(), &["nobody stands below"]);
}

#[test]
fn the_surest_column_is_taken_said_and_can_be_chosen() {
    let table = "编号,姓名,身份证号,学号,班级\n1,测试甲,119999199003070019,S1,一班\n2,测试乙,119999198511120022,S2,二班\n";
    let roster = read(table.as_bytes()).unwrap();
    assert_eq!(roster.entries[0].id, "119999199003070019");
    let said: Vec<String> = roster.preview.lines().into_iter().flat_map(|text| [text.zh, text.en]).collect();
    assert!(
        said.iter().any(|line| line.contains("号码＝身份证号")) && said.iter().any(|line| line.contains("not used: 编号, 学号, 班级")),
        "{said:?}"
    );
    for (wanted, id) in [("学号", "S1"), ("#1", "1"), ("学 号*", "S1")] {
        let options = Options { columns: vec![(Role::Id, wanted.into())], ..Options::default() };
        assert_eq!(with(table.as_bytes(), options).unwrap().entries[0].id, id);
    }
    let options = Options { columns: vec![(Role::Id, "-".into())], ..Options::default() };
    assert_eq!(with(table.as_bytes(), options).unwrap().entries[0].id, "");
    let options = Options { columns: vec![(Role::Id, "工号".into())], ..Options::default() };
    assert!(with(table.as_bytes(), options).unwrap_err().text.en.contains("0 columns are called so"));
    refused("姓名,姓名,学号\n甲,乙,1\n".as_bytes(), &["--column name=#NUMBER", "第 1 列"]);
}

#[test]
fn a_quote_that_is_not_closed_is_refused_by_its_line() {
    refused(
        "姓名,身份证号,备注\n测试甲,119999199003070019,5\"显示器\n测试乙,119999198511120022,\"未闭合\n测试丙,11999920010228005X,x\n"
            .as_bytes(),
        &["line 3", "第 3 行"],
    );
    refused("姓名,学号,备注\n甲,1,\"未闭合\n乙,2,\"x\"\n".as_bytes(), &["line 2"]);
    refused("姓名,学号,备注\n甲,1,\"未闭合\n乙,2,x\n丙,3,\"\n".as_bytes(), &["line 2"]);
    let good = "姓名,学号,备注\n\"甲\",1,\"两行\n的 \"\"备注\"\"，有逗号\"\n乙,2,5\"显示器\n";
    assert_eq!(people(good.as_bytes()), [("1".into(), "甲".into()), ("2".into(), "乙".into())]);
}

#[test]
fn equal_lines_are_one_person_and_one_number_is_never_two() {
    let twice = format!("{TABLE}测试甲,119999199003070019\n测试乙 ,119999198511120022\n测试丙,11999920010228005x\n");
    let roster = read(twice.as_bytes()).unwrap();
    assert_eq!((roster.entries.len(), roster.preview.equal_lines.as_slice()), (3, &[(2, 5), (3, 6), (4, 7)][..]));
    refused(format!("{TABLE}测试丁,119999199003070019\n").as_bytes(), &["lines 2 and 5", "第 2 行和第 5 行", "测试丁"]);
    refused("姓名,学号,照片\n甲,1,a.jpg\n甲,1,b.jpg\n".as_bytes(), &["lines 2 and 3", "b.jpg"]);
    assert_eq!(read("姓名\n张伟\n张伟\n".as_bytes()).unwrap().entries.len(), 2, "of one name there may be two people");
}

#[test]
fn numbers_and_names_have_one_form() {
    let table = "姓名,身份证号\n\u{200b}测试甲,\u{202d}119999199003070019\u{202c}\n测　试　乙,１１９９９９１９８５１１１２００２２\n测试\u{fe00}丙,=\"11999920010228005x\"\n";
    assert_eq!(people(table.as_bytes()), three());
    let table = "姓名,学号\n艾力•测试,'００７\nZoe\u{308} Mu\u{308}ller,D 2\n".as_bytes();
    assert_eq!(people(table), [("007".into(), "艾力·测试".into()), ("D2".into(), "Zoë Müller".into())]);
    refused("姓名,学号\n王\u{e863},1\n".as_bytes(), &["U+E863", "line 2, column 姓名"]);
    refused("姓名,学号\n张三;李四,1\n".as_bytes(), &["separator"]);
}

#[test]
fn numbers_that_were_lost_are_refused_by_line_and_column() {
    for (heading, number) in
        [("身份证号", "1.19999E+17"), ("学号", "2.02601E+13"), ("身份证号", "119999199003070000"), ("证件号", "119999199003070000")]
    {
        refused(format!("姓名,{heading}\n测试甲,{number}\n").as_bytes(), &["line 2", heading, number, "spreadsheet"]);
    }
    refused("姓名,身份证号\n测试甲,119999199003070010\n".as_bytes(), &["第 2 行“身份证号”列", "校验位"]);
    refused("姓名,身份证号\n测试甲,119999900307001\n".as_bytes(), &["15 位"]);
    assert_eq!(people("姓名,学号\n测试甲,12E34\n".as_bytes())[0].0, "12E34");
    let foreigner = read("姓名,身份证号\n测试甲,E12345678\n".as_bytes()).unwrap();
    assert_eq!(foreigner.preview.other_documents, [2]);
    assert!(foreigner.preview.lines().iter().any(|text| text.zh.contains("不是 18 位公民身份号码")));
}

#[test]
fn an_encoding_that_is_not_sure_is_asked_for() {
    let encode = |encoding: &'static encoding_rs::Encoding, text: &str| encoding.encode(text).0.into_owned();
    assert_eq!(people(&encode(encoding_rs::GB18030, TABLE)), three());
    let big5 = encode(encoding_rs::BIG5, "姓名,身分證號\n測試甲,119999199003070019\n");
    refused(&big5, &["--encoding big5", "Big5"]);
    let options = Options { encoding: Some("big5".into()), ..Options::default() };
    assert_eq!(with(&big5, options).unwrap().entries[0].name, "測試甲");
    let latin = encode(encoding_rs::GB18030, "name,id\n张三,1\n");
    refused(&latin, &["its encoding is not sure", "gb18030: 张三"]);
    let options = Options { encoding: Some("gbk".into()), ..Options::default() };
    assert_eq!(with(&latin, options).unwrap().entries[0].name, "张三");
    let mut bad = TABLE.as_bytes().to_vec();
    let at = TABLE.find("乙").unwrap() + 2;
    bad[at] = 0xa0;
    bad.insert(at + 1, 0xff);
    refused(&bad, &["line 3", "UTF-8", "0xFF"]);
    let wide: Vec<u8> = TABLE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(people(&wide), three());
    assert_eq!(people(&[&[0xff, 0xfe], &wide[..]].concat()), three());
    refused(&[0xff, 0xff, 0x00, 0x81], &["encoding"]);
    let options = Options { encoding: Some("klingon".into()), ..Options::default() };
    assert!(with(&big5, options).unwrap_err().text.en.contains("no encoding is called klingon"));
}

#[test]
fn what_is_no_roster_is_said_in_both_languages() {
    let mut old = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    old.resize(600, 0);
    refused(&old, &["old .xls", "旧版"]);
    old.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    refused(&old, &["password", "密码"]);
    for page in ["<html><table><tr><td>1</td></tr></table></html>", "\u{feff}\n<?xml version=\"1.0\"?><Workbook/>", "MIME-Version: 1.0\n"] {
        refused(page.as_bytes(), &["web page", "网页"]);
    }
    refused(b"%PDF-1.7", &["PDF"]);
    refused(b"PK\x03\x04 cut off", &["damaged"]);
    let mut other = zip::ZipWriter::new(Cursor::new(Vec::new()));
    other.start_file("content.xml", zip::write::SimpleFileOptions::default()).unwrap();
    other.write_all(b"x").unwrap();
    refused(&other.finish().unwrap().into_inner(), &[".ods"]);
}

#[test]
fn a_spreadsheet_is_read_whatever_stands_beside_the_people() {
    let rows = [
        format!("<row r=\"2\">{}{}{}</row>", text("A2", "备注"), text("B2", "姓名"), text("C2", "学号")),
        format!("<row r=\"4\"><c r=\"A4\"><v>6222020000000000000</v></c>{}<c r=\"C4\"><v>20260001</v></c></row>", text("B4", "张三")),
        "<row r=\"5\"><c r=\"XFD5\" s=\"1\"/></row>".to_owned(),
    ];
    assert_eq!(people(&book(&rows.concat())), [("20260001".into(), "张三".into())]);
}

#[test]
fn cells_that_are_no_text_are_refused_by_their_name() {
    let one = |cell: &str, heading: &str| book(&format!("<row r=\"1\">{}</row><row r=\"2\">{cell}</row>", text("A1", heading)));
    for (cell, part) in [
        ("<c r=\"A2\" t=\"e\"><v>#N/A</v></c>", "#N/A"),
        ("<c r=\"A2\" t=\"b\"><v>1</v></c>", "TRUE"),
        ("<c r=\"A2\"><f>\"1\"&amp;\"2\"</f><v/></c>", "formula"),
        ("<c r=\"A2\"><v>1.1999919900307e+17</v></c>", "15 digits"),
        ("<c r=\"A2\"><v>1.5</v></c>", "fraction"),
        ("<c r=\"A2\"><v>-7</v></c>", "negative"),
        ("<c r=\"A2\" s=\"2\"><v>46082</v></c>", "date"),
        ("<c r=\"A2\" s=\"3\"><v>1</v></c>", "shown otherwise"),
    ] {
        refused(&one(cell, "学号"), &["cell A2", "单元格 A2", part]);
    }
    assert_eq!(people(&one(&number("A2", 1, "7"), "学号"))[0].0, "00000007");
    assert_eq!(people(&one(&number("A2", 4, "20260001"), "学号"))[0].0, "20260001");
    assert_eq!(people(&one("<c r=\"A2\" t=\"str\"><f>\"1\"&amp;\"2\"</f><v>12</v></c>", "学号"))[0].0, "12");
    let unused = format!(
        "<row r=\"1\">{}{}</row><row r=\"2\">{}<c r=\"B2\" t=\"e\"><v>#N/A</v></c></row>",
        text("A1", "姓名"),
        text("B1", "备注"),
        text("A2", "甲")
    );
    assert_eq!(people(&book(&unused))[0].1, "甲");
}

#[test]
fn the_first_sheet_that_is_seen_and_has_headings_is_read() {
    let sheet = |name: &str| format!("<row r=\"1\">{}</row><row r=\"2\">{}</row>", text("A1", "姓名"), text("A2", name));
    let cover = format!("<row r=\"1\">{}</row>", text("A1", "说明"));
    let three =
        books(&[("dict", true, &sheet("旧人")), ("封面", false, &cover), ("名单", false, &sheet("新人")), ("备份", false, &sheet("别人"))]);
    let roster = read(&three).unwrap();
    assert_eq!((roster.entries[0].name.as_str(), roster.preview.sheet.as_deref()), ("新人", Some("名单")));
    assert!(roster.preview.lines().iter().any(|text| text.zh.contains("dict（隐藏）") && text.en.contains("备份")));
    let options = Options { sheet: Some("dict".into()), ..Options::default() };
    assert_eq!(with(&three, options).unwrap().entries[0].name, "旧人");
    refused(&books(&[("dict", true, &sheet("旧人")), ("封面", false, &cover)]), &["only the hidden sheet dict", "隐藏"]);
}

#[test]
fn what_others_of_the_same_kinds_do_is_no_person_either() {
    let again = read("姓名,学号\n甲,1\n姓 名,学号：\n乙,2\n".as_bytes()).unwrap();
    assert_eq!((again.entries.len(), again.preview.headings_again.as_slice()), (2, &[3][..]));
    refused("姓名\n测试甲 119999199003070019\n".as_bytes(), &["a number stands in the name"]);
    assert_eq!(people("\"姓名\" , \"学号\"\n\"甲\" , \"1\"\n".as_bytes()), [("1".into(), "甲".into())]);
    refused("姓名,身份证号\n测试甲,119999********0019\n".as_bytes(), &["line 2"]);
    assert_eq!(people("编号：2026-01\n姓名：\n姓名,身份证号\n测试甲,119999199003070019\n".as_bytes())[0].1, "测试甲");
    assert_eq!(people(TABLE.replace('\n', "\r").as_bytes()), three());
    refused("姓名,学号\n张三;1\n".as_bytes(), &["separator"]);
    refused("[{\"姓名\":\"测试甲\",\"身份证号\":\"119999199003070019\"}]".as_bytes(), &["line 1"]);
}

#[test]
fn two_cells_far_apart_take_no_memory() {
    let far = |place: &str, row: u32| format!("<row r=\"1\">{}</row><row r=\"{row}\">{}</row>", text("A1", "id"), text(place, "1"));
    for (place, row) in [("XFD1048576", 1_048_576), ("A1048576", 1_048_576), ("XFD2", 2)] {
        refused(&book(&far(place, row)), &["more than"]);
    }
    assert_eq!(people(&book(&far("A100001", 100_001))).len(), 1);
}

#[test]
fn a_spreadsheet_that_unpacks_to_too_much_is_refused_before_it_is_read() {
    let file = book(&"<row/>".repeat(400_000));
    assert!(file.len() < 40_000, "{} bytes packed", file.len());
    assert!(spreadsheet::check_unpacked(&file, 3 << 20).is_ok());
    assert!(spreadsheet::check_unpacked(&file, 2 << 20).unwrap_err().text.en.contains("more than 2 MB"));
    refused(&book(&" ".repeat(spreadsheet::MAX_UNPACKED_BYTES as usize)), &["more than 128 MB"]);
}

#[test]
fn a_line_of_nothing_but_commas_is_refused_soon() {
    refused(format!("id,name\n{}", ",".repeat(64)).as_bytes(), &["64 cells"]);
    assert_eq!(read(format!("id,name\n1{}\n", ",".repeat(63)).as_bytes()).unwrap().entries.len(), 1);
    for hostile in [",".repeat(1 << 22), "a\"b,,,,".repeat(1 << 18), "\"\n\",".repeat(1 << 20), format!("\"{}", "\"\"".repeat(1 << 20))] {
        assert!(read(format!("id,name\n{hostile}").as_bytes()).is_err());
    }
}

#[test]
fn empty_lines_are_no_people_and_short_lines_are() {
    assert_eq!(people(b"id,name,file\n\n1\n,,\n2,Li,b.png,more\n").iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
}

#[test]
fn the_photo_column_keeps_the_last_part_of_a_path() {
    let roster = read("姓名,照片\n甲,C:\\照片\\a.jpg\n乙,x/b.JPG\n丙,c\n".as_bytes()).unwrap();
    assert_eq!(roster.entries.iter().map(|entry: &Entry| entry.file.as_str()).collect::<Vec<_>>(), ["a.jpg", "b.JPG", "c"]);
}

proptest! {
    #[test]
    fn any_bytes_are_taken_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
        let _ = read(&[b"id,name\n", &bytes[..]].concat());
    }
}
