//! The workers.

use super::{
    journal::Journal,
    plan::{Plan, Task},
    table::{self, Outcome, Row},
};
use crate::{
    service::photos::{self, PhotoResult},
    store,
};
use anyhow::{Context, Result};
use photo::{Shot, Vision};
use sha2::{Digest, Sha256};
use specs::Spec;
use std::{
    collections::HashMap,
    io::Read,
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// What to make.
#[derive(Debug)]
pub struct Order<'a> {
    /// The pictures.
    pub plan: &'a Plan,
    /// The documents; every picture is made into each of them.
    pub specs: &'a [Spec],
    /// Where the photos, the journal and the table go.
    pub out: &'a Path,
    /// Workers, at least one.
    pub jobs: usize,
}

/// How it ended.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Every line of the table.
    pub rows: Vec<Row>,
    /// Pictures that an earlier run had finished.
    pub resumed: usize,
}

impl Summary {
    /// Lines with this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.rows.iter().filter(|row| row.outcome == outcome).count()
    }
}

/// Name of the table in the target folder.
const TABLE: &str = "result.csv";

/// Works through the plan. Each worker gets a vision of its own from `vision`; `on_done` hears of every picture finished.
///
/// # Errors
/// The target folder cannot be written, or a model is damaged. Pictures that cannot be used are lines of the table.
pub fn run(order: &Order<'_>, vision: &(dyn Fn() -> Result<Box<dyn Vision>> + Sync), on_done: &(dyn Fn() + Sync)) -> Result<Summary> {
    std::fs::create_dir_all(order.out).with_context(|| format!("cannot make the folder {}", order.out.display()))?;
    let shared = Shared {
        order,
        next: AtomicUsize::new(0),
        resumed: AtomicUsize::new(0),
        journal: Mutex::new(Journal::open(order.out)?),
        seen: Mutex::new(HashMap::new()),
    };
    let workers = order.jobs.clamp(1, order.plan.tasks.len().max(1));
    let mut finished: Vec<(usize, Vec<Row>)> = std::thread::scope(|scope| {
        let work = || -> Result<Vec<(usize, Vec<Row>)>> {
            let vision = vision()?;
            let mut done = Vec::new();
            while let Some((index, task)) = shared.take() {
                done.push((index, shared.work(index, task, &*vision)?));
                on_done();
            }
            Ok(done)
        };
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut all = Vec::new();
        for handle in handles {
            all.extend(handle.join().map_err(|_| anyhow::anyhow!("a worker failed"))??);
        }
        Ok::<_, anyhow::Error>(all)
    })?;
    finished.sort_by_key(|(index, _)| *index);
    let mut rows: Vec<Row> = finished.into_iter().flat_map(|(_, rows)| rows).collect();
    rows.extend(order.plan.settled.iter().cloned());
    let path = order.out.join(TABLE);
    store::replace_file(&path, &table::csv(&rows)?).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Summary { rows, resumed: shared.resumed.into_inner() })
}

