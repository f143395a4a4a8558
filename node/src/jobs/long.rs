//! Work that takes longer than a request may: it goes on when whoever began it is gone, and what became of it can be asked for later.

use crate::{panics, service::Refusal};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Bound: jobs that are remembered, with the one that runs.
const REMEMBERED_MAX: usize = 16;

/// One job as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Names it while this process runs.
    pub id: u64,
    /// What it does: `backup`, `export` or `retirement`.
    pub kind: &'static str,
    /// How much is done, ...
    pub done: u64,
    /// ... of how much, where that is known.
    pub all: Option<u64>,
    /// What became of it; nothing while it runs.
    pub ended: Option<Result<Value, Refusal>>,
}

/// The jobs of a process. One runs at a time: each reads the whole disk.
#[derive(Debug, Clone, Default)]
pub struct LongJobs(Arc<Mutex<BTreeMap<u64, Job>>>);

/// Tells how far a job came.
#[derive(Debug, Clone)]
pub struct Progress {
    jobs: LongJobs,
    id: u64,
}

impl Progress {
    /// So much of so much is done.
    pub fn report(&self, done: u64, all: Option<u64>) {
        if let Some(job) = self.jobs.lock().get_mut(&self.id) {
            (job.done, job.all) = (done, all);
        }
    }
}

impl LongJobs {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a job on a thread of its own.
    ///
    /// # Errors
    /// Another one runs.
    pub fn begin(
        &self,
        kind: &'static str,
        work: impl FnOnce(&Progress) -> Result<Value, Refusal> + Send + 'static,
    ) -> Result<Job, Refusal> {
        let mut jobs = self.lock();
        if let Some(running) = jobs.values().find(|job| job.ended.is_none()) {
            return Err(Refusal::state(
                "job_running",
                format!("正在进行另一项耗时操作（{}，编号 {}），请等它结束；huizhi jobs 可查看进度。", running.kind, running.id),
                format!("another long job runs ({} {}): wait for its end; `huizhi jobs` shows how far it is", running.kind, running.id),
            ));
        }
        let id = jobs.last_key_value().map_or(1, |(id, _)| id + 1);
        let job = Job { id, kind, done: 0, all: None, ended: None };
        jobs.insert(id, job.clone());
        while jobs.len() > REMEMBERED_MAX {
            jobs.pop_first();
        }
        drop(jobs);
        let progress = Progress { jobs: self.clone(), id };
        std::thread::spawn(move || {
            let ended = panics::caught(|| work(&progress)).unwrap_or_else(|panic| Err(Refusal::fault(panic)));
            if let Err(error) = &ended {
                tracing::error!(%error, kind, id, "a long job failed");
            }
            if let Some(job) = progress.jobs.lock().get_mut(&id) {
                job.ended = Some(ended);
            }
        });
        Ok(job)
    }

    /// A job that is remembered.
    ///
    /// # Errors
    /// None has this number.
    pub fn job(&self, id: u64) -> Result<Job, Refusal> {
        self.lock().get(&id).cloned().ok_or_else(|| {
            Refusal::not_found(
                "没有此编号的操作，可能在程序重新启动前进行。",
                "there is no job with this number; it may have run before the program was started again",
            )
        })
    }

    /// All jobs that are remembered, oldest first.
    pub fn all(&self) -> Vec<Job> {
        self.lock().values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn ended(jobs: &LongJobs, id: u64) -> Job {
        loop {
            let job = jobs.job(id).unwrap();
            if job.ended.is_some() {
                return job;
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn mend_31_a_long_job_tells_how_far_it_is_and_its_result_is_asked_for_later() {
        let jobs = LongJobs::default();
        let (go, wait) = mpsc::sync_channel::<()>(1);
        let (told, hear) = mpsc::sync_channel::<()>(1);
        let begun = jobs
            .begin("backup", move |progress| {
                progress.report(3, Some(9));
                told.send(()).map_err(Refusal::fault)?;
                wait.recv().map_err(Refusal::fault)?;
                Ok(Value::from(9))
            })
            .unwrap();
        hear.recv().unwrap();
        let job = jobs.job(begun.id).unwrap();
        assert_eq!((job.done, job.all, &job.ended), (3, Some(9), &None));
        assert_eq!(jobs.begin("export", |_| Ok(Value::Null)).unwrap_err().code, "job_running");
        go.send(()).unwrap();
        assert_eq!(ended(&jobs, begun.id).ended, Some(Ok(Value::from(9))));
        let failed = jobs.begin("export", |_| panic!("a library")).unwrap();
        assert_eq!(ended(&jobs, failed.id).ended.unwrap().unwrap_err().code, "fault", "what panicked stands in the log");
        for _ in 0..2 * REMEMBERED_MAX {
            let job = jobs.begin("export", |_| Ok(Value::Null)).unwrap();
            ended(&jobs, job.id);
        }
        assert_eq!(jobs.all().len(), REMEMBERED_MAX);
        assert!(jobs.job(begun.id).is_err());
    }
}
