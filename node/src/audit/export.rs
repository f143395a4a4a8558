//! Writing an export.

use super::{BLOBS, FORKS, LOGS, POLICY};
use crate::{
    service::{Kind, Office, Refusal},
    store::{StoreError, create_private_dir, make_private},
};
use protocol::{
    id::RecordHash,
    limits::{COSIGNATURES_MAX, FORK_PROOFS_TOLD_MAX},
    log::{Policy, SignedCheckpoint, VerifierKey, WitnessVerifier, tile},
    merkle::Subtrees,
};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What an export wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Logs.
    pub logs: u64,
    /// Records.
    pub records: u64,
    /// Photos.
    pub photos: u64,
    /// Proofs that a log was signed twice.
    pub forks: u64,
}

/// Writes every log that is here up to its newest complete checkpoint, and the photos that receipts vouch for.
///
/// # Errors
/// The folder is not empty, or the disk refuses.
pub fn export(office: &Office, dir: &Path, photos: bool) -> Result<Written, Refusal> {
    export_telling(office, dir, photos, &mut |_, _| {})
}

/// As [`export`]; tells how many records of how many are written.
///
/// # Errors
/// As [`export`].
pub fn export_telling(office: &Office, dir: &Path, photos: bool, told: &mut dyn FnMut(u64, u64)) -> Result<Written, Refusal> {
    must_be_empty(dir)?;
    // It will hold photos of people.
    create_private_dir(dir).and_then(|()| make_private(dir)).map_err(StoreError::from)?;
    let mut written = Written::default();
    let mut keys = Vec::new();
    let logs = office.kept();
    let all = logs.iter().map(|origin| office.store.head(origin).size).sum();
    for origin in logs {
        told(written.records, all);
        let Some(key) = office.members().verifier(&origin) else { continue };
        if let Some(records) = export_log(office, dir, &key, 0)? {
            keys.push(key);
            written.logs += 1;
            written.records += records;
        }
    }
    let policy = policy(keys, office.members().witnesses().collect())?;
    // An auditor who does not hear of them would take the one history that is here for the only one.
    for (_, proof) in office.store.forks()?.into_iter().take(FORK_PROOFS_TOLD_MAX) {
        write(&dir.join(FORKS).join(RecordHash(Sha256::digest(&proof).into()).to_string()), &proof)?;
        written.forks += 1;
    }
    if photos {
        written.photos = export_photos(office, dir)?;
    }
    let province = office.members().province().clone();
    write(&dir.join(POLICY), policy.as_bytes())?;
    write(&dir.join("README.txt"), readme(&province, &written).as_bytes())?;
    Ok(written)
}

/// Refuses a folder in which something lies.
pub(crate) fn must_be_empty(dir: &Path) -> Result<(), Refusal> {
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Refusal::new(
            Kind::Input,
            "folder_not_empty",
            format!("文件夹 {} 不是空的，请换一个。", dir.display()),
            format!("the folder {} is not empty: choose another one", dir.display()),
        ));
    }
    Ok(())
}

/// The policy of an export: its logs, the province's first, and the witnesses of the federation, of whom a majority without the log's own
/// office is asked for, but no more than half of what one note collects.
pub(crate) fn policy(logs: Vec<VerifierKey>, witnesses: Vec<WitnessVerifier>) -> Result<String, Refusal> {
    let mut text =
        String::from("# C2SP tlog-policy. The first log is the province's: the root of trust. Compare its key with the one published.\n");
    let quorum = match witnesses.len().saturating_sub(1) {
        0 => 0,
        others => (others / 2 + 1).min(COSIGNATURES_MAX / 2),
    };
    // The order of lines says which log is the province's, so only what follows the logs is the policy's own text.
    text.extend(logs.iter().map(|log| format!("log {log}\n")));
    let policy = Policy::k_of_n([], witnesses, quorum).map_err(Refusal::fault)?;
    Ok(text + &policy.to_string())
}

/// Writes one log from the bundle on in which the entry `from` lies, and the tiles that its hashes stand in; tiles above the lowest level
/// are few and are written whole. Gives the size of its newest complete checkpoint; nothing where there is none.
pub(crate) fn export_log(office: &Office, dir: &Path, key: &VerifierKey, from: u64) -> Result<Option<u64>, Refusal> {
    let origin = key.origin();
    // Lines that do not hold here do not hold at the auditor's.
    let Some(note) = SignedCheckpoint::verify(&office.store.head(origin).note, key)
        .and_then(|signed| Ok(signed.only_lines_of(key, &office.members().witnesses_of(origin))?.note().to_owned()))
        .ok()
    else {
        return Ok(None);
    };
    let Some(size) = note.lines().nth(1).and_then(|size| size.parse::<u64>().ok()) else { return Ok(None) };
    let dir = dir.join(LOGS).join(origin.as_str());
    let first = (from / tile::WIDTH) as usize;
    for (index, width) in tile::tiles(0, size).skip(first) {
        let mut bundle = Vec::new();
        for entry in office.store.entries(origin, index * tile::WIDTH, width as usize)? {
            tile::push_entry(&mut bundle, &entry.bytes);
        }
        write(&dir.join(tile::entries_path(index, width)), &bundle)?;
    }
    office.store.with_subtrees(origin, |view| {
        for level in 0..8 {
            for (index, width) in tile::tiles(level, size).skip(if level == 0 { first } else { 0 }) {
                let mut hashes = Vec::new();
                for at in index * tile::WIDTH..index * tile::WIDTH + width {
                    hashes.extend(view.subtree(8 * level, at)?);
                }
                write(&dir.join(tile::path(level, index, width)), &hashes)?;
            }
        }
        Ok(())
    })?;
    // Last, so that a checkpoint never stands over tiles that are not there.
    write(&dir.join("checkpoint"), note.as_bytes())?;
    Ok(Some(size))
}

fn export_photos(office: &Office, dir: &Path) -> Result<u64, Refusal> {
    let mut count = 0;
    for case in office.cases()?.iter().filter(|case| !case.receipts.is_empty()) {
        let hash = case.current.said.photo;
        if let Some(photo) = office.store.blobs.read(hash)? {
            write(&dir.join(BLOBS).join(hash.to_string()), &photo)?;
            count += 1;
        }
    }
    Ok(count)
}

pub(crate) fn write(path: &PathBuf, bytes: &[u8]) -> Result<(), StoreError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::write(path, bytes)?)
}

fn readme(province: &VerifierKey, written: &Written) -> String {
    format!(
        "Huizhi audit export: {} logs, {} records, {} photos.\n\n\
         Check it:   huizhi verify THIS_FOLDER --province '{province}'\n\
         Use the key that the province published, not the one above: this folder could be somebody else's.\n\n\
         logs/<origin>/checkpoint and tile/ follow C2SP tlog-checkpoint, signed-note and tlog-tiles (c2sp.org);\n\
         any tool for those formats checks history without Huizhi. Entries are CBOR records signed by the office.\n\
         A checkpoint may carry cosignatures (C2SP tlog-cosignature): the word of another office that it holds the log up to there and\n\
         has seen no other history. policy (C2SP tlog-policy) names the offices' witness keys and how many make a quorum; with --policy\n\
         you hold the checkpoints against a policy of your own instead.\n\
         forks/ holds proofs that a log was signed twice; what lies beyond such a fork does not count until the province says which history stands.\n\
         blobs/ holds the photos that receipts vouch for, named by SHA-256. They are personal data: handle them so.\n\n\
         审计导出：请用省级公布的公钥运行上面的命令核验。blobs/ 中的照片属于个人信息，请妥善保管。\n",
        written.logs, written.records, written.photos
    )
}
