//! Names of things: offices, logs, records, cases, blobs. Every one its own type.

use crate::limits;
use minicbor::{Decode, Encode};
use std::{fmt, str::FromStr};

/// A text that does not have the form its type demands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {must_be}")]
pub struct ParseIdError {
    what: &'static str,
    must_be: &'static str,
}

macro_rules! byte_id {
    ($(#[$doc:meta])* $name:ident, $len:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[cbor(with = "minicbor::bytes")] pub [u8; $len]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                const ERROR: ParseIdError =
                    ParseIdError { what: $what, must_be: concat!("lower-case hexadecimal of ", stringify!($len), " bytes") };
                let digits = text.as_bytes();
                if digits.len() != 2 * $len {
                    return Err(ERROR);
                }
                let value = |digit: u8| match digit {
                    b'0'..=b'9' => Ok(digit - b'0'),
                    b'a'..=b'f' => Ok(digit - b'a' + 10),
                    _ => Err(ERROR),
                };
                let mut bytes = [0; $len];
                for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
                    *byte = value(pair[0])? << 4 | value(pair[1])?;
                }
                Ok(Self(bytes))
            }
        }
    };
}

byte_id!(
    /// RFC 6962 leaf hash of a log entry; names a record everywhere.
    RecordHash, 32, "a record hash"
);
byte_id!(
    /// SHA-256 of a file's bytes.
    BlobHash, 32, "a blob hash"
);
byte_id!(
    /// SHA-256 of a spec's exact text.
    SpecHash, 32, "a spec hash"
);
byte_id!(
    /// A case: twelve bytes drawn at random, then the code of the office that made it, a decimal digit in each half byte.
    CaseId, 16, "a case id"
);
byte_id!(
    /// An Ed25519 public key of an office.
    PublicKey, 32, "a public key"
);

impl CaseId {
    /// A new case of an office, of bytes drawn at random.
    pub fn new(office: OfficeCode, random: [u8; 12]) -> Self {
        let digits = u32::from_str_radix(&office.to_string(), 16).unwrap_or_default();
        let mut id = [0; 16];
        id[..12].copy_from_slice(&random);
        id[12..].copy_from_slice(&digits.to_be_bytes());
        Self(id)
    }
    /// The office that made it. Only that office submits into it.
    ///
    /// Attack: ids stand in the logs for all to read, so another office would submit into the case, and dispute or take it over.
    pub fn office(self) -> Option<OfficeCode> {
        let [.., a, b, c, d] = self.0;
        format!("{:08x}", u32::from_be_bytes([a, b, c, d])).parse().ok()
    }
}

/// Milliseconds since 1970-01-01T00:00Z by the clock of whoever claims them. Never used to order records.
pub type Millis = u64;

/// A number as proofs, notes and policies write it: digits without a sign, blanks or leading zeroes. One spelling, so that two texts that say
/// the same are the same.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

/// Code of an office: six digits of GB/T 2260 (county) and a serial of two.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct OfficeCode(u32);

impl OfficeCode {
    /// The code as a number below 100,000,000.
    pub fn number(self) -> u32 {
        self.0
    }
    /// The office of a number.
    pub(crate) fn of_number(number: u64) -> Option<Self> {
        u32::try_from(number).ok().map(Self).filter(|code| code.is_valid())
    }
    /// Whether the number has at most eight digits; decoded values must be asked.
    pub(crate) fn is_valid(self) -> bool {
        self.0 < 100_000_000
    }
}

impl fmt::Display for OfficeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}", self.0)
    }
}

/// Code of a region that an office is in charge of: six digits of GB/T 2260, of a province (`440000`), a city (`440300`) or a county.
#[derive(Clone, PartialEq, Eq)]
pub struct Region(String);

impl Region {
    /// The six digits, as an enrolment names them.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        // A division is named by pairs of digits, and no narrower one stands behind a pair of zeroes.
        let named = |pair: &[u8; 2]| pair != b"00";
        if let ([province, city, county], []) = text.as_bytes().as_chunks::<2>()
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && named(province)
            && (named(city) || !named(county))
        {
            return Ok(Self(text.to_owned()));
        }
        Err(ParseIdError { what: "a region", must_be: "six digits of GB/T 2260, as 440300 for a city" })
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({self})")
    }
}

impl fmt::Debug for OfficeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OfficeCode({self})")
    }
}

impl FromStr for OfficeCode {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.bytes().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))))
        } else {
            Err(ParseIdError { what: "an office code", must_be: "eight digits (GB/T 2260 county code and a serial of two)" })
        }
    }
}

