//! Taking a bundle in: looked at first, then stored package by package through the ingest of the network.

use super::{
    FORKS, LogReport, Report,
    stick::Stick,
    tiles::{TileError, Tiles},
};
use crate::{
    audit::{BLOBS, LOGS},
    service::{Cosigning, Learned, Office, Refusal, office::now_ms},
    text::Text,
};
use protocol::{
    access,
    id::{BlobHash, CaseId, Origin, RecordHash},
    limits::{BLOB_BYTES_MAX, ENTRY_BUNDLE_BYTES_MAX, FORK_PROOF_BYTES_MAX, LOG_SIZE_MAX, NOTE_BYTES_MAX, STICK_FILES_MAX},
    log::{ForkProof, LogPoint, Package, PackageError, SignedCheckpoint, VerifierKey, tile},
    membership::Membership,
    merkle,
    record::Signed,
    sync::wire::Beginning,
};
use sha2::{Digest, Sha256};
use std::{collections::HashSet, path::Path};

/// Says what a stick brings, and stores nothing. Every package is verified as an import would.
///
/// # Errors
/// The stick is refused as a whole, cannot be read, or the disk here refuses.
pub fn look(office: &Office, dir: &Path) -> Result<Report, Refusal> {
    let stick = Stick::look(dir, STICK_FILES_MAX)?;
    let mut report = Report { done: true, ignored: stick.ignored, ..Report::default() };
    let mut cases = HashSet::new();
    // What the province's log on the stick says of members counts for the logs behind it.
    let mut members = office.members().clone();
    for origin in in_order(&stick, office) {
        let log = match OnStick::open(&stick, office, &members, &origin)? {
            Ok(log) => log,
            Err(reason) => {
                report.refuse(format!("{LOGS}/{origin}"), reason);
                continue;
            }
        };
        let named: Vec<LogPoint> = members.named(&origin).cloned().collect();
        let mut edge = office.store.edge(&origin);
        let from = edge.size();
        let refused = loop {
            if edge.size() >= log.checkpoint.size() {
                // What was verified a moment ago is in no store.
                break (edge.size() == from && log.contradicts(office)?).then(other_history);
            }
            let package = match log.package(edge.size())? {
                Ok(package) => package,
                Err(reason) => break Some(reason),
            };
            match package.verify(&edge, &log.key, &named) {
                Ok(verified) => {
                    edge = verified.edge;
                    for entry in &verified.entries {
                        let Ok(signed) = Signed::parse(entry) else { continue };
                        cases.extend(signed.claimed_case());
                        if origin == *members.province().origin()
                            && let Ok(record) = signed.verify(&origin)
                        {
                            // What does not count is said when it is taken in.
                            let _ = members.apply(&record);
                        }
                    }
                }
                Err(error) => break Some(words(&error)),
            }
        };
        report.logs.push(log.report(office, &members, from, edge.size()));
        if let Some(reason) = refused {
            report.refuse(format!("{LOGS}/{origin}"), reason);
        }
    }
    for case in cases {
        report.new_cases += u64::from(office.store.case_entries(case)?.is_empty());
    }
    for name in &stick.forks {
        let place = format!("{FORKS}/{name}");
        let Some(bytes) = stick.read(&place, FORK_PROOF_BYTES_MAX as u64)? else { continue };
        let proof = ForkProof::decode(&bytes).ok();
        let key = proof.as_ref().and_then(|proof| members.verifier(&proof.claimed_origin()?));
        match proof.zip(key).and_then(|(proof, key)| proof.verify(&key).ok()) {
            Some(fork) => {
                let known = members.forks().any(|(name, shared, _)| name == fork.name() && shared >= fork.common());
                report.forks_new += u64::from(!known);
            }
            None => report.refuse(place, no_fork()),
        }
    }
    for blob in &stick.blobs {
        if office.store.blobs.size(*blob).is_some() {
            report.blobs_here += 1;
        } else {
            report.blobs_new += 1;
            report.blob_bytes += stick.size(&format!("{BLOBS}/{blob}"));
        }
    }
    Ok(report)
}

/// Takes in at most so many packages of entries and as many blobs; the report says whether that was all. What is stored stays whatever
/// becomes of the stick, and what was stored before is passed over.
///
/// # Errors
/// As [`look`].
pub fn import(office: &Office, dir: &Path, pieces: usize) -> Result<Report, Refusal> {
    let stick = Stick::look(dir, STICK_FILES_MAX)?;
    let report = Report { done: true, stored: true, ignored: stick.ignored, ..Report::default() };
    let mut import = Import { office, stick: &stick, report, left: pieces };
    let (province, others): (Vec<Origin>, Vec<Origin>) =
        in_order(&stick, office).into_iter().partition(|origin| origin == office.members().province().origin());
    for origin in province {
        import.log(&origin)?;
    }
    import.forks()?;
    for origin in others {
        import.log(&origin)?;
    }
    if import.left > 0 {
        import.blobs()?;
    }
    import.report.done = import.left > 0;
    Ok(import.report)
}

