//! Checkpoints that go from office to office, also through those that do not hold their log: what is passed on, what is not, and what they prove.
//!
//! A message is a signed note and nothing else. Whoever hears two of one size that name different roots holds the proof that a log was signed twice.
//! Nothing depends on a message arriving: frontiers are told directly, again and again.

use super::{fairness::Bucket, witnessing::Newest};
use crate::{
    id::{Millis, Origin, PublicKey},
    limits::{
        COST_GOSSIP_REJECTED, FRONTIER_LOGS_MAX, GOSSIP_CUT_OFF_MS, GOSSIP_PAUSE_MS, GOSSIP_PER_LOG_BURST, GOSSIP_PER_LOG_S,
        GOSSIP_PER_PEER_BURST, GOSSIP_PER_PEER_S, GOSSIP_POINTS_MAX, GOSSIP_REJECTED_BURST, NOTE_BYTES_MAX,
    },
    log::{ForkProof, SignedCheckpoint},
    membership::Membership,
};
use std::collections::BTreeMap;

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on to others.
    Accept,
    /// It ends here, and nobody is to blame.
    Ignore,
    /// It ends here, and whoever passed it on had to see why.
    Reject,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What becomes of it.
    pub verdict: Verdict,
    /// What it is a checkpoint of, where that is new here.
    pub checkpoint: Option<SignedCheckpoint>,
    /// A fork proof, in bytes, where it contradicts what was heard before.
    pub fork: Option<Vec<u8>>,
}

impl Heard {
    const fn nothing(verdict: Verdict) -> Self {
        Self { verdict, checkpoint: None, fork: None }
    }
}

/// What was passed on of one log.
#[derive(Debug, Default)]
struct Log {
    /// By size: checkpoints with the log's own line only.
    points: BTreeMap<u64, SignedCheckpoint>,
    /// Lines of witnesses on the newest of them.
    lines: usize,
    bucket: Bucket,
}

/// What one peer sent.
#[derive(Debug, Default)]
struct Sender {
    bucket: Bucket,
    rejected: Bucket,
    cut_off_until: Millis,
}

/// The gossip of one node.
#[derive(Debug, Default)]
pub struct Gossip {
    /// Bound: [`FRONTIER_LOGS_MAX`] logs, all of them signed for by the province.
    logs: BTreeMap<Origin, Log>,
    /// Bound: keys that are enrolled or were.
    senders: BTreeMap<PublicKey, Sender>,
    published: BTreeMap<Origin, (u64, usize, Millis)>,
}

impl Gossip {
    /// Decides on a message that a peer passed on. `now` only goes forward.
    pub fn hear(&mut self, now: Millis, from: PublicKey, message: &[u8], members: &Membership) -> Heard {
        if members.office_of(from).is_none() {
            return Heard::nothing(Verdict::Ignore);
        }
        let sender = self.senders.entry(from).or_default();
        // Bound: before anything is verified.
        if sender.cut_off_until > now || !sender.bucket.take(now, 1, (GOSSIP_PER_PEER_S, GOSSIP_PER_PEER_BURST)) {
            return Heard::nothing(Verdict::Ignore);
        }
        let heard = self.look(now, message, members);
        if heard.verdict == Verdict::Reject
            && let Some(sender) = self.senders.get_mut(&from)
            && !sender.rejected.take(now, COST_GOSSIP_REJECTED, (1, GOSSIP_REJECTED_BURST))
        {
            sender.cut_off_until = now + GOSSIP_CUT_OFF_MS;
        }
        heard
    }

    fn look(&mut self, now: Millis, message: &[u8], members: &Membership) -> Heard {
        let reject = Heard::nothing(Verdict::Reject);
        let ignore = Heard::nothing(Verdict::Ignore);
        let Some(note) = std::str::from_utf8(message).ok().filter(|note| note.len() <= NOTE_BYTES_MAX) else { return reject };
        let Some(origin) = note.lines().next().and_then(|origin| origin.parse::<Origin>().ok()) else { return reject };
        // An office that was enrolled a moment ago may not be known here yet.
        let Some(key) = members.verifier(&origin) else { return ignore };
        let Ok(checkpoint) = SignedCheckpoint::verify(note, &key) else { return reject };
        // A line under a witness's name that does not hold refuses the whole note, for whoever passes it on had to look.
        let Ok(lines) = checkpoint.cosigned_by(&members.witnesses_ever_of(&origin)).map(|found| found.len()) else { return reject };
        let Ok(bare) = checkpoint.only_lines_of(&key, []) else { return reject };
        if !self.logs.contains_key(&origin) && self.logs.len() >= FRONTIER_LOGS_MAX {
            return ignore;
        }
        let log = self.logs.entry(origin).or_default();
        let newest = log.points.keys().next_back().copied().unwrap_or(0);
        let known = log.points.get(&bare.size());
        let fork = known.filter(|known| known.root() != bare.root()).map(|known| contradiction(known, &bare));
        let new = bare.size() > newest || log.points.is_empty();
        // Lines are passed on when there are twice as many, so a checkpoint goes around some five times at most.
        let more_lines = known.is_some() && bare.size() == newest && lines >= (2 * log.lines).max(1);
        // What is older than what was passed on is not passed on, unless it proves something.
        if !(new || more_lines || fork.is_some()) || !log.bucket.take(now, 1, (GOSSIP_PER_LOG_S, GOSSIP_PER_LOG_BURST)) {
            // A fork that came too fast is proved all the same.
            return Heard { fork, ..ignore };
        }
        if new {
            log.points.insert(bare.size(), bare);
            log.lines = 0;
            while log.points.len() > GOSSIP_POINTS_MAX {
                log.points.pop_first();
            }
        }
        if fork.is_none() {
            log.lines = log.lines.max(lines);
        }
        Heard { verdict: Verdict::Accept, checkpoint: Some(checkpoint), fork }
    }

    /// Own logs whose newest checkpoint is to be published now.
    pub fn publish(&mut self, now: Millis, newest: &[Newest]) -> Vec<Origin> {
        let due = newest.iter().filter(|newest| match self.published.get(&newest.origin) {
            None => newest.size > 0,
            Some((size, lines, at)) => {
                at + GOSSIP_PAUSE_MS <= now
                    && (newest.size > *size || newest.size == *size && newest.lines >= (2 * lines).max(1) && newest.lines > *lines)
            }
        });
        let due: Vec<&Newest> = due.collect();
        for newest in &due {
            self.published.insert(newest.origin.clone(), (newest.size, newest.lines, now));
        }
        due.into_iter().map(|newest| newest.origin.clone()).collect()
    }

    /// Nobody was there to hear it: it is published again.
    pub fn unheard(&mut self, origin: &Origin) {
        self.published.remove(origin);
    }

    /// Entries of a log that its office signed for, as far as was heard.
    pub fn size(&self, origin: &Origin) -> u64 {
        self.logs.get(origin).and_then(|log| log.points.keys().next_back()).copied().unwrap_or(0)
    }

    /// Whether a peer sent so much that does not hold that it is not listened to.
    pub fn is_cut_off(&self, now: Millis, peer: PublicKey) -> bool {
        self.senders.get(&peer).is_some_and(|sender| sender.cut_off_until > now)
    }
}

/// The proof that two checkpoints of one size make by themselves.
fn contradiction(one: &SignedCheckpoint, other: &SignedCheckpoint) -> Vec<u8> {
    let (smaller, larger) = (one.note().to_owned(), other.note().to_owned());
    ForkProof { smaller, larger, prefix: crate::id::RecordHash(*other.root()), path: Vec::new(), common: None }.encode()
}

#[cfg(test)]
mod tests;
