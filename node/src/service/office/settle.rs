//! Bringing what is kept of cases up to date: entries that were stored without a look at them, and cases that a change of membership
//! touched. While one transaction folds, the entries of the next one are read and verified on all cores.

use super::{
    Change, Office,
    cases::{Folder, every},
    lock,
};
use crate::store::{Ahead, FOLD_STEP, StoreError};
use protocol::{id::Origin, merkle::Hash};
use std::{collections::BTreeMap, sync::atomic::Ordering};

/// Bound: entries gathered for the indexes at one time, about 40 MB of rows. Rows fall on any page, and the more of them fall on one the
/// less each costs.
const INDEX_STEP: usize = 1 << 19;
/// Entries gathered where somebody waits for what is folded.
const INDEX_STEP_WAITED_FOR: usize = 8_192;
/// Cases at most where somebody waits.
const WAITED_FOR: usize = 512;

impl Office {
    /// Folds at most `max` cases that wait for it; says whether none waits any more. Everything that a change of membership touches is
    /// found first.
    ///
    /// # Errors
    /// As the store; what was not folded waits on.
    pub fn settle(&self, max: usize) -> Result<bool, StoreError> {
        let _one = lock(&self.settling);
        let settled = self.settle_alone(max);
        if max > WAITED_FOR {
            self.catching_up.store(matches!(settled, Ok(false)), Ordering::Release);
        }
        settled
    }

    /// The same where somebody waits for a page: a little, and nothing while there is so much that another thread is at work on it.
    ///
    /// # Errors
    /// As the store.
    pub fn settle_a_little(&self) -> Result<bool, StoreError> {
        if self.catching_up.load(Ordering::Acquire) { Ok(false) } else { self.settle(WAITED_FOR) }
    }

    fn settle_alone(&self, max: usize) -> Result<bool, StoreError> {
        if self.restanding.swap(false, Ordering::AcqRel)
            && let Err(error) = self.mark_changed_standings()
        {
            self.restanding.store(true, Ordering::Release);
            return Err(error);
        }
        let step = if max > WAITED_FOR { INDEX_STEP } else { INDEX_STEP_WAITED_FOR };
        let mut left = max;
        while let Some(cases) = self.index_up_to(step)? {
            self.note_much(cases, max);
            left = left.saturating_sub(cases.max(1));
            if left == 0 {
                return Ok(false);
            }
        }
        loop {
            // Whatever was marked behind the walk is met by the next one.
            let ahead = self.store.read_ahead(None, left.max(1))?;
            if ahead.cases().is_empty() {
                return Ok(!self.restanding.load(Ordering::Acquire));
            }
            if left == 0 {
                return Ok(false);
            }
            self.note_much(ahead.cases().len(), max);
            self.walk(ahead, &mut left)?;
        }
    }

    /// Folds what was read ahead and what is marked behind it, until nothing is or `left` cases were folded.
    fn walk(&self, mut ahead: Ahead, left: &mut usize) -> Result<(), StoreError> {
        std::thread::scope(|scope| {
            while let Some(last) = ahead.cases().last().copied() {
                *left = left.saturating_sub(ahead.cases().len());
                let more = *left;
                let next = (more > 0).then(|| scope.spawn(move || self.store.read_ahead(Some(last), more)));
                self.fold_ahead(ahead)?;
                ahead = match next {
                    Some(next) => next.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?,
                    None => Ahead::default(),
                };
            }
            Ok(())
        })
    }

    fn fold_ahead(&self, ahead: Ahead) -> Result<(), StoreError> {
        let erased = Self::erased_in(ahead.records());
        // A durable step every time: many that are not pile up in memory.
        let durable = ahead.cases().len() == FOLD_STEP;
        let mut folder = Folder::new(self);
        self.store.fold_cases(ahead, durable, &mut folder)?;
        drop(folder);
        self.delete_erased(erased);
        self.tell(Change::Cases);
        Ok(())
    }

    /// Whoever folds no more than somebody waits for does not go on, so he leaves no word of it.
    fn note_much(&self, cases: usize, max: usize) {
        if cases.min(max) > WAITED_FOR {
            self.catching_up.store(true, Ordering::Release);
        }
    }

    /// Takes entries into the indexes that were stored without a look at them, and says of how many cases they are; nothing where none is
    /// left.
    ///
    /// # Errors
    /// As the store.
    pub fn index_more(&self) -> Result<Option<usize>, StoreError> {
        self.index_up_to(INDEX_STEP_WAITED_FOR)
    }

    fn index_up_to(&self, max: usize) -> Result<Option<usize>, StoreError> {
        let Some(cases) = self.store.index_more(max)? else { return Ok(None) };
        let mut folded = lock(&self.cases);
        folded.changes += 1;
        folded.cases.retain(|id, _| cases.binary_search(id).is_err());
        Ok(Some(cases.len()))
    }

    fn mark_changed_standings(&self) -> Result<(), StoreError> {
        let origins = self.store.origins();
        let members = self.members();
        let every = every(members.office_of(self.keys.office.public()));
        let standings: BTreeMap<Origin, Hash> =
            origins.into_iter().map(|origin| (origin.clone(), members.standing_digest(&origin))).collect();
        drop(members);
        self.store.mark_cases_of(&standings, &every)
    }
}
