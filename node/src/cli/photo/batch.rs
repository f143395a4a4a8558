//! `huizhi photo batch`: a folder of pictures.

use super::{find_specs, load_models, wanted};
use crate::{
    batch::{self, Order, Outcome, Plan},
    roster::{Options, Role, Roster},
    runtime,
    text::Text,
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
    /// List of the people, CSV or XLSX. One of its first ten lines names the columns: 身份证号/证件号/考生号/学号/编号/id,
    /// 姓名/name, 照片/photo; at least one of them. The command prints which column it took for which, before any photo is made.
    #[arg(long)]
    roster: Option<PathBuf>,
    /// Takes another column of the roster: id=考生号, name=#3 (the third), photo=- (none). May be given several times.
    #[arg(long, value_parser = column, requires = "roster")]
    column: Vec<(Role, String)>,
    /// Encoding of a CSV roster, where it is not sure: utf-8, gb18030, big5, utf-16le.
    #[arg(long, requires = "roster")]
    encoding: Option<String>,
    /// Sheet of an XLSX roster; the first visible one with headings if not given.
    #[arg(long, requires = "roster")]
    sheet: Option<String>,
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
    let options = Options { encoding: args.encoding, sheet: args.sheet, columns: args.column };
    let roster = args.roster.as_deref().map(|path| Roster::read(path, &options)).transpose()?;
    let plan = Plan::make(&args.pictures, roster.as_ref())?;
    say_what_was_read(roster.as_ref(), &plan);
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
        "roster": roster.as_ref().map(|roster| &roster.preview), "skipped": plan.skipped,
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

fn column(text: &str) -> Result<(Role, String), String> {
    let chosen =
        text.split_once('=').and_then(|(key, wanted)| Some((Role::ALL.into_iter().find(|role| role.key() == key)?, wanted.to_owned())));
    chosen.filter(|(_, wanted)| !wanted.is_empty()).ok_or_else(|| "write id=HEADING, name=HEADING or photo=HEADING".to_owned())
}

/// Bound: skipped files that are named.
const MAX_SKIPPED: usize = 10;

/// Before the work begins, in both languages.
fn say_what_was_read(roster: Option<&Roster>, plan: &Plan) {
    let mut lines: Vec<Text> = roster.map(|roster| roster.preview.lines()).unwrap_or_default();
    if !plan.skipped.is_empty() {
        let (count, named) = (plan.skipped.len(), plan.skipped.iter().take(MAX_SKIPPED).cloned().collect::<Vec<_>>().join(", "));
        lines.push(Text::new(
            format!("照片文件夹中有 {count} 项未读取（子文件夹或不是照片）：{named}。"),
            format!("{count} things in the folder of the pictures were not read (folders, or no pictures): {named}"),
        ));
    }
    for text in lines {
        eprintln!("{}\n  {}", text.en, text.zh);
    }
}

/// The model files in use, by the hashes of the manifest.
fn model_files(dir: &Path) -> String {
    let present = |model: &models::ModelState| model.used && matches!(model.present, Presence::Embedded | Presence::File);
    let hashes: Vec<String> = models::list(&runtime::models_dir(dir)).into_iter().filter(present).map(|model| model.sha256).collect();
    if hashes.is_empty() { "none".to_owned() } else { hex::encode(Sha256::digest(hashes.concat())) }
}
