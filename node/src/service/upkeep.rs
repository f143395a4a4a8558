//! What a running node does by the way: folding cases that a change of membership touched, and looking whether a full disk has space.

use crate::service::{Change, Office};
use std::{sync::Arc, time::Duration};
use tokio::sync::{broadcast::error::RecvError, watch};

/// Cases folded before the thread is given back.
const FOLD_STEP: usize = 1_024;
/// After an error of the disk nothing is tried for this long.
const PAUSE: Duration = Duration::from_secs(10);

/// Works until `stop` changes. Every step runs on a blocking thread.
pub async fn run(office: Arc<Office>, mut stop: watch::Receiver<bool>) {
    let mut changes = office.changes();
    let mut disk = tokio::time::interval(PAUSE);
    disk.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let folding = office.clone();
        let folded = tokio::task::spawn_blocking(move || folding.settle(FOLD_STEP));
        let pause = match folded.await {
            Ok(Ok(true)) => None,
            Ok(Ok(false)) => {
                office.tell(Change::Cases);
                Some(Duration::ZERO)
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "cases cannot be folded now");
                Some(PAUSE)
            }
            Err(error) => {
                tracing::error!(%error, "folding failed");
                Some(PAUSE)
            }
        };
        tokio::select! {
            _ = stop.changed() => return,
            _ = disk.tick() => {
                let office = office.clone();
                let tried = tokio::task::spawn_blocking(move || office.try_disk_again()).await;
                if let Ok(Err(error)) = tried {
                    tracing::warn!(%error, "the disk still refuses");
                }
            }
            () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
            change = wait(&mut changes), if pause.is_none() => if !change { return },
        }
    }
}

/// Waits until the membership may have changed; false when nothing will any more.
async fn wait(changes: &mut tokio::sync::broadcast::Receiver<Change>) -> bool {
    loop {
        match changes.recv().await {
            Ok(Change::Offices | Change::Specs) | Err(RecvError::Lagged(_)) => return true,
            Err(RecvError::Closed) => return false,
            Ok(_) => {}
        }
    }
}
