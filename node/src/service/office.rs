//! The office: its keys, its logs, who is a member, and the one right to append.

mod cases;
mod clock;
mod disk;
mod epoch;
mod forks;
mod giving;
mod ingest;
mod province;
mod rulings;
mod settle;
mod standing;
mod witnessing;

pub use cases::Listing;
pub use clock::ClockDoubt;
pub(super) use disk::space;
pub use forks::{ForkNotice, Learned};
pub use province::read_region;
pub use rulings::{EndAt, Revoked};
pub use standing::Held;
pub use witnessing::Cosigning;

use crate::{
    service::{Kind, Refusal, applicants::Names, keys::Keys, notes::Changes, trail::Trail},
    store::{HeadFile, LogHead, MarkFile, Reserve, Store, StoreError},
};
use protocol::{
    id::{BlobHash, CaseId, Millis, OfficeCode, Origin, PublicKey},
    keys::OfficeKey,
    limits::CASE_RECORDS_PER_LOG_MAX,
    log::{Checkpoint, SignedCheckpoint, VerifierKey, Witness},
    membership::{Membership, Office as Member},
    merkle,
    record::{Record, Roles, Signed, Verified},
    sync::follow::Follow,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::sync::broadcast;

/// What changed, for whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A case, its note or its receipt.
    Cases,
    /// A spec came into force.
    Specs,
    /// An office was enrolled.
    Offices,
    /// A draft of a capture.
    Drafts,
    /// A draft of a spec.
    SpecDrafts,
    /// Connections, or what waits to be sent.
    Status,
    /// How a blob stands for which somebody waits.
    Transit,
    /// Something was appended to a log that is here: size and root changed.
    Log(Origin),
    /// A log was proved to have signed two histories; the proof, to be passed on.
    Fork(Arc<[u8]>),
    /// An entry or blob was found that is not what was signed.
    Damaged,
    /// A blob is wanted that is not here.
    Wanted(BlobHash),
    /// A photo job reached a stage.
    Stage(CaseId, photo::Stage),
}

/// Why a node cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The root of trust does not fit the keys here.
    #[error("{0}")]
    Trust(String),
}

/// An own log: its key, head file and name.
struct OwnLog {
    origin: Origin,
    head: HeadFile,
    /// The newest checkpoint that this office is known to have signed: that of the head file, or one that a peer gave back.
    newest: Mutex<Option<SignedCheckpoint>>,
    /// Epoch of the office's log; nothing for the province's.
    epoch: Option<u32>,
}

impl OwnLog {
    fn province(origin: Origin, heads: &Path) -> Result<Self, StoreError> {
        let name =
            origin.province_epoch().filter(|epoch| *epoch > 1).map_or_else(|| "province".to_owned(), |epoch| format!("province-{epoch}"));
        Ok(Self { origin, head: HeadFile::new(heads, &name)?, newest: Mutex::new(None), epoch: None })
    }
    fn office(province: &VerifierKey, code: OfficeCode, epoch: u32, heads: &Path) -> Result<Self, OfficeError> {
        let origin = Origin::office(province.origin().federation(), code, epoch).map_err(|error| OfficeError::Trust(error.to_string()))?;
        let name = if epoch == 1 { "office".to_owned() } else { format!("office-{epoch}") };
        Ok(Self { origin, head: HeadFile::new(heads, &name)?, newest: Mutex::new(None), epoch: Some(epoch) })
    }
}

/// One office's state. Shared by the API, the network shell and the command line.
pub struct Office {
    /// Records, indexes and blobs.
    pub store: Store,
    /// Secrets.
    pub keys: Keys,
    code: OfficeCode,
    own: OwnLog,
    /// Logs of epochs before. Nothing is appended to them.
    past: Vec<OwnLog>,
    /// A log of an epoch before in which somebody signed behind the end that this office gave it.
    signed_on: Mutex<Option<Origin>>,
    province_log: Option<OwnLog>,
    members: RwLock<Membership>,
    /// Entries of the province's log that `members` has taken in.
    province_applied: Mutex<u64>,
    cases: Mutex<cases::Folded>,
    /// Writes down who saw what.
    pub(crate) trail: Trail,
    /// Photos that were given to offices that make documents.
    given: Mutex<giving::Given>,
    /// Names of applicants that lists showed.
    pub(super) names: Names,
    /// Changes of notes that were opened.
    pub(super) changes_of_notes: Changes,
    /// Held while cases that wait for it are folded: how many were since a step that is durable.
    settling: Mutex<usize>,
    /// So many cases wait that nobody who looks at a page waits for them too.
    catching_up: AtomicBool,
    /// The membership changed since it was compared with what cases on disk were folded under.
    restanding: AtomicBool,
    append: Mutex<()>,
    /// Held from a decision until what was decided is durable.
    witness: Mutex<Witness>,
    /// Held while cosignatures are merged into what is stored.
    cosigned: Mutex<()>,
    /// Held while a fork proof is compared with what is known and stored.
    forks: Mutex<()>,
    drafts: Mutex<()>,
    /// Held from the trial of records of the province until they are taken into the membership.
    ruling: Mutex<()>,
    /// Held while an invitation is used.
    pub(super) joining: Mutex<()>,
    /// Held while the draft of a spec is merged and stored.
    pub(super) spec_drafts: Mutex<()>,
    /// SHA-256 of the secrets of open invitations, so that strangers cost no disk.
    pub(super) invited: Mutex<BTreeSet<String>>,
    dir: PathBuf,
    plate: PathBuf,
    follow: Follow,
    standing: RwLock<standing::Standing>,
    mark_file: MarkFile,
    reserve: Reserve,
    /// The mark says that this process writes.
    marked: AtomicBool,
    /// This process signed a checkpoint.
    signed: AtomicBool,
    changes: broadcast::Sender<Change>,
}

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Office({})", self.own.origin)
    }
}

