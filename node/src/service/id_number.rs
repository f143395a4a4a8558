//! Resident identity numbers: GB 11643-1999. Six digits of place, eight of birth date, three of sequence, one check character
//! by ISO/IEC 7064 MOD 11-2.

use crate::{
    service::{Refusal, person_name::is_hidden},
    text::Text,
};
use icu_normalizer::ComposingNormalizerBorrowed;

/// Why a number is refused. The page (`web-ui/src/lib/idnumber.ts`) knows the same faults by the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdFault {
    /// Not 18 characters.
    Length,
    /// The 15 digits of cards before 2004.
    FifteenDigits,
    /// A number of another document, which no check character proves.
    OtherDocument,
    /// `1.19999E+17`: a spreadsheet made a measurement of it.
    Scientific,
    /// A spreadsheet keeps 15 digits and writes zeros for the rest.
    LostDigits,
    /// A letter that only looks like X.
    WrongX,
    /// Something other than digits and an X at the end.
    Characters,
    /// No such day, or one to come.
    Date,
    /// The check character.
    Check,
}

impl IdFault {
    /// What is wrong and what to do.
    pub fn text(self) -> Text {
        let (zh, en) = match self {
            Self::Length => ("身份证号应为 18 位，请核对后重新输入。", "an ID number has 18 characters; check it and type it again."),
            Self::FifteenDigits => (
                "这是 15 位的旧身份证号，已停用。请输入现行证件上的 18 位号码。",
                "this is a number of 15 digits, of a card that is no longer valid; type the 18 characters of the present card.",
            ),
            Self::OtherDocument => (
                "这不是 18 位公民身份号码。此处只接受：居民身份证、港澳台居民居住证、2023 版外国人永久居留身份证（9 开头）的 18 位号码；不接受回乡证、台胞证、护照和旧版外国人永久居留证的号码。",
                "this is no number of 18 characters; taken are those of the resident identity card, the residence permits for Hong Kong, Macao and Taiwan and the permanent residence card of 2023 (9…), not of home-return permits, passports or older permanent residence cards.",
            ),
            Self::Scientific => (
                "号码已被电子表格改成科学计数法，后几位已丢失。请把该列设为“文本”格式后，按证件重新录入。",
                "a spreadsheet turned the number into a measurement and lost its last digits; format the column as text and enter it again from the document.",
            ),
            Self::LostDigits => (
                "号码末尾的 0 很可能是电子表格造成的（只保留 15 位）。请把该列设为“文本”格式后，按证件重新录入。",
                "a spreadsheet most likely lost the last digits (it keeps 15); format the column as text and enter the number again from the document.",
            ),
            Self::WrongX => (
                "末位不是字母 X，而是外形相同的另一个字符（如西里尔字母 Х）。请用键盘输入 X。",
                "the last character is not the letter X but one that looks like it (such as the Cyrillic Х); type X.",
            ),
            Self::Characters => ("身份证号只能是 17 位数字加 1 位数字或 X。", "an ID number is 17 digits and a digit or X."),
            Self::Date => (
                "身份证号中的出生日期不存在，请核对第 7 至 14 位。",
                "the date of birth in the ID number does not exist; check digits 7 to 14.",
            ),
            Self::Check => (
                "身份证号校验位不符，很可能输错了一位，请逐位核对。",
                "the check character of the ID number does not fit; most likely one digit is mistyped.",
            ),
        };
        Text::new(zh, en)
    }
}

/// The number in its one spelling (upper-case X), once length, birth date and check character hold.
///
/// `today` is (year, month, day); nobody is born after it, or before 1900.
///
/// # Errors
/// A refusal that names the field `id_number` and says what does not fit.
pub fn parse(text: &str, today: (u32, u32, u32)) -> Result<String, Refusal> {
    let number = fold(text);
    check(&number, today).map(|()| number).map_err(|fault| {
        let text = fault.text();
        Refusal::input("id_number_invalid", "id_number", text.zh, text.en)
    })
}

/// What the person meant: NFKC, no blanks, hyphens or marks that nobody sees, capital letters.
pub fn fold(text: &str) -> String {
    let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(text);
    let is_kept =
        |character: &char| !(character.is_whitespace() || character.is_control() || is_hidden(*character) || is_hyphen(*character));
    composed.chars().filter(is_kept).map(|character| character.to_ascii_uppercase()).collect()
}

