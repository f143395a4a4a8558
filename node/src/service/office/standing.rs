//! Whether this node may sign, why not, and how it may again.
//!
//! The rule: nothing is signed until it is known that nobody holds more of an own log than the database. Known it is after an end in
//! order, or once another office showed what it holds. What others hold beyond the database is fetched back from them; it was signed by
//! this office, so the signed checkpoint over it is all the proof that is needed.

use super::{Office, OwnLog, lock};
use crate::{
    service::Refusal,
    store::{Mark, Snapshot, StoreError},
    text::Text,
};
use protocol::{
    id::{OfficeCode, Origin},
    log::{Checkpoint, LogPoint, Package, PackageError, SignedCheckpoint, VerifierKey},
    merkle,
    record::Verified,
};
use std::sync::{PoisonError, atomic::Ordering};

/// Why nothing is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// The last end is unknown, and no other office has shown what it holds of the own log.
    Unasked,
    /// The data directory came from a backup, or a head file is missing, and its own log was not compared yet.
    Restored,
    /// The own log was signed further than the database holds.
    Behind {
        /// The log.
        origin: Origin,
        /// Entries here.
        here: u64,
        /// Entries signed.
        signed: u64,
    },
    /// The database does not begin with what was signed.
    Replaced {
        /// The log.
        origin: Origin,
        /// Entries here.
        here: u64,
        /// Entries signed.
        signed: u64,
    },
    /// Another machine extended the log while this one wrote it.
    Elsewhere(Origin),
    /// The province gave this office the next epoch, whose keys are here: the program begins anew with them.
    Rotated,
    /// An own log is proved to have been signed twice, and no adjudication names that fork yet.
    Forked(Origin),
    /// The province ended the own log.
    Ended {
        /// The log.
        origin: Origin,
        /// Entries of it that stand.
        stands: u64,
    },
    /// This office signed a root over bytes that nobody said.
    Spoilt {
        /// The log.
        origin: Origin,
        /// The entry that is not what was said.
        index: u64,
    },
    /// The disk refused a write.
    Disk(Text),
    /// The disk is full. Ends by itself when there is space again.
    Full(Text),
}

