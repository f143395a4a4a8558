//! Shapes of submitted cases: decisions, notes, receipts and the records that prove them.

use super::{ApplicantView, CheckResult, ConsentView, SpecSummary, Text};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// State of a case, a pure function of the records about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseStatus {
    /// Waits for a reviewer.
    Submitted,
    /// Approved; immutable.
    Approved,
    /// Returned with reasons; may be captured again.
    Returned,
    /// Taken back by the capturing office before anybody decided.
    Withdrawn,
    /// Contradicting decisions; counts as not approved.
    Conflict,
}

/// A case in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaseRow {
    /// 32 hex digits.
    pub id: String,
    /// State.
    pub status: CaseStatus,
    /// Document.
    pub spec: SpecSummary,
    /// Code of the capturing office.
    pub office: String,
    /// Name of the capturing office.
    pub office_name: String,
    /// When it was submitted, by the capturing office's clock.
    pub submitted_ms: u64,
    /// Name of the applicant, where this office may open it.
    pub applicant_name: Option<String>,
    /// Whether the sealed data can be read: `open`, `elsewhere` (not here yet), `for_others`, `damaged` (not what was signed) or `erased`.
    pub applicant_state: String,
    /// Number, once issued.
    pub receipt_number: Option<String>,
    /// Number of failed checks.
    pub failed_checks: u32,
    /// The newest record of this case is known to be held by another office.
    pub sent: bool,
}

/// A case, whole.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaseView {
    /// The line of the list.
    pub row: CaseRow,
    /// The applicant, where this office may open the sealed payload.
    pub applicant: Option<ApplicantView>,
    /// What the applicant agreed to, as it is on record.
    pub consents: Vec<ConsentView>,
    /// Hash of the submission record that a decision must name.
    pub submission: String,
    /// SHA-256 of the standardized photo.
    pub photo_sha256: String,
    /// Whether photo and original are on this machine.
    pub photo_here: bool,
    /// The checks as reported by the capturing office.
    pub checks: Vec<CheckResult>,
    /// What was done to the photo, in order.
    pub operations: Vec<String>,
    /// Why the office submitted in spite of a failed check.
    pub override_reason: Option<String>,
    /// Every decision, in causal order.
    pub decisions: Vec<DecisionView>,
    /// The shared note (an Automerge document).
    pub note: NoteView,
    /// Number, once issued.
    pub receipt_number: Option<String>,
    /// What was known about the person is deleted at every office that heard of it.
    pub erased: bool,
    /// Who stands behind the decision beside who submitted: `one_person`, `one_office` or `two_offices`; nothing before there is one.
    pub eyes: Option<String>,
    /// The document asks for more eyes than that.
    pub four_eyes_missing: bool,
    /// Other cases that name the same picture: of other people, or of this person for the same document.
    pub same_picture: Vec<SamePictureView>,
    /// Other cases of the same identity number that this office knows: under another name, or for the same document.
    pub same_number: Vec<SameNumberView>,
    /// What keeps files of it here although it was erased.
    pub erased_kept: Vec<Text>,
}

/// Another case of the same picture, byte for byte.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SamePictureView {
    /// Id of the other case.
    pub case_id: String,
    /// Name of its applicant, where this office may open it.
    pub applicant_name: Option<String>,
    /// Whether it is another person's; nothing where that cannot be known here.
    pub other_person: Option<bool>,
}

/// Another case of the same identity number.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SameNumberView {
    /// Id of the other case.
    pub case_id: String,
    /// The name that it has there.
    pub applicant_name: String,
    /// It is the same name: one person twice for one document.
    pub same_name: bool,
}

/// A reviewer's decision.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DecisionView {
    /// Hash of the record.
    pub hash: String,
    /// `approve` or `return`.
    pub verdict: String,
    /// Coded reasons.
    pub reasons: Vec<ReasonView>,
    /// Code of the office that decided.
    pub office: String,
    /// Staff number of the reviewer.
    pub operator: u32,
    /// The reviewer's clock.
    pub at_ms: u64,
    /// No later decision names it as resolved.
    pub standing: bool,
}

/// A coded reason for a return.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReasonView {
    /// Stable code, for example `head_tilted`.
    pub code: String,
    /// The sentence that the counter sees.
    pub text: Text,
}

/// The shared note of a case.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NoteView {
    /// Merged text.
    pub text: String,
    /// Changes merged in.
    pub changes: u32,
    /// Changes known to exist whose bytes are not here, or not meant for this office.
    pub missing: u32,
    /// Names this state of the note, in hex; goes along with what is typed on it.
    pub version: String,
    /// Names the state that is what was just written alone, for a page on which more was typed meanwhile.
    pub written: Option<String>,
}

