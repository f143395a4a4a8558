//! A long history of cases as offices that are somewhere else write it: each case is submitted by one of several capturing offices, and
//! approved and given its receipt by one that reviews. Signed on all cores while it is given, and kept nowhere.

use super::record::submission;
use protocol::{
    id::Origin,
    keys::OfficeKey,
    limits::PACKAGES_AHEAD_MAX,
    log::{Checkpoint, Package},
    merkle::{Edge, leaf_hash},
    receipt::ReceiptNumber,
    record::{Decided, Enrol, ReceiptIssued, Record, Roles, Signed, Verdict, Verified},
};
use std::sync::{Arc, mpsc};

/// Entries of a package.
pub(crate) const PACKAGE: usize = 256;
/// Cases that are signed together; their submissions fill what becomes durable in one step.
const BLOCK: u64 = (PACKAGE * PACKAGES_AHEAD_MAX) as u64;

/// An office that is somewhere else.
pub(crate) struct Writer {
    key: OfficeKey,
    pub(crate) origin: Origin,
    roles: Roles,
}

impl Writer {
    fn new(number: u8, federation: &str, roles: Roles) -> Self {
        let code = format!("44030{number:03}").parse().expect("eight digits are an office code");
        let origin = Origin::office(federation, code, 1).expect("the federation's name is well formed");
        Self { key: OfficeKey::from_seed(&[number; 32]), origin, roles }
    }

    pub(crate) fn enrol(&self) -> Record {
        let (code, epoch) = self.origin.office_and_epoch().expect("an office's log");
        Record::Enrol(Enrol {
            code,
            name: "office".into(),
            key: self.key.public(),
            recipient: "age1".into(),
            roles: self.roles,
            epoch,
            at_ms: 0,
            witness: None,
            region: None,
            roles_from: None,
            documents: None,
        })
    }

    fn says(&self, record: &Record) -> Verified {
        Signed::sign(&self.origin, &self.key, record).expect("it fits an entry")
    }

    /// Entries behind an edge in packages, each with the checkpoint at its end.
    fn packages(&self, edge: &mut Edge, entries: Vec<Vec<u8>>) -> Vec<Package> {
        let mut packages = Vec::with_capacity(entries.len().div_ceil(PACKAGE));
        let mut entries = entries.into_iter().peekable();
        while entries.peek().is_some() {
            let start = edge.size();
            let part: Vec<_> = entries.by_ref().take(PACKAGE).collect();
            part.iter().for_each(|entry| edge.append(leaf_hash(entry), |_, _, _| {}));
            let head = Checkpoint { origin: self.origin.clone(), size: edge.size(), root: edge.root() };
            let entries = part.into_iter().map(Into::into).collect();
            packages.push(Package { start, entries, checkpoint: head.sign(&self.key).note().to_owned(), proof: vec![] });
        }
        packages
    }
}

/// The offices that write.
pub(crate) struct Writers {
    pub(crate) reviewer: Writer,
    pub(crate) capturers: Vec<Writer>,
}

impl Writers {
    pub(crate) fn new(federation: &str, capturers: u8) -> Self {
        let capturers = (0..capturers).map(|at| Writer::new(4 + at, federation, Roles::CAPTURE)).collect();
        Self { reviewer: Writer::new(3, federation, Roles::REVIEW), capturers }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Writer> {
        self.capturers.iter().chain([&self.reviewer])
    }

    fn capturer_of(&self, block: u64) -> usize {
        (block % self.capturers.len() as u64) as usize
    }

    /// Signs the cases of a block: the submissions, and what the reviewer says about them.
    fn sign(&self, block: u64, cases: u64) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let numbers = block * BLOCK..((block + 1) * BLOCK).min(cases);
        let (mut submitted, mut reviewed) = (Vec::new(), Vec::new());
        for number in numbers {
            let capturer = &self.capturers[self.capturer_of(block)];
            let submission = capturer.says(&submission(&capturer.origin, number));
            reviewed.extend(self.approve(block, number, &submission));
            submitted.push(submission.bytes().to_vec());
        }
        (submitted, reviewed)
    }

    /// Approves a submission and issues the receipt.
    fn approve(&self, block: u64, number: u64, submission: &Verified) -> [Vec<u8>; 2] {
        let Record::Submitted(said) = submission.record() else { unreachable!("a submission was given") };
        let at_ms = said.at_ms + 60_000;
        let (submission, case) = (submission.hash(), said.case);
        let decided = Decided { case, submission, verdict: Verdict::Approve, reasons: vec![], resolves: vec![], operator: 7, at_ms };
        let decided = self.reviewer.says(&Record::Decided(decided));
        let receipt = self.reviewer.says(&Record::ReceiptIssued(ReceiptIssued {
            case,
            submission,
            decision: decided.hash(),
            number: self.receipt_of(number).digits(),
            photo: said.photo,
            spec: said.spec,
            applicant: said.applicant,
            captured_by: self.capturers[self.capturer_of(block)].origin.office_and_epoch().expect("an office's log").0,
            valid_until_ms: at_ms + 31_536_000_000,
            at_ms,
            usage: None,
            document: None,
        }));
        [decided.bytes().to_vec(), receipt.bytes().to_vec()]
    }

    /// Number of the receipt of a case: behind its decision in the reviewer's log.
    pub(crate) fn receipt_of(&self, case: u64) -> ReceiptNumber {
        let (office, epoch) = self.reviewer.origin.office_and_epoch().expect("an office's log");
        ReceiptNumber::new(office, epoch, 2 * case + 1).expect("the position fits a number")
    }

    /// Writes so many cases and gives their packages as the network does, no more at one time than become durable in one step.
    pub(crate) fn write(self: &Arc<Self>, cases: u64, mut give: impl FnMut(&Origin, Vec<Package>)) {
        let signers = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        let signed: Vec<_> = (0..signers)
            .map(|signer| {
                let (ready, signed) = mpsc::sync_channel(2);
                let writers = self.clone();
                std::thread::spawn(move || {
                    for block in (signer..cases.div_ceil(BLOCK)).step_by(signers as usize) {
                        if ready.send(writers.sign(block, cases)).is_err() {
                            return;
                        }
                    }
                });
                signed
            })
            .collect();
        let (mut edges, mut reviewed_edge) = (vec![Edge::default(); self.capturers.len()], Edge::default());
        for block in 0..cases.div_ceil(BLOCK) {
            let (submitted, reviewed) = signed[(block % signers) as usize].recv().expect("it was signed");
            let at = self.capturer_of(block);
            give(&self.capturers[at].origin, self.capturers[at].packages(&mut edges[at], submitted));
            let mut packages = self.reviewer.packages(&mut reviewed_edge, reviewed);
            while !packages.is_empty() {
                let rest = packages.split_off(packages.len().min(PACKAGES_AHEAD_MAX));
                give(&self.reviewer.origin, std::mem::replace(&mut packages, rest));
            }
        }
    }
}
