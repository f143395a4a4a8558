//! Photos of receipts that this office gives to offices that make documents: so many a day, and each is written down.

use super::{Office, lock, now_ms};
use crate::service::trail::Seen;
use protocol::id::{BlobHash, CaseId, Millis, OfficeCode};
use std::collections::{HashMap, HashSet};

/// Photos of receipts that one office is given in a day. A busy desk makes some two hundred documents.
///
/// Attack: hashes and receipt numbers stand in the logs for all to read, so a stolen key of one such office could collect every face.
const PHOTOS_A_DAY_MAX: usize = 1_000;
const DAY_MS: Millis = 86_400_000;

/// What each office was given in the present day.
#[derive(Debug, Default)]
pub(super) struct Given {
    day: Millis,
    photos: HashMap<OfficeCode, HashSet<BlobHash>>,
}

impl Given {
    /// Whether a photo may be given, and whether it is the first time on this day.
    fn admit(&mut self, office: OfficeCode, photo: BlobHash, now: Millis) -> Option<bool> {
        if self.day != now / DAY_MS {
            *self = Self { day: now / DAY_MS, photos: HashMap::new() };
        }
        let photos = self.photos.entry(office).or_default();
        if photos.contains(&photo) {
            return Some(false);
        }
        (photos.len() < PHOTOS_A_DAY_MAX).then(|| photos.insert(photo))
    }
}

impl Office {
    /// Whether the photo of a receipt may be given to an office that makes documents: it had less than its part of this day. That it is given
    /// is written down. What was given before a restart of the node does not count.
    pub fn give_photo(&self, to: OfficeCode, photo: BlobHash, case: CaseId) -> bool {
        let admitted = lock(&self.given).admit(to, photo, now_ms());
        if admitted == Some(true) {
            self.trail.note(self, (0, &to.to_string()), Seen::Given, Some(case));
        }
        if admitted.is_none() {
            tracing::warn!(office = %to, "this office was given its part of photos for today; it is asked to come again tomorrow");
        }
        admitted.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{testing::Home, trail};

    #[test]
    fn mend_22_so_many_photos_a_day_are_given_to_an_office_and_each_is_written_down() {
        let photo = |at: usize| BlobHash(std::array::from_fn(|byte| at.to_be_bytes().get(byte).copied().unwrap_or(0)));
        let (a, b): (OfficeCode, OfficeCode) = ("44030001".parse().unwrap(), "44030002".parse().unwrap());
        let mut given = Given::default();
        assert!((0..PHOTOS_A_DAY_MAX).all(|at| given.admit(a, photo(at), 5) == Some(true)));
        assert_eq!(given.admit(a, photo(PHOTOS_A_DAY_MAX), 6), None);
        assert_eq!(given.admit(a, photo(7), 6), Some(false), "the rest of a photo that was begun");
        assert_eq!(given.admit(b, photo(7), 6), Some(true), "each office has its own part");
        assert_eq!(given.admit(a, photo(PHOTOS_A_DAY_MAX), DAY_MS + 6), Some(true), "and each day");
    }

    #[test]
    fn mend_22_a_photo_that_is_given_is_written_down_once() {
        let home = Home::new();
        let office = home.open();
        let (to, case) = ("44030002".parse().unwrap(), CaseId([7; 16]));
        assert!(office.give_photo(to, BlobHash([1; 32]), case) && office.give_photo(to, BlobHash([1; 32]), case));
        let (rows, _) = trail::page(&office, &trail::Wanted::default()).unwrap();
        let rows: Vec<_> = rows.into_iter().map(|row| (row.login, row.seen, row.case_id)).collect();
        assert_eq!(rows, [("44030002".to_owned(), Seen::Given, Some(case.to_string()))]);
    }
}
