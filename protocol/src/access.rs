//! Which office may be given which blob. Decided here, once, for every transport.

use crate::{
    case::{By, Case, Status},
    id::{BlobHash, CaseId, Millis, OfficeCode},
    membership::Grant,
    receipt::{ReceiptVerdict, judge},
    record::ReceiptIssued,
};

/// Why an office may be given a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// It decides on the submission, captured what a note is about, or named the blob itself and nobody else did.
    Work,
    /// It makes documents, and this case has a valid receipt for the photo.
    Receipt(CaseId),
}

/// Why the office, with what it was given, may be given the blob; nothing where it may not. `cases` are all cases known here that name it.
///
/// An office that decides on what another one captured may have everything of that submission, and the capturing office what reviewers wrote
/// about it. While a receipt is valid `now`, an office that makes this document may have the photo itself, which whoever gives it bounds and
/// writes down; never the original or the payload. A receipt that was revoked, used up or has expired gives the photo to nobody. Archives keep
/// records and no photos.
///
/// Attack: hashes of photos stand in the logs for all to read, so a stolen key of an office that only captures must not get them.
///
/// Attack: hashes stand in the logs for all to read, so an office could name another's blob in a record of its own and ask for it as
/// the capturing office. Its own word therefore gives it nothing but what it alone has named, which it had before, as after a lost disk.
pub fn ground<'a>(
    cases: impl IntoIterator<Item = &'a Case>,
    blob: BlobHash,
    office: OfficeCode,
    grant: &Grant,
    now: Millis,
) -> Option<Ground> {
    let mut receipt = None;
    let (mut named_by_office, mut named_by_others) = (false, false);
    for case in cases {
        // What was deleted on purpose is not spread again by who still has it.
        if case.is_erased(blob) {
            continue;
        }
        let mut in_charge = false;
        for by in case.submissions.iter().filter(|by| [by.said.photo, by.said.original, by.said.payload].contains(&blob)) {
            in_charge |= by.office != office && grant.may_decide(by.office);
            named_by_office |= by.office == office;
            named_by_others |= by.office != office;
        }
        for by in case.note.iter().filter(|by| by.said.payload == blob) {
            in_charge |= by.office != office && grant.may_decide(case.captured_by());
            named_by_office |= by.office == office;
            named_by_others |= by.office != office;
            // The fold keeps notes of reviewers and of the capturing office only.
            if case.captured_by() == office && by.office != office {
                return Some(Ground::Work);
            }
        }
        let is_valid = |by: &By<ReceiptIssued>| matches!(judge(by.hash, &by.said, Some(case), now), ReceiptVerdict::Valid);
        let may_be = case.status == Status::Approved && blob == case.current.said.photo;
        let makes = |by: &By<ReceiptIssued>| grant.may_use(by.said.document.as_deref());
        if in_charge {
            return Some(Ground::Work);
        }
        if may_be && case.receipts.iter().any(|by| makes(by) && is_valid(by)) {
            receipt = receipt.or(Some(Ground::Receipt(case.id)));
        }
    }
    if named_by_office && !named_by_others { Some(Ground::Work) } else { receipt }
}

/// Whether the office may be given the blob, see [`ground`].
pub fn may_have<'a>(cases: impl IntoIterator<Item = &'a Case>, blob: BlobHash, office: OfficeCode, grant: &Grant, now: Millis) -> bool {
    ground(cases, blob, office, grant, now).is_some()
}
