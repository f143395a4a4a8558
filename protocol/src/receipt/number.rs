//! The number of a receipt: unique by construction and caught when mistyped.
//!
//! Twenty digits: office code (8), log epoch (2), position in the log (8), check characters (2) by ISO/IEC 7064 MOD 97-10 over the rest.
//! Two receipts cannot share a number, because one log position holds one record. MOD 97-10 catches every single wrong digit,
//! every swap of neighbours, and 99 % of the rest.

use crate::{id::OfficeCode, limits::EPOCH_MAX};
use std::{fmt, str::FromStr};

/// A receipt number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReceiptNumber {
    office: OfficeCode,
    epoch: u32,
    index: u64,
}

/// Why a text is no receipt number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not twenty digits once spaces and hyphens are left out.
    #[error("a receipt number has 20 digits; this has {0}")]
    Length(usize),
    /// A character that is no digit.
    #[error("a receipt number has digits only")]
    NotDigits,
    /// The check characters do not fit: mistyped.
    #[error("the number is mistyped: its check digits do not fit")]
    Mistyped,
    /// Epoch or position beyond what twenty digits hold.
    #[error("the log is too long for a receipt number; begin a new epoch")]
    OutOfRange,
}

impl ReceiptNumber {
    /// The number of the receipt at `index` of the log of `office` in `epoch`.
    ///
    /// # Errors
    /// [`NumberError::OutOfRange`] from epoch 100 or position 100,000,000 on.
    pub fn new(office: OfficeCode, epoch: u32, index: u64) -> Result<Self, NumberError> {
        if epoch <= EPOCH_MAX && index < 100_000_000 { Ok(Self { office, epoch, index }) } else { Err(NumberError::OutOfRange) }
    }
    /// The number as it stands in a signed record: its twenty digits and nothing else.
    pub fn signed(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number: &Self| number.digits() == text)
    }
    /// Office that issued it.
    pub fn office(self) -> OfficeCode {
        self.office
    }
    /// Epoch of its log.
    pub fn epoch(self) -> u32 {
        self.epoch
    }
    /// Position in its log.
    pub fn index(self) -> u64 {
        self.index
    }
    /// The twenty digits.
    pub fn digits(self) -> String {
        let payload = format!("{}{:02}{:08}", self.office, self.epoch, self.index);
        let check = 98 - remainder_97(&payload) * 100 % 97;
        format!("{payload}{check:02}")
    }
}

fn remainder_97(digits: &str) -> u32 {
    digits.bytes().fold(0, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97)
}

impl fmt::Display for ReceiptNumber {
    /// Grouped for reading: `44000001-01-00000123-45`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        write!(f, "{}-{}-{}-{}", &digits[..8], &digits[8..10], &digits[10..18], &digits[18..])
    }
}

