//! A bounded pool for pixel work: as many jobs at once as there are cores, and a short queue; beyond it a clerk is told to wait.
//! A glance at a preview frame never waits and is never waited for long: it is made when a core is idle, one at a time, or not at all.

pub mod long;

use crate::service::{Kind, Refusal};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Photos that may wait. Each holds its file in memory, at most 32 MiB.
const QUEUE_MAX: usize = 16;

/// The pool.
#[derive(Debug, Clone)]
pub struct Jobs {
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    glancing: Arc<Semaphore>,
}

impl Default for Jobs {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            running: Arc::new(Semaphore::new(cores)),
            admitted: Arc::new(Semaphore::new(cores + QUEUE_MAX)),
            glancing: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Jobs {
    /// Runs pixel work when a core is free.
    ///
    /// # Errors
    /// The queue is full, or the work refuses. Dropping the future does not stop work that has begun.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T, Refusal> + Send + 'static) -> Result<T, Refusal> {
        let _admitted = self.admitted.clone().try_acquire_owned().map_err(|_| {
            Refusal::new(Kind::State, "busy", "正在处理的照片太多，请稍等几秒再试。", "too many photos are being made; wait some seconds")
        })?;
        let running = self.running.clone().acquire_owned().await.map_err(Refusal::fault)?;
        tokio::task::spawn_blocking(move || {
            let _running = running;
            work()
        })
        .await
        .map_err(Refusal::fault)?
    }

    /// Runs work that is worth nothing when it is late: nothing comes back where no core is idle or another glance is under way.
    ///
    /// # Errors
    /// The work refuses.
    pub async fn glance<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<Option<T>, Refusal> {
        let Ok(glancing) = self.glancing.clone().try_acquire_owned() else { return Ok(None) };
        let Ok(running) = self.running.clone().try_acquire_owned() else { return Ok(None) };
        tokio::task::spawn_blocking(move || {
            let _held = (glancing, running);
            work().map(Some)
        })
        .await
        .map_err(Refusal::fault)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_glance_is_made_alone_and_only_while_a_core_is_idle() {
        let jobs = Jobs::default();
        assert_eq!(jobs.glance(|| Ok(1)).await.unwrap(), Some(1));
        let (finish, wait) = mpsc::sync_channel::<()>(1);
        let (begun, has_begun) = mpsc::sync_channel(1);
        let first = tokio::spawn({
            let jobs = jobs.clone();
            async move {
                jobs.glance(move || {
                    begun.send(()).map_err(Refusal::fault)?;
                    wait.recv().map_err(Refusal::fault)
                })
                .await
            }
        });
        tokio::task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
        assert_eq!(jobs.glance(|| Ok(2)).await.unwrap(), None, "one at a time");
        finish.send(()).unwrap();
        assert_eq!(first.await.unwrap().unwrap(), Some(()));
        let cores = jobs.running.available_permits() as u32;
        let all = jobs.running.clone().acquire_many_owned(cores).await.unwrap();
        assert_eq!(jobs.glance(|| Ok(3)).await.unwrap(), None, "photos have every core");
        drop(all);
        assert_eq!(jobs.glance(|| Ok(4)).await.unwrap(), Some(4));
    }
}
