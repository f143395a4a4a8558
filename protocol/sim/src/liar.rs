//! Offices that lie. Their keys are genuine and enrolled: what they do is what a stolen machine or a bad clerk could do.

use crate::rng::Rng;
use protocol::{
    id::{Origin, RecordHash},
    limits::FRONTIER_LOGS_MAX,
    sync::wire::{Beginning, Head, Heads, Request, Response, ShortHead, ShortRoot},
};

/// How an office lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Two machines with one key write two histories and show each to one half of the federation.
    Equivocates,
    /// Answers with what it answered before: old frontiers, old packages, old notes.
    Replays,
    /// Changes bits of entries, proofs, notes and lines.
    Garbles,
    /// Tells of logs that nobody knows and of sizes that no log has, again and again, and sends proofs of nothing.
    Floods,
    /// Carries honestly what it signs, and signs whatever its key can: it is a stolen machine.
    Forges,
}

impl Lie {
    /// Every way to lie.
    pub const ALL: [Self; 5] = [Self::Equivocates, Self::Replays, Self::Garbles, Self::Floods, Self::Forges];
}

/// One lying office.
#[derive(Debug)]
pub(crate) struct Liar {
    pub(crate) lie: Lie,
    rng: Rng,
    /// Answers of before. Bound: 64.
    kept: Vec<Response>,
    /// Announcements of before. Bound: 64.
    told: Vec<Heads>,
    /// Gossip of before. Bound: 64.
    heard: Vec<Vec<u8>>,
}

impl Liar {
    pub(crate) fn new(lie: Lie, rng: Rng) -> Self {
        Self { lie, rng, kept: Vec::new(), told: Vec::new(), heard: Vec::new() }
    }

    /// What is answered instead.
    pub(crate) fn twist(&mut self, honest: Response) -> Response {
        match self.lie {
            Lie::Equivocates | Lie::Forges => honest,
            Lie::Replays => {
                if self.kept.len() < 64 {
                    self.kept.push(honest.clone());
                }
                let same: Vec<&Response> =
                    self.kept.iter().filter(|kept| std::mem::discriminant(*kept) == std::mem::discriminant(&honest)).collect();
                if self.rng.chance(700) && !same.is_empty() { same[self.rng.below(same.len())].clone() } else { honest }
            }
            Lie::Garbles => self.garble(honest),
            Lie::Floods => match honest {
                Response::Frontier(heads) => Response::Frontier(self.flood(heads)),
                Response::Entries(_) if self.rng.chance(500) => Response::NotHere,
                honest => honest,
            },
        }
    }

    /// What is told of the own frontier instead.
    pub(crate) fn twist_told(&mut self, honest: Request) -> Request {
        let Request::Heads(mut heads) = honest else { return honest };
        match self.lie {
            Lie::Equivocates | Lie::Forges => {}
            Lie::Replays => {
                if self.told.len() < 64 {
                    self.told.push(heads.clone());
                }
                if self.rng.chance(700) {
                    heads = self.told[self.rng.below(self.told.len())].clone();
                }
            }
            Lie::Garbles => {
                for head in &mut heads.heads {
                    if self.rng.chance(300) {
                        head.root = ShortRoot(self.rng.bytes());
                    }
                }
                if self.rng.chance(100) {
                    heads.after = self.rng.bytes().into();
                }
            }
            Lie::Floods => {
                for head in &mut heads.heads {
                    if self.rng.chance(500) {
                        head.size = u64::MAX - self.rng.between(0, 9);
                    }
                }
                let strange = self.rng.between(10, 200);
                heads.heads.extend((0..strange).filter_map(|_| self.stranger()).map(|head| ShortHead::from(&head)));
                heads.tell_all = self.rng.chance(500);
            }
        }
        Request::Heads(heads)
    }

    /// What is passed on by gossip instead.
    pub(crate) fn twist_gossip(&mut self, honest: &[u8]) -> Vec<u8> {
        let mut said = honest.to_vec();
        match self.lie {
            Lie::Equivocates | Lie::Floods | Lie::Forges => {}
            Lie::Replays => {
                if self.heard.len() < 64 {
                    self.heard.push(said.clone());
                }
                if self.rng.chance(700) {
                    said.clone_from(&self.heard[self.rng.below(self.heard.len())]);
                    self.stranger_s_line(&mut said);
                }
            }
            Lie::Garbles => {
                if self.rng.chance(700) {
                    let at = self.rng.below(said.len());
                    said[at] ^= 1 << self.rng.below(8);
                }
            }
        }
        said
    }

