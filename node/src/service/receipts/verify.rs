//! An electronic receipt or the text of a QR code, examined by what is here and without a line: the same questions as for a look-up, and
//! a list of which of them could be answered.

use super::QR_PREFIX;
use crate::{
    service::{Office, Refusal, office::now_ms},
    text::Text,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::{
    id::{BlobHash, Origin},
    log::{Entry, SignedCheckpoint, VerifierKey},
    receipt::{Invalid, ReceiptNumber, ReceiptProof, ReceiptVerdict, assess},
    record::{ReceiptIssued, Record, Signed},
};

/// What was examined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// Its number.
    pub number: ReceiptNumber,
    /// The log in which it stands.
    pub log: Origin,
    /// The photo that it vouches for.
    pub photo: BlobHash,
    /// Code of the answer, as for a look-up; `unknown_here` where nothing is known of its case.
    pub verdict: &'static str,
    /// Why it does not stand, where it does not.
    pub reason: Option<String>,
    /// What was checked and held.
    pub checked: Vec<Text>,
    /// What could not be checked, and why.
    pub unchecked: Vec<Text>,
}

/// A genuine record, and what is known of its place.
struct Genuine {
    entry: Entry,
    issued: ReceiptIssued,
    number: ReceiptNumber,
    checkpoint: Option<SignedCheckpoint>,
}

/// Examines a proof file or the text of a QR code by everything that is known here: every log of the federation with its key, roles, ends,
/// forks, and the case as far as it is here.
///
/// # Errors
/// It is forged or damaged, or of a log that is not known here.
pub fn examine(office: &Office, contents: &str) -> Result<Examined, Refusal> {
    let genuine =
        genuine(contents, office.origin().federation(), |origin| office.members().verifier(origin).ok_or_else(|| not_enrolled(origin)))?;
    let here = office.store.entry(&genuine.entry.origin, genuine.entry.index)?;
    let history = genuine.checkpoint.as_ref().map(|checkpoint| office.holds(checkpoint)).transpose()?.flatten();
    let is_other = here.as_ref().is_some_and(|here| here.bytes != genuine.entry.record.bytes());
    if is_other || history == Some(false) {
        // Whoever signed its checkpoint signed another history than the one here, and the checkpoint proves it to everybody.
        let fork = genuine.checkpoint.as_ref().map(|checkpoint| office.prove_fork(checkpoint, &[])).transpose()?.flatten();
        let (origin, index) = (&genuine.entry.origin, genuine.entry.index);
        return Err(match fork {
            Some(_) => two_histories(origin),
            None if is_other => forged(format!("the log {origin} holds another record at position {index}")),
            None => forged(format!("its checkpoint is of another history of {origin} than the one held here")),
        });
    }
    let case = office.case(genuine.issued.case)?;
    let members = office.members();
    let verdict = assess(&genuine.entry, &members, case.as_deref(), now_ms());
    let reason = match &verdict {
        ReceiptVerdict::Invalid(reason) => Some(reason.to_string()),
        _ => None,
    };
    let mut found = by_signature(&genuine, verdict.code(), reason);
    found.checked.push(Text::new("签发日志的密钥由省级节点登记", "the key of its log is one that the province enrolled"));
    let compared = history.is_some() || here.is_some();
    if !matches!(&verdict, ReceiptVerdict::Invalid(Invalid::Quarantined(_) | Invalid::Refused)) {
        let line = Text::new(
            "签发时该办公点有审核权限，日志未被截止、未分叉",
            "its office held the role at that position, and the log was not ended before it and is not forked there",
        );
        // Attack: a stolen key signs any position of a history that nobody has. Where the log is not here, the position is only its word.
        if compared { found.checked.push(line) } else { found.unchecked.push(line) }
    }
    match (compared, verdict) {
        (true, _) => found.checked.push(Text::new("与本机所存的签发日志一致", "it agrees with what is held here of the issuing log")),
        (false, _) => found
            .unchecked
            .push(Text::new("本机没有该签发日志，未与其历史核对", "the issuing log is not held here, so its history was not compared")),
    }
    if found.verdict == "unknown_here" {
        found.unchecked.push(Text::new(
            "本机没有此档案，未核对审核决定、撤销和使用情况",
            "its case is not here: the approval, a revocation and uses were not checked",
        ));
    } else {
        found.checked.push(Text::new("审核决定、撤销和使用情况以本机所存为准", "approval, revocation and uses, by what is here"));
    }
    found.unchecked.push(later());
    Ok(found)
}

