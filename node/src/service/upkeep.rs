//! What a running node does by the way: folding cases that a change of membership touched or whose records were stored unweighed, looking
//! whether a full disk has space, reading through the whole disk slowly, removing what nothing names, and asking for the next epoch of the
//! log when the year turns.

use crate::{
    config::ScrubSection,
    service::{Change, Office, office::now_ms, scrub::Scrub},
    store::{StoreError, Waiting},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
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
/// Between two messages of how much there is still to take in.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// Between two looks whether the disk refuses, or has space again.
const LOOK_AT_DISK: Duration = Duration::from_secs(2);
/// After an error of the disk nothing is tried for this long.
const PAUSE: Duration = Duration::from_secs(10);
/// Blobs that nothing names are removed when they are this old: a kill came between them and their record.
pub const ORPHAN_GRACE_MS: u64 = 7 * DAY_MS;
const DAY_MS: u64 = 86_400_000;
/// Between two looks at the calendar.
const HOUR: Duration = Duration::from_secs(3_600);
/// Between two steps of the slow reading at least and at most this long.
const SCRUB_PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(600));

/// Works until `stop` changes. Every step runs on a blocking thread.
pub async fn run(office: Arc<Office>, scrub: ScrubSection, stop: watch::Receiver<bool>) {
    tokio::join!(
        fold(office.clone(), stop.clone()),
        regularly(LOOK_AT_DISK, office.clone(), stop.clone(), try_disk),
        regularly(Duration::from_millis(DAY_MS), office.clone(), stop.clone(), remove_orphans),
        regularly(HOUR, office.clone(), stop.clone(), look_at_the_calendar),
        regularly(PAUSE, office.clone(), stop.clone(), end_left_logs),
        read_through(office, scrub, stop)
    );
}

/// When the screens are told how much there is still to take in: steps are many, and nobody reads faster than this.
#[derive(Default)]
struct Telling {
    told: Option<(Instant, Waiting)>,
}

impl Telling {
    /// Whether to tell after a step: what waits is not what was told, and that was a while ago or nothing waits any more.
    fn is_due(&mut self, now: Instant, waiting: Waiting) -> bool {
        let due = match self.told {
            None => waiting != Waiting::default(),
            Some((at, told)) => told != waiting && (waiting == Waiting::default() || now.duration_since(at) >= TELL_EVERY),
        };
        if due {
            self.told = Some((now, waiting));
        }
        due
    }
}

async fn fold(office: Arc<Office>, mut stop: watch::Receiver<bool>) {
    let mut changes = office.changes();
    let mut telling = Telling::default();
    loop {
        let folding = office.clone();
        let step = move || Ok::<_, StoreError>((folding.settle(FOLD_STEP)?, folding.store.waiting()?));
        let pause = match spawn_blocking(step).await {
            Ok(Ok((settled, waiting))) => {
                if telling.is_due(Instant::now(), waiting) {
                    office.tell(Change::Status);
                }
                (!settled).then_some(Duration::ZERO)
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

/// Does something on a blocking thread at once, and again after every `pause`.
async fn regularly(pause: Duration, office: Arc<Office>, mut stop: watch::Receiver<bool>, work: fn(&Office)) {
    let mut tick = interval(pause);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            _ = tick.tick() => {}
        }
        let office = office.clone();
        if let Err(error) = spawn_blocking(move || work(&office)).await {
            tracing::error!(%error, "upkeep failed");
        }
    }
}

fn try_disk(office: &Office) {
    if let Err(error) = office.try_disk_again() {
        tracing::warn!(%error, "the disk still refuses");
    }
}

fn remove_orphans(office: &Office) {
    if let Err(error) = office.collect_orphans(ORPHAN_GRACE_MS) {
        tracing::warn!(error = %error.text.en, "blobs that nothing names cannot be removed now");
    }
}

fn end_left_logs(office: &Office) {
    match office.end_left_logs() {
        Ok(ends) => ends.iter().for_each(|end| tracing::info!(%end, "its office went on to the next epoch: the log ends")),
        Err(error) => tracing::warn!(error = %error.text.en, "the log of an epoch before cannot be ended now"),
    }
}

fn look_at_the_calendar(office: &Office) {
    if let Err(error) = office.turn_of_the_year(now_ms()) {
        tracing::warn!(error = %error.text.en, "the next epoch of this office's log cannot be asked for now");
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
            Ok::<_, StoreError>((step, all))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_steps_one_a_second_is_told_and_the_end_at_once() {
        let (mut telling, start) = (Telling::default(), Instant::now());
        let at = |ms: u64| start + Duration::from_millis(ms);
        assert!(!telling.is_due(at(0), Waiting::default()), "nothing waited and nothing does");
        // A step each 10 ms for ten seconds.
        let told = (0..1_000).filter(|step| telling.is_due(at(step * 10), Waiting { records: 8_192_000 - step * 8_192, cases: step % 7 }));
        assert_eq!(told.count(), 10);
        assert!(telling.is_due(at(9_991), Waiting::default()), "that it is over is told at once");
        assert!(!telling.is_due(at(99_999), Waiting::default()), "and once");
        assert!(telling.is_due(at(100_000), Waiting { records: 0, cases: 1 }));
    }
}
