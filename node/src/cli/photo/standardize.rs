//! `huizhi photo standardize`: one picture, the photos of one or many documents.

use super::{check_words, find_specs, load_models, marks, read, spare, wanted};
use crate::{
    service::{
        Refusal,
        photos::{self, PhotoResult},
    },
    store,
};
use anyhow::{Context, Result, anyhow};
use clap::Args;
use photo::{
    NoVision, Shot, Vision,
    matte::{PlateFault, PlateUse},
};
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
    #[arg(long, value_delimiter = ',', value_name = "X,Y,X,Y,X,Y,X,Y", allow_negative_numbers = true)]
    marks: Option<Vec<f64>>,
    /// Picture of the empty wall from the same fixed camera, against which the person is cut out. One that does not fit is
    /// not used, and the result says so.
    #[arg(long)]
    plate: Option<PathBuf>,
    /// Background, one that every document named allows: its name (white, light grey, light blue; 白色, 浅灰色, 浅蓝色) or
    /// #rrggbb. The first of each document if not given; `huizhi specs show ID` lists them.
    #[arg(long, conflicts_with = "all")]
    background: Option<String>,
    /// Use no model even where one is present.
    #[arg(long)]
    no_model: bool,
}

/// A photo on disk, or why there is none.
struct Made {
    spec: Spec,
    result: Result<(PathBuf, PhotoResult, PlateUse), Refusal>,
}

pub(super) fn run(dir: &Path, json: bool, args: StandardizeArgs) -> Result<ExitCode> {
    let specs = find_specs(dir, &args.spec, args.all)?;
    let is_one = specs.len() == 1 && !args.all;
    let place = |spec: &Spec| if is_one { args.out.clone() } else { args.out.join(format!("{}.jpg", spec.id())) };
    let inputs: Vec<&Path> = [Some(&args.input), args.plate.as_ref()].into_iter().flatten().map(PathBuf::as_path).collect();
    for spec in &specs {
        spare(&place(spec), &inputs)?;
    }
    let wanted = wanted(&specs, args.background.as_deref())?;
    let bytes = read(&args.input)?;
    let plate = args.plate.as_deref().map(read).transpose()?;
    let marks = args.marks.as_deref().map(marks).transpose()?;
    let vision: Box<dyn Vision> = if args.no_model { Box::new(NoVision) } else { load_models(dir)? };
    let terminal = std::io::stderr().is_terminal();
    let shot = Shot { bytes: &bytes, marks, plate: plate.as_deref(), ..Shot::default() };
    let results = photos::standardize_all(&shot, &wanted, &*vision, &mut |stage| {
        if terminal {
            eprint!("\r{:<12}", stage.key());
        }
    });
    if terminal {
        eprint!("\r{:<12}\r", "");
    }
    let results = results.map_err(|refusal| anyhow!("{}\n  {}", refusal.text.en, refusal.text.zh))?;
    if !is_one {
        std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make the folder {}", args.out.display()))?;
    }
    let mut made = Vec::new();
    for (spec, result) in specs.iter().zip(results) {
        let result = match result {
            Ok(photo) => {
                let out = place(spec);
                store::replace_file(&out, &photo.jpeg).with_context(|| format!("cannot write {}", out.display()))?;
                Ok((out, PhotoResult::of(&photo, vision.name()), photo.plate))
            }
            Err(refusal) => Err(refusal),
        };
        made.push(Made { spec: spec.clone(), result });
    }
    report(json, is_one, &made)
}

fn report(json: bool, is_one: bool, made: &[Made]) -> Result<ExitCode> {
    if let ([only], true) = (made, is_one) {
        let (out, result, plate) = only.result.as_ref().map_err(|refusal| anyhow!("{}\n  {}", refusal.text.en, refusal.text.zh))?;
        crate::cli::print(json, &value(only), |_| words(&only.spec, out, result, *plate));
    } else {
        let values: Vec<_> = made.iter().map(value).collect();
        crate::cli::print(json, &json!(values), |_| feasibility(made));
    }
    if made.iter().all(|made| made.result.is_err()) {
        return Ok(ExitCode::FAILURE);
    }
    let is_clean = made.iter().all(|made| matches!(&made.result, Ok((_, result, _)) if result.failed_checks() == 0));
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

fn value(made: &Made) -> serde_json::Value {
    match &made.result {
        Ok((out, result, plate)) => json!({ "spec": made.spec.id(), "out": out, "photo": result, "plate": plate }),
        Err(refusal) => json!({ "spec": made.spec.id(), "refused": { "code": refusal.code, "text": refusal.text } }),
    }
}

/// One line for each document: what was made of it, and what stands in the way.
fn feasibility(made: &[Made]) -> String {
    let mut lines = vec![format!("{:<16} {:<11} {:>9} {:>8}  {}", "document", "size", "KB", "quality", "what stands in the way")];
    for made in made {
        let line = match &made.result {
            Err(refusal) => format!("{:<16} {:<11} {:>9} {:>8}  {} / {}", made.spec.id(), "-", "-", "-", refusal.text.zh, refusal.text.en),
            Ok((_, result, _)) => {
                let failed: Vec<&str> = result.checks.iter().filter(|check| check.failed()).map(|check| check.name.as_str()).collect();
                let size = format!("{}x{}", result.width_px, result.height_px);
                let state = if failed.is_empty() { "ok".to_owned() } else { failed.join(", ") };
                format!("{:<16} {size:<11} {:>9.1} {:>8}  {state}", made.spec.id(), result.bytes as f64 / 1024.0, result.quality)
            }
        };
        lines.push(line);
    }
    // The wall is compared once for all documents.
    lines.extend(made.iter().find_map(|made| plate_words(made.result.as_ref().ok()?.2)));
    lines.join("\n")
}

/// What became of the picture of the empty wall, where one was given.
fn plate_words(plate: PlateUse) -> Option<String> {
    let words = match plate {
        PlateUse::None => return None,
        PlateUse::Used => "used / 已使用空墙照片",
        PlateUse::Refused(PlateFault::Unreadable) => "not used, it is no readable picture / 未使用：空墙照片无法读取",
        PlateUse::Refused(PlateFault::OtherSize) => "not used, its size is not that of the picture / 未使用：空墙照片与原图尺寸不同",
        PlateUse::Refused(PlateFault::OtherWall) => {
            "not used, it shows another wall; take it again / 未使用：与照片中的墙面不符，请重拍空墙"
        }
    };
    Some(format!("  plate: {words}"))
}

fn words(spec: &Spec, out: &Path, result: &PhotoResult, plate: PlateUse) -> String {
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
    words += &check_words(&result.checks);
    if let Some(plate) = plate_words(plate) {
        words += &format!("{plate}\n");
    }
    words + &format!("  operations: {}", result.operations.join(", "))
}