/// The origin line of a log, as in C2SP tlog-checkpoint: `<federation>/office/<code>/<epoch>` or `<federation>/province/<epoch>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Origin(String);

impl Origin {
    /// The log of an office.
    ///
    /// # Errors
    /// The federation's name is not of the form asked for by [`check_federation_name`].
    pub fn office(federation: &str, code: OfficeCode, epoch: u32) -> Result<Self, ParseIdError> {
        check_federation_name(federation)?;
        Ok(Self(format!("{federation}/office/{code}/{epoch}")))
    }
    /// The log of the province: membership and published specs.
    ///
    /// # Errors
    /// As for [`Origin::office`].
    pub fn province(federation: &str, epoch: u32) -> Result<Self, ParseIdError> {
        check_federation_name(federation)?;
        Ok(Self(format!("{federation}/province/{epoch}")))
    }
    /// Epoch, where this is the log of the province.
    pub fn province_epoch(&self) -> Option<u32> {
        let (_, epoch) = self.0.split_once("/province/")?;
        epoch.parse().ok()
    }
    /// The origin line.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Name of the federation.
    pub fn federation(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }
    /// Office code and epoch, where this is the log of an office.
    pub fn office_and_epoch(&self) -> Option<(OfficeCode, u32)> {
        let mut parts = self.0.split('/').skip(1);
        (parts.next()? == "office").then_some(())?;
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let error = ParseIdError { what: "a log origin", must_be: "federation/office/code/epoch or federation/province/epoch" };
        if text.len() > limits::TEXT_BYTES_MAX {
            return Err(error);
        }
        let origin = match text.split('/').collect::<Vec<_>>()[..] {
            [federation, "province", epoch] => Self::province(federation, epoch.parse().map_err(|_| error.clone())?),
            [federation, "office", code, epoch] => Self::office(federation, code.parse()?, epoch.parse().map_err(|_| error.clone())?),
            _ => return Err(error),
        }?;
        // Only one spelling of each origin: no leading zeroes, no plus sign.
        if origin.0 == text { Ok(origin) } else { Err(error) }
    }
}

/// A federation is named like a host: lower-case letters, digits, dots and hyphens, 1 to 63 characters.
///
/// # Errors
/// When it is not.
pub fn check_federation_name(name: &str) -> Result<(), ParseIdError> {
    let good = (1..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-');
    if good {
        Ok(())
    } else {
        Err(ParseIdError { what: "a federation name", must_be: "1 to 63 lower-case letters, digits, dots or hyphens" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_through_text() {
        let hash = RecordHash([0xa5; 32]);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert!("A5".repeat(32).parse::<RecordHash>().is_err(), "one spelling only");
        assert!("a5".repeat(31).parse::<RecordHash>().is_err());
        let code: OfficeCode = "04030001".parse().unwrap();
        assert_eq!(code.to_string(), "04030001");
        assert!("4403001".parse::<OfficeCode>().is_err());
        assert!("4403000x".parse::<OfficeCode>().is_err());
    }

    #[test]
    fn a_case_id_ends_with_the_code_of_its_office() {
        let code = "04030001".parse().unwrap();
        let id = CaseId::new(code, [0xa5; 12]);
        assert_eq!(id.to_string(), "a5a5a5a5a5a5a5a5a5a5a5a504030001");
        assert_eq!(id.office(), Some(code));
        assert_eq!(CaseId([0xa5; 16]).office(), None);
    }

    #[test]
    fn a_region_is_a_division_of_gb_t_2260() {
        for region in ["440000", "440300", "440305"] {
            assert_eq!(region.parse::<Region>().unwrap().to_string(), region);
        }
        for wrong in ["", "4403", "44030", "4403000", "000000", "000300", "440003", "44030x", "４４０３００"] {
            assert!(wrong.parse::<Region>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_origin_has_one_spelling() {
        let origin = Origin::office("gd.huizhi", "44030001".parse().unwrap(), 1).unwrap();
        assert_eq!(origin.as_str(), "gd.huizhi/office/44030001/1");
        assert_eq!(origin.as_str().parse(), Ok(origin.clone()));
        assert_eq!(origin.office_and_epoch(), Some(("44030001".parse().unwrap(), 1)));
        for wrong in
            ["gd.huizhi/office/44030001/01", "gd.huizhi/office/44030001/+1", "GD/province/1", "/province/1", "gd/province", "gd/x/1", ""]
        {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong:?}");
        }
    }
}
