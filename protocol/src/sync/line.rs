//! How much of an office's line this node takes: caps in each direction, and smaller ones in hours in which people need the line.
//!
//! Only blobs wait. Entries are counted and never held up, for membership, decisions and receipts travel as entries; what they take, blobs have
//! less. A piece of a blob goes whenever nothing is owed, and what it was is owed afterwards, so a cap holds over some seconds and not
//! within one.

use super::wire::Response;
use crate::{id::Millis, limits::ENTRIES_OWED_MAX_S};

/// China has one time of day, eight hours ahead of UTC.
const CHINA_MIN: u64 = 8 * 60;
const DAY_MIN: u64 = 24 * 60;

/// Bytes a second; nothing where there is no cap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caps {
    /// From this node.
    pub upload: Option<u64>,
    /// To it.
    pub download: Option<u64>,
}

/// Hours of every day with caps of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    /// Minute of the day, China's time, at which they begin.
    pub from: u16,
    /// Minute at which they end; before `from` where midnight lies in between.
    pub to: u16,
    /// Caps within them.
    pub caps: Caps,
}

impl Quiet {
    fn holds(&self, minute: u64) -> bool {
        let (from, to) = (u64::from(self.from), u64::from(self.to));
        if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to }
    }
}

/// What is owed in one direction, in thousandths of a byte, and when that was reckoned last. A clock that is set back pays nothing and goes on
/// to pay from there.
#[derive(Debug, Default)]
struct Debt {
    owed: u64,
    at: Millis,
}

impl Debt {
    /// What is owed now. A cap of so many bytes a second pays so many thousandths a millisecond; without a cap nothing is ever owed.
    fn now(&mut self, now: Millis, cap: Option<u64>) -> u64 {
        let paid = cap.map_or(u64::MAX, |cap| now.saturating_sub(self.at).saturating_mul(cap));
        self.owed = self.owed.saturating_sub(paid);
        self.at = now;
        self.owed
    }

    fn add(&mut self, now: Millis, cap: Option<u64>, weight: Weight) {
        let owed = self.now(now, cap);
        self.owed = match weight {
            Weight::Waits(bytes) => owed.saturating_add(1_000 * bytes),
            // However much history is copied, blobs have their turn once it pauses for so long.
            Weight::Never(bytes) => {
                let most = cap.unwrap_or(0).saturating_mul(1_000 * ENTRIES_OWED_MAX_S);
                owed.max(owed.saturating_add(1_000 * bytes).min(most))
            }
        };
    }
}

/// Bytes of an answer, of a kind that waits for the line or of one that never does.
#[derive(Debug, Clone, Copy)]
enum Weight {
    Waits(u64),
    Never(u64),
}

impl Weight {
    fn of(response: &Response) -> Self {
        match response {
            Response::Blob { bytes, .. } | Response::BlobPiece { bytes, .. } => Self::Waits(bytes.len() as u64),
            Response::Entries(package) => Self::Never(package.entries.iter().map(|entry| entry.len() as u64).sum()),
            _ => Self::Never(0),
        }
    }
}

/// The line of one office.
#[derive(Debug, Default)]
pub struct Line {
    caps: Caps,
    quiet: Option<Quiet>,
    up: Debt,
    down: Debt,
}

impl Line {
    /// A line with these caps.
    pub fn new(caps: Caps, quiet: Option<Quiet>) -> Self {
        Self { caps, quiet, ..Self::default() }
    }

    /// Whether a piece of a blob may be given at this moment.
    pub fn may_give(&mut self, clock: Millis) -> bool {
        let cap = self.caps_at(clock).upload;
        self.up.now(clock, cap) == 0
    }
    /// Whether one may be asked for.
    pub fn may_ask(&mut self, clock: Millis) -> bool {
        let cap = self.caps_at(clock).download;
        self.down.now(clock, cap) == 0
    }
    /// An answer went out.
    pub fn gave(&mut self, clock: Millis, response: &Response) {
        let cap = self.caps_at(clock).upload;
        self.up.add(clock, cap, Weight::of(response));
    }
    /// One came in.
    pub fn took(&mut self, clock: Millis, response: &Response) {
        let cap = self.caps_at(clock).download;
        self.down.add(clock, cap, Weight::of(response));
    }