struct Shared<'a> {
    order: &'a Order<'a>,
    next: AtomicUsize,
    resumed: AtomicUsize,
    journal: Mutex<Journal>,
    /// Pictures by their hash, with the place in the plan of the first that had it.
    seen: Mutex<HashMap<String, usize>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared<'_> {
    fn take(&self) -> Option<(usize, &Task)> {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        Some((index, self.order.plan.tasks.get(index)?))
    }

    /// All lines of one picture, one for each document.
    fn work(&self, index: usize, task: &Task, vision: &dyn Vision) -> Result<Vec<Row>> {
        let bytes = match read(&task.picture) {
            Ok(bytes) => bytes,
            Err(error) => {
                return Ok(vec![Row::settled(
                    task.entry.clone(),
                    Outcome::Refused,
                    format!("照片文件无法读取：{error:#}"),
                    format!("The picture file cannot be read: {error:#}"),
                )]);
            }
        };
        let hash = hex::encode(Sha256::digest(&bytes));
        if let Some(first) = self.first_with(&hash, index) {
            let other = &self.order.plan.tasks[first].entry;
            let row = Row::settled(
                task.entry.clone(),
                Outcome::Duplicate,
                format!("与 {} 是同一张照片。请核对两人的照片。", other.file),
                format!("This is the same picture as {}. Check the pictures of both.", other.file),
            );
            return Ok(vec![Row { picture_hash: hash, ..row }]);
        }
        let keys: Vec<String> = self.order.specs.iter().map(|spec| key(&hash, spec, &task.stem, vision)).collect();
        let known: Option<Vec<Row>> = {
            let journal = locked(&self.journal);
            keys.iter().map(|key| journal.finished(key, self.order.out)).collect()
        };
        if let Some(known) = known {
            let _ = self.resumed.fetch_add(1, Ordering::Relaxed);
            return Ok(known.into_iter().map(|row| Row { entry: task.entry.clone(), ..row }).collect());
        }
        let specs: Vec<&Spec> = self.order.specs.iter().collect();
        let shot = Shot { bytes: &bytes, ..Shot::default() };
        let made = photos::standardize_all(&shot, &specs, vision, &mut |_| {});
        let mut rows = Vec::new();
        for (at, (spec, key)) in specs.iter().zip(&keys).enumerate() {
            let result = match &made {
                Ok(results) => results[at].as_ref(),
                Err(refusal) => Err(refusal),
            };
            let blank = Row {
                spec: spec.id().into(),
                picture_hash: hash.clone(),
                ..Row::settled(task.entry.clone(), Outcome::Refused, String::new(), String::new())
            };
            let row = match result {
                Err(refusal) => Row { reasons_zh: refusal.text.zh.clone(), reasons_en: refusal.text.en.clone(), ..blank },
                Ok(made) => {
                    let out = if specs.len() == 1 { format!("{}.jpg", task.stem) } else { format!("{}-{}.jpg", task.stem, spec.id()) };
                    let path = self.order.out.join(&out);
                    store::replace_file(&path, &made.jpeg).with_context(|| format!("cannot write {}", path.display()))?;
                    finished(blank, out, &PhotoResult::of(made, vision.name()))
                }
            };
            locked(&self.journal).note(key, &row)?;
            rows.push(row);
        }
        Ok(rows)
    }

    /// The earlier picture of the plan with the same bytes, whichever worker comes first.
    fn first_with(&self, hash: &str, index: usize) -> Option<usize> {
        let mut seen = locked(&self.seen);
        let first = *seen.entry(hash.to_owned()).or_insert(index);
        (first != index).then_some(first)
    }
}

fn finished(blank: Row, out: String, result: &PhotoResult) -> Row {
    let failed: Vec<_> = result.checks.iter().filter(|check| check.failed()).collect();
    let zh = failed.iter().map(|check| format!("{}：{}", check.title.zh, check.next_step.zh)).collect::<Vec<_>>().join(" ");
    let en = failed.iter().map(|check| format!("{}: {}", check.title.en, check.next_step.en)).collect::<Vec<_>>().join(" ");
    let to_review = result.checks.iter().filter(|check| check.verdict == photo::Verdict::NotAssessed.key()).count() as u32;
    Row {
        outcome: if failed.is_empty() { Outcome::Made } else { Outcome::CheckFailed },
        out,
        bytes: result.bytes,
        to_review,
        reasons_zh: zh,
        reasons_en: en,
        ..blank
    }
}

/// Names a result by all that it depends on, so that a changed spec, model or program makes the photo anew.
fn key(hash: &str, spec: &Spec, stem: &str, vision: &dyn Vision) -> String {
    format!("{} {} {hash} {} {stem}", env!("CARGO_PKG_VERSION"), vision.name(), spec.hash_hex())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte beyond the bound is enough for the decoder to refuse it as too large.
    std::fs::File::open(path)?.take(photo::decode::MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
