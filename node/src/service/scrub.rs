//! Scrub: does what lies on the disk still say what was signed? Entry by entry up to the signed root, and blob by blob.
//!
//! A bit that flips in a disk or in memory is found here, not by the auditor. What is damaged is marked and fetched again from other
//! offices, entry by entry against the leaf that the signed root covers; a hash of the tree that is damaged is made anew from its entries.
//! Where this office signed a root over flipped bytes nothing can be mended: its log needs a new epoch, and it signs nothing until then.

use crate::{
    service::{Held, Office, Refusal, erasure},
    store::{BlobError, DamageKind, LogCheck, StoreError, replace_file},
};
use protocol::{
    id::{BlobHash, Origin},
    log::Package,
};
use serde::{Deserialize, Serialize};
use std::{fs, path::PathBuf};

/// File in the data directory that keeps how far a scrub came.
const FILE: &str = "scrub.json";
/// Blobs read in one step.
const BLOBS_STEP: usize = 4;
/// Bound: findings kept for showing.
const FOUND_MAX: usize = 1_000;

/// How far a scrub came. Logs first, then blobs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Log being looked at; nothing before the first one.
    log: Option<String>,
    /// Next entry of it.
    index: u64,
    /// The logs are done; blobs up to this one are.
    blob: Option<String>,
    /// Blobs that could not be read in this pass. They are read once more at its end.
    #[serde(default)]
    unreadable: Vec<String>,
    /// Entries looked at.
    pub entries: u64,
    /// Blobs looked at.
    pub blobs: u64,
    /// Damages found.
    pub damaged: u64,
}

/// What one step did.
#[derive(Debug, Default)]
pub struct Step {
    /// Bytes read, for whoever bounds the rate.
    pub bytes: u64,
    /// What was found, in words.
    pub found: Vec<String>,
    /// The whole was looked at; the next step begins anew.
    pub ended: bool,
}

/// A pass through everything that can stop and go on.
#[derive(Debug)]
pub struct Scrub<'a> {
    office: &'a Office,
    file: PathBuf,
    /// One of this many steps is made, the others are passed over.
    every: u64,
    turn: u64,
    /// How far it came.
    pub progress: Progress,
}

impl<'a> Scrub<'a> {
    /// Goes on where the last one ended. Of all steps `percent` are made, spread evenly; 100 is everything.
    pub fn resume(office: &'a Office, percent: u8) -> Self {
        let file = office.dir().join(FILE);
        let progress = fs::read(&file).ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
        Self { office, file, every: 100 / u64::from(percent.clamp(1, 100)), turn: 0, progress }
    }

    /// Looks at up to 256 entries or a few blobs, and sees to what is damaged.
    ///
    /// # Errors
    /// The disk refuses to be read.
    pub fn step(&mut self) -> Result<Step, StoreError> {
        self.turn += 1;
        let look = self.turn.is_multiple_of(self.every);
        let mut step = if self.progress.blob.is_some() { self.step_blobs(look)? } else { self.step_log(look)? };
        self.progress.damaged += step.found.len() as u64;
        step.found.truncate(FOUND_MAX);
        if step.ended {
            _ = fs::remove_file(&self.file);
        }
        Ok(step)
    }

    /// Keeps how far it came; durable when this returns.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn keep(&self) -> Result<(), StoreError> {
        let json = serde_json::to_vec(&self.progress).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        replace_file(&self.file, &json)
    }

    fn step_log(&mut self, look: bool) -> Result<Step, StoreError> {
        let mut step = Step::default();
        let origins = self.office.store.origins();
        let at = self.progress.log.as_ref().map_or(Some(0), |name| origins.iter().position(|origin| origin.to_string() == *name));
        let Some(origin) = at.and_then(|at| origins.get(at)) else {
            self.progress.blob = Some(String::new());
            return Ok(step);
        };
        self.progress.log = Some(origin.to_string());
        let mut check = LogCheck::resume(&self.office.store, origin.clone(), self.progress.index)?;
        let looked = if look { check.step(true)? } else { check.skip()? };
        self.progress.index = check.position();
        if look {
            self.progress.entries += looked;
            step.bytes = check.bytes;
        }
        let mut damage = check.damage.clone();
        let ended = looked == 0;
        if ended {
            let key = self.office.members().verifier(origin);
            damage.extend(check.finish(key.as_ref())?);
            self.progress.index = 0;
            match origins.get(at.unwrap_or_default() + 1) {
                Some(next) => self.progress.log = Some(next.to_string()),
                None => self.progress.blob = Some(String::new()),
            }
        }
        let mut rehash = false;
        for damage in damage {
            let place = damage.index.map_or_else(String::new, |index| format!(" entry {index}"));
            step.found.push(format!("{origin}{place}: {}", damage.reason));
            match (damage.kind, damage.index) {
                (DamageKind::Entry, Some(index)) => self.office.store.set_damaged(origin, index, true)?,
                (DamageKind::Signed, Some(index)) if self.office.own_origins().contains(origin) => {
                    self.office.spoilt(origin.clone(), index)?;
                }
                (DamageKind::Tree, _) => rehash = true,
                _ => {}
            }
        }
        if rehash && self.office.store.damaged()?.iter().all(|(damaged, _)| damaged != origin) {
            let key = self.office.members().verifier(origin);
            if self.office.store.rehash(origin, key.as_ref())? {
                step.found.push(format!("{origin}: its hashes were made anew from its entries, and fit the signed root"));
            }
        }
        if !step.found.is_empty() {
            self.office.tell(crate::service::Change::Damaged);
        }
        Ok(step)
    }

    fn step_blobs(&mut self, look: bool) -> Result<Step, StoreError> {
        let mut step = Step::default();
        let after = self.progress.blob.clone().unwrap_or_default();
        let (names, more) = self.office.store.blobs.names_after(&after, BLOBS_STEP)?;
        for hash in names {
            self.progress.blob = Some(hash.to_string());
            if !look {
                continue;
            }
            self.progress.blobs += 1;
            step.bytes += self.office.store.blobs.size(hash).unwrap_or(0);
            self.look_at_blob(hash, false, &mut step)?;
        }
        if !more {
            for hash in std::mem::take(&mut self.progress.unreadable).iter().filter_map(|name| name.parse().ok()) {
                self.look_at_blob(hash, true, &mut step)?;
            }
            step.ended = true;
            self.progress.log = None;
            self.progress.blob = None;
        }
        Ok(step)
    }
}

