//! `huizhi specs`.

use super::{local::Local, text};
use crate::config::Config;
use anyhow::{Context, Result};
use clap::Subcommand;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What to do with specs.
#[derive(Debug, Subcommand)]
pub(super) enum SpecsCommand {
    /// Specs in force at this node; without a node, those shipped.
    List,
    /// One spec as TOML, with its sources.
    Show {
        /// Spec id.
        id: String,
    },
    /// Read a spec file and say whether it would be taken.
    Check {
        /// TOML file.
        file: PathBuf,
    },
    /// Sign a spec into the province's log; every office uses it for its next capture.
    Publish {
        /// TOML file.
        file: PathBuf,
        /// Day in China on which it takes force, for example 2026-12-01; without one, when it arrives.
        #[arg(long, value_name = "DAY")]
        from: Option<String>,
    },
    /// Cancel the version of a spec that waits for its day.
    Cancel {
        /// Spec id.
        id: String,
    },
}

pub(super) fn run(dir: &Path, json: bool, command: SpecsCommand) -> Result<ExitCode> {
    match command {
        SpecsCommand::List => {
            let specs = if Config::load(dir).is_ok() { Local::open(dir)?.specs()? } else { shipped() };
            super::print(json, &specs, |specs| specs.as_array().into_iter().flatten().map(line).collect::<Vec<_>>().join("\n"));
        }
        SpecsCommand::Show { id } => {
            if Config::load(dir).is_ok() {
                let spec = Local::open(dir)?.spec(&id)?;
                super::print(json, &spec, |spec| text(spec, "toml").to_owned());
            } else {
                let spec = specs::find(&id).with_context(|| crate::service::specs::unknown(&id).text.en)?;
                super::print(json, &json!({ "id": id, "toml": spec.text(), "sources": spec.sources() }), |_| spec.text().to_owned());
            }
        }
        SpecsCommand::Check { file } => {
            let spec = specs::Spec::parse(&file.display().to_string(), &read(&file)?)?;
            let value = json!({ "id": spec.id(), "version": spec.version(), "hash": spec.hash_hex() });
            super::print(json, &value, |_| format!("{} version {} would be taken", spec.id(), spec.version()));
        }
        SpecsCommand::Publish { file, from } => {
            let published = Local::open(dir)?.publish_spec(&read(&file)?, from.as_deref())?;
            super::print(json, &published, |spec| format!("published: {}", line(spec)));
        }
        SpecsCommand::Cancel { id } => {
            let spec = Local::open(dir)?.cancel_spec(&id)?;
            super::print(json, &spec, |spec| format!("in force: {}", line(&spec["summary"])));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn shipped() -> Value {
    specs::shipped()
        .iter()
        .map(|spec| {
            json!({
                "id": spec.id(), "name": { "zh": spec.name().zh, "en": spec.name().en }, "version": spec.version(),
                "status": spec.status().key(), "confidence": spec.confidence().key(), "origin": "shipped",
                "width_px": spec.width_px(), "height_px": spec.height_px(), "dpi": spec.dpi(), "hash": spec.hash_hex(),
            })
        })
        .collect()
}

fn line(spec: &Value) -> String {
    format!(
        "{:<16} v{:<3} {:>4}×{:<4} {:>3} dpi  {:<9} confidence {}  {}",
        text(spec, "id"),
        spec["version"],
        spec["width_px"],
        spec["height_px"],
        spec["dpi"],
        text(spec, "origin"),
        text(spec, "confidence"),
        text(&spec["name"], "zh")
    )
}