/// The province's log first, for it says who the others are.
fn in_order(stick: &Stick, office: &Office) -> Vec<Origin> {
    let province = office.members().province().origin().clone();
    let first = stick.logs.get(&province).cloned();
    first.into_iter().chain(stick.logs.iter().filter(|origin| **origin != province).cloned()).collect()
}

struct Import<'a> {
    office: &'a Office,
    stick: &'a Stick,
    report: Report,
    /// Packages or blobs that may still be stored in this step.
    left: usize,
}

impl Import<'_> {
    fn log(&mut self, origin: &Origin) -> Result<(), Refusal> {
        let members = self.office.members().clone();
        let log = match OnStick::open(self.stick, self.office, &members, origin)? {
            Ok(log) => log,
            Err(reason) => {
                self.report.refuse(format!("{LOGS}/{origin}"), reason);
                return Ok(());
            }
        };
        let from = self.office.store.head(origin).size;
        let refused = self.packages(&log)?;
        let to = self.office.store.head(origin).size;
        if to > from && refused.is_none() && to == log.checkpoint.size() {
            self.cosign(origin)?;
        }
        self.report.logs.push(log.report(self.office, &members, from, to));
        if let Some(reason) = refused {
            self.report.refuse(format!("{LOGS}/{origin}"), reason);
        }
        Ok(())
    }

    /// Why the rest of the log is not taken, when it is not.
    fn packages(&mut self, log: &OnStick<'_>) -> Result<Option<Text>, Refusal> {
        let origin = log.key.origin();
        loop {
            let here = self.office.store.head(origin).size;
            if here >= log.checkpoint.size() {
                if log.contradicts(self.office)? {
                    log.prove_smaller(self.office)?;
                    return Ok(Some(other_history()));
                }
                self.office.take_cosignatures(log.checkpoint.note())?;
                return Ok(None);
            }
            if self.left == 0 {
                return Ok(None);
            }
            let package = match log.package(here)? {
                Ok(package) => package,
                Err(reason) => return Ok(Some(reason)),
            };
            let cases: HashSet<CaseId> = package.entries.iter().filter_map(|entry| Signed::parse(entry).ok()?.claimed_case()).collect();
            let mut new_cases = 0;
            for case in cases {
                new_cases += u64::from(self.office.store.case_entries(case)?.is_empty());
            }
            match self.office.ingest(origin, package)? {
                Ok(()) => {
                    self.report.new_cases += new_cases;
                    // So that the next package finds the cases of this one.
                    while self.office.index_more()?.is_some() {}
                }
                // A peer gave it meanwhile.
                Err(PackageError::NotNext { .. }) if self.office.store.head(origin).size > here => {}
                Err(error) => {
                    if error == PackageError::OtherHistory {
                        log.prove_larger(self.office)?;
                    }
                    return Ok(Some(words(&error)));
                }
            }
            self.left -= 1;
        }
    }

    /// Cosigns what was just taken in, as a peer that asked over the network would get it; the next stick carries it back.
    fn cosign(&self, origin: &Origin) -> Result<(), Refusal> {
        let mut old = 0;
        for _ in 0..3 {
            let Some((_, question)) = self.office.ask_for_cosignature(origin, old)? else { return Ok(()) };
            match self.office.cosign(&question.to_string())? {
                Cosigning::At(size) if size != old => old = size,
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    fn forks(&mut self) -> Result<(), Refusal> {
        for name in &self.stick.forks {
            let place = format!("{FORKS}/{name}");
            let Some(bytes) = self.stick.read(&place, FORK_PROOF_BYTES_MAX as u64)? else { continue };
            match self.office.learn_fork(&bytes)? {
                Learned::New { .. } => self.report.forks_new += 1,
                Learned::Known => {}
                Learned::Garbage | Learned::NotYet => self.report.refuse(place, no_fork()),
            }
        }
        Ok(())
    }

    fn blobs(&mut self) -> Result<(), Refusal> {
        let me = self.office.member();
        for blob in &self.stick.blobs {
            if self.office.store.blobs.size(*blob).is_some() {
                self.report.blobs_here += 1;
                continue;
            }
            let place = format!("{BLOBS}/{blob}");
            let cases = self.office.cases_of_blob(*blob)?;
            let may = me
                .as_ref()
                .is_some_and(|me| access::may_have(cases.iter().map(|case| &**case), *blob, me.enrol.code, &me.grant(), now_ms()));
            if !may {
                self.report.refuse(place, not_for_here(cases.is_empty()));
                continue;
            }
            if self.left == 0 {
                return Ok(());
            }
            let Some(bytes) = self.stick.read(&place, BLOB_BYTES_MAX)? else { continue };
            if BlobHash(Sha256::digest(&bytes).into()) != *blob {
                self.report.refuse(place, spoilt());
                continue;
            }
            self.office.store.blobs.put(&bytes)?;
            self.office.tell(crate::service::Change::Cases);
            self.report.blobs_new += 1;
            self.report.blob_bytes += bytes.len() as u64;
            self.left -= 1;
        }
        Ok(())
    }
}

/// A log on a stick whose checkpoint is signed by its key.
struct OnStick<'a> {
    stick: &'a Stick,
    key: VerifierKey,
    checkpoint: SignedCheckpoint,
    tiles: Tiles<'a>,
}

impl<'a> OnStick<'a> {
    /// The inner error says why the log is not taken.
    fn open(stick: &'a Stick, office: &Office, members: &Membership, origin: &Origin) -> Result<Result<Self, Text>, Refusal> {
        let origin = stick.logs.get(origin).expect("the log was found on the stick");
        let ours = office.origin().federation();
        if origin.federation() != ours {
            return Ok(Err(Text::new(
                format!("属于另一个联盟（本联盟为 {ours}），不导入"),
                format!("it belongs to another federation than {ours}, and is left out"),
            )));
        }
        let Some(key) = members.verifier(origin) else {
            return Ok(Err(Text::new(
                "省级日志中没有登记该办公点；请先导入较新的省级日志",
                "the province's log does not enrol this office: take in a newer log of the province first",
            )));
        };
        let note = stick.read(&format!("{LOGS}/{origin}/checkpoint"), NOTE_BYTES_MAX as u64)?.unwrap_or_default();
        let checkpoint = match String::from_utf8(note).map(|note| SignedCheckpoint::verify(&note, &key)) {
            Ok(Ok(checkpoint)) if checkpoint.size() <= LOG_SIZE_MAX => checkpoint,
            Ok(Err(error)) => {
                return Ok(Err(Text::new(
                    format!("检查点无效（{error}）：可能被截断或由其他密钥签名"),
                    format!("its checkpoint does not hold: {error}; it is torn, or another key signed it"),
                )));
            }
            _ => return Ok(Err(Text::new("检查点不是文本或条数不合理", "its checkpoint is no text, or counts more than a log can hold"))),
        };
        let tiles = Tiles::new(stick, origin, checkpoint.size());
        Ok(Ok(Self { stick, key, checkpoint, tiles }))
    }

    /// The package from an entry to the end of its bundle. The inner error says what is wrong with the bundle.
    fn package(&self, start: u64) -> Result<Result<Package, Text>, Refusal> {
        let size = self.checkpoint.size();
        let index = start / tile::WIDTH;
        let width = (size - index * tile::WIDTH).min(tile::WIDTH);
        let path = tile::entries_path(index, width);
        let Some(bundle) = self.stick.read(&format!("{LOGS}/{}/{path}", self.key.origin()), ENTRY_BUNDLE_BYTES_MAX)? else {
            return Ok(Err(Text::new(
                format!("缺少第 {start} 条起的记录（{path}）：数据包不完整，或起点在本机之后。请用本机的 huizhi bundle ask 文件重新导出"),
                format!(
                    "{path} is missing, so nothing from entry {start} on: the stick is not whole, or begins after what is here; have it \
                     exported again with the file of `huizhi bundle ask` from this office"
                ),
            )));
        };
        let entries = tile::split_bundle(&bundle).filter(|entries| entries.len() as u64 == width);
        let Some(entries) = entries else {
            return Ok(Err(Text::new(
                format!("{path} 被截断或条数不符，其后的记录未导入"),
                format!("{path} is truncated or has another number of entries; nothing from there on is taken"),
            )));
        };
        let end = index * tile::WIDTH + width;
        let proof = match merkle::consistency_proof(&self.tiles, end, size) {
            Ok(proof) => proof,
            Err(TileError::Stick(refusal)) => return Err(refusal),
            Err(TileError::Missing(path)) => {
                return Ok(Err(Text::new(
                    format!("哈希文件 {path} 缺失或被截断，其后的记录无法核验"),
                    format!("the hashes in {path} are missing or truncated, so nothing from there on can be verified"),
                )));
            }
        };
        let entries = entries.into_iter().skip((start % tile::WIDTH) as usize).map(|entry| entry.to_vec().into()).collect();
        Ok(Ok(Package {
            start,
            entries,
            checkpoint: self.checkpoint.note().to_owned(),
            proof: proof.into_iter().map(Into::into).collect(),
        }))
    }

    /// Whether what is here is longer or as long and does not begin with what the stick's checkpoint stands for.
    fn contradicts(&self, office: &Office) -> Result<bool, Refusal> {
        let root = office.store.with_subtrees(self.key.origin(), |view| merkle::root(view, self.checkpoint.size()))?;
        Ok(root.unwrap_or_else(merkle::empty_root) != *self.checkpoint.root())
    }

    /// Entries that the history on the stick shares with what is here, with the root over them and the proof from there to the stick's
    /// checkpoint; nothing where tiles are missing, as on a stick that begins later.
    fn shared(&self, office: &Office) -> Result<Option<Beginning>, Refusal> {
        let size = self.checkpoint.size();
        let found = office.store.with_subtrees(self.key.origin(), |view| {
            let (mut same, mut other) = (0, size.min(office.store.head(self.key.origin()).size));
            while same < other {
                let middle = same + (other - same).div_ceil(2);
                let Ok(theirs) = merkle::root(&self.tiles, middle) else { return Ok(None) };
                if theirs == merkle::root(view, middle)? { same = middle } else { other = middle - 1 }
            }
            let root = RecordHash(merkle::root(view, same)?);
            let path = merkle::consistency_proof(&self.tiles, same, size).ok();
            Ok(path.map(|path| Beginning { size: same, root, path: path.into_iter().map(Into::into).collect() }))
        });
        Ok(found?.flatten())
    }

    /// What is here is longer or as long and does not begin with what the stick's log signed: proves that and believes it.
    fn prove_smaller(&self, office: &Office) -> Result<(), Refusal> {
        let beginnings: Vec<Beginning> = self.shared(office)?.into_iter().collect();
        office.compare(self.checkpoint.note(), &beginnings)?;
        Ok(())
    }

    /// The stick tells more than is here, and what is here is no beginning of it: proves that and believes it.
    fn prove_larger(&self, office: &Office) -> Result<(), Refusal> {
        let origin = self.key.origin();
        let Ok(ours) = SignedCheckpoint::verify(&office.store.head(origin).note, &self.key) else { return Ok(()) };
        // Without what both share the whole log would be set aside; the network finds the fork then.
        let Some(shared) = self.shared(office)?.filter(|shared| shared.size <= ours.size()) else { return Ok(()) };
        let path = office.store.with_subtrees(origin, |view| merkle::consistency_proof(view, shared.size, ours.size()))?;
        let agreed = path.as_ref().map(|path| (shared.size, &path[..]));
        if let Ok(Some(proof)) = ForkProof::against(&self.checkpoint, &self.tiles, &ours, agreed)
            && proof.verify(&self.key).is_ok()
        {
            office.learn_fork(&proof.encode())?;
        }
        Ok(())
    }

    fn report(&self, office: &Office, members: &Membership, from: u64, to: u64) -> LogReport {
        let origin = self.key.origin();
        let name = origin.office_and_epoch().and_then(|(code, _)| Some(members.office(code)?.enrol.name.clone()));
        LogReport {
            log: origin.to_string(),
            office: name.unwrap_or_else(|| office.members().province().origin().to_string()),
            from,
            to,
            signed: self.checkpoint.size(),
        }
    }
}

fn words(error: &PackageError) -> Text {
    match error {
        PackageError::OtherHistory => other_history(),
        PackageError::NotTheNamed(point) => Text::new(
            format!("省级已认定另一份历史（{point}），此份不导入"),
            format!("the province named another history ({point}); this one is not taken"),
        ),
        PackageError::BeyondOwnEnd(end) => Text::new(
            format!("本办公点的旧日志止于第 {end} 条，其后是有人用旧密钥续写的，不导入。请告知省级管理员"),
            format!("this office ended that log at {end} entries; an old key signed on, and that is not taken. Tell the provincial admin"),
        ),
        error => Text::new(format!("记录未通过核验：{error}"), format!("its entries do not verify: {error}")),
    }
}

fn other_history() -> Text {
    Text::new(
        "与已签名的历史不一致：数据包被改动，或该办公点签了两份历史。请保留存储盘并告知省级管理员",
        "its entries are not those that were signed: the stick was changed, or the office signed two histories; keep the stick and tell the \
         provincial admin",
    )
}

fn no_fork() -> Text {
    Text::new("不是有效的分叉证明", "it proves no fork of a log that is known here")
}

fn spoilt() -> Text {
    Text::new("内容与名称中的哈希不符：文件损坏，未导入", "its bytes are not those of its name: the file is damaged, and is not taken")
}

fn not_for_here(unknown: bool) -> Text {
    if unknown {
        Text::new("本机没有任何记录提到它，未导入", "no record here names it, so it is not taken")
    } else {
        Text::new("按角色本办公点不得持有，或已要求删除，未导入", "this office may not have it, or it was erased: it is not taken")
    }
}
