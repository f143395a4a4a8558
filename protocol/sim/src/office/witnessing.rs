//! This office as a witness, and its questions to others, as `node::service::office::witnessing` does it; one note per log is kept.

use super::{Asked, Office};
use crate::store::Disk;
use protocol::{
    id::{OfficeCode, Origin, PublicKey, RecordHash},
    keys::OfficeKey,
    log::{AddCheckpoint, LogPoint, SignedCheckpoint, VerifierKey, Witness, WitnessError, WitnessKey, WitnessVerifier},
    sync::{
        wire::{Request, Response},
        witnessing::{Answer, Ask, Newest},
    },
};
use std::collections::BTreeMap;

/// The witness with what it cosigned before and what it holds.
pub(super) fn open(province: &VerifierKey, code: OfficeCode, seed: &[u8; 32], disk: &Disk) -> Witness {
    let key = OfficeKey::from_seed(seed);
    let name = WitnessVerifier::of_office(province.origin().federation(), code, key.public()).expect("the federation's name is fixed");
    let key = WitnessKey::new(name.name(), key).expect("the witness's name is fixed");
    let mut points: BTreeMap<Origin, LogPoint> = BTreeMap::new();
    let held = disk.logs.iter().filter(|(_, log)| log.signed() == log.size());
    let held = held.map(|(origin, log)| LogPoint { origin: origin.clone(), size: log.size(), root: RecordHash(log.edge.root()) });
    for point in disk.witnessed.values().cloned().chain(held) {
        let known = points.entry(point.origin.clone()).or_insert_with(|| point.clone());
        if known.size < point.size {
            *known = point;
        }
    }
    Witness::new(key, points.into_values())
}

impl Office {
    pub(super) fn ask_for_cosignatures(&mut self) {
        let connected: Vec<PublicKey> = self.sync.connected().collect();
        let newest: Vec<Newest> = self.own_origins().into_iter().filter_map(|origin| self.newest(origin)).collect();
        let (sync, members) = (&self.sync, &self.members);
        let held = |origin: &Origin| {
            let held = sync.held_in(origin);
            move |peer| members.office_of(peer).map(|_| held(peer))
        };
        for ask in self.witnessing.next(self.clock, &newest, &connected, held) {
            match ask {
                Ask::Cosign { peer, origin, old } => self.question(peer, origin, old),
                Ask::Tell { peer, origin } => {
                    let note = self.disk.logs.get(&origin).map(|log| log.note.clone()).unwrap_or_default();
                    self.ask(peer, Request::Cosigned(note), Asked::Tell(origin));
                }
            }
        }
    }

    pub(super) fn newest(&self, origin: Origin) -> Option<Newest> {
        let log = self.disk.logs.get(&origin).filter(|log| log.signed() > 0 && log.signed() <= log.size() && self.goes_on(&origin))?;
        let lines = log.note.split_once("\n\n")?.1.lines().count().saturating_sub(1);
        Some(Newest { origin, size: log.signed(), lines })
    }

    fn question(&mut self, peer: PublicKey, origin: Origin, old: u64) {
        let question = self.disk.logs.get(&origin).filter(|log| log.signed() >= old && log.signed() <= log.size());
        let question = question.map(|log| (log.note.clone(), log.path(old, log.signed())));
        match question {
            Some((note, proof)) => {
                let body = AddCheckpoint { old, proof, note: note.clone() }.to_string();
                self.ask(peer, Request::Cosign(body), Asked::Cosign(origin, note));
            }
            None => self.answered(peer, &origin, Answer::No),
        }
    }

    pub(super) fn answered(&mut self, peer: PublicKey, origin: &Origin, answer: Answer) {
        self.witnessing.answered(self.clock, peer, origin, answer);
    }

    pub(super) fn take_line(&mut self, peer: PublicKey, origin: &Origin, note: &str, line: &str) {
        let size = crate::store::size_of(note);
        let answer = match self.take_cosignatures(&format!("{note}{line}")) {
            Some(witnesses) if witnesses > 0 => Answer::Cosigned(size),
            _ => Answer::No,
        };
        self.answered(peer, origin, answer);
    }

    pub(super) fn cosign(&mut self, body: &str) -> Response {
        self.try_cosign(body).unwrap_or(Response::NotHere)
    }

    fn try_cosign(&mut self, body: &str) -> Option<Response> {
        let request = AddCheckpoint::parse(body).ok()?;
        let origin = request.claimed_origin()?;
        if !self.standing.compared || self.own_origins().contains(&origin) || !self.goes_on(&origin) {
            return None;
        }
        let key = self.members.verifier(&origin)?;
        let enrolled = self.members.office_of(self.public())?.enrol.witness == Some(self.witness.verifier().key());
        let checkpoint = SignedCheckpoint::verify(&request.note, &key).ok().filter(|_| enrolled)?;
        match self.holds(&checkpoint)? {
            true => {}
            false => {
                self.prove_fork(&checkpoint, &[]);
                return None;
            }
        }
        let ready = match self.witness.add_checkpoint(&request, Some(&key), self.clock / 1_000) {
            Ok(ready) => ready,
            Err(WitnessError::Conflict(size)) => return Some(Response::CosignedAt(size)),
            Err(WitnessError::Inconsistent(_)) => {
                self.prove_fork(&checkpoint, &[]);
                return None;
            }
            Err(_) => return None,
        };
        let point = ready.point();
        // Durable first, and with it every entry that it stands for.
        self.disk.witnessed.insert(origin, point.clone());
        self.disk.sync();
        let line = ready.persisted();
        self.cosigned.push((point.origin, point.size, point.root));
        self.take_cosignatures(&format!("{}{line}", checkpoint.note()));
        Some(Response::Line(line))
    }

    /// Whether a checkpoint is a beginning of what is held; nothing where less is held.
    fn holds(&self, checkpoint: &SignedCheckpoint) -> Option<bool> {
        let log = self.disk.logs.get(checkpoint.origin()).filter(|log| log.size() >= checkpoint.size())?;
        Some(log.root_at(checkpoint.size()) == *checkpoint.root())
    }

    /// Takes in lines on a checkpoint that is here; gives how many witnesses are known on it.
    pub(super) fn take_cosignatures(&mut self, note: &str) -> Option<usize> {
        let origin: Origin = note.lines().next()?.parse().ok()?;
        let key = self.members.verifier(&origin)?;
        let given = SignedCheckpoint::verify(note, &key).ok()?;
        if self.holds(&given) != Some(true) {
            return None;
        }
        let witnesses = self.members.witnesses_of(&origin);
        let log = self.disk.logs.get_mut(&origin)?;
        let (mut merged, newest) = (given, log.signed());
        if let Some((_, lines)) = log.note.split_once("\n\n").filter(|_| newest == merged.size()) {
            // A note that is full keeps the lines that it has.
            let _ = merged.add_lines(lines);
        }
        // Each line is verified once here; what is left are the log's own and those that hold.
        let merged = merged.only_lines_of(&key, &witnesses).ok()?;
        if newest == merged.size() {
            log.note = merged.note().to_owned();
        }
        Some(merged.note().split_once("\n\n").map_or(0, |(_, lines)| lines.lines().count().saturating_sub(1)))
    }
}
