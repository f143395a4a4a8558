//! Blobs that are fetched from their end: over lines that lose, past liars that spoil pieces, and through the end of a program.

use super::cases::{calm, green};
use crate::{Lie, Plan, converge, net::Wall, world::Happening, world::World};
use protocol::{
    id::{BlobHash, Millis},
    limits::BLOB_CHUNK_BYTES_MAX,
};
use std::collections::BTreeSet;

/// Five pieces, the last one shorter.
const BYTES: usize = 4 * BLOB_CHUNK_BYTES_MAX + 777;

fn has(world: &World, office: usize, blob: BlobHash) -> bool {
    world.offices[office].disk.blobs.contains_key(&blob)
}

/// Bytes that came and were verified of a blob that is not whole.
fn part(world: &World, office: usize, blob: BlobHash) -> u64 {
    world.offices[office].disk.parts.get(&blob).map_or(0, |part| part.tail.have())
}

/// Milliseconds until an office has a blob.
fn until(world: &mut World, office: usize, blob: BlobHash, most: Millis) -> Option<Millis> {
    let began = world.now;
    while !has(world, office, blob) && world.now < began + most {
        world.pass(100);
    }
    has(world, office, blob).then_some(world.now - began)
}

#[test]
fn a_blob_comes_whole_past_liars_once_an_honest_holder_is_connected() {
    for seed in 1..11 {
        // Office 1, 2 and 3 have it and spoil it, lose it from view or tell of other pieces; office 4 has it and cannot be reached.
        let liars = vec![(1, Lie::Garbles), (2, Lie::Floods), (3, Lie::Replays)];
        let mut world = World::new(Plan { liars, loss: 10 * seed, ..Plan::calm(seed, 6) });
        world.pass(5_000);
        world.net.walls.insert(0, Wall::Around(BTreeSet::from([4])));
        world.pass(15_000);
        let other = world.make_blob(&[1, 3], &[5], BYTES);
        let blob = world.make_blob(&[1, 4], &[5], BYTES);
        world.pass(300_000);
        world.net.walls.clear();
        let took = until(&mut world, 5, blob, 300_000);
        assert!(took.is_some(), "seed {seed}: it has {} bytes of it", part(&world, 5, blob));
        world.heal();
        // Nobody honest has the other one, so nothing is promised of it; what came of it is verified all the same.
        converge(&mut world);
        assert!(part(&world, 5, other) <= BYTES as u64);
        green(&world);
    }
}

#[test]
fn what_was_verified_before_the_power_went_is_not_fetched_again() {
    for seed in 1..6 {
        let mut world = World::new(Plan { delay_ms: (200, 200), ..Plan::calm(seed, 5) });
        world.pass(5_000);
        let blob = world.make_blob(&[1], &[3], BYTES);
        while part(&world, 3, blob) < 2 * BLOB_CHUNK_BYTES_MAX as u64 {
            world.pass(100);
        }
        let before = part(&world, 3, blob);
        world.offices[3].disk.sync();
        world.at(world.now, Happening::Crash { office: 3, roll_back: false });
        world.pass(1_000);
        assert_eq!(part(&world, 3, blob), before);
        // Whoever gave the first pieces is gone; another one gives the rest.
        let whole = world.offices[1].disk.blobs[&blob].clone();
        world.offices[2].disk.blobs.insert(blob, whole);
        world.net.walls.insert(0, Wall::Around(BTreeSet::from([1])));
        let bytes = world.bytes;
        world.at(world.now, Happening::Restart(3));
        assert!(until(&mut world, 3, blob, 60_000).is_some(), "seed {seed}");
        let fetched = world.bytes - bytes;
        assert!(fetched < BYTES as u64 - before + BLOB_CHUNK_BYTES_MAX as u64, "seed {seed}: {fetched} bytes for what was missing");
        world.heal();
        converge(&mut world);
        green(&world);
    }
}

#[test]
fn what_was_not_on_the_disk_when_the_power_went_is_fetched_again() {
    let mut world = calm(4);
    world.net.delay = (200, 200);
    let blob = world.make_blob(&[1], &[3], BYTES);
    while part(&world, 3, blob) == 0 {
        world.pass(100);
    }
    world.offices[3].disk.lose_unsynced();
    assert_eq!(part(&world, 3, blob), 0, "the end of it was never synced");
    // An answer is on its way to a question that is older than what the disk knows.
    assert!(until(&mut world, 3, blob, 60_000).is_some());
    green(&world);
}