    /// Another message that says the same, so that nobody takes it for one that was seen: under a note anybody may put a line.
    fn stranger_s_line(&mut self, note: &mut Vec<u8>) {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef";
        note.extend_from_slice("\u{2014} nobody.example ".as_bytes());
        note.extend((0..96).map(|_| LETTERS[self.rng.below(LETTERS.len())]));
        note.push(b'\n');
    }

    /// What is said on the topic without anything to say.
    pub(crate) fn babbles(&mut self) -> Vec<Vec<u8>> {
        match self.lie {
            Lie::Floods => (0..3).map(|_| self.rng.bytes::<40>().to_vec()).collect(),
            Lie::Replays if !self.heard.is_empty() => {
                let mut old = self.heard[0].clone();
                self.stranger_s_line(&mut old);
                vec![old]
            }
            _ => Vec::new(),
        }
    }

    fn garble(&mut self, mut honest: Response) -> Response {
        if self.rng.chance(300) {
            return honest;
        }
        match &mut honest {
            Response::Entries(package) => match self.rng.below(5) {
                0 => package.entries.iter_mut().take(1).for_each(|entry| {
                    let at = self.rng.below(entry.len());
                    if let Some(byte) = entry.get_mut(at) {
                        *byte ^= 1;
                    }
                }),
                1 => package.start += 1,
                2 => package.proof.push([7; 32].into()),
                3 => package.entries.clear(),
                _ => package.checkpoint = package.checkpoint.replacen("\n1", "\n2", 1),
            },
            Response::Frontier(heads) => heads.iter_mut().for_each(|head| {
                if self.rng.chance(300) {
                    head.root = RecordHash(self.rng.bytes());
                }
            }),
            Response::Line(line) => line.push_str("\u{2014} x AAAA\n"),
            Response::ForkProofs(proofs) => proofs.push(vec![0x85, 1, 2].into()),
            Response::CosignedAt(size) => *size = self.rng.draw(),
            Response::BlobPiece { total, before, bytes } => match self.rng.below(4) {
                0 => *total += 1,
                1 => before[0] ^= 1,
                2 => {
                    let half = bytes.len() / 2;
                    bytes.truncate(half);
                }
                _ => {
                    let at = self.rng.below(bytes.len());
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1;
                    }
                }
            },
            _ => {}
        }
        honest
    }

    fn flood(&mut self, mut heads: Vec<Head>) -> Vec<Head> {
        for head in &mut heads {
            if self.rng.chance(500) {
                head.size = u64::MAX - self.rng.between(0, 9);
                head.root = RecordHash(self.rng.bytes());
            }
        }
        let strange = self.rng.between(10, 200);
        heads.extend((0..strange).filter_map(|_| self.stranger()));
        heads
    }

    fn stranger(&mut self) -> Option<Head> {
        let origin: Origin = format!("sim.huizhi/office/{:08}/1", 90_000_000 + self.rng.between(0, 9_000_000)).parse().ok()?;
        Some(Head { origin, size: self.rng.draw(), root: RecordHash(self.rng.bytes()) })
    }

    /// What is said without being asked.
    pub(crate) fn blurts(&mut self, known: &[Head]) -> Vec<Request> {
        match self.lie {
            Lie::Floods => {
                let mut said: Vec<Request> = (0..3).map(|_| Request::Frontier(self.flood(known.to_vec()))).collect();
                said.push(Request::ForkProof(vec![0x85; 40].into()));
                said.push(Request::Compare {
                    note: "no note".into(),
                    beginnings: vec![Beginning { size: u64::MAX, root: RecordHash([0; 32]), path: vec![] }],
                });
                if self.rng.chance(20) {
                    said.push(Request::Frontier((0..FRONTIER_LOGS_MAX).filter_map(|_| self.stranger()).collect()));
                }
                said
            }
            Lie::Replays => {
                let old = self.kept.iter().find_map(|kept| if let Response::Frontier(heads) = kept { Some(heads.clone()) } else { None });
                old.into_iter().map(Request::Frontier).collect()
            }
            _ => Vec::new(),
        }
    }
}
