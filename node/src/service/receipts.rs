//! Receipts: looked up by number, proved, printed.

use crate::{
    print::{Font, ReceiptSheet},
    service::{
        Office, Refusal, intake,
        office::{china_time, now_ms},
        specs,
    },
    text::Text,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::{
    case::Case,
    id::{Millis, Origin, RecordHash},
    log::Entry,
    merkle,
    receipt::{Invalid, NumberError, ReceiptNumber, ReceiptProof, ReceiptVerdict, VerifiedReceipt, judge},
    record::{ReceiptRevoked, Record, Roles},
};
use std::sync::Arc;

/// Prefix of the QR code: what follows is the signed record in base64url.
pub const QR_PREFIX: &str = "HUIZHI1:";

/// What a lookup by number found.
#[derive(Debug)]
pub enum Answer {
    /// The receipt stands, and every signature on the way to it held.
    Valid(Box<Found>),
    /// The receipt stands, but its validity has ended by this machine's clock.
    Expired(Box<Found>),
    /// It was valid, and was revoked later.
    Revoked(Box<Found>),
    /// It was for single use, and was used this often; more than once is a conflict between offices.
    Used(Box<Found>, usize),
    /// The receipt is genuine, but the decisions on its case contradict each other now.
    Disputed(Box<Found>),
    /// The receipt is genuine, but it does not stand, and why.
    Invalid(Box<Found>, Invalid),
    /// No record of it is here. That says nothing about its validity.
    UnknownHere(ReceiptNumber),
    /// Not a receipt number.
    Mistyped(NumberError),
}

/// A receipt that was found and verified.
#[derive(Debug)]
pub struct Found {
    /// Proof and content.
    pub verified: VerifiedReceipt,
    /// The proof file.
    pub proof: ReceiptProof,
    /// Its case, where its records are here.
    pub case: Arc<Case>,
}

/// Looks a receipt up and verifies it as an outsider would: inclusion under a signed checkpoint, signature, number; then its case.
///
/// # Errors
/// The store fails, or holds something that does not verify.
pub fn look_up(office: &Office, typed: &str, now: Millis) -> Result<Answer, Refusal> {
    let number: ReceiptNumber = match typed.parse() {
        Ok(number) => number,
        Err(error) => return Ok(Answer::Mistyped(error)),
    };
    let unknown = Ok(Answer::UnknownHere(number));
    let federation = office.origin().federation().to_owned();
    let Ok(origin) = Origin::office(&federation, number.office(), number.epoch()) else { return unknown };
    let Some(key) = office.members().verifier(&origin) else { return unknown };
    let Some(proof) = proof(office, &origin, number.index())? else { return unknown };
    let Ok(verified) = proof.verify(&key) else { return unknown };
    let Some(case) = office.case(verified.receipt.case)? else { return unknown };
    let judged = match judge(verified.record.hash(), &verified.receipt, Some(&case), now) {
        ReceiptVerdict::Valid => Answer::Valid,
        ReceiptVerdict::Expired => Answer::Expired,
        ReceiptVerdict::LaterRevoked(_) => Answer::Revoked,
        ReceiptVerdict::Used(uses) => {
            let times = uses.len();
            return Ok(Answer::Used(Box::new(Found { verified, proof, case }), times));
        }
        ReceiptVerdict::UnknownHere => return unknown,
        ReceiptVerdict::Invalid(Invalid::Disputed) => Answer::Disputed,
        ReceiptVerdict::Invalid(reason) => return Ok(Answer::Invalid(Box::new(Found { verified, proof, case }), reason)),
    };
    Ok(judged(Box::new(Found { verified, proof, case })))
}

/// Why receipts are revoked: code, Chinese, English.
const REVOCATIONS: [(&str, &str, &str); 4] = [
    ("issued_in_error", "误发", "issued in error"),
    ("wrong_person", "照片与申请人不符", "the photo is not of the applicant"),
    ("applicant_asked", "申请人要求", "the applicant asked for it"),
    ("photo_misused", "照片被冒用", "the photo was misused"),
];

/// Signs that a receipt of this office is valid no longer. What was printed stays genuine; look-ups say since when it is not valid.
///
/// # Errors
/// The number is unknown here or of another office, it is revoked already, the reason has no such code, or this office may not review.
pub fn revoke(office: &Office, typed: &str, reason: &str, operator: u32) -> Result<(), Refusal> {
    office.require_role(Roles::REVIEW)?;
    if REVOCATIONS.iter().all(|(code, ..)| *code != reason) {
        let known: Vec<String> = REVOCATIONS.iter().map(|(code, zh, en)| format!("{code} ({zh}, {en})")).collect();
        let known = known.join("; ");
        return Err(Refusal::input("reason_unknown", "reason", format!("原因应为：{known}"), format!("the reason is one of: {known}")));
    }
    office.append(|_, signer| {
        // Under the append lock: two windows must not both revoke.
        let found = match look_up(office, typed, now_ms())? {
            Answer::Valid(found) | Answer::Expired(found) | Answer::Used(found, _) => found,
            Answer::Revoked(_) => return Err(Refusal::state("already_revoked", "此回执已被撤销。", "this receipt is revoked already")),
            Answer::Disputed(_) | Answer::Invalid(..) => {
                return Err(Refusal::state(
                    "not_standing",
                    "此回执目前不成立，无须撤销。",
                    "this receipt does not stand: there is nothing to revoke",
                ));
            }
            Answer::UnknownHere(_) | Answer::Mistyped(_) => return Err(not_here()),
        };
        if found.verified.number.office() != office.code() {
            let issuer = office.office_name(found.verified.number.office());
            return Err(Refusal::state(
                "other_office",
                format!("此回执由{issuer}签发，只能在那里撤销。"),
                format!("this receipt was issued by {issuer} and is revoked there"),
            ));
        }
        let revoked = ReceiptRevoked {
            case: found.verified.receipt.case,
            receipt: found.verified.record.hash(),
            reason: reason.to_owned(),
            operator,
            at_ms: now_ms(),
        };
        Ok(vec![signer.sign(&Record::ReceiptRevoked(revoked))?])
    })?;
    Ok(())
}

/// The refusal for a number of which no record is here.
pub fn not_here() -> Refusal {
    Refusal::not_found("本机没有此回执。", "no receipt with this number is here")
}

/// The proof of the record at a position, under the complete checkpoint with the most witnesses; nothing where none covers it.
fn proof(office: &Office, origin: &Origin, index: u64) -> Result<Option<ReceiptProof>, Refusal> {
    let Some((checkpoint, _)) = office.note_over(origin, index)? else { return Ok(None) };
    let Some(entry) = office.store.entry(origin, index)? else { return Ok(None) };
    let path = office.store.with_subtrees(origin, |view| merkle::inclusion_proof(view, index, checkpoint.size()))?;
    Ok(path.map(|path| ReceiptProof { entry: entry.bytes, index, path, checkpoint: checkpoint.note().to_owned() }))
}

/// Where each record on the way to a receipt stands: kind, hash, log, position, claimed time.
///
/// # Errors
/// As the store.
pub fn chain(office: &Office, found: &Found) -> Result<Vec<Step>, Refusal> {
    let receipt = &found.verified.receipt;
    let wanted = [receipt.submission, receipt.decision, found.verified.record.hash()];
    let mut steps = Vec::new();
    for entry in office.store.case_entries(receipt.case)? {
        let Ok(Entry { record, .. }) = entry.verify() else { continue };
        let Some(place) = wanted.iter().position(|hash| *hash == record.hash()) else { continue };
        let at_ms = match record.record() {
            protocol::record::Record::Submitted(said) => said.at_ms,
            protocol::record::Record::Decided(said) => said.at_ms,
            protocol::record::Record::ReceiptIssued(said) => said.at_ms,
            _ => continue,
        };
        steps.push((
            place,
            Step { kind: record.record().kind().to_owned(), hash: record.hash(), origin: entry.origin, index: entry.index, at_ms },
        ));
    }
    steps.sort_by_key(|(place, _)| *place);
    Ok(steps.into_iter().map(|(_, step)| step).collect())
}

/// One signed record on the way to a receipt.
#[derive(Debug, Clone)]
pub struct Step {
    /// Kind of record.
    pub kind: String,
    /// Its hash.
    pub hash: RecordHash,
    /// Its log.
    pub origin: Origin,
    /// Its position.
    pub index: u64,
    /// The signer's clock.
    pub at_ms: u64,
}

/// Text of the QR code of a receipt: the signed record itself.
pub fn qr_text(proof: &ReceiptProof) -> String {
    format!("{QR_PREFIX}{}", URL_SAFE_NO_PAD.encode(&proof.entry))
}

/// What the receipt's number is called.
pub fn label(office: &Office, found: &Found) -> Text {
    let label =
        specs::by_hash(office, found.verified.receipt.spec).map_or_else(|| "回执号".to_owned(), |known| known.spec.receipt().label.clone());
    let en = if label == "图像号" { "Image number" } else { "Receipt number" };
    Text::new(label, en)
}

/// The receipt as a PDF.
///
/// # Errors
/// The photo or the applicant's data are not on this machine, or there is no font.
pub fn print(office: &Office, found: &Found, font: &Font) -> Result<Vec<u8>, Refusal> {
    let receipt = &found.verified.receipt;
    let photo_jpeg = office.store.blobs.read(receipt.photo)?.ok_or_else(|| crate::service::review::photo_elsewhere(office, &found.case))?;
    let payload = intake::open_payload(office, &found.case)?.ok_or_else(|| {
        Refusal::state(
            "applicant_elsewhere",
            "申请人资料只在采集点和审核中心，请在那里打印回执。",
            "the applicant's data are only at the capturing office and the review centre; print the receipt there",
        )
    })?;
    let known = specs::by_hash(office, receipt.spec).ok_or_else(specs::not_here_yet)?;
    let spec = &known.spec;
    let millimetres = |pixels: u32| (f64::from(pixels) / f64::from(spec.dpi()) * 25.4) as f32;
    let (width_mm, height_mm) = spec
        .print_mm()
        .map_or_else(|| (millimetres(spec.width_px()), millimetres(spec.height_px())), |(width, height)| (width as f32, height as f32));
    let sheet = ReceiptSheet {
        label: label(office, found).zh,
        number_grouped: found.verified.number.to_string(),
        number_digits: found.verified.number.digits(),
        document_name_zh: spec.name().zh.clone(),
        document_name_en: spec.name().en.clone(),
        applicant_name: payload.applicant.name.clone(),
        id_number_masked: Some(mask(&payload.applicant.id_number)),
        issuing_office: office.office_name(found.verified.number.office()),
        capturing_office: office.office_name(receipt.captured_by),
        issued: day(receipt.at_ms),
        valid_until: day(receipt.valid_until_ms),
        photo_jpeg,
        photo_mm: (width_mm, height_mm),
        spec_id: spec.id().to_owned(),
        spec_version: spec.version(),
        qr_text: qr_text(&found.proof),
        verify_hint: verify_hint(office, found),
        federation: office.origin().federation().to_owned(),
        reprint: false,
    };
    crate::print::render(&sheet, font).map_err(Refusal::fault)
}

/// Where to look the receipt up, where it is logged, and who had witnessed that when it was printed.
fn verify_hint(office: &Office, found: &Found) -> String {
    let (number, index) = (found.verified.number, found.verified.number.index());
    let witnesses = match office.witnesses_on(&found.verified.checkpoint) {
        0 => String::new(),
        count => format!("，已由 {count} 个办公点见证 witnessed by {count} offices"),
    };
    format!("huizhi receipt show {number} · 已载入日志第 {index} 条 logged as entry {index}{witnesses}")
}

/// Keeps the first six and the last two characters, as on official notices.
fn mask(id_number: &str) -> String {
    let characters: Vec<char> = id_number.chars().collect();
    let hidden = |at: usize| at >= 6 && at + 2 < characters.len();
    characters.iter().enumerate().map(|(at, character)| if hidden(at) { '*' } else { *character }).collect()
}

/// A day in China Standard Time, as printed on a receipt; a dash for a moment that an issuer made up and no calendar has.
fn day(at_ms: u64) -> String {
    china_time(at_ms)
        .map_or_else(|| "—".into(), |moment| format!("{:04}-{:02}-{:02}", moment.year(), u8::from(moment.month()), moment.day()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{Home, picture};

    #[test]
    fn days_are_china_s_and_no_claimed_time_panics() {
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(57_600_000), "1970-01-02", "16:00 UTC is midnight in China");
        for beyond in [253_402_300_799_000, 253_402_300_800_000, u64::MAX] {
            assert_eq!(day(beyond), "—");
        }
    }

    #[test]
    fn a_revoked_receipt_says_so_for_ever_and_is_revoked_once() {
        let home = Home::new();
        let office = home.open();
        let case = home.case(&office, &picture(8, 8, [9; 3]), true);
        let number = case.receipts[0].said.number.clone();
        assert!(matches!(look_up(&office, &number, now_ms()).unwrap(), Answer::Valid(_)));
        assert_eq!(revoke(&office, &number, "because", 1).unwrap_err().code, "reason_unknown");
        assert!(matches!(look_up(&office, &number, now_ms()).unwrap(), Answer::Valid(_)));
        revoke(&office, &number, "wrong_person", 1).unwrap();
        assert!(matches!(look_up(&office, &number, now_ms()).unwrap(), Answer::Revoked(_)));
        assert!(matches!(look_up(&office, &number, u64::MAX).unwrap(), Answer::Revoked(_)), "also when its validity has ended");
        assert_eq!(revoke(&office, &number, "wrong_person", 1).unwrap_err().code, "already_revoked");
        drop(office);
        assert!(matches!(look_up(&home.open(), &number, now_ms()).unwrap(), Answer::Revoked(_)), "and after a restart");
    }
}
