//! What a running node does by the way: folding cases that a change of membership touched or whose records were stored unweighed, looking
//! whether a full disk has space, reading through the whole disk slowly, and removing what nothing names.

use crate::{
    config::ScrubSection,
    service::{Change, Office, scrub::Scrub},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{
        broadcast::{Receiver, error::RecvError},
        watch,
    },
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};

/// Cases folded before the thread is given back.
const FOLD_STEP: usize = 16_384;
/// A log that is being caught up with says nothing before its end, which may not come for long.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// After an error of the disk nothing is tried for this long.
const PAUSE: Duration = Duration::from_secs(10);
/// Blobs that nothing names are removed when they are this old: a kill came between them and their record.
pub const ORPHAN_GRACE_MS: u64 = 7 * DAY_MS;
const DAY_MS: u64 = 86_400_000;
/// Between two steps of the slow reading at least and at most this long.
const SCRUB_PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(600));

/// Works until `stop` changes. Every step runs on a blocking thread.
pub async fn run(office: Arc<Office>, scrub: ScrubSection, stop: watch::Receiver<bool>) {
    tokio::join!(
        fold(office.clone(), stop.clone()),
        disk(office.clone(), stop.clone()),
        orphans(office.clone(), stop.clone()),
        read_through(office, scrub, stop)
    );
}

async fn fold(office: Arc<Office>, mut stop: watch::Receiver<bool>) {
    let mut changes = office.changes();
    loop {
        let folding = office.clone();
        let pause = match spawn_blocking(move || folding.settle(FOLD_STEP)).await {
            Ok(Ok(true)) => None,
            Ok(Ok(false)) => Some(Duration::ZERO),
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
            () = tokio::time::sleep(pause.unwrap_or(LOOK_AGAIN)) => {}
            more = may_have_marked(&mut changes), if pause.is_none() => if !more { return },
        }
    }
}

/// Waits until cases may wait to be folded: the membership changed, or a log that was behind came to its end. False when nothing will any more.
async fn may_have_marked(changes: &mut Receiver<Change>) -> bool {
    loop {
        match changes.recv().await {
            Ok(Change::Offices | Change::Specs | Change::Log(_)) | Err(RecvError::Lagged(_)) => return true,
            Err(RecvError::Closed) => return false,
            Ok(_) => {}
        }
    }
}

async fn disk(office: Arc<Office>, mut stop: watch::Receiver<bool>) {
    let mut tick = interval(PAUSE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            _ = tick.tick() => {}
        }
        let office = office.clone();
        if let Ok(Err(error)) = spawn_blocking(move || office.try_disk_again()).await {
            tracing::warn!(%error, "the disk still refuses");
        }
    }
}

async fn orphans(office: Arc<Office>, mut stop: watch::Receiver<bool>) {
    let mut tick = interval(Duration::from_millis(DAY_MS));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            _ = tick.tick() => {}
        }
        let office = office.clone();
        if let Ok(Err(error)) = spawn_blocking(move || office.collect_orphans(ORPHAN_GRACE_MS)).await {
            tracing::warn!(error = %error.text.en, "blobs that nothing names cannot be removed now");
        }
    }
}

/// One pass after the other, each spread over the days.
async fn read_through(office: Arc<Office>, scrub: ScrubSection, mut stop: watch::Receiver<bool>) {
    if scrub.every_days == 0 {
        return;
    }
    let days = Duration::from_millis(u64::from(scrub.every_days) * DAY_MS);
    let mut steps = 0_u64;
    let mut pause = SCRUB_PAUSES.1;
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(pause) => {}
        }
        let reading = office.clone();
        steps += 1;
        let step = spawn_blocking(move || {
            let mut scrub = Scrub::resume(&reading, 100);
            let step = scrub.step()?;
            if !step.ended {
                scrub.keep()?;
            }
            let entries: u64 = reading.store.frontier().iter().map(|head| head.size).sum();
            // About as many blobs as entries lie on a disk that holds all of them, and four are one step.
            let all = entries / 256 + entries / 4 + 1;
            Ok::<_, crate::store::StoreError>((step, all))
        });
        match step.await {
            Ok(Ok((step, all))) => {
                step.found.iter().for_each(|found| tracing::error!(%found, "damaged on this disk"));
                if step.ended {
                    tracing::info!(steps, "read through the whole disk");
                    steps = 0;
                }
                pause = (days / u32::try_from(all.max(1)).unwrap_or(u32::MAX)).clamp(SCRUB_PAUSES.0, SCRUB_PAUSES.1);
            }
            Ok(Err(error)) => tracing::warn!(%error, "the disk cannot be read through now"),
            Err(error) => tracing::error!(%error, "reading through the disk failed"),
        }
    }
}
