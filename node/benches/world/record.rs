//! Records as benches make them. Their hashes are spread as real ones are: rows of the indexes then fall on any page.

use protocol::{
    id::{BlobHash, CaseId, Origin, SpecHash},
    record::{Record, Submitted},
};
use sha2::{Digest, Sha256};

pub(crate) fn hash(what: u8, number: u64) -> [u8; 32] {
    Sha256::new().chain_update([what]).chain_update(number.to_be_bytes()).finalize().into()
}

/// A case of the office that writes the log.
pub(crate) fn case_of(origin: &Origin, number: u64) -> CaseId {
    let (code, _) = origin.office_and_epoch().expect("an office's log");
    CaseId::new(code, hash(0, number)[..12].try_into().expect("twelve of 32 bytes"))
}

/// A submission of a case: about 400 bytes once it is signed.
pub(crate) fn submission_of(case: CaseId, number: u64) -> Record {
    Record::Submitted(Submitted {
        case,
        spec: SpecHash([2; 32]),
        photo: BlobHash(hash(1, number)),
        original: BlobHash(hash(2, number)),
        payload: BlobHash(hash(3, number)),
        applicant: BlobHash(hash(4, number)),
        report: BlobHash(hash(5, number)),
        operations: ["roll_corrected", "background_replaced", "cropped"].map(String::from).to_vec(),
        located_by: "marks".into(),
        failed_checks: 0,
        supersedes: None,
        operator: 4,
        at_ms: 1_795_000_000_000 + number,
    })
}

/// A submission of a case of its own.
pub(crate) fn submission(origin: &Origin, number: u64) -> Record {
    submission_of(case_of(origin, number), number)
}
