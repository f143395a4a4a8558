//! `huizhi backup` and `huizhi restore`.

use super::local::Local;
use crate::{config, recovery};
use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;
use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Where to back up to.
#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// Folder that does not exist yet or is empty.
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Put the secret keys in: whoever has the backup can sign as this office then.
    #[arg(long)]
    with_keys: bool,
}

/// What to restore.
#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// Folder that `huizhi backup` wrote.
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
}

pub(super) fn backup(dir: &Path, json: bool, args: &BackupArgs) -> Result<ExitCode> {
    let made = Local::open(dir)?.backup(dir, &args.to, args.with_keys)?;
    super::print(json, &made, |made| {
        let keys = if args.with_keys {
            "The secret keys are in it: lock it away."
        } else {
            "The secret keys are NOT in it: keep a copy of keys/ elsewhere, or nobody can restore it."
        };
        let decayed = match made["decayed"].as_u64() {
            Some(0) | None => String::new(),
            Some(count) => format!("\n{count} blobs have decayed on this disk and were left out."),
        };
        format!(
            "backed up {} records and {} photos and payloads to {}{decayed}\n{keys}\n\
             It names people (drafts, sealed payloads): handle it like the office's own disk.",
            made["records"],
            made["blobs"],
            args.to.display()
        )
    });
    Ok(ExitCode::SUCCESS)
}

pub(super) fn restore(dir: &Path, json: bool, args: &RestoreArgs) -> Result<ExitCode> {
    if dir.join(config::FILE).exists() {
        bail!("{} holds a node already; nothing was changed: name another folder with --dir", dir.display());
    }
    let terminal = std::io::stderr().is_terminal();
    let restored = recovery::restore(&args.from, dir, &mut |records| {
        if terminal {
            eprint!("\r{records} records verified");
        }
    })?;
    if terminal {
        eprint!("\r{:<40}\r", "");
    }
    let value = json!({ "office": restored.office, "records": restored.records, "blobs": restored.blobs, "keys": restored.keys });
    super::print(json, &value, |_| {
        format!(
            "restored office {} into {}: {} records and {} photos and payloads, all verified\n\
             It signs nothing until its own log was compared with other offices: run it with the network connected.\n\
             Never run the old machine again.",
            restored.office,
            dir.display(),
            restored.records,
            restored.blobs
        )
    });
    Ok(ExitCode::SUCCESS)
}
