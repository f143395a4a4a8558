//! One identity number under several names, or one person twice for one document: counter and reviewer see the other case at once.
//!
//! An office finds what it captured itself and what was looked at on it. Across the federation nobody can find it: numbers are sealed.

use super::{Office, Refusal, applicants, payload::Applicant, person_name};
use crate::store::StoreError;
use ::specs::{Doubles, Spec};
use protocol::{
    case::{Case, Status},
    id::{BlobHash, CaseId, SpecHash},
};

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
    let same = applicants::same_picture(office, id, pictures, Some(applicant), hash)?;
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
        testing::{self, Home},
    };

    const NUMBER: &str = "11010519491231002X";

    fn submit(office: &Office, name: &str, picture: &[u8]) -> CaseId {
        let applicant = Applicant { name: name.into(), id_number: NUMBER.into() };
        let consent = Some(crate::service::consent::Statement::current().hash().to_string());
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
}