impl Office {
    /// Opens the office in a data directory.
    ///
    /// # Errors
    /// The store cannot be opened, or the keys are not those of the root of trust.
    pub fn open(dir: &Path, code: OfficeCode, province: &VerifierKey) -> Result<Self, OfficeError> {
        let open = || Self::over(dir, code, province, Store::open(dir)?);
        crate::panics::caught(open).unwrap_or_else(|panic| Err(StoreError::Damaged(panic).into()))
    }

    fn over(dir: &Path, code: OfficeCode, province: &VerifierKey, store: Store) -> Result<Self, OfficeError> {
        let keys = epoch::keys_in_use(dir, code, province, &store)?;
        let heads = dir.join("heads");
        let mark_file = MarkFile::new(dir);
        let province_log = match &keys.province {
            Some(key) if key.public() == province.key() => Some(OwnLog::province(province.origin().clone(), &heads)?),
            Some(_) => return Err(OfficeError::Trust("keys/province.key is not the key that federation.json names".into())),
            None => None,
        };
        let witness = witnessing::open(province.origin().federation(), code, OfficeKey::from_seed(&keys.witness_seed), &store)?;
        let office = Self {
            witness: Mutex::new(witness),
            cosigned: Mutex::new(()),
            forks: Mutex::new(()),
            own: OwnLog::office(province, code, keys.epoch, &heads)?,
            past: keys.earlier.iter().map(|keys| OwnLog::office(province, code, keys.epoch, &heads)).collect::<Result<_, _>>()?,
            signed_on: Mutex::new(None),
            province_log,
            code,
            members: RwLock::new(Membership::new(province.clone())),
            province_applied: Mutex::new(0),
            cases: Mutex::default(),
            trail: Trail::default(),
            given: Mutex::default(),
            names: Names::default(),
            changes_of_notes: Changes::default(),
            settling: Mutex::new(0),
            catching_up: AtomicBool::new(false),
            restanding: AtomicBool::new(true),
            append: Mutex::new(()),
            drafts: Mutex::new(()),
            ruling: Mutex::new(()),
            joining: Mutex::new(()),
            invited: Mutex::default(),
            spec_drafts: Mutex::new(()),
            dir: dir.to_owned(),
            plate: dir.join("plate.jpg"),
            follow: Follow::default(),
            standing: RwLock::new(standing::Standing::new(mark_file.read())),
            mark_file,
            reserve: Reserve::new(dir),
            marked: AtomicBool::new(false),
            signed: AtomicBool::new(false),
            changes: broadcast::channel(256).0,
            store,
            keys,
        };
        for own in office.own_logs() {
            office.reconcile_head(own)?;
        }
        for own in &office.past {
            office.reconcile_past(own)?;
        }
        office.apply_province()?;
        office.recall_forks()?;
        office.recall_invited()?;
        office.stand_up()?;
        Ok(office)
    }

    fn own_logs(&self) -> impl Iterator<Item = &OwnLog> {
        std::iter::once(&self.own).chain(&self.province_log)
    }

    /// Tells the last checkpoint of a log of an epoch before, so that others still get it from here.
    fn reconcile_past(&self, own: &OwnLog) -> Result<(), OfficeError> {
        let Some(signed) = own.head.read(&VerifierKey::new(own.origin.clone(), self.key_of(own).public()))? else { return Ok(()) };
        if self.holds(&signed)? == Some(true) && signed.size() == self.store.head(&own.origin).size {
            self.store.set_own_note(&signed);
            self.store.load_cosigned_of(&own.origin)?;
        }
        *lock(&own.newest) = Some(signed);
        Ok(())
    }

