//! `cargo xtask test`: every check of the project, cheapest first.

use std::time::{Duration, Instant};

use crate::setup::{self, Purpose};
use crate::shell::{Shell, check};
use crate::{tidy, types};

struct Step {
    name: &'static str,
    work: fn(&Shell) -> Result<(), String>,
}

const STEPS: &[Step] = &[
    Step { name: "setup", work: |shell| setup::setup(shell, Purpose::Test) },
    Step { name: "format", work: |shell| check(&mut shell.cargo(&["fmt", "--all", "--check"])) },
    Step { name: "tidy", work: tidy::tidy },
    Step { name: "clippy", work: clippy },
    Step { name: "cargo test", work: |shell| check(&mut shell.cargo(&["test", "--workspace"])) },
    Step { name: "generated types", work: types::verify },
    Step { name: "svelte-check", work: |shell| check(&mut shell.npm(&["run", "--silent", "check"])) },
    Step { name: "vitest", work: |shell| check(&mut shell.npm(&["run", "--silent", "test"])) },
    Step { name: "vite build", work: |shell| check(&mut shell.npm(&["run", "--silent", "build"])) },
    Step { name: "browser", work: browser },
];

enum Outcome {
    Passed(Duration),
    Failed(Duration),
    NotRun,
}

/// Runs the steps in order; stops at the first failure unless told to go on.
///
/// `data` names a folder with models and photos that no package brings; the tests that need them run on top.
pub(crate) fn test(shell: &Shell, keep_going: bool, data: Option<&str>) -> Result<(), String> {
    let mut outcomes = Vec::new();
    let mut failures = 0;
    for step in STEPS {
        if failures > 0 && !keep_going {
            outcomes.push(Outcome::NotRun);
            continue;
        }
        shell.heading(step.name);
        let start = Instant::now();
        match (step.work)(shell) {
            Ok(()) => outcomes.push(Outcome::Passed(start.elapsed())),
            Err(message) => {
                println!("FAILED {}: {message}", step.name);
                outcomes.push(Outcome::Failed(start.elapsed()));
                failures += 1;
            }
        }
        println!("-- {} took {:.1} s", step.name, start.elapsed().as_secs_f64());
    }
    if let Some(data) = data {
        shell.heading("outside data");
        let packages = ["test", "--package", "models", "--package", "photo", "--features", "models/outside-data,photo/outside-data"];
        check(shell.cargo(&packages).env("HUIZHI_TEST_DATA", data))?;
    }
    shell.heading("summary");
    for (step, outcome) in STEPS.iter().zip(&outcomes) {
        println!("{}", summary_line(step.name, outcome));
    }
    match failures {
        0 => Ok(()),
        1 => Err("one step failed".to_owned()),
        many => Err(format!("{many} steps failed")),
    }
}

fn summary_line(name: &str, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed(time) => format!("  ok      {name:<18} {:>7.1} s", time.as_secs_f64()),
        Outcome::Failed(time) => format!("  FAILED  {name:<18} {:>7.1} s", time.as_secs_f64()),
        Outcome::NotRun => format!("  not run {name:<18}"),
    }
}

fn clippy(shell: &Shell) -> Result<(), String> {
    check(&mut shell.cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
}

/// Drives the real program with a real browser; the binary must be the one of this working copy.
fn browser(shell: &Shell) -> Result<(), String> {
    check(&mut shell.cargo(&["build", "--package", "node"]))?;
    check(shell.npm(&["run", "--silent", "e2e"]).env("HUIZHI_BIN", shell.huizhi()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_lines_up() {
        let passed = summary_line("tidy", &Outcome::Passed(Duration::from_millis(1500)));
        let failed = summary_line("cargo test", &Outcome::Failed(Duration::from_secs(75)));
        assert_eq!(passed, "  ok      tidy                   1.5 s");
        assert_eq!(passed.len(), failed.len());
        assert!(summary_line("browser", &Outcome::NotRun).contains("not run browser"));
    }
}
