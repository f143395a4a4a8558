//! Any record of any kind that this version understands.

use super::*;
use crate::{
    id::{BlobHash, CaseId, OfficeCode, SpecHash},
    limits::EPOCH_REQUEST_BYTES_MAX,
    log::LogPoint,
};
use prop::{collection::vec, option};

fn hash() -> impl Strategy<Value = [u8; 32]> {
    any::<[u8; 32]>()
}
fn blob() -> impl Strategy<Value = BlobHash> {
    hash().prop_map(BlobHash)
}
fn spec() -> impl Strategy<Value = SpecHash> {
    hash().prop_map(SpecHash)
}
fn record() -> impl Strategy<Value = RecordHash> {
    hash().prop_map(RecordHash)
}
fn public() -> impl Strategy<Value = PublicKey> {
    hash().prop_map(PublicKey)
}
fn case() -> impl Strategy<Value = CaseId> {
    any::<[u8; 16]>().prop_map(CaseId)
}
fn text() -> impl Strategy<Value = String> {
    "\\PC{0,20}"
}
fn code() -> impl Strategy<Value = OfficeCode> {
    (0_u32..100_000_000).prop_map(|code| format!("{code:08}").parse().unwrap())
}
fn point() -> impl Strategy<Value = LogPoint> {
    (code(), 1_u32..100, 0_u64..1 << 62, record()).prop_map(|(code, epoch, size, root)| LogPoint {
        origin: Origin::office("demo.huizhi", code, epoch).unwrap(),
        size,
        root,
    })
}

fn of_the_province() -> impl Strategy<Value = Record> {
    let texts = || (text(), text(), option::of(spec()), any::<(u32, u64)>(), option::of(any::<u64>()));
    prop_oneof![
        (
            code(),
            text(),
            public(),
            text(),
            any::<(u32, u32, u64)>(),
            option::of(public()),
            (option::of(text()), option::of(vec(text(), 0..4))),
            option::of(point())
        )
            .prop_map(|(code, name, key, recipient, (roles, epoch, at_ms), witness, (region, documents), roles_from)| {
                Record::Enrol(Enrol {
                    code,
                    name,
                    key,
                    recipient,
                    roles: Roles(roles),
                    epoch,
                    at_ms,
                    witness,
                    region,
                    roles_from,
                    documents,
                })
            }),
        (code(), public(), option::of(public()), text(), any::<(u32, u32, u64)>(), option::of(point())).prop_map(
            |(code, key, witness, recipient, (epoch, operator, at_ms), closes)| {
                Record::Rotate(Rotate { code, key, witness, recipient, epoch, closes, operator, at_ms })
            }
        ),
        (code(), point(), text(), any::<(u32, u64)>()).prop_map(|(code, upto, reason, (operator, at_ms))| Record::Revoke(Revoke {
            code,
            upto,
            reason,
            operator,
            at_ms
        })),
        texts().prop_map(|(id, text, supersedes, (operator, at_ms), effective_from_ms)| Record::SpecPublished(SpecPublished {
            id,
            text,
            supersedes,
            operator,
            at_ms,
            effective_from_ms
        })),
        texts().prop_map(|(id, text, supersedes, (operator, at_ms), effective_from_ms)| Record::PolicyPublished(PolicyPublished {
            id,
            text,
            supersedes,
            operator,
            at_ms,
            effective_from_ms
        })),
        (point(), point(), point(), any::<(u32, u64)>())
            .prop_map(|(one, other, stands, (operator, at_ms))| Record::Adjudicated(Adjudicated { one, other, stands, operator, at_ms })),
        (point(), any::<(u32, u64)>()).prop_map(|(log, (operator, at_ms))| Record::Retired(Retired { log, operator, at_ms })),
    ]
}

