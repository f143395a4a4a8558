//! What machines read on paper: the number as Code 128, the number and its checkpoint as a QR code.
//!
//! Both come out as runs of dark modules; drawing them as few wide rectangles leaves no hairlines between neighbours.

use barcoders::sym::code128::Code128;
use qrcode::{Color, EcLevel, QrCode};

/// Quiet zone of Code 128 on either side, in modules (ISO/IEC 15417).
pub(super) const LINEAR_QUIET: usize = 10;

/// Quiet zone of a QR code on every side, in modules (ISO/IEC 18004).
pub(super) const QR_QUIET: usize = 4;

/// A run of dark modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) row: usize,
    pub(super) start: usize,
    pub(super) length: usize,
}

/// A barcode of either kind; `width` in modules, without the quiet zone.
pub(super) struct Modules {
    pub(super) width: usize,
    pub(super) runs: Vec<Run>,
}

/// Code 128 of a number; digits go in pairs, because that halves the width.
pub(super) fn linear(text: &str) -> Option<Modules> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let data = match (digits, text.len() % 2) {
        (false, _) => format!("\u{0181}{text}"),
        (true, 0) => format!("\u{0106}{text}"),
        (true, _) => format!("\u{0181}{}\u{0106}{}", &text[..1], &text[1..]),
    };
    // A single digit leaves nothing to switch for.
    let data = data.trim_end_matches('\u{0106}');
    let modules: Vec<bool> = Code128::new(data).ok()?.encode().into_iter().map(|module| module == 1).collect();
    Some(Modules { width: modules.len(), runs: runs(0, &modules) })
}

/// QR code at level M: a folded or stained receipt still reads.
pub(super) fn square(text: &str) -> Option<Modules> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let dark: Vec<bool> = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
    let runs = dark.chunks(width).enumerate().flat_map(|(row, modules)| runs(row, modules)).collect();
    Some(Modules { width, runs })
}

fn runs(row: usize, modules: &[bool]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (start, _) in modules.iter().enumerate().filter(|(_, dark)| **dark) {
        match runs.last_mut() {
            Some(run) if run.start + run.length == start => run.length += 1,
            _ => runs.push(Run { row, start, length: 1 }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_run() {
        let found = runs(3, &[true, true, false, true]);
        assert_eq!(found, [Run { row: 3, start: 0, length: 2 }, Run { row: 3, start: 3, length: 1 }]);
    }

    #[test]
    fn digits_take_half_the_width() {
        // Start, ten pairs, checksum: 11 modules each; stop: 13.
        assert_eq!(linear("12345678901234567890").map(|modules| modules.width), Some(12 * 11 + 13));
        assert!(linear("123456789012345678901").is_some());
        assert!(linear("7").is_some());
        assert!(linear("44-03A").is_some());
        assert!(linear("回执").is_none());
    }

    #[test]
    fn a_finder_pattern_begins_every_qr_code() {
        let modules = square("44030101 2026").expect("short text");
        assert_eq!(modules.runs[0], Run { row: 0, start: 0, length: 7 });
        assert!(square(&"9".repeat(9000)).is_none());
    }
}
