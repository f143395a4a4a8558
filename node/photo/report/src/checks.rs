//! Checks: controlled faults at rising strength.

use anyhow::Result;
use studio::defect::trials;

use crate::html::{Page, percent};

pub(crate) fn section(page: &mut Page) -> Result<()> {
    page.heading("Checks");
    page.words(
        "For each check a fault that grows, on several variations. The clean picture must not be objected to, the verdict must flip once \
         and stay. An advisory check objects by handing the item to the reviewer.",
    );
    let trials = trials();
    let mut rows = Vec::new();
    let mut flipping = 0;
    for trial in &trials {
        let runs = trial.flagged.len();
        let flips = trial.flips_once();
        flipping += usize::from(flips);
        let middle = trial.strengths.len() / 2;
        rows.push(vec![
            trial.check.to_owned(),
            trial.fault.to_owned(),
            runs.to_string(),
            format!("{:.0} %", 100.0 * trial.false_rejects()),
            format!("{:.0} % at {}", 100.0 * trial.detected_at(middle), trial.strengths[middle]),
            format!("{:.0} % at {}", 100.0 * trial.detected(), trial.strengths[trial.strengths.len() - 1]),
            if flips { "yes".to_owned() } else { "<span class=\"bad\">no</span>".to_owned() },
        ]);
    }
    page.table(&["check", "fault", "variations", "false rejects", "detected, middle", "detected, strongest", "flips once"], &rows);
    page.target("each controlled fault flips its verdict once", &percent(flipping, trials.len()), flipping == trials.len());
    Ok(())
}
