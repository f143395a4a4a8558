//! How much is here that counts for nothing yet, for whoever looks at a list that may lack it.

use super::{Store, StoreError, tables};
use redb::ReadableTableMetadata;

/// What was stored and has still to be taken in, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// Records of all logs that are here and in no index: their cases do not know of them.
    pub records: u64,
    /// Cases whose kept state is not known to be current. Their new records are in the indexes, and lists leave them out or show them as
    /// they were found before.
    pub cases: u64,
}

impl Store {
    /// What has still to be taken in. Costs a look at every log and none at their records.
    ///
    /// # Errors
    /// As the database.
    pub fn waiting(&self) -> Result<Waiting, StoreError> {
        // A log may grow between the two looks, and what it grew by may be indexed: its size is looked at first.
        let behind = |size: u64, origin| size.saturating_sub(self.indexed(origin));
        let records = self.origins().iter().map(|origin| behind(self.edge(origin).size(), origin)).sum();
        let cases = self.db.begin_read()?.open_table(tables::CASE_MARKS)?.len()?;
        Ok(Waiting { records, cases })
    }
}
