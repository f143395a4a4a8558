//! Which encoding a text is in. One that is not sure is asked for: a wrong one gives other people's names without a word.

use super::{HEADING_LINES, fault::RosterFault, headings, separated::SEPARATORS};
use encoding_rs::{BIG5, EUC_KR, Encoding, GB18030, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};

/// Encodings that are tried where the file names none.
const TRIED: [&Encoding; 7] = [UTF_8, GB18030, BIG5, UTF_16LE, UTF_16BE, SHIFT_JIS, EUC_KR];
/// Bound: bytes of the head that is tried in each encoding.
const HEAD_BYTES: usize = 64 * 1024;

/// The text and the name of its encoding.
pub(super) fn decode(bytes: &[u8], wanted: Option<&str>) -> Result<(String, String), RosterFault> {
    if let Some(label) = wanted {
        let encoding = Encoding::for_label(label.trim().as_bytes()).ok_or_else(|| {
            RosterFault::new(
                format!("没有名为 {label} 的编码。可用 utf-8、gb18030、big5、utf-16le。"),
                format!("no encoding is called {label}; there are utf-8, gb18030, big5, utf-16le"),
            )
        })?;
        return whole(bytes, encoding);
    }
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return whole(bytes, encoding);
    }
    if std::str::from_utf8(bytes).is_ok() && !bytes.contains(&0) {
        return whole(bytes, UTF_8);
    }
    let known: Vec<&'static Encoding> = TRIED.into_iter().filter(|encoding| knows(bytes, encoding)).collect();
    match known.as_slice() {
        [encoding] if [UTF_8, GB18030, UTF_16LE, UTF_16BE].contains(encoding) => whole(bytes, encoding),
        [encoding] => Err(RosterFault::new(
            format!("它像是 {0} 编码。请另存为 UTF-8，或用 --encoding {1} 确认。", encoding.name(), label(encoding)),
            format!("it looks like {0}; save it as UTF-8, or say --encoding {1}", encoding.name(), label(encoding)),
        )),
        _ => Err(doubtful(bytes)),
    }
}

fn label(encoding: &'static Encoding) -> String {
    encoding.name().to_ascii_lowercase()
}

/// The first bytes, cut behind a line.
fn head(bytes: &[u8]) -> &[u8] {
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    let end = head.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(HEADING_LINES - 1).map_or(head.len(), |(at, _)| at + 1);
    // UTF-16 ends a line with two bytes.
    if head.get(end) == Some(&0) { &head[..=end] } else { &head[..end] }
}

/// Whether the head read in this encoding holds a Chinese heading that is known: no other encoding gives it by chance.
fn knows(bytes: &[u8], encoding: &'static Encoding) -> bool {
    let (text, _) = encoding.decode_without_bom_handling(head(bytes));
    let cells = text.lines().flat_map(|line| line.split(SEPARATORS)).map(|cell| cell.trim_matches('"'));
    cells.into_iter().any(|cell| !cell.is_ascii() && headings::is_known(cell))
}

fn whole(bytes: &[u8], encoding: &'static Encoding) -> Result<(String, String), RosterFault> {
    let (text, had_errors) = encoding.decode_with_bom_removal(bytes);
    if !had_errors {
        return Ok((text.into_owned(), encoding.name().to_owned()));
    }
    let (line, byte) = first_bad(bytes, encoding);
    Err(RosterFault::new(
        format!("它是 {} 编码，但第 {line} 行有无法识别的字节{byte}。请改正该行后重新保存，或用 --encoding 指定编码。", encoding.name()),
        format!(
            "it is {}, but line {line} has a byte that no character has{byte}; mend the line and save it again, or say --encoding",
            encoding.name()
        ),
    ))
}

/// Line and value of the first byte that cannot be read.
fn first_bad(bytes: &[u8], encoding: &'static Encoding) -> (usize, String) {
    if encoding == UTF_8
        && let Err(error) = std::str::from_utf8(bytes)
    {
        let at = error.valid_up_to();
        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        return (line, format!(" 0x{:02X}", bytes[at]));
    }
    let (text, _) = encoding.decode_with_bom_removal(bytes);
    let line = text.split(char::REPLACEMENT_CHARACTER).next().map_or(1, |before| before.matches('\n').count() + 1);
    (line, String::new())
}

/// Asks for the encoding, and shows how a line of the file reads in each.
fn doubtful(bytes: &[u8]) -> RosterFault {
    let mut shown = Vec::new();
    for encoding in [UTF_8, GB18030, BIG5, UTF_16LE] {
        let (text, had_errors) = encoding.decode_without_bom_handling(head(bytes));
        if !had_errors && let Some(line) = text.lines().find(|line| !line.is_ascii()) {
            let line: String = line.chars().filter(|character| !character.is_control()).take(20).collect();
            shown.push(format!("{}: {line}", label(encoding)));
        }
    }
    let shown = shown.join(" | ");
    RosterFault::new(
        format!("无法确定它的编码。请另存为 UTF-8，或用 --encoding 指定读得通的一种（{shown}）。"),
        format!("its encoding is not sure; save it as UTF-8, or say --encoding with the one that reads right ({shown})"),
    )
}
