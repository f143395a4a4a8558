//! `huizhi prune`: takes logs off this disk that the province retired.

use super::{local::Local, text};
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use std::{fs, path::Path, process::ExitCode};

/// Whether to do it.
#[derive(Debug, Args)]
pub(super) struct PruneArgs {
    /// Do it. Without it the command only says what would go.
    #[arg(long)]
    yes: bool,
}

/// Exit code 0: done, or nothing to do; 2: logs stay because nobody who keeps everything is known to hold them.
pub(super) fn run(dir: &Path, json: bool, args: &PruneArgs) -> Result<ExitCode> {
    let local = Local::open(dir)?;
    let office = local.stopped("take retired logs off its disk")?;
    let bytes = || fs::metadata(dir.join("store.redb")).map(|file| file.len()).unwrap_or_default();
    let before = bytes();
    let found = match args.yes {
        true => super::waiting("taking logs off the disk 清理中", || office.prune())?,
        false => office.prunable()?,
    };
    let value = json!({
        "logs": found.logs.iter().map(|(log, size)| json!({ "log": log.to_string(), "size": size })).collect::<Vec<_>>(),
        "alone": found.alone.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "done": args.yes,
        "keeps_everything": office.keeps_everything(),
        "bytes_freed": if args.yes { before.saturating_sub(bytes()) } else { 0 },
    });
    super::print(json, &value, words);
    Ok(if found.alone.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

fn words(value: &Value) -> String {
    let rows = |name: &str| value[name].as_array().cloned().unwrap_or_default();
    let mut lines: Vec<String> = rows("logs").iter().map(|log| format!("{:>9} entries  {}", log["size"], text(log, "log"))).collect();
    lines.extend(rows("alone").iter().map(|log| {
        format!(
            "     stays         {}: nobody who keeps everything is known to hold all of it; run this node connected to the province or an archive first",
            log.as_str().unwrap_or_default()
        )
    }));
    lines.push(match (rows("logs").len(), value["done"].as_bool(), value["keeps_everything"].as_bool()) {
        (_, _, Some(true)) => "this node keeps everything, so nothing is taken off its disk 本节点保存全部日志，不清理".into(),
        (0, ..) => "nothing to take off this disk 没有可清理的日志".into(),
        (count, Some(true), _) => format!(
            "{count} logs were taken off this disk, {} MB are free again; photos of their cases go when the node runs 已清理",
            value["bytes_freed"].as_u64().unwrap_or_default() / 1_000_000
        ),
        (count, ..) => format!(
            "{count} logs would go, and photos that only their cases name; archives keep the records, nobody keeps the photos. With --yes they \
             go 加 --yes 执行；照片将一并删除"
        ),
    });
    lines.join("\n")
}
