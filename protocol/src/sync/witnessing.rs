//! Who is asked to cosign which checkpoint, and who is told of the cosignatures: a machine without I/O.
//!
//! An office asks connected peers for a cosignature on its newest checkpoint as soon as they are known to hold its entries, so that a
//! cosignature is also the word of somebody who can give the log back. At most one question about a log is under way per peer, so a
//! busy office asks for the newest checkpoint only. Once nobody is left to ask, peers that hold the same entries are told the lines.

use super::passed::Passed;
use crate::{
    id::{Millis, Origin, PublicKey},
    limits::{COSIGN_PAUSE_MS, COSIGN_RETRY_MS, COSIGNATURES_MAX, REQUEST_TIMEOUT_MS},
};
use std::collections::BTreeMap;

/// The newest checkpoint of a log that this node writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newest {
    /// The log.
    pub origin: Origin,
    /// Entries that it stands for.
    pub size: u64,
    /// Cosignatures on it.
    pub lines: usize,
}

/// What the shell must send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Ask for a cosignature, with a consistency proof from the size that the witness is known to have cosigned.
    Cosign {
        /// Whom.
        peer: PublicKey,
        /// Which log.
        origin: Origin,
        /// Entries that it cosigned last, as far as is known.
        old: u64,
    },
    /// Tell the newest checkpoint with its lines.
    Tell {
        /// Whom.
        peer: PublicKey,
        /// Which log.
        origin: Origin,
    },
}

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A line for this many entries.
    Cosigned(u64),
    /// It cosigned this many entries last.
    At(u64),
    /// It does not, or the request failed.
    No,
    /// A telling arrived.
    Told,
}

#[derive(Debug, Default)]
struct About {
    /// Entries that the peer cosigned last, as far as it said: where the next proof begins.
    from: u64,
    /// Entries of the last checkpoint for which it gave a line.
    given: u64,
    /// What it was told last: size and number of lines.
    told: (u64, usize),
    /// A question or a telling is under way until then.
    busy_until: Option<Millis>,
    again_at: Millis,
}

/// The machine of one node.
#[derive(Debug, Default)]
pub struct Witnessing {
    about: BTreeMap<Origin, BTreeMap<PublicKey, About>>,
    passed: Passed,
}

impl Witnessing {
    /// What to send now. `newest` are the logs that this node writes; `held` gives, for a log, the entries of it that a connected peer is known
    /// to hold, and nothing for a peer that is not to be asked. Peers come in a stable order, so that the same ones are asked every time.
    pub fn next<H: Fn(PublicKey) -> Option<u64>>(
        &mut self,
        clock: Millis,
        newest: &[Newest],
        connected: &[PublicKey],
        held: impl Fn(&Origin) -> H,
    ) -> Vec<Ask> {
        let now = self.passed.by(clock);
        let mut asks = Vec::new();
        for Newest { origin, size, lines } in newest.iter().filter(|newest| newest.size > 0) {
            let held = held(origin);
            let holds = |peer: PublicKey| held(peer).is_some_and(|held| held >= *size);
            let known = self.about.entry(origin.clone()).or_default();
            let mut expected = *lines;
            let mut waiting = false;
            for peer in connected {
                let about = known.entry(*peer).or_default();
                if about.busy_until.is_some_and(|until| until > now) {
                    expected += 1;
                    waiting = true;
                    continue;
                }
                let may = about.given < *size && about.from <= *size && about.again_at <= now;
                if may && expected < COSIGNATURES_MAX && holds(*peer) {
                    about.busy_until = Some(now + REQUEST_TIMEOUT_MS);
                    expected += 1;
                    waiting = true;
                    asks.push(Ask::Cosign { peer: *peer, origin: origin.clone(), old: about.from });
                }
            }
            // All lines at once, and not each as it comes.
            if waiting || *lines == 0 {
                continue;
            }
            for peer in connected {
                let about = known.entry(*peer).or_default();
                if about.told != (*size, *lines) && about.again_at <= now && holds(*peer) {
                    about.told = (*size, *lines);
                    about.busy_until = Some(now + REQUEST_TIMEOUT_MS);
                    asks.push(Ask::Tell { peer: *peer, origin: origin.clone() });
                }
            }
        }
        asks
    }

    /// Takes in what came of a question.
    pub fn answered(&mut self, clock: Millis, peer: PublicKey, origin: &Origin, answer: Answer) {
        let now = self.passed.by(clock);
        let about = self.about.entry(origin.clone()).or_default().entry(peer).or_default();
        about.busy_until = None;
        about.again_at = now + COSIGN_PAUSE_MS;
        match answer {
            Answer::Cosigned(size) => (about.from, about.given) = (size, size),
            Answer::At(size) if size != about.from => {
                about.from = size;
                about.again_at = now;
            }
            // It answers the same again: asking at once would go on for ever.
            Answer::At(_) | Answer::No => about.again_at = now + COSIGN_RETRY_MS,
            Answer::Told => {}
        }
    }

