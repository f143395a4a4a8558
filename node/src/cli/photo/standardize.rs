//! `huizhi photo standardize`: one picture, the photos of one or many documents.

use super::{find_specs, load_models, marks, read};
use crate::{
    service::{
        Refusal,
        photos::{self, PhotoResult},
    },
    store,
};
use anyhow::{Context, Result, anyhow};
use clap::Args;
use photo::{NoVision, Shot, Vision};
use serde_json::json;
use specs::Spec;
use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// One picture in, photos out.
#[derive(Debug, Args)]
pub(in crate::cli) struct StandardizeArgs {
    /// Picture file: JPEG, PNG or WebP.
    input: PathBuf,
    /// Documents, separated by commas: spec ids (see `huizhi specs list`) or spec files ending in .toml.
    #[arg(long, value_delimiter = ',', required_unless_present = "all")]
    spec: Vec<String>,
    /// Every document that is known.
    #[arg(long, conflicts_with = "spec")]
    all: bool,
    /// Where to write: a JPEG for one document, a folder for several.
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

/// A photo on disk, or why there is none.
struct Made {
    spec: Spec,
    result: Result<(PathBuf, PhotoResult), Refusal>,
}

pub(super) fn run(dir: &Path, json: bool, args: StandardizeArgs) -> Result<ExitCode> {
    let specs = find_specs(dir, &args.spec, args.all)?;
    let bytes = read(&args.input)?;
    let marks = args.marks.as_deref().map(marks).transpose()?;
    let vision: Box<dyn Vision> = if args.no_model { Box::new(NoVision) } else { load_models(dir)? };
    let terminal = std::io::stderr().is_terminal();
    let wanted: Vec<&Spec> = specs.iter().collect();
    let shot = Shot { bytes: &bytes, marks, ..Shot::default() };
    let results = photos::standardize_all(&shot, &wanted, &*vision, &mut |stage| {
        if terminal {
            eprint!("\r{:<12}", stage.key());
        }
    });
    if terminal {
        eprint!("\r{:<12}\r", "");
    }
    let results = results.map_err(|refusal| anyhow!("{}\n  {}", refusal.text.en, refusal.text.zh))?;
    let is_one = specs.len() == 1 && !args.all;
    if !is_one {
        std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make the folder {}", args.out.display()))?;
    }
    let mut made = Vec::new();
    for (spec, result) in specs.into_iter().zip(results) {
        let result = match result {
            Ok(photo) => {
                let out = if is_one { args.out.clone() } else { args.out.join(format!("{}.jpg", spec.id())) };
                store::replace_file(&out, &photo.jpeg).with_context(|| format!("cannot write {}", out.display()))?;
                Ok((out, PhotoResult::of(&photo, vision.name())))
            }
            Err(refusal) => Err(refusal),
        };
        made.push(Made { spec, result });
    }
    report(json, is_one, &made)
}

fn report(json: bool, is_one: bool, made: &[Made]) -> Result<ExitCode> {
    if let ([only], true) = (made, is_one) {
        let (out, result) = only.result.as_ref().map_err(|refusal| anyhow!("{}\n  {}", refusal.text.en, refusal.text.zh))?;
        crate::cli::print(json, &value(only), |_| words(&only.spec, out, result));
    } else {
        let values: Vec<_> = made.iter().map(value).collect();
        crate::cli::print(json, &json!(values), |_| feasibility(made));
    }
    if made.iter().all(|made| made.result.is_err()) {
        return Ok(ExitCode::FAILURE);
    }
    let is_clean = made.iter().all(|made| matches!(&made.result, Ok((_, result)) if result.failed_checks() == 0));
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

fn value(made: &Made) -> serde_json::Value {
    match &made.result {
        Ok((out, result)) => json!({ "spec": made.spec.id(), "out": out, "photo": result }),
        Err(refusal) => json!({ "spec": made.spec.id(), "refused": { "code": refusal.code, "text": refusal.text } }),
    }
}

/// One line for each document: what was made of it, and what stands in the way.
fn feasibility(made: &[Made]) -> String {
    let mut lines = vec![format!("{:<16} {:<11} {:>9} {:>8}  {}", "document", "size", "KB", "quality", "what stands in the way")];
    for made in made {
        let line = match &made.result {
            Err(refusal) => format!("{:<16} {:<11} {:>9} {:>8}  {} / {}", made.spec.id(), "-", "-", "-", refusal.text.zh, refusal.text.en),
            Ok((_, result)) => {
                let failed: Vec<&str> = result.checks.iter().filter(|check| check.failed()).map(|check| check.name.as_str()).collect();
                let size = format!("{}x{}", result.width_px, result.height_px);
                let state = if failed.is_empty() { "ok".to_owned() } else { failed.join(", ") };
                format!("{:<16} {size:<11} {:>9.1} {:>8}  {state}", made.spec.id(), result.bytes as f64 / 1024.0, result.quality)
            }
        };
        lines.push(line);
    }
    lines.join("\n")
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
