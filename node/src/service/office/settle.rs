//! Bringing what is kept of cases up to date: entries that were stored without a look at them, and cases that a change of membership
//! touched. While one transaction folds, the entries of the next one are read and verified on all cores.

use super::{
    Change, Office,
    cases::{Folder, every},
    lock,
};
use crate::store::{Ahead, StoreError, Walk};
use protocol::{id::Origin, merkle::Hash};
use std::{collections::BTreeMap, sync::atomic::Ordering};

/// Bound: entries gathered for the indexes at one time, about 40 MB of rows. Rows fall on any page, and the more of them fall on one the
/// less each costs.
const INDEX_STEP: usize = 1 << 19;
/// Bound: cases folded from one durable step to the next. A crash has them folded again, some seconds of work; what is not durable piles up.
const DURABLE_STEP: usize = 65_536;
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
        let mut folded = lock(&self.settling);
        let settled = self.settle_alone(max, &mut folded);
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

    fn settle_alone(&self, max: usize, folded: &mut usize) -> Result<bool, StoreError> {
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
            // Whatever a walk passed over is met by the next one.
            let (ahead, next) = self.store.read_ahead(Walk::Start, left.max(1))?;
            if ahead.cases().is_empty() {
                return Ok(!self.restanding.load(Ordering::Acquire));
            }
            if left == 0 {
                return Ok(false);
            }
            self.note_much(ahead.cases().len(), max);
            self.walk(ahead, next, &mut left, folded)?;
        }
    }

    /// Folds what was read ahead and what the walk meets behind it, until it ends or `left` cases were folded.
    fn walk(&self, mut ahead: Ahead, mut next: Walk, left: &mut usize, folded: &mut usize) -> Result<(), StoreError> {
        std::thread::scope(|scope| {
            while !ahead.cases().is_empty() {
                *left = left.saturating_sub(ahead.cases().len());
                let (from, more) = (next, *left);
                let reading = (more > 0).then(|| scope.spawn(move || self.store.read_ahead(from, more)));
                self.fold_ahead(ahead, folded)?;
                (ahead, next) = match reading {
                    Some(reading) => reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?,
                    None => (Ahead::default(), Walk::Ended),
                };
            }
            Ok(())
        })
    }

    fn fold_ahead(&self, ahead: Ahead, folded: &mut usize) -> Result<(), StoreError> {
        let erased = Self::erased_in(ahead.records());
        *folded += ahead.cases().len();
        let durable = *folded >= DURABLE_STEP;
        let mut folder = Folder::new(self);
        self.store.fold_cases(ahead, durable, &mut folder)?;
        drop(folder);
        if durable {
            *folded = 0;
        }
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
        let every = every(members.office_of(self.keys.office.public()), self.follow.keeps_everything(&members, self.code));
        let standings: BTreeMap<Origin, Hash> =
            origins.into_iter().map(|origin| (origin.clone(), members.standing_digest(&origin))).collect();
        drop(members);
        self.store.mark_cases_of(&standings, &every)
    }
}
