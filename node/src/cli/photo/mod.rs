//! `huizhi photo`: the photo engine without an office.

mod batch;
mod sheet;
mod standardize;

use super::local::Local;
use crate::{config::Config, runtime, service::Refusal};
use anyhow::{Context, Result, anyhow, bail};
use clap::Subcommand;
use models::Models;
use photo::{Marks, Point, Vision};
use specs::Spec;
use std::{
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What to do with pictures.
#[derive(Debug, Subcommand)]
pub(super) enum PhotoCommand {
    /// Make the photos that documents ask for from one picture.
    ///
    /// Exit code 0: made, every check passed; 2: made, but a check failed or a document is infeasible; 1: none could be made.
    Standardize(standardize::StandardizeArgs),
    /// Make the photos of a folder of pictures, by a roster or without; a killed run goes on where it stopped.
    ///
    /// Exit code 0: every photo made and every check passed; 2: see result.csv in the target folder; 1: the batch could not run.
    Batch(batch::BatchArgs),
    /// Lay finished photos out on photo paper, as PDF or JPEG with marks to cut along.
    Sheet(sheet::SheetArgs),
}

pub(super) fn run(dir: &Path, json: bool, command: PhotoCommand) -> Result<ExitCode> {
    match command {
        PhotoCommand::Standardize(args) => standardize::run(dir, json, args),
        PhotoCommand::Batch(args) => batch::run(dir, json, args),
        PhotoCommand::Sheet(args) => sheet::run(dir, json, args),
    }
}

fn load_models(dir: &Path) -> Result<Box<dyn Vision>> {
    let library = std::env::var_os(models::ONNXRUNTIME_VARIABLE).map(PathBuf::from);
    Ok(Box::new(Models::load(&runtime::models_dir(dir), library.as_deref())?))
}

/// The specs named, or every spec that is in force at the node, or shipped where there is no node.
fn find_specs(dir: &Path, names: &[String], all: bool) -> Result<Vec<Spec>> {
    if all {
        if Config::load(dir).is_ok() {
            let views = Local::open(dir)?.specs()?;
            let ids = views.as_array().context("the node answered with something else than a list")?;
            return ids.iter().map(|view| find_spec(dir, super::text(view, "id"))).collect();
        }
        return Ok(specs::shipped().to_vec());
    }
    if names.is_empty() {
        bail!("name a document with --spec, or take --all (`huizhi specs list` names them)");
    }
    names.iter().map(|name| find_spec(dir, name)).collect()
}

/// A file, a spec in force at the node, or a shipped one where there is no node.
fn find_spec(dir: &Path, name: &str) -> Result<Spec> {
    if name.ends_with(".toml") {
        let text = std::fs::read_to_string(name).with_context(|| format!("cannot read {name}"))?;
        return Ok(Spec::parse(name, &text)?);
    }
    if Config::load(dir).is_ok() {
        let view = Local::open(dir)?.spec(name)?;
        return Ok(Spec::parse(name, super::text(&view, "toml"))?);
    }
    specs::find(name).cloned().ok_or_else(|| {
        let refusal: Refusal = crate::service::specs::unknown(name);
        anyhow!("{}", refusal.text.en)
    })
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    // One byte beyond the bound is enough for the decoder to refuse it as too large.
    file.take(photo::decode::MAX_BYTES as u64 + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(bytes)
}

fn marks(numbers: &[f64]) -> Result<Marks> {
    let [lx, ly, rx, ry, cx, cy, tx, ty] = *<&[f64; 8]>::try_from(numbers).context("marks are eight numbers")?;
    let at = |x, y| Point { x, y };
    Ok(Marks { left_eye: at(lx, ly), right_eye: at(rx, ry), chin: at(cx, cy), crown: at(tx, ty) })
}
