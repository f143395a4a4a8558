//! The epochs of an office's log: new keys are made first, the province names them, and only then are they used.
//!
//! Whatever moment a crash comes at, the keys in use are those that the province's log named last and that are here.

use super::{Change, Office, OfficeError, lock};
use crate::{service::keys::Keys, store::Store, text::Text};
use protocol::{
    id::{OfficeCode, Origin},
    log::{SignedCheckpoint, VerifierKey},
    membership::Membership,
};
use std::path::Path;

/// The keys that the province's log gives this office now, as far as they are here. The switch to a new epoch is made durable.
pub(super) fn keys_in_use(dir: &Path, code: OfficeCode, province: &VerifierKey, store: &Store) -> Result<Keys, OfficeError> {
    let dir = dir.join("keys");
    let keys = Keys::open(&dir)?;
    if Keys::prepared(&dir) <= keys.epoch {
        return Ok(keys);
    }
    let entries = store.entries(province.origin(), 0, usize::MAX)?;
    let records = entries.into_iter().filter_map(|entry| Some((entry.index, entry.verify().ok()?.record)));
    let members = Membership::replay(province.clone(), records);
    let Some(office) = members.office(code).filter(|office| office.enrol.epoch > keys.epoch) else { return Ok(keys) };
    if office.enrol.epoch > Keys::prepared(&dir) {
        return Ok(keys);
    }
    let next = Keys::open_epoch(&dir, office.enrol.epoch)?;
    // Attack: an epoch that somebody else was given is not this machine's.
    if next.office.public() != office.enrol.key {
        return Ok(keys);
    }
    Keys::switch(&dir, next.epoch)?;
    tracing::info!(epoch = next.epoch, "this office goes on with new keys and a new log");
    Ok(next)
}

impl Office {
    /// Whether the province gave this office a later epoch and its keys are here: then the next start uses them.
    pub fn next_epoch_is_ready(&self) -> bool {
        let Some(next) = self.members().office(self.code).map(|office| (office.enrol.epoch, office.enrol.key)) else { return false };
        let dir = self.dir.join("keys");
        next.0 > self.keys.epoch
            && next.0 <= Keys::prepared(&dir)
            && Keys::open_epoch(&dir, next.0).is_ok_and(|keys| keys.office.public() == next.1)
    }

    /// The entries of a log of an epoch before that this office signed; nothing for other logs, and where the head file is not here.
    pub(super) fn own_end(&self, origin: &Origin) -> Option<u64> {
        let past = self.past.iter().find(|own| own.origin == *origin)?;
        lock(&past.newest).as_ref().map(SignedCheckpoint::size)
    }

    /// Remembers that somebody signed on in a log that this office left.
    pub(super) fn note_signed_on(&self, origin: &Origin) {
        tracing::error!(%origin, "an old key of this office signs on: it was stolen");
        *lock(&self.signed_on) = Some(origin.clone());
        self.tell(Change::Status);
    }

    /// That an old key of this office was used after the office had left its log, with what to do.
    pub fn old_key_signs_on(&self) -> Option<Text> {
        let origin = lock(&self.signed_on).clone()?;
        let (end, code, epoch) = (self.own_end(&origin)?, self.code, self.keys.epoch);
        let (_, old) = origin.office_and_epoch()?;
        if self.members().office(code)?.end_of(&origin).is_some() {
            return None;
        }
        Some(Text::new(
            format!(
                "本办公点的旧日志 {origin} 止于第 {end} 条，但有人用旧密钥继续签写：旧密钥已被盗用。请联系省级管理员运行 huizhi office revoke {code} --reason key_stolen --keep-epoch {epoch} --upto {old}:{end}"
            ),
            format!(
                "this office ended its old log {origin} at {end} entries, and somebody signs on with its old key: the key was stolen. Have the \
                 provincial admin run `huizhi office revoke {code} --reason key_stolen --keep-epoch {epoch} --upto {old}:{end}`"
            ),
        ))
    }

    /// The epoch that the province gave this office last, as far as is known here.
    pub fn enrolled_epoch(&self) -> Option<u32> {
        self.members().office(self.code).map(|office| office.enrol.epoch)
    }
}

#[cfg(test)]
mod tests;
