//! The one font of the paper: found on the machine, asked what it can draw, measured for line breaks.
//!
//! A character that the font lacks prints as an empty box without any error, so a name is refused at entry instead.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use krilla::text::{GlyphId, KrillaGlyph};
use thiserror::Error;
use ttf_parser::{Face, PlatformId, name_id};

/// Where Debian, Fedora and Arch put a font with the rare characters of Chinese names.
const USUAL_PATHS: &[&str] = &[
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-vf-fonts/NotoSansCJK-VF.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/local/share/fonts/NotoSansCJK-Regular.ttc",
];

/// Glyphs of Han characters differ by country; a collection is searched for the mainland's.
const PREFERRED_FAMILY: &str = "Noto Sans CJK SC";

/// Bound: larger than any font in use, small enough to read at start.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Why there is no font.
#[derive(Debug, Error)]
pub enum FontError {
    /// None of the usual places holds one.
    #[error("no CJK font on this machine: `apt-get install fonts-noto-cjk`, or name one with `--font FILE`")]
    NotFound,
    /// The named file cannot be read.
    #[error("the font {path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not a font that can be embedded, or it draws no Chinese.
    #[error("{path} is not an OpenType font with Chinese characters; `--font FILE` names another")]
    Unusable {
        /// The file.
        path: PathBuf,
    },
}

/// A font in memory; cheap to clone.
#[derive(Clone)]
pub struct Font {
    data: Arc<Vec<u8>>,
    index: u32,
    units_per_em: f32,
    embedded: krilla::text::Font,
}

impl std::fmt::Debug for Font {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Font").field("bytes", &self.data.len()).field("index", &self.index).finish()
    }
}

impl Font {
    /// Opens the configured font, or the first that lies in a usual place.
    pub fn find(config: Option<&Path>) -> Result<Self, FontError> {
        if let Some(path) = config {
            return Self::open(path);
        }
        let path = USUAL_PATHS.iter().map(Path::new).find(|path| path.exists());
        Self::open(path.ok_or(FontError::NotFound)?)
    }

    fn open(path: &Path) -> Result<Self, FontError> {
        let unreadable = |source| FontError::Unreadable { path: path.to_path_buf(), source };
        let unusable = || FontError::Unusable { path: path.to_path_buf() };
        if fs::metadata(path).map_err(unreadable)?.len() > FILE_BYTES_MAX {
            return Err(unusable());
        }
        let font = Self::from_bytes(fs::read(path).map_err(unreadable)?).ok_or_else(unusable)?;
        font.covers("数字相片采集回执").map_err(|_| unusable())?;
        Ok(font)
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let index = preferred_face(&bytes);
        let units_per_em = f32::from(Face::parse(&bytes, index).ok()?.units_per_em());
        let data = Arc::new(bytes);
        let embedded = krilla::text::Font::new(data.clone().into(), index)?;
        Some(Self { data, index, units_per_em, embedded })
    }

    /// Whether every character can be drawn; otherwise the first that cannot.
    pub fn covers(&self, text: &str) -> Result<(), char> {
        let face = self.face();
        let drawable = |c: char| face.as_ref().is_some_and(|face| face.glyph_index(c).is_some());
        match text.chars().find(|&c| !drawable(c)) {
            Some(missing) => Err(missing),
            None => Ok(()),
        }
    }

    pub(super) fn embedded(&self) -> krilla::text::Font {
        self.embedded.clone()
    }

    /// Glyphs of one line. Chinese and Latin stand one after another without shaping, which is all that a form needs.
    pub(super) fn glyphs(&self, text: &str) -> Result<Vec<KrillaGlyph>, char> {
        let face = self.face();
        text.char_indices()
            .map(|(at, c)| {
                let face = face.as_ref().ok_or(c)?;
                let glyph = face.glyph_index(c).ok_or(c)?;
                let advance = f32::from(face.glyph_hor_advance(glyph).unwrap_or(0)) / self.units_per_em;
                let range = at..at + c.len_utf8();
                Ok(KrillaGlyph::new(GlyphId::new(u32::from(glyph.0)), advance, 0.0, 0.0, 0.0, range, None))
            })
            .collect()
    }