/// `PUT /api/cases/{id}/note`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct NoteText {
    /// The whole new text; the node turns it into a minimal change.
    pub text: String,
    /// The version that was typed on, so that what others wrote meanwhile stays; the note of this moment where it is left out.
    #[serde(default)]
    pub version: Option<String>,
}

/// `POST /api/cases/{id}/decision`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct DecisionRequest {
    /// `approve` or `return`.
    pub verdict: String,
    /// The submission that was looked at; a stale one is refused.
    pub submission: String,
    /// Codes from `GET /api/reasons`; at least one for a return.
    pub reasons: Vec<String>,
}

/// `GET /api/receipts/{number}`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReceiptAnswer {
    /// `valid`, `valid_later_revoked`, `used`, `expired`, `disputed` (genuine, but its case is in conflict), `invalid`, `unknown_here`
    /// or `mistyped`. Unknown is neither valid nor invalid.
    pub verdict: String,
    /// The verdict as a sentence, with what to do next.
    pub message: Text,
    /// The number, grouped for reading.
    pub number: String,
    /// The receipt, when it was found and every signature held.
    pub receipt: Option<ReceiptView>,
    /// It is valid, and this office makes documents: `POST /api/receipts/{number}/use` is open to it.
    pub may_use: bool,
    /// It stands, and this office issued it or is the province: `POST /api/receipts/{number}/revoke` is open to its reviewers and admins.
    pub may_revoke: bool,
}

/// `POST /api/receipts/{number}/use`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UseRequest {
    /// Number of the application that it is used for. It is sealed and stays at this office.
    pub reference: String,
}

/// `POST /api/receipts/verify`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// An electronic receipt, or the text of a QR code.
    pub text: String,
}

/// What an electronic receipt or QR code proves, by what is known here. One that is forged or damaged is refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReceiptVerification {
    /// Receipt number, grouped.
    pub number: String,
    /// Log in which it stands.
    pub log: String,
    /// SHA-256 of the photo that it vouches for.
    pub photo_sha256: String,
    /// As of a look-up; `unknown_here` where its case is not here.
    pub verdict: String,
    /// Why it does not stand, where it does not.
    pub reason: Option<String>,
    /// What was checked and held.
    pub checked: Vec<Text>,
    /// What could not be checked.
    pub unchecked: Vec<Text>,
}

/// `POST /api/receipts/{number}/annul`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnulRequest {
    /// Code of the reason; a wrong one is answered with all codes.
    pub reason: String,
    /// Office whose use it is; left out: this one.
    #[serde(default)]
    pub office: Option<String>,
}

/// `POST /api/receipts/{number}/revoke`, `POST /api/cases/{id}/withdraw` and `/erase`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonRequest {
    /// Code of the reason; a wrong one is answered with all codes.
    pub reason: String,
}

/// A verified receipt.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReceiptView {
    /// The number, grouped for reading.
    pub number: String,
    /// `回执号` or `图像号`, by policy.
    pub label: Text,
    /// Case.
    pub case_id: String,
    /// Document.
    pub spec: SpecSummary,
    /// SHA-256 of the photo.
    pub photo_sha256: String,
    /// Capturing office.
    pub captured_by: String,
    /// Office that decided and issued.
    pub issued_by: String,
    /// The issuer's clock.
    pub issued_ms: u64,
    /// Last day of validity by the issuer's clock, exclusive.
    pub valid_until_ms: u64,
    /// Applicant, where this office may open it.
    pub applicant: Option<ApplicantView>,
    /// Origin line of the log that holds it.
    pub log_origin: String,
    /// Position in that log.
    pub log_index: u64,
    /// Size of the signed checkpoint that covers it.
    pub checkpoint_size: u64,
    /// Other offices that cosigned the checkpoint: each holds the log up to it and has seen no other history.
    pub witnesses: u32,
    /// Each step with its signer, in order: submission, decision, receipt.
    pub chain: Vec<ChainLink>,
    /// One document may be made from it, not more.
    pub single_use: bool,
    /// How often documents were made from it, as far as is known here.
    pub uses: u32,
    /// The photo is on this machine.
    pub photo_here: bool,
}

/// One signed record on the way to a receipt.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChainLink {
    /// Kind of record.
    pub kind: String,
    /// Hash of the record.
    pub hash: String,
    /// Office that signed it.
    pub office: String,
    /// The signer's clock.
    pub at_ms: u64,
    /// Its log and position.
    pub log: String,
    /// Position in that log.
    pub index: u64,
}
