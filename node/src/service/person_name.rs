//! Names of people in one spelling, wherever they come from: the page, the API, a roster, the name of a picture file.

use crate::text::Text;
use icu_normalizer::ComposingNormalizerBorrowed;

/// Longest name taken, in characters.
pub const CHARS_MAX: usize = 64;
/// The one dot between the parts of a name, U+00B7, and what is typed for it.
const DOT: char = '\u{b7}';
const DOTS: [char; 7] = ['\u{2022}', '\u{30fb}', '\u{2027}', '\u{ff0e}', '\u{ff65}', '\u{2219}', '\u{22c5}'];

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameFault {
    /// Nothing is left of it.
    Empty,
    /// More than [`CHARS_MAX`] characters.
    TooLong,
    /// A line break, a tab or another control character inside.
    Control,
    /// A character that only one machine's own font draws.
    PrivateUse(char),
    /// A character was lost on the way, and U+FFFD stands for it.
    Lost,
}

impl NameFault {
    /// What is wrong and what to do.
    pub fn text(self) -> Text {
        match self {
            Self::Empty | Self::TooLong | Self::Control => Text::new(
                "请输入申请人姓名（最多 64 个字，不含换行和制表符）。",
                "type the name (64 characters at most, no line break or tab)",
            ),
            Self::PrivateUse(character) => Text::new(
                format!(
                    "姓名中有自造字（U+{:04X}），只有原来的电脑能显示。请改用该字的标准编码（用支持 GB 18030-2022 的输入法重新输入，如“䶮”）；没有标准编码的，请按证件上的写法选用替代字或拼音。",
                    u32::from(character)
                ),
                format!(
                    "the name holds a private character (U+{:04X}) that only the machine it came from can draw; type the standard character with a current input method, or what the person's document prints in its place",
                    u32::from(character)
                ),
            ),
            Self::Lost => Text::new(
                "姓名中有一个字在转换编码时丢失（显示为 �）。请按证件重新输入姓名。",
                "a character of the name was lost in a conversion (it shows as \u{fffd}); type the name again from the document",
            ),
        }
    }
}

/// The name in its one spelling, if it can be one.
///
/// # Errors
/// What is wrong with it.
pub fn normal(text: &str) -> Result<String, NameFault> {
    let name = fold(text);
    if name.is_empty() {
        return Err(NameFault::Empty);
    }
    if name.chars().count() > CHARS_MAX {
        return Err(NameFault::TooLong);
    }
    match name.chars().find(|character| character.is_control() || is_private(*character) || *character == char::REPLACEMENT_CHARACTER) {
        Some(char::REPLACEMENT_CHARACTER) => Err(NameFault::Lost),
        Some(character) if character.is_control() => Err(NameFault::Control),
        Some(character) => Err(NameFault::PrivateUse(character)),
        None => Ok(name),
    }
}

/// The same spelling for any text, refused or not: NFC, one dot, no marks that nobody sees, one blank for several, and none beside a dot or
/// between two Chinese characters (`张　三` is set wider to stand below `欧阳三`).
pub fn fold(text: &str) -> String {
    let is_seen = |character: &char| !is_hidden(*character);
    let one_dot = |character: char| if DOTS.contains(&character) { DOT } else { character };
    let seen: String = text.chars().filter(is_seen).map(one_dot).collect();
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(&seen);
    let mut name = String::with_capacity(composed.len());
    let mut blank = false;
    for character in composed.trim().chars() {
        if character.is_whitespace() && !character.is_control() {
            blank = true;
            continue;
        }
        if blank && needs_blank(name.chars().last(), character) {
            name.push(' ');
        }
        blank = false;
        name.push(character);
    }
    name
}

fn needs_blank(before: Option<char>, after: char) -> bool {
    let Some(before) = before else { return false };
    before != DOT && after != DOT && !(is_ideograph(before) && is_ideograph(after))
}

fn is_ideograph(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' | '\u{3007}') || is_private(character)
}

fn is_private(character: char) -> bool {
    matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}')
}

/// Marks that nobody sees and that programs leave behind: zero-width, directions, variation selectors, byte order marks.
pub fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_name_has_one_spelling_however_it_was_typed() {
        for (typed, kept) in [
            ("艾力•测试", "艾力·测试"),
            ("艾力・测试", "艾力·测试"),
            ("艾力．测试", "艾力·测试"),
            ("艾力‧测试", "艾力·测试"),
            ("艾力 · 测试", "艾力·测试"),
            ("测\u{e0100}试", "测试"),
            ("\u{202e}测试", "测试"),
            ("张\u{200d}三", "张三"),
            ("张　三", "张三"),
            ("Zoe\u{308}  Mu\u{308}ller\u{a0}", "Zoë Müller"),
            ("\u{f9b4}测试", "領测试"),
            ("O’Neil-测试", "O’Neil-测试"),
            ("王䶮", "王䶮"),
            ("𰻝测试", "𰻝测试"),
        ] {
            assert_eq!(normal(typed).as_deref(), Ok(kept), "{typed}");
        }
        for (typed, fault) in [
            ("王\u{e863}", NameFault::PrivateUse('\u{e863}')),
            ("王\u{f0001}", NameFault::PrivateUse('\u{f0001}')),
            ("张\u{fffd}", NameFault::Lost),
            ("测试\t甲", NameFault::Control),
            ("张三\n李四", NameFault::Control),
            ("\u{200b} \u{feff}", NameFault::Empty),
        ] {
            assert_eq!(normal(typed), Err(fault), "{typed:?}");
        }
        assert_eq!(normal(&"A".repeat(65)), Err(NameFault::TooLong));
        assert!(NameFault::PrivateUse('\u{e863}').text().zh.contains("U+E863") && !NameFault::Lost.text().zh.contains("字体"));
    }

    proptest! {
        #[test]
        fn a_spelling_is_its_own_spelling(text: String) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
