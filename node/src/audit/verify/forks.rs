//! Fork proofs of an export: what lies beyond a fork does not count here either, and an open one is said in the verdict.

use super::{Report, read_bounded};
use crate::audit::FORKS;
use protocol::{
    id::{Origin, RecordHash},
    limits::{FORK_PROOF_BYTES_MAX, FORK_PROOFS_TOLD_MAX},
    log::ForkProof,
    membership::Membership,
};
use std::{collections::BTreeMap, path::Path};

/// Takes in every proof of the export. Whoever made it may have left some out, so their absence proves nothing.
pub(super) fn learn(dir: &Path, members: &mut Membership, report: &mut Report) {
    let Ok(entries) = std::fs::read_dir(dir.join(FORKS)) else { return };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()?.parse::<RecordHash>().ok());
    let mut names: Vec<RecordHash> = names.take(FORK_PROOFS_TOLD_MAX).collect();
    names.sort_unstable();
    for name in names {
        let place = format!("{FORKS}/{name}");
        let proof = match read_bounded(&dir.join(&place), FORK_PROOF_BYTES_MAX as u64) {
            Ok(bytes) => ForkProof::decode(&bytes),
            Err(error) => {
                report.fail(place, error);
                continue;
            }
        };
        let fork = proof.and_then(|proof| {
            let key = proof.claimed_origin().and_then(|origin| members.verifier(&origin));
            key.map(|key| proof.verify(&key)).transpose()
        });
        match fork {
            Ok(Some(fork)) => {
                report.forks += 1;
                members.learn_fork(&fork);
            }
            // Of a log that is not the federation's.
            Ok(None) => report.fail(place, "the fork is of a log that the province has not enrolled"),
            Err(error) => report.fail(place, error),
        }
    }
    let mut open: BTreeMap<&Origin, u64> = BTreeMap::new();
    for (name, shared, stands) in members.forks() {
        if stands.is_none() && !members.is_closed(&name.points().0.origin) {
            let known = open.entry(&name.points().0.origin).or_insert(shared);
            *known = shared.min(*known);
        }
    }
    for (origin, shared) in open {
        let reason = format!(
            "the log {origin} was signed twice: its histories share {shared} entries, and the province has not said which one stands; nothing beyond them counts"
        );
        report.fail(FORKS, reason);
    }
}
