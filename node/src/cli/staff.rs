//! `huizhi staff`.

use super::local::Local;
use crate::{
    api::types::{NewStaff, StaffChange, StaffView},
    service::staff::StaffRole,
};
use anyhow::{Context, Result};
use clap::{Subcommand, ValueEnum};
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
    /// Let nobody log in under this login any more, and end its sessions. Its number is given to nobody else.
    Off {
        /// Login name.
        login: String,
    },
    /// Let a login that was switched off log in again.
    On {
        /// Login name.
        login: String,
    },
    /// List logins, numbers and roles.
    List,
}

pub(super) fn run(dir: &Path, json: bool, command: StaffCommand) -> Result<ExitCode> {
    let local = Local::open(dir)?;
    let all = local.staff()?;
    let known = |login: &str| all.iter().find(|staff| staff.login == login);
    let switch = |login: &str, active| -> Result<StaffView> {
        let staff = known(login).with_context(|| format!("nobody has the login '{login}'; `huizhi staff list` shows all"))?;
        let change = StaffChange { display_name: staff.display_name.clone(), roles: staff.roles.clone(), active, password: None };
        local.alter_staff(login, change)
    };
    let changed = match command {
        StaffCommand::Add { login, name, role } => {
            eprint!("Password for {login}: ");
            let mut password = String::new();
            std::io::stdin().read_line(&mut password).context("cannot read the password")?;
            let password = password.trim_end_matches(['\r', '\n']).to_owned();
            let staff = known(&login);
            let display_name = name.or_else(|| staff.map(|staff| staff.display_name.clone())).unwrap_or_else(|| login.clone());
            if staff.is_some() {
                local.alter_staff(&login, StaffChange { display_name, roles: role, active: true, password: Some(password) })?
            } else {
                local.hire(&NewStaff { login, display_name, password, roles: role })?
            }
        }
        StaffCommand::Off { login } => switch(&login, false)?,
        StaffCommand::On { login } => switch(&login, true)?,
        StaffCommand::List => {
            super::print(json, &json!(all), |_| all.iter().map(line).collect::<Vec<_>>().join("\n"));
            return Ok(ExitCode::SUCCESS);
        }
    };
    super::print(json, &json!(changed), |_| line(&changed));
    Ok(ExitCode::SUCCESS)
}

fn line(staff: &StaffView) -> String {
    let off = if staff.active { "" } else { "  (off)" };
    let roles: Vec<_> = staff.roles.iter().filter_map(StaffRole::to_possible_value).map(|role| role.get_name().to_owned()).collect();
    format!("{:>3}  {:<16} {}  {}{off}", staff.number, staff.login, staff.display_name, roles.join(","))
}
