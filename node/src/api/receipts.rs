//! Receipts by number.

use super::{
    ApiError, App,
    access::SEES_PEOPLE,
    auth::Operator,
    capture::{case_id, jpeg},
    types::{AnnulRequest, ChainLink, ReasonRequest, ReceiptAnswer, ReceiptVerification, ReceiptView, Text, UseRequest, VerifyRequest},
    views,
};
use crate::service::{
    Change, Office, Refusal, applicants,
    office::now_ms,
    receipts::{self, Answer, AsOf, Examined, Found, Told},
    review,
    trail::Seen,
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use protocol::{case::By, id::OfficeCode, receipt::NumberError, record::Usage};
use serde::Deserialize;
use std::{collections::BTreeSet, time::Duration};

/// How long a request for a photo waits for a node that may give it.
const PHOTO_WAIT: Duration = Duration::from_secs(10);

fn view(office: &Office, found: &Found, sees_people: bool) -> Result<ReceiptView, Refusal> {
    let receipt = &found.verified.receipt;
    let payload = if sees_people { applicants::payload(office, &found.case).open() } else { None };
    Ok(ReceiptView {
        number: found.verified.number.to_string(),
        label: receipts::label(office, found),
        case_id: receipt.case.to_string(),
        spec: views::spec_by_hash(office, receipt.spec),
        photo_sha256: receipt.photo.to_string(),
        captured_by: office.office_name(receipt.captured_by),
        issued_by: office.office_name(found.verified.number.office()),
        issued_ms: receipt.at_ms,
        valid_until_ms: receipt.valid_until_ms,
        applicant: payload.map(|payload| views::applicant(&payload.applicant)),
        log_origin: found.verified.checkpoint.origin().to_string(),
        log_index: found.verified.number.index(),
        checkpoint_size: found.verified.checkpoint.size(),
        witnesses: office.witnesses_on(&found.verified.checkpoint) as u32,
        chain: receipts::chain(found)
            .into_iter()
            .map(|step| ChainLink {
                kind: step.kind.to_owned(),
                hash: step.hash.to_string(),
                office: step.origin.office_and_epoch().map(|(code, _)| office.office_name(code)).unwrap_or_default(),
                at_ms: step.at_ms,
                log: step.origin.to_string(),
                index: step.index,
            })
            .collect(),
        single_use: receipt.usage == Some(Usage::Single),
        uses: found.case.uses_of(found.verified.record.hash()).count() as u32,
        photo_here: office.store.blobs.size(receipt.photo).is_some(),
    })
}

/// The answer for a typed number by what is here, as the command line gives it where no node runs.
pub(crate) fn answer(office: &Office, typed: &str) -> Result<ReceiptAnswer, Refusal> {
    answer_with(office, typed, &Told::default(), true)
}

/// The answer for a typed number by what is here and what others told.
fn answer_with(office: &Office, typed: &str, told: &Told, sees_people: bool) -> Result<ReceiptAnswer, Refusal> {
    let (verdict, mut message, number, found) = match receipts::look_up_with(office, typed, told, now_ms())? {
        Answer::Valid(found) => {
            let message =
                Text::new("有效：签名、日志位置与审核决定均已核验。", "valid: signatures, log position and decision were verified");
            ("valid", message, found.verified.number.to_string(), Some(found))
        }
        Answer::Expired(found) => {
            let message = Text::new(
                "已过期：回执真实（签名、日志位置与审核决定均已核验），但已超过有效期，请勿再使用。",
                "expired: genuine (signatures, log position and decision were verified), but its validity has ended; do not use it any more",
            );
            ("expired", message, found.verified.number.to_string(), Some(found))
        }
        Answer::Revoked(found) => {
            let hash = found.verified.record.hash();
            let by = names(office, found.case.revocations.iter().filter(|by| by.said.receipt == hash));
            let message = Text::new(
                format!("已撤销：回执曾经有效，后由{by}撤销，请勿使用。"),
                format!("revoked: it was valid, and {by} revoked it later; do not use it"),
            );
            ("valid_later_revoked", message, found.verified.number.to_string(), Some(found))
        }
        Answer::Used(found, 1) => {
            let by = names(office, found.case.uses_of(found.verified.record.hash()));
            let message = Text::new(
                format!("已使用：此回执只能使用一次，{by}已使用。"),
                format!("used: this receipt was for single use, and {by} used it"),
            );
            ("used", message, found.verified.number.to_string(), Some(found))
        }
        Answer::Used(found, times) => {
            let by = names(office, found.case.uses_of(found.verified.record.hash()));
            let message = Text::new(
                format!("已被使用 {times} 次（{by}）：此回执只能使用一次，请向签发办公点核实。"),
                format!("used {times} times (by {by}): this receipt was for single use; ask the issuing office"),
            );
            ("used", message, found.verified.number.to_string(), Some(found))
        }
        Answer::Invalid(found, reason) => {
            let message = Text::new(
                "无效：记录真实，但没有有效的审核通过决定支持它，请勿使用。",
                format!("invalid: the record is genuine, but {reason}; do not use it"),
            );
            ("invalid", message, found.verified.number.to_string(), Some(found))
        }
        Answer::Disputed(found) => {
            let message = Text::new(
                "有争议：回执本身真实，但审核决定目前互相矛盾，暂不能使用。请联系审核中心。",
                "disputed: the receipt is genuine, but decisions on its case contradict each other now; ask the review centre",
            );
            ("disputed", message, found.verified.number.to_string(), Some(found))
        }
        Answer::UnknownHere(number) => {
            let message = Text::new(
                "本机尚无此回执的记录，不能判定有效或无效。请等待同步，或向签发办公点查询。",
                "no record of this receipt is here, which says neither valid nor invalid; wait for the network or ask the issuing office",
            );
            ("unknown_here", message, number.to_string(), None)
        }
        Answer::Mistyped(error) => {
            let message = match error {
                NumberError::Length(digits) => Text::new(
                    format!("回执号应为 20 位数字，现在是 {digits} 位。"),
                    format!("a receipt number has 20 digits; this has {digits}"),
                ),
                NumberError::Mistyped => {
                    Text::new("号码输入有误：校验位不符，请逐位核对。", "mistyped: the check digits do not fit; compare digit by digit")
                }
                NumberError::NotDigits | NumberError::OutOfRange => Text::new("回执号只能是数字。", "a receipt number has digits only"),
            };
            ("mistyped", message, typed.chars().take(64).collect(), None)
        }
    };
    if let Some((found, as_of)) = found.as_ref().and_then(|found| Some((found, found.as_of?))) {
        let reach = reach(as_of, found.verified.checkpoint.size());
        message = Text::new(message.zh + &reach.zh, format!("{}; {}", message.en, reach.en));
    }
    let document = found.as_ref().and_then(|found| found.verified.receipt.document.clone());
    if let Some(doubt) = found.as_ref().and_then(|found| office.date_doubt(found.verified.receipt.at_ms, &found.verified.checkpoint)) {
        message = Text::new(format!("{}{}。", message.zh, doubt.zh), format!("{}; {}", message.en, doubt.en));
    }
    let issuer = found.as_ref().map(|found| found.verified.number.office());
    let stands = ["valid", "expired", "used"].contains(&verdict);
    let may_revoke = stands && issuer.is_some_and(|issuer| receipts::may_revoke(office, issuer));
    let receipt = found.map(|found| view(office, &found, sees_people)).transpose()?;
    let may_use = verdict == "valid" && office.member().is_some_and(|me| me.grant().may_use(document.as_deref()));
    Ok(ReceiptAnswer { verdict: verdict.into(), message, number, receipt, may_use, may_revoke })
}

/// How far an answer reaches that does not rest on all logs.
fn reach(as_of: AsOf, checkpoint_size: u64) -> Text {
    let seen = as_of.witnessed_minutes.map_or_else(
        || Text::new("尚无见证", "not yet seen by a witness"),
        |minutes| Text::new(format!("见证于 {minutes} 分钟前"), format!("seen by a witness {minutes} minutes ago")),
    );
    let reach = match as_of.offices {
        0 => Text::new(
            "本机未同步全部日志，也没有其他办公点应答：以本机所存为准，别处的撤销或使用可能尚未得知。",
            "this node does not hold every log and no other office answered: a revocation or use elsewhere may not be known here",
        ),
        offices => Text::new(
            format!(
                "本机未同步相关日志：以上依据 {offices} 个办公点提供并经本机核验的证明，截至签发日志第 {checkpoint_size} 条（{}），此后的撤销或使用尚未得知。",
                seen.zh
            ),
            format!(
                "by proofs of {offices} offices, verified here, as of entry {checkpoint_size} of the issuer's log ({}): what was revoked or used later is not known here",
                seen.en
            ),
        ),
    };
    match as_of.worthless {
        0 => reach,
        count => Text::new(
            format!("{}另有 {count} 条记录不计，签署者无权作此声明。", reach.zh),
            format!("{}; {count} records more do not count, for their offices may not say what they say", reach.en),
        ),
    }
}

/// What connected offices tell of a receipt, where that can add to what is here.
async fn told(app: &App, number: &str) -> Result<Told, ApiError> {
    let typed = number.to_owned();
    let Some((origin, index)) = app.run(move |office| receipts::to_ask_about(office, &typed)).await? else {
        return Ok(Told::default());
    };
    let answers = app.net.ask_about(origin, index).await;
    app.run(move |office| Told::verify(office, &answers)).await
}

fn found(office: &Office, number: &str, told: &Told) -> Result<Box<Found>, Refusal> {
    receipts::look_up_with(office, number, told, now_ms())?.found().ok_or_else(receipts::not_here)
}

/// The offices that signed, each once.
fn names<'a, T: 'a>(office: &Office, said: impl Iterator<Item = &'a By<T>>) -> String {
    let codes: BTreeSet<OfficeCode> = said.map(|by| by.office).collect();
    codes.into_iter().map(|code| office.office_name(code)).collect::<Vec<_>>().join("、")
}

/// Signs that uses of a receipt count no longer, and gives the answer that look-ups have from now on.
#[utoipa::path(
    post, path = "/api/receipts/{number}/annul", params(("number" = String, Path)),
    request_body = AnnulRequest, responses((status = 200, body = ReceiptAnswer)),
)]
pub(super) async fn annul(
    State(app): State<App>,
    who: Operator,
    Path(number): Path<String>,
    Json(request): Json<AnnulRequest>,
) -> Result<Json<ReceiptAnswer>, ApiError> {
    let told = told(&app, &number).await?;
    app.run(move |office| {
        let user = request.office.as_deref().map(str::parse).transpose();
        let user = user.map_err(|_| Refusal::not_found("没有这个办公点。", "no such office"))?;
        receipts::annul(office, &number, user, &request.reason, &told, who.number)?;
        answer_with(office, &number, &told, who.has_one_of(SEES_PEOPLE))
    })
    .await
    .map(Json)
}