    /// Brings head file and database together after a start.
    ///
    /// The head file is written after the commit, so it may lag by one append. If the database lies behind it, or does not begin with
    /// what was signed, it was restored or swapped; appending would sign a second history, so nothing is signed.
    fn reconcile_head(&self, own: &OwnLog) -> Result<(), OfficeError> {
        let head = self.store.head(&own.origin);
        let Some(signed) = own.head.read(&VerifierKey::new(own.origin.clone(), self.key_of(own).public()))? else { return Ok(()) };
        if signed.size() == head.size && head.size > 0 {
            self.store.set_own_note(&signed);
            self.store.load_cosigned_of(&own.origin)?;
        }
        if signed.size() <= head.size && !self.begins_with(&head, &signed)? {
            self.stick(Held::Replaced { origin: own.origin.clone(), here: head.size, signed: signed.size() });
        }
        *lock(&own.newest) = Some(signed);
        Ok(())
    }

    /// Whether what was signed is the beginning of what the database holds.
    fn begins_with(&self, head: &LogHead, signed: &SignedCheckpoint) -> Result<bool, StoreError> {
        if signed.size() > head.size {
            return Ok(false);
        }
        let root = self.store.with_subtrees(signed.origin(), |view| merkle::root(view, signed.size()))?;
        Ok(root.unwrap_or_else(merkle::empty_root) == *signed.root())
    }

    fn key_of(&self, own: &OwnLog) -> &OfficeKey {
        let key = own.epoch.map_or(self.keys.province.as_ref(), |epoch| self.keys.of_epoch(epoch));
        key.unwrap_or(&self.keys.office)
    }

    /// Signs the head that is durable and makes the checkpoint durable.
    fn publish(&self, own: &OwnLog) -> Result<(), StoreError> {
        let head = self.store.head(&own.origin);
        let checkpoint = Checkpoint { origin: own.origin.clone(), size: head.size, root: head.root }.sign(self.key_of(own));
        own.head.write(&checkpoint)?;
        self.store.set_own_note(&checkpoint);
        *lock(&own.newest) = Some(checkpoint);
        self.signed.store(true, Ordering::Release);
        Ok(())
    }

