//! What this node cosigned as a witness, the cosignatures of others on the checkpoints that are here, and proofs of forks.

use super::{Store, StoreError, tables};
use minicbor::{Decode, Encode};
use protocol::{
    id::Origin,
    log::{LogPoint, SignedCheckpoint},
};
use redb::ReadableTable;
use sha2::{Digest, Sha256};

/// Notes of one log with cosignatures on them. Their lines were checked when they were stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Cosigned {
    /// The newest checkpoint that carries any.
    #[n(0)]
    pub newest: String,
    /// The newest one that carries as many as any before it: right after an append the newest checkpoint has none yet.
    #[n(1)]
    pub best: String,
}

/// Name of a fork and the proof of it, as stored.
pub type NamedProof = ([u8; 32], Vec<u8>);

impl Store {
    /// Keeps what was cosigned, durable when this returns. The caller holds the witness from its decision until then.
    ///
    /// # Errors
    /// The disk refuses; the cosignature must not be given out then.
    pub fn put_witnessed(&self, point: &LogPoint) -> Result<(), StoreError> {
        let row = minicbor::to_vec(point).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let mut write = self.db.begin_write()?;
        // The bytes are of a stranger's choosing, and a rollback would let this node cosign a second history.
        write.set_two_phase_commit(true);
        write.open_table(tables::WITNESSED)?.insert(&key(&point.origin), row.as_slice())?;
        Ok(write.commit()?)
    }

    /// What was cosigned last of every log.
    ///
    /// # Errors
    /// As the database.
    pub fn witnessed(&self) -> Result<Vec<LogPoint>, StoreError> {
        let read = self.db.begin_read()?;
        let table = read.open_table(tables::WITNESSED)?;
        table.iter()?.map(|row| minicbor::decode(row?.1.value()).map_err(|error| StoreError::Corrupt(error.to_string()))).collect()
    }

    /// Checkpoints of a log with cosignatures; empty where none came in.
    ///
    /// # Errors
    /// As the database.
    pub fn cosigned(&self, origin: &Origin) -> Result<Cosigned, StoreError> {
        let read = self.db.begin_read()?;
        let row = read.open_table(tables::COSIGNED)?.get(&key(origin))?;
        row.map_or_else(|| Ok(Cosigned::default()), |row| decode(row.value()))
    }

    /// Keeps checkpoints of a log with cosignatures. A note that is the log's newest is given to others with them from now on.
    ///
    /// # Errors
    /// As the database.
    pub fn put_cosigned(&self, checkpoint: &SignedCheckpoint, cosigned: &Cosigned) -> Result<(), StoreError> {
        let row = minicbor::to_vec(cosigned).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let write = self.db.begin_write()?;
        write.open_table(tables::COSIGNED)?.insert(&key(checkpoint.origin()), row.as_slice())?;
        write.commit()?;
        self.replace_lines(checkpoint.origin(), checkpoint.note());
        Ok(())
    }

    /// Keeps the proof of a fork in the place of an earlier one, and forgets those that are beyond what is kept of one log; durable when
    /// this returns.
    ///
    /// # Errors
    /// As the database.
    pub fn put_fork(&self, name: &[u8; 32], proof: &[u8], beyond: &[[u8; 32]]) -> Result<(), StoreError> {
        let write = self.db.begin_write()?;
        {
            let mut table = write.open_table(tables::FORKS)?;
            table.insert(name, proof)?;
            for name in beyond {
                table.remove(name)?;
            }
        }
        Ok(write.commit()?)
    }

    /// Every proof of a fork, by its name.
    ///
    /// # Errors
    /// As the database.
    pub fn forks(&self) -> Result<Vec<NamedProof>, StoreError> {
        let read = self.db.begin_read()?;
        let table = read.open_table(tables::FORKS)?;
        table
            .iter()?
            .map(|row| {
                let (name, proof) = row?;
                Ok((*name.value(), proof.value().to_vec()))
            })
            .collect()
    }

    /// Puts the lines back on the notes of logs of others; an own log's note comes from its head file later.
    pub(super) fn load_cosigned(&self) -> Result<(), StoreError> {
        self.origins().iter().try_for_each(|origin| self.load_cosigned_of(origin))
    }

    /// The same for one log, once its newest checkpoint is known.
    ///
    /// # Errors
    /// As the database.
    pub fn load_cosigned_of(&self, origin: &Origin) -> Result<(), StoreError> {
        let newest = self.cosigned(origin)?.newest;
        self.replace_lines(origin, &newest);
        Ok(())
    }
}

fn decode(row: &[u8]) -> Result<Cosigned, StoreError> {
    minicbor::decode(row).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// As in the addresses of tlog-witness: every origin has the same length.
fn key(origin: &Origin) -> [u8; 32] {
    Sha256::digest(origin.as_str()).into()
}
