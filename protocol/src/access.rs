//! Which office may be given which blob. Decided here, once, for every transport.

use crate::{
    case::{Case, Status},
    id::{BlobHash, OfficeCode},
    record::Roles,
};

/// Whether the office, with these roles, may be given the blob. `cases` are all cases known here that name it.
///
/// Reviewers may have everything of a case, and the capturing office what reviewers wrote about it. Once a receipt stands, every enrolled
/// office that captures or archives may have the photo itself, since a document office fetches it by the receipt's number;
/// never the original or the payload.
///
/// Attack: hashes stand in the logs for all to read, so an office could name another's blob in a record of its own and ask for it as
/// the capturing office. Its own word therefore gives it nothing but what it alone has named, which it had before, as after a lost disk.
pub fn may_have<'a>(cases: impl IntoIterator<Item = &'a Case>, blob: BlobHash, office: OfficeCode, roles: Roles) -> bool {
    let (mut named_by_office, mut named_by_others) = (false, false);
    for case in cases {
        let mut part_of_case = false;
        for by in case.submissions.iter().filter(|by| [by.said.photo, by.said.original, by.said.payload].contains(&blob)) {
            part_of_case = true;
            named_by_office |= by.office == office;
            named_by_others |= by.office != office;
        }
        for by in case.note.iter().filter(|by| by.said.payload == blob) {
            part_of_case = true;
            named_by_office |= by.office == office;
            named_by_others |= by.office != office;
            // The fold keeps notes of reviewers and capturing offices only, so one by nobody who captured is a reviewer's.
            if case.is_captured_by(office) && !case.is_captured_by(by.office) {
                return true;
            }
        }
        let receipt_stands = case.status == Status::Approved && !case.receipts.is_empty();
        let photo_of_receipt = receipt_stands && blob == case.current.said.photo;
        if part_of_case && roles.contains(Roles::REVIEW)
            || photo_of_receipt && (roles.contains(Roles::CAPTURE) || roles.contains(Roles::ARCHIVE))
        {
            return true;
        }
    }
    named_by_office && !named_by_others
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        case::By,
        id::{CaseId, RecordHash, SpecHash},
        record::{DocChanged, ReceiptIssued, Submitted},
    };

    const PHOTO: BlobHash = BlobHash([1; 32]);
    const ORIGINAL: BlobHash = BlobHash([2; 32]);
    const PAYLOAD: BlobHash = BlobHash([3; 32]);
    const NOTE: BlobHash = BlobHash([4; 32]);

    fn office(serial: u8) -> OfficeCode {
        format!("4403000{serial}").parse().unwrap()
    }

    fn case(status: Status, with_receipt: bool) -> Case {
        let id = CaseId([0; 16]);
        let by = |said| By { hash: RecordHash([7; 32]), office: office(1), said };
        let submitted = Submitted {
            case: id,
            spec: SpecHash([0; 32]),
            photo: PHOTO,
            original: ORIGINAL,
            payload: PAYLOAD,
            applicant: BlobHash([0; 32]),
            report: BlobHash([0; 32]),
            operations: vec![],
            located_by: "marks".into(),
            failed_checks: 0,
            supersedes: None,
            operator: 1,
            at_ms: 0,
        };
        let receipt = ReceiptIssued {
            case: id,
            submission: RecordHash([7; 32]),
            decision: RecordHash([8; 32]),
            number: String::new(),
            photo: PHOTO,
            spec: SpecHash([0; 32]),
            applicant: BlobHash([0; 32]),
            captured_by: office(1),
            valid_until_ms: 0,
            at_ms: 0,
        };
        let note = By { hash: RecordHash([9; 32]), office: office(1), said: DocChanged { case: id, payload: NOTE, operator: 1, at_ms: 0 } };
        Case {
            id,
            status,
            current: by(submitted.clone()),
            submissions: vec![by(submitted)],
            decisions: vec![],
            receipts: if with_receipt { vec![By { hash: RecordHash([6; 32]), office: office(2), said: receipt }] } else { vec![] },
            note: vec![note],
            refused: vec![],
        }
    }

    #[test]
    fn each_office_gets_what_its_part_in_the_case_needs_and_no_more() {
        let blobs = [PHOTO, ORIGINAL, PAYLOAD, NOTE];
        let given = |case: &Case, serial, roles| blobs.map(|blob| may_have(case, blob, office(serial), roles));
        let open = case(Status::Submitted, false);
        assert_eq!(given(&open, 1, Roles::CAPTURE), [true; 4], "the capturing office");
        assert_eq!(given(&open, 2, Roles::REVIEW), [true; 4], "a reviewer");
        assert_eq!(given(&open, 3, Roles::CAPTURE), [false; 4], "another office, before a receipt stands");
        let done = case(Status::Approved, true);
        assert_eq!(given(&done, 3, Roles::CAPTURE), [true, false, false, false], "a document office: the photo alone");
        assert_eq!(given(&done, 3, Roles::ARCHIVE), [true, false, false, false]);
        assert_eq!(given(&done, 3, Roles::ADMIN), [false; 4], "an admin without a part in the case");
        assert_eq!(given(&case(Status::Conflict, true), 3, Roles::CAPTURE), [false; 4], "while decisions contradict each other");
        assert!(!may_have(&done, BlobHash([9; 32]), office(1), Roles::REVIEW), "a blob of another case");
    }
}
