//! Who is asking: sessions by cookie, or the command line on this machine by its token.

use super::{ApiError, App};
use crate::service::staff::{Staff, StaffRole};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A session without a request for this long ends.
const IDLE_MAX: Duration = Duration::from_secs(12 * 3600);
/// Sessions at one time; beyond it the one longest idle ends. An office has a dozen windows.
const SESSIONS_MAX: usize = 512;

/// A person, or the command line, that was let in.
#[derive(Debug, Clone)]
pub(crate) struct Operator {
    pub(crate) login: String,
    pub(crate) display_name: String,
    /// Number that signed records carry; 0 is the command line.
    pub(crate) number: u32,
    pub(crate) roles: Vec<StaffRole>,
}

impl Operator {
    /// Refuses unless this person holds one of the roles.
    pub(crate) fn require(&self, any_of: &[StaffRole]) -> Result<(), ApiError> {
        if self.roles.iter().any(|role| any_of.contains(role)) { Ok(()) } else { Err(ApiError::role()) }
    }
    /// The command line: whoever can read the node's data directory.
    pub(crate) fn local() -> Self {
        use StaffRole::{Admin, Auditor, Counter, Reviewer};
        Self { login: "cli".into(), display_name: "命令行".into(), number: 0, roles: vec![Counter, Reviewer, Admin, Auditor] }
    }
}

impl From<Staff> for Operator {
    fn from(staff: Staff) -> Self {
        Self { login: staff.login, display_name: staff.display_name, number: staff.number, roles: staff.roles }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) operator: Option<Operator>,
    pub(crate) csrf: String,
    seen: Instant,
}

/// Sessions by cookie value. They end with the process.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<HashMap<String, Session>>);

impl Sessions {
    /// Opens a session; a login always gets a new one, so that a planted cookie is worth nothing.
    pub(crate) fn open(&self, operator: Option<Operator>) -> (String, Session) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| session.seen.elapsed() < IDLE_MAX);
        if sessions.len() >= SESSIONS_MAX {
            let idlest = sessions.iter().min_by_key(|(_, session)| (session.operator.is_some(), session.seen)).map(|(id, _)| id.clone());
            idlest.and_then(|id| sessions.remove(&id));
        }
        let id = hex::encode(rand::random::<[u8; 32]>());
        let session = Session { operator, csrf: hex::encode(rand::random::<[u8; 32]>()), seen: Instant::now() };
        sessions.insert(id.clone(), session.clone());
        (id, session)
    }
    pub(crate) fn find(&self, id: &str) -> Option<Session> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get_mut(id).filter(|session| session.seen.elapsed() < IDLE_MAX)?;
        session.seen = Instant::now();
        Some(session.clone())
    }
    pub(crate) fn close(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

/// Wrong passwords for one login before it has to wait: fingers slip.
const FREE_TRIES: u32 = 5;
/// Longest wait. Short enough that nobody can keep a colleague out for a morning, long enough that guessing takes years.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// Failures are forgotten after this long without another.
const FORGET: Duration = Duration::from_secs(15 * 60);
/// Bound: logins with failures that are remembered; made-up ones push each other out before any that was tried often.
const LOGINS_MAX: usize = 1_024;

/// Slows down guessing: failures by login, whether or not anybody has that login.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<HashMap<String, Tries>>);

#[derive(Debug, Clone, Copy)]
struct Tries {
    failed: u32,
    last: Instant,
}

impl Throttle {
    /// Admits a try, which counts as failed until [`Throttle::succeeded`]: so many at once are no way around the wait.
    ///
    /// # Errors
    /// How long this login has to wait.
    pub(crate) fn admit(&self, login: &str, now: Instant) -> Result<(), Duration> {
        let mut logins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        logins.retain(|_, tries| now.saturating_duration_since(tries.last) < FORGET);
        let tries = logins.get(login).copied().unwrap_or(Tries { failed: 0, last: now });
        let over = tries.failed.saturating_sub(FREE_TRIES - 1);
        let wait = if over == 0 { Duration::ZERO } else { Duration::from_secs(1 << over.min(5)).min(WAIT_MAX) };
        let passed = now.saturating_duration_since(tries.last);
        if passed < wait {
            return Err(wait.saturating_sub(passed));
        }
        if logins.len() >= LOGINS_MAX && !logins.contains_key(login) {
            let least = logins.iter().min_by_key(|(_, tries)| (tries.failed, tries.last)).map(|(login, _)| login.clone());
            least.and_then(|login| logins.remove(&login));
        }
        logins.insert(login.to_owned(), Tries { failed: tries.failed.saturating_add(1), last: now });
        Ok(())
    }
    /// The password was right.
    pub(crate) fn succeeded(&self, login: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(login);
    }
}

impl App {
    /// Cookies are shared by all ports of a host, so the name carries the office code: several nodes may run on one machine.
    pub(crate) fn cookie_name(&self) -> String {
        format!("huizhi_{}", self.office.code())
    }
    /// The session cookie of a request.
    pub(crate) fn session_id(&self, headers: &HeaderMap) -> Option<String> {
        let name = self.cookie_name();
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .find_map(|pair| pair.trim().strip_prefix(&name)?.strip_prefix('=').map(str::to_owned))
    }
    pub(crate) fn session(&self, headers: &HeaderMap) -> Option<Session> {
        self.sessions.find(&self.session_id(headers)?)
    }
    /// Whether the request carries the token of the command line.
    pub(crate) fn is_local(&self, headers: &HeaderMap) -> bool {
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
        // Compared as hashes, so that the time taken tells nothing about the token.
        sent.is_some_and(|sent| sha(sent) == sha(&self.token))
    }
}

fn sha(text: &str) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(text).into()
}

impl FromRequestParts<App> for Operator {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if app.is_local(&parts.headers) {
            return Ok(Self::local());
        }
        app.session(&parts.headers).and_then(|session| session.operator).ok_or_else(ApiError::not_logged_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_is_slowed_down_and_a_right_password_is_not() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        for _ in 0..FREE_TRIES {
            assert_eq!(throttle.admit("staff", start), Ok(()));
        }
        let wait = throttle.admit("staff", start).unwrap_err();
        assert!(throttle.admit("staff", start + wait / 2).is_err());
        assert_eq!(throttle.admit("other", start), Ok(()), "nobody else waits");
        assert_eq!(throttle.admit("staff", start + wait), Ok(()));
        throttle.succeeded("staff");
        assert_eq!(throttle.admit("staff", start + wait), Ok(()));
        // An hour of guessing without a pause.
        let guesses = (0..3_600).filter(|second| throttle.admit("admin", start + Duration::from_secs(*second)).is_ok()).count();
        assert!(guesses < 130, "{guesses}");
        assert!(throttle.admit("admin", start + Duration::from_secs(3_600) + WAIT_MAX).is_ok(), "nobody is kept out for long");
    }

    #[test]
    fn made_up_logins_neither_fill_the_memory_nor_push_a_tried_one_out() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        (0..FREE_TRIES).for_each(|_| _ = throttle.admit("staff", start));
        (0..5_000).for_each(|made_up| _ = throttle.admit(&made_up.to_string(), start));
        assert_eq!(throttle.0.lock().unwrap().len(), LOGINS_MAX);
        assert!(throttle.admit("staff", start).is_err());
    }
}
