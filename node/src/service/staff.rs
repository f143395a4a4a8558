//! Staff of this office: logins with Argon2id. They stay on this machine; signed records carry only a number.

use crate::service::{Kind, Office, Refusal};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use serde::{Deserialize, Serialize};

/// Shortest password taken.
pub const PASSWORD_CHARS_MIN: usize = 8;

/// Longest login.
pub const LOGIN_CHARS_MAX: usize = 32;

/// What a member of staff may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// 采集员: captures and submits.
    Counter,
    /// 审核员: approves and returns.
    Reviewer,
    /// 省级管理员: publishes specs, enrols offices.
    Admin,
    /// 审计员: reads and verifies.
    Auditor,
}

/// A member of staff.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Staff {
    /// Login name.
    pub login: String,
    /// Name shown on the screen.
    pub display_name: String,
    /// Number that signed records carry.
    pub number: u32,
    /// What this person may do.
    pub roles: Vec<StaffRole>,
    /// PHC string of the password.
    password: String,
}

/// Adds a member of staff, or gives one a new password and new roles under the old number.
///
/// # Errors
/// The password is too short, the login malformed, or the disk refuses.
pub fn add(office: &Office, login: &str, display_name: &str, password: &str, roles: &[StaffRole]) -> Result<Staff, Refusal> {
    let good_login =
        (1..=LOGIN_CHARS_MAX).contains(&login.len()) && login.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if !good_login {
        return Err(Refusal::input(
            "login_invalid",
            "login",
            "登录名只能是 1 至 32 个字母、数字或 . _ -",
            "a login is 1 to 32 letters, digits or . _ -",
        ));
    }
    if password.chars().count() < PASSWORD_CHARS_MIN {
        let (zh, en) =
            (format!("密码至少 {PASSWORD_CHARS_MIN} 个字符。"), format!("a password has at least {PASSWORD_CHARS_MIN} characters"));
        return Err(Refusal::input("password_short", "password", zh, en));
    }
    let others: Vec<Staff> = office.store.staff()?;
    let number = others
        .iter()
        .find(|staff| staff.login == login)
        .map_or_else(|| others.iter().map(|staff| staff.number).max().unwrap_or(0) + 1, |staff| staff.number);
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(Refusal::fault)?.to_string();
    let staff = Staff { login: login.into(), display_name: display_name.into(), number, roles: roles.to_vec(), password: hash };
    office.store.put_staff(login, &staff)?;
    Ok(staff)
}

/// A hash of nobody's password, so that an unknown login takes as long as a wrong password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

/// The member of staff with this login and password. Costs the same whether or not the login exists.
///
/// # Errors
/// Login and password do not belong together.
pub fn log_in(office: &Office, login: &str, password: &str) -> Result<Staff, Refusal> {
    let staff: Option<Staff> = office.store.staff()?.into_iter().find(|staff: &Staff| staff.login == login);
    let hash = staff.as_ref().map_or(NOBODY, |staff| &staff.password);
    let holds = PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
    staff
        .filter(|_| holds)
        .ok_or_else(|| Refusal::new(Kind::Forbidden, "login_failed", "登录名或密码不正确。", "login or password is wrong"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_s_hash_costs_what_a_new_one_costs() {
        let fresh = Argon2::default().hash_password(b"password").unwrap().to_string();
        let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(cost(NOBODY), cost(&fresh));
        assert!(PasswordHash::new(NOBODY).is_ok());
    }
}
