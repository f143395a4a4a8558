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
use tokio::sync::watch;

/// A session without a request for this long ends: its page was closed, for an open one asks every few seconds.
const IDLE_MAX: Duration = Duration::from_secs(3600);
/// A login ends after a working day, whatever its page does.
const LOGIN_MAX: Duration = Duration::from_secs(12 * 3600);
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
    /// Whether this person holds one of the roles.
    pub(crate) fn has_one_of(&self, any_of: &[StaffRole]) -> bool {
        self.roles.iter().any(|role| any_of.contains(role))
    }
    /// Whether this is the command line of this machine.
    pub(crate) fn is_the_command_line(&self) -> bool {
        self.number == 0
    }
    /// Who sends a request with these headers.
    ///
    /// # Errors
    /// Nobody who is logged in.
    pub(super) fn of(app: &App, headers: &HeaderMap) -> Result<Self, ApiError> {
        if app.is_local(headers) {
            return Ok(Self::local());
        }
        app.session(headers).and_then(|session| session.operator).ok_or_else(ApiError::not_logged_in)
    }
    /// The command line: whoever can read the node's data directory.
    pub(crate) fn local() -> Self {
        Self { login: "cli".into(), display_name: "命令行".into(), number: 0, roles: StaffRole::ALL.to_vec() }
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
    /// When the login ends.
    pub(crate) until: Instant,
    /// Fails when the session was closed.
    pub(crate) open: watch::Receiver<()>,
}

#[derive(Debug)]
struct Kept {
    session: Session,
    seen: Instant,
    /// Dropped with the session, which its streams notice.
    _open: watch::Sender<()>,
}

impl Kept {
    fn lasts(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.seen) < IDLE_MAX && now < self.session.until
    }
}

/// Sessions by cookie value. They end with the process.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<HashMap<String, Kept>>);

impl Sessions {
    /// Opens a session; a login always gets a new one, so that a planted cookie is worth nothing.
    pub(crate) fn open(&self, operator: Option<Operator>) -> (String, Session) {
        self.open_at(operator, Instant::now())
    }
    fn open_at(&self, operator: Option<Operator>, now: Instant) -> (String, Session) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, kept| kept.lasts(now));
        if sessions.len() >= SESSIONS_MAX {
            let idlest = sessions.iter().min_by_key(|(_, kept)| (kept.session.operator.is_some(), kept.seen)).map(|(id, _)| id.clone());
            idlest.and_then(|id| sessions.remove(&id));
        }
        let id = hex::encode(rand::random::<[u8; 32]>());
        let (sender, open) = watch::channel(());
        let session = Session { operator, csrf: hex::encode(rand::random::<[u8; 32]>()), until: now + LOGIN_MAX, open };
        sessions.insert(id.clone(), Kept { session: session.clone(), seen: now, _open: sender });
        (id, session)
    }
    pub(crate) fn find(&self, id: &str) -> Option<Session> {
        self.find_at(id, Instant::now())
    }
    fn find_at(&self, id: &str, now: Instant) -> Option<Session> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = sessions.get_mut(id)?;
        if !kept.lasts(now) {
            sessions.remove(id);
            return None;
        }
        kept.seen = now;
        Some(kept.session.clone())
    }
    pub(crate) fn close(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
    /// Ends all sessions of a member of staff, but the one that is named.
    pub(crate) fn close_all_of(&self, login: &str, but: Option<&str>) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|id, kept| Some(&**id) == but || kept.session.operator.as_ref().is_none_or(|operator| operator.login != login));
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
    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, ApiError> {
        // Put there by the table of routes, which let them in.
        parts.extensions.get::<Self>().cloned().ok_or_else(ApiError::not_logged_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mend_38_a_login_ends_after_a_working_day_whatever_its_page_does() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        let (id, session) = sessions.open_at(Some(Operator::local()), start);
        let minutes = |minutes: u64| start + Duration::from_secs(60 * minutes);
        // A page asks every few minutes.
        assert!((0..720).step_by(10).all(|minute| sessions.find_at(&id, minutes(minute)).is_some()));
        assert!(session.open.has_changed().is_ok());
        assert!(sessions.find_at(&id, minutes(720)).is_none());
        assert!(session.open.has_changed().is_err(), "its streams end as well");
    }

    #[test]
    fn mend_38_a_session_ends_an_hour_after_its_page_was_closed_and_with_the_right_to_it() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        let (id, _) = sessions.open_at(Some(Operator::local()), start);
        assert!(sessions.find_at(&id, start + Duration::from_secs(3_599)).is_some());
        assert!(sessions.find_at(&id, start + Duration::from_secs(2 * 3_599)).is_some());
        assert!(sessions.find_at(&id, start + Duration::from_secs(3 * 3_600)).is_none());
        let ids = [0; 3].map(|_| sessions.open(Some(Operator::local())).0);
        sessions.close_all_of("somebody-else", None);
        assert!(sessions.find(&ids[2]).is_some());
        sessions.close_all_of("cli", Some(&ids[1]));
        assert_eq!(ids.each_ref().map(|id| sessions.find(id).is_some()), [false, true, false]);
    }

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
