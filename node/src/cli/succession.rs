//! `huizhi succession`.

use crate::{config::Config, enrolment::Federation, runtime, service::keys, succession};
use anyhow::{Context, Result};
use clap::Subcommand;
use libp2p::Multiaddr;
use protocol::{
    keys::OfficeKey,
    log::{Succession, SuccessorVerifier},
};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// The province's key was stolen or lost: name another one.
#[derive(Debug, Subcommand)]
pub(super) enum SuccessionCommand {
    /// Make a successor key, to be kept away from every machine. Its public half is for `huizhi init --successor`.
    Keygen {
        /// File for the secret key; it must not exist.
        file: PathBuf,
        /// Name of the federation.
        #[arg(long)]
        federation: String,
    },
    /// On the machine that is to be the province: make its key and write what the successors are to sign.
    Propose {
        /// File to write.
        file: PathBuf,
        /// Entries of the old province's log that are still believed; without this all that are here.
        #[arg(long)]
        upto: Option<u64>,
    },
    /// Sign a proposal with a successor key; the signature is added to the file.
    Sign {
        /// What `propose` wrote.
        file: PathBuf,
        /// Secret key that `keygen` made.
        #[arg(long)]
        key: PathBuf,
    },
    /// On the machine that made the proposal, once enough successors signed: become the province.
    Install {
        /// The signed proposal.
        file: PathBuf,
        /// Address under which other offices reach this machine.
        #[arg(long)]
        announce: Vec<Multiaddr>,
    },
    /// At every other office: believe the new province, by the `federation.json` of its data directory.
    Accept {
        /// That file.
        file: PathBuf,
    },
}

pub(super) fn run(dir: &Path, json: bool, command: SuccessionCommand) -> Result<ExitCode> {
    match command {
        SuccessionCommand::Keygen { file, federation } => {
            let seed: [u8; 32] = rand::random();
            let verifier = SuccessorVerifier::new(&federation, OfficeKey::from_seed(&seed).public())?;
            keys::write_secret(&file, &hex::encode(seed)).with_context(|| format!("cannot write {}", file.display()))?;
            super::print(json, &json!({ "successor": verifier.to_string() }), |_| verifier.to_string());
        }
        SuccessionCommand::Propose { file, upto } => {
            let text = succession::propose(dir, upto)?;
            fs::write(&file, &text).with_context(|| format!("cannot write {}", file.display()))?;
            super::print(json, &json!({ "file": file, "says": text }), |_| {
                format!("{text}\nWritten to {}. Have the successors read and sign it: huizhi succession sign", file.display())
            });
        }
        SuccessionCommand::Sign { file, key } => {
            let note = read(&file)?;
            let said = Succession::claimed(&note)?;
            let signed = Succession::add_signature(&note, said.last.origin.federation(), &OfficeKey::from_seed(&keys::read_seed(&key)?))?;
            fs::write(&file, &signed).with_context(|| format!("cannot write {}", file.display()))?;
            super::print(json, &json!({ "file": file }), |_| format!("{said}\nSigned; the signature was added to {}.", file.display()));
        }
        SuccessionCommand::Install { file, announce } => {
            Config::load(dir).context("this is no node")?;
            let federation = succession::install(dir, &read(&file)?, &announce)?;
            super::print(json, &json!({ "province": federation.province }), |_| {
                format!(
                    "This node is the province now: {}\nGive {} to every office: huizhi succession accept",
                    federation.province,
                    dir.join(crate::config::FEDERATION).display()
                )
            });
        }
        SuccessionCommand::Accept { file } => {
            let handed: Federation =
                serde_json::from_str(&read(&file)?).with_context(|| format!("{} is no federation file", file.display()))?;
            let before = runtime::federation(dir)?.province;
            let federation = succession::accept(dir, &handed)?;
            super::print(json, &json!({ "province": federation.province }), |_| {
                if before == federation.province {
                    "This node believes that province already.".to_owned()
                } else {
                    format!("This node believes the new province: {}", federation.province)
                }
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
