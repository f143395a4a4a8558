//! Writing a bundle for one office.

use super::{Ask, FORKS};
use crate::{
    audit::{
        BLOBS, POLICY,
        export::{export_log, must_be_empty, policy, write},
    },
    service::{Giving, Kind, Office, Refusal},
    store::BlobError,
};
use protocol::{
    id::{BlobHash, CaseId, OfficeCode, Origin, RecordHash},
    limits::FORK_PROOFS_TOLD_MAX,
    log::tile,
    membership::Office as Member,
    record::Signed,
};
use sha2::{Digest, Sha256};
use std::{collections::BTreeSet, path::Path};

/// What a bundle holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// Logs.
    pub logs: u64,
    /// Records that the receiving office is not known to have.
    pub records: u64,
    /// Photos and sealed payloads.
    pub blobs: u64,
    /// Photos and sealed payloads that it may have and that are not here, or have decayed here.
    pub absent: u64,
    /// Proofs that a log was signed twice.
    pub forks: u64,
}

/// Writes a bundle for an office into a folder: every log, every fork proof, and the photos and payloads that this office may have and that
/// are here. With an `ask` of that office, only what it lacks; logs begin at a whole bundle of 256 entries.
///
/// # Errors
/// The office is not enrolled, the folder is not empty, or a disk refuses.
pub fn export(office: &Office, dir: &Path, receiver: OfficeCode, ask: Option<&Ask>) -> Result<Sent, Refusal> {
    must_be_empty(dir)?;
    let member = member(office, receiver)?;
    let mut sent = Sent::default();
    let mut keys = Vec::new();
    let mut news = Vec::new();
    for origin in office.kept() {
        let Some(key) = office.members().verifier(&origin) else { continue };
        let from = ask.map_or(Ok(0), |ask| ask.holds(office, &origin))?;
        if let Some(size) = export_log(office, dir, &key, from)? {
            keys.push(key);
            sent.logs += 1;
            sent.records += size.saturating_sub(from);
            news.push((origin, from, size));
        }
    }
    for (_, proof) in office.store.forks()?.into_iter().take(FORK_PROOFS_TOLD_MAX) {
        write(&dir.join(FORKS).join(RecordHash(Sha256::digest(&proof).into()).to_string()), &proof)?;
        sent.forks += 1;
    }
    let mut blobs: BTreeSet<BlobHash> = ask.map(|ask| ask.wanted().collect()).unwrap_or_default();
    let cases = if ask.is_some() { cases_in(office, &news)? } else { office.store.case_ids()?.into_iter().collect() };
    for case in cases {
        blobs.extend(office.case(case)?.iter().flat_map(|case| {
            let submitted = case.submissions.iter().flat_map(|by| [by.said.photo, by.said.original, by.said.payload]);
            submitted.chain(case.note.iter().map(|by| by.said.payload)).collect::<Vec<_>>()
        }));
    }
    for blob in blobs {
        export_blob(office, dir, blob, &member, &mut sent)?;
    }
    write(&dir.join(POLICY), policy(keys, office.members().witnesses().collect())?.as_bytes())?;
    write(&dir.join("README.txt"), readme(office, &member, &sent).as_bytes())?;
    settle(dir);
    Ok(sent)
}

/// An enrolled office whose key holds, as the network would let it in.
fn member(office: &Office, code: OfficeCode) -> Result<Member, Refusal> {
    let members = office.members();
    let member = members.office(code).and_then(|known| members.office_of(known.enrol.key)).cloned();
    member.ok_or_else(|| {
        Refusal::new(
            Kind::Input,
            "office_unknown",
            format!("办公点 {code} 未登记或已撤销，不能向其导出。"),
            format!("the office {code} is not enrolled, or was revoked: nothing is exported for it"),
        )
    })
}

/// Cases that entries beyond what the receiver has are about.
fn cases_in(office: &Office, news: &[(Origin, u64, u64)]) -> Result<BTreeSet<CaseId>, Refusal> {
    let mut cases = BTreeSet::new();
    for (origin, from, to) in news {
        for start in (*from..*to).step_by(tile::WIDTH as usize) {
            let entries = office.store.entries(origin, start, tile::WIDTH.min(to - start) as usize)?;
            cases.extend(entries.iter().filter_map(|entry| Signed::parse(&entry.bytes).ok()?.claimed_case()));
        }
    }
    Ok(cases)
}

/// The rule is that of the network: who may be given a blob is decided in one place.
fn export_blob(office: &Office, dir: &Path, blob: BlobHash, to: &Member, sent: &mut Sent) -> Result<(), Refusal> {
    match office.giving(to, blob)? {
        Giving::Yes => {}
        Giving::AnotherDay => {
            sent.absent += 1;
            return Ok(());
        }
        Giving::No => return Ok(()),
    }
    match office.store.blobs.read(blob) {
        Ok(Some(bytes)) => {
            write(&dir.join(BLOBS).join(blob.to_string()), &bytes)?;
            sent.blobs += 1;
        }
        Err(error @ BlobError::Io(_)) => return Err(error.into()),
        Ok(None) | Err(_) => sent.absent += 1,
    }
    Ok(())
}

/// Has the disk write down what it holds back, so that a stick may be pulled out. A bundle that is torn all the same is found at the import.
fn settle(dir: &Path) {
    #[cfg(target_os = "linux")]
    if let Ok(folder) = std::fs::File::open(dir)
        && let Err(error) = rustix::fs::syncfs(folder)
    {
        tracing::warn!(%error, "eject the stick in order before you pull it out: it may not hold everything yet");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = dir;
}

fn readme(office: &Office, to: &Member, sent: &Sent) -> String {
    format!(
        "Huizhi bundle from office {} for office {} ({}): {} logs, {} new records, {} photos and payloads.\n\n\
         Take it in:   huizhi bundle import THIS_FOLDER\n\n\
         logs/ and policy have the form of an audit export (C2SP tlog-tiles). blobs/ holds photos of people and payloads that are sealed for\n\
         offices: hand the stick to nobody else, and erase it when it was taken in.\n\n\
         数据包：请在办公点 {} 运行上面的命令导入。blobs/ 中的照片属于个人信息：请勿转交他人，导入后请清空存储盘。\n",
        office.code(),
        to.enrol.code,
        to.enrol.name,
        sent.logs,
        sent.records,
        sent.blobs,
        to.enrol.code
    )
}
