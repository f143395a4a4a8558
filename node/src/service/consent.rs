//! What applicants agree to before their picture is taken: the texts, and the records of who agreed to which.

use super::{Office, Refusal, applicants, payload::Applicant};
use crate::text::Text;
use protocol::{
    case::{By, Case},
    id::{BlobHash, Millis},
    record::Consented,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A text that is put before applicants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// Its version.
    pub version: u32,
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

/// Every text that was ever in force, oldest first. None is changed or taken away: records name them by their hash. It says what articles 17
/// and 30 of the Personal Information Protection Law (个人信息保护法) ask for: who, why, what, how long, for whom, and which rights. It promises
/// nothing that the program does not do.
pub const STATEMENTS: &[Statement] = &[Statement {
    version: 1,
    zh: "本办公点为办理您所选的证件，采集您的照片、姓名和公民身份号码。照片属于敏感个人信息，只用于制作、审核本次证件照并签发回执；不提供照片则无法办理。\
         姓名、号码和检测报告加密后只交给审核办公点；照片只交给审核和制证办公点。工作人员每次查看都有记录。\
         资料没有自动删除的期限：本办公点按规定删除，您也可以随时在此撤回同意并要求删除；已签发的回执须先撤销。签名记录会保留，其中没有姓名、号码和照片。",
    en: "This office takes your photo, your name and your identity number for the document that you chose. A photo is sensitive personal \
         information; it is used to make and review this photo and to issue its receipt, and for nothing else. Without it the document \
         cannot be made. Name, number and report go to reviewing offices only, encrypted; the photo goes to offices that review and to \
         those that make the document. Every look by staff is written down. The data are not deleted by themselves: this office deletes \
         them as its rules say, and you may withdraw your consent here at any time and have them deleted; a receipt that was issued is \
         revoked first. Signed records stay, and hold neither name nor number nor photo.",
}];

impl Statement {
    /// The text in force.
    pub fn current() -> Self {
        STATEMENTS[STATEMENTS.len() - 1]
    }
    /// The text with this hash, where this program knows it.
    pub fn by_hash(hash: BlobHash) -> Option<Self> {
        STATEMENTS.iter().copied().find(|statement| statement.hash() == hash)
    }
    /// Its name in records: SHA-256 of the Chinese text, a line feed, and the English text.
    pub fn hash(&self) -> BlobHash {
        BlobHash(Sha256::digest(format!("{}\n{}", self.zh, self.en)).into())
    }
    /// Both languages.
    pub fn text(&self) -> Text {
        Text::new(self.zh, self.en)
    }
}

/// That an applicant agreed, as a draft keeps it until it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// Hash of the text that was put before them, hex.
    pub statement: String,
    /// When it was noted.
    pub at_ms: Millis,
    /// Number of the member of staff who noted it.
    pub operator: u32,
}

/// Notes that an applicant agreed to the text that a page showed.
///
/// # Errors
/// No text was named, or another than the one in force.
pub fn agree(shown: Option<&str>, operator: u32, at_ms: Millis) -> Result<Agreed, Refusal> {
    let current = Statement::current().hash().to_string();
    match shown {
        Some(shown) if shown == current => Ok(Agreed { statement: current, at_ms, operator }),
        Some(_) => Err(Refusal::input(
            "consent_text_changed",
            "consent",
            "告知文本已更新，请刷新页面，让申请人重新阅读。",
            "the text of the consent has changed: load the page again and let the applicant read it",
        )),
        None => Err(missing()),
    }
}

/// Nobody agreed yet.
pub fn missing() -> Refusal {
    Refusal::input(
        "consent_missing",
        "consent",
        "请先告知申请人用途并勾选同意。",
        "tell the applicant the purpose and tick the consent first",
    )
}

/// The consent that this very person gave in a case of this office. One that cannot be read here proves nothing: the applicant is asked again.
pub fn on_record<'a>(office: &Office, case: &'a Case, person: &Applicant) -> Option<&'a By<Consented>> {
    case.consents.iter().find(|by| {
        let opened = by.said.payload.and_then(|payload| match applicants::open_sealed(office, payload) {
            Ok(opened) => opened,
            Err(error) => {
                tracing::warn!(%error, case = %case.id, "what somebody agreed to cannot be read");
                None
            }
        });
        opened.is_some_and(|opened| opened.commitment() == Some(by.said.applicant) && opened.applicant == *person)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mend_39_a_text_that_was_in_force_is_never_changed() {
        let hashes: Vec<_> = STATEMENTS.iter().map(|statement| (statement.version, statement.hash().to_string())).collect();
        assert_eq!(hashes, [(1, "3f59456e40d93e5771592979f0221ab69721c5e8c938de8989176326a1207334".to_owned())]);
    }

    #[test]
    fn mend_39_only_the_text_in_force_can_be_agreed_to() {
        let current = Statement::current().hash().to_string();
        assert_eq!(agree(None, 1, 2).unwrap_err().code, "consent_missing");
        assert_eq!(agree(Some("true"), 1, 2).unwrap_err().code, "consent_text_changed");
        assert_eq!(agree(Some(&current), 1, 2).unwrap(), Agreed { statement: current, at_ms: 2, operator: 1 });
    }
}
