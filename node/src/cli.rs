//! The command line. Standard output is for results (JSON with `--json`), standard error for people.

mod audit;
mod bundle;
mod demo;
mod doctor;
mod federation;
mod init;
mod local;
mod models;
mod network;
mod office;
mod photo;
mod prune;
mod receipt;
mod recovery;
mod run;
mod scrub;
mod specs;
mod staff;
mod status;
mod succession;

use crate::{api::types::EnrolRequest, service::staff::StaffRole};
use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use std::{io::Write, path::PathBuf, process::ExitCode};

/// 回执 Huizhi: ID photos, review and signed receipts for offices that work alone and agree later.
///
/// First steps: `huizhi demo` shows a whole federation on this machine. `huizhi init` and `huizhi run` serve one office.
#[derive(Debug, Parser)]
#[command(name = "huizhi", version, max_term_width = 110)]
pub struct Cli {
    /// Data directory of the node.
    #[arg(long, global = true, env = "HUIZHI_DIR", default_value_os_t = default_dir())]
    dir: PathBuf,
    /// Print results as JSON, for programs.
    #[arg(long, global = true)]
    json: bool,
    /// Say more on standard error; twice for everything.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

fn default_dir() -> PathBuf {
    std::env::home_dir().unwrap_or_default().join(".huizhi")
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the keys and configuration of a new node.
    ///
    /// Without options: one office that is its own province and works at once.
    Init(init::InitArgs),
    /// Serve the office in the data directory until Ctrl-C.
    Run(run::RunArgs),
    /// Run a whole federation on this machine: a province and two offices.
    Demo(demo::DemoArgs),
    /// Make an ID photo from a picture file.
    #[command(subcommand)]
    Photo(photo::PhotoCommand),
    /// Photo specs: list, show, check, publish.
    #[command(subcommand)]
    Specs(specs::SpecsCommand),
    /// Models that find faces: what is present, download, import from a stick.
    #[command(subcommand)]
    Models(models::ModelsCommand),
    /// Receipts: look one up, verify a file.
    #[command(subcommand)]
    Receipt(receipt::ReceiptCommand),
    /// Write everything an auditor needs into a folder.
    Export(audit::ExportArgs),
    /// Check an export with no node running. Exit code 0: everything holds; 2: something does not; 1: not an export.
    Verify(audit::VerifyArgs),
    /// Carry what offices have for each other on a stick: ask, export, import.
    #[command(subcommand)]
    Bundle(bundle::BundleCommand),
    /// Copy the whole node into a folder, while it runs or not. Without --with-keys the secret keys stay out.
    Backup(recovery::BackupArgs),
    /// Bring a backup back into an empty data directory (--dir). It signs nothing until its log was compared with other offices.
    Restore(recovery::RestoreArgs),
    /// Compare everything on the disk with what was signed, and see to what decayed. Goes on where it was stopped.
    Scrub(scrub::ScrubArgs),
    /// Take logs off this disk that the province retired (`huizhi office retire`) and that an archive holds; the node must not run.
    Prune(prune::PruneArgs),
    /// Admit an office to the federation; at the province.
    Enrol(EnrolArgs),
    /// Offices of the federation: list, revoke, new keys.
    #[command(subcommand)]
    Office(office::OfficeCommand),
    /// How the running node is connected to the others; with `off` cut it off from them, with `on` let it speak again. Everything but the network
    /// goes on.
    Network {
        /// What it shall be.
        #[arg(value_enum)]
        switch: Option<network::Switch>,
    },
    /// What new offices begin with: addresses of this federation.
    #[command(subcommand)]
    Federation(federation::FederationCommand),
    /// Logs that were signed twice: list, adjudicate.
    #[command(subcommand)]
    Fork(office::ForkCommand),
    /// The province's key was stolen or lost: name another one.
    #[command(subcommand)]
    Succession(succession::SuccessionCommand),
    /// Staff of this office.
    #[command(subcommand)]
    Staff(staff::StaffCommand),
    /// How this node and the others stand: who is connected, what waits, what nobody witnessed. Exit code 2: nothing is signed here.
    Status,
    /// Long work of the running node (backup, export): how far it is, and what became of it.
    Jobs,
    /// Look at the node and say what is wrong and what to do.
    Doctor(doctor::DoctorArgs),
    /// Print the OpenAPI document of the local API.
    #[command(hide = true)]
    Openapi,
}

#[derive(Debug, Args)]
struct EnrolArgs {
    /// The text that `huizhi init --join` printed at the office.
    request: String,
    /// Roles to grant: capture, review, document, admin, archive.
    #[arg(long, value_delimiter = ',', default_value = "capture")]
    roles: Vec<String>,
    /// Region that it is in charge of, six digits of GB/T 2260; left out: the whole province, or what an enrolled office has.
    #[arg(long)]
    region: Option<String>,
}

/// Starts logging to standard error.
pub fn start_logging(cli: &Cli) {
    let level = match (&cli.command, cli.verbose) {
        (_, 2..) => "debug",
        (Command::Run(_), _) | (_, 1) => "warn,node=info,huizhi=info",
        _ => "error",
    };
    let filter = std::env::var("HUIZHI_LOG").unwrap_or_else(|_| level.into());
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
}

/// Says what went wrong, cause by cause.
pub fn print_error(error: &anyhow::Error) {
    eprintln!("huizhi: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}

/// Carries out a command.
///
/// # Errors
/// What a person must know; the exit code is 1 then.
pub fn run(cli: Cli) -> Result<ExitCode> {
    let (dir, json) = (&cli.dir, cli.json);
    match cli.command {
        Command::Init(args) => init::run(dir, json, args),
        Command::Run(args) => run::run(dir, args),
        Command::Demo(args) => demo::run(args),
        Command::Photo(command) => photo::run(dir, json, command),
        Command::Specs(command) => specs::run(dir, json, command),
        Command::Models(command) => models::run(dir, json, command),
        Command::Receipt(command) => receipt::run(dir, json, command),
        Command::Export(args) => audit::export(dir, json, args),
        Command::Verify(args) => audit::verify(json, args),
        Command::Bundle(command) => bundle::run(dir, json, command),
        Command::Backup(args) => recovery::backup(dir, json, &args),
        Command::Restore(args) => recovery::restore(dir, json, &args),
        Command::Scrub(args) => scrub::run(dir, json, &args),
        Command::Prune(args) => prune::run(dir, json, &args),
        Command::Enrol(args) => {
            let office = local::Local::open(dir)?.enrol(&EnrolRequest { request: args.request, roles: args.roles, region: args.region })?;
            print(json, &office, |office| format!("enrolled {} {}", text(office, "code"), text(office, "name")));
            Ok(ExitCode::SUCCESS)
        }
        Command::Office(command) => office::run(dir, json, command),
        Command::Network { switch } => network::run(dir, json, switch),
        Command::Federation(command) => federation::run(dir, json, command),
        Command::Fork(command) => office::run_fork(dir, json, command),
        Command::Succession(command) => succession::run(dir, json, command),
        Command::Staff(command) => staff::run(dir, json, command),
        Command::Status => status::run(dir, json),
        Command::Jobs => {
            print(json, &local::running(dir)?.get("/api/jobs")?, jobs);
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor(args) => doctor::run(dir, json, args),
        Command::Openapi => {
            say(&crate::api::openapi()?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Prints a result as JSON or in words.
fn print(json: bool, value: &serde_json::Value, words: impl FnOnce(&serde_json::Value) -> String) {
    if json { say(&format!("{value:#}")) } else { say(&words(value)) }
}

/// Does something that may take minutes, and turns a wheel meanwhile where the error output is a terminal.
fn waiting<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let wheel = indicatif::ProgressBar::new_spinner().with_message(what.to_owned());
    wheel.enable_steady_tick(std::time::Duration::from_millis(120));
    let done = work();
    wheel.finish_and_clear();
    done
}

/// Long work, a line each.
fn jobs(jobs: &serde_json::Value) -> String {
    let line = |job: &serde_json::Value| {
        let state = match (job["running"] == true, &job["error"]) {
            (true, _) => format!("running, {} of {}", job["done"], job["all"]),
            (false, error) if error.is_null() => format!("done: {}", job["result"]),
            (false, error) => format!("failed: {}", text(&error["message"], "en")),
        };
        format!("{:>4}  {:<8} {state}", job["id"], text(job, "kind"))
    };
    let lines: Vec<String> = jobs.as_array().into_iter().flatten().map(line).collect();
    if lines.is_empty() { "no long work since the node was started 没有耗时操作".into() } else { lines.join("\n") }
}

/// Writes a line to standard output. A reader that went away (`huizhi … | head`) is no error.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// A text field of a JSON object; a missing one is empty.
fn text<'a>(value: &'a serde_json::Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// Roles as the demo and `init` give them.
const ALL_ROLES: [StaffRole; 4] = [StaffRole::Counter, StaffRole::Reviewer, StaffRole::Admin, StaffRole::Auditor];

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