impl Held {
    /// The reason and what to do, for people.
    pub fn text(&self) -> Text {
        match self {
            Self::Unasked => Text::new(
                "无法确认上次是否正常关机，正在向其他办公点核对本机记录。请连接网络；草稿可以照常采集",
                "it is not known whether the last shutdown was in order, so other offices are asked what they hold of this office's log: \
                 connect the network; drafts can be captured meanwhile",
            ),
            Self::Restored => Text::new(
                "本机由备份恢复，或 heads 文件夹中的文件缺失，须先与其他办公点核对并补齐本机记录才能签发。请连接网络；草稿可以照常采集",
                "this node was restored from a backup, or a file in its folder heads/ is missing: it signs nothing until its own log was \
                 compared with other offices. Connect the network; drafts can be captured meanwhile",
            ),
            Self::Behind { origin, here, signed } => Text::new(
                format!(
                    "数据库只有 {origin} 的 {here} 条记录，而已签名 {signed} 条；缺少的正从其他办公点取回。请连接网络，不要删除任何文件"
                ),
                format!(
                    "the database holds {here} entries of {origin}, but {signed} were signed; the missing ones are fetched from other \
                     offices: connect the network and delete nothing"
                ),
            ),
            Self::Replaced { origin, here, signed } => Text::new(
                format!("数据库中 {origin} 的 {here} 条记录并非已签名的 {signed} 条：数据库被替换或损坏。请保留全部文件并联系省级管理员"),
                format!(
                    "the {here} entries of {origin} in the database are not the {signed} that were signed: it was swapped or damaged; keep \
                     every file and call the provincial admin"
                ),
            ),
            Self::Elsewhere(origin) => Text::new(
                format!("另有机器正用本办公点的密钥签写 {origin}。请关闭另一台机器并联系省级管理员"),
                format!("another machine signs {origin} with this office's key: stop it and call the provincial admin"),
            ),
            Self::Rotated => Text::new(
                "省级已登记本办公点的新密钥，程序将以新密钥重新启动；如未自动重启，请手动重启",
                "the province has enrolled this office's new key, and the program starts again with it; if it does not by itself, start it again",
            ),
            Self::Forked(origin) => Text::new(
                format!(
                    "{origin} 出现了两份由本办公点密钥签名的历史：密钥在两台机器上使用，或已被盗。请停用另一台机器，保留全部文件；\
                     省级裁定后运行 huizhi office new-epoch，以新密钥继续"
                ),
                format!(
                    "two histories of {origin} carry this office's signature: its key is used by two machines, or was stolen. Stop the other \
                     machine and keep every file; once the province has decided, run `huizhi office new-epoch` to go on with a new key"
                ),
            ),
            Self::Ended { origin, stands } => Text::new(
                format!(
                    "省级已终止 {origin}，前 {stands} 条有效。请运行 huizhi office new-epoch，并把申请交给省级管理员，以新密钥和新日志继续"
                ),
                format!(
                    "the province ended {origin} at {stands} entries: run `huizhi office new-epoch` and give the request to the provincial \
                     admin, to go on with a new key and a new log"
                ),
            ),
            Self::Spoilt { origin, index } => Text::new(
                format!(
                    "{origin} 的第 {index} 条记录已损坏，而且已对损坏的内容签名：此日志无法修复。请运行 huizhi office new-epoch，并把申请交给省级管理员，以新日志继续"
                ),
                format!(
                    "entry {index} of {origin} is damaged, and the damaged bytes were signed: this log cannot be mended and needs a new epoch: run \
                     `huizhi office new-epoch` and give the request to the provincial admin"
                ),
            ),
            Self::Full(_) => Text::new(
                "磁盘已满，暂停签发和采集；仍可查询并接收其他办公点的记录。请腾出至少 100 MB，本机会自动恢复",
                "the disk is full: nothing is signed or captured, but what is here is shown and other offices' records are \
                     taken. Free at least 100 MB; the node goes on by itself",
            ),
            Self::Disk(error) => Text::new(
                format!("磁盘拒绝写入：{}。请检查磁盘空间后重新启动", error.zh),
                format!("the disk refused a write: {}; look at the disk and start the node again", error.en),
            ),
        }
    }
}

/// What is known about the right to sign. Being behind is not kept here: it follows from the logs themselves.
#[derive(Debug)]
pub(super) struct Standing {
    mark: Mark,
    /// Nobody is known to hold more, by an end in order or by asking.
    compared: bool,
    /// For the life of this process.
    stuck: Option<Held>,
    /// Until there is space on the disk again: the words in which the system refused.
    full: Option<Text>,
}

impl Standing {
    pub(super) fn new(mark: Mark) -> Self {
        Self { mark, compared: mark == Mark::Clean, stuck: None, full: None }
    }
    pub(super) fn is_full(&self) -> bool {
        self.full.is_some()
    }
    pub(super) fn fill(&mut self, words: Text) {
        self.full.get_or_insert(words);
    }
    pub(super) fn empty(&mut self) {
        self.full = None;
    }
    /// Whether nobody is known to hold more of the own logs.
    pub(super) fn is_compared(&self) -> bool {
        self.compared
    }
}

impl Office {
    /// Why nothing is signed, when nothing is.
    pub fn held(&self) -> Option<Held> {
        let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(stuck) = self.stopped_by_the_disk(&standing).or_else(|| standing.stuck.clone()) {
            return Some(stuck);
        }
        if let Some(held) = self.own_logs().find_map(|own| self.stopped_by_the_province(own)) {
            return Some(held);
        }
        self.unsure(&standing)
    }

