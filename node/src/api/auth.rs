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
