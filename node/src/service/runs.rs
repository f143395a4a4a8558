//! Photos being made now, by draft, so that they can be given up.

use photo::Cancel;
use protocol::id::CaseId;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

/// Runs under way. A draft may have several: two windows may work on it.
#[derive(Debug, Default)]
pub struct Runs(Mutex<HashMap<CaseId, Vec<Weak<AtomicBool>>>>);

/// What a run is asked on its way. Shared with the work, which may outlast whoever asked for it by one stretch.
#[derive(Debug, Clone)]
pub struct Run(Arc<AtomicBool>);

impl Cancel for Run {
    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// Held by whoever waits for the photo. Dropped with the connection or at the end, it gives the run up.
#[derive(Debug)]
pub struct Waiting {
    run: Run,
}

impl Waiting {
    /// For the work.
    pub fn run(&self) -> Run {
        self.run.clone()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.run.0.store(true, Ordering::Relaxed);
    }
}

impl Runs {
    fn lock(&self) -> MutexGuard<'_, HashMap<CaseId, Vec<Weak<AtomicBool>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody waits for a photo of this draft from now on.
    pub fn begin(&self, draft: CaseId) -> Waiting {
        let flag = Arc::new(AtomicBool::new(false));
        let mut runs = self.lock();
        // Bound: what ended is forgotten here, so there are never more than requests under way.
        runs.retain(|_, flags| {
            flags.retain(|flag| flag.strong_count() > 0);
            !flags.is_empty()
        });
        runs.entry(draft).or_default().push(Arc::downgrade(&flag));
        Waiting { run: Run(flag) }
    }

    /// Whether everything that runs for this draft is given up.
    #[cfg(test)]
    pub(crate) fn is_given_up(&self, draft: CaseId) -> bool {
        let runs = self.lock();
        let mut flags = runs.get(&draft).into_iter().flatten().filter_map(Weak::upgrade);
        flags.all(|flag| flag.is_cancelled())
    }

    /// Gives up every run of this draft, also those that still wait for a core.
    pub fn give_up(&self, draft: CaseId) {
        for flag in self.lock().remove(&draft).into_iter().flatten().filter_map(|flag| flag.upgrade()) {
            flag.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_when_it_is_given_up_or_nobody_waits_and_touches_no_other() {
        let runs = Runs::default();
        let (one, other) = (CaseId([1; 16]), CaseId([2; 16]));
        let (first, second, elsewhere) = (runs.begin(one), runs.begin(one), runs.begin(other));
        let work = [first.run(), second.run(), elsewhere.run()];
        let ended = || work.each_ref().map(Cancel::is_cancelled);
        assert_eq!(ended(), [false; 3]);
        drop(first);
        assert_eq!(ended(), [true, false, false]);
        runs.give_up(one);
        assert_eq!(ended(), [true, true, false]);
        runs.give_up(one);
        assert!(!runs.begin(one).run().is_cancelled(), "the next one is not touched by what was given up before");
        drop(work);
        drop((second, elsewhere));
        drop(runs.begin(one));
        assert_eq!(runs.lock().len(), 1, "what ended is forgotten");
    }
}
