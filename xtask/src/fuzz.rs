//! `cargo xtask fuzz`: throws made-up bytes at everything that reads what others wrote.

use crate::shell::{Shell, check};
use std::process::{Command, Stdio};

/// Folder of the package, and target.
const TARGETS: [(&str, &str); 5] =
    [("protocol", "note"), ("protocol", "wire"), ("protocol", "package"), ("protocol", "proof"), ("node/photo", "decode")];
/// Seconds for each target when nobody says another number.
const SECONDS: &str = "600";
/// Memory that one input may take, in MiB.
const MEMORY_MIB: u32 = 2_048;
/// Seconds that one input may take.
const INPUT_SECONDS: u32 = 10;

/// Runs the named targets, or all of them, one after the other. What was found interesting is kept in the target folder and taken up again;
/// the seeds lie beside the targets.
pub(crate) fn fuzz(shell: &Shell, seconds: Option<&str>, wanted: &[String]) -> Result<(), String> {
    let seconds = seconds.unwrap_or(SECONDS);
    seconds.parse::<u32>().map_err(|_| "--seconds needs a whole number")?;
    let known = |name: &String| TARGETS.iter().any(|(_, target)| target == name);
    if let Some(unknown) = wanted.iter().find(|name| !known(name)) {
        let names: Vec<_> = TARGETS.iter().map(|(_, target)| *target).collect();
        return Err(format!("there is no target '{unknown}': take {}", names.join(", ")));
    }
    let program = install(shell)?;
    for (package, target) in TARGETS.iter().filter(|(_, target)| wanted.is_empty() || wanted.iter().any(|name| name == target)) {
        shell.heading(&format!("fuzz {target}, {seconds} s"));
        let found = shell.target(&format!("fuzz/corpus/{target}"));
        std::fs::create_dir_all(&found).map_err(|error| format!("{}: {error}", found.display()))?;
        let seeds = shell.path(package).join("fuzz/corpus").join(target);
        let mut command = shell.command(&program);
        command.current_dir(shell.path(package)).env("CARGO_TARGET_DIR", shell.target("fuzz"));
        // Without a sanitizer it needs no nightly compiler; the code here has no unsafe parts of its own.
        command.args(["run", "--sanitizer", "none", target]).arg(&found);
        if seeds.exists() {
            command.arg(&seeds);
        }
        command.args(["--", &format!("-max_total_time={seconds}"), "-print_final_stats=1", "-verbosity=0", "-max_len=131072"]);
        command.args([format!("-rss_limit_mb={MEMORY_MIB}"), format!("-timeout={INPUT_SECONDS}")]);
        check(&mut command)?;
    }
    Ok(())
}

/// cargo-fuzz, which is installed into the target folder where it is not there.
fn install(shell: &Shell) -> Result<std::path::PathBuf, String> {
    let tools = shell.target("tools");
    let program = tools.join("bin").join(format!("cargo-fuzz{}", std::env::consts::EXE_SUFFIX));
    if Command::new(&program).arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
        return Ok(program);
    }
    shell.heading("install cargo-fuzz");
    let mut command = shell.cargo(&["install", "cargo-fuzz", "--locked", "--root"]);
    check(command.arg(&tools))?;
    Ok(program)
}
