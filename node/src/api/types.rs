//! The JSON shapes of the local API.
//!
//! `web-ui/src/api/types.ts` is generated from these through the OpenAPI document (`huizhi openapi`);
//! a stale copy fails `cargo xtask test`.
//! Hashes are lower-case hex, times are milliseconds since 1970 by the clock of the machine that claims them.

mod bundle;
mod capture;
mod cases;
mod drafts;
mod epochs;
mod specs;
mod staff;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use bundle::{BundleExportRequest, BundleExportView, BundleImportRequest};
pub use capture::{BackgroundRequest, BackgroundView, CardView, FailedCheck, FeasibilityView, GuidanceView, PlateAnswer, PlateView};

pub use cases::{
    AnnulRequest, CaseRow, CaseStatus, CaseView, ChainLink, DecisionRequest, DecisionView, NoteText, NoteView, ReasonRequest, ReasonView,
    ReceiptAnswer, ReceiptVerification, ReceiptView, SameNumberView, SamePictureView, UseRequest, VerifyRequest,
};
pub use drafts::{
    Applicant, ApplicantView, ConsentView, DraftView, MarksView, NewDraft, NumberView, PhotoView, PointView, StatementView, SubmitRequest,
};
pub use epochs::{
    AskedEpoch, DocumentsRequest, EndAtRequest, GrantEpochRequest, GrantedEpoch, KeptLog, RetireRequest, RetirementView,
    RevokeOfficeRequest, RevokedOffice,
};
pub use specs::{
    GuideView, SpecChange, SpecDiff, SpecDraft, SpecDraftEdit, SpecDraftWriter, SpecPublication, SpecSummary, SpecText, SpecView,
};

pub use staff::{NewStaff, PasswordChange, StaffChange, StaffView, TrailPage};

pub use crate::{
    service::{
        photos::{CheckResult, Place},
        staff::StaffRole,
        transit::{Part, PartView, Stand},
    },
    text::Text,
};

/// Every refusal of the API. `code` is stable and what a program switches on; `message` is for a person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ErrorBody {
    /// Stable identifier, for example `id_number_invalid`.
    pub code: String,
    /// What happened and what to do next.
    pub message: Text,
    /// The input field that is wrong, when there is one.
    pub field: Option<String>,
}

/// The office that this node serves.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OfficeView {
    /// Eight digits: GB/T 2260 county code and a serial of two.
    pub code: String,
    /// Its name, as enrolled.
    pub name: String,
    /// Name of the federation.
    pub federation: String,
    /// Roles by enrolment: `capture`, `review`, `admin`, `archive`. Empty until the enrolment arrived here.
    pub roles: Vec<String>,
}

/// A logged-in member of staff.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OperatorView {
    /// Login name.
    pub login: String,
    /// Name shown on the screen.
    pub display_name: String,
    /// Number that signed records carry in place of the name.
    pub number: u32,
    /// What this person may do.
    pub roles: Vec<StaffRole>,
}

/// `GET /api/session`, and the answer to a login.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SessionView {
    /// Nobody before the login.
    pub operator: Option<OperatorView>,
    /// To be sent as the header `x-csrf-token` with every write.
    pub csrf_token: String,
    /// The office of this node.
    pub office: OfficeView,
    /// Seconds until this login ends, whatever its page does.
    pub ends_in_s: Option<u64>,
}

/// `POST /api/login`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct LoginRequest {
    /// Login name.
    pub login: String,
    /// Password.
    pub password: String,
}

