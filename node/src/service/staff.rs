//! Staff of this office: logins with Argon2id. They stay on this machine; signed records carry only a number.

use crate::service::{Kind, Office, Refusal};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use serde::{Deserialize, Serialize};

/// Shortest password taken.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Longest password: what is hashed is bounded.
pub const PASSWORD_CHARS_MAX: usize = 128;
/// Longest name of a member of staff.
const NAME_CHARS_MAX: usize = 40;

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

impl StaffRole {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Counter, Self::Reviewer, Self::Admin, Self::Auditor];
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
    /// Whether this person may log in. Nobody is deleted: signed records name the number, which is given to nobody else.
    #[serde(default = "yes")]
    pub active: bool,
    /// PHC string of the password.
    password: String,
}

fn yes() -> bool {
    true
}

impl Staff {
    fn is_admin(&self) -> bool {
        self.active && self.roles.contains(&StaffRole::Admin)
    }
}

/// What changes about a member of staff.
#[derive(Debug, Clone)]
pub struct Changed {
    /// Name shown on the screen.
    pub display_name: String,
    /// What this person may do.
    pub roles: Vec<StaffRole>,
    /// Whether this person may log in.
    pub active: bool,
    /// A new password; the old one stays where none is given.
    pub password: Option<String>,
}

/// All members of staff, by number.
///
/// # Errors
/// The disk refuses.
pub fn all(office: &Office) -> Result<Vec<Staff>, Refusal> {
    let mut all: Vec<Staff> = office.store.staff()?;
    all.sort_by_key(|staff| staff.number);
    Ok(all)
}

/// Adds a member of staff under the next number.
///
/// # Errors
/// The login is malformed or taken, the password too short, no role is named, or the disk refuses.
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
    let password = hash(password)?;
    let (display_name, roles) = (check_name(display_name)?, check_roles(roles)?);
    office.store.change_staff(login, |all: Vec<Staff>| {
        if all.iter().any(|staff| staff.login == login) {
            return Err(Refusal::input(
                "login_taken",
                "login",
                "此登录名已有人使用，请换一个；要修改请在名单中选择。",
                "somebody has this login already: take another one, or choose it in the list to change it",
            ));
        }
        let number = all.iter().map(|staff| staff.number).max().unwrap_or(0) + 1;
        Ok(Staff { login: login.into(), display_name, number, roles, active: true, password })
    })
}

/// Changes a member of staff, who keeps login and number. Their sessions have to end: the caller closes them.
///
/// # Errors
/// Nobody has this login, the password is too short, no role is named, nobody would be left who may manage the staff, or the disk refuses.
pub fn change(office: &Office, login: &str, changed: Changed) -> Result<Staff, Refusal> {
    let password = changed.password.as_deref().map(hash).transpose()?;
    let (display_name, roles) = (check_name(&changed.display_name)?, check_roles(&changed.roles)?);
    office.store.change_staff(login, |all: Vec<Staff>| {
        let (theirs, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|staff| staff.login == login);
        let mut staff = theirs.into_iter().next().ok_or_else(|| Refusal::not_found("没有这个登录名。", "nobody has this login"))?;
        let was_admin = staff.is_admin();
        (staff.display_name, staff.roles, staff.active) = (display_name, roles, changed.active);
        staff.password = password.unwrap_or(staff.password);
        if was_admin && !staff.is_admin() && !others.iter().any(Staff::is_admin) {
            return Err(Refusal::state(
                "last_admin",
                "这是最后一名可管理人员的管理员，请先给他人管理员角色。",
                "this is the last administrator: give somebody else the role first",
            ));
        }
        Ok(staff)
    })
}

/// Gives a member of staff another password, for whoever knows the present one.
///
/// # Errors
/// The present password is wrong, the new one too short, or the disk refuses.
pub fn change_password(office: &Office, login: &str, present: &str, new: &str) -> Result<(), Refusal> {
    log_in(office, login, present).map_err(|refusal| match refusal.code.as_ref() {
        "login_failed" => Refusal::input("password_wrong", "present", "当前密码不正确。", "the present password is wrong"),
        _ => refusal,
    })?;
    let password = hash(new)?;
    office.store.change_staff(login, |all: Vec<Staff>| {
        let staff = all.into_iter().find(|staff| staff.login == login);
        staff.map(|staff| Staff { password, ..staff }).ok_or_else(|| Refusal::not_found("没有这个登录名。", "nobody has this login"))
    })?;
    Ok(())
}

