//! Debian packages: a browser for the browser tests, a font for receipts, Python to open wheels, cables for the network tests.

use std::env;
use std::path::Path;

use super::{Missing, Purpose};
use crate::shell::{Shell, check, output, succeeds};

struct Package {
    name: &'static str,
    present: fn(&Shell) -> bool,
    /// Nothing but the checks uses it.
    only_tests: bool,
    still_works: &'static str,
}

const PACKAGES: &[Package] = &[
    Package {
        name: "chromium",
        present: |_| env::var_os("CHROMIUM").is_some() || Path::new("/usr/bin/chromium").exists(),
        only_tests: true,
        still_works: "everything but the browser tests (CHROMIUM may name another Chromium)",
    },
    Package {
        name: "fonts-noto-cjk",
        present: |_| Path::new("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc").exists(),
        only_tests: false,
        still_works: "everything but printing receipts (`--font FILE` may name another font)",
    },
    Package {
        name: "iproute2",
        // Looked for by its place, because /usr/sbin is not in everybody's path.
        present: |_| ["/usr/sbin/tc", "/sbin/tc"].into_iter().any(|tool| Path::new(tool).exists()),
        only_tests: true,
        still_works: "everything but the test of three hosts in network namespaces, which then says that it was not run",
    },
    Package {
        name: "python3",
        present: |shell| succeeds(shell.command("python3").arg("--version")),
        only_tests: false,
        still_works: "everything, but faces are marked by hand, because the model weights cannot be fetched",
    },
    Package {
        name: "python3-pip",
        present: |shell| succeeds(shell.command("python3").args(["-m", "pip", "--version"])),
        only_tests: false,
        still_works: "everything, but faces are marked by hand, because the model weights cannot be fetched",
    },
];

/// Installs what is missing, in one go.
pub(super) fn install(shell: &Shell, purpose: Purpose) -> Result<(), Vec<Missing>> {
    let wanted: Vec<&Package> = PACKAGES
        .iter()
        .filter(|package| purpose == Purpose::Test || !package.only_tests)
        .filter(|package| !(package.present)(shell))
        .collect();
    if wanted.is_empty() {
        println!("Debian packages: all here");
        return Ok(());
    }
    let names: Vec<&str> = wanted.iter().map(|package| package.name).collect();
    println!("Debian packages: installing {}", names.join(", "));
    let attempt = apt_get(shell, &names);
    let why = attempt.err().unwrap_or_else(|| "apt-get brought it, but it is still not found".to_owned());
    let missing: Vec<Missing> = wanted
        .into_iter()
        .filter(|package| !(package.present)(shell))
        .map(|package| Missing {
            what: format!("Debian package {} ({why})", package.name),
            still_works: package.still_works,
            by_hand: format!("apt-get install --no-install-recommends {}", package.name),
        })
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(missing) }
}

fn apt_get(shell: &Shell, names: &[&str]) -> Result<(), String> {
    let root = output(shell.command("id").arg("-u")).is_ok_and(|id| id.trim_ascii() == b"0");
    let command = |arguments: &[&str]| {
        let mut command = if root {
            shell.command("apt-get")
        } else {
            let mut sudo = shell.command("sudo");
            if shell.ci {
                sudo.arg("--non-interactive");
            }
            sudo.arg("apt-get");
            sudo
        };
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    check(&mut command(&["-qq", "update"]))?;
    check(command(&["-qq", "install", "-y", "--no-install-recommends"]).args(names))
}