    /// A full disk, or one that fails. A write that was refused a moment ago counts, whoever tried it.
    fn stopped_by_the_disk(&self, standing: &Standing) -> Option<Held> {
        let refused =
            || self.store.refused_write().map(|refused| if refused.full { Held::Full(refused.words) } else { Held::Disk(refused.words) });
        standing.full.clone().map(Held::Full).or_else(refused)
    }

    /// As long as it is not known that nobody holds more of the own logs.
    fn unsure(&self, standing: &Standing) -> Option<Held> {
        let behind = self.own_logs().find_map(|own| {
            let signed = lock(&own.newest).as_ref().map_or(0, SignedCheckpoint::size);
            let here = self.store.head(&own.origin).size;
            (signed > here).then(|| Held::Behind { origin: own.origin.clone(), here, signed })
        });
        behind.or(match standing.mark {
            _ if standing.compared => None,
            Mark::Restored => Some(Held::Restored),
            _ => Some(Held::Unasked),
        })
    }

    /// A rotation, a fork or the end of an own log. All of them follow from what is known of the federation.
    fn stopped_by_the_province(&self, own: &OwnLog) -> Option<Held> {
        if own.epoch.is_some() && self.next_epoch_is_ready() {
            return Some(Held::Rotated);
        }
        let members = self.members();
        if members.open_forks().any(|fork| fork.points().0.origin == own.origin) {
            return Some(Held::Forked(own.origin.clone()));
        }
        let stands = members.office(self.code)?.end_of(&own.origin)?;
        Some(Held::Ended { origin: own.origin.clone(), stands })
    }