/// `GET /api/status`: what the title bar shows.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatusView {
    /// Version of the program.
    pub version: String,
    /// The node's clock.
    pub now_ms: u64,
    /// Why nothing can be written, when nothing can.
    pub read_only: Option<Text>,
    /// Whether at least one other office is connected.
    pub online: bool,
    /// Somebody cut this node off from all others, until it is let speak again.
    pub network_off: bool,
    /// Own entries that no other office is known to hold.
    pub to_send: u64,
    /// Entries that others announced and that are not here yet.
    pub to_receive: u64,
    /// Records that are here and in no list yet: they came many at once and are taken in one after the other.
    pub to_take_in: u64,
    /// Cases that lists leave out or show as they were before, until they are folded.
    pub to_fold: u64,
    /// Every other known office.
    pub peers: Vec<PeerView>,
    /// Whether a model finds faces by itself, or the staff marks them.
    pub face_model: bool,
    /// Cases waiting for a decision here (0 where nobody reviews).
    pub awaiting_review: u64,
    /// Whether a receipt can be printed: a CJK font was found.
    pub can_print: bool,
    /// What speaks against this machine's clock, with what to do.
    pub clock: Option<Text>,
    /// That little space is left on the disk, with what to do.
    pub disk: Option<Text>,
    /// Logs that were proved to carry two signed histories; open ones first.
    pub forks: Vec<ForkView>,
}

/// A log that was signed twice.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ForkView {
    /// Names it on the command line: 16 hex digits.
    pub id: String,
    /// The log.
    pub log: String,
    /// Entries of the smaller checkpoint.
    pub smaller: u64,
    /// Entries of the larger checkpoint.
    pub larger: u64,
    /// Entries that both histories are proved to share.
    pub shared: u64,
    /// Whether the province has not decided yet.
    pub open: bool,
    /// What happened and what to do.
    pub message: Text,
}

/// One other office as seen from here.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PeerView {
    /// Office code, or empty for a peer known only by its address.
    pub code: String,
    /// Office name or address.
    pub name: String,
    /// Connected at this moment.
    pub connected: bool,
    /// Name of the office by way of which it is connected, where there is no direct connection.
    pub by_way_of: Option<String>,
    /// `tcp` or `quic`: what carries the direct connection.
    pub transport: Option<String>,
    /// Bytes a second of answers over it, where that was measured.
    pub bytes_per_s: Option<u64>,
    /// When it last answered, if it ever did since this node started.
    pub last_seen_ms: Option<u64>,
    /// Records here that it lacks.
    pub to_send: u64,
    /// Records it has that are not here.
    pub to_receive: u64,
    /// Why the connection was refused, by them or by us.
    pub refused: Option<Text>,
}

/// An office of the federation.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EnrolledOffice {
    /// Office code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Roles.
    pub roles: Vec<String>,
    /// Region that it is in charge of, six digits of GB/T 2260; nothing for the whole province.
    pub region: Option<String>,
    /// Ids of the specs of which it makes documents, where it has that role; nothing for all.
    pub documents: Option<Vec<String>>,
    /// Public key, hex.
    pub key: String,
    /// When the province enrolled it.
    pub enrolled_ms: u64,
    /// Epoch of its current log; every new key begins one.
    pub epoch: u32,
    /// The epoch that it asks for in its log and was not given yet.
    pub requested_epoch: Option<u32>,
    /// Keys that ask for it, hex. Where there are several, compare them with the office before one is granted.
    pub requesting_keys: Vec<String>,
    /// Whether that log goes on: not revoked, and not closed after a fork.
    pub active: bool,
    /// Entries of its log that are here.
    pub log_size: u64,
    /// When another office last cosigned its log, as far as is known here: how fresh the picture of it is.
    pub witnessed_ms: Option<u64>,
    /// Connected at this moment.
    pub connected: bool,
    /// Whether it holds the newest entry of the province's log, as far as known here.
    pub has_current_specs: Option<bool>,
}

/// `POST /api/offices`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EnrolRequest {
    /// The text that `huizhi init --join` printed at the office.
    pub request: String,
    /// Roles to grant: `capture`, `review`, `document`, `admin`, `archive`.
    pub roles: Vec<String>,
    /// Region that it is in charge of, six digits of GB/T 2260; nothing for the whole province, or for what an enrolled office has.
    pub region: Option<String>,
}