    /// Appends records to this office's log. `build` is told the position of the first one and signs through `sign`.
    ///
    /// # Errors
    /// Read-only, or the disk refuses. A record is acknowledged when this returns, and not before.
    pub fn append(&self, build: impl FnOnce(u64, &Signer<'_>) -> Result<Vec<Verified>, Refusal>) -> Result<Vec<Verified>, Refusal> {
        self.append_to(&self.own, build)
    }

    fn append_to(
        &self,
        own: &OwnLog,
        build: impl FnOnce(u64, &Signer<'_>) -> Result<Vec<Verified>, Refusal>,
    ) -> Result<Vec<Verified>, Refusal> {
        let _writer = self.append.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_writable_of(own)?;
        let signer = Signer { origin: &own.origin, key: self.key_of(own) };
        let records = build(self.store.head(&own.origin).size, &signer)?;
        if records.is_empty() {
            return Ok(records);
        }
        self.check_case_bounds(own, &records)?;
        let written = self.mark_running().and_then(|()| self.store.append(&own.origin, &records)).and_then(|()| self.publish(own));
        if let Err(error) = written {
            self.disk_refused(&error);
            return Err(error.into());
        }
        self.note_records(&own.origin, &records);
        Ok(records)
    }

    /// Refuses records that would stand beyond those that offices look at: they would be acknowledged here and weighed nowhere.
    fn check_case_bounds(&self, own: &OwnLog, records: &[Verified]) -> Result<(), Refusal> {
        let mut of_case: BTreeMap<CaseId, usize> = BTreeMap::new();
        for id in records.iter().filter_map(|record| record.record().case()) {
            *of_case.entry(id).or_default() += 1;
        }
        for (id, more) in of_case {
            if self.store.case_records_in(&own.origin, id)? + more > CASE_RECORDS_PER_LOG_MAX {
                return Err(Refusal::state(
                    "case_full",
                    "本办公点对此记录的操作次数已达上限，未签署。请申请换发日志（huizhi office new-epoch）后再操作。",
                    "this office wrote as many records about this case as are looked at, so nothing was signed; \
                     ask for a new epoch of the log (`huizhi office new-epoch`) and do it again",
                ));
            }
        }
        Ok(())
    }

    /// The members as known here. Do not hold it across other calls of the office.
    pub fn members(&self) -> std::sync::RwLockReadGuard<'_, Membership> {
        self.members.read().unwrap_or_else(PoisonError::into_inner)
    }
    /// This office as enrolled; nothing before its enrolment arrived.
    pub fn member(&self) -> Option<Member> {
        self.members().office_of(self.keys.office.public()).cloned()
    }
    /// Whether this office holds a role.
    pub fn has_role(&self, role: Roles) -> bool {
        self.members().has_role(self.keys.office.public(), role)
    }
    /// Refuses unless this office holds a role.
    ///
    /// # Errors
    /// It does not.
    pub fn require_role(&self, role: Roles) -> Result<(), Refusal> {
        if self.has_role(role) {
            return Ok(());
        }
        let names = role.names().collect::<Vec<_>>().join(", ");
        Err(Refusal::new(
            Kind::Forbidden,
            "office_role_missing",
            format!("本办公点尚未被省级节点授权（{names}）。请联系省级管理员登记。"),
            format!("the province has not given this office the role {names}; ask the provincial admin to enrol it"),
        ))
    }
    /// Name of an office, or its code where it is unknown.
    pub fn office_name(&self, code: OfficeCode) -> String {
        self.members().office(code).map_or_else(|| code.to_string(), |office| office.enrol.name.clone())
    }
    /// This office's code.
    pub fn code(&self) -> OfficeCode {
        self.code
    }
    /// Origin of this office's log.
    pub fn origin(&self) -> &Origin {
        &self.own.origin
    }
    /// Whether this node is the province.
    pub fn is_province(&self) -> bool {
        self.province_log.is_some()
    }
    /// Has it follow other logs than by default. What was followed before stays here.
    #[must_use]
    pub fn following(mut self, follow: Follow) -> Self {
        self.follow = follow;
        self
    }
    /// Logs that this node follows, most urgent first: the province's, then the own one, then those of other offices.
    pub fn follow(&self) -> Vec<Origin> {
        self.follow.logs(&self.members(), self.code)
    }
    /// Whether records about a case may stand in logs that this node does not follow.
    pub fn leaves_out(&self) -> bool {
        self.follow.leaves_out(&self.members(), self.code)
    }
    /// Whether this node keeps logs that the province retired, and counts what stands in them.
    pub fn keeps_everything(&self) -> bool {
        self.follow.keeps_everything(&self.members(), self.code)
    }
    /// Logs of which entries are here, followed or not, in the order of [`Office::follow`], and behind them what was followed once.
    pub fn kept(&self) -> Vec<Origin> {
        let mut logs = self.follow();
        let members = self.members();
        let once: Vec<Origin> = members.logs().filter(|origin| !logs.contains(origin)).cloned().collect();
        logs.extend(once);
        logs.retain(|origin| self.store.head(origin).size > 0);
        logs
    }
    /// Whether a key may speak to this node.
    pub fn is_enrolled(&self, key: PublicKey) -> bool {
        self.members().office_of(key).is_some()
    }

    /// The data directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
    /// Where the picture of the empty wall lies.
    pub(super) fn plate_path(&self) -> &Path {
        &self.plate
    }

    /// Held while a draft is read and changed, and while blobs are put for it or thrown away: two windows may use one draft, and two
    /// drafts one picture. Taken before the right to append, never while holding it.
    pub(super) fn lock_drafts(&self) -> MutexGuard<'_, ()> {
        lock(&self.drafts)
    }

    /// A receiver of everything that changes.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }
    /// Tells what changed. Nobody listening is no error.
    pub fn tell(&self, change: Change) {
        let _ = self.changes.send(change);
    }
}

/// Signs records for one log.
pub struct Signer<'a> {
    origin: &'a Origin,
    key: &'a OfficeKey,
}

impl Signer<'_> {
    /// Signs a record.
    ///
    /// # Errors
    /// It does not fit an entry.
    pub fn sign(&self, record: &Record) -> Result<Verified, Refusal> {
        Signed::sign(self.origin, self.key, record)
            .map_err(|error| Refusal::new(Kind::Input, "record_too_long", format!("内容过长，无法写入记录：{error}"), error.to_string()))
    }
}

/// This machine's clock.
pub fn now_ms() -> Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as Millis)
}

/// So many days after a moment, to the end of that day in China: exclusive, and what is printed is the day before this midnight.
pub(super) fn days_later(at_ms: Millis, days: u32) -> Millis {
    const DAY_MS: u64 = 86_400_000;
    const CHINA_MS: u64 = 8 * 3_600_000;
    let china = at_ms.saturating_add(u64::from(days) * DAY_MS).saturating_add(CHINA_MS);
    china.checked_next_multiple_of(DAY_MS).unwrap_or(u64::MAX) - CHINA_MS
}

/// A moment in China Standard Time, as clerks and receipts count days; nothing where no calendar has it.
pub(crate) fn china_time(at_ms: Millis) -> Option<time::OffsetDateTime> {
    let offset = time::UtcOffset::from_hms(8, 0, 0).ok()?;
    time::OffsetDateTime::from_unix_timestamp(i64::try_from(at_ms / 1000).ok()?).ok()?.checked_to_offset(offset)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(in crate::service) use tests::APPENDED;

#[cfg(test)]
mod tests;
