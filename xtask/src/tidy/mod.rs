//! Architecture checks: what the compiler cannot refuse and a reviewer would miss.

mod crates;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::Shell;
use crate::stamp::sorted;
use source::Source;

/// A file beyond this is a question to its author, not a failure.
const LONG_FILE: usize = 500;

/// Folders that hold no source of ours.
const SKIPPED: &[&str] = &["target", "node_modules", "dist", "test-results", "weights"];

/// Crates that are functions of their arguments: time, randomness and bytes come in, decisions come out.
const PURE: &[&str] = &["protocol/src/", "protocol/sim/src/", "specs/src/", "node/photo/src/"];

/// Inside the node: a module and the modules it must not know.
const MODULE_ARROWS: &[(&str, &[&str])] = &[
    ("node/src/store", &["service", "api", "net", "jobs", "runtime"]),
    ("node/src/service", &["api", "net", "runtime"]),
    ("node/src/jobs", &["api", "net", "runtime"]),
    ("node/src/api", &["net", "runtime"]),
    ("node/src/net", &["api", "runtime"]),
    ("node/src/print", &["store", "service", "api", "net", "jobs", "runtime"]),
];

/// Checks the whole working copy and prints everything that is wrong, not only the first.
pub(crate) fn tidy(shell: &Shell) -> Result<(), String> {
    let mut files = Vec::new();
    collect(&shell.root, &mut files);
    let mut problems = crates::check(shell);
    let mut checked = 0;
    for path in files {
        let name = relative(&shell.root, &path);
        if !["rs", "ts", "svelte", "toml"].iter().any(|end| name.ends_with(&format!(".{end}"))) {
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else {
            problems.push(format!("{name}: is not readable text"));
            continue;
        };
        checked += 1;
        problems.extend(check_file(&name, &text));
        let lines = text.lines().count();
        if lines > LONG_FILE && !name.ends_with("api/types.ts") {
            println!("note: {name} has {lines} lines; can it be cut?");
        }
    }
    for problem in &problems {
        println!("{problem}");
    }
    println!("{checked} files checked");
    match problems.len() {
        0 => Ok(()),
        count => Err(format!("{count} findings")),
    }
}

/// Everything that is wrong with one file; `name` is its path from the root, with slashes.
fn check_file(name: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for word in [concat!("TO", "DO"), concat!("FIX", "ME")] {
            if line.contains(word) {
                problems.push(format!("{name}:{}: {word} does not reach the main branch", number + 1));
            }
        }
    }
    if !name.ends_with(".rs") {
        return problems;
    }
    if !text.starts_with("//!") {
        problems.push(format!("{name}: does not open with `//!` and what the file owns"));
    }
    let source = Source::new(text);
    if PURE.iter().any(|pure| name.starts_with(pure)) && !is_test_file(name) {
        problems.extend(check_pure(name, &source));
    }
    if !name.starts_with("models/") {
        for line in source.lines_using("ort") {
            problems.push(format!("{name}:{line}: only the crate `models` knows `ort`"));
        }
    }
    for (module, forbidden) in MODULE_ARROWS {
        let inside = name.strip_prefix(module).is_some_and(|rest| rest.starts_with('/') || rest == ".rs");
        if !inside || is_test_file(name) {
            continue;
        }
        for (line, used) in source.segments_after("crate") {
            if forbidden.contains(&used.as_str()) {
                problems.push(format!("{name}:{line}: {module} must not know `crate::{used}`"));
            }
        }
    }
    problems
}

fn check_pure(name: &str, source: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    for (line, used) in source.segments_after("std") {
        if ["fs", "net", "thread", "env", "process"].contains(&used.as_str()) {
            problems.push(format!("{name}:{line}: a pure crate does not use `std::{used}`"));
        }
    }
    for word in ["SystemTime", "Instant"] {
        for line in source.lines_with_word(word) {
            problems.push(format!("{name}:{line}: a pure crate has no clock (`{word}`)"));
        }
    }
    for line in source.lines_using("rand") {
        problems.push(format!("{name}:{line}: a pure crate has no randomness of its own"));
    }
    problems
}

fn is_test_file(name: &str) -> bool {
    name.ends_with("/tests.rs") || name.contains("/tests/") || name.contains("/test/")
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for path in sorted(dir) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if !name.starts_with('.') && !SKIPPED.contains(&name.as_ref()) {
                collect(&path, files);
            }
        } else {
            files.push(path);
        }
    }
}

fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    path.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(name: &str, text: &str) -> usize {
        check_file(name, &format!("//! Doc.\n{text}")).len()
    }

    #[test]
    fn a_file_opens_with_its_purpose() {
        assert_eq!(check_file("node/src/a.rs", "use x;\n").len(), 1);
        assert_eq!(check_file("node/src/a.rs", "//! Owns a.\n").len(), 0);
        assert_eq!(check_file("web-ui/src/a.ts", "let a;\n").len(), 0);
    }

    #[test]
    fn notes_to_self_are_found_everywhere() {
        let note = concat!("// TO", "DO later\n");
        assert_eq!(findings("node/src/a.rs", note), 1);
        assert_eq!(check_file("web-ui/src/a.ts", note).len(), 1);
    }

    #[test]
    fn pure_crates_do_nothing_but_compute() {
        assert_eq!(findings("protocol/src/a.rs", "use std::fs;"), 1);
        assert_eq!(findings("protocol/src/a.rs", "use std::{collections::BTreeMap, net::IpAddr};"), 1);
        assert_eq!(findings("node/photo/src/a.rs", "let t = Instant::now();"), 1);
        assert_eq!(findings("specs/src/a.rs", "let t = rand::random();"), 1);
        assert_eq!(findings("specs/src/a.rs", "// std::fs is not used\nlet brand = \"std::fs\";"), 0);
        assert_eq!(findings("specs/src/a.rs", "#[cfg(test)]\nmod tests { use std::fs; }"), 0);
        assert_eq!(findings("node/src/a.rs", "use std::fs;"), 0);
    }

    #[test]
    fn arrows_inside_the_node_hold() {
        assert_eq!(findings("node/src/store/a.rs", "use crate::service::Issue;"), 1);
        assert_eq!(findings("node/src/api/a.rs", "use crate::{net::Handle, service::Issue};"), 1);
        assert_eq!(findings("node/src/net.rs", "let x = crate::api::router();"), 1);
        assert_eq!(findings("node/src/service/a.rs", "use crate::{\n    api,\n    store::{net},\n};"), 1);
        assert_eq!(findings("node/src/api/a.rs", "use crate::service::net_status;"), 0);
        assert_eq!(findings("node/src/network_policy.rs", "use crate::api;"), 0);
    }

    #[test]
    fn only_models_knows_the_runtime() {
        assert_eq!(findings("node/src/jobs/a.rs", "use ort::session::Session;"), 1);
        assert_eq!(findings("models/src/session.rs", "use ort::session::Session;"), 0);
        assert_eq!(findings("node/src/a.rs", "let port = sort::by(x); self.ort_count"), 0);
    }
}
