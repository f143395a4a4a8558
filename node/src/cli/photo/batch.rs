//! `huizhi photo batch`: a folder of pictures.

use super::{find_specs, load_models, wanted};
use crate::{
    batch::{self, Order, Outcome, Plan, Roster},
    runtime,
};
use anyhow::Result;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use models::Presence;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// A folder in, a folder out.
#[derive(Debug, Args)]
pub(in crate::cli) struct BatchArgs {
    /// Folder with the pictures.
    pictures: PathBuf,
    /// List of the people, CSV (UTF-8 or GB18030) or XLSX. Its first line names the columns:
    /// file/照片, id/证件号/考生号/学号, name/姓名; at least one of them.
    #[arg(long)]
    roster: Option<PathBuf>,
    /// Documents, separated by commas.
    #[arg(long, value_delimiter = ',', required = true)]
    spec: Vec<String>,
    /// Background, one that every document named allows: its name (white, light grey, light blue; 白色, 浅灰色, 浅蓝色) or
    /// #rrggbb. The first of each document if not given; `huizhi specs show ID` lists them.
    #[arg(long)]
    background: Option<String>,
    /// Folder for the photos, the journal and result.csv; not the folder of the pictures. Photos that failed a check lie
    /// in its subfolder check_failed; photos of an earlier run whose picture ends without one are removed.
    #[arg(long)]
    out: PathBuf,
    /// Pictures worked on at the same time; all cores if not given. Each takes up to 250 MB for a 12-megapixel JPEG, up to
    /// 600 MB for a 50-megapixel PNG; of pictures above 20 megapixels (by the header of JPEG and PNG; of others, files above
    /// 4 MB) only one is in work at a time.
    #[arg(long)]
    jobs: Option<usize>,
}

pub(super) fn run(dir: &Path, json: bool, args: BatchArgs) -> Result<ExitCode> {
    let specs = find_specs(dir, &args.spec, false)?;
    let wanted = wanted(&specs, args.background.as_deref())?;
    let roster = args.roster.as_deref().map(Roster::read).transpose()?;
    let plan = Plan::make(&args.pictures, roster.as_ref())?;
    let jobs = args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let models = model_files(dir);
    let order = Order { plan: &plan, wanted: &wanted, out: &args.out, jobs, models: &models };

    let bar = ProgressBar::new(plan.len() as u64).with_style(
        ProgressStyle::with_template("{wide_bar} {pos}/{len}  {per_sec}  {eta} left").unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let summary = batch::run(&order, &|| load_models(dir), &|| bar.inc(1))?;
    bar.finish_and_clear();

    let counts: Vec<(&str, usize)> = Outcome::ALL.iter().map(|outcome| (outcome.key(), summary.count(*outcome))).collect();
    let table = args.out.join("result.csv");
    let value = json!({
        "pictures": plan.len(), "resumed": summary.resumed, "outcomes": counts.iter().copied().collect::<std::collections::BTreeMap<_, _>>(), "table": table,
    });
    crate::cli::print(json, &value, |_| {
        let mut lines: Vec<String> =
            counts.iter().filter(|(_, count)| *count > 0).map(|(key, count)| format!("{count:>7} {key}")).collect();
        if summary.resumed > 0 {
            lines.push(format!("{:>7} of the pictures were finished by an earlier run", summary.resumed));
        }
        lines.push(format!("        {}", table.display()));
        lines.join("\n")
    });
    let all_made = summary.rows.iter().all(|row| row.outcome == Outcome::Made);
    Ok(if all_made { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// The model files in use, by the hashes of the manifest.
fn model_files(dir: &Path) -> String {
    let present = |model: &models::ModelState| model.used && matches!(model.present, Presence::Embedded | Presence::File);
    let hashes: Vec<String> = models::list(&runtime::models_dir(dir)).into_iter().filter(present).map(|model| model.sha256).collect();
    if hashes.is_empty() { "none".to_owned() } else { hex::encode(Sha256::digest(hashes.concat())) }
}
