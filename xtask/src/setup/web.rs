//! The UI's packages and its build. npm is called here and nowhere else, so that a plain `cargo build` never needs it.

use super::Missing;
use crate::shell::{Shell, check, succeeds};
use crate::stamp::{self, Fingerprint};

const SOURCES: &[&str] = &[
    "web-ui/src",
    "web-ui/public",
    "web-ui/index.html",
    "web-ui/package-lock.json",
    "web-ui/svelte.config.js",
    "web-ui/tsconfig.json",
    "web-ui/vite.config.ts",
];

/// Installs the locked packages and builds the pages, each only when something changed.
pub(super) fn install(shell: &Shell) -> Result<(), Vec<Missing>> {
    packages(shell).and_then(|()| pages(shell)).map_err(|why| {
        vec![Missing {
            what: format!("the pages of the UI ({why})"),
            still_works: "the node, its HTTP API and the command line; a browser finds no pages",
            by_hand: "install Node.js 20.19 or newer with npm, then: cd web-ui && npm ci && npm run build".to_owned(),
        }]
    })
}

fn packages(shell: &Shell) -> Result<(), String> {
    let mut fingerprint = Fingerprint::new();
    fingerprint.path(&shell.path("web-ui/package-lock.json"));
    fingerprint.path(&shell.path("web-ui/package.json"));
    let installed = shell.path("web-ui/node_modules/.package-lock.json").exists();
    if installed && stamp::is_current(shell, "npm", &fingerprint) {
        println!("UI packages: as locked");
        return Ok(());
    }
    if !succeeds(shell.npm(&["--version"]).current_dir(&shell.root)) {
        return Err("npm is not on this machine".to_owned());
    }
    println!("UI packages: npm ci");
    check(&mut shell.npm(&["ci", "--no-audit", "--no-fund", "--loglevel=error"]))?;
    stamp::set(shell, "npm", &fingerprint);
    Ok(())
}

fn pages(shell: &Shell) -> Result<(), String> {
    let mut fingerprint = Fingerprint::new();
    for source in SOURCES {
        fingerprint.path(&shell.path(source));
    }
    let built = shell.path("web-ui/dist/index.html").exists();
    if built && stamp::is_current(shell, "web", &fingerprint) {
        println!("UI pages: built from these sources");
        return Ok(());
    }
    println!("UI pages: vite build");
    check(&mut shell.npm(&["run", "--silent", "build"]))?;
    stamp::set(shell, "web", &fingerprint);
    Ok(())
}
