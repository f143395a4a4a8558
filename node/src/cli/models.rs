//! `huizhi models`.

use crate::runtime::models_dir;
use anyhow::{Result, bail};
use clap::Subcommand;
use models::{ModelState, Report};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What to do with models.
#[derive(Debug, Subcommand)]
pub(super) enum ModelsCommand {
    /// Which models there are, which are present, and what each can do.
    List,
    /// Download the models that can be downloaded.
    Fetch {
        /// Another server that holds the same files.
        #[arg(long, value_name = "URL")]
        from: Option<String>,
    },
    /// Take models from a folder or stick; each is checked by SHA-256.
    Import {
        /// Folder with the files.
        folder: PathBuf,
    },
}

pub(super) fn run(dir: &Path, json: bool, command: ModelsCommand) -> Result<ExitCode> {
    let to = models_dir(dir);
    match command {
        ModelsCommand::List => {
            let states = models::list(&to);
            super::print(json, &json!(states), |_| states.iter().map(line).collect::<Vec<_>>().join("\n"));
            Ok(ExitCode::SUCCESS)
        }
        ModelsCommand::Fetch { from } => report(json, &models::fetch(&to, from.as_deref(), &mut |name| eprintln!("{name} …"))?),
        ModelsCommand::Import { folder } => {
            let report_of = models::import(&folder, &to)?;
            if report_of.taken.is_empty() && report_of.kept.is_empty() && report_of.refused.is_empty() {
                bail!("{} holds no file of the manifest; `huizhi models list` names them", folder.display());
            }
            report(json, &report_of)
        }
    }
}

fn line(state: &ModelState) -> String {
    let present = serde_json::to_value(state.present).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
    let used = if state.used { "" } else { "  (not used by this version)" };
    format!("{present:<10} {:<22} {:<28} {}{used}", state.name, state.file, state.measures.join(", "))
}

fn report(json: bool, report: &Report) -> Result<ExitCode> {
    let value = json!({ "taken": report.taken, "kept": report.kept, "refused": report.refused });
    super::print(json, &value, |_| {
        let mut words: Vec<String> = report.taken.iter().map(|name| format!("taken    {name}")).collect();
        words.extend(report.kept.iter().map(|name| format!("present  {name}")));
        words.extend(report.refused.iter().map(|(name, reason)| format!("REFUSED  {name}: {reason}")));
        words.join("\n")
    });
    Ok(if report.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}
