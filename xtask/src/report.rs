//! `cargo xtask report photo`: builds the measuring program for speed and lets it write its page.

use std::path::PathBuf;

use crate::setup::{self, Purpose};
use crate::shell::{Shell, check};

/// The package that the face step is measured against; it brings a native ONNX Runtime with it.
const PACKAGE: &str = "mtcnn-runtime==1.0.0";

/// Everything behind `report photo` goes to the measuring program.
pub(crate) fn photo(shell: &Shell, arguments: &[String]) -> Result<(), String> {
    setup::setup(shell, Purpose::Run)?;
    let page = shell.target("report/photo.html");
    shell.heading("measure the photo engine");
    let mut run = shell.cargo(&["run", "--release", "--quiet", "--package", "photo-report", "--"]);
    run.arg(&page);
    match python(shell) {
        Ok(site) => {
            run.arg("--python").arg(site);
        }
        Err(reason) => println!("not measured against {PACKAGE}, nor on a native runtime: {reason}"),
    }
    check(run.args(arguments))
}

fn python(shell: &Shell) -> Result<PathBuf, String> {
    let site = shell.target("report/python");
    if !site.join("mtcnnruntime").is_dir() {
        let mut pip = shell.command("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore", "--target"]);
        check(pip.arg(&site).arg(PACKAGE))?;
    }
    Ok(site)
}
