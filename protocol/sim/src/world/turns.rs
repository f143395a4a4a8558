//! What an office goes through in years: another key and the next epoch of its log, and a disk that is put back from a copy.

use super::{FEDERATION, Happening, World, code_of};
use crate::{
    office::{Cut, Own},
    store::{Disk, Log},
};
use protocol::{
    id::Origin,
    keys::OfficeKey,
    record::{Record, Rotate},
};
use std::collections::BTreeMap;

/// How long an office that cannot leave its log yet waits before it looks again.
const AGAIN_MS: u64 = 5_000;

/// Copies of disks, and keys that offices are to take up.
#[derive(Default)]
pub(super) struct Turns {
    copies: BTreeMap<usize, Disk>,
    /// By office: origin, seed of its key, seed of its witness's.
    next: BTreeMap<usize, (Origin, [u8; 32], [u8; 32])>,
    restored: usize,
}

impl World {
    pub(super) fn schedule_turns(&mut self) {
        let (active, count) = (self.plan.active_ms, self.plan.offices);
        for _ in 0..self.plan.rotations {
            let (when, office) = (self.rng.between(5_000, active / 2), self.rng.below(count));
            self.at(when, Happening::Rotate(office));
        }
        for _ in 0..self.plan.restores {
            let (when, office) = (self.rng.between(5_000, active), self.rng.below(count));
            self.at(when, Happening::Backup(office));
            let back = self.rng.between(when, active);
            self.at(back, Happening::Restore(office));
        }
    }

    /// Logs that offices left, and disks that were put back.
    pub(crate) fn turns(&self) -> (usize, usize) {
        (self.offices.iter().map(|office| office.left.len()).sum(), self.turns.restored)
    }

    pub(super) fn back_up(&mut self, index: usize) {
        if self.offices[index].up {
            self.turns.copies.insert(index, self.offices[index].disk.clone());
        }
    }

    /// An older disk in the place of this one. Heads and the witness's points lie outside what is put back. As in a crash, only what others
    /// hold durably is lost.
    pub(super) fn restore(&mut self, index: usize) {
        let office = &self.offices[index];
        // A revoked office may read the province's log only, so it could not take its own back.
        if index == 0 || office.liar.is_some() || !office.up || self.plan.revokes {
            return;
        }
        let others: Vec<usize> = self.honest().into_iter().filter(|other| *other != index).collect();
        let safe = office.written().all(|origin| {
            let held = others.iter().filter_map(|other| self.offices[*other].disk.logs.get(origin)).map(Log::synced).max().unwrap_or(0);
            office.disk.size(origin) == held
        });
        let Some(copy) = self.turns.copies.remove(&index).filter(|_| safe) else { return };
        self.crash(index, false);
        let office = &mut self.offices[index];
        let now = std::mem::replace(&mut office.disk, copy);
        (office.disk.heads, office.disk.witnessed) = (now.heads, now.witnessed);
        self.turns.restored += 1;
        self.at(self.now + 3_000, Happening::Restart(index));
    }

    /// The province says what an office's next key is.
    pub(super) fn rotate(&mut self, index: usize) {
        let office = &self.offices[index];
        let waits = self.turns.next.contains_key(&index) || self.plan.liars.iter().any(|(liar, _)| *liar == index);
        let Some(known) = self.offices[0].members.office(code_of(index)).filter(|known| known.is_active()) else { return };
        if index == 0 || waits || !office.up || !self.offices[0].up {
            return;
        }
        let (seed, witness_seed): ([u8; 32], [u8; 32]) = (self.rng.bytes(), self.rng.bytes());
        let epoch = known.enrol.epoch + 1;
        let rotate = Record::Rotate(Rotate {
            code: code_of(index),
            key: OfficeKey::from_seed(&seed).public(),
            witness: Some(OfficeKey::from_seed(&witness_seed).public()),
            recipient: "age1".into(),
            epoch,
            closes: None,
            operator: 9,
            at_ms: self.offices[0].clock,
        });
        let said = self.with(0, |office| office.append(Own::Province, Cut::Nowhere, |_, sign| sign(&rotate).into_iter().collect()));
        let Some(said) = said else { return };
        self.acknowledge(0, Own::Province, &said);
        let origin = Origin::office(FEDERATION, code_of(index), epoch).expect("the federation's name is fixed");
        self.turns.next.insert(index, (origin, seed, witness_seed));
        self.at(self.now + 1_000, Happening::TakeUp(index));
    }

    /// The office learned of its next key: it leaves its log whole, and begins the next one.
    pub(super) fn take_up(&mut self, index: usize) {
        let Some((origin, seed, witness_seed)) = self.turns.next.get(&index).cloned() else { return };
        let key = OfficeKey::from_seed(&seed).public();
        let office = &self.offices[index];
        let knows = office.members.office(office.code).is_some_and(|known| known.enrol.key == key);
        if !office.up || !knows || !office.may_leave() {
            self.at(self.now + AGAIN_MS, Happening::TakeUp(index));
            return;
        }
        self.turns.next.remove(&index);
        self.disconnect_all(index);
        self.boots[index] += 1;
        let before = self.offices[index].public();
        let office = &mut self.offices[index];
        office.outbox.clear();
        office.work.clear();
        office.take_up(origin, &seed, witness_seed);
        self.by_key.remove(&before);
        self.by_key.insert(key, vec![index]);
        self.with(index, |office| office.boot(true));
    }
}
