//! What an office signs about a receipt: that it is revoked, that a document was made from it, that a use counts no longer.

use super::{Answer, Told, look_up, look_up_with, not_here};
use crate::service::{Kind, Office, Refusal, office::now_ms, payload};
use protocol::{
    case::By,
    id::OfficeCode,
    membership::Grant,
    record::{ReceiptRevoked, ReceiptUsed, Record, Roles, UseAnnulled},
};

/// Why receipts are revoked: code, Chinese, English.
const REVOCATIONS: [(&str, &str, &str); 4] = [
    ("issued_in_error", "误发", "issued in error"),
    ("wrong_person", "照片与申请人不符", "the photo is not of the applicant"),
    ("applicant_asked", "申请人要求", "the applicant asked for it"),
    ("photo_misused", "照片被冒用", "the photo was misused"),
];

/// Signs that a receipt of this office, or at the province any, is valid no longer. What was printed stays genuine; look-ups say since when it is not valid.
///
/// # Errors
/// The number is unknown here or of another office, it is revoked already, the reason has no such code, or this office may not review.
pub fn revoke(office: &Office, typed: &str, reason: &str, operator: u32) -> Result<(), Refusal> {
    let grant = grant(office)?;
    if !grant.is_province() {
        office.require_role(Roles::REVIEW)?;
    }
    check_reason(&REVOCATIONS, reason)?;
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
        if found.verified.number.office() != office.code() && !grant.is_province() {
            let issuer = office.office_name(found.verified.number.office());
            return Err(Refusal::state(
                "other_office",
                format!("此回执由{issuer}签发，只能由该办公点或省级节点撤销。"),
                format!("this receipt was issued by {issuer} and is revoked there, or by the province"),
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

/// Whether this office may revoke receipts that an office issued: its own ones where it decides, any at the province.
pub fn may_revoke(office: &Office, issuer: OfficeCode) -> bool {
    grant(office).is_ok_and(|grant| grant.is_province() || issuer == office.code() && office.has_role(Roles::REVIEW))
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
        let document = found.verified.receipt.document.as_deref();
        if !grant(office)?.may_use(document) {
            let document = document.unwrap_or("?");
            return Err(Refusal::new(
                Kind::Forbidden,
                "document_other",
                format!("本办公点未获授权办理此回执对应的证件（{document}）。请联系省级管理员。"),
                format!("this office makes other documents than the one that the receipt is for ({document}); ask the provincial admin"),
            ));
        }
        let own = [office.keys.recipient.to_public().to_string()];
        let reference = office.store.blobs.put(&payload::seal(reference.as_bytes(), &own)?)?;
        let (case, receipt) = (found.verified.receipt.case, found.verified.record.hash());
        Ok(vec![signer.sign(&Record::ReceiptUsed(ReceiptUsed { case, receipt, reference, operator, at_ms: now_ms() }))?])
    })?;
    Ok(())
}

/// Why uses are annulled: code, Chinese, English.
const ANNULMENTS: [(&str, &str, &str); 3] = [
    ("used_in_error", "误操作", "used in error"),
    ("document_not_made", "未制成证件", "no document was made"),
    ("not_entitled", "使用方无权使用", "who used it had no right to"),
];

/// Signs that uses of a receipt count no longer: this office's own ones, or at its issuer and at the province those of `user`.
///
/// # Errors
/// The number is unknown here, that office has no use of it that counts, the reason has no such code, or this office may not.
pub fn annul(office: &Office, typed: &str, user: Option<OfficeCode>, reason: &str, told: &Told, operator: u32) -> Result<(), Refusal> {
    let grant = grant(office)?;
    check_reason(&ANNULMENTS, reason)?;
    let user = user.unwrap_or(office.code());
    office.append(|_, signer| {
        // Under the append lock: two windows must not both annul.
        let found = look_up_with(office, typed, told, now_ms())?.found().ok_or_else(not_here)?;
        let receipt = found.verified.record.hash();
        let may = if user == office.code() {
            grant.roles().contains(Roles::DOCUMENT)
        } else {
            grant.is_province() || found.verified.number.office() == office.code() && grant.roles().contains(Roles::REVIEW)
        };
        if !may {
            return Err(Refusal::new(
                Kind::Forbidden,
                "use_of_another",
                "只有使用此回执的办公点、签发办公点或省级节点可以取消使用。",
                "a use is annulled by the office that signed it, by the issuer of the receipt, or by the province",
            ));
        }
        let uses = found.case.uses.iter().filter(|by| by.said.receipt == receipt && by.office == user && !found.case.is_annulled(by.hash));
        let case = found.case.id;
        let annul = |used: &By<ReceiptUsed>| {
            let said = UseAnnulled { case, used: used.hash, reason: reason.to_owned(), operator, at_ms: now_ms() };
            signer.sign(&Record::UseAnnulled(said))
        };
        let records = uses.map(annul).collect::<Result<Vec<_>, _>>()?;
        if records.is_empty() {
            let name = office.office_name(user);
            return Err(Refusal::state(
                "not_used",
                format!("{name}没有使用过此回执，或其使用已取消。"),
                format!("{name} has no use of this receipt that counts"),
            ));
        }
        Ok(records)
    })?;
    Ok(())
}

/// What the province lets this office do now.
fn grant(office: &Office) -> Result<Grant, Refusal> {
    office.member().map(|me| me.grant()).map_or_else(|| office.require_role(Roles::DOCUMENT).map(|()| Grant::default()), Ok)
}

fn check_reason(reasons: &[(&str, &str, &str)], reason: &str) -> Result<(), Refusal> {
    if reasons.iter().any(|(code, ..)| *code == reason) {
        return Ok(());
    }
    let known: Vec<String> = reasons.iter().map(|(code, zh, en)| format!("{code} ({zh}, {en})")).collect();
    let known = known.join("; ");
    Err(Refusal::input("reason_unknown", "reason", format!("原因应为：{known}"), format!("the reason is one of: {known}")))
}
