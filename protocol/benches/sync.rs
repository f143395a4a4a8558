//! What one event costs the replication machine of a large federation: 1,000 logs that are followed, 50 connected peers.
#![allow(missing_docs, reason = "a bench")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use protocol::{
    id::{Origin, PublicKey, RecordHash},
    log::Package,
    sync::{Effect, Event, Sync, wire::Head},
};
use std::{collections::VecDeque, time::Duration};

const LOGS: u32 = 1_000;
const PEERS: u8 = 50;

fn origin(log: u32) -> Origin {
    format!("demo.huizhi/office/{:08}/1", 44_030_000 + log).parse().expect("eight digits are an office code")
}

fn head(log: u32, size: u64) -> Head {
    Head { origin: origin(log), size, root: RecordHash([size as u8; 32]) }
}

fn peers() -> impl Iterator<Item = PublicKey> {
    (0..PEERS).map(|peer| PublicKey([peer; 32]))
}

/// A machine that holds `here` entries of every log, among peers that hold `there` of each.
fn machine(here: u64, there: u64) -> (Sync, Vec<Effect>) {
    let mut sync = Sync::default();
    let mut effects = sync.handle(0, Event::Follow((0..LOGS).map(origin).collect()));
    for log in (0..LOGS).filter(|_| here > 0) {
        effects.extend(sync.handle(0, Event::HeadAdvanced(head(log, here))));
    }
    for peer in peers() {
        effects.extend(sync.handle(0, Event::Connected(peer)));
        effects.extend(sync.handle(0, Event::FrontierReceived(peer, (0..LOGS).map(|log| head(log, there)).collect())));
    }
    (sync, effects)
}

fn fetches(effects: Vec<Effect>) -> impl Iterator<Item = (PublicKey, u64, Origin)> {
    effects.into_iter().filter_map(|effect| match effect {
        Effect::Fetch { peer, id, origin, .. } => Some((peer, id, origin)),
        _ => None,
    })
}

fn package() -> Package {
    Package { start: 0, entries: vec![vec![1].into()], checkpoint: String::new(), proof: vec![] }
}

fn events(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("1,000 logs, 50 peers");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    group.bench_function("a head advances", |b| {
        let (mut sync, _) = machine(5, 5);
        let mut size = 5;
        b.iter(|| {
            size += 1;
            sync.handle(1, Event::HeadAdvanced(head(7, size)))
        });
    });
    group.bench_function("a second passes", |b| {
        let (mut sync, _) = machine(5, 5);
        b.iter(|| sync.handle(1, Event::Tick));
    });
    group.bench_function("a frontier of 1,000 logs comes", |b| {
        let (mut sync, _) = machine(5, 5);
        let heads: Vec<Head> = (0..LOGS).map(|log| head(log, 5)).collect();
        b.iter_batched(|| heads.clone(), |heads| sync.handle(1, Event::FrontierReceived(PublicKey([7; 32]), heads)), BatchSize::SmallInput);
    });
    group.bench_function("catching up with all of them, a package of each", |b| {
        b.iter_batched(
            || machine(0, 1),
            |(mut sync, effects)| {
                let mut asked: VecDeque<_> = fetches(effects).collect();
                let mut packages = 0;
                while let Some((peer, id, origin)) = asked.pop_front() {
                    asked.extend(fetches(sync.handle(1, Event::PackageReceived(peer, id, package()))));
                    let head = Head { origin: origin.clone(), size: 1, root: RecordHash([1; 32]) };
                    asked.extend(fetches(sync.handle(1, Event::HeadAdvanced(head))));
                    asked.extend(fetches(sync.handle(1, Event::Ingested(peer, origin))));
                    packages += 1;
                }
                assert_eq!(packages, LOGS);
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, events);
criterion_main!(benches);
