//! What the province hands to an office that is to join: one line of text, or the same as a QR code.
//!
//! It carries the root of trust and a secret that is good for one enrolment. The keys are made at the office and only their public halves
//! are sent, over the authenticated connection to the province.

use crate::{enrolment::Federation, service::Refusal};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::id::{Millis, OfficeCode};
use qrcode::{EcLevel, QrCode, render::svg, render::unicode};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    str::FromStr,
};

const PREFIX: &str = "HUIZHI-INVITE1:";
/// Characters of an invitation: the federation's key, its successors and some addresses.
const CHARS_MAX: usize = 16 << 10;
/// File of a joining node's data directory that holds the invitation until the office is enrolled.
pub const FILE: &str = "invitation";

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// Code of the office that is to join.
    #[serde(with = "as_text")]
    pub code: OfficeCode,
    /// Its name.
    pub name: String,
    /// Proof of having been invited, in hexadecimal. Whoever shows it first is enrolled.
    #[serde(with = "hex::serde")]
    pub secret: [u8; 16],
    /// When it ends, by the province's clock.
    pub expires_ms: Millis,
    /// The root of trust and whom to ask.
    pub federation: Federation,
}

mod as_text {
    use super::OfficeCode;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(code: &OfficeCode, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(code)
    }
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OfficeCode, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Invitation {
    /// The line of text.
    pub fn text(&self) -> String {
        let json = serde_json::to_vec(self).expect("texts and numbers are JSON");
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(json))
    }

    /// The text in a file, or the text itself.
    ///
    /// # Errors
    /// The file cannot be read, or it is no invitation.
    pub fn read(text_or_file: &str) -> Result<Self, Refusal> {
        if text_or_file.trim().starts_with(PREFIX) {
            return text_or_file.parse();
        }
        Self::read_file(Path::new(text_or_file)).map_err(|error| {
            let why = crate::text::io_error(&error);
            Refusal::input(
                "invitation_unreadable",
                "invitation",
                format!("无法读取邀请文件 {text_or_file}：{}。请给出以 HUIZHI-INVITE1 开头的邀请，或保存它的文件。", why.zh),
                format!(
                    "cannot read {text_or_file}: {}; give the invitation itself, from HUIZHI-INVITE1 on, or a file that holds it",
                    why.en
                ),
            )
        })?
    }

    /// The text in a file.
    ///
    /// # Errors
    /// The outer error is the disk's; the inner one says that it is no invitation.
    pub fn read_file(path: &Path) -> io::Result<Result<Self, Refusal>> {
        let mut text = Vec::new();
        // One more than may be, so that what is too long is refused and not cut.
        File::open(path)?.take(CHARS_MAX as u64 + 1).read_to_end(&mut text)?;
        Ok(std::str::from_utf8(&text).map_err(|_| malformed()).and_then(str::parse))
    }
}

impl FromStr for Invitation {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        if text.len() > CHARS_MAX {
            return Err(malformed());
        }
        // A mail program may have broken the line.
        let text: String = text.split_whitespace().collect();
        let json = text.strip_prefix(PREFIX).and_then(|encoded| URL_SAFE_NO_PAD.decode(encoded).ok()).ok_or_else(malformed)?;
        let invitation: Self = serde_json::from_slice(&json).map_err(|_| malformed())?;
        invitation.federation.verifier().map_err(|_| malformed())?;
        Ok(invitation)
    }
}

fn malformed() -> Refusal {
    Refusal::input(
        "invitation_malformed",
        "invitation",
        "邀请无效或不完整，请重新完整复制（以 HUIZHI-INVITE1 开头）。",
        "the invitation is incomplete or damaged: copy it again, from HUIZHI-INVITE1 on",
    )
}

/// The text as a QR code, for a screen or paper. Nothing when it is longer than a QR code can be.
pub fn qr_svg(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    Some(code.render::<svg::Color<'_>>().min_dimensions(320, 320).build())
}

/// The text as a QR code for a terminal.
pub fn qr_terminal(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    Some(code.render::<unicode::Dense1x2>().build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invitation() -> Invitation {
        let key = protocol::keys::OfficeKey::from_seed(&[1; 32]);
        let origin = protocol::id::Origin::province("demo.huizhi", 1).unwrap();
        let province = protocol::log::VerifierKey::new(origin, key.public()).to_string();
        let peer = crate::net::peer_id(key.public()).unwrap();
        let peers = vec![format!("/dns4/huizhi.example/tcp/8700/p2p/{peer}").parse().unwrap()];
        let federation = Federation { province, peers, successors: None, successions: vec![] };
        Invitation { code: "44030401".parse().unwrap(), name: "福田采集点".into(), secret: [7; 16], expires_ms: 5, federation }
    }

    #[test]
    fn an_invitation_is_read_back_also_from_broken_lines_and_refused_when_cut() {
        let text = invitation().text();
        assert_eq!(text.parse::<Invitation>().unwrap(), invitation());
        let broken = text.as_bytes().chunks(60).map(|line| format!("  {}\r\n", std::str::from_utf8(line).unwrap())).collect::<String>();
        assert_eq!(Invitation::read(&broken).unwrap(), invitation());
        for end in 0..text.len() {
            assert!(text[..end].parse::<Invitation>().is_err(), "{end}");
        }
        assert!("x".repeat(CHARS_MAX + 1).parse::<Invitation>().is_err());
    }

    #[test]
    fn a_file_is_read_as_far_as_an_invitation_can_go_and_named_when_it_cannot_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let (file, large) = (dir.path().join("invitation.txt"), dir.path().join("large"));
        std::fs::write(&file, invitation().text()).unwrap();
        assert_eq!(Invitation::read(file.to_str().unwrap()).unwrap(), invitation());
        std::fs::write(&large, format!("{}{}", invitation().text(), " ".repeat(CHARS_MAX))).unwrap();
        assert_eq!(Invitation::read(large.to_str().unwrap()).unwrap_err().code, "invitation_malformed");
        let missing = Invitation::read("no-such-file").unwrap_err();
        assert_eq!(missing.code, "invitation_unreadable");
        assert!(missing.text.en.contains("no-such-file"));
    }

    #[test]
    fn it_fits_a_qr_code() {
        assert!(qr_svg(&invitation().text()).unwrap().contains("<svg"));
        assert!(qr_terminal(&invitation().text()).is_some());
    }
}
