//! Review: a decision on a photo that was seen, and the receipt that follows an approval.

use crate::service::{
    Kind, Office, Refusal,
    office::{days_later, now_ms},
    reasons, specs,
};
use ::specs::{FourEyes, Uses};
use protocol::{
    case::{Case, Eyes, Status},
    id::{CaseId, RecordHash},
    receipt::ReceiptNumber,
    record::{Decided, ReceiptIssued, Record, Roles, Usage, Verdict},
};
use std::sync::Arc;

/// What a reviewer decides.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Approve or return.
    pub verdict: Verdict,
    /// The submission that was looked at.
    pub submission: RecordHash,
    /// Codes from [`reasons`].
    pub reasons: Vec<String>,
}

/// Signs a decision, and with an approval the receipt, in one durable step.
///
/// A decision names every standing decision that it closes, so that deciding a conflict resolves it.
///
/// # Errors
/// The photo is not here, the case moved on, a return without a reason, or this office may not review.
pub fn decide(office: &Office, id: CaseId, decision: Decision, operator: u32) -> Result<Arc<Case>, Refusal> {
    office.require_role(Roles::REVIEW)?;
    let case = find(office, id)?;
    let known = specs::by_hash(office, case.current.said.spec).ok_or_else(specs::not_here_yet)?;
    let four_eyes = known.spec.receipt().four_eyes;
    check(office, &case, &decision)?;
    check_eyes(office, &case, four_eyes, operator)?;
    let validity_days = known.spec.receipt().validity_days;
    office.append(|position, signer| {
        // Looked at again under the append lock: two reviewers at two windows must not both decide.
        let case = find(office, id)?;
        check(office, &case, &decision)?;
        check_eyes(office, &case, four_eyes, operator)?;
        let at_ms = now_ms();
        let decided = signer.sign(&Record::Decided(Decided {
            case: id,
            submission: decision.submission,
            verdict: decision.verdict,
            reasons: decision.reasons.clone(),
            resolves: case.standing().map(|standing| standing.hash).collect(),
            operator,
            at_ms,
        }))?;
        if decision.verdict == Verdict::Return {
            return Ok(vec![decided]);
        }
        let (_, epoch) = office.origin().office_and_epoch().ok_or_else(|| Refusal::fault("the log has no office code"))?;
        let number = ReceiptNumber::new(office.code(), epoch, position + 1).map_err(Refusal::fault)?;
        let receipt = signer.sign(&Record::ReceiptIssued(ReceiptIssued {
            case: id,
            submission: decision.submission,
            decision: decided.hash(),
            number: number.digits(),
            photo: case.current.said.photo,
            spec: case.current.said.spec,
            applicant: case.current.said.applicant,
            captured_by: case.captured_by(),
            valid_until_ms: days_later(at_ms, validity_days),
            at_ms,
            usage: match known.spec.receipt().uses {
                Uses::Single => Some(Usage::Single),
                Uses::Repeated => None,
            },
            document: Some(known.spec.id().to_owned()),
        }))?;
        Ok(vec![decided, receipt])
    })?;
    find(office, id)
}

/// Whether a document's policy lets those decide who stand behind both acts.
pub fn keeps(policy: FourEyes, eyes: Eyes) -> bool {
    match policy {
        FourEyes::People => eyes > Eyes::OnePerson,
        FourEyes::Offices => eyes == Eyes::TwoOffices,
        FourEyes::None => true,
    }
}

fn check_eyes(office: &Office, case: &Case, policy: FourEyes, operator: u32) -> Result<(), Refusal> {
    if keeps(policy, Eyes::behind((case.captured_by(), case.current.said.operator), (office.code(), operator))) {
        return Ok(());
    }
    let (zh, en) = match policy {
        FourEyes::Offices => {
            ("按该证件的规定，须由另一办公点审核。", "this document asks for a decision by another office than the one that captured it")
        }
        _ => (
            "提交者不能审核自己提交的照片，请由另一位工作人员登录后审核（新增：停止程序后运行 huizhi staff add 登录名 --role reviewer）。",
            "a person does not decide on a photo that they submitted: another member of staff logs in and decides \
             (to add one, stop the node and run `huizhi staff add LOGIN --role reviewer`)",
        ),
    };
    Err(Refusal::new(Kind::Forbidden, "four_eyes", zh, en))
}

fn check(office: &Office, case: &Case, decision: &Decision) -> Result<(), Refusal> {
    if case.current.hash != decision.submission {
        return Err(Refusal::state(
            "submission_stale",
            "采集点已提交了新照片，请查看后再决定。",
            "the office has submitted a newer photo; look at it before you decide",
        ));
    }
    if !office.member().is_some_and(|me| me.grant().may_decide(case.captured_by())) {
        let name = office.office_name(case.captured_by());
        return Err(Refusal::new(
            Kind::Forbidden,
            "not_in_charge",
            format!("{name}不在本办公点负责的地区，应由负责该地区的审核中心决定。"),
            format!("{name} is not in the region that this office is in charge of: the centre of that region decides"),
        ));
    }
    match case.status {
        Status::Submitted | Status::Conflict => {}
        Status::Approved | Status::Returned | Status::Withdrawn => {
            return Err(Refusal::state(
                "already_decided",
                "此记录已有决定。已通过的不能更改；已退回的须等待重拍。",
                "this case is decided: an approval is final, a return waits for a recapture",
            ));
        }
    }
    if office.store.blobs.size(case.current.said.photo).is_none() {
        return Err(photo_elsewhere(office, case));
    }
    if decision.verdict == Verdict::Return && decision.reasons.is_empty() {
        return Err(Refusal::input("reason_missing", "reasons", "退回时请至少选择一个原因。", "choose at least one reason for the return"));
    }
    if let Some(unknown) = decision.reasons.iter().find(|code| !reasons::all().any(|(known, _)| known == code.as_str())) {
        return Err(Refusal::input(
            "reason_unknown",
            "reasons",
            format!("没有代码为“{unknown}”的原因。"),
            format!("there is no reason '{unknown}'"),
        ));
    }
    Ok(())
}

/// Code of the refusal while a photo is on its way.
pub const PHOTO_ELSEWHERE: &str = "photo_elsewhere";

/// The refusal while a photo is still on its way.
pub fn photo_elsewhere(office: &Office, case: &Case) -> Refusal {
    let name = office.office_name(case.captured_by());
    Refusal::new(
        Kind::State,
        PHOTO_ELSEWHERE,
        format!("照片还在{name}，正在获取。未看到照片不能作决定。"),
        format!("the photo is still at {name} and is being fetched; nothing is decided unseen"),
    )
}

/// A case that is here.
///
/// # Errors
/// There is none with this id.
pub fn find(office: &Office, id: CaseId) -> Result<Arc<Case>, Refusal> {
    office.case(id)?.ok_or_else(|| Refusal::not_found("没有这个采集记录。", "there is no such case here"))
}
