//! `huizhi photo`: the photo engine without an office.

mod batch;
mod card;
mod sheet;
mod standardize;

use super::local::Local;
use crate::{
    config::Config,
    runtime,
    service::{Refusal, photos::CheckResult},
};
use anyhow::{Context, Result, anyhow, bail};
use clap::Subcommand;
use models::Models;
use photo::{Marks, Point, Vision, Wanted};
use specs::Spec;
use std::{
    collections::HashSet,
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
    /// Judge a picture of an identity card: whole, sharp, free of glare, level.
    ///
    /// Exit code 0: good; 2: take it again; 1: no readable picture.
    Card(card::CardArgs),
    /// Lay finished photos out on photo paper, as PDF or JPEG with marks to cut along.
    Sheet(sheet::SheetArgs),
}

pub(super) fn run(dir: &Path, json: bool, command: PhotoCommand) -> Result<ExitCode> {
    match command {
        PhotoCommand::Standardize(args) => standardize::run(dir, json, args),
        PhotoCommand::Batch(args) => batch::run(dir, json, args),
        PhotoCommand::Card(args) => card::run(json, &args),
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
    let specs = names.iter().map(|name| find_spec(dir, name)).collect::<Result<Vec<_>>>()?;
    // Photos are named after their document, so the second of two would overwrite the first.
    let mut ids = HashSet::new();
    if let Some(twice) = specs.iter().find(|spec| !ids.insert(spec.id())) {
        bail!("two of the documents have the id {}; name it once, or give one of the files another id", twice.id());
    }
    Ok(specs)
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

/// What is asked of each document; refuses a background that one of them does not allow before any work is done.
fn wanted<'a>(specs: &'a [Spec], background: Option<&str>) -> Result<Vec<Wanted<'a>>> {
    let one = |spec: &'a Spec| match background {
        None => Ok(Wanted::from(spec)),
        Some(background) => Wanted::named(spec, background).map_err(|refused| {
            let text = refused.message();
            anyhow!("{}\n  {}", text.en, text.zh)
        }),
    };
    specs.iter().map(one).collect()
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

/// Checks line by line, each with what to do next.
fn check_words(checks: &[CheckResult]) -> String {
    let mut words = String::new();
    for check in checks {
        let sign = match check.verdict.as_str() {
            "pass" => "ok  ",
            "fail" => "FAIL",
            _ => "?   ",
        };
        let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
        words += &format!(
            "  {sign} {:<28} {:>9} {:<6} [{} … {}]  {}\n",
            check.name,
            number(check.measured),
            check.unit,
            number(check.min),
            number(check.max),
            check.title.zh
        );
        if check.verdict != "pass" {
            words += &format!("       {} / {}\n", check.next_step.zh, check.next_step.en);
        }
    }
    words
}

/// Refuses to write where a picture is that is read: it is the only original there is.
fn spare(out: &Path, inputs: &[&Path]) -> Result<()> {
    // What cannot be found is no file yet.
    let Ok(out_real) = out.canonicalize() else { return Ok(()) };
    if inputs.iter().any(|input| input.canonicalize().is_ok_and(|input| input == out_real)) {
        bail!("{} is an original picture, which would be overwritten; name another place with --out", out.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! What is refused before any work is done.
    use super::*;

    #[test]
    fn two_documents_of_one_id_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["cn-id-card", "jp-passport", "cn-id-card"].map(String::from);
        assert!(find_specs(dir.path(), &names[..2], false).is_ok());
        let error = find_specs(dir.path(), &names, false).unwrap_err();
        assert!(error.to_string().contains("cn-id-card"), "{error}");
    }

    #[test]
    fn a_background_that_one_of_the_documents_does_not_allow_is_refused_with_what_it_does() {
        let names = ["cn-graduate", "cn-adult-exam"].map(String::from);
        let specs = find_specs(tempfile::tempdir().unwrap().path(), &names, false).unwrap();
        assert_eq!(wanted(&specs, None).unwrap()[0].backgrounds().len(), 3);
        for asked in ["white", "白色", "白", "#FFFFFF", "ffffff"] {
            let wanted = wanted(&specs, Some(asked)).unwrap();
            assert!(wanted.iter().all(|wanted| wanted.backgrounds() == [[255, 255, 255]]), "{asked}");
        }
        let error = wanted(&specs, Some("light grey")).unwrap_err().to_string();
        assert!(error.contains("cn-adult-exam") && error.contains("light blue #64c5ff") && error.contains("浅蓝色"), "{error}");
    }

    #[test]
    fn an_original_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let picture = dir.path().join("a.jpg");
        std::fs::write(&picture, b"picture").unwrap();
        assert!(spare(&dir.path().join("b.jpg"), &[&picture]).is_ok());
        assert!(spare(&dir.path().join(".").join("a.jpg"), &[&picture]).is_err());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&picture, dir.path().join("link.jpg")).unwrap();
            assert!(spare(&picture, &[&dir.path().join("link.jpg")]).is_err());
        }
    }
}