/// Revokes a receipt of this office, or at the province any, and gives the answer that look-ups have from now on.
#[utoipa::path(
    post, path = "/api/receipts/{number}/revoke", params(("number" = String, Path)),
    request_body = ReasonRequest, responses((status = 200, body = ReceiptAnswer)),
)]
pub(super) async fn revoke(
    State(app): State<App>,
    who: Operator,
    Path(number): Path<String>,
    Json(request): Json<ReasonRequest>,
) -> Result<Json<ReceiptAnswer>, ApiError> {
    app.run(move |office| {
        receipts::revoke(office, &number, &request.reason, who.number)?;
        answer(office, &number)
    })
    .await
    .map(Json)
}

/// Signs that a document was made from a receipt, and gives the answer that look-ups have from now on.
#[utoipa::path(
    post, path = "/api/receipts/{number}/use", params(("number" = String, Path)),
    request_body = UseRequest, responses((status = 200, body = ReceiptAnswer)),
)]
pub(super) async fn use_for(
    State(app): State<App>,
    who: Operator,
    Path(number): Path<String>,
    Json(request): Json<UseRequest>,
) -> Result<Json<ReceiptAnswer>, ApiError> {
    let told = told(&app, &number).await?;
    app.run(move |office| {
        receipts::use_for(office, &number, &request.reference, &told, who.number)?;
        answer_with(office, &number, &told, who.has_one_of(SEES_PEOPLE))
    })
    .await
    .map(Json)
}

