//! What this office can read of the people of its cases: the sealed payload of a submission, and the names that lists show.
//!
//! A payload that cannot be opened never stops a list: it is a state of its row. Names are opened once and kept in memory until their case is
//! erased, for to open one costs a key agreement for each office that it was sealed for.

use super::{
    Office, intake,
    payload::{Applicant, CasePayload},
};
use crate::store::StoreError;
use protocol::{
    case::Case,
    id::{BlobHash, CaseId, OfficeCode, RecordHash, SpecHash},
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
    match intake::open_payload(office, case) {
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

/// Another case of the same picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamePicture {
    /// The other case.
    pub case: CaseId,
    /// Whose it is, where this office can read it.
    pub name: Option<String>,
    /// It is another person's, or the same person's, or nobody here knows.
    pub other_person: Option<bool>,
    /// It is for the same document.
    pub same_document: bool,
}

/// Bound: other cases that are looked at and shown.
const SAME_PICTURE_MAX: usize = 8;

/// Cases other than `id` that name one of these pictures, byte for byte. One person may use a picture for several documents; those are left out.
///
/// # Errors
/// As the store.
pub fn same_picture(
    office: &Office,
    id: CaseId,
    pictures: &[BlobHash],
    applicant: Option<&Applicant>,
    spec: SpecHash,
) -> Result<Vec<SamePicture>, StoreError> {
    let mut found: Vec<SamePicture> = Vec::new();
    for picture in pictures {
        // Attack: an office can name a picture in any number of cases, and each costs a fold.
        let others = nearest_first(office, office.store.cases_of_blob(*picture)?);
        for other in others.into_iter().filter(|other| *other != id).take(SAME_PICTURE_MAX) {
            if found.iter().any(|known| known.case == other) {
                continue;
            }
            let Some(other) = office.case(other)? else { continue };
            let opened = payload(office, &other).open().map(|payload| payload.applicant);
            let other_person = applicant.zip(opened.as_ref()).map(|(this, other)| this.id_number != other.id_number);
            let same_document = other.current.said.spec == spec;
            if other_person != Some(false) || same_document {
                found.push(SamePicture { case: other.id, name: opened.map(|applicant| applicant.name), other_person, same_document });
            }
        }
    }
    found.truncate(SAME_PICTURE_MAX);
    Ok(found)
}

/// This office's own cases first, then those that it decides on; and of each office one before any has a second.
///
/// Attack: whoever names a picture in many cases of his own would hide those of others among them.
fn nearest_first(office: &Office, cases: Vec<CaseId>) -> Vec<CaseId> {
    let grant = office.member().map(|me| me.grant());
    let mut of_office: HashMap<Option<OfficeCode>, usize> = HashMap::new();
    let mut ranked = Vec::with_capacity(cases.len());
    for case in cases {
        let maker = case.office();
        let nth = of_office.entry(maker).or_default();
        let decides = maker.zip(grant.as_ref()).is_some_and(|(maker, grant)| grant.may_decide(maker));
        ranked.push(((maker != Some(office.code()), *nth, !decides), case));
        *nth += 1;
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, case)| case).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{
        notes, payload as sealing,
        testing::{Home, picture, sync},
    };
    use protocol::record::{Record, Roles, Submitted};

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
    fn mend_54_one_picture_for_two_people_or_twice_for_one_document_is_told() {
        let home = Home::new();
        let office = home.open();
        let first = home.case(&office, &picture(90, 120, [9; 3]), false);
        let pictures = [first.current.said.photo, first.current.said.original];
        let spec = first.current.said.spec;
        let of = |id_number: &str, spec| {
            let applicant = Applicant { name: "王芳".into(), id_number: id_number.into() };
            same_picture(&office, CaseId([7; 16]), &pictures, Some(&applicant), spec).unwrap()
        };
        let told = of("11010119900307001X", spec);
        assert_eq!(told.len(), 1, "photo and original are of one case");
        assert_eq!((told[0].case, told[0].other_person, told[0].name.as_deref()), (first.id, Some(true), Some("张伟")));
        let again = of("11010519491231002X", spec);
        assert_eq!((again[0].other_person, again[0].same_document), (Some(false), true));
        assert_eq!(of("11010519491231002X", SpecHash([1; 32])), [], "one picture serves a person's other documents");
        assert_eq!(same_picture(&office, first.id, &pictures, None, spec).unwrap(), [], "a case is not its own double");
    }

    #[test]
    fn s10_dummies_of_another_office_hide_no_double() {
        let home = Home::new();
        let office = home.open();
        let (home_b, b) = Home::join(&office, "44030002", Roles::CAPTURE);
        let (_home_c, thief) = Home::join(&office, "44030003", Roles::CAPTURE);
        let jpeg = picture(90, 120, [9; 3]);
        let (own, other) = (home.case(&office, &jpeg, false), home_b.case(&b, &jpeg, false));
        let said = own.current.said.clone();
        // Ids that come first in the index.
        let dummy = |at: u8| {
            Record::Submitted(Submitted { case: CaseId::new(thief.code(), [0, 0, 0, 0, 0, 0, 0, at, 0, 0, 0, 0]), ..said.clone() })
        };
        thief.append(|_, signer| (0..40).map(|at| signer.sign(&dummy(at))).collect()).unwrap();
        [&b, &thief].iter().for_each(|from| sync(from, &office));
        while office.index_more().unwrap().is_some() {}
        let told = same_picture(&office, CaseId([7; 16]), &[said.photo], None, said.spec).unwrap();
        assert_eq!(told.len(), SAME_PICTURE_MAX);
        assert_eq!(told[0].case, own.id, "this office's own first");
        assert!(told.iter().any(|told| told.case == other.id), "of each office one before any has two");
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
