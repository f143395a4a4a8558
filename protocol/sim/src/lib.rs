//! The simulator: offices that run the real protocol over a network, clocks and disks that fail, with liars among them.
//!
//! Everything is drawn from one seed and happens in virtual time on one thread, so a seed names a run and replays it exactly. The offices
//! are thin shells around `protocol::sync`, `log`, `membership` and `case`, as the node's shell is; nothing of the protocol is modelled.
//!
//! Reading order: [`Plan`] (what happens), `world` (the queue of events), `office` (one shell), `net`, `store` and `liar` (what goes wrong),
//! `work` (what people do), `check` (what must hold).
//!
//! ```
//! let outcome = sim::run(sim::Plan::random(7, 5)).unwrap();
//! assert_eq!(outcome.trace, sim::run(sim::Plan::random(7, 5)).unwrap().trace);
//! ```

mod check;
mod forge;
mod liar;
mod net;
mod office;
mod plan;
mod rng;
mod store;
mod work;
mod world;

pub use check::Compared;
pub use liar::Lie;
pub use plan::{HEAL_BOUND_MS, Plan};
pub use rng::Rng;

use protocol::id::Millis;
use world::World;

/// What a green run was.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Offices, cloned machines not among them.
    pub offices: usize,
    /// Events in the queue.
    pub events: u64,
    /// Messages sent.
    pub messages: u64,
    /// Bytes of their frames; nothing where frames were left out.
    pub bytes: u64,
    /// Virtual time, milliseconds.
    pub virtual_ms: Millis,
    /// Virtual time from the healing of everything to convergence, milliseconds.
    pub healed_ms: Millis,
    /// For every record and every other honest office: when it was published, and how long it took to get there, milliseconds.
    pub arrivals: Vec<(Millis, Millis)>,
    /// Records that were acknowledged.
    pub records: usize,
    /// Cases, cases in conflict at the end, receipts.
    pub cases: (usize, usize, usize),
    /// Packages that did not verify somewhere.
    pub rejected: u64,
    /// Most questions without an answer that one office had.
    pub questions_max: usize,
    /// What was compared between honest offices at the end.
    pub compared: Compared,
    /// Logs that offices left for a new key, and disks that were put back.
    pub turns: (usize, usize),
    /// Names everything that happened.
    pub trace: [u8; 32],
}

/// A red run.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Runs it again.
    pub command: String,
    /// What does not hold.
    pub findings: Vec<String>,
    /// Names everything that happened.
    pub trace: [u8; 32],
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "replay: {}", self.command)?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "  {finding}"))
    }
}

/// Runs a plan to its end and checks what must hold.
///
/// # Errors
/// Something does not hold.
pub fn run(plan: Plan) -> Result<Outcome, Failure> {
    let mut world = World::new(plan);
    world.run_until(world.plan.active_ms);
    world.heal();
    let healed_ms = converge(&mut world);
    finish(&world, healed_ms)
}

/// Goes on until every honest office holds every honest log, or the bound is reached; gives how long that took.
fn converge(world: &mut World) -> Millis {
    let healed = world.now;
    while !world.is_converged() && world.now < healed + HEAL_BOUND_MS {
        world.pass(1_000);
    }
    let healed_ms = world.now - healed;
    world.pass(world.plan.settle_ms);
    // What settles may have been appended late, by a machine that signed its tail.
    while !world.is_converged() && world.now < healed + HEAL_BOUND_MS + world.plan.settle_ms {
        world.pass(1_000);
    }
    healed_ms
}

fn finish(world: &World, healed_ms: Millis) -> Result<Outcome, Failure> {
    let (findings, compared) = world.check_and_count();
    let trace = world.trace();
    if !findings.is_empty() {
        return Err(Failure { command: world.plan.command(), findings, trace });
    }
    Ok(Outcome {
        offices: world.plan.offices,
        events: world.events,
        messages: world.messages,
        bytes: world.bytes,
        virtual_ms: world.now,
        healed_ms,
        arrivals: world.arrivals.clone(),
        records: world.acknowledged.len(),
        cases: world.counts(),
        rejected: world.offices.iter().map(|office| office.rejected).sum(),
        questions_max: world.questions_max,
        compared,
        turns: world.turns(),
        trace,
    })
}

#[cfg(test)]
mod tests;
