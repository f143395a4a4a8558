//! The UI's types come from the node: OpenAPI document first, TypeScript from it.
//!
//! Both files are committed, so that the UI builds and is reviewed without a build of the node.

use std::fs;
use std::path::Path;

use crate::shell::{Shell, check, output};

const DOCUMENT: &str = "web-ui/src/api/openapi.json";
const TYPES: &str = "web-ui/src/api/types.ts";

/// Writes both files anew.
pub(crate) fn write(shell: &Shell) -> Result<(), String> {
    write_file(&shell.path(DOCUMENT), &document(shell)?)?;
    generate(shell, &shell.path(DOCUMENT), &shell.path(TYPES))
}

/// Fails when a committed file differs from what the node says today.
pub(crate) fn verify(shell: &Shell) -> Result<(), String> {
    let fresh = document(shell)?;
    if normal(&fresh) != normal(&read_file(&shell.path(DOCUMENT))?) {
        return Err(format!("{DOCUMENT} is stale; `cargo xtask gen` writes it again"));
    }
    let types = shell.target("xtask/types.ts");
    generate(shell, &shell.path(DOCUMENT), &types)?;
    if normal(&read_file(&types)?) != normal(&read_file(&shell.path(TYPES))?) {
        return Err(format!("{TYPES} is stale; `cargo xtask gen` writes it again"));
    }
    Ok(())
}

fn document(shell: &Shell) -> Result<Vec<u8>, String> {
    output(&mut shell.cargo(&["run", "--quiet", "--package", "node", "--bin", "huizhi", "--", "openapi"]))
}

fn generate(shell: &Shell, from: &Path, to: &Path) -> Result<(), String> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
    }
    let mut npm = shell.npm(&["exec", "--no", "--", "openapi-typescript"]);
    check(npm.arg(from).arg("-o").arg(to))
}

/// Line ends and the last newline depend on editors and on git's settings, not on the types.
fn normal(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\r', "").trim_end().to_owned()
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(path, format!("{}\n", normal(bytes))).map_err(|error| format!("{}: {error}", path.display()))
}
