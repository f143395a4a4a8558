//! `cargo xtask mutants`: small changes to the rules of the program, each of which some test must notice.
//!
//! The work is done by `cargo-mutants`. This file says where, with which tests, and how many may go unnoticed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::shell::{Shell, check, output, succeeds};

/// The version that the counts in `tests/MUTANTS.md` were made with.
const VERSION: &str = "27.1.0";
/// Share of the viable mutants that some test must notice.
const CAUGHT_PERCENT_MIN: usize = 85;
/// Cases per property test: a mutant that 32 cases miss is one that the ordinary tests should name. The whole number takes minutes a mutant.
const PROPERTY_CASES: &str = "32";
/// Seconds after which a mutant counts as one that hangs: the tests themselves take 30 to 90.
const TIMEOUT_S: &str = "300";

/// What is mutated together: files, and the tests that must notice.
struct Part {
    package: &'static str,
    files: &'static [&'static str],
    tests: &'static [&'static str],
}

const PARTS: [Part; 3] = [
    Part {
        package: "protocol",
        files: &[
            "protocol/src/case.rs",
            "protocol/src/case/**",
            "protocol/src/membership.rs",
            "protocol/src/membership/**",
            "protocol/src/receipt.rs",
            "protocol/src/receipt/**",
            "protocol/src/log.rs",
            "protocol/src/log/**",
            "protocol/src/blob.rs",
            "protocol/src/blob/**",
            "protocol/src/merkle.rs",
            "protocol/src/sync/follow.rs",
            "protocol/src/sync/fairness.rs",
            "protocol/src/sync/fetch.rs",
        ],
        tests: &["--lib"],
    },
    Part { package: "specs", files: &["specs/src/check.rs"], tests: &["--lib"] },
    // What crop and check do is seen in whole photos.
    Part { package: "photo", files: &["node/photo/src/crop/**", "node/photo/src/check/**"], tests: &["--lib", "--test", "photo"] },
];

/// What a run is asked for.
#[derive(Default)]
pub(crate) struct Wanted {
    /// Only what changed since this commit.
    pub(crate) since: Option<String>,
    /// Only part k of n, as `k/n`.
    pub(crate) shard: Option<String>,
    /// Only this package.
    pub(crate) package: Option<String>,
    /// Count the mutants and try none.
    pub(crate) list: bool,
}

/// Tries the mutants and says what became of them.
pub(crate) fn mutants(shell: &Shell, wanted: &Wanted) -> Result<(), String> {
    let parts: Vec<&Part> = PARTS.iter().filter(|part| wanted.package.as_deref().is_none_or(|name| name == part.package)).collect();
    if parts.is_empty() {
        return Err(format!("--package is one of {}", PARTS.map(|part| part.package).join(", ")));
    }
    let tool = install(shell)?;
    let diff = wanted.since.as_deref().map(|since| diff(shell, since)).transpose()?;
    let mut totals = BTreeMap::new();
    for part in parts {
        shell.heading(&format!("mutants of {}", part.package));
        let mut command = command(shell, &tool, part, wanted, diff.as_ref());
        if wanted.list {
            check(command.arg("--list"))?;
            continue;
        }
        let out = shell.target(&format!("mutants/{}", part.package));
        fs::create_dir_all(&out).map_err(|error| format!("cannot create {}: {error}", out.display()))?;
        // The lists of an earlier run would be counted again where this one finds nothing to try.
        let lists = out.join("mutants.out");
        if lists.exists() {
            fs::remove_dir_all(&lists).map_err(|error| format!("cannot clear {}: {error}", lists.display()))?;
        }
        command.arg("--output").arg(&out).arg("--").args(part.tests);
        let status = command.status().map_err(|error| format!("cannot start cargo-mutants: {error}"))?;
        // 0: all caught; 2: some missed; 3: some timed out. Anything else is no result.
        if !matches!(status.code(), Some(0 | 2 | 3)) {
            return Err(format!("cargo-mutants ended with {status}; its logs are in {}", lists.display()));
        }
        for outcome in ["caught", "missed", "timeout", "unviable"] {
            let found = fs::read_to_string(lists.join(format!("{outcome}.txt"))).unwrap_or_default();
            *totals.entry(outcome).or_insert(0) += found.lines().count();
        }
    }
    if wanted.list { Ok(()) } else { judge(&totals) }
}