    /// Refuses while nothing is signed into one own log. What stops another one of this node does not stop it: a province whose own office
    /// was cloned must be able to say so.
    pub(super) fn check_writable_of(&self, own: &OwnLog) -> Result<(), Refusal> {
        let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner);
        let held = self.stopped_by_the_disk(&standing).or_else(|| standing.stuck.clone());
        let held = held.or_else(|| self.stopped_by_the_province(own)).or_else(|| self.unsure(&standing));
        held.map_or(Ok(()), |held| Err(refusal(&held)))
    }

    /// Why nothing is signed, in words.
    pub fn read_only(&self) -> Option<Text> {
        self.held().map(|held| held.text())
    }

    /// How the last process ended, as far as that still matters.
    pub fn mark(&self) -> Mark {
        self.standing.read().unwrap_or_else(PoisonError::into_inner).mark
    }

    pub(in crate::service) fn stick(&self, held: Held) {
        tracing::error!(reason = %held.text().en, "read-only");
        self.standing.write().unwrap_or_else(PoisonError::into_inner).stuck.get_or_insert(held);
        self.tell(super::Change::Status);
    }

    /// Refuses while nothing is signed.
    ///
    /// # Errors
    /// Read-only, with the reason.
    pub fn check_writable(&self) -> Result<(), Refusal> {
        self.held().map_or(Ok(()), |held| Err(refusal(&held)))
    }

    /// Refuses while not even a draft can be kept. Whatever else stops the signing, people at the counter are not sent home.
    ///
    /// # Errors
    /// The disk refused a write.
    pub fn check_drafts(&self) -> Result<(), Refusal> {
        let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner);
        let stuck = || standing.stuck.clone().filter(|held| matches!(held, Held::Disk(_)));
        self.stopped_by_the_disk(&standing).or_else(stuck).map_or(Ok(()), |held| Err(refusal(&held)))
    }

    /// Whether no other office can hold anything of this one: the province before it enrolled anybody else.
    fn alone(&self) -> bool {
        self.is_province() && self.members().offices().all(|office| office.enrol.key == self.keys.office.public())
    }

    /// After everything is read from disk: may this node sign, and is there a head that was not signed before the last end?
    pub(super) fn stand_up(&self) -> Result<(), StoreError> {
        for own in self.own_logs() {
            if let Some(index) = self.store.first_refused(&own.origin)? {
                self.stick(Held::Spoilt { origin: own.origin.clone(), index });
            }
        }
        if self.misses_a_head() {
            tracing::error!("a head file is missing: the own log is compared with other offices, as after a restore");
            // Durable: what is fetched back meanwhile makes a head file, and that one proves nothing.
            self.mark_file.write_restored()?;
            self.standing.write().unwrap_or_else(PoisonError::into_inner).mark = Mark::Restored;
        }
        // Nobody else has seen anything, so there is nobody to ask; a backup stays suspect, for people hold receipts.
        let reached_head = || self.own_logs().all(|own| lock(&own.newest).as_ref().is_some_and(|newest| newest.size() > 0));
        let confirmed = match self.mark() {
            Mark::Clean => true,
            // Keys that nobody has used have signed nothing that could be compared.
            Mark::New => !self.own_logs().any(|own| self.store.head(&own.origin).size > 0 || lock(&own.newest).is_some()),
            Mark::Unknown | Mark::CleanBefore => self.alone(),
            // A head file is no part of a backup: one that is here was on this disk before.
            Mark::Restored => self.alone() && reached_head(),
        };
        self.standing.write().unwrap_or_else(PoisonError::into_inner).compared = confirmed;
        if self.held().is_none() { self.sign_tails() } else { Ok(()) }
    }

    /// Whether a head file is gone that this office has written. One stands there before the first record of a log, and before the mark says
    /// that anything was signed.
    fn misses_a_head(&self) -> bool {
        let is_here = |own: &OwnLog| lock(&own.newest).is_some();
        let of_log = self.own_logs().any(|own| !is_here(own) && self.store.head(&own.origin).size > 0);
        let signed = !matches!(self.mark(), Mark::New | Mark::Restored) && self.mark_file.is_here();
        of_log || signed && !self.own_logs().chain(&self.past).any(is_here)
    }

    /// Puts the head of the empty log there where there is none yet.
    fn begin_heads(&self) -> Result<(), StoreError> {
        for own in self.own_logs() {
            let mut newest = lock(&own.newest);
            if newest.is_none() && self.store.head(&own.origin).size == 0 {
                let empty = Checkpoint { origin: own.origin.clone(), size: 0, root: merkle::empty_root() }.sign(self.key_of(own));
                own.head.write(&empty)?;
                *newest = Some(empty);
            }
        }
        Ok(())
    }

    /// Signs what was committed and not signed before the last end.
    pub(super) fn sign_tails(&self) -> Result<(), StoreError> {
        for own in self.own_logs() {
            if self.stopped_by_the_province(own).is_none()
                && self.store.head(&own.origin).size > lock(&own.newest).as_ref().map_or(0, SignedCheckpoint::size)
            {
                self.publish(own)?;
            }
        }
        // A crash between commit and head file, and the next epoch began.
        for own in &self.past {
            let head = self.store.head(&own.origin);
            let signed = lock(&own.newest).clone().filter(|signed| signed.size() < head.size && head.note.is_empty());
            if let Some(signed) = signed
                && self.goes_on(&own.origin)
                && self.begins_with(&head, &signed)?
            {
                self.publish(own)?;
            }
        }
        Ok(())
    }

    /// Says that a process writes now, before its first signature.
    pub(super) fn mark_running(&self) -> Result<(), StoreError> {
        if !self.marked.load(Ordering::Acquire) {
            self.begin_heads()?;
            self.mark_file.write_running()?;
            self.marked.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Says that the process ends in order. One that may not sign leaves the mark as it found it.
    pub(super) fn mark_clean(&self) {
        let signed = self.marked.load(Ordering::Acquire) || self.mark() != Mark::New;
        if signed
            && self.held().is_none()
            && !std::thread::panicking()
            && let Err(error) = self.mark_file.write_clean()
        {
            tracing::warn!(%error, "the end in order cannot be noted: other offices are asked at the next start");
        }
    }

    /// The database as it is between two appends, with the size of every log.
    ///
    /// # Errors
    /// As the database.
    pub fn snapshot(&self) -> Result<(Snapshot, Vec<(Origin, u64)>), StoreError> {
        let _writer = lock(&self.append);
        self.store.snapshot()
    }

    /// Logs that this node writes or wrote: its office's of all epochs, and the province's at the province.
    pub fn own_origins(&self) -> Vec<Origin> {
        self.own_logs().chain(&self.past).map(|own| own.origin.clone()).collect()
    }

    /// Offices that might hold entries of this one's log.
    pub fn others(&self) -> Vec<OfficeCode> {
        let me = self.keys.office.public();
        self.members().offices().filter(|office| office.enrol.key != me).map(|office| office.enrol.code).collect()
    }

    /// Other offices were asked and hold no more of the own logs than this database, or the policy lets the node go on without an answer.
    ///
    /// # Errors
    /// The disk refuses; the node stays read-only then.
    pub fn compared(&self) -> Result<(), StoreError> {
        let _writer = lock(&self.append);
        if !matches!(self.held(), Some(Held::Unasked | Held::Restored)) {
            return Ok(());
        }
        // Durable before anything is signed, so that a crash from here on is an end out of order and no restore.
        self.mark_running()?;
        let mut standing = self.standing.write().unwrap_or_else(PoisonError::into_inner);
        standing.compared = true;
        standing.mark = Mark::Unknown;
        drop(standing);
        tracing::info!("the own log is compared; this node signs again");
        self.sign_tails()?;
        self.tell(super::Change::Status);
        Ok(())
    }

    /// Takes entries of an own log back from a peer. This office signed the checkpoint over them, whatever became of the disk since.
    pub(super) fn refill(&self, own: &OwnLog, package: Package) -> Result<Result<(), PackageError>, Refusal> {
        let _writer = lock(&self.append);
        let key = VerifierKey::new(own.origin.clone(), self.key_of(own).public());
        let named: Vec<LogPoint> = self.members().named(&own.origin).cloned().collect();
        let verified = match package.verify(&self.store.edge(&own.origin), &key, &named) {
            Ok(verified) => verified,
            Err(error) => return Ok(Err(error)),
        };
        if self.signed.load(Ordering::Acquire) {
            // This process signed, and somebody else signed on top of it.
            self.stick(Held::Elsewhere(own.origin.clone()));
            return Ok(Err(PackageError::OtherHistory));
        }
        let checkpoint = verified.checkpoint.clone();
        if lock(&own.newest).as_ref().is_none_or(|newest| newest.size() < checkpoint.size()) {
            // First of all, so that a crash in the middle of the refill leaves a node that knows what it lacks.
            own.head.write(&checkpoint)?;
            if self.mark() != Mark::Restored {
                self.mark_running()?;
            }
            *lock(&own.newest) = Some(checkpoint.clone());
            self.standing.write().unwrap_or_else(PoisonError::into_inner).compared = false;
            tracing::warn!(size = checkpoint.size(), origin = %own.origin, "others hold more of the own log: fetching it back");
            self.tell(super::Change::Status);
        }
        let before = verified.start;
        let entries = match self.store.commit_package(&own.origin, verified) {
            Ok(entries) => entries,
            Err(StoreError::NotNext { start, size }) => return Ok(Err(PackageError::NotNext { start, size })),
            Err(error) => return Err(error.into()),
        };
        if own.epoch.is_none() {
            self.apply_province().map_err(Refusal::fault)?;
        } else {
            self.compare_history(&own.origin, before)?;
        }
        let records: Vec<Verified> = entries.into_iter().map(|entry| entry.record).collect();
        self.note_records(&own.origin, &records);
        Ok(Ok(()))
    }
}

fn refusal(held: &Held) -> Refusal {
    let Text { zh, en } = held.text();
    Refusal::state("read_only", format!("本机处于只读状态：{zh}。"), format!("this node is read-only: {en}"))
}

impl Drop for Office {
    fn drop(&mut self) {
        self.mark_clean();
    }
}