    /// A peer is gone, and what it was asked and told with it.
    pub fn gone(&mut self, peer: PublicKey) {
        self.about.values_mut().for_each(|known| _ = known.remove(&peer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: PublicKey = PublicKey([1; 32]);
    const B: PublicKey = PublicKey([2; 32]);

    fn origin() -> Origin {
        "demo.huizhi/office/44030001/1".parse().unwrap()
    }
    fn newest(size: u64, lines: usize) -> [Newest; 1] {
        [Newest { origin: origin(), size, lines }]
    }
    fn cosign(peer: PublicKey, old: u64) -> Ask {
        Ask::Cosign { peer, origin: origin(), old }
    }

    #[test]
    fn who_holds_the_entries_is_asked_once_per_checkpoint_and_then_all_are_told() {
        let mut machine = Witnessing::default();
        let all = |_: &Origin| |_: PublicKey| Some(5);
        assert_eq!(machine.next(0, &newest(5, 0), &[A, B], |_| |peer| Some(if peer == A { 5 } else { 4 })), [cosign(A, 0)]);
        assert_eq!(machine.next(1, &newest(5, 0), &[A, B], all), [cosign(B, 0)], "A was asked already");
        machine.answered(2, A, &origin(), Answer::Cosigned(5));
        assert_eq!(machine.next(3, &newest(5, 1), &[A, B], all), [], "B is still waited for");
        machine.answered(4, B, &origin(), Answer::Cosigned(5));
        assert_eq!(machine.next(5, &newest(5, 2), &[A, B], all), [], "not at once");
        let tell = |peer| Ask::Tell { peer, origin: origin() };
        assert_eq!(machine.next(4 + COSIGN_PAUSE_MS, &newest(5, 2), &[A, B], all), [tell(A), tell(B)]);
        machine.answered(3_000, A, &origin(), Answer::Told);
        machine.answered(3_000, B, &origin(), Answer::Told);
        assert_eq!(machine.next(1_000_000, &newest(5, 2), &[A, B], all), [], "once");
        assert_eq!(
            machine.next(1_000_000, &newest(6, 0), &[A], |_| |_| Some(6)),
            [cosign(A, 5)],
            "the next one, with a proof from the last"
        );
    }

    #[test]
    fn a_busy_office_asks_for_its_newest_checkpoint_only() {
        let mut machine = Witnessing::default();
        let mut asked = 0;
        for now in 0..10 * COSIGN_PAUSE_MS {
            let size = now + 1;
            for ask in machine.next(now, &newest(size, 0), &[A], |_| |_| Some(u64::MAX)) {
                assert!(matches!(ask, Ask::Cosign { .. }));
                asked += 1;
                machine.answered(now, A, &origin(), Answer::Cosigned(size));
            }
        }
        assert_eq!(asked, 10);
    }

    #[test]
    fn who_does_not_cosign_is_left_alone_and_another_size_is_tried_at_once() {
        let mut machine = Witnessing::default();
        let held = |_: &Origin| |_: PublicKey| Some(9);
        let next = |machine: &mut Witnessing, now| machine.next(now, &newest(9, 0), &[A], held);
        assert_eq!(next(&mut machine, 0), [cosign(A, 0)]);
        machine.answered(1, A, &origin(), Answer::At(4));
        assert_eq!(next(&mut machine, 1), [cosign(A, 4)]);
        machine.answered(2, A, &origin(), Answer::At(4));
        assert_eq!(next(&mut machine, 3 + COSIGN_PAUSE_MS), [], "the same answer again");
        assert_eq!(next(&mut machine, 2 + COSIGN_RETRY_MS), [cosign(A, 4)]);
        assert_eq!(next(&mut machine, 3 + COSIGN_RETRY_MS), [], "under way");
        assert_eq!(next(&mut machine, 2 + COSIGN_RETRY_MS + REQUEST_TIMEOUT_MS), [cosign(A, 4)], "no answer came at all");
        machine.answered(200_000, A, &origin(), Answer::No);
        assert_eq!(next(&mut machine, 200_000 + COSIGN_RETRY_MS - 1), []);
        machine.gone(A);
        assert_eq!(next(&mut machine, 200_001), [cosign(A, 0)], "a new connection begins anew");
        machine.answered(200_002, A, &origin(), Answer::At(9));
        assert_eq!(next(&mut machine, 200_002), [cosign(A, 9)], "it holds all of it, and gave no line yet");
    }

    #[test]
    fn no_more_cosignatures_are_collected_than_a_note_takes() {
        let peers: Vec<PublicKey> = (0..100).map(|at| PublicKey([at; 32])).collect();
        let mut machine = Witnessing::default();
        assert_eq!(machine.next(0, &newest(1, 0), &peers, |_| |_| Some(1)).len(), COSIGNATURES_MAX);
        assert_eq!(machine.next(1, &newest(1, 0), &peers, |_| |_| Some(1)), []);
    }
}
