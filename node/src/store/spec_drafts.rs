//! Drafts of specs, by the id of the spec.

use super::{Store, StoreError, from_json, tables};
use serde::{Serialize, de::DeserializeOwned};

impl Store {
    /// Keeps the draft of a spec.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn put_spec_draft<T: Serialize>(&self, id: &str, draft: &T) -> Result<(), StoreError> {
        let json = serde_json::to_vec(draft).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let write = self.db.begin_write()?;
        write.open_table(tables::SPEC_DRAFTS)?.insert(id, json.as_slice())?;
        Ok(write.commit()?)
    }

    /// Forgets the draft of a spec; whether there was one.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn delete_spec_draft(&self, id: &str) -> Result<bool, StoreError> {
        let write = self.db.begin_write()?;
        let was = write.open_table(tables::SPEC_DRAFTS)?.remove(id)?.is_some();
        write.commit()?;
        Ok(was)
    }

    /// The draft of a spec.
    ///
    /// # Errors
    /// The disk refuses, or the row is damaged.
    pub fn spec_draft<T: DeserializeOwned>(&self, id: &str) -> Result<Option<T>, StoreError> {
        let read = self.db.begin_read()?;
        read.open_table(tables::SPEC_DRAFTS)?.get(id)?.map(|row| from_json(row.value())).transpose()
    }
}
