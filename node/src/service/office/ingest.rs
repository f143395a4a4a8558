//! Taking in what peers give of logs: authenticated first, stored, and counted when its signatures held.

use super::Office;
use crate::{
    service::{Change, Refusal},
    store::StoreError,
};
use protocol::{
    id::Origin,
    log::{LogPoint, Package, PackageError, VerifiedPackage},
    record::Verified,
};

impl Office {
    /// Authenticates a package from a peer and stores it.
    ///
    /// # Errors
    /// As for [`Office::ingest_all`].
    pub fn ingest(&self, origin: &Origin, package: Package) -> Result<Result<(), PackageError>, Refusal> {
        self.ingest_all(origin, vec![package])
    }

    /// Authenticates packages of a log from a peer, each beginning where the one before ends, and stores them.
    ///
    /// # Errors
    /// The outer error is the disk's, and nothing of them is stored then; the inner one that of a package, and those before it are stored.
    pub fn ingest_all(&self, origin: &Origin, packages: Vec<Package>) -> Result<Result<(), PackageError>, Refusal> {
        if let Some(own) = self.own_logs().find(|own| own.origin == *origin) {
            for package in packages {
                if let Err(error) = self.refill(own, package)? {
                    return Ok(Err(error));
                }
            }
            return Ok(Ok(()));
        }
        let Some(key) = self.members().verifier(origin) else {
            return Ok(Err(PackageError::Bounds));
        };
        let (named, witnesses) = {
            let members = self.members();
            (members.named(origin).cloned().collect::<Vec<LogPoint>>(), members.witnesses_of(origin))
        };
        let mut edge = self.store.edge(origin);
        let mut verified = Vec::with_capacity(packages.len());
        let mut failed = Ok(());
        let own_end = self.own_end(origin);
        for package in packages {
            match package.verify(&edge, &key, &named) {
                // Attack: a key of an epoch before signs on, and what its office tells that it holds would be the end of that log.
                Ok(package) if own_end.is_some_and(|end| package.edge.size() > end) => {
                    self.note_signed_on(origin);
                    failed = Err(PackageError::BeyondOwnEnd(own_end.unwrap_or_default()));
                    break;
                }
                Ok(mut package) => {
                    // Whoever passed it on may have added lines; those that say nothing here are dropped.
                    if let Ok(clean) = package.checkpoint.only_lines_of(&key, &witnesses) {
                        package.checkpoint = clean;
                    }
                    edge = package.edge.clone();
                    verified.push(package);
                }
                Err(error) => {
                    failed = Err(error);
                    break;
                }
            }
        }
        match self.store_verified(origin, verified) {
            Ok(()) => Ok(failed),
            // Another package of this log was stored between the look at its edge and the commit.
            Err(StoreError::NotNext { start, size }) => Ok(Err(PackageError::NotNext { start, size })),
            Err(error) => {
                self.disk_refused(&error);
                Err(error.into())
            }
        }
    }

    /// Who is behind stores first and looks at the records later: the log's own key signed the tree in which they stand, and none of them
    /// counts before it was verified. What is new in a log that is up to date is looked at as it comes, and so is the province's log.
    fn store_verified(&self, origin: &Origin, packages: Vec<VerifiedPackage>) -> Result<(), StoreError> {
        let is_province = origin == self.members().province().origin();
        let ended = packages.last().is_some_and(|last| last.edge.size() == last.checkpoint.size());
        let is_new = packages.len() == 1 && ended && self.store.indexed(origin) == self.store.head(origin).size;
        if is_province || is_new {
            return packages.into_iter().try_for_each(|package| self.weigh(origin, package, is_province));
        }
        let before = self.store.head(origin).size;
        self.store.commit_unindexed(origin, &packages)?;
        self.compare_history(origin, before)?;
        if ended {
            self.tell(Change::Log(origin.clone()));
        }
        Ok(())
    }

    fn weigh(&self, origin: &Origin, package: VerifiedPackage, is_province: bool) -> Result<(), StoreError> {
        let before = package.start;
        let entries = self.store.commit_package(origin, package)?;
        if is_province {
            self.apply_province()?;
        } else {
            self.compare_history(origin, before)?;
        }
        for entry in &entries {
            // Kept all the same: what does not count now may count when more of the province's log is known. The fold asks again.
            if let Err(reason) = self.members().standing(entry) {
                tracing::warn!(%reason, %origin, index = entry.index, "an entry does not count");
            }
        }
        let records: Vec<Verified> = entries.into_iter().map(|entry| entry.record).collect();
        self.note_records(origin, &records);
        self.delete_erased(Self::erased_in(&records));
        Ok(())
    }
}
