//! Time that passed, by a clock that may be set while it is read.
//!
//! An office's clock goes back to 1970 with its battery, or by an hour when somebody mends it. A time-out or a pause that is a moment of that
//! clock would then last for years, so the machines reckon with what passed: a step back counts as nothing, and a leap ahead ends every
//! pause, which costs a question too many.

use crate::id::Millis;

/// Adds up what a clock went forward.
#[derive(Debug, Default)]
pub(super) struct Passed {
    last: Option<Millis>,
    total: Millis,
}

impl Passed {
    /// Milliseconds since the first look, by a clock that shows `clock` now. Never less than at the last look.
    pub(super) fn by(&mut self, clock: Millis) -> Millis {
        let since = self.last.map_or(0, |last| clock.saturating_sub(last));
        self.last = Some(clock);
        self.total = self.total.saturating_add(since);
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_takes_no_time_away() {
        let mut passed = Passed::default();
        let shown = [1_000_000, 1_000_500, 0, 250, 9_000_000, u64::MAX, 0, u64::MAX];
        let total: Vec<Millis> = shown.into_iter().map(|clock| passed.by(clock)).collect();
        assert_eq!(total[..4], [0, 500, 500, 750]);
        assert!(total.is_sorted());
    }
}
