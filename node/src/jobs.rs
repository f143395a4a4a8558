//! A bounded pool for pixel work: as many jobs at once as there are cores, and a short queue; beyond it a clerk is told to wait.

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
}

impl Default for Jobs {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { running: Arc::new(Semaphore::new(cores)), admitted: Arc::new(Semaphore::new(cores + QUEUE_MAX)) }
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
}