impl FromStr for ReceiptNumber {
    type Err = NumberError;
    /// Takes spaces, hyphens and full-width digits as people and scanners give them.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let mut digits = String::new();
        for character in text.chars().filter(|character| !character.is_whitespace() && !"-－–—".contains(*character)).take(64) {
            let ascii = match character {
                '0'..='9' => character,
                '０'..='９' => char::from(b'0' + (character as u32 - '０' as u32) as u8),
                _ => return Err(NumberError::NotDigits),
            };
            digits.push(ascii);
        }
        if digits.len() != 20 {
            return Err(NumberError::Length(digits.len()));
        }
        if remainder_97(&digits) != 1 {
            return Err(NumberError::Mistyped);
        }
        let number = |range: std::ops::Range<usize>| digits[range].parse::<u64>().map_err(|_| NumberError::NotDigits);
        let office = digits[..8].parse().map_err(|_| NumberError::NotDigits)?;
        let read = Self { office, epoch: number(8..10)? as u32, index: number(10..18)? };
        // 00 and 01 leave the same rest as 97 and 98.
        if read.digits() == digits { Ok(read) } else { Err(NumberError::Mistyped) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_check_is_that_of_the_standard() {
        // ISO/IEC 7064 MOD 97-10: the payload 794 has check characters 44.
        assert_eq!(98 - remainder_97("794") * 100 % 97, 44);
        assert_eq!(remainder_97("79444"), 1);
    }

    #[test]
    fn mend_21_a_number_has_one_pair_of_check_digits() {
        let mut met = std::collections::BTreeSet::new();
        for index in 0..500 {
            let number = ReceiptNumber::new("44030001".parse().unwrap(), 1, index).unwrap();
            let payload = number.digits()[..18].to_owned();
            let taken: Vec<String> =
                (0..100).map(|check| format!("{payload}{check:02}")).filter(|text| text.parse() == Ok(number)).collect();
            assert_eq!(taken, [number.digits()]);
            met.insert(number.digits()[18..].to_owned());
        }
        assert!(met.contains("97") && met.contains("98"), "those that had two");
        let number = ReceiptNumber::new("44030001".parse().unwrap(), 1, 7).unwrap();
        assert_eq!(ReceiptNumber::signed(&number.digits()), Some(number));
        assert_eq!(ReceiptNumber::signed(&number.to_string()), None, "people type it so, and nobody signs it so");
    }

    #[test]
    fn mend_61_a_number_has_twenty_digits_up_to_both_bounds_and_none_beyond() {
        let office = "44030001".parse().unwrap();
        for (epoch, index) in [(0, 0), (99, 0), (1, 99_999_999), (99, 99_999_999)] {
            let number = ReceiptNumber::new(office, epoch, index).unwrap();
            assert_eq!(number.digits().len(), 20, "{epoch} {index}");
            assert_eq!((number.office(), number.epoch(), number.index()), (office, epoch, index));
            assert_eq!(ReceiptNumber::signed(&number.digits()), Some(number));
        }
        for (epoch, index) in [(100, 0), (u32::MAX, 0), (1, 100_000_000), (1, u64::MAX)] {
            assert_eq!(ReceiptNumber::new(office, epoch, index), Err(NumberError::OutOfRange), "{epoch} {index}");
        }
        // Epoch and position are not taken for one another.
        let number = ReceiptNumber::new(office, 2, 5).unwrap();
        assert_eq!(number.digits()[..18], *"440300010200000005");
        for digits in ["1".repeat(19), "1".repeat(21)] {
            assert_eq!(digits.parse::<ReceiptNumber>(), Err(NumberError::Length(digits.len())));
        }
    }

    proptest! {
        #[test]
        fn numbers_round_trip_and_a_wrong_digit_is_caught(
            office in 0_u32..100_000_000, epoch in 0_u32..100, index in 0_u64..100_000_000, at in 0_usize..20, other in 1_u8..10,
        ) {
            let number = ReceiptNumber::new(format!("{office:08}").parse().unwrap(), epoch, index).unwrap();
            prop_assert_eq!(number.to_string().parse(), Ok(number));
            prop_assert_eq!(number.digits().parse(), Ok(number));
            let mut digits = number.digits().into_bytes();
            digits[at] = b'0' + (digits[at] - b'0' + other) % 10;
            let wrong = String::from_utf8(digits).unwrap();
            prop_assert_eq!(wrong.parse::<ReceiptNumber>(), Err(NumberError::Mistyped));
        }

        #[test]
        fn swapped_neighbours_are_caught(index in 0_u64..100_000_000, at in 0_usize..19) {
            let number = ReceiptNumber::new("44030001".parse().unwrap(), 1, index).unwrap();
            let mut digits = number.digits().into_bytes();
            digits.swap(at, at + 1);
            let swapped = String::from_utf8(digits).unwrap();
            prop_assert!(swapped == number.digits() || swapped.parse::<ReceiptNumber>() == Err(NumberError::Mistyped));
        }

        #[test]
        fn any_text_is_a_number_or_refused(text: String) {
            let _ = text.parse::<ReceiptNumber>();
        }
    }
}
