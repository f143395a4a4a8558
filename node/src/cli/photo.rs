//! `huizhi photo`: the photo engine without an office.

use super::local::Local;
use crate::{
    config::Config,
    runtime,
    service::{
        Refusal,
        photos::{self, PhotoResult},
    },
    store,
};
use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use models::Models;
use photo::{Marks, NoVision, Point, Vision};
use serde_json::json;
use specs::Spec;
use std::{
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What to do with a picture.
#[derive(Debug, Subcommand)]
pub(super) enum PhotoCommand {
    /// Make the photo that a document asks for. Exit code 0: made, every check passed; 2: made, a check failed; 1: could not be made.
    Standardize(StandardizeArgs),
}

/// One picture in, one photo out.
#[derive(Debug, Args)]
pub(super) struct StandardizeArgs {
    /// Picture file: JPEG, PNG or WebP.
    input: PathBuf,
    /// Spec id (see `huizhi specs list`), or a spec file ending in .toml.
    #[arg(long)]
    spec: String,
    /// Where to write the JPEG.
    #[arg(long)]
    out: PathBuf,
    /// Points marked by hand in pixels of the upright picture instead of a model:
    /// left eye x,y, right eye x,y, chin x,y, crown x,y (left and right as seen).
    #[arg(long, value_delimiter = ',', num_args = 8, value_names = ["X,Y,X,Y,X,Y,X,Y"], allow_negative_numbers = true)]
    marks: Option<Vec<f64>>,
    /// Use no model even where one is present.
    #[arg(long)]
    no_model: bool,
}

pub(super) fn run(dir: &Path, json: bool, command: PhotoCommand) -> Result<ExitCode> {
    let PhotoCommand::Standardize(args) = command;
    let spec = find_spec(dir, &args.spec)?;
    let bytes = read(&args.input)?;
    let marks = args.marks.as_deref().map(marks).transpose()?;
    let vision: Box<dyn Vision> = if args.no_model || marks.is_some() {
        Box::new(NoVision)
    } else {
        let library = std::env::var_os(models::ONNXRUNTIME_VARIABLE).map(PathBuf::from);
        Box::new(Models::load(&runtime::models_dir(dir), library.as_deref())?)
    };
    let terminal = std::io::stderr().is_terminal();
    let made = photos::standardize(&bytes, &spec, &*vision, marks, &mut |stage| {
        if terminal {
            eprint!("\r{:<12}", stage.key());
        }
    });
    if terminal {
        eprint!("\r{:<12}\r", "");
    }
    let made = made.map_err(|refusal| anyhow!("{}\n  {}", refusal.text.en, refusal.text.zh))?;
    store::replace_file(&args.out, &made.jpeg).with_context(|| format!("cannot write {}", args.out.display()))?;
    let result = PhotoResult::of(&made, vision.name());
    let failed = result.failed_checks();
    super::print(json, &json!({ "spec": spec.id(), "out": args.out, "photo": result }), |_| words(&spec, &args.out, &result));
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) })
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

fn words(spec: &Spec, out: &Path, result: &PhotoResult) -> String {
    let mut words = format!(
        "{} {}: {}×{} px, {} dpi, quality {}, {:.1} KB -> {}\n",
        spec.name().zh,
        spec.id(),
        result.width_px,
        result.height_px,
        result.dpi,
        result.quality,
        result.bytes as f64 / 1024.0,
        out.display()
    );
    for check in &result.checks {
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
    words + &format!("  operations: {}", result.operations.join(", "))
}