/// Examines it by one key that is given, where no node is at hand: signature and place only.
///
/// # Errors
/// It is forged or damaged, or of another log.
pub fn examine_by_key(key: &VerifierKey, contents: &str) -> Result<Examined, Refusal> {
    let known = |origin: &Origin| if key.origin() == origin { Ok(key.clone()) } else { Err(not_enrolled(origin)) };
    let mut found = by_signature(&genuine(contents, key.origin().federation(), known)?, "unknown_here", None);
    found.unchecked.push(Text::new(
        "未核对该密钥是否登记、权限、日志截止与分叉，以及审核决定、撤销和使用情况：请在已登记的节点上核验",
        "whether the key is enrolled, its role, the end of its log and forks, the approval, a revocation and uses: verify it at a node",
    ));
    found.unchecked.push(later());
    Ok(found)
}

fn by_signature(genuine: &Genuine, verdict: &'static str, reason: Option<String>) -> Examined {
    let (number, log, photo) = (genuine.number, genuine.entry.origin.clone(), genuine.issued.photo);
    let mut checked = vec![Text::new(format!("由 {log} 的密钥签名"), format!("signed with the key of {log}"))];
    let mut unchecked = Vec::new();
    match &genuine.checkpoint {
        Some(checkpoint) => checked.push(Text::new(
            format!("位于该日志第 {} 条，检查点共 {} 条", number.index(), checkpoint.size()),
            format!("it stands at position {} under a signed checkpoint of {} entries", number.index(), checkpoint.size()),
        )),
        None => unchecked.push(Text::new(
            "二维码只含签名记录，不含日志证明",
            "a QR code holds the signed record alone: that it stands in the log is not proved by it",
        )),
    }
    Examined { number, log, photo, verdict, reason, checked, unchecked }
}

fn later() -> Text {
    Text::new("此后在别处的撤销或使用", "what was revoked or used elsewhere and is not known here")
}

fn genuine(contents: &str, federation: &str, key_of: impl Fn(&Origin) -> Result<VerifierKey, Refusal>) -> Result<Genuine, Refusal> {
    let Some(encoded) = contents.trim().strip_prefix(QR_PREFIX) else {
        let proof = ReceiptProof::parse(contents).map_err(forged)?;
        let origin = proof.claimed_origin().ok_or_else(|| forged("its checkpoint names no log"))?;
        let verified = proof.verify(&key_of(&origin)?).map_err(forged)?;
        let (entry, issued, number) = (verified.entry(), verified.receipt, verified.number);
        return Ok(Genuine { entry, issued, number, checkpoint: Some(verified.checkpoint) });
    };
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| forged("the QR text is damaged"))?;
    let signed = Signed::parse(&bytes).map_err(forged)?;
    let Ok(Record::ReceiptIssued(claimed)) = signed.claimed() else { return Err(forged("the record is no receipt")) };
    let number = ReceiptNumber::signed(&claimed.number).ok_or_else(|| forged("its number is none"))?;
    // The number names the log and the place in it. The federation is that of whoever asks: of another one no signature holds.
    let key = key_of(&Origin::office(federation, number.office(), number.epoch()).map_err(forged)?)?;
    let record = signed.verify(key.origin()).map_err(forged)?;
    if record.author() != key.key() {
        return Err(forged("it is signed with another key than its log's"));
    }
    let entry = Entry { origin: key.origin().clone(), index: number.index(), record };
    Ok(Genuine { entry, issued: claimed, number, checkpoint: None })
}

fn not_enrolled(origin: &Origin) -> Refusal {
    Refusal::input(
        "log_unknown",
        "text",
        format!("本机不知道日志 {origin} 的密钥：可能尚未同步，或不属于本联盟。"),
        format!("the key of the log {origin} is not known here: it has not arrived yet, or is of another federation; give it with --log"),
    )
}

fn two_histories(origin: &Origin) -> Refusal {
    Refusal::input(
        "not_genuine",
        "text",
        format!(
            "日志 {origin} 的密钥签了两份互相矛盾的历史，此回执不在本机所存的那一份中：密钥被复制或盗用。已记录并告知其他办公点，请联系省级管理员。"
        ),
        format!(
            "the key of the log {origin} signed two histories that contradict each other, and this receipt is not in the one held here: the key \
             was copied or stolen. The fork is noted and other offices are told; call the provincial admin"
        ),
    )
}

fn forged(why: impl std::fmt::Display) -> Refusal {
    Refusal::input("not_genuine", "text", format!("不能证明真实：{why}"), format!("it does not hold: {why}"))
}
