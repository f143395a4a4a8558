//! What goes wrong: the plan's faults put into the queue, crashes, cloned machines, flooding peers.

use super::{Happening, World};
use crate::{
    liar::Lie,
    net::Wall,
    office::{Cut, Office},
};
use protocol::{id::Millis, limits::BLOB_CHUNK_BYTES_MAX};
use std::collections::BTreeSet;

const YEAR_MS: i64 = 365 * 86_400_000;

impl World {
    /// Puts everything that the plan leaves to chance into the queue. All of it is over when the active time is.
    pub(super) fn schedule(&mut self) {
        let (active, count) = (self.plan.active_ms, self.plan.offices);
        for _ in 0..self.plan.deeds {
            let when = self.rng.between(2_000, active);
            let cut = match self.rng.below(60) {
                0 if self.plan.crashes > 0 => Cut::AfterCommit,
                1 if self.plan.crashes > 0 => Cut::AfterHead,
                _ => Cut::Nowhere,
            };
            let what = match self.rng.chance(self.plan.province_permille) {
                true => Happening::Rule,
                false => Happening::Deed { office: self.rng.below(count), cut },
            };
            self.at(when, what);
        }
        let (around, one_way) = self.plan.walls;
        for id in 0..around + one_way {
            let wall = if id < around {
                Wall::Around((0..count).filter(|_| self.rng.chance(500)).collect())
            } else {
                Wall::OneWay(self.rng.below(count), self.rng.below(count))
            };
            let begin = self.rng.between(0, active);
            let end = self.rng.between(begin, active);
            self.at(begin, Happening::Wall(id, wall));
            self.at(end, Happening::WallGone(id));
        }
        if let Some((begin, end)) = self.plan.partition {
            self.at(begin, Happening::Wall(usize::MAX, Wall::Around((0..count / 2).collect())));
            self.at(end, Happening::WallGone(usize::MAX));
        }
        for _ in 0..self.plan.crashes {
            let (when, office) = (self.rng.between(0, active), self.rng.below(count));
            // A revoked office may read the province's log only, so it could not take its own back.
            let roll_back = self.rng.chance(400) && !self.plan.revokes;
            self.at(when, Happening::Crash { office, roll_back });
            let back = when + self.rng.between(1_000, 60_000);
            self.at(back, Happening::Restart(office));
        }
        for _ in 0..self.plan.clocks {
            let (when, office) = (self.rng.between(0, active), self.rng.below(count));
            let offset = match self.rng.below(5) {
                0 => -(super::BASE_MS as i64),
                1 => 5 * YEAR_MS,
                2 => -3_600_000,
                3 => 3_600_000,
                _ => self.rng.between(0, 20_000) as i64 - 10_000,
            };
            self.at(when, Happening::SetClock(office, offset));
        }
        self.schedule_turns();
        for (office, lie) in self.plan.liars.clone() {
            if lie == Lie::Equivocates {
                let when = self.rng.between(0, active / 2);
                self.at(when, Happening::Clone(office));
            }
            if lie == Lie::Forges {
                for _ in 0..20 {
                    let when = self.rng.between(5_000, active);
                    self.at(when, Happening::Deed { office, cut: Cut::Nowhere });
                }
            }
        }
        for _ in 0..self.plan.blobs {
            let (when, holder, needs) = (self.rng.between(2_000, active), self.rng.below(count), self.rng.below(count));
            // Of one piece or of up to five; the last may be as long as the others.
            let bytes = match self.rng.below(4) {
                0 => self.rng.between(1, 4_096) as usize,
                1 => 2 * BLOB_CHUNK_BYTES_MAX,
                _ => self.rng.between(1, 5 * BLOB_CHUNK_BYTES_MAX as u64) as usize,
            };
            self.at(when, Happening::Blob { holder, needs, bytes });
        }
    }

    /// The power goes. A disk that lied about what it synced may lose more of the own log, but here only what others hold durably: what
    /// nobody holds nobody can bring back, and the office stays read-only as it should.
    pub(super) fn crash(&mut self, index: usize, roll_back: bool) {
        if !self.offices[index].up {
            return;
        }
        self.disconnect_all(index);
        self.boots[index] += 1;
        let honest = self.honest();
        let origin = self.offices[index].origin.clone();
        let held = honest.iter().filter(|other| **other != index).filter_map(|other| self.offices[*other].disk.logs.get(&origin));
        let held = held.map(crate::store::Log::synced).max().unwrap_or(0);
        let office = &mut self.offices[index];
        office.up = false;
        office.outbox.clear();
        office.work.clear();
        office.disk.lose_unsynced();
        if roll_back && office.liar.is_none() && office.disk.size(&origin) == held && held > 0 {
            let size = self.rng.between(0, held);
            if let Some(log) = office.disk.logs.get_mut(&origin) {
                log.truncate(size, String::new());
            }
        }
    }

    pub(super) fn restart(&mut self, index: usize) {
        if !self.offices[index].up {
            self.with(index, |office| office.boot(false));
        }
    }

    /// The disk is copied into a second machine. Both go on with one key; each is reached by one half of the others.
    pub(super) fn clone_machine(&mut self, index: usize) {
        let key = self.offices[index].public();
        if self.by_key[&key].len() > 1 || !self.offices[index].up {
            return;
        }
        self.disconnect_all(index);
        let mut twin: Office = self.make(index, Some(Lie::Equivocates), None);
        twin.disk = self.offices[index].disk.clone();
        let at = self.offices.len();
        self.offices.push(twin);
        self.boots.push(0);
        self.clocks.push(self.clocks[index]);
        self.by_key.entry(key).or_default().push(at);
        self.with(at, |office| office.boot(true));
        self.at(self.now, Happening::Tick(at));
        // Both have work to do.
        for office in [index, at] {
            for _ in 0..4 {
                let when = self.now + self.rng.between(1_000, 60_000);
                self.at(when, Happening::Deed { office, cut: Cut::Nowhere });
            }
        }
    }

    /// What liars say without being asked.
    pub(super) fn blurt(&mut self, index: usize) {
        let known = self.offices[index].disk.frontier();
        let Some(liar) = self.offices[index].liar.as_mut() else { return };
        let said = liar.blurts(&known);
        let babbled = if self.plan.gossip { liar.babbles() } else { Vec::new() };
        if said.is_empty() && babbled.is_empty() {
            return;
        }
        let peers: BTreeSet<usize> = self
            .connected
            .keys()
            .filter_map(|(one, other)| if *one == index { Some(*other) } else { (*other == index).then_some(*one) })
            .collect();
        for peer in peers {
            let key = self.offices[peer].public();
            for request in said.iter().take(2).cloned() {
                self.with(index, |office| office.blurt(key, request));
            }
            for message in babbled.iter().cloned() {
                self.with(index, |office| office.babble(key, message));
            }
        }
    }

    /// Everything that stood in the way is gone: walls fall, machines start again. Lines still lose messages, clocks stay wrong.
    pub(crate) fn heal(&mut self) {
        self.net.walls.clear();
        for index in 0..self.offices.len() {
            self.restart(index);
        }
    }

    /// Lets virtual time pass, milliseconds.
    pub(crate) fn pass(&mut self, ms: Millis) {
        self.run_until(self.now + ms);
    }
}