/// What was examined, as the API and the command line show it.
pub(crate) fn verification(found: &Examined) -> ReceiptVerification {
    ReceiptVerification {
        number: found.number.to_string(),
        log: found.log.to_string(),
        photo_sha256: found.photo.to_string(),
        verdict: found.verdict.to_owned(),
        reason: found.reason.clone(),
        checked: found.checked.clone(),
        unchecked: found.unchecked.clone(),
    }
}

/// Verifies an electronic receipt or the text of a QR code by everything that is known here.
#[utoipa::path(post, path = "/api/receipts/verify", request_body = VerifyRequest, responses((status = 200, body = ReceiptVerification)))]
pub(super) async fn verify(State(app): State<App>, Json(request): Json<VerifyRequest>) -> Result<Json<ReceiptVerification>, ApiError> {
    app.run(move |office| Ok(verification(&receipts::examine(office, &request.text)?))).await.map(Json)
}

/// Looks a receipt up and verifies it. Where its log is not held here, connected offices are asked, and what they tell is verified here.
#[utoipa::path(get, path = "/api/receipts/{number}", params(("number" = String, Path)), responses((status = 200, body = ReceiptAnswer)))]
pub(super) async fn look_up(State(app): State<App>, who: Operator, Path(number): Path<String>) -> Result<Json<ReceiptAnswer>, ApiError> {
    let (told, sees_people) = (told(&app, &number).await?, who.has_one_of(SEES_PEOPLE));
    let answer = app.run(move |office| answer_with(office, &number, &told, sees_people)).await?;
    if let Some(receipt) = answer.receipt.as_ref().filter(|receipt| receipt.applicant.is_some()) {
        app.saw(&who, Seen::Receipt, Some(case_id(&receipt.case_id)?)).await?;
    }
    Ok(Json(answer))
}

