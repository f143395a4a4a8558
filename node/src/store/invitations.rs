//! Invitations of the province, by office code. They are no part of the signed history: that says who was enrolled.

use super::{Store, StoreError, tables};
use protocol::id::OfficeCode;
use redb::ReadableTable;
use serde::{Serialize, de::DeserializeOwned};

impl Store {
    /// Keeps the invitation of an office in the place of one before.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn put_invitation<T: Serialize>(&self, code: OfficeCode, invitation: &T) -> Result<(), StoreError> {
        let json = serde_json::to_vec(invitation).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let write = self.db.begin_write()?;
        write.open_table(tables::INVITATIONS)?.insert(code.to_string().as_str(), json.as_slice())?;
        Ok(write.commit()?)
    }

    /// Forgets the invitation of an office; whether there was one.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn delete_invitation(&self, code: OfficeCode) -> Result<bool, StoreError> {
        let write = self.db.begin_write()?;
        let was = write.open_table(tables::INVITATIONS)?.remove(code.to_string().as_str())?.is_some();
        write.commit()?;
        Ok(was)
    }

    /// All invitations, by office code.
    ///
    /// # Errors
    /// The disk refuses, or a row is damaged.
    pub fn invitations<T: DeserializeOwned>(&self) -> Result<Vec<T>, StoreError> {
        let table = self.db.begin_read()?.open_table(tables::INVITATIONS)?;
        super::good_rows(table.iter()?, "invitation")
    }
}
