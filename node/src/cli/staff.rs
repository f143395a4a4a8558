//! `huizhi staff`.

use super::local::Local;
use crate::service::staff::{self, Staff, StaffRole};
use anyhow::{Context, Result};
use clap::Subcommand;
use serde_json::json;
use std::{path::Path, process::ExitCode};

/// What to do with staff.
#[derive(Debug, Subcommand)]
pub(super) enum StaffCommand {
    /// Add a member of staff, or give one a new password and roles. The password is read from standard input.
    Add {
        /// Login name.
        login: String,
        /// Name shown on the screen.
        #[arg(long)]
        name: Option<String>,
        /// What this person may do.
        #[arg(long, value_enum, value_delimiter = ',', required = true)]
        role: Vec<StaffRole>,
    },
    /// List logins, numbers and roles.
    List,
}

pub(super) fn run(dir: &Path, json: bool, command: StaffCommand) -> Result<ExitCode> {
    let local = Local::open(dir)?;
    let office = local.stopped("change staff")?;
    match command {
        StaffCommand::Add { login, name, role } => {
            eprint!("Password for {login}: ");
            let mut password = String::new();
            std::io::stdin().read_line(&mut password).context("cannot read the password")?;
            let added = staff::add(office, &login, name.as_deref().unwrap_or(&login), password.trim_end_matches(['\r', '\n']), &role)?;
            super::print(json, &json!({ "login": added.login, "number": added.number, "roles": added.roles }), |_| {
                format!("{} is number {}", added.login, added.number)
            });
        }
        StaffCommand::List => {
            let all: Vec<Staff> = office.store.staff()?;
            let value: serde_json::Value = all
                .iter()
                .map(|staff| json!({ "login": staff.login, "number": staff.number, "name": staff.display_name, "roles": staff.roles }))
                .collect();
            super::print(json, &value, |_| {
                all.iter()
                    .map(|staff| format!("{:>3}  {:<16} {}  {:?}", staff.number, staff.login, staff.display_name, staff.roles))
                    .collect::<Vec<_>>()
                    .join("\n")
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}
