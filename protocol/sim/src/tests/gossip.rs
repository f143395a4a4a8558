//! Checkpoints by gossip: what they prove where nobody holds the log, and what liars make of them.

use super::cases::{green, submit};
use crate::{Lie, Plan, converge, net::Wall, world::World};
use protocol::id::Origin;
use std::collections::BTreeSet;

/// A machine that was cloned, in a federation in which nobody else holds its log: not one entry of it is anywhere to be compared. Each half
/// of the others hears one machine and is cut off from the other half.
fn cloned_and_not_held(seed: u64, loss: u64) -> (World, Origin) {
    let mut world = World::new(Plan { gossip: true, liars: vec![(4, Lie::Equivocates)], loss, ..Plan::calm(seed, 6) });
    for index in world.honest() {
        world.with(index, |office| office.hold_the_least());
    }
    world.net.walls.insert(0, Wall::Around(BTreeSet::from([0, 2, 4])));
    world.run_until(125_000);
    let origin = world.offices[4].origin.clone();
    (world, origin)
}

/// The shorter history grows until both are of one size.
fn level(world: &mut World, origin: &Origin) {
    while world.offices[4].disk.size(origin) != world.offices[6].disk.size(origin) {
        let shorter = if world.offices[4].disk.size(origin) < world.offices[6].disk.size(origin) { 4 } else { 6 };
        submit(world, shorter);
    }
}

fn know(world: &World, origin: &Origin) -> usize {
    let knows = |index: &usize| world.offices[*index].members.forks().any(|(fork, ..)| fork.points().0.origin == *origin);
    world.honest().iter().filter(|index| knows(index)).count()
}

#[test]
fn case_12_a_log_that_nobody_holds_is_proved_to_be_forked_by_gossip_alone() {
    for seed in 1..11 {
        // Up to 13 % of messages are lost for good.
        let (mut world, origin) = cloned_and_not_held(seed, 13 * (seed - 1));
        // Whatever chance gave the two machines to do, they signed two histories of one size.
        level(&mut world, &origin);
        for machine in [4, 6] {
            submit(&mut world, machine);
        }
        world.pass(30_000);
        assert_eq!(know(&world, &origin), 0, "seed {seed}: nothing comes through the wall");
        world.heal();
        world.pass(30_000);
        // What was said on either side of the wall is said no more; the next that both sign is heard everywhere.
        for machine in [4, 6] {
            submit(&mut world, machine);
        }
        world.pass(60_000);
        for index in world.honest() {
            assert_eq!(world.offices[index].disk.size(&origin), 0, "seed {seed}: office {index} holds none of it");
        }
        assert_eq!(know(&world, &origin), world.honest().len(), "seed {seed}");
        converge(&mut world);
        green(&world);
    }
}

#[test]
fn case_33_who_gossips_garbage_or_old_checkpoints_changes_nothing_and_is_not_listened_to() {
    for seed in 1..6 {
        let liars = vec![(3, Lie::Replays), (4, Lie::Garbles), (5, Lie::Floods)];
        let mut world = World::new(Plan { gossip: true, liars, deeds: 60, loss: 50, ..Plan::calm(seed, 8) });
        let mut heard = vec![Vec::new(); 8];
        while world.now < 120_000 {
            world.pass(500);
            for (index, before) in heard.iter_mut().enumerate() {
                let now: Vec<u64> = world.offices.iter().map(|of| world.offices[index].heard_of(&of.origin)).collect();
                assert!(before.iter().zip(&now).all(|(before, now)| before <= now), "seed {seed}: office {index} went back");
                *before = now;
            }
        }
        for index in world.honest() {
            let office = &world.offices[index];
            assert!(office.does_not_listen_to(world.offices[5].public()), "seed {seed}: office {index} listens to garbage");
            for honest in world.honest() {
                let other = &world.offices[honest];
                // A message that is lost here is lost for good, and most of a mesh of four may be liars: one is heard of after two more.
                let (size, known) = (other.disk.size(&other.origin), office.heard_of(&other.origin));
                assert!(
                    index == honest || known > 0 || size < 3,
                    "seed {seed}: office {index} never heard of {honest} and its {size} entries"
                );
            }
        }
        world.heal();
        converge(&mut world);
        green(&world);
    }
}
