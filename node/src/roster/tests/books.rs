//! Spreadsheets of the tests' own making.

use std::io::{Cursor, Write};

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";

/// A spreadsheet with one sheet.
pub(super) fn book(rows: &str) -> Vec<u8> {
    books(&[("people", false, rows)])
}

/// A spreadsheet with sheets by name, hidden or not. Styles: 1 eight digits, 2 a day, 3 text around the number, 4 as spreadsheets write whole numbers.
pub(super) fn books(sheets: &[(&str, bool, &str)]) -> Vec<u8> {
    let (mut list, mut relations) = (String::new(), String::new());
    for (at, (name, hidden, _)) in sheets.iter().enumerate() {
        let (id, state) = (at + 1, if *hidden { "hidden" } else { "visible" });
        list += &format!(r#"<sheet name="{name}" sheetId="{id}" state="{state}" r:id="rId{id}"/>"#);
        relations += &format!(r#"<Relationship Id="rId{id}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{id}.xml"/>"#);
    }
    relations += &format!(r#"<Relationship Id="rId99" Type="{OFFICE}/styles" Target="styles.xml"/>"#);
    let formats = r#"<numFmt numFmtId="164" formatCode="00000000"/><numFmt numFmtId="165" formatCode="&quot;S&quot;000"/><numFmt numFmtId="166" formatCode="0_);[Red]\(0\)"/>"#;
    let styles = [0, 164, 14, 165, 166].map(|id| format!(r#"<xf numFmtId="{id}"/>"#)).concat();
    let mut parts = vec![
        (
            "_rels/.rels".to_owned(),
            format!(
                r#"<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
            ),
        ),
        ("xl/workbook.xml".to_owned(), format!(r#"<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{list}</sheets></workbook>"#)),
        ("xl/_rels/workbook.xml.rels".to_owned(), format!(r#"<Relationships xmlns="{PACKAGE}">{relations}</Relationships>"#)),
        (
            "xl/styles.xml".to_owned(),
            format!(
                r#"<styleSheet xmlns="{MAIN}"><numFmts count="3">{formats}</numFmts><cellXfs count="5">{styles}</cellXfs></styleSheet>"#
            ),
        ),
    ];
    for (at, (_, _, rows)) in sheets.iter().enumerate() {
        parts.push((
            format!("xl/worksheets/sheet{}.xml", at + 1),
            format!(r#"<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>"#),
        ));
    }
    let mut file = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        file.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }
    file.finish().unwrap().into_inner()
}

pub(super) fn text(place: &str, text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(r#"<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>"#)
}

/// A number in a style.
pub(super) fn number(place: &str, style: usize, value: &str) -> String {
    format!(r#"<c r="{place}" s="{style}"><v>{value}</v></c>"#)
}
