//! The workers.

use super::{
    giant,
    journal::{Journal, Line},
    others::Others,
    plan::{self, Plan, Task},
    table::{self, Outcome, Row},
};
use crate::{
    roster::Entry,
    service::photos::{self, PhotoResult},
    store::{self, StoreError},
};
use anyhow::{Context, Result, bail};
use photo::{Shot, Vision, Wanted};
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, HashSet},
    io::{ErrorKind, Read},
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
    pub wanted: &'a [Wanted<'a>],
    /// Where the photos, the journal and the table go.
    pub out: &'a Path,
    /// Workers, at least one.
    pub jobs: usize,
    /// Tells one set of model files from another, so that photos are made anew with other models.
    pub models: &'a str,
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
/// Folder in the target folder for photos that failed a check: nobody shall hand them in with the good ones.
pub(super) const CHECK_FAILED: &str = "check_failed";

/// Works through the plan. Each worker gets a vision of its own from `vision`; `on_done` hears of every picture finished.
///
/// # Errors
/// The target folder cannot be written or is the one of the pictures, or a model is damaged. Pictures that cannot be used
/// are lines of the table.
pub fn run(order: &Order<'_>, vision: &(dyn Fn() -> Result<Box<dyn Vision>> + Sync), on_done: &(dyn Fn() + Sync)) -> Result<Summary> {
    std::fs::create_dir_all(order.out).with_context(|| format!("cannot make the folder {}", order.out.display()))?;
    spare(&order.plan.folder, order.out)?;
    let shared = Shared {
        order,
        next: AtomicUsize::new(0),
        resumed: AtomicUsize::new(0),
        journal: Mutex::new(Journal::open(order.out)?),
        giant: Mutex::new(()),
    };
    let workers = order.jobs.clamp(1, order.plan.tasks.len().max(1));
    let mut finished: Vec<(usize, Vec<Row>)> = std::thread::scope(|scope| {
        let work = || -> Result<Vec<(usize, Vec<Row>)>> {
            let vision = vision()?;
            let mut done = Vec::new();
            while let Some((index, task)) = shared.take() {
                done.push((index, shared.work(task, &*vision)?));
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
    let mut results: Vec<Vec<Row>> = finished.into_iter().map(|(_, rows)| rows).collect();
    mark_duplicates(order.plan, &mut results);
    let journal = shared.journal.into_inner().unwrap_or_else(PoisonError::into_inner);
    remove_stale(order.plan, &results, &journal, order.out)?;
    let mut rows: Vec<Row> = results.into_iter().flatten().collect();
    rows.extend(order.plan.settled.iter().cloned());
    let path = order.out.join(TABLE);
    store::replace_file(&path, &table::csv(&rows)?).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Summary { rows, resumed: shared.resumed.into_inner() })
}

/// Refuses a target folder in which photos would take the places of the pictures they are made from.
fn spare(pictures: &Path, out: &Path) -> Result<()> {
    let real = |path: &Path| path.canonicalize().with_context(|| format!("cannot find the folder {}", path.display()));
    let (pictures, failed) = (real(pictures)?, out.join(CHECK_FAILED));
    if pictures == real(out)? || (failed.exists() && pictures == real(&failed)?) {
        bail!("{} holds the original pictures, which would be overwritten; name another folder with --out", out.display());
    }
    Ok(())
}

/// Finds the same picture in several places, and takes the photo from all whose picture it may not be: of several people
/// nobody knows whose it is. Where pictures only stand for themselves, the first by file name keeps it.
fn mark_duplicates(plan: &Plan, results: &mut [Vec<Row>]) {
    let mut alike: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, rows) in results.iter().enumerate() {
        if let Some(row) = rows.first().filter(|row| !row.picture_hash.is_empty()) {
            alike.entry(row.picture_hash.clone()).or_default().push(index);
        }
    }
    for (hash, places) in alike.into_iter().filter(|(_, places)| places.len() > 1) {
        for index in places.iter().skip(usize::from(!plan.has_people)) {
            let entry = &plan.tasks[*index].entry;
            let (others, count) = if plan.has_people { (&places[..], places.len() - 1) } else { (&places[..1], 1) };
            let others = Others::of(others.iter().filter(|other| *other != index).map(|other| &plan.tasks[*other].entry), count);
            let row = Row::settled(
                entry.clone(),
                Outcome::Duplicate,
                format!("与 {} 是同一张照片。请核对每人的照片。", others.zh()),
                format!("This is the same picture as that of {}. Check everybody's picture.", others.en()),
            );
            results[*index] = vec![Row { picture_hash: hash.clone(), ..row }];
        }
    }
}

/// Removes photos of the journal that the table no longer stands for: of a person who has none now, be it under the stem
/// of today or of an earlier roster, and of one whose photo lies in the other folder now.
///
/// Photos of other people and of other documents stay: several batches may share a folder.
fn remove_stale(plan: &Plan, results: &[Vec<Row>], journal: &Journal, folder: &Path) -> Result<()> {
    let mut kept = HashSet::new();
    let mut moved = HashSet::new();
    let (mut stems, mut people) = (HashSet::new(), HashSet::new());
    // A stem that somebody else has now is no longer the one of a person without a picture.
    let taken: HashSet<String> = plan.tasks.iter().map(|task| task.stem.to_lowercase()).collect();
    let free = |stem: &String| !taken.contains(&stem.to_lowercase());
    let settled = plan.settled.iter().map(|row| (plan::stem_without_picture(&row.entry).filter(free), row));
    let worked = plan.tasks.iter().zip(results).flat_map(|(task, rows)| rows.iter().map(|row| (Some(task.stem.clone()), row)));
    for (stem, row) in worked.chain(settled) {
        if !row.out.is_empty() {
            let _ = kept.insert(row.out.clone());
            let _ = moved.insert(twin(&row.out));
            continue;
        }
        if let Some(stem) = stem {
            let _ = stems.insert((stem.to_lowercase(), row.spec.clone()));
        }
        if let Some(person) = person(&row.entry) {
            let _ = people.insert((person, row.spec.clone()));
        }
    }
    for line in journal.photos() {
        let out = &line.row.out;
        // A line without a document speaks of all of them.
        let specs = [String::new(), line.row.spec.clone()];
        let without_photo = specs.into_iter().any(|spec| {
            stems.contains(&(line.stem.to_lowercase(), spec.clone()))
                || person(&line.row.entry).is_some_and(|person| people.contains(&(person, spec)))
        });
        if !kept.contains(out) && (without_photo || moved.contains(out)) {
            let path = folder.join(out);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove the outdated photo {}", path.display()));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Number and name of somebody who has any.
fn person(entry: &Entry) -> Option<(String, String)> {
    (!entry.id.is_empty() || !entry.name.is_empty()).then(|| (entry.id.clone(), entry.name.clone()))
}

/// Where a photo of this name lies when its checks end the other way.
fn twin(out: &str) -> String {
    out.strip_prefix(CHECK_FAILED).map_or_else(|| format!("{CHECK_FAILED}/{out}"), |name| name.trim_start_matches('/').to_owned())
}

struct Shared<'a> {
    order: &'a Order<'a>,
    next: AtomicUsize,
    resumed: AtomicUsize,
    journal: Mutex<Journal>,
    /// Held while a giant is decoded and worked on, so that memory holds one at most.
    giant: Mutex<()>,
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
    fn work(&self, task: &Task, vision: &dyn Vision) -> Result<Vec<Row>> {
        let bytes = match read(&task.picture) {
            Ok(bytes) => bytes,
            Err(error) => {
                let why = crate::text::io_error(&error);
                return Ok(vec![Row::settled(
                    task.entry.clone(),
                    Outcome::Refused,
                    format!("照片文件无法读取：{}。", why.zh),
                    format!("The picture file cannot be read: {}.", why.en),
                )]);
            }
        };
        let hash = hex::encode(Sha256::digest(&bytes));
        let keys: Vec<String> = self.order.wanted.iter().map(|wanted| self.key(&hash, wanted, &task.stem, vision)).collect();
        let known: Option<Vec<Row>> = {
            let journal = locked(&self.journal);
            keys.iter().map(|key| journal.finished(key, self.order.out)).collect()
        };
        if let Some(known) = known {
            let _ = self.resumed.fetch_add(1, Ordering::Relaxed);
            return Ok(known.into_iter().map(|row| Row { entry: task.entry.clone(), ..row }).collect());
        }
        let shot = Shot { bytes: &bytes, ..Shot::default() };
        let turn = giant::is_giant(&bytes).then(|| locked(&self.giant));
        let made = photos::standardize_all(&shot, self.order.wanted, vision, &mut |_| {});
        drop(turn);
        let mut rows = Vec::new();
        for (at, (spec, key)) in self.order.wanted.iter().map(Wanted::spec).zip(keys).enumerate() {
            let result = match &made {
                Ok(results) => results[at].as_ref(),
                Err(refusal) => Err(refusal),
            };
            let blank = Row {
                spec: spec.id().into(),
                picture_hash: hash.clone(),
                ..Row::settled(task.entry.clone(), Outcome::Refused, String::new(), String::new())
            };
            let mut photo_hash = String::new();
            let row = match result {
                Err(refusal) => Row { reasons_zh: refusal.text.zh.clone(), reasons_en: refusal.text.en.clone(), ..blank },
                Ok(made) => {
                    let name = if self.order.wanted.len() == 1 {
                        format!("{}.jpg", task.stem)
                    } else {
                        format!("{}-{}.jpg", task.stem, spec.id())
                    };
                    let row = finished(blank.clone(), name, &PhotoResult::of(made, vision.name()));
                    if put(self.order.out, &row.out, &made.jpeg)? {
                        photo_hash = hex::encode(Sha256::digest(&made.jpeg));
                        row
                    } else {
                        Row {
                            reasons_zh: "文件系统不接受这个文件名。请缩短编号、姓名或照片文件名。".into(),
                            reasons_en:
                                "The file system does not take this file name. Shorten the number, the name or the picture's file name."
                                    .into(),
                            ..blank
                        }
                    }
                }
            };
            locked(&self.journal).note(Line { key, stem: task.stem.clone(), photo_hash, row: row.clone() })?;
            rows.push(row);
        }
        Ok(rows)
    }

    /// Names a result by all that it depends on, so that a changed spec, background, model or program makes the photo anew.
    fn key(&self, hash: &str, wanted: &Wanted<'_>, stem: &str, vision: &dyn Vision) -> String {
        let backgrounds: Vec<String> = wanted.backgrounds().iter().map(|colour| specs::hex(*colour)).collect();
        let (spec, backgrounds) = (wanted.spec().hash_hex(), backgrounds.concat());
        format!("{} {} {} {hash} {spec}{backgrounds} {stem}", env!("CARGO_PKG_VERSION"), vision.name(), self.order.models)
    }
}

/// Writes a photo; `false` when the file system refuses the name. Anything else that stands in the way stands in the way
/// of every photo that follows, and ends the batch.
fn put(folder: &Path, out: &str, jpeg: &[u8]) -> Result<bool> {
    let path = folder.join(out);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(|| format!("cannot make the folder {}", parent.display()))?;
    }
    match store::replace_file(&path, jpeg) {
        Err(StoreError::Io(error)) if error.kind() == ErrorKind::InvalidFilename => Ok(false),
        written => written.map(|()| true).with_context(|| format!("cannot write {}", path.display())),
    }
}

fn finished(blank: Row, name: String, result: &PhotoResult) -> Row {
    let failed: Vec<_> = result.checks.iter().filter(|check| check.failed()).collect();
    let zh = failed.iter().map(|check| format!("{}：{}", check.title.zh, check.next_step.zh)).collect::<Vec<_>>().join(" ");
    let en = failed.iter().map(|check| format!("{}: {}", check.title.en, check.next_step.en)).collect::<Vec<_>>().join(" ");
    let to_review = result.checks.iter().filter(|check| check.verdict == photo::Verdict::NotAssessed.key()).count() as u32;
    let (outcome, out) = if failed.is_empty() { (Outcome::Made, name) } else { (Outcome::CheckFailed, format!("{CHECK_FAILED}/{name}")) };
    Row { outcome, out, bytes: result.bytes, to_review, reasons_zh: zh, reasons_en: en, ..blank }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte beyond the bound is enough for the decoder to refuse it as too large.
    std::fs::File::open(path)?.take(photo::decode::MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    //! What is decided once every picture is finished, and what may be written.
    use super::*;
    use crate::roster::Roster;
    use photo::{Face, NoVision, Rgb, VisionError};

    fn person_of(id: &str) -> Entry {
        Entry { file: format!("{id}.jpg"), id: id.into(), name: format!("name {id}") }
    }

    fn plan(ids: &[&str], has_people: bool) -> Plan {
        let task = |id: &&str| Task { picture: format!("{id}.jpg").into(), entry: person_of(id), stem: (*id).into() };
        Plan { has_people, tasks: ids.iter().map(task).collect(), ..Plan::default() }
    }

    fn row(id: &str, outcome: Outcome, out: &str, hash: &str) -> Row {
        let row = Row::settled(person_of(id), outcome, String::new(), String::new());
        Row { out: out.into(), spec: "s".into(), picture_hash: hash.into(), ..row }
    }

    fn outcomes(results: &[Vec<Row>]) -> Vec<Outcome> {
        results.iter().flatten().map(|row| row.outcome).collect()
    }

    #[test]
    fn nobody_gets_a_picture_that_several_people_share() {
        use Outcome::{Duplicate, Made};
        let made = |ids: &[(&str, &str)]| ids.iter().map(|(id, hash)| vec![row(id, Made, &format!("{id}.jpg"), hash)]).collect::<Vec<_>>();
        let mut results = made(&[("1", "x"), ("2", "y"), ("3", "x")]);
        mark_duplicates(&plan(&["1", "2", "3"], true), &mut results);
        assert_eq!(outcomes(&results), [Duplicate, Made, Duplicate]);
        assert!(results[0][0].reasons_zh.contains("name 3") && results[2][0].reasons_en.contains("name 1"), "{results:?}");
        assert!(results[0][0].out.is_empty());

        let mut results = made(&[("1", "x"), ("2", "y"), ("3", "x")]);
        mark_duplicates(&plan(&["1", "2", "3"], false), &mut results);
        assert_eq!(outcomes(&results), [Made, Made, Duplicate], "without a roster the first by file name stands");
    }

    #[test]
    fn photos_of_earlier_runs_go_when_their_picture_ends_without_one() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        std::fs::create_dir(dir.path().join(CHECK_FAILED)).unwrap();
        // 1 is refused now, 2 is settled without a picture and had another stem, 3 passes now and had failed, 4 is somebody else's.
        let earlier =
            [("1", "1", "1.jpg"), ("2", "b", "b.jpg"), ("3", "3", "check_failed/3.jpg"), ("4", "4", "4.jpg"), ("3", "3", "3.jpg")];
        for (id, stem, out) in earlier {
            std::fs::write(dir.path().join(out), b"photo").unwrap();
            let row = row(id, Outcome::Made, out, "x");
            journal.note(Line { key: out.into(), stem: stem.into(), photo_hash: String::new(), row }).unwrap();
        }
        std::fs::write(dir.path().join("unknown.jpg"), b"not ours").unwrap();
        let mut plan = plan(&["1", "3"], true);
        plan.settled.push(Row { spec: String::new(), ..row("2", Outcome::NoPicture, "", "") });
        let results = [vec![row("1", Outcome::Refused, "", "")], vec![row("3", Outcome::Made, "3.jpg", "x")]];
        remove_stale(&plan, &results, &journal, dir.path()).unwrap();
        let left = |out: &str| dir.path().join(out).exists();
        assert!(!left("1.jpg") && !left("b.jpg") && !left("check_failed/3.jpg"));
        assert!(left("3.jpg") && left("4.jpg") && left("unknown.jpg"));
    }

    #[test]
    fn only_a_name_that_is_not_taken_spares_the_batch() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!put(dir.path(), &format!("{}.jpg", "x".repeat(300)), b"photo").unwrap());
        assert!(put(dir.path(), "check_failed/a.jpg", b"photo").unwrap());
        std::fs::create_dir(dir.path().join("b.jpg")).unwrap();
        assert!(put(dir.path(), "b.jpg", b"photo").unwrap_err().to_string().contains("b.jpg"));
    }

    /// Sees nobody, and notes whether the turn of large pictures is taken while it looks.
    struct Watch<'a> {
        giant: &'a Mutex<()>,
        taken: Mutex<Vec<bool>>,
    }

    impl Vision for Watch<'_> {
        fn faces(&self, _image: &Rgb) -> std::result::Result<Vec<Face>, VisionError> {
            self.taken.lock().unwrap().push(self.giant.try_lock().is_err());
            Ok(Vec::new())
        }
        fn name(&self) -> &str {
            "watch"
        }
    }

    #[test]
    fn only_one_large_picture_is_in_work_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        for (name, width) in [("1", 600), ("2", 5_200)] {
            image::GrayImage::new(width, 4_000).save(dir.path().join(format!("{name}.png"))).unwrap();
        }
        let (mut plan, wanted) = (plan(&["1", "2"], false), [specs::find("cn-graduate").unwrap().into()]);
        plan.tasks.iter_mut().for_each(|task| task.picture = dir.path().join(&task.picture).with_extension("png"));
        let out = dir.path().join("out");
        std::fs::create_dir(&out).unwrap();
        let shared = Shared {
            order: &Order { plan: &plan, wanted: &wanted, out: &out, jobs: 2, models: "" },
            next: AtomicUsize::new(0),
            resumed: AtomicUsize::new(0),
            journal: Mutex::new(Journal::open(&out).unwrap()),
            giant: Mutex::new(()),
        };
        let watch = Watch { giant: &shared.giant, taken: Mutex::default() };
        for task in &plan.tasks {
            assert_eq!(shared.work(task, &watch).unwrap()[0].outcome, Outcome::Refused);
        }
        assert_eq!(*watch.taken.lock().unwrap(), [false, true], "2.4 megapixels wait for nobody, 20.8 do");
        assert!(shared.giant.try_lock().is_ok(), "and give the turn back");
    }

    #[test]
    fn a_failed_photo_lies_apart() {
        for out in ["a.jpg", "check_failed/a.jpg"] {
            assert_eq!(twin(&twin(out)), out);
        }
    }

    fn batch(pictures: &Path, out: &Path, roster: Option<&Roster>, models: &str) -> Result<Summary> {
        batch_on(pictures, out, roster, models, specs::find("cn-graduate").unwrap().into())
    }

    fn batch_on(pictures: &Path, out: &Path, roster: Option<&Roster>, models: &str, wanted: Wanted<'_>) -> Result<Summary> {
        let plan = Plan::make(pictures, roster)?;
        let wanted = [wanted];
        run(&Order { plan: &plan, wanted: &wanted, out, jobs: 2, models }, &|| Ok(Box::new(NoVision)), &|| {})
    }

    #[test]
    fn originals_are_never_the_target() {
        let dir = tempfile::tempdir().unwrap();
        let pictures = dir.path().join("a").join(CHECK_FAILED);
        std::fs::create_dir_all(&pictures).unwrap();
        std::fs::write(pictures.join("a.jpg"), b"picture").unwrap();
        for out in [pictures.clone(), pictures.join("../check_failed"), dir.path().join("a")] {
            let error = batch(&pictures, &out, None, "").unwrap_err();
            assert!(error.to_string().contains("original pictures"), "{error:#}");
        }
        assert!(batch(&pictures, &dir.path().join("out"), None, "").is_ok());
    }

    #[test]
    fn another_background_makes_everything_anew() {
        let dir = tempfile::tempdir().unwrap();
        let (pictures, out) = (dir.path().join("in"), dir.path().join("out"));
        std::fs::create_dir(&pictures).unwrap();
        std::fs::write(pictures.join("a.jpg"), b"picture").unwrap();
        let spec = specs::find("cn-graduate").unwrap();
        let resumed = |name| batch_on(&pictures, &out, None, "", Wanted::named(spec, name).unwrap()).unwrap().resumed;
        assert_eq!([resumed("white"), resumed("white"), resumed("blue"), resumed("#ffffff")], [0, 1, 0, 1]);
    }

    #[test]
    fn other_models_make_everything_anew() {
        let dir = tempfile::tempdir().unwrap();
        let (pictures, out) = (dir.path().join("in"), dir.path().join("out"));
        std::fs::create_dir(&pictures).unwrap();
        std::fs::write(pictures.join("a.jpg"), b"picture").unwrap();
        let resumed = |models| batch(&pictures, &out, None, models).unwrap().resumed;
        assert_eq!([resumed("m1"), resumed("m1"), resumed("m2")], [0, 1, 0]);
    }
}
