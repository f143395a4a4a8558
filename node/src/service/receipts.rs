//! Receipts: looked up by number, proved, printed.

mod deeds;
mod elsewhere;
mod verify;

pub use deeds::{annul, may_revoke, revoke, use_for};
pub use elsewhere::{AsOf, Told, evidence};
pub use verify::{Examined, examine, examine_by_key};

use crate::{
    print::{Font, ReceiptSheet},
    service::{
        Office, Refusal, applicants,
        office::{china_time, now_ms},
        specs,
    },
    text::Text,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::{
    case::{By, Case},
    id::{Millis, Origin, RecordHash},
    merkle,
    receipt::{Invalid, NumberError, ReceiptNumber, ReceiptProof, ReceiptVerdict, VerifiedReceipt, assess},
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

impl Answer {
    /// What was found, where the record is genuine.
    pub fn found(self) -> Option<Box<Found>> {
        match self {
            Self::Valid(found)
            | Self::Expired(found)
            | Self::Revoked(found)
            | Self::Used(found, _)
            | Self::Disputed(found)
            | Self::Invalid(found, _) => Some(found),
            Self::UnknownHere(_) | Self::Mistyped(_) => None,
        }
    }
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
    let judged = match assess(&verified.entry(), &told.judges(office, &origin, number.index()), Some(&case), now) {
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
    let photo_jpeg = office.read_blob(receipt.photo)?.ok_or_else(|| crate::service::review::photo_elsewhere(office, &found.case))?;
    let payload = applicants::open_payload(office, &found.case)?.ok_or_else(|| {
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
        id_number_masked: Some(payload.applicant.masked_number()),
        issuing_office: office.office_name(found.verified.number.office()),
        capturing_office: office.office_name(receipt.captured_by),
        issued: day(receipt.at_ms),
        valid_until: day(receipt.valid_until_ms.saturating_sub(1)),
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

/// A day in China Standard Time, as printed on a receipt; a dash for a moment that an issuer made up and no calendar has.
fn day(at_ms: u64) -> String {
    china_time(at_ms)
        .map_or_else(|| "—".into(), |moment| format!("{:04}-{:02}-{:02}", moment.year(), u8::from(moment.month()), moment.day()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{
        payload,
        testing::{Home, picture},
    };

    #[test]
    fn days_are_china_s_and_no_claimed_time_panics() {
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(57_600_000), "1970-01-02", "16:00 UTC is midnight in China");
        for beyond in [253_402_300_799_000, 253_402_300_800_000, u64::MAX] {
            assert_eq!(day(beyond), "—");
        }
    }

    #[test]
    fn mend_09_a_receipt_is_valid_to_the_end_of_the_day_that_is_printed() {
        use crate::service::office::days_later;
        let noon = 1_767_196_800_000 + 12 * 3_600_000; // 2026-01-01 12:00 in China
        for (at, days, printed) in [
            (noon, 180, "2026-06-30"),
            (noon + 11 * 3_600_000 + 3_599_999, 180, "2026-06-30"),
            (noon - 12 * 3_600_000 + 1, 1, "2026-01-02"),
            (noon, 0, "2026-01-01"),
        ] {
            let end = days_later(at, days);
            assert_eq!(day(end - 1), printed, "{at} {days}");
            assert_ne!(day(end), printed, "the midnight after it");
            assert!(end > at && end - at <= (u64::from(days) + 1) * 86_400_000);
        }
        assert_eq!(days_later(noon + 12 * 3_600_000, 2), noon + 60 * 3_600_000, "from midnight on it is just so many days");
        days_later(u64::MAX, u32::MAX);
        let home = Home::new();
        let office = home.open();
        let receipt = home.case(&office, &picture(8, 8, [9; 3]), true).receipts[0].clone();
        assert_eq!((receipt.said.valid_until_ms + 8 * 3_600_000) % 86_400_000, 0);
        let number = &receipt.said.number;
        assert!(matches!(look_up(&office, number, receipt.said.valid_until_ms - 1).unwrap(), Answer::Valid(_)));
        assert!(matches!(look_up(&office, number, receipt.said.valid_until_ms).unwrap(), Answer::Expired(_)));
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
