//! One identity number under several names, one person twice for one document, one picture for two people: counter and reviewer see the
//! other case at once.
//!
//! An office finds what it captured itself and what was looked at on it. Across the federation nobody can find it: numbers are sealed.

use super::{Office, Refusal, applicants, payload::Applicant, person_name};
use crate::store::StoreError;
use ::specs::{Doubles, Spec};
use protocol::{
    case::{Case, Status},
    id::{BlobHash, CaseId, OfficeCode, SpecHash},
};
use std::collections::HashMap;

/// Bound: other cases that are looked at; each costs a fold and a key agreement.
const LOOKED_AT_MAX: usize = 16;

/// Another case of the same number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SameNumber {
    /// The other case.
    pub case: CaseId,
    /// The name that it has there.
    pub name: String,
    /// It is the same name, and so the same person for the same document.
    pub same_name: bool,
}

/// Keeps whom a case stands for. What cannot be kept costs a warning and never the act that it came with.
pub fn remember(office: &Office, case: CaseId, applicant: &Applicant) {
    if let Err(error) = office.store.put_person(&applicant.id_number, case) {
        tracing::warn!(%error, %case, "a number cannot be kept, so that another case of it is not told");
    }
}

/// Cases other than `id` of this number under another name, and those under the same name for the same document.
///
/// # Errors
/// As the store.
pub fn same_number(office: &Office, id: CaseId, applicant: &Applicant, spec: SpecHash) -> Result<Vec<SameNumber>, StoreError> {
    let mut found = Vec::new();
    for other in office.store.cases_of_person(&applicant.id_number, LOOKED_AT_MAX + 1)?.into_iter().filter(|other| *other != id) {
        let Some(case) = office.case(other)? else { continue };
        if case.status == Status::Withdrawn {
            continue;
        }
        let Some(known) = applicants::payload(office, &case).open().map(|payload| payload.applicant) else { continue };
        if known.id_number != applicant.id_number {
            continue;
        }
        let same_name = person_name::fold(&known.name) == person_name::fold(&applicant.name);
        if !same_name || is_open_for(&case, spec) {
            found.push(SameNumber { case: other, name: known.name, same_name });
        }
    }
    found.sort_by_key(|other| other.same_name);
    Ok(found)
}

/// It asks for this document and was not sent back.
fn is_open_for(case: &Case, spec: SpecHash) -> bool {
    case.current.said.spec == spec && matches!(case.status, Status::Submitted | Status::Approved | Status::Conflict)
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
            let opened = applicants::payload(office, &other).open().map(|payload| payload.applicant);
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

/// Refuses a submission that the document's policy does not let through.
///
/// # Errors
/// The number stands for another name here, or the picture for another person, and the policy says `refuse`.
pub fn check(office: &Office, id: CaseId, applicant: &Applicant, pictures: &[BlobHash], spec: &Spec) -> Result<(), Refusal> {
    if spec.receipt().doubles == Doubles::Tell {
        return Ok(());
    }
    let hash = SpecHash(spec.hash());
    if let Some(other) = same_number(office, id, applicant, hash)?.into_iter().find(|other| !other.same_name) {
        let (name, case) = (other.name, short(other.case));
        return Err(Refusal::state(
            "same_number",
            format!("同一身份证号在记录 {case} 中的姓名是“{name}”。请核对证件；确有错误的记录须先撤回。"),
            format!("the same ID number stands in case {case} for {name}: check the document, and withdraw the case that is wrong first"),
        ));
    }
    let same = same_picture(office, id, pictures, Some(applicant), hash)?;
    if let Some(other) = same.into_iter().find(|other| other.other_person == Some(true)) {
        let (name, case) = (other.name.unwrap_or_default(), short(other.case));
        return Err(Refusal::state(
            "same_picture",
            format!("同一张照片已用于记录 {case} 的“{name}”。请重新拍照。"),
            format!("the same picture was used in case {case} for {name}: take another one"),
        ));
    }
    Ok(())
}

fn short(case: CaseId) -> String {
    case.to_string().chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{
        intake::{self, NewDraft},
        testing::{self, Home, picture, sync},
    };
    use protocol::record::{Record, Roles, Submitted};

    const NUMBER: &str = "11010519491231002X";

    fn submit(office: &Office, name: &str, picture: &[u8]) -> CaseId {
        let applicant = Applicant { name: name.into(), id_number: NUMBER.into() };
        let consent = testing::agreed();
        let new = NewDraft { spec_id: "cn-id-card".into(), applicant: Some(applicant), consent, case: None, operator: 1 };
        let draft = intake::begin(office, new, |_| Ok(())).unwrap();
        let draft = testing::with_photo(office, draft, picture, &[picture, b" made"].concat());
        let id = draft.case().unwrap();
        intake::submit(office, id, 1, None).unwrap().id
    }

    #[test]
    fn mend_54_one_number_under_two_names_is_told_and_refused_where_the_policy_says_so() {
        let home = Home::new();
        let office = home.open();
        let first = submit(&office, "张伟", b"one");
        let spec = office.case(first).unwrap().unwrap().current.said.spec;
        let of = |name: &str, spec| {
            let found = same_number(&office, CaseId([7; 16]), &Applicant { name: name.into(), id_number: NUMBER.into() }, spec).unwrap();
            found.into_iter().map(|other| (other.case, other.name, other.same_name)).collect::<Vec<_>>()
        };
        assert_eq!(of("王芳", SpecHash([1; 32])), [(first, "张伟".into(), false)], "whatever the document");
        assert_eq!(of("张　伟", spec), [(first, "张伟".into(), true)], "twice for one document");
        assert_eq!(of("张伟", SpecHash([1; 32])), [], "one person may have several documents");
        let second = submit(&office, "王芳", b"two");
        assert_eq!(of("李静", spec).len(), 2, "told, and taken unless told otherwise");
        let text = ::specs::find("cn-id-card").unwrap().text();
        let strict = Spec::parse("x", &text.replace("required = ", "doubles = \"refuse\"\nrequired = ")).unwrap();
        let checked = |name: &str, picture, spec: &Spec| {
            let applicant = Applicant { name: name.into(), id_number: NUMBER.into() };
            check(&office, CaseId([7; 16]), &applicant, &[picture], spec)
        };
        let other = BlobHash([9; 32]);
        assert_eq!(checked("李静", other, &Spec::parse("x", text).unwrap()), Ok(()));
        let refusal = checked("李静", other, &strict).unwrap_err();
        assert_eq!(refusal.code, "same_number");
        assert!(refusal.text.zh.contains("张伟") || refusal.text.zh.contains("王芳"), "{refusal:?}");
        let picture = office.case(first).unwrap().unwrap().current.said.original;
        let stranger = Applicant { name: "赵强".into(), id_number: "11010119900307001X".into() };
        assert_eq!(check(&office, CaseId([7; 16]), &stranger, &[picture], &strict).unwrap_err().code, "same_picture");
        for id in [first, second] {
            office.store.forget_person(id).unwrap();
        }
        assert_eq!(of("李静", spec), [], "what was erased is not found");
        assert_eq!(checked("李静", other, &strict), Ok(()));
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
}
