//! Framing: the solver, a search that tries everything, and the fixed-ratio crop, on one family of heads.

use anyhow::Result;
use studio::framing::{Case, Spot, family};

use crate::Wanted;
use crate::html::{Page, percent};

const SEED: u64 = 20_261_122;
/// What a ruler on the finished photo cannot see.
const SLACK_PX: f64 = 0.11;

#[derive(Default)]
struct Counts {
    feasible: usize,
    wrong: usize,
    found_by_trying: usize,
    fixed: usize,
    fixed_of_feasible: usize,
}

pub(crate) fn section(page: &mut Page, wanted: &Wanted) -> Result<()> {
    let heads = family(SEED, wanted.heads);
    page.heading("Framing");
    page.words(&format!(
        "{} generated heads (sizes, places, tilts up to 12°, proportions, heights of hair; seed {SEED}) for every shipped spec. \
         <em>Feasible</em> is what the solver says. <em>Wrong</em>: it says feasible and a band does not hold (bands computed a second \
         time, apart from the solver), or it says infeasible and trying 240 scales at every pixel finds a place where all hold. \
         <em>Fixed ratio</em> is the crop of HivisionIDPhotos (face a fifth of the area, its middle at 45 %, hair at 10–12 %) on the same heads.",
        heads.len()
    ));
    let mut rows = Vec::new();
    let (mut wrong, mut fixed, mut feasible) = (0, 0, 0);
    for spec in specs::shipped() {
        let counts = in_parallel(&heads, |case| judge(case, spec));
        wrong += counts.wrong;
        fixed += counts.fixed_of_feasible;
        feasible += counts.feasible;
        rows.push(vec![
            format!("{} {}", spec.id(), spec.name().zh),
            percent(counts.feasible, heads.len()),
            counts.wrong.to_string(),
            counts.found_by_trying.to_string(),
            percent(counts.fixed, heads.len()),
            percent(counts.fixed_of_feasible, counts.feasible),
        ]);
    }
    page.table(&["spec", "feasible", "wrong", "infeasible, but found by trying", "fixed ratio holds", "… of the feasible"], &rows);
    page.target("every feasible case satisfies every band, every infeasible one is said", &format!("{wrong} wrong"), wrong == 0);
    page.words(&format!("Of all feasible cases the solver satisfies all, the fixed ratio {}.", percent(fixed, feasible)));
    Ok(())
}

fn judge(case: &Case, spec: &specs::Spec) -> Counts {
    let framing = case.solved(spec);
    let own = Spot { scale: framing.placement.scale, x: framing.placement.eyes.x, y: framing.placement.eyes.y };
    let fixed = case.holds(spec, case.fixed_ratio(spec), SLACK_PX);
    let found = !framing.feasible && case.searched(spec, 240, 1.0).is_some();
    let broken = framing.feasible && !case.holds(spec, own, SLACK_PX);
    Counts {
        feasible: usize::from(framing.feasible),
        wrong: usize::from(found) + usize::from(broken),
        found_by_trying: usize::from(found),
        fixed: usize::from(fixed),
        fixed_of_feasible: usize::from(fixed && framing.feasible),
    }
}

fn in_parallel(heads: &[Case], work: impl Fn(&Case) -> Counts + Sync) -> Counts {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let part = heads.len().div_ceil(workers).max(1);
    let counts: Vec<Counts> = std::thread::scope(|scope| {
        let run = |part: &[Case]| part.iter().map(&work).fold(Counts::default(), sum);
        let handles: Vec<_> = heads.chunks(part).map(|part| scope.spawn(move || run(part))).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    counts.into_iter().fold(Counts::default(), sum)
}

fn sum(a: Counts, b: Counts) -> Counts {
    Counts {
        feasible: a.feasible + b.feasible,
        wrong: a.wrong + b.wrong,
        found_by_trying: a.found_by_trying + b.found_by_trying,
        fixed: a.fixed + b.fixed,
        fixed_of_feasible: a.fixed_of_feasible + b.fixed_of_feasible,
    }
}
