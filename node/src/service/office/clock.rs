//! Whether this machine's clock can be believed. Nothing is ordered, refused or stranded by a clock; people only must know that the times
//! which they see, and those which this office signs, may be wrong.
//!
//! A witness's time is the evidence: it cosigns after the entry was signed and before it is looked at here.

use super::{Office, now_ms};
use crate::{store::StoreError, text::Text};
use protocol::{
    id::Millis,
    log::{SignedCheckpoint, VerifierKey},
};

/// 2026-11-01, before which this program was not built.
const BUILT_AFTER_MS: Millis = 1_793_491_200_000;
/// Clocks of honest offices differ by less, in ms.
const TOLERANCE_MS: Millis = 3_600_000;

/// What speaks against the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockDoubt {
    /// It stands before the program was built, as after a flat battery.
    BeforeBuild,
    /// This office signed, or a witness saw its log, later than it is now.
    Behind,
    /// This office signed later than a witness saw the signature.
    Ahead,
}

impl ClockDoubt {
    /// The doubt and what to do, for people.
    pub fn text(self) -> Text {
        let (zh, en) = match self {
            Self::BeforeBuild => {
                ("本机时钟早于本程序的发布日期", "this machine's clock stands before the day on which the program was made")
            }
            Self::Behind => {
                ("本机时钟落后：早于已签名或已见证的记录", "this machine's clock is behind what it signed or what witnesses saw")
            }
            Self::Ahead => ("本机时钟超前于见证机构的时间", "this machine's clock is ahead of what witnesses saw"),
        };
        Text::new(
            format!("{zh}。采集可以照常进行，显示和签署的时间未经核实；请校正系统时间。"),
            format!("{en}; work goes on, and the times shown and signed are unverified: set the system's clock"),
        )
    }
}

impl Office {
    /// What speaks against this machine's clock.
    ///
    /// # Errors
    /// As the store.
    pub fn clock_doubt(&self) -> Result<Option<ClockDoubt>, StoreError> {
        let origin = self.origin();
        let key = VerifierKey::new(origin.clone(), self.keys.office.public());
        let cosigned = SignedCheckpoint::verify(&self.store.cosigned(origin)?.newest, &key).ok();
        let seen = cosigned.map(|checkpoint| checkpoint.size()).zip(self.witnessed_ms(origin)?);
        let signed_at = |index: u64| -> Result<Option<Millis>, StoreError> {
            let entry = self.store.entry(origin, index)?;
            Ok(entry.and_then(|entry| entry.verify().ok()).and_then(|entry| entry.record.record().at_ms()))
        };
        let last = self.store.head(origin).size.checked_sub(1).map(signed_at).transpose()?.flatten();
        let under = seen.and_then(|(size, _)| size.checked_sub(1)).map(signed_at).transpose()?.flatten();
        Ok(doubt(now_ms(), last, under.zip(seen.map(|(_, at)| at))))
    }
}

/// `last` is when this office signed last; `witnessed` when it signed the last entry under a cosigned checkpoint, and when that was cosigned.
fn doubt(now: Millis, last: Option<Millis>, witnessed: Option<(Millis, Millis)>) -> Option<ClockDoubt> {
    let seen = witnessed.map(|(_, seen)| seen);
    if now < BUILT_AFTER_MS {
        Some(ClockDoubt::BeforeBuild)
    } else if witnessed.is_some_and(|(signed, seen)| signed > seen.saturating_add(TOLERANCE_MS)) {
        Some(ClockDoubt::Ahead)
    } else if last.max(seen).is_some_and(|past| past > now.saturating_add(TOLERANCE_MS)) {
        Some(ClockDoubt::Behind)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_29_a_clock_years_off_is_told_and_refuses_nothing() {
        let now = BUILT_AFTER_MS + 30 * 86_400_000;
        let year = 365 * 86_400_000;
        assert_eq!(doubt(now, None, None), None);
        assert_eq!(doubt(now, Some(now), Some((now, now))), None);
        assert_eq!(doubt(0, None, None), Some(ClockDoubt::BeforeBuild), "1970, after a flat battery");
        assert_eq!(doubt(now, Some(now + year), None), Some(ClockDoubt::Behind));
        assert_eq!(doubt(now, Some(now), Some((now, now + year))), Some(ClockDoubt::Behind));
        assert_eq!(doubt(now + year, Some(now + year), Some((now + year, now))), Some(ClockDoubt::Ahead));
        assert_eq!(doubt(now, Some(now), Some((now + TOLERANCE_MS, now))), None, "within what honest clocks differ by");
        assert_eq!(doubt(now, Some(u64::MAX), Some((u64::MAX, u64::MAX))), Some(ClockDoubt::Behind), "made-up times do not overflow");
    }

    #[test]
    fn case_29_an_office_signs_whatever_its_clock_says() {
        let home = crate::service::testing::Home::new();
        let office = home.open();
        home.case(&office, &crate::service::testing::picture(8, 8, [9; 3]), true);
        assert_eq!(office.clock_doubt().unwrap(), None);
    }
}