fn is_hyphen(character: char) -> bool {
    matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// Whether a folded number is good.
///
/// # Errors
/// What is wrong with it.
pub fn check(number: &str, today: (u32, u32, u32)) -> Result<(), IdFault> {
    if is_scientific(number) {
        return Err(IdFault::Scientific);
    }
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let count = number.chars().count();
    if count == 15 && is_number(number) {
        return Err(IdFault::FifteenDigits);
    }
    if is_other_document(number) {
        return Err(IdFault::OtherDocument);
    }
    if count != 18 {
        return Err(IdFault::Length);
    }
    let bytes = number.as_bytes();
    if let Some(head) = number.strip_suffix(['\u{425}', '\u{445}', '\u{3a7}', '\u{3c7}', '\u{d7}'])
        && is_number(head)
    {
        return Err(IdFault::WrongX);
    }
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) || !(bytes[17].is_ascii_digit() || bytes[17] == b'X') {
        return Err(IdFault::Characters);
    }
    if !has_birth_date(bytes, today) {
        return Err(IdFault::Date);
    }
    let has_check = has_check_character(bytes);
    // No sequence number is 000, so that these zeros are a spreadsheet's also where the check character holds by chance.
    if number.ends_with("000") && (!has_check || &bytes[14..17] == b"000") {
        return Err(IdFault::LostDigits);
    }
    if has_check { Ok(()) } else { Err(IdFault::Check) }
}

/// `1.19999E+17`.
pub fn is_scientific(number: &str) -> bool {
    let Some((head, power)) = number.to_ascii_uppercase().split_once('E').map(|(head, power)| (head.to_owned(), power.to_owned())) else {
        return false;
    };
    let (whole, part) = head.split_once(['.', ',']).unwrap_or((&head, ""));
    let power = power.strip_prefix(['+', '-']).map_or((power.as_str(), false), |power| (power, true));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // `1E17` may be the number of a class; with a point or a sign it is none.
    is_number(whole) && whole.len() == 1 && is_number(power.0) && (power.1 || is_number(part)) && (part.is_empty() || is_number(part))
}

/// Letters and digits as passports, permits and older residence cards have them.
fn is_other_document(number: &str) -> bool {
    let letters = number.bytes().take_while(u8::is_ascii_uppercase).count();
    let rest = &number[letters..];
    matches!(letters, 1..=3) && matches!(rest.len(), 6..=12) && rest.bytes().all(|byte| byte.is_ascii_digit())
}

fn has_birth_date(bytes: &[u8], today: (u32, u32, u32)) -> bool {
    let digits = |range: std::ops::Range<usize>| bytes[range].iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
    let (year, month, day) = (digits(6..10), digits(10..12), digits(12..14));
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    year >= 1900 && day != 0 && day <= days && (year, month, day) <= today
}

/// MOD 11-2: the weight of position i from the right is 2^i mod 11; the sum over all 18 is 1.
fn has_check_character(bytes: &[u8]) -> bool {
    let value = |byte: u8| if byte == b'X' { 10 } else { u32::from(byte - b'0') };
    bytes.iter().fold(0, |sum, byte| (sum * 2 + value(*byte)) % 11) == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TODAY: (u32, u32, u32) = (2026, 11, 21);

    #[test]
    fn the_example_of_the_standard_holds() {
        // GB 11643-1999, annex: both examples.
        assert_eq!(parse("11010519491231002X", TODAY).unwrap(), "11010519491231002X");
        assert_eq!(parse("440524 188001010014", TODAY).unwrap_err().code, "id_number_invalid", "born before 1900");
        assert_eq!(parse("11010519491231002x", TODAY).unwrap(), "11010519491231002X");
        assert_eq!(check("110105194912310021", TODAY), Err(IdFault::Check));
        assert_eq!(check("11010519490231002X", TODAY), Err(IdFault::Date));
        assert_eq!(check("11010520991231002X", TODAY), Err(IdFault::Date));
        assert_eq!(check("1101051949123100", TODAY), Err(IdFault::Length));
        assert_eq!(check("1101051949123100AX", TODAY), Err(IdFault::Characters));
    }

    #[test]
    fn the_page_and_the_node_say_the_same_of_every_number() {
        #[derive(serde::Deserialize)]
        struct Typed {
            typed: String,
            kept: Option<String>,
            fault: Option<IdFault>,
        }
        let table: Vec<Typed> = serde_json::from_str(include_str!("../../../web-ui/src/lib/idnumber.cases.json")).unwrap();
        for Typed { typed, kept, fault } in table {
            let number = fold(&typed);
            assert_eq!(check(&number, TODAY).err(), fault, "{typed:?}");
            assert_eq!((fault.is_none()).then_some(number), kept, "{typed:?}");
        }
    }

    proptest! {
        #[test]
        fn any_wrong_digit_is_caught(at in 0_usize..17, other in 1_u8..10) {
            let mut number = b"11010519491231002X".to_vec();
            number[at] = b'0' + (number[at] - b'0' + other) % 10;
            prop_assert!(check(std::str::from_utf8(&number).unwrap(), TODAY).is_err());
        }
        #[test]
        fn any_text_is_taken_or_refused(text: String) {
            let _ = parse(&text, TODAY);
        }
    }
}