    fn caps_at(&self, clock: Millis) -> Caps {
        let minute = (clock / 60_000 + CHINA_MIN) % DAY_MIN;
        self.quiet.filter(|quiet| quiet.holds(minute)).map_or(self.caps, |quiet| quiet.caps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{limits::BLOB_CHUNK_BYTES_MAX, log::Package};

    const KIB: u64 = 1 << 10;
    /// 2026-11-22, midnight in China.
    const MIDNIGHT: Millis = 1_795_276_800_000;
    const HOUR: Millis = 3_600_000;

    fn up_and_down(kib: u64) -> Caps {
        Caps { upload: Some(kib * KIB), download: Some(2 * kib * KIB) }
    }

    fn piece() -> Response {
        Response::Blob { total: 1 << 30, bytes: vec![0; BLOB_CHUNK_BYTES_MAX].into() }
    }
    fn entries(bytes: usize) -> Response {
        Response::Entries(Package { start: 0, entries: vec![vec![0; bytes].into()], checkpoint: String::new(), proof: vec![] })
    }

    /// Bytes given in that time by a peer that asks for the next piece every 100 ms.
    fn given(line: &mut Line, from: Millis, to: Millis) -> u64 {
        let piece = piece();
        let pieces = (from..to).step_by(100).filter(|now| {
            let may = line.may_give(*now);
            if may {
                line.gave(*now, &piece);
            }
            may
        });
        pieces.count() as u64 * BLOB_CHUNK_BYTES_MAX as u64
    }

    #[test]
    fn a_cap_holds_over_an_hour_and_smaller_ones_in_quiet_hours() {
        let quiet = Quiet { from: 8 * 60, to: 18 * 60, caps: up_and_down(16) };
        let mut line = Line::new(up_and_down(128), Some(quiet));
        let piece = BLOB_CHUNK_BYTES_MAX as u64;
        let near = |given: u64, cap: u64| given <= cap * KIB * 3_600 + piece && given + 2 * piece > cap * KIB * 3_600 * 95 / 100;
        let of = |line: &mut Line, hour: u64| given(line, MIDNIGHT + hour * HOUR, MIDNIGHT + (hour + 1) * HOUR);
        for (hour, cap) in [(2, 128), (7, 128), (8, 16), (17, 16), (18, 128)] {
            let bytes = of(&mut line, hour);
            assert!(near(bytes, cap), "{bytes} in the hour from {hour}");
        }
    }

    #[test]
    fn quiet_hours_may_go_over_midnight() {
        let quiet = Quiet { from: 22 * 60, to: 6 * 60, caps: Caps::default() };
        let held: Vec<u64> = (0..24).filter(|hour| quiet.holds(hour * 60)).collect();
        assert_eq!(held, [0, 1, 2, 3, 4, 5, 22, 23]);
    }

    #[test]
    fn directions_do_not_share_and_no_cap_never_waits() {
        let mut line = Line::new(up_and_down(1), None);
        line.gave(0, &piece());
        assert!(!line.may_give(1) && line.may_ask(1));
        line.took(1, &piece());
        assert!(!line.may_ask(2));
        let seconds = BLOB_CHUNK_BYTES_MAX as u64 / (2 * KIB);
        assert!(!line.may_ask(1_000 * seconds) && line.may_ask(1_001 + 1_000 * seconds), "twice the cap");
        let mut free = Line::default();
        for now in 0..1_000 {
            free.gave(now, &entries(100));
            assert!(free.may_give(now) && free.may_ask(now));
        }
    }

    #[test]
    fn what_never_waits_takes_from_what_does() {
        let mut line = Line::new(up_and_down(100), None);
        for now in (0..10_000).step_by(1_000) {
            line.gave(now, &entries(200 << 10));
        }
        assert!(!line.may_give(10_000), "entries took more than there is");
        assert!(line.may_give(21_000), "and it is paid");
        let mut line = Line::new(up_and_down(1), None);
        (0..1_000).for_each(|_| line.gave(0, &entries(1 << 20)));
        assert!(!line.may_give(1_000 * ENTRIES_OWED_MAX_S - 1) && line.may_give(1_000 * ENTRIES_OWED_MAX_S), "never for longer");
    }

    #[test]
    fn a_clock_that_is_set_back_holds_nothing_up_for_longer() {
        let mut line = Line::new(up_and_down(256), None);
        line.gave(MIDNIGHT, &piece());
        assert!(!line.may_give(0));
        assert!(line.may_give(1_000), "a second later, as by a clock that goes right");
    }
}
