//! The local HTTP API and the staff UI: one axum router. The only part that knows JSON and HTTP.
//!
//! Every write names the operator, and one table (`access`) says who may ask for what. Requests are taken from this machine's own names only (against DNS rebinding), writes need the
//! session's CSRF token and the same origin, bodies and times are bounded, and nothing is loaded from elsewhere (CSP).

mod access;
mod assets;
mod auth;
mod bundle;
mod capture;
mod card;
mod cases;
mod error;
mod events;
mod guard;
mod guidance;
mod invitations;
mod jobs;
mod metrics;
mod network;
mod offices;
mod plate;
mod receipts;
mod rulings;
mod session;
mod specs;
mod staff;
mod status;
#[cfg(test)]
mod testing;
mod trail;
pub mod types;
mod views;

use crate::{
    jobs::{Jobs, long::LongJobs},
    print::Font,
    service::{Office, Refusal, network::NetworkHandle, runs::Runs},
};
use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};
use photo::Vision;
use std::{sync::Arc, time::Duration};
use tower_http::timeout::TimeoutLayer;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use error::ApiError;

/// Bytes of an ordinary request body.
const BODY_BYTES_MAX: usize = 256 << 10;
/// Bytes of a picture.
const PHOTO_BYTES_MAX: usize = protocol::limits::BLOB_BYTES_MAX as usize;
/// A request that takes longer is given up, and the photo that it waits for; other work behind it goes on and shows in the next answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(90);

/// Where the numbers for Prometheus are.
const METRICS: &str = "/metrics";

/// What the handlers share.
#[derive(Clone)]
pub struct App {
    /// The office.
    pub office: Arc<Office>,
    /// The network.
    pub net: NetworkHandle,
    /// Models that locate faces.
    pub vision: Arc<dyn Vision + Send + Sync>,
    /// Whether `vision` finds faces by itself.
    pub finds_faces: bool,
    /// Font for receipts.
    pub font: Option<Arc<Font>>,
    /// Bounded pool for pixel work.
    pub jobs: Jobs,
    /// Work that takes longer than a request.
    pub long: LongJobs,
    /// Photos being made.
    pub runs: Arc<Runs>,
    /// Sessions of this process.
    pub sessions: Arc<auth::Sessions>,
    /// Slows down the guessing of passwords.
    pub throttle: Arc<auth::Throttle>,
    /// What is said to whom over the live picture.
    pub guides: Arc<guidance::Guides>,
    /// Token of the command line on this machine.
    pub token: Arc<str>,
    /// Port that this node serves, for the list of allowed hosts.
    pub port: u16,
}

impl App {
    /// An app over these parts.
    pub fn new(
        office: Arc<Office>,
        net: NetworkHandle,
        vision: Arc<dyn Vision + Send + Sync>,
        finds_faces: bool,
        font: Option<Arc<Font>>,
        token: &str,
        port: u16,
    ) -> Self {
        Self {
            office,
            net,
            vision,
            finds_faces,
            font,
            jobs: Jobs::default(),
            long: LongJobs::default(),
            runs: Arc::default(),
            sessions: Arc::default(),
            throttle: Arc::default(),
            guides: Arc::default(),
            token: token.into(),
            port,
        }
    }

    /// Runs store work off the reactor.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Office) -> Result<T, Refusal> + Send + 'static) -> Result<T, ApiError> {
        let office = self.office.clone();
        let result = tokio::task::spawn_blocking(move || work(&office)).await;
        Ok(result.map_err(Refusal::fault)??)
    }
}

fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(session::session))
        .routes(routes!(session::login))
        .routes(routes!(session::logout))
        .routes(routes!(status::status))
        .routes(routes!(status::condition))
        .routes(routes!(specs::list))
        .routes(routes!(specs::show))
        .routes(routes!(specs::check))
        .routes(routes!(specs::publish))
        .routes(routes!(specs::cancel))
        .routes(routes!(specs::draft, specs::write_draft, specs::discard_draft))
        .routes(routes!(capture::list))
        .routes(routes!(capture::consent))
        .routes(routes!(capture::begin))
        .routes(routes!(capture::show))
        .routes(routes!(capture::discard))
        .routes(routes!(capture::marks))
        .routes(routes!(capture::background))
        .routes(routes!(capture::renew))
        .routes(routes!(capture::make_again, capture::give_up))
        .routes(routes!(capture::original))
        .routes(routes!(capture::standardized))
        .routes(routes!(capture::feasibility))
        .routes(routes!(guidance::guidance))
        .routes(routes!(plate::show, plate::forget))
        .routes(routes!(capture::submit))
        .routes(routes!(cases::list))
        .routes(routes!(cases::show))
        .routes(routes!(cases::parts))
        .routes(routes!(cases::number))
        .routes(routes!(cases::photo))
        .routes(routes!(cases::original))
        .routes(routes!(cases::sheet))
        .routes(routes!(cases::note))
        .routes(routes!(cases::decide))
        .routes(routes!(cases::withdraw))
        .routes(routes!(cases::erase))
        .routes(routes!(cases::reasons))
        .routes(routes!(receipts::look_up))
        .routes(routes!(receipts::photo))
        .routes(routes!(receipts::use_for))
        .routes(routes!(receipts::annul))
        .routes(routes!(receipts::verify))
        .routes(routes!(receipts::pdf))
        .routes(routes!(receipts::proof))
        .routes(routes!(receipts::revoke))
        .routes(routes!(offices::list))
        .routes(routes!(offices::enrol))
        .routes(routes!(offices::region))
        .routes(routes!(offices::documents))
        .routes(routes!(invitations::list, invitations::invite))
        .routes(routes!(invitations::cancel))
        .routes(routes!(network::switch))
        .routes(routes!(rulings::revoke))
        .routes(routes!(rulings::rotate))
        .routes(routes!(rulings::adjudicate))
        .routes(routes!(rulings::ask_epoch))
        .routes(routes!(rulings::grant_epoch))
        .routes(routes!(rulings::retire))
        .routes(routes!(offices::export))
        .routes(routes!(offices::backup))
        .routes(routes!(staff::list, staff::add))
        .routes(routes!(staff::change))
        .routes(routes!(staff::password))
        .routes(routes!(trail::list))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::show))
}

/// Requests whose body is a whole picture.
fn pictures() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(capture::photo)).routes(routes!(plate::record)).routes(routes!(card::card))
}

/// Sticks: as slow as the stick is, so no time limit. Only the command line may ask.
fn sticks() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(bundle::export)).routes(routes!(bundle::import)).routes(routes!(bundle::ask))
}

/// Whole router of a node.
pub fn router(app: App) -> Router {
    let (api, _) = api().split_for_parts();
    let (pictures, _) = pictures().split_for_parts();
    let bounded = api
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .merge(pictures.layer(DefaultBodyLimit::max(PHOTO_BYTES_MAX)))
        .layer(TimeoutLayer::with_status_code(axum::http::StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT));
    // The event stream is meant to last, so no time limit.
    let (events, _) = OpenApiRouter::new().routes(routes!(events::events)).split_for_parts();
    let (sticks, _) = sticks().split_for_parts();
    bounded
        .merge(events)
        .merge(Router::new().route(METRICS, get(metrics::metrics)))
        .merge(sticks.layer(DefaultBodyLimit::max(BODY_BYTES_MAX)))
        .fallback(assets::serve)
        .layer(middleware::from_fn_with_state(app.clone(), access::check))
        .layer(middleware::from_fn_with_state(app.clone(), guard::writes))
        .layer(middleware::from_fn_with_state(app.clone(), guard::host))
        .layer(middleware::from_fn(guard::headers))
        .with_state(app)
}

/// The OpenAPI document as JSON; the UI's types are generated from it.
///
/// # Errors
/// It cannot be written as JSON.
pub fn openapi() -> Result<String, serde_json::Error> {
    let (_, mut document) = api().merge(pictures()).merge(sticks()).routes(routes!(events::events)).split_for_parts();
    // Without this the document names the author of the library that builds it.
    document.info = utoipa::openapi::Info::new("Huizhi node", env!("CARGO_PKG_VERSION"));
    // Handlers of different modules share names, and an operation's id must be unique.
    for item in document.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().flatten() {
            operation.operation_id = None;
        }
    }
    document.to_pretty_json()
}

/// Specs in force, as the API lists them; for the command line while no node runs.
pub(crate) fn spec_list(office: &Office) -> Vec<types::SpecSummary> {
    crate::service::specs::in_force(office).iter().map(views::spec_summary).collect()
}

/// One spec, as the API shows it.
///
/// # Errors
/// There is none with this id.
pub(crate) fn spec_view(office: &Office, id: &str) -> Result<types::SpecView, Refusal> {
    let known = crate::service::specs::by_id(office, id).ok_or_else(|| crate::service::specs::unknown(id))?;
    Ok(views::spec(office, &known))
}

pub(crate) use bundle::{take as take_bundle, write as write_bundle};
pub(crate) use invitations::{make as invite, rows as invitation_rows};
pub(crate) use offices::{admit, rows as office_rows};
pub(crate) use receipts::{answer as receipt_answer, verification as receipt_verification};
pub(crate) use rulings::{asked_epoch, point, retirement, revoked};
pub(crate) use staff::{alter as alter_staff, hire as hire_staff, rows as staff_rows};
pub(crate) use status::forks as fork_rows;