    /// Width of one line in points; a character without glyph counts as a full square.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        let Some(face) = self.face() else {
            return 0.0;
        };
        let advance = |c: char| {
            let units = face.glyph_index(c).and_then(|glyph| face.glyph_hor_advance(glyph));
            units.map_or(1.0, |units| f32::from(units) / self.units_per_em)
        };
        text.chars().map(advance).sum::<f32>() * size
    }

    /// Breaks a text into lines: after any Chinese character, and at spaces between Latin words.
    pub(super) fn wrap(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = vec![String::new()];
        for piece in pieces(text) {
            let last = lines.len() - 1;
            let candidate = format!("{}{piece}", lines[last]);
            if self.width(candidate.trim_end(), size) <= width {
                lines[last] = candidate;
                continue;
            }
            if !lines[last].is_empty() {
                lines.push(String::new());
            }
            for part in self.cut(piece.trim_start(), size, width) {
                let last = lines.len() - 1;
                if lines[last].is_empty() {
                    lines[last] = part;
                } else {
                    lines.push(part);
                }
            }
        }
        lines
    }

    /// Cuts a word that is longer than a whole line.
    fn cut(&self, word: &str, size: f32, width: f32) -> Vec<String> {
        let mut parts = vec![String::new()];
        for c in word.chars() {
            let last = parts.len() - 1;
            if !parts[last].is_empty() && self.width(&format!("{}{c}", parts[last]), size) > width {
                parts.push(String::new());
            }
            let last = parts.len() - 1;
            parts[last].push(c);
        }
        parts
    }

    fn face(&self) -> Option<Face<'_>> {
        Face::parse(&self.data, self.index).ok()
    }
}

/// Index of the mainland's face in a collection, or 0.
fn preferred_face(bytes: &[u8]) -> u32 {
    let count = ttf_parser::fonts_in_collection(bytes).unwrap_or(1);
    let is_preferred = |index: &u32| {
        Face::parse(bytes, *index).is_ok_and(|face| {
            face.names().into_iter().any(|name| {
                name.name_id == name_id::FAMILY
                    && name.platform_id == PlatformId::Windows
                    && name.to_string().is_some_and(|family| family == PREFERRED_FAMILY)
            })
        })
    };
    (0..count).find(is_preferred).unwrap_or(0)
}

/// Pieces between which a line may break; a space stays with the piece before it.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, c) in text.char_indices() {
        let breaks = before.is_some_and(|before| {
            let wide = before > '\u{2e7f}' || c > '\u{2e7f}';
            (before == ' ' || wide) && !NEVER_FIRST.contains(c) && !NEVER_LAST.contains(before)
        });
        if breaks && at > start {
            pieces.push(&text[start..at]);
            start = at;
        }
        before = Some(c);
    }
    pieces.push(&text[start..]);
    pieces
}

/// Marks that a Chinese line never begins with.
const NEVER_FIRST: &str = " ，。、；：！？）》」』”’%,.;:!?)";

/// Marks that a Chinese line never ends with.
const NEVER_LAST: &str = "（《「『“‘(";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_characters_of_names_are_there_and_emoji_are_not() {
        let font = Font::find(None).expect("fonts-noto-cjk");
        for name in ["张三", "䶮", "㛃", "𬭎", "Nur·阿不都", "J. O’Neil"] {
            assert_eq!(font.covers(name), Ok(()), "{name}");
        }
        assert_eq!(font.covers("张\u{1f600}"), Err('\u{1f600}'));
    }

    #[test]
    fn a_file_that_is_no_font_is_refused() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert!(matches!(Font::find(Some(&path)), Err(FontError::Unusable { .. })));
        assert!(matches!(Font::find(Some(Path::new("nowhere.ttc"))), Err(FontError::Unreadable { .. })));
    }

    #[test]
    fn lines_fit_and_lose_nothing() {
        let font = Font::find(None).expect("fonts-noto-cjk");
        let text = "本回执证明，一张符合规格的数字相片已由采集机构采集。It says nothing else; Donaudampfschifffahrtsgesellschaftskapitän";
        for width in [30.0, 60.0, 200.0] {
            let lines = font.wrap(text, 9.0, width);
            assert!(lines.iter().all(|line| font.width(line.trim_end(), 9.0) <= width), "{lines:?}");
            let letters = |text: &str| text.replace(' ', "");
            assert_eq!(letters(&lines.concat()), letters(text));
        }
        assert!(!font.wrap(text, 9.0, 60.0).iter().any(|line| line.starts_with(['，', '。'])));
    }
}
