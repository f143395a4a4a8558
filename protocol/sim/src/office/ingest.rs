//! Taking in what peers give: packages, and what follows from them.

use super::{Office, Own, Work};
use protocol::{
    id::Origin,
    log::{LogPoint, PackageError, SignedCheckpoint, VerifiedPackage, VerifierKey},
    sync::Event,
};

impl Office {
    /// Does the disk work and tells the machine what came of it.
    pub(crate) fn finish(&mut self, work: Work) {
        let Work { peer, origin, packages } = work;
        let event = match packages.into_iter().try_for_each(|package| self.ingest(&origin, package)) {
            // Another package of this log was stored meanwhile, and the next request begins behind it.
            Ok(()) | Err(PackageError::NotNext { .. }) => Event::Ingested(peer, origin.clone()),
            Err(_) => {
                self.rejected += 1;
                self.standing.gave_nothing(peer);
                self.compare_with(peer, origin.clone());
                Event::Rejected(peer, origin.clone())
            }
        };
        let log = self.disk.logs.entry(origin.clone()).or_default();
        let head = log.head(&origin);
        if head.size == 0 {
            self.disk.logs.remove(&origin);
        }
        self.step(Event::HeadAdvanced(head));
        self.step(event);
        self.look_around();
    }

    fn ingest(&mut self, origin: &Origin, package: protocol::log::Package) -> Result<(), PackageError> {
        let own = self.own_origins().contains(origin);
        let key = match own {
            true => VerifierKey::new(origin.clone(), self.own(if *origin == self.origin { Own::Office } else { Own::Province }).1.public()),
            false => self.members.verifier(origin).ok_or(PackageError::Bounds)?,
        };
        let named: Vec<LogPoint> = self.members.named(origin).cloned().collect();
        let edge = self.disk.logs.get(origin).map(|log| log.edge.clone()).unwrap_or_default();
        let mut verified = package.verify(&edge, &key, &named)?;
        if own {
            self.refill(origin, &verified.checkpoint)?;
        } else if let Ok(clean) = verified.checkpoint.only_lines_of(&key, &self.members.witnesses_of(origin)) {
            verified.checkpoint = clean;
        }
        self.commit(origin, &verified);
        if *origin == *self.province.origin() {
            self.apply_province();
        } else {
            self.compare_history(origin);
        }
        Ok(())
    }

    fn commit(&mut self, origin: &Origin, package: &VerifiedPackage) {
        for (index, bytes) in (package.start..).zip(&package.entries) {
            let stored = self.checked.entry(origin, index, bytes);
            self.disk.logs.entry(origin.clone()).or_default().push(stored.clone());
            self.note(&stored);
        }
        if let Some(log) = self.disk.logs.get_mut(origin) {
            log.reach(package);
        }
    }

    /// Takes new entries of the province's log into the membership.
    pub(super) fn apply_province(&mut self) {
        let origin = self.province.origin().clone();
        let mut changed = false;
        while let Some(stored) = self.disk.logs.get(&origin).and_then(|log| log.entries.get(self.province_applied as usize)).cloned() {
            self.province_applied += 1;
            changed |= stored.entry.as_ref().is_some_and(|entry| self.members.apply(&entry.record).is_ok());
        }
        let logs: Vec<_> = self.members.logs().cloned().collect();
        logs.iter().for_each(|origin| self.compare_history(origin));
        if changed {
            self.follow();
        }
    }

    fn compare_history(&mut self, origin: &Origin) {
        let held = self.disk.logs.get(origin);
        self.members.compare_history(origin, |size| held.filter(|log| log.size() >= size).map(|log| log.root_at(size)));
    }

    /// Entries of an own log from a peer: signed here, and lost since.
    fn refill(&mut self, origin: &Origin, checkpoint: &SignedCheckpoint) -> Result<(), PackageError> {
        // This very process signed, so another machine extended the log. A liar keeps to its own history.
        if self.liar.is_some() || self.standing.signed.contains(origin) {
            self.standing.elsewhere |= self.liar.is_none();
            return Err(PackageError::OtherHistory);
        }
        let known = self.disk.heads.get(origin).map_or(0, |note| crate::store::size_of(note));
        if known < checkpoint.size() {
            self.disk.heads.insert(origin.clone(), checkpoint.note().to_owned());
            self.standing.compared = false;
        }
        Ok(())
    }
}
