//! Receipts: looked up by number, proved, printed.

mod elsewhere;

pub use elsewhere::{AsOf, Told, evidence};

use crate::{
    print::{Font, ReceiptSheet},
    service::{
        Office, Refusal, intake,
        office::{china_time, now_ms},
        payload, specs,
    },
    text::Text,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::{
    case::{By, Case},
    id::{Millis, Origin, RecordHash},
    merkle,
    receipt::{Invalid, NumberError, ReceiptNumber, ReceiptProof, ReceiptVerdict, VerifiedReceipt, judge},
    record::{ReceiptRevoked, ReceiptUsed, Record, Roles},
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
    /// Its case, as far as its records are here or were told.
    pub case: Arc<Case>,
    /// How far the answer reaches, where records about the case may stand in logs that are not held here.
    pub as_of: Option<AsOf>,
}

/// Looks a receipt up in what is here.
///
/// # Errors
/// As for [`look_up_with`].
pub fn look_up(office: &Office, typed: &str, now: Millis) -> Result<Answer, Refusal> {
    look_up_with(office, typed, &Told::default(), now)
}

/// The log and position of a receipt that other offices are to be asked about: it is not known here, or may have been used or revoked where
/// this node does not look.
///
/// # Errors
/// As for [`look_up_with`].
pub fn to_ask_about(office: &Office, typed: &str) -> Result<Option<(Origin, u64)>, Refusal> {
    let Ok(number) = typed.parse::<ReceiptNumber>() else { return Ok(None) };
    let unknown = || Ok::<_, Refusal>(matches!(look_up(office, typed, now_ms())?, Answer::UnknownHere(_)));
    if !office.leaves_out() && !unknown()? {
        return Ok(None);
    }
    Ok(Origin::office(office.origin().federation(), number.office(), number.epoch()).ok().map(|origin| (origin, number.index())))
}

/// Looks a receipt up in what is here and what others told, and verifies it as an outsider would: inclusion under a signed checkpoint,
/// signature, number; then its case.
///
/// # Errors
/// The store fails, or holds something that does not verify.
pub fn look_up_with(office: &Office, typed: &str, told: &Told, now: Millis) -> Result<Answer, Refusal> {
    let number: ReceiptNumber = match typed.parse() {
        Ok(number) => number,
        Err(error) => return Ok(Answer::Mistyped(error)),
    };
    let unknown = Ok(Answer::UnknownHere(number));
    let federation = office.origin().federation().to_owned();
    let Ok(origin) = Origin::office(&federation, number.office(), number.epoch()) else { return unknown };
    let Some(key) = office.members().verifier(&origin) else { return unknown };
    let here = proof(office, &origin, number.index())?;
    let Some(proof) = here.or_else(|| told.proof(&origin, number.index())) else { return unknown };
    let Ok(verified) = proof.verify(&key) else { return unknown };
    let Some(case) = told.case(office, verified.receipt.case)? else { return unknown };
    let as_of = elsewhere::as_of(office, told, &verified.checkpoint);
    let judged = match judge(verified.record.hash(), &verified.receipt, Some(&case), now) {
        ReceiptVerdict::Valid => Answer::Valid,
        ReceiptVerdict::Expired => Answer::Expired,
        ReceiptVerdict::LaterRevoked(_) => Answer::Revoked,
        ReceiptVerdict::Used(uses) => {
            let times = uses.len();
            return Ok(Answer::Used(Box::new(Found { verified, proof, case, as_of }), times));
        }
        ReceiptVerdict::UnknownHere => return unknown,
        ReceiptVerdict::Invalid(Invalid::Disputed) => Answer::Disputed,
        ReceiptVerdict::Invalid(reason) => return Ok(Answer::Invalid(Box::new(Found { verified, proof, case, as_of }), reason)),
    };
    Ok(judged(Box::new(Found { verified, proof, case, as_of })))
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

/// Longest reference of an application that a receipt is used for, in characters.
const REFERENCE_CHARS_MAX: usize = 64;

/// Signs that this office made a document from a receipt; a receipt for single use is worth nothing after that.
///
/// The reference of the application stays at this office: the record names it by the hash of its sealed form, whose random file key makes
/// that a salted commitment.
///
/// # Errors
/// The receipt is not valid by what is here and what others `told`, the reference is empty or too long, or this office makes no documents.
pub fn use_for(office: &Office, typed: &str, reference: &str, told: &Told, operator: u32) -> Result<(), Refusal> {
    office.require_role(Roles::DOCUMENT)?;
    let reference = reference.trim();
    if reference.is_empty() || reference.chars().count() > REFERENCE_CHARS_MAX {
        return Err(Refusal::input(
            "reference_invalid",
            "reference",
            format!("请输入使用此回执的业务编号（最多 {REFERENCE_CHARS_MAX} 个字）。"),
            format!("give the number of the application that it is used for ({REFERENCE_CHARS_MAX} characters at most)"),
        ));
    }
    office.append(|_, signer| {
        // Under the append lock: two windows must not both use it.
        let Answer::Valid(found) = look_up_with(office, typed, told, now_ms())? else {
            return Err(Refusal::state(
                "not_valid",
                "此回执目前不是有效状态，不能使用。请先查询其状态。",
                "this receipt is not valid now and cannot be used; look it up to see why",
            ));
        };
        let own = [office.keys.recipient.to_public().to_string()];
        let reference = office.store.blobs.put(&payload::seal(reference.as_bytes(), &own)?)?;
        let (case, receipt) = (found.verified.receipt.case, found.verified.record.hash());
        Ok(vec![signer.sign(&Record::ReceiptUsed(ReceiptUsed { case, receipt, reference, operator, at_ms: now_ms() }))?])
    })?;
    Ok(())
}

/// The refusal for a number of which no record is here.
pub fn not_here() -> Refusal {
    Refusal::not_found("本机没有此回执。", "no receipt with this number is here")
}

/// The proof of the record at a position, under the complete checkpoint with the most witnesses; nothing where none covers it, or where its
/// case was not made with it yet.
fn proof(office: &Office, origin: &Origin, index: u64) -> Result<Option<ReceiptProof>, Refusal> {
    if index >= office.store.indexed(origin) {
        return Ok(None);
    }
    let Some((checkpoint, _)) = office.note_over(origin, index)? else { return Ok(None) };
    let Some(entry) = office.store.entry(origin, index)? else { return Ok(None) };
    let path = office.store.with_subtrees(origin, |view| merkle::inclusion_proof(view, index, checkpoint.size()))?;
    Ok(path.map(|path| ReceiptProof { entry: entry.bytes, index, path, checkpoint: checkpoint.note().to_owned() }))
}

/// Where each record on the way to a receipt stands, in order: submission, decision, receipt.
pub fn chain(found: &Found) -> Vec<Step> {
    fn step<T>(kind: &'static str, by: &By<T>, at_ms: Millis) -> Step {
        Step { kind, hash: by.hash, origin: by.origin.clone(), index: by.index, at_ms }
    }
    let (receipt, case) = (&found.verified.receipt, &found.case);
    let submission = case.submissions.iter().find(|by| by.hash == receipt.submission);
    let decision = case.decisions.iter().find(|by| by.hash == receipt.decision);
    let issued = Step {
        kind: "receipt_issued",
        hash: found.verified.record.hash(),
        origin: found.verified.checkpoint.origin().clone(),
        index: found.verified.number.index(),
        at_ms: receipt.at_ms,
    };
    let submission = submission.map(|by| step("submitted", by, by.said.at_ms));
    let decision = decision.map(|by| step("decided", by, by.said.at_ms));
    submission.into_iter().chain(decision).chain([issued]).collect()
}

/// One signed record on the way to a receipt.
#[derive(Debug, Clone)]
pub struct Step {
    /// Kind of record.
    pub kind: &'static str,
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

/// The receipt as a PDF. A lost one is printed again, and says so, while it is valid.
///
/// # Errors
/// It is not valid now, the photo or the applicant's data are not on this machine, or there is no font.
pub fn print(office: &Office, typed: &str, reprint: bool, font: &Font) -> Result<Vec<u8>, Refusal> {
    let found = match look_up(office, typed, now_ms())? {
        Answer::Valid(found) => found,
        Answer::UnknownHere(_) | Answer::Mistyped(_) => return Err(not_here()),
        _ => {
            return Err(Refusal::state(
                "not_valid",
                "此回执目前不是有效状态，不能打印。请先查询其状态。",
                "this receipt is not valid now and is not printed; look it up to see why",
            ));
        }
    };
    let found = &*found;
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
        template: spec.receipt().template,
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
        reprint,
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

    #[test]
    fn a_receipt_for_single_use_is_used_once_and_printed_while_it_is_valid() {
        let home = Home::new();
        let office = home.open();
        let id_card =
            specs::by_id(&office, "cn-id-card").unwrap().spec.text().replace("required = true", "required = true\nuses = \"single\"");
        let id_card = id_card.replacen("version = 1", "version = 2", 1);
        specs::publish(&office, &id_card, None, 1).unwrap();
        let case = home.case(&office, &picture(8, 8, [9; 3]), true);
        let number = case.receipts[0].said.number.clone();
        assert_eq!(case.receipts[0].said.usage, Some(protocol::record::Usage::Single));
        assert_eq!(use_for(&office, &number, "  ", &Told::default(), 1).unwrap_err().code, "reference_invalid");
        use_for(&office, &number, "办证受理 2026-000017", &Told::default(), 1).unwrap();
        assert!(matches!(look_up(&office, &number, now_ms()).unwrap(), Answer::Used(_, 1)));
        assert_eq!(use_for(&office, &number, "again", &Told::default(), 1).unwrap_err().code, "not_valid");
        let font = Font::find(None).expect("fonts-noto-cjk");
        assert_eq!(print(&office, &number, true, &font).unwrap_err().code, "not_valid");
        let used = office.case(case.id).unwrap().unwrap().uses[0].said.reference;
        let sealed = office.store.blobs.read(used).unwrap().unwrap();
        let opened = payload::open(&sealed, &office.keys.identities()).unwrap().unwrap();
        assert_eq!(String::from_utf8(opened).unwrap(), "办证受理 2026-000017");
    }
}