fn hash(password: &str) -> Result<String, Refusal> {
    let characters = password.chars().count();
    if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&characters) {
        let (zh, en) = (
            format!("密码应有 {PASSWORD_CHARS_MIN} 至 {PASSWORD_CHARS_MAX} 个字符，现在是 {characters} 个。"),
            format!("a password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters; this has {characters}"),
        );
        return Err(Refusal::input("password_short", "password", zh, en));
    }
    Ok(Argon2::default().hash_password(password.as_bytes()).map_err(Refusal::fault)?.to_string())
}

fn check_name(name: &str) -> Result<String, Refusal> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let (zh, en) =
            (format!("请填写姓名（最多 {NAME_CHARS_MAX} 个字）。"), format!("type a name of at most {NAME_CHARS_MAX} characters"));
        return Err(Refusal::input("staff_name", "display_name", zh, en));
    }
    Ok(name.to_owned())
}

fn check_roles(roles: &[StaffRole]) -> Result<Vec<StaffRole>, Refusal> {
    let roles: Vec<_> = StaffRole::ALL.into_iter().filter(|role| roles.contains(role)).collect();
    if roles.is_empty() {
        return Err(Refusal::input("roles_none", "roles", "请至少选择一个角色。", "choose at least one role"));
    }
    Ok(roles)
}

/// A hash of nobody's password, so that an unknown login takes as long as a wrong password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

/// The member of staff with this login and password. Costs the same whether or not the login exists.
///
/// # Errors
/// Login and password do not belong together.
pub fn log_in(office: &Office, login: &str, password: &str) -> Result<Staff, Refusal> {
    let staff: Option<Staff> = office.store.staff()?.into_iter().find(|staff: &Staff| staff.login == login && staff.active);
    let password = password.get(..password.len().min(4 * PASSWORD_CHARS_MAX)).unwrap_or_default();
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
    fn mend_38_staff_are_added_changed_and_switched_off_and_numbers_are_given_once() {
        let home = crate::service::testing::Home::new();
        let office = home.open();
        let admin = add(&office, "li", "李", "password-1", &[StaffRole::Admin]).unwrap();
        let wang = add(&office, "wang", " 王 ", "password-2", &[StaffRole::Reviewer, StaffRole::Reviewer]).unwrap();
        assert_eq!((admin.number, wang.number, &*wang.display_name, wang.roles.len()), (1, 2, "王", 1));
        assert_eq!(add(&office, "wang", "王", "password-2", &[StaffRole::Admin]).unwrap_err().code, "login_taken");
        assert_eq!(add(&office, "x", "x", "short", &[StaffRole::Admin]).unwrap_err().code, "password_short");
        assert_eq!(add(&office, "x", "x", &"x".repeat(129), &[StaffRole::Admin]).unwrap_err().code, "password_short");
        assert_eq!(add(&office, "x", " ", "password-2", &[StaffRole::Admin]).unwrap_err().code, "staff_name");
        assert_eq!(add(&office, "x", "x", "password-2", &[]).unwrap_err().code, "roles_none");

        let off = |active| Changed { display_name: "王".into(), roles: vec![StaffRole::Reviewer], active, password: None };
        change(&office, "wang", off(false)).unwrap();
        assert_eq!(log_in(&office, "wang", "password-2").unwrap_err().code, "login_failed", "switched off");
        change(&office, "wang", off(true)).unwrap();
        assert_eq!(log_in(&office, "wang", "password-2").unwrap().number, 2);
        assert_eq!(change(&office, "zhou", off(true)).unwrap_err().code, "not_found");
        for (active, role) in [(false, StaffRole::Admin), (true, StaffRole::Counter)] {
            let last = Changed { display_name: "李".into(), roles: vec![role], active, password: None };
            assert_eq!(change(&office, "li", last).unwrap_err().code, "last_admin");
        }
        assert_eq!(add(&office, "zhao", "赵", "password-3", &[StaffRole::Counter]).unwrap().number, 3);
    }

    #[test]
    fn mend_38_a_password_is_changed_by_whoever_knows_the_present_one() {
        let home = crate::service::testing::Home::new();
        let office = home.open();
        add(&office, "wang", "王", "password-1", &[StaffRole::Counter]).unwrap();
        assert_eq!(change_password(&office, "wang", "wrong-one", "password-2").unwrap_err().code, "password_wrong");
        assert_eq!(change_password(&office, "wang", "password-1", "short").unwrap_err().code, "password_short");
        change_password(&office, "wang", "password-1", "password-2").unwrap();
        assert_eq!(log_in(&office, "wang", "password-1").unwrap_err().code, "login_failed");
        log_in(&office, "wang", "password-2").unwrap();
    }

    #[test]
    fn nobody_s_hash_costs_what_a_new_one_costs() {
        let fresh = Argon2::default().hash_password(b"password").unwrap().to_string();
        let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(cost(NOBODY), cost(&fresh));
        assert!(PasswordHash::new(NOBODY).is_ok());
    }
}