fn of_intake() -> impl Strategy<Value = Record> {
    prop_oneof![
        (case(), blob(), blob(), option::of(blob()), any::<(u32, u64)>()).prop_map(
            |(case, applicant, statement, payload, (operator, at_ms))| {
                Record::Consented(Consented { case, applicant, statement, payload, operator, at_ms })
            }
        ),
        (case(), blob(), blob(), text(), any::<(bool, u32, u64)>()).prop_map(
            |(case, applicant, subject, method, (passed, operator, at_ms))| {
                Record::IdentityChecked(IdentityChecked { case, applicant, subject, method, passed, operator, at_ms })
            }
        ),
        (case(), blob(), text(), blob(), any::<(bool, u32, u64)>()).prop_map(
            |(case, applicant, register, entry, (matched, operator, at_ms))| {
                Record::EligibilityMatched(EligibilityMatched { case, applicant, register, entry, matched, operator, at_ms })
            }
        ),
        (case(), blob(), text(), any::<(u64, u32, u64)>()).prop_map(|(case, reference, method, (amount_fen, operator, at_ms))| {
            Record::FeePaid(FeePaid { case, amount_fen, reference, method, operator, at_ms })
        }),
        (case(), vec(hash(), 6), vec(text(), 0..5), text(), option::of(record()), any::<(u32, u32, u64)>()).prop_map(
            |(case, hashes, operations, located_by, supersedes, (failed_checks, operator, at_ms))| Record::Submitted(Submitted {
                case,
                spec: SpecHash(hashes[0]),
                photo: BlobHash(hashes[1]),
                original: BlobHash(hashes[2]),
                payload: BlobHash(hashes[3]),
                applicant: BlobHash(hashes[4]),
                report: BlobHash(hashes[5]),
                operations,
                located_by,
                failed_checks,
                supersedes,
                operator,
                at_ms,
            })
        ),
        (case(), record(), text(), any::<(u32, u64)>()).prop_map(|(case, submission, reason, (operator, at_ms))| {
            Record::Withdrawn(Withdrawn { case, submission, reason, operator, at_ms })
        }),
        any::<(u64, u64, u32, u32, u64)>().prop_map(|(starts_ms, ends_ms, capacity, operator, at_ms)| {
            Record::SlotOpened(SlotOpened { starts_ms, ends_ms, capacity, operator, at_ms })
        }),
        (record(), case(), blob(), any::<(u32, u64)>()).prop_map(|(slot, case, applicant, (operator, at_ms))| Record::Booked(Booked {
            slot,
            case,
            applicant,
            operator,
            at_ms
        })),
        (record(), case(), text(), any::<(u32, u64)>())
            .prop_map(|(booking, case, reason, (operator, at_ms))| Record::Cancelled(Cancelled { booking, case, reason, operator, at_ms })),
        (record(), case(), any::<(u32, u64)>()).prop_map(|(booking, case, (operator, at_ms))| Record::NoShow(NoShow {
            booking,
            case,
            operator,
            at_ms
        })),
    ]
}

fn of_review() -> impl Strategy<Value = Record> {
    prop_oneof![
        (case(), record(), any::<bool>(), vec(text(), 0..5), vec(record(), 0..5), any::<(u32, u64)>()).prop_map(
            |(case, submission, approve, reasons, resolves, (operator, at_ms))| {
                let verdict = if approve { Verdict::Approve } else { Verdict::Return };
                Record::Decided(Decided { case, submission, verdict, reasons, resolves, operator, at_ms })
            }
        ),
        (case(), vec(hash(), 5), text(), code(), any::<(u64, u64)>(), 0_u8..3, option::of(text())).prop_map(
            |(case, hashes, number, captured_by, (valid_until_ms, at_ms), usage, document)| Record::ReceiptIssued(ReceiptIssued {
                case,
                submission: RecordHash(hashes[0]),
                decision: RecordHash(hashes[1]),
                number,
                photo: BlobHash(hashes[2]),
                spec: SpecHash(hashes[3]),
                applicant: BlobHash(hashes[4]),
                captured_by,
                valid_until_ms,
                at_ms,
                usage: [None, Some(Usage::Single), Some(Usage::Repeated)][usize::from(usage)],
                document,
            })
        ),
        (case(), record(), blob(), any::<(u32, u64)>()).prop_map(|(case, receipt, reference, (operator, at_ms))| {
            Record::ReceiptUsed(ReceiptUsed { case, receipt, reference, operator, at_ms })
        }),
        (case(), record(), text(), any::<(u32, u64)>()).prop_map(|(case, receipt, reason, (operator, at_ms))| {
            Record::ReceiptRevoked(ReceiptRevoked { case, receipt, reason, operator, at_ms })
        }),
        (case(), record(), text(), any::<(u32, u64)>()).prop_map(|(case, used, reason, (operator, at_ms))| {
            Record::UseAnnulled(UseAnnulled { case, used, reason, operator, at_ms })
        }),
        (case(), blob(), any::<(u32, u64)>()).prop_map(|(case, payload, (operator, at_ms))| Record::DocChanged(DocChanged {
            case,
            payload,
            operator,
            at_ms
        })),
        (case(), record(), blob(), vec(blob(), 0..5), blob(), text(), any::<(u32, u64)>()).prop_map(
            |(case, submission, payload, blobs, applicant, reason, (operator, at_ms))| {
                Record::Erased(Erased { case, submission, payload, blobs, applicant, reason, operator, at_ms })
            }
        ),
        (vec(any::<u8>(), 0..EPOCH_REQUEST_BYTES_MAX), any::<(u32, u64)>())
            .prop_map(|(rotation, (operator, at_ms))| Record::EpochRequested(EpochRequested { rotation, operator, at_ms })),
    ]
}

pub(super) fn any_record() -> impl Strategy<Value = Record> {
    prop_oneof![of_the_province(), of_intake(), of_review()]
}
