//! Who may ask for what: one table, and the only place that asks it. A route that stands in no row is refused.

use super::{ApiError, App, auth::Operator};
use crate::service::staff::StaffRole::{self, Admin, Auditor, Counter, Reviewer};
use axum::{
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Whom a route answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Everybody on this machine, also without a login.
    Anybody,
    /// Members of staff with one of these roles, and the command line of this machine.
    Staff(&'static [StaffRole]),
    /// The command line alone. Attack: a browser must not choose paths on this machine, whoever is logged in.
    CommandLine,
}

const ALL: Who = Who::Staff(&StaffRole::ALL);
const COUNTER: Who = Who::Staff(&[Counter]);
const REVIEWER: Who = Who::Staff(&[Reviewer]);
const ADMIN: Who = Who::Staff(&[Admin]);
/// The roles that see people: names, photos, reports.
pub(super) const SEES_PEOPLE: &[StaffRole] = &[Counter, Reviewer, Auditor];
const PEOPLE: Who = Who::Staff(SEES_PEOPLE);
/// The roles that work on cases.
const DESK: Who = Who::Staff(&[Counter, Reviewer]);

/// Method, path and whom it answers, in the order of the paths.
#[rustfmt::skip]
pub(super) const ROUTES: &[(&str, &str, Who)] = &[
    ("POST",   "/api/backup", Who::CommandLine),
    ("GET",    "/api/bundle/ask", Who::CommandLine),
    ("POST",   "/api/bundle/export", Who::CommandLine),
    ("POST",   "/api/bundle/import", Who::CommandLine),
    ("POST",   "/api/card", COUNTER),
    ("GET",    "/api/cases", PEOPLE),
    ("GET",    "/api/cases/{id}", PEOPLE),
    ("POST",   "/api/cases/{id}/decision", REVIEWER),
    ("POST",   "/api/cases/{id}/erase", COUNTER),
    ("PUT",    "/api/cases/{id}/note", DESK),
    ("GET",    "/api/cases/{id}/number", PEOPLE),
    ("GET",    "/api/cases/{id}/original", PEOPLE),
    ("GET",    "/api/cases/{id}/parts", PEOPLE),
    ("GET",    "/api/cases/{id}/photo", PEOPLE),
    ("GET",    "/api/cases/{id}/sheet.pdf", DESK),
    ("POST",   "/api/cases/{id}/withdraw", COUNTER),
    ("GET",    "/api/condition", ALL),
    ("GET",    "/api/consent", COUNTER),
    ("GET",    "/api/drafts", COUNTER),
    ("POST",   "/api/drafts", COUNTER),
    ("GET",    "/api/drafts/{id}", COUNTER),
    ("DELETE", "/api/drafts/{id}", COUNTER),
    ("PUT",    "/api/drafts/{id}/background", COUNTER),
    ("GET",    "/api/drafts/{id}/feasibility", COUNTER),
    ("POST",   "/api/drafts/{id}/marks", COUNTER),
    ("GET",    "/api/drafts/{id}/original", COUNTER),
    ("POST",   "/api/drafts/{id}/photo", COUNTER),
    ("POST",   "/api/drafts/{id}/run", COUNTER),
    ("DELETE", "/api/drafts/{id}/run", COUNTER),
    ("PUT",    "/api/drafts/{id}/spec", COUNTER),
    ("GET",    "/api/drafts/{id}/standardized", COUNTER),
    ("POST",   "/api/drafts/{id}/submit", COUNTER),
    ("POST",   "/api/epoch", ADMIN),
    ("GET",    "/api/events", ALL),
    ("POST",   "/api/export", Who::CommandLine),
    ("POST",   "/api/forks/{id}/adjudicate", ADMIN),
    ("POST",   "/api/guidance", COUNTER),
    ("GET",    "/api/invitations", ADMIN),
    ("POST",   "/api/invitations", ADMIN),
    ("DELETE", "/api/invitations/{code}", ADMIN),
    ("GET",    "/api/jobs", Who::CommandLine),
    ("GET",    "/api/jobs/{id}", Who::CommandLine),
    ("POST",   "/api/login", Who::Anybody),
    ("POST",   "/api/logout", Who::Anybody),
    ("PUT",    "/api/network", ADMIN),
    ("GET",    "/api/offices", ALL),
    ("POST",   "/api/offices", ADMIN),
    ("POST",   "/api/offices/rotate", ADMIN),
    ("PUT",    "/api/offices/{code}/documents", ADMIN),
    ("POST",   "/api/offices/{code}/epoch", ADMIN),
    ("PUT",    "/api/offices/{code}/region", ADMIN),
    ("POST",   "/api/offices/{code}/revoke", ADMIN),
    ("PUT",    "/api/password", ALL),
    ("GET",    "/api/plate", COUNTER),
    ("PUT",    "/api/plate", COUNTER),
    ("DELETE", "/api/plate", COUNTER),
    ("GET",    "/api/reasons", ALL),
    ("POST",   "/api/receipts/verify", ALL),
    ("GET",    "/api/receipts/{number}", ALL),
    ("POST",   "/api/receipts/{number}/annul", Who::Staff(&[Counter, Reviewer, Admin])),
    ("GET",    "/api/receipts/{number}/pdf", PEOPLE),
    ("GET",    "/api/receipts/{number}/photo", PEOPLE),
    ("GET",    "/api/receipts/{number}/proof", ALL),
    ("POST",   "/api/receipts/{number}/revoke", Who::Staff(&[Reviewer, Admin])),
    ("POST",   "/api/receipts/{number}/use", COUNTER),
    ("POST",   "/api/retirement", Who::CommandLine),
    ("GET",    "/api/session", Who::Anybody),
    ("GET",    "/api/specs", ALL),
    ("POST",   "/api/specs", ADMIN),
    ("POST",   "/api/specs/check", ADMIN),
    ("GET",    "/api/specs/{id}", ALL),
    ("GET",    "/api/specs/{id}/draft", ADMIN),
    ("PUT",    "/api/specs/{id}/draft", ADMIN),
    ("DELETE", "/api/specs/{id}/draft", ADMIN),
    ("DELETE", "/api/specs/{id}/staged", ADMIN),
    ("GET",    "/api/staff", ADMIN),
    ("POST",   "/api/staff", ADMIN),
    ("PUT",    "/api/staff/{login}", ADMIN),
    ("GET",    "/api/status", ALL),
    ("GET",    "/api/trail", Who::Staff(&[Admin, Auditor])),
];

/// Whom a route answers; nothing where no row says it.
pub(super) fn who_may(method: &str, path: &str) -> Option<Who> {
    ROUTES.iter().find(|(of, at, _)| (*of, *at) == (method, path)).map(|(.., who)| *who)
}

/// Refuses whoever may not ask, and hands on who asks.
pub(super) async fn check(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let Some(path) = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()) else {
        // No route: the pages themselves, which hold nothing.
        return next.run(request).await;
    };
    if path == super::METRICS {
        return next.run(request).await;
    }
    let method = if request.method() == Method::HEAD { "GET" } else { request.method().as_str() };
    let who = who_may(method, &path);
    if who == Some(Who::Anybody) {
        return next.run(request).await;
    }
    let operator = match Operator::of(&app, request.headers()) {
        Ok(operator) => operator,
        Err(error) => return error.into_response(),
    };
    let may = match who {
        Some(Who::Staff(roles)) => operator.has_one_of(roles),
        Some(Who::CommandLine) => operator.is_the_command_line(),
        Some(Who::Anybody) => true,
        None => false,
    };
    if !may {
        return ApiError::role().into_response();
    }
    request.extensions_mut().insert(operator);
    next.run(request).await
}

#[cfg(test)]
mod tests;