impl Scrub<'_> {
    /// A blob decayed when its bytes have another hash, or the medium cannot give them again and again. Any other error says nothing of it.
    fn look_at_blob(&mut self, hash: BlobHash, again: bool, step: &mut Step) -> Result<(), StoreError> {
        let blobs = &self.office.store.blobs;
        // A second look, for memory decays too.
        let error = match blobs.read(hash).or_else(|_| blobs.read(hash)) {
            Ok(_) => return Ok(()),
            Err(BlobError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => error,
        };
        if let BlobError::Io(error) = &error
            && !(again && is_of_the_medium(error))
        {
            step.found.push(format!("blob {hash} cannot be read now: {error}"));
            if !again && self.progress.unreadable.len() < FOUND_MAX {
                self.progress.unreadable.push(hash.to_string());
            }
            return Ok(());
        }
        step.found.push(format!("blob {hash}: {error}"));
        self.office.fetch_again(hash)
    }
}

/// Whether the disk itself could not give what lies on it.
fn is_of_the_medium(error: &std::io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        error.raw_os_error().map(Errno::from_raw_os_error).is_some_and(|error| [Errno::IO, Errno::BADMSG].contains(&error))
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        true
    }
}

impl Office {
    /// A root that this office signed stands over bytes that nobody said: nothing can be appended to that log any more.
    ///
    /// Durable, so that a start before the next scrub does not forget it: an own log has no other refused entries.
    fn spoilt(&self, origin: Origin, index: u64) -> Result<(), StoreError> {
        self.store.refuse(&origin, index, "it was signed as something that nobody said")?;
        self.stick(Held::Spoilt { origin, index });
        Ok(())
    }

    /// Puts entries of a package from a peer in the place of damaged ones, where they hash to the leaves that are here. Says how many.
    ///
    /// # Errors
    /// As the store.
    pub fn mend(&self, origin: &Origin, package: &Package) -> Result<u64, Refusal> {
        let entries = (package.start..).zip(package.entries.iter().map(|entry| entry.to_vec())).collect();
        let mended = self.store.mend(origin, entries)?;
        if mended > 0 {
            tracing::info!(%origin, mended, "damaged entries were replaced by what was signed");
            self.forget_all_cases();
        }
        Ok(mended)
    }

    /// Removes blobs that no draft and no record names and that are older than `grace_ms`, and at once those whose erasure a crash cut
    /// short. Says how many.
    ///
    /// # Errors
    /// As the store; what was removed so far is gone.
    pub fn collect_orphans(&self, grace_ms: u64) -> Result<u64, Refusal> {
        let mut removed = 0;
        for hash in self.store.blobs.names().map_err(StoreError::from)? {
            let is_old = self.store.blobs.age_ms(hash).is_some_and(|age| age >= grace_ms);
            let may_go = |office: &Self| Ok::<_, Refusal>(is_old && !office.is_named(hash)? || erasure::is_erased(office, hash)?);
            if !may_go(self)? {
                continue;
            }
            // Looked at again while no draft can take it up.
            let _drafts = self.lock_drafts();
            if may_go(self)? {
                self.store.blobs.remove(hash).map_err(StoreError::from)?;
                removed += 1;
            }
        }
        // What was set aside goes when its blob is here again, when nothing names it, and when it is erased.
        for hash in self.store.blobs.set_aside_names().map_err(StoreError::from)? {
            if self.store.blobs.size(hash).is_some() || !self.is_named(hash)? || erasure::is_erased(self, hash)? {
                self.store.blobs.forget_aside(hash).map_err(StoreError::from)?;
                removed += 1;
            }
        }
        if removed > 0 {
            tracing::info!(removed, "blobs that nothing names were removed");
        }
        Ok(removed)
    }

    fn is_named(&self, hash: BlobHash) -> Result<bool, Refusal> {
        let of_draft = self.store.drafts::<super::intake::Draft>()?.iter().any(|draft| draft.names(hash));
        Ok(of_draft || !self.store.cases_of_blob(hash)?.is_empty())
    }
}

#[cfg(test)]
mod tests;
