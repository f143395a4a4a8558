//! Shapes of the staff of an office, and of who saw what.

use super::StaffRole;
use crate::service::trail::View;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A member of staff, as the administrator sees them.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StaffView {
    /// Login name.
    pub login: String,
    /// Name shown on the screen.
    pub display_name: String,
    /// Number that signed records carry; nobody gets it a second time.
    pub number: u32,
    /// What this person may do.
    pub roles: Vec<StaffRole>,
    /// Whether this person may log in.
    pub active: bool,
}

/// `POST /api/staff`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct NewStaff {
    /// Login name: 1 to 32 letters, digits or `. _ -`.
    pub login: String,
    /// Name shown on the screen.
    pub display_name: String,
    /// Password, 8 to 128 characters.
    pub password: String,
    /// What this person may do.
    pub roles: Vec<StaffRole>,
}

/// `PUT /api/staff/{login}`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct StaffChange {
    /// Name shown on the screen.
    pub display_name: String,
    /// What this person may do.
    pub roles: Vec<StaffRole>,
    /// Whether this person may log in.
    pub active: bool,
    /// A new password; the old one stays where none is given.
    pub password: Option<String>,
}

/// `PUT /api/password`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct PasswordChange {
    /// The present password.
    pub present: String,
    /// The new one.
    pub new: String,
}

/// `GET /api/trail`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TrailPage {
    /// Latest first.
    pub views: Vec<View>,
    /// To be sent as `before` for what stands behind; nothing where this is the end.
    pub next: Option<String>,
}
