//! Which office may be given which blob. Decided here, once, for every transport.

use crate::{
    case::{Case, Status},
    id::{BlobHash, OfficeCode},
    record::Roles,
};

/// Whether the office, with these roles, may be given the blob on the strength of this case.
///
/// The capturing office and reviewers may have everything of the case. Once a receipt stands, every enrolled office that captures or
/// archives may have the photo itself, since a document office fetches it by the receipt's number; never the original or the payload.
pub fn may_have(case: &Case, blob: BlobHash, office: OfficeCode, roles: Roles) -> bool {
    let part_of_case = case.submissions.iter().any(|by| [by.said.photo, by.said.original, by.said.payload].contains(&blob))
        || case.note.iter().any(|by| by.said.payload == blob);
    if !part_of_case {
        return false;
    }
    if office == case.captured_by() || roles.contains(Roles::REVIEW) {
        return true;
    }
    let receipt_stands = case.status == Status::Approved && !case.receipts.is_empty();
    receipt_stands && blob == case.current.said.photo && (roles.contains(Roles::CAPTURE) || roles.contains(Roles::ARCHIVE))
}
