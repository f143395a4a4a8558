//! Who saw whose data: each look at a person's name, number, photo or report is a row, kept for three years on this machine.
//!
//! What is written down is what the node handed out, whether or not anybody looked at it. A page that loads the same thing again within
//! [`AGAIN_MS`] makes no second row.

use super::{Office, Refusal, office::now_ms};
use crate::store::TrailPlace;
use protocol::id::{CaseId, Millis};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// The same person who sees the same thing again within this time makes no further row.
const AGAIN_MS: Millis = 10 * 60_000;
/// Bound: what was seen of late, in memory; beyond it everything is forgotten and some rows come twice.
const RECENT_MAX: usize = 20_000;
/// Bound: rows that wait for a disk that takes them.
const WAITING_MAX: usize = 10_000;
/// Rows on one page.
const PAGE: usize = 200;
/// Bound: rows that are looked at for one page.
const LOOK_AT_MAX: usize = 50_000;

/// What somebody saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// A list with names.
    List,
    /// The page of a case: name, report, note.
    Case,
    /// The whole identity number.
    Number,
    /// The standardized photo.
    Photo,
    /// The untouched original.
    Original,
    /// A sheet of photos to print.
    Sheet,
    /// A receipt, looked up with the applicant's name.
    Receipt,
    /// A receipt to print.
    ReceiptPdf,
    /// The photo of a receipt, given to another office that makes documents.
    Given,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct View {
    /// When.
    pub at_ms: Millis,
    /// Number of the member of staff; 0 is the command line.
    pub operator: u32,
    /// Their login; the code of an office where the photo of a receipt was given to it.
    pub login: String,
    /// What they saw.
    pub seen: Seen,
    /// Of which case; nothing for a list.
    pub case_id: Option<String>,
}

/// What was seen of late, and rows that no disk took yet.
#[derive(Debug, Default)]
pub struct Trail(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    recent: HashMap<(u32, Seen, Option<CaseId>), Millis>,
    waiting: Vec<(Millis, View)>,
}

impl Trail {
    /// Writes down that somebody saw something, before it is handed out.
    ///
    /// A full disk stops no look at a case: the row waits in memory and is kept with the next one.
    pub fn note(&self, office: &Office, (operator, login): (u32, &str), seen: Seen, case: Option<CaseId>) {
        self.note_at(office, (operator, login), seen, case, now_ms());
    }

    fn note_at(&self, office: &Office, (operator, login): (u32, &str), seen: Seen, case: Option<CaseId>, at_ms: Millis) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let what = (operator, seen, case);
        if memory.recent.get(&what).is_some_and(|before| at_ms.abs_diff(*before) < AGAIN_MS) {
            return;
        }
        if memory.recent.len() >= RECENT_MAX {
            memory.recent.clear();
        }
        memory.recent.insert(what, at_ms);
        if memory.waiting.len() < WAITING_MAX {
            let view = View { at_ms, operator, login: login.into(), seen, case_id: case.map(|case| case.to_string()) };
            memory.waiting.push((at_ms, view));
        }
        match office.store.put_trail(&memory.waiting) {
            Ok(()) => memory.waiting.clear(),
            Err(error) => {
                tracing::warn!(%error, rows = memory.waiting.len(), "who saw what cannot be written down now; it is kept in memory")
            }
        }
    }
}

/// Which rows are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only of this member of staff.
    pub operator: Option<u32>,
    /// Only of this case, 32 hex digits.
    pub case: Option<String>,
    /// Only what stands before this place.
    pub before: Option<TrailPlace>,
}

/// A page of rows, latest first, and where to go on.
///
/// # Errors
/// The disk refuses.
pub fn page(office: &Office, wanted: &Wanted) -> Result<(Vec<View>, Option<TrailPlace>), Refusal> {
    let is_wanted = |view: &View| {
        wanted.operator.is_none_or(|operator| view.operator == operator)
            && wanted.case.as_ref().is_none_or(|case| view.case_id.as_ref() == Some(case))
    };
    Ok(office.store.trail(wanted.before, (PAGE, LOOK_AT_MAX), is_wanted)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::Home;

    #[test]
    fn mend_38_who_saw_what_is_a_row_and_the_same_again_is_none() {
        let home = Home::new();
        let office = home.open();
        let (trail, case, start) = (Trail::default(), CaseId([7; 16]), 1_700_000_000_000);
        let see = |operator, seen, case, after_ms| trail.note_at(&office, (operator, "wang"), seen, case, start + after_ms);
        see(2, Seen::Photo, Some(case), 0);
        see(2, Seen::Photo, Some(case), AGAIN_MS - 1);
        see(2, Seen::Original, Some(case), 1);
        see(3, Seen::Photo, Some(case), 2);
        see(3, Seen::List, None, 3);
        see(2, Seen::Photo, Some(case), AGAIN_MS);
        let rows =
            |wanted: Wanted| page(&office, &wanted).unwrap().0.into_iter().map(|view| (view.operator, view.seen)).collect::<Vec<_>>();
        let all = [(2, Seen::Photo), (3, Seen::List), (3, Seen::Photo), (2, Seen::Original), (2, Seen::Photo)];
        assert_eq!(rows(Wanted::default()), all);
        assert_eq!(rows(Wanted { operator: Some(3), ..Wanted::default() }), [(3, Seen::List), (3, Seen::Photo)]);
        assert_eq!(rows(Wanted { case: Some(case.to_string()), operator: Some(3), before: None }), [(3, Seen::Photo)]);
        assert_eq!(rows(Wanted { before: Some((start + 2, 0)), ..Wanted::default() }), [(2, Seen::Original), (2, Seen::Photo)]);
    }
}
