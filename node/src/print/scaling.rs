//! Asks the printing program for 100 %: a photo of 33 × 48 mm that is fitted to the printable area is none any more.
//!
//! The library that writes the PDF has no word for it, so the catalog is written once more behind the file (an incremental update, ISO 32000-1,
//! 7.5.6), with `PrintScaling None` among its viewer preferences (12.2). Nothing before it changes, so its bytes stay the same each time.

use super::receipt::PrintError;

/// The same document, which asks to be printed in its own size.
///
/// # Errors
/// It is not written as this program's PDFs are.
pub(super) fn actual_size(mut pdf: Vec<u8>) -> Result<Vec<u8>, PrintError> {
    let update = update(&pdf).ok_or_else(|| PrintError::Document("the catalog of the PDF cannot be found".to_owned()))?;
    pdf.extend(update);
    Ok(pdf)
}

fn update(pdf: &[u8]) -> Option<Vec<u8>> {
    let at = rfind(pdf, b"startxref")?;
    let before: usize = word(&pdf[at + 9..])?.parse().ok()?;
    let trailer_at = rfind(&pdf[..at], b"trailer")?;
    let trailer = std::str::from_utf8(&pdf[trailer_at + 7..at]).ok()?.trim();
    let root: u32 = word(after(trailer, "/Root ")?.as_bytes())?.parse().ok()?;
    let object = format!("\n{root} 0 obj");
    let begins = rfind(pdf, object.as_bytes())? + 1;
    let ends = begins + find(&pdf[begins..], b"endobj")?;
    let catalog = std::str::from_utf8(&pdf[begins..ends]).ok()?.trim_end().strip_suffix(">>")?;
    if catalog.contains("/ViewerPreferences") {
        return None;
    }
    let offset = pdf.len() + 1;
    let body = format!("\n{catalog}  /ViewerPreferences << /PrintScaling /None >>\n>>\nendobj\n");
    let table = pdf.len() + body.len();
    let trailer = trailer.strip_suffix(">>")?;
    let rest = format!("xref\n{root} 1\n{offset:010} 00000 n\r\ntrailer\n{trailer}  /Prev {before}\n>>\nstartxref\n{table}\n%%EOF");
    Some((body + &rest).into_bytes())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}

fn rfind(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).rposition(|part| part == wanted)
}

fn after<'a>(text: &'a str, wanted: &str) -> Option<&'a str> {
    text.split_once(wanted).map(|(_, rest)| rest)
}

/// The first word, of digits alone.
fn word(bytes: &[u8]) -> Option<&str> {
    let text = bytes.trim_ascii_start();
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    std::str::from_utf8(&text[..end]).ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use photo::sheet::{Copies, Item, Paper, Setting, lay_out};

    #[test]
    fn mend_58_a_pdf_asks_to_be_printed_in_its_own_size() {
        let layout = lay_out(&[Item { width_mm: 33.0, height_mm: 48.0, copies: Copies::Fill }], &Setting::on(Paper::SIX_INCH)).unwrap();
        let jpeg = crate::service::testing::picture(390, 567, [90; 3]);
        let pdf = super::super::sheet::sheets(&layout, &[jpeg]).unwrap();
        // A reader begins at the end, and finds the newest catalog and by way of `Prev` all the rest.
        let text = String::from_utf8_lossy(&pdf);
        let start: usize = text.rsplit_once("startxref\n").unwrap().1.lines().next().unwrap().parse().unwrap();
        assert!(pdf[start..].starts_with(b"xref\n"), "the table stands where it is said to");
        let tail = String::from_utf8(pdf[start..].to_vec()).unwrap();
        let offset: usize = tail.lines().nth(2).unwrap()[..10].parse().unwrap();
        let object = String::from_utf8_lossy(&pdf[offset..]).into_owned();
        let catalog = &object[..object.find("endobj").unwrap()];
        assert!(catalog.contains("/Type/Catalog") && catalog.contains("/Pages"), "{catalog}");
        assert!(catalog.contains("/ViewerPreferences << /PrintScaling /None >>"), "{catalog}");
        let before: usize = tail.split_once("/Prev ").unwrap().1.lines().next().unwrap().parse().unwrap();
        assert!(pdf[before..].starts_with(b"xref"));
        assert!(actual_size(pdf).is_err(), "it asks once");
        assert!(actual_size(b"%PDF-1.7".to_vec()).is_err());
    }
}
