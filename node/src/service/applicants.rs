//! What this office can read of the people of its cases: the sealed payload of a submission, and the names that lists show.
//!
//! A payload that cannot be opened never stops a list: it is a state of its row. Names are opened once and kept in memory until their case is
//! erased, for to open one costs a key agreement for each office that it was sealed for.

use super::{
    Kind, Office, Refusal,
    payload::{self, Applicant, CasePayload},
    person_name,
};
use protocol::{
    case::Case,
    id::{BlobHash, RecordHash},
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Bound: names kept in memory. Beyond it any one is dropped and opened again when it is shown.
const NAMES_MAX: usize = 4_096;

/// What came out of a sealed payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sealed<T> {
    /// It was opened and is what the signed record committed to.
    Open(T),
    /// It is not here, or decayed on this disk and is fetched again.
    Elsewhere,
    /// It was sealed for other offices.
    ForOthers,
    /// It is here and is not what its record committed to.
    Damaged,
    /// It was deleted because its office asked for it.
    Erased,
}

impl<T> Sealed<T> {
    /// Stable code for pages and programs.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Open(_) => "open",
            Self::Elsewhere => "elsewhere",
            Self::ForOthers => "for_others",
            Self::Damaged => "damaged",
            Self::Erased => "erased",
        }
    }
    /// What was opened.
    pub fn open(self) -> Option<T> {
        match self {
            Self::Open(opened) => Some(opened),
            _ => None,
        }
    }
    fn map<U>(self, change: impl FnOnce(T) -> U) -> Sealed<U> {
        match self {
            Self::Open(opened) => Sealed::Open(change(opened)),
            Self::Elsewhere => Sealed::Elsewhere,
            Self::ForOthers => Sealed::ForOthers,
            Self::Damaged => Sealed::Damaged,
            Self::Erased => Sealed::Erased,
        }
    }
}

/// Names that were opened, by the submission that names their payload.
#[derive(Default)]
pub(super) struct Names(Mutex<HashMap<RecordHash, Sealed<String>>>);

impl Names {
    fn get(&self, submission: RecordHash) -> Option<Sealed<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&submission).cloned()
    }
    fn keep(&self, submission: RecordHash, name: &Sealed<String>) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= NAMES_MAX
            && let Some(any) = names.keys().next().copied()
        {
            names.remove(&any);
        }
        names.insert(submission, name.clone());
    }
    /// Forgets the people of a case.
    pub(super) fn forget(&self, case: &Case) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        case.submissions.iter().for_each(|by| _ = names.remove(&by.hash));
    }
}

/// The payload of a case's current submission, as far as this office can read it.
pub fn payload(office: &Office, case: &Case) -> Sealed<CasePayload> {
    let sealed = case.current.said.payload;
    if case.is_erased(sealed) {
        return Sealed::Erased;
    }
    match open_payload(office, case) {
        Ok(Some(payload)) => Sealed::Open(payload),
        Ok(None) if office.store.blobs.size(sealed).is_none() => Sealed::Elsewhere,
        Ok(None) => Sealed::ForOthers,
        Err(error) => {
            tracing::warn!(%error, case = %case.id, "a sealed payload cannot be opened");
            Sealed::Damaged
        }
    }
}

/// The applicant's name of a case's current submission, as far as this office can read it.
pub fn name(office: &Office, case: &Case) -> Sealed<String> {
    if case.is_erased(case.current.said.payload) {
        return Sealed::Erased;
    }
    if let Some(known) = office.names.get(case.current.hash) {
        return known;
    }
    let name = payload(office, case).map(|payload| payload.applicant.name);
    // What is on its way is looked at again.
    if name != Sealed::Elsewhere {
        office.names.keep(case.current.hash, &name);
    }
    name
}

/// The person of a case, as far as this office can read it.
///
/// # Errors
/// The payload is not here, not for this office, or damaged.
pub fn person_of(office: &Office, case: &Case) -> Result<Applicant, Refusal> {
    let opened = open_payload(office, case)?.map(|payload| payload.applicant);
    opened.ok_or_else(|| {
        Refusal::state(
            "applicant_elsewhere",
            "此记录的资料目前不在本机，无法沿用申请人信息，请稍候或重新输入。",
            "the data of this case are not here now: wait for them, or type the applicant again",
        )
    })
}

/// Recipients of what is sealed about a case: its capturing office, and every office that decides on its cases, as long as they are members.
pub(super) fn recipients(office: &Office, captured_by: protocol::id::OfficeCode) -> Vec<String> {
    let members = office.members();
    members
        .offices()
        .filter(|member| member.is_active() && (member.enrol.code == captured_by || member.grant().may_decide(captured_by)))
        .map(|member| member.enrol.recipient.clone())
        .collect()
}