/// Prints the counts. Of mutants that compile, those are caught that turn a test red or make it hang.
fn judge(totals: &BTreeMap<&str, usize>) -> Result<(), String> {
    let of = |outcome| totals.get(outcome).copied().unwrap_or(0);
    let caught = of("caught") + of("timeout");
    let viable = caught + of("missed");
    println!(
        "\n{viable} viable mutants: {} caught, {} timed out, {} missed; {} do not compile",
        of("caught"),
        of("timeout"),
        of("missed"),
        of("unviable")
    );
    if viable == 0 {
        println!("no mutant to try");
        return Ok(());
    }
    println!("noticed: {:.1} %", 100.0 * caught as f64 / viable as f64);
    if caught * 100 >= viable * CAUGHT_PERCENT_MIN {
        Ok(())
    } else {
        Err(format!("fewer than {CAUGHT_PERCENT_MIN} % of the mutants were noticed; the missed ones are listed in target/mutants"))
    }
}

fn command(shell: &Shell, tool: &PathBuf, part: &Part, wanted: &Wanted, diff: Option<&PathBuf>) -> Command {
    let mut command = shell.command(tool);
    command.args(["mutants", "--no-shuffle", "--colors", "never", "-j1", "--package", part.package]);
    for file in part.files {
        command.args(["--file", file]);
    }
    if !wanted.list {
        command.args(["--timeout", TIMEOUT_S, "--test-package", part.package]);
        // One folder for every run, so that dependencies are compiled once, and beside that of other builds, so that neither waits.
        command.env("CARGO_TARGET_DIR", shell.target("mutants/build"));
        command.env("PROPTEST_CASES", PROPERTY_CASES).env("HUIZHI_WITHOUT_UI", "1");
    }
    if let Some(shard) = &wanted.shard {
        // Every n-th mutant, so that each part has some of every file.
        command.args(["--sharding", "round-robin", "--shard", shard]);
    }
    if let Some(diff) = diff {
        command.arg("--in-diff").arg(diff);
    }
    command
}

/// What changed since a commit, with what is not committed yet, as a file.
fn diff(shell: &Shell, since: &str) -> Result<PathBuf, String> {
    let mut git = shell.command("git");
    let text = output(git.args(["diff", "--no-color", "--no-ext-diff", since, "--", "*.rs"]))?;
    let file = shell.target("mutants/since.diff");
    fs::create_dir_all(shell.target("mutants"))
        .and_then(|()| fs::write(&file, text))
        .map_err(|error| format!("cannot write the diff: {error}"))?;
    Ok(file)
}

/// Finds `cargo-mutants`, or installs it into the target folder.
fn install(shell: &Shell) -> Result<PathBuf, String> {
    let root = shell.target("tools");
    let tool = root.join(format!("bin/cargo-mutants{}", std::env::consts::EXE_SUFFIX));
    if succeeds(shell.command(&tool).args(["mutants", "--version"])) {
        return Ok(tool);
    }
    let anywhere = PathBuf::from("cargo-mutants");
    if succeeds(shell.command(&anywhere).args(["mutants", "--version"])) {
        return Ok(anywhere);
    }
    shell.heading("install cargo-mutants");
    let mut cargo = shell.cargo(&["install", "cargo-mutants", "--locked", "--version", VERSION, "--root"]);
    check(cargo.arg(&root).env("CARGO_TARGET_DIR", root.join("build"))).map_err(|error| {
        format!("{error}\ncargo-mutants {VERSION} comes from crates.io: is the registry reachable? Or install it with `cargo install cargo-mutants --locked`")
    })?;
    Ok(tool)
}
