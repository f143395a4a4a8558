//! One instruction at a time, and no flicker.

use serde::Serialize;

use super::{Code, FrameReport};
use crate::text::Text;

/// An instruction stays at least this long, so that it can be read.
const STAY_MS: u64 = 1_000;
/// A new reason must have been the most important one for so long …
const PERSIST_MS: u64 = 400;
/// … and in so many frames.
const PERSIST_FRAMES: u32 = 3;
/// All must have been good for so long before the photo is taken.
const READY_MS: u64 = 600;

/// What the screen says now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Instruction {
    /// Stable word.
    pub code: Code,
    /// The words.
    pub text: Text,
    /// Since when it is said.
    pub since_ms: u64,
}

/// Turns a stream of frames into one steady instruction.
///
/// A new instruction waits until its reason has lasted, and until the one shown could be read. One bad frame, as of a
/// blink, changes nothing; frames that alternate between reasons leave the instruction as it is.
#[derive(Debug, Clone, Default)]
pub struct Coach {
    shown: Option<(Code, u64)>,
    /// The reason that has been most important without a break: since when, and in how many frames.
    rising: Option<(Code, u64, u32)>,
}

impl Coach {
    /// Nothing seen yet.
    pub fn new() -> Coach {
        Coach::default()
    }

    /// Takes the report of a frame and says what to show. A clock that runs backwards counts as standing still.
    pub fn hear(&mut self, report: &FrameReport, now_ms: u64) -> Instruction {
        self.hear_code(report.code(), now_ms)
    }

    /// As [`Coach::hear`], with the most important reason alone.
    pub fn hear_code(&mut self, code: Code, now_ms: u64) -> Instruction {
        let (since_ms, frames) = match self.rising {
            Some((rising, since_ms, frames)) if rising == code => (since_ms, frames.saturating_add(1)),
            _ => (now_ms, 1),
        };
        self.rising = Some((code, since_ms, frames));
        let lasted_ms = now_ms.saturating_sub(since_ms);
        let (shown, shown_since_ms) = match self.shown {
            // The first frame is answered at once, but nobody is told to be ready on its word alone.
            None => (if code == Code::Ready { Code::HoldStill } else { code }, now_ms),
            Some((shown, shown_since_ms)) => {
                let needed_ms = if code == Code::Ready { READY_MS } else { PERSIST_MS };
                let proven = lasted_ms >= needed_ms && frames >= PERSIST_FRAMES;
                let read = now_ms.saturating_sub(shown_since_ms) >= STAY_MS;
                if code != shown && proven && read { (code, now_ms) } else { (shown, shown_since_ms) }
            }
        };
        self.shown = Some((shown, shown_since_ms));
        Instruction { code: shown, text: shown.text(), since_ms: shown_since_ms }
    }
}