/// Opens the payload of a case's current submission; nothing where it is not here or not for this office.
///
/// # Errors
/// It is here, for this office, and damaged, or is not what the submission committed to.
pub fn open_payload(office: &Office, case: &Case) -> Result<Option<CasePayload>, Refusal> {
    let Some(payload) = open_sealed(office, case.current.said.payload)? else { return Ok(None) };
    let said = &case.current.said;
    if payload.case != case.id.to_string()
        || payload.commitment() != Some(said.applicant)
        || payload.report_hash() != said.report
        || !within_bounds(&payload)
    {
        return Err(Refusal::new(
            Kind::Fault,
            "payload_mismatch",
            "封存的资料与签名记录不一致，请勿使用并报告管理员。",
            "the sealed data are not what the signed record committed to; do not use them and tell the administrator",
        ));
    }
    Ok(Some(payload))
}

/// Opens a sealed payload that nothing vouches for yet; nothing where it is not here or not for this office.
///
/// # Errors
/// It is here, for this office, and damaged.
pub(super) fn open_sealed(office: &Office, sealed: BlobHash) -> Result<Option<CasePayload>, Refusal> {
    let Some(sealed) = office.read_blob(sealed)? else { return Ok(None) };
    let Some(plain) = payload::open(&sealed, &office.keys.identities())? else { return Ok(None) };
    Ok(Some(serde_json::from_slice(&plain).map_err(|error| Refusal::fault(crate::store::place_in_json(&error)))?))
}

/// Attack: another office may have sealed a name as long as a book, which every list would show.
fn within_bounds(payload: &CasePayload) -> bool {
    let short = |text: &str, chars_max: usize| text.chars().nth(chars_max).is_none();
    short(&payload.applicant.name, person_name::CHARS_MAX)
        && short(&payload.applicant.id_number, person_name::CHARS_MAX)
        && payload.override_reason.as_ref().is_none_or(|reason| short(reason, super::intake::OVERRIDE_CHARS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{
        notes, payload as sealing,
        testing::{Home, picture},
    };
    use protocol::{
        id::CaseId,
        record::{Record, Submitted},
    };

    /// A submission of this office that names any payload.
    fn submit(office: &Office, payload: BlobHash) -> Case {
        let blob = |byte| BlobHash([byte; 32]);
        let id = CaseId::new(office.code(), rand::random());
        let submitted = Submitted {
            case: id,
            spec: protocol::id::SpecHash([1; 32]),
            photo: blob(2),
            original: blob(3),
            payload,
            applicant: blob(4),
            report: blob(5),
            operations: vec![],
            located_by: "marks".into(),
            failed_checks: 0,
            supersedes: None,
            operator: 1,
            at_ms: 1,
        };
        office.append(|_, signer| Ok(vec![signer.sign(&Record::Submitted(submitted))?])).unwrap();
        (*office.case(id).unwrap().unwrap()).clone()
    }

    #[test]
    fn mend_13_a_payload_that_cannot_be_opened_is_a_state_of_its_row() {
        let home = Home::new();
        let office = home.open();
        let own = vec![office.member().unwrap().enrol.recipient];
        let put = |bytes: &[u8]| office.store.blobs.put(bytes).unwrap();
        let hostile = format!("age-encryption.org/v1\n{}", "-> x\n\n".repeat(16_000));
        let named = |name: &str| {
            let payload = CasePayload {
                case: String::new(),
                applicant: sealing::Applicant { name: name.into(), id_number: "11010119900307001X".into() },
                salt: "00".repeat(32),
                report: "[]".into(),
                override_reason: None,
            };
            put(&sealing::seal(&serde_json::to_vec(&payload).unwrap(), &own).unwrap())
        };
        let stranger = age::x25519::Identity::generate().to_public().to_string();
        for (payload, state) in [
            (put(hostile.as_bytes()), "damaged"),
            (put(b"not age"), "damaged"),
            (put(&sealing::seal(b"not json", &own).unwrap()), "damaged"),
            (named("not what the record committed to"), "damaged"),
            (put(&sealing::seal(b"x", &[stranger]).unwrap()), "for_others"),
            (BlobHash([9; 32]), "elsewhere"),
        ] {
            let case = submit(&office, payload);
            assert_eq!((name(&office, &case).key(), self::payload(&office, &case).key()), (state, state));
            assert_eq!(notes::open(&office, &case).unwrap().note.text(), "");
        }
    }

    #[test]
    fn mend_13_a_flipped_bit_on_this_disk_is_fetched_again_and_stops_nothing() {
        let home = Home::new();
        let office = home.open();
        let case = home.case(&office, &picture(90, 120, [9; 3]), false);
        assert_eq!(name(&office, &case).key(), "open");
        let hash = case.current.said.payload;
        let text = hash.to_string();
        let path = home.path().join("blobs").join(&text[..2]).join(&text[2..]);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(payload(&office, &case).key(), "elsewhere");
        assert!(office.store.blobs.size(hash).is_none(), "it was set aside");
        assert!(office.store.wanted(BlobHash([0; 32]), 9).unwrap().contains(&hash), "it is asked for");
        assert_eq!(name(&office, &case).key(), "open", "a name that was opened stays");
    }
}
