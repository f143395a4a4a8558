//! Resident identity numbers: GB 11643-1999. Six digits of place, eight of birth date, three of sequence, one check character
//! by ISO/IEC 7064 MOD 11-2.

use crate::service::Refusal;

/// Why a number is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Length,
    Characters,
    Date,
    Check,
}

/// The number in its one spelling (upper-case X), once length, birth date and check character hold.
///
/// `today` is (year, month, day); nobody is born after it, or before 1900.
///
/// # Errors
/// A refusal that names the field `id_number` and says what does not fit.
pub fn parse(text: &str, today: (u32, u32, u32)) -> Result<String, Refusal> {
    let number: String =
        text.chars().filter(|character| !character.is_whitespace()).map(|character| character.to_ascii_uppercase()).collect();
    check(&number, today).map(|()| number).map_err(|fault| {
        let (zh, en) = match fault {
            Fault::Length => ("身份证号应为 18 位，请核对后重新输入。", "an ID number has 18 characters; check it and type it again."),
            Fault::Characters => ("身份证号只能是 17 位数字加 1 位数字或 X。", "an ID number is 17 digits and a digit or X."),
            Fault::Date => (
                "身份证号中的出生日期不存在，请核对第 7 至 14 位。",
                "the date of birth in the ID number does not exist; check digits 7 to 14.",
            ),
            Fault::Check => (
                "身份证号校验位不符，很可能输错了一位，请逐位核对。",
                "the check character of the ID number does not fit; most likely one digit is mistyped.",
            ),
        };
        Refusal::input("id_number_invalid", "id_number", zh, en)
    })
}

fn check(number: &str, today: (u32, u32, u32)) -> Result<(), Fault> {
    if number.chars().count() != 18 {
        return Err(Fault::Length);
    }
    let bytes = number.as_bytes();
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) || !(bytes[17].is_ascii_digit() || bytes[17] == b'X') {
        return Err(Fault::Characters);
    }
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
    if year < 1900 || day == 0 || day > days || (year, month, day) > today {
        return Err(Fault::Date);
    }
    // MOD 11-2: the weight of position i from the right is 2^i mod 11; the sum over all 18 is 1.
    let value = |byte: u8| if byte == b'X' { 10 } else { u32::from(byte - b'0') };
    let sum = bytes.iter().fold(0, |sum, byte| (sum * 2 + value(*byte)) % 11);
    if sum == 1 { Ok(()) } else { Err(Fault::Check) }
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
        assert_eq!(check("110105194912310021", TODAY), Err(Fault::Check));
        assert_eq!(check("11010519490231002X", TODAY), Err(Fault::Date));
        assert_eq!(check("11010520991231002X", TODAY), Err(Fault::Date));
        assert_eq!(check("1101051949123100", TODAY), Err(Fault::Length));
        assert_eq!(check("1101051949123100AX", TODAY), Err(Fault::Characters));
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