/// `PUT /api/offices/{code}/region`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegionRequest {
    /// Six digits of GB/T 2260; nothing for the whole province.
    pub region: Option<String>,
}

/// `PUT /api/network`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct NetworkSwitch {
    /// Whether this node speaks with others.
    pub on: bool,
}

/// `POST /api/invitations`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct InviteRequest {
    /// Code of the office: eight digits.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Roles that it gets: `capture`, `review`, `document`, `admin`, `archive`.
    pub roles: Vec<String>,
    /// Region that it is in charge of, six digits of GB/T 2260; nothing for the whole province.
    pub region: Option<String>,
    /// Days that the invitation holds, 1 to 90.
    pub days: u32,
}

/// An invitation that was just made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvitationMade {
    /// Code of the office.
    pub code: String,
    /// When it ends.
    pub expires_ms: u64,
    /// What the office is handed, shown once.
    pub text: String,
    /// The same as a QR code; nothing when it is too long for one.
    pub qr_svg: Option<String>,
}

/// An invitation.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvitationView {
    /// Code of the office.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Roles that it gets.
    pub roles: Vec<String>,
    /// Region that it is in charge of; nothing for the whole province.
    pub region: Option<String>,
    /// When it ends.
    pub expires_ms: u64,
    /// `open`, `joined` or `expired`.
    pub state: String,
}

/// `POST /api/offices/rotate`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct RotateRequest {
    /// The text that `huizhi office new-epoch` printed at the office.
    pub request: String,
    /// Entries at which the old log is closed; without it both go on.
    pub close: Option<u64>,
}

/// `POST /api/forks/{id}/adjudicate`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct AdjudicateRequest {
    /// `one` or `other` for the smaller and the larger checkpoint, or a number of entries of the history held here.
    pub stands: String,
}

/// A history that the province named.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NamedHistory {
    /// The log.
    pub log: String,
    /// Entries.
    pub size: u64,
    /// Root over them, hex.
    pub root: String,
}

/// One message of `GET /api/events` (server-sent events, event name `huizhi`).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventMessage {
    /// Something under this topic changed: refetch what the screen shows. Topics: `cases`, `specs`, `status`, `drafts`, `offices`,
    /// `transit`.
    Changed {
        /// What changed.
        topic: String,
    },
    /// A photo job reached a stage: `decode`, `locate`, `matte`, `crop`, `compose`, `encode`, `check`.
    Stage {
        /// Draft id.
        draft: String,
        /// Stage reached.
        stage: String,
    },
}

/// `POST /api/export`, for the command line.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub struct ExportRequest {
    /// Absolute path of a folder on the node's machine that does not exist yet or is empty.
    pub dir: String,
    /// Whether photos with a receipt that are on this machine go along.
    pub photos: bool,
}

/// What an export wrote.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExportView {
    /// Logs written.
    pub logs: u64,
    /// Records written.
    pub records: u64,
    /// Photos written.
    pub photos: u64,
}

/// `POST /api/backup`, for the command line.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub struct BackupRequest {
    /// Absolute path of a folder on the node's machine that does not exist yet or is empty.
    pub dir: String,
    /// Whether the secret keys go along.
    pub keys: bool,
}

/// Long work of a node, for the command line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JobView {
    /// Names it while the node runs.
    pub id: u64,
    /// `backup` or `export`.
    pub kind: String,
    /// How much is done.
    pub done: u64,
    /// Of how much, where that is known.
    pub all: Option<u64>,
    /// It has not ended.
    pub running: bool,
    /// What it gave: `BackupView` or `ExportView`.
    pub result: Option<serde_json::Value>,
    /// Why it failed.
    pub error: Option<ErrorBody>,
}

/// What a backup holds.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BackupView {
    /// Records of all logs.
    pub records: u64,
    /// Photos and sealed payloads.
    pub blobs: u64,
    /// Blobs that have decayed here and were left out.
    pub decayed: u64,
    /// Whether the secret keys are in it.
    pub keys: bool,
}
