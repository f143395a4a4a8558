//! The report on the photo engine: one HTML page with every number and picture made by this run.
//!
//! `cargo xtask report photo` calls it. Nothing on the page was written by hand.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a tool that measures; what fails stops it")]

mod checks;
mod files;
mod framing;
mod html;
mod matting;
mod once;
mod speed;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use html::Page;

const USAGE: &str = "photo-report OUT.html [--models DIR] [--python SITE] [--heads N] [--quick]";

/// What to measure.
struct Wanted {
    out: PathBuf,
    /// Models beside the embedded ones.
    models: PathBuf,
    /// Folder with the Python package `mtcnn-runtime`.
    python: Option<PathBuf>,
    /// Heads in the framing family.
    heads: usize,
    /// Fewer pictures, for a look while working.
    quick: bool,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next().context(USAGE)?;
    if first == once::COMMAND {
        return once::run(arguments);
    }
    let mut wanted = Wanted { out: first.into(), models: PathBuf::from("models/weights"), python: None, heads: 2_000, quick: false };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().context(USAGE);
        match argument.as_str() {
            "--models" => wanted.models = value()?.into(),
            "--python" => wanted.python = Some(value()?.into()),
            "--heads" => wanted.heads = value()?.parse()?,
            "--quick" => wanted.quick = true,
            _ => bail!(USAGE),
        }
    }
    report(&wanted)
}

fn report(wanted: &Wanted) -> Result<()> {
    let mut page = Page::new("Huizhi: the photo engine, measured");
    page.words(&format!(
        "Made by this run of <code>cargo xtask report photo</code> on a machine with {} cores{}. Times on shared machines are noisy: read the ratios.",
        std::thread::available_parallelism().map_or(1, usize::from),
        if wanted.quick { ", with <code>--quick</code>: fewer pictures than the targets name" } else { "" },
    ));
    step("speed", || speed::section(&mut page, wanted))?;
    step("framing", || framing::section(&mut page, wanted))?;
    step("matting", || matting::section(&mut page, wanted))?;

    step("checks", || checks::section(&mut page))?;
    step("files", || files::section(&mut page, wanted))?;
    if let Some(folder) = wanted.out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&wanted.out, page.finished()).with_context(|| format!("cannot write {}", wanted.out.display()))?;
    println!("{}", wanted.out.display());
    Ok(())
}

fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let start = std::time::Instant::now();
    work().with_context(|| format!("the section on {name}"))?;
    eprintln!("{name}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// The embedded models and those of the folder.
fn load(models: &Path) -> Result<models::Models> {
    let library = std::env::var_os(models::ONNXRUNTIME_VARIABLE).map(PathBuf::from);
    Ok(models::Models::load(models, library.as_deref())?)
}
