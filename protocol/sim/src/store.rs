//! What one office keeps: logs with their trees, head files, fork proofs, the witness's points, blobs. What was not synced is lost in a crash.
//!
//! It keeps the order of the real store: entries are durable before the head file is, and the head file before anybody is told. A durable
//! commit makes everything durable that was written before it, as in redb.

use crate::office::blobs::{Part, Whole};
use protocol::{
    id::{BlobHash, Origin, RecordHash},
    limits::PACKAGE_ENTRIES_MAX,
    log::{Entry, ForkName, LogPoint, Package, VerifiedPackage},
    merkle::{self, Edge, Hash, Subtrees},
    record::Signed,
    sync::wire::Head,
};
use std::{cell::RefCell, collections::BTreeMap, convert::Infallible, rc::Rc};

/// An entry as stored: its bytes, and what it says where its signature holds.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) bytes: Vec<u8>,
    pub(crate) entry: Option<Entry>,
}

/// A place in a log, and what stands there.
type Place = (Origin, u64, RecordHash);

/// Signatures that were checked already. Whether one holds depends on nothing but the bytes and the place, so it is checked once per run and
/// not once per office, which is most of the time of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checked(Rc<RefCell<BTreeMap<Place, Rc<Stored>>>>);

impl Checked {
    pub(crate) fn entry(&self, origin: &Origin, index: u64, bytes: &[u8]) -> Rc<Stored> {
        let name = (origin.clone(), index, RecordHash(merkle::leaf_hash(bytes)));
        let mut known = self.0.borrow_mut();
        let stored = known.entry(name).or_insert_with(|| {
            let record = Signed::parse(bytes).and_then(|signed| signed.verify(origin)).ok();
            let entry = record.map(|record| Entry { origin: origin.clone(), index, record });
            Rc::new(Stored { bytes: bytes.to_vec(), entry })
        });
        stored.clone()
    }
}

/// One log: entries, every complete subtree by level, and the newest note over all that is here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    pub(crate) entries: Vec<Rc<Stored>>,
    levels: Vec<Vec<Hash>>,
    pub(crate) edge: Edge,
    pub(crate) note: String,
    /// By number of entries: a checkpoint beyond what is here and the proof that leads to it, as they came.
    reached: BTreeMap<u64, (String, Vec<Hash>)>,
    synced: (u64, String),
}

impl Subtrees for Log {
    type Error = Infallible;
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        Ok(self.levels[usize::from(level)][index as usize])
    }
}

impl Log {
    pub(crate) fn size(&self) -> u64 {
        self.edge.size()
    }
    pub(crate) fn push(&mut self, stored: Rc<Stored>) {
        let levels = &mut self.levels;
        self.edge.append(merkle::leaf_hash(&stored.bytes), |level, _, hash| {
            let level = usize::from(level);
            if levels.len() <= level {
                levels.resize(level + 1, Vec::new());
            }
            levels[level].push(hash);
        });
        self.entries.push(stored);
    }
    /// Root over the first entries, of which so many must be here.
    pub(crate) fn root_at(&self, size: u64) -> Hash {
        let Ok(root) = merkle::root(self, size);
        root
    }
    pub(crate) fn path(&self, old: u64, new: u64) -> Vec<Hash> {
        let Ok(path) = merkle::consistency_proof(self, old, new);
        path
    }
    pub(crate) fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        let Ok(path) = merkle::inclusion_proof(self, index, size);
        path
    }
    pub(crate) fn head(&self, origin: &Origin) -> Head {
        Head { origin: origin.clone(), size: self.size(), root: RecordHash(self.edge.root()) }
    }
    /// Entries that the note stands for.
    pub(crate) fn signed(&self) -> u64 {
        size_of(&self.note)
    }
    /// The package from `start` on, of at most so many entries; nothing where no checkpoint covers it.
    pub(crate) fn package(&self, start: u64, entries_max: usize) -> Option<Package> {
        let signed = self.signed();
        if signed <= start || signed > self.size() {
            let (end, (note, proof)) = self.reached.range(start + 1..).next()?;
            let entries = self.entries[start as usize..*end as usize].iter().map(|stored| stored.bytes.clone().into()).collect();
            return Some(Package { start, entries, checkpoint: note.clone(), proof: proof.iter().map(|hash| (*hash).into()).collect() });
        }
        let end = signed.min(start + entries_max.clamp(1, PACKAGE_ENTRIES_MAX) as u64);
        let entries = self.entries[start as usize..end as usize].iter().map(|stored| stored.bytes.clone().into()).collect();
        let proof = self.path(end, signed).into_iter().map(Into::into).collect();
        Some(Package { start, entries, checkpoint: self.note.clone(), proof })
    }
    /// Keeps what shows that the entries up to here are the log's own.
    pub(crate) fn reach(&mut self, package: &VerifiedPackage) {
        let (note, size) = (package.checkpoint.note().to_owned(), package.edge.size());
        if package.checkpoint.size() == size {
            self.note = note;
            self.reached.clear();
        } else {
            self.reached.insert(size, (note, package.proof.clone()));
        }
    }
    /// Entries that a crash leaves.
    pub(crate) fn synced(&self) -> u64 {
        self.synced.0
    }
    /// Forgets what comes after so many entries.
    pub(crate) fn truncate(&mut self, size: u64, note: String) {
        self.entries.truncate(size as usize);
        for (level, hashes) in self.levels.iter_mut().enumerate() {
            hashes.truncate((size >> level) as usize);
        }
        let Ok(edge) = Edge::load(&*self, size);
        self.edge = edge;
        self.reached.retain(|end, _| *end <= size);
        self.note = note;
        self.synced = (size, self.note.clone());
    }
}

/// The size that a note claims; read from notes that were verified when they came.
pub(crate) fn size_of(note: &str) -> u64 {
    note.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0)
}

/// What is left when the power goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    pub(crate) logs: BTreeMap<Origin, Log>,
    /// Newest own checkpoints, outside the database: they only move forward.
    pub(crate) heads: BTreeMap<Origin, String>,
    pub(crate) forks: BTreeMap<ForkName, Vec<u8>>,
    pub(crate) witnessed: BTreeMap<Origin, LogPoint>,
    /// Blobs that are whole.
    pub(crate) blobs: BTreeMap<BlobHash, Whole>,
    /// Blobs under way.
    pub(crate) parts: BTreeMap<BlobHash, Part>,
    synced_parts: BTreeMap<BlobHash, Part>,
}

impl Disk {
    /// A durable commit.
    pub(crate) fn sync(&mut self) {
        for log in self.logs.values_mut() {
            if log.synced.0 != log.size() || log.synced.1.len() != log.note.len() {
                log.synced = (log.size(), log.note.clone());
            }
        }
        self.synced_parts.clone_from(&self.parts);
    }
    /// The power goes: what was not synced is gone.
    pub(crate) fn lose_unsynced(&mut self) {
        for log in self.logs.values_mut() {
            let (size, note) = log.synced.clone();
            log.truncate(size, note);
        }
        self.logs.retain(|_, log| log.size() > 0);
        self.parts.clone_from(&self.synced_parts);
    }
    pub(crate) fn frontier(&self) -> Vec<Head> {
        self.logs.iter().map(|(origin, log)| log.head(origin)).collect()
    }
    pub(crate) fn size(&self, origin: &Origin) -> u64 {
        self.logs.get(origin).map_or(0, Log::size)
    }
}
