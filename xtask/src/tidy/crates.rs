//! Which crate of the workspace may use which: `specs ← photo ← models ← node`, `protocol ← node ← tests`.

use std::fs;

use crate::shell::Shell;

/// Folder, name, and the crates of this workspace that it may use.
const ARROWS: &[(&str, &str, &[&str])] = &[
    ("protocol", "protocol", &[]),
    ("protocol/sim", "sim", &["protocol"]),
    ("specs", "specs", &[]),
    ("node/photo", "photo", &["specs", "studio"]),
    ("node/photo/studio", "studio", &["photo", "specs"]),
    ("node/photo/report", "photo-report", &["photo", "studio", "specs", "models"]),
    ("models", "models", &["photo", "specs"]),
    ("node", "node", &["protocol", "specs", "photo", "models"]),
    ("tests", "system-tests", &["node", "protocol", "specs", "photo", "models"]),
    ("xtask", "xtask", &[]),
];

/// Libraries with one home.
const HOMES: &[(&str, &str)] = &[("ort", "models"), ("ort-tract", "models")];

/// Reads every manifest and reports arrows that are not in the table.
pub(super) fn check(shell: &Shell) -> Vec<String> {
    let mut problems = Vec::new();
    for (folder, name, allowed) in ARROWS {
        match fs::read_to_string(shell.path(folder).join("Cargo.toml")) {
            Ok(manifest) => problems.extend(check_manifest(folder, name, allowed, &manifest)),
            Err(error) => problems.push(format!("{folder}/Cargo.toml: {error}")),
        }
    }
    if let Ok(workspace) = fs::read_to_string(shell.path("Cargo.toml")) {
        for member in members(&workspace) {
            if !ARROWS.iter().any(|(folder, _, _)| *folder == member) {
                problems.push(format!("{member}: a new crate needs its arrows in xtask/src/tidy/crates.rs"));
            }
        }
    }
    problems
}

fn check_manifest(folder: &str, name: &str, allowed: &[&str], manifest: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for used in dependencies(manifest) {
        let ours = ARROWS.iter().any(|(_, other, _)| *other == used);
        if ours && !allowed.contains(&used.as_str()) {
            problems.push(format!("{folder}/Cargo.toml: `{name}` must not use `{used}`"));
        }
        if name == "xtask" && !ours {
            problems.push(format!("{folder}/Cargo.toml: xtask uses the standard library only, not `{used}`"));
        }
        for (library, home) in HOMES {
            if used == *library && folder != *home {
                problems.push(format!("{folder}/Cargo.toml: `{library}` belongs to `{home}` alone"));
            }
        }
    }
    problems
}

/// Names in every dependency table of a manifest, those for tests and build scripts included.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inside = header.ends_with("dependencies");
            if let Some((_, name)) = header.split_once("dependencies.") {
                names.push(name.trim_matches('"').to_owned());
            }
        } else if inside && !line.starts_with('#') {
            let end = line.find(['.', '=', ' ']).unwrap_or(0);
            if end > 0 {
                names.push(line[..end].trim_matches('"').to_owned());
            }
        }
    }
    names
}

fn members(workspace: &str) -> Vec<String> {
    let list = workspace.split_once("members").and_then(|(_, rest)| rest.split_once('['));
    let list = list.and_then(|(_, rest)| rest.split_once(']')).map_or("", |(list, _)| list);
    list.split(',').map(|name| name.trim().trim_matches('"').to_owned()).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_a_dependency_is_read() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\nserde.workspace = true\nphoto = { path = \"p\" }\n\
            # node = \"1\"\n[dev-dependencies]\nnode = \"1\"\n[target.'cfg(unix)'.dependencies]\nort = \"2\"\n\
            [dependencies.models]\npath = \"m\"\n[[bin]]\nname = \"y\"\n";
        assert_eq!(dependencies(manifest), ["serde", "photo", "node", "ort", "models"]);
    }

    #[test]
    fn a_wrong_arrow_is_found() {
        let with = |name: &str| format!("[dependencies]\n{name}.workspace = true\n");
        assert!(check_manifest("specs", "specs", &[], &with("serde")).is_empty());
        assert_eq!(check_manifest("specs", "specs", &[], &with("photo")).len(), 1);
        assert_eq!(check_manifest("node/photo", "photo", &["specs"], &with("ort")).len(), 1);
        assert_eq!(check_manifest("xtask", "xtask", &[], &with("libc")).len(), 1);
    }

    #[test]
    fn members_are_read() {
        assert_eq!(members("[workspace]\nmembers = [\"a\", \"b/c\"]\n"), ["a", "b/c"]);
    }
}
