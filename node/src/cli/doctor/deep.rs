//! `huizhi doctor --deep`: everything that is kept beside the records, compared with what they replay to.

use crate::{
    service::Office,
    store::{Difference, IndexDifference, LogCheck, STATUSES},
};
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use protocol::case::Status;

/// Differences named one by one; the rest is counted.
const NAMED_MAX: usize = 1_000;
/// Cases folded between two reports of progress.
const STEP: usize = 2_048;

/// Looks at every log, entry by entry, and at every case. The membership is kept nowhere: each start replays it from the province's log.
pub(super) fn look_at(office: &Office, repair: bool, find: &mut impl FnMut(bool, String, &'static str)) -> Result<()> {
    // Draws nothing where the error output is no terminal.
    let bar =
        ProgressBar::new(0).with_style(ProgressStyle::with_template("{msg} {bar:30} {human_pos}/{human_len}  {per_sec}  {eta} left")?);
    look_at_logs(office, &bar, find)?;
    settle(office, &bar)?;
    look_at_index(office, repair, &bar, find)?;
    let cases = office.store.case_ids()?.len();
    bar.set_message("cases      个案");
    bar.set_length(cases as u64);
    bar.set_position(0);
    let differences = office.compare_states(|| bar.inc(1))?;
    if differences.is_empty() {
        bar.finish_and_clear();
        find(true, format!("cases: all {cases} are kept as their records replay"), "");
        return Ok(());
    }
    for difference in differences.iter().take(NAMED_MAX) {
        find(false, words(*difference), "Run `huizhi doctor --deep --repair`: the records are untouched, the rest is made anew from them.");
    }
    if differences.len() > NAMED_MAX {
        find(false, format!("cases: … and {} more differences", differences.len() - NAMED_MAX), "Repair as above.");
    }
    if repair {
        office.store.forget_states()?;
        settle(office, &bar)?;
        let left = office.compare_states(|| {})?.len();
        find(left == 0, format!("repair: everything kept of {cases} cases was made anew; {left} differences are left"), super::RESTORE);
    }
    bar.finish_and_clear();
    Ok(())
}

fn look_at_logs(office: &Office, bar: &ProgressBar, find: &mut impl FnMut(bool, String, &'static str)) -> Result<()> {
    bar.set_message("records    记录");
    bar.set_length(office.store.frontier().iter().map(|head| head.size).sum());
    for origin in office.store.origins() {
        let key = office.members().verifier(&origin);
        let mut check = LogCheck::new(&office.store, origin.clone());
        loop {
            let looked = check.step(true)?;
            if looked == 0 {
                break;
            }
            bar.inc(looked);
        }
        let damage = check.finish(key.as_ref())?;
        for found in damage.iter().take(NAMED_MAX) {
            let place = found.index.map_or_else(String::new, |index| format!(", entry {index}"));
            find(
                false,
                format!("log {origin}{place}: {}", found.reason),
                "Run `huizhi scrub`: it fetches damaged entries from other offices.",
            );
        }
        if damage.is_empty() {
            find(true, format!("log {origin}: every entry, hash and signature holds"), "");
        }
    }
    Ok(())
}

/// Which records are about which case is looked up in an index; the entries say what must stand in it.
fn look_at_index(office: &Office, repair: bool, bar: &ProgressBar, find: &mut impl FnMut(bool, String, &'static str)) -> Result<()> {
    bar.set_message("index      索引");
    bar.set_length(office.store.frontier().iter().map(|head| head.size).sum());
    bar.set_position(0);
    let compare = || office.store.compare_index(|entries| bar.inc(entries));
    let mut difference = compare()?;
    if difference != IndexDifference::default() && repair {
        office.store.forget_index()?;
        settle(office, bar)?;
        bar.set_position(0);
        difference = compare()?;
    }
    find(
        difference == IndexDifference::default(),
        format!("index: {} rows are missing and {} stand for no record", difference.missing, difference.extra),
        "Run `huizhi doctor --deep --repair`: the records are untouched, the index is made anew from them.",
    );
    Ok(())
}

fn settle(office: &Office, bar: &ProgressBar) -> Result<()> {
    bar.set_message("folding    归并");
    bar.set_length(office.store.case_ids()?.len() as u64);
    bar.set_position(0);
    while !office.settle(STEP)? {
        bar.inc(STEP as u64);
    }
    Ok(())
}

fn words(difference: Difference) -> String {
    match difference {
        Difference::Row(case) => format!("case {case}: its kept state is not what its records replay to"),
        Difference::Order(case) => format!("case {case}: it stands in the wrong place of the lists"),
        Difference::Count(status) => {
            let name = STATUSES.iter().find(|known| **known as u8 == status);
            format!("cases: the number of those {} is wrong", name.map_or("in an unknown state", |status| word(*status)))
        }
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Submitted => "submitted",
        Status::Approved => "approved",
        Status::Returned => "returned",
        Status::Withdrawn => "withdrawn",
        Status::Conflict => "in conflict",
    }
}
