//! Whether this machine's clock can be believed. Nothing is ordered, refused or stranded by a clock; people only must know that the times
//! which they see, and those which this office signs, may be wrong.
//!
//! The time of witnesses is the evidence: they cosign after the entry was signed and before it is looked at here. One of them proves nothing
//! beside others, for a stolen key signs any time.

use super::{Office, now_ms};
use crate::{store::StoreError, text::Text};
use protocol::{
    id::Millis,
    log::{SignedCheckpoint, VerifierKey},
};

/// 2026-11-01, before which this program was not built.
const BUILT_AFTER_MS: Millis = 1_793_491_200_000;
/// A program is not run for longer than this after it was built, in ms: ten years.
const LIFE_MS: Millis = 10 * 366 * 86_400_000;
/// Some record of the office, of the province or of a witness is younger than this, in ms: they sign every year, by a new epoch.
const SILENCE_MS: Millis = 400 * 86_400_000;
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
    /// It stands years after the program was built.
    AfterLife,
    /// It stands long after everything that is known to have been signed.
    Leap,
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
            Self::AfterLife => (
                "本机时钟比本程序的发布日期晚十年以上",
                "this machine's clock stands more than ten years after the day on which the program was made",
            ),
            Self::Leap => (
                "本机时钟比所有已知记录晚一年以上",
                "this machine's clock stands more than a year after everything that this office, the province and witnesses signed",
            ),
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
        let seen = cosigned.and_then(|checkpoint| Some((checkpoint.size(), self.attested_ms(&checkpoint)?)));
        let signed_at = |index: u64| -> Result<Option<Millis>, StoreError> {
            let entry = self.store.entry(origin, index)?;
            Ok(entry.and_then(|entry| entry.verify().ok()).and_then(|entry| entry.record.record().at_ms()))
        };
        let last = self.store.head(origin).size.checked_sub(1).map(signed_at).transpose()?.flatten();
        let under = seen.and_then(|(size, _)| size.checked_sub(1)).map(signed_at).transpose()?.flatten();
        let province = self.members().province().origin().clone();
        let of_province = match self.store.head(&province).size.checked_sub(1) {
            Some(last) => {
                self.store.entry(&province, last)?.and_then(|entry| entry.verify().ok()).and_then(|entry| entry.record.record().at_ms())
            }
            None => None,
        };
        let witnessed = under.zip(seen.map(|(_, at)| at));
        Ok(doubt(now_ms(), last, witnessed).or_else(|| leap(now_ms(), [last, of_province, seen.map(|(_, at)| at)])))
    }

    /// What speaks against the date of a record under a checkpoint, for people: it lies ahead, or a witness saw it before.
    pub fn date_doubt(&self, signed_ms: Millis, checkpoint: &SignedCheckpoint) -> Option<Text> {
        date_doubt(now_ms(), signed_ms, self.second_ms(checkpoint))
    }
}

/// `last` is when this office signed last; `witnessed` when it signed the last entry under a cosigned checkpoint, and when that was cosigned.
fn doubt(now: Millis, last: Option<Millis>, witnessed: Option<(Millis, Millis)>) -> Option<ClockDoubt> {
    let seen = witnessed.map(|(_, seen)| seen);
    if now < BUILT_AFTER_MS {
        Some(ClockDoubt::BeforeBuild)
    } else if now > BUILT_AFTER_MS + LIFE_MS {
        Some(ClockDoubt::AfterLife)
    } else if witnessed.is_some_and(|(signed, seen)| signed > seen.saturating_add(TOLERANCE_MS)) {
        Some(ClockDoubt::Ahead)
    } else if last.max(seen).is_some_and(|past| past > now.saturating_add(TOLERANCE_MS)) {
        Some(ClockDoubt::Behind)
    } else {
        None
    }
}

/// Years without a word of anybody. `known` are times that were signed; 0 is no time.
fn leap(now: Millis, known: [Option<Millis>; 3]) -> Option<ClockDoubt> {
    let newest = known.into_iter().flatten().filter(|at| *at > 0).max()?;
    (now > newest.saturating_add(SILENCE_MS)).then_some(ClockDoubt::Leap)
}

fn date_doubt(now: Millis, signed: Millis, seen: Option<Millis>) -> Option<Text> {
    let ahead = signed > now.saturating_add(TOLERANCE_MS) || signed > BUILT_AFTER_MS + LIFE_MS;
    let before_witness = seen.is_some_and(|seen| signed > seen.saturating_add(TOLERANCE_MS));
    (ahead || before_witness || signed < BUILT_AFTER_MS).then(|| {
        Text::new(
            "日期存疑：签发时的时钟有误，签发日期和有效期不可信，请向签发办公点核实",
            "dated in doubt: the clock was wrong when it was signed, so neither its date nor its validity can be relied on; ask the issuing office",
        )
    })
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
    fn mend_44_a_clock_at_2040_is_doubted_also_where_nobody_answers() {
        let (year, day) = (366 * 86_400_000, 86_400_000);
        let now = BUILT_AFTER_MS + 30 * day;
        let in_2040 = BUILT_AFTER_MS + 14 * year;
        assert_eq!(doubt(in_2040, None, None), Some(ClockDoubt::AfterLife), "by the day of the build");
        assert_eq!(doubt(now + 9 * year, None, None), None);
        assert_eq!(leap(now + 2 * year, [Some(now), None, None]), Some(ClockDoubt::Leap), "by what this office signed last");
        assert_eq!(leap(now + 2 * year, [None, Some(now + 2 * year - day), None]), None, "by what the province signed");
        assert_eq!(leap(now + 2 * year, [None, None, Some(now + 2 * year - day)]), None, "by what a witness saw");
        assert_eq!(leap(u64::MAX, [None, Some(0), None]), None, "nothing is known");
        assert!(!ClockDoubt::AfterLife.text().zh.is_empty() && ClockDoubt::Leap.text().en.contains("set the system's clock"));
    }

    #[test]
    fn mend_44_a_receipt_from_the_future_is_dated_in_doubt() {
        let (now, year) = (BUILT_AFTER_MS + 86_400_000, 366 * 86_400_000);
        assert_eq!(date_doubt(now, now, None), None);
        assert_eq!(date_doubt(now, now + TOLERANCE_MS, Some(now)), None, "within what honest clocks differ by");
        assert!(date_doubt(now, now + 2 * TOLERANCE_MS, None).is_some(), "it lies ahead");
        assert!(date_doubt(now + 14 * year, now + 13 * year, None).is_some(), "also where this clock is wrong as well");
        assert!(date_doubt(now + year, now + year, Some(now)).is_some(), "a witness saw it before it was signed");
        assert!(date_doubt(now, 0, None).unwrap().zh.contains("日期存疑"), "1970");
    }

    #[test]
    fn case_29_an_office_signs_whatever_its_clock_says() {
        let home = crate::service::testing::Home::new();
        let office = home.open();
        home.case(&office, &crate::service::testing::picture(8, 8, [9; 3]), true);
        assert_eq!(office.clock_doubt().unwrap(), None);
    }
}
