//! Who is connected to whom: lines that are drawn once, and connections that come and go over them.

use super::{NOTICE_MS, World, pair};
use std::collections::BTreeSet;

impl World {
    pub(super) fn draw_lines(&mut self) {
        let count = self.plan.offices;
        if self.plan.links + 1 >= count {
            self.lines = (0..count).flat_map(|one| (one + 1..count).map(move |other| (one, other))).collect();
            return;
        }
        self.lines = (0..count).map(|one| (one.min((one + 1) % count), one.max((one + 1) % count))).collect();
        while self.lines.len() < count * self.plan.links / 2 {
            let (one, other) = (self.rng.below(count), self.rng.below(count));
            if one != other {
                self.lines.insert((one.min(other), one.max(other)));
            }
        }
    }

    pub(super) fn look_at_lines(&mut self) {
        for (one, other) in self.all_lines() {
            let up = self.offices[one].up && self.offices[other].up;
            let open = self.net.open(one, other) || self.net.open(other, one);
            match self.connected.get(&(one, other)).copied() {
                None if up && open && self.net.open(one, other) && self.net.open(other, one) => self.connect(one, other),
                Some(None) if !open => _ = self.connected.insert((one, other), Some(self.now)),
                Some(Some(_)) if open => _ = self.connected.insert((one, other), None),
                Some(Some(since)) if since + NOTICE_MS <= self.now => self.disconnect(one, other),
                _ => {}
            }
        }
    }

    fn all_lines(&self) -> Vec<(usize, usize)> {
        let mut lines: BTreeSet<(usize, usize)> = BTreeSet::new();
        for (one, other) in &self.lines {
            let reached = (self.route(*one, self.offices[*other].public()), self.route(*other, self.offices[*one].public()));
            if let (Some(to), Some(back)) = reached {
                lines.insert(pair(*one, to));
                lines.insert(pair(*other, back));
            }
        }
        // Of a pair of twins only the one that the other side reaches has the line.
        lines.retain(|(one, other)| {
            self.route(*one, self.offices[*other].public()) == Some(*other) && self.route(*other, self.offices[*one].public()) == Some(*one)
        });
        lines.into_iter().collect()
    }

    fn connect(&mut self, one: usize, other: usize) {
        let (keys, of_province) = ((self.offices[one].public(), self.offices[other].public()), self.offices[0].public());
        let speak = (self.offices[one].may_speak(keys.1, of_province), self.offices[other].may_speak(keys.0, of_province));
        if !speak.0 && !speak.1 {
            return;
        }
        self.connected.insert((one, other), None);
        for (office, peer, may) in [(one, keys.1, speak.0), (other, keys.0, speak.1)] {
            if may {
                self.with(office, |office| office.connected(peer));
            }
        }
    }

    pub(crate) fn disconnect(&mut self, one: usize, other: usize) {
        self.connected.remove(&(one, other));
        let keys = (self.offices[one].public(), self.offices[other].public());
        for (office, peer) in [(one, keys.1), (other, keys.0)] {
            if self.offices[office].up {
                self.with(office, |office| office.gone(peer));
            }
        }
    }

    pub(crate) fn disconnect_all(&mut self, index: usize) {
        let lines: Vec<(usize, usize)> = self.connected.keys().copied().filter(|(one, other)| *one == index || *other == index).collect();
        lines.into_iter().for_each(|(one, other)| self.disconnect(one, other));
    }
}