/// The photo of a receipt, fetched from a node that may give it.
#[utoipa::path(get, path = "/api/receipts/{number}/photo", params(("number" = String, Path)), responses((status = 200, content_type = "image/jpeg")))]
pub(super) async fn photo(State(app): State<App>, who: Operator, Path(number): Path<String>) -> Result<Response, ApiError> {
    let mut changes = app.office.changes();
    let told = told(&app, &number).await?;
    let (hash, case) = app.run(move |office| found(office, &number, &told).map(|found| (found.verified.receipt.photo, found.case))).await?;
    app.saw(&who, Seen::Photo, Some(case.id)).await?;
    let deadline = tokio::time::Instant::now() + PHOTO_WAIT;
    loop {
        if let Some(bytes) = app.run(move |office| Ok(office.read_blob(hash)?)).await? {
            return Ok(jpeg(bytes));
        }
        app.office.tell(Change::Wanted(hash));
        // A lagged receiver missed something, so it looks again as well.
        let arrived = async { while changes.recv().await.is_ok_and(|change| change != Change::Cases) {} };
        if tokio::time::timeout_at(deadline, arrived).await.is_err() {
            return Err(review::photo_elsewhere(&app.office, &case).into());
        }
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct PdfQuery {
    /// The paper says that it was printed before.
    #[serde(default)]
    reprint: bool,
}

/// The receipt as a PDF to print, while it is valid.
#[utoipa::path(
    get, path = "/api/receipts/{number}/pdf", params(("number" = String, Path), ("reprint" = Option<bool>, Query)),
    responses((status = 200, content_type = "application/pdf")),
)]
pub(super) async fn pdf(
    State(app): State<App>,
    who: Operator,
    Path(number): Path<String>,
    Query(PdfQuery { reprint }): Query<PdfQuery>,
) -> Result<Response, ApiError> {
    let font = app.font.clone().ok_or_else(|| {
        Refusal::state(
            "no_font",
            "本机没有中文字体，无法打印回执。请安装 fonts-noto-cjk 后重启。",
            "this machine has no CJK font, so no receipt can be printed; install fonts-noto-cjk and restart",
        )
    })?;
    let looked_up = number.clone();
    let case = app.run(move |office| Ok(found(office, &looked_up, &Told::default()).ok().map(|found| found.case.id))).await?;
    if let Some(case) = case {
        app.saw(&who, Seen::ReceiptPdf, Some(case)).await?;
    }
    let bytes = app.run(move |office| receipts::print(office, &number, reprint, &font)).await?;
    Ok(([(header::CONTENT_TYPE, "application/pdf"), (header::CONTENT_DISPOSITION, "inline; filename=\"receipt.pdf\"")], bytes)
        .into_response())
}

/// The electronic receipt: a C2SP tlog-proof.
#[utoipa::path(get, path = "/api/receipts/{number}/proof", params(("number" = String, Path)), responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn proof(State(app): State<App>, Path(number): Path<String>) -> Result<Response, ApiError> {
    let told = told(&app, &number).await?;
    let (name, text) =
        app.run(move |office| found(office, &number, &told).map(|found| (found.verified.number.digits(), found.proof.to_string()))).await?;
    let disposition = format!("attachment; filename=\"{name}.{}\"", protocol::receipt::PROOF_EXTENSION);
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, disposition)], text).into_response())
}
