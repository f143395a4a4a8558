//! One stream of server-sent events: what changed, so that screens refetch what they show.

use super::{App, auth::Session, types::EventMessage};
use crate::service::Change;
use axum::{
    extract::State,
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt};
use std::{convert::Infallible, time::Duration};
use tokio_stream::wrappers::BroadcastStream;

fn message(change: Change) -> Option<EventMessage> {
    let topic = match change {
        Change::Stage(case, stage) => return Some(EventMessage::Stage { draft: case.to_string(), stage: stage.key().into() }),
        Change::Cases => "cases",
        Change::Specs => "specs",
        Change::Offices => "offices",
        Change::Drafts => "drafts",
        Change::SpecDrafts => "spec_drafts",
        Change::Status => "status",
        Change::Transit => "transit",
        // Work for the network shell; what comes of it is told by the others.
        Change::Log(_) | Change::Wanted(_) | Change::Fork(_) | Change::Damaged => return None,
    };
    Some(EventMessage::Changed { topic: topic.into() })
}

/// Comes when a session ends, and never for the command line, which has none.
async fn ended(session: Option<Session>) {
    let Some(mut session) = session else { return std::future::pending().await };
    let until = tokio::time::sleep_until(session.until.into());
    let closed = async { while session.open.changed().await.is_ok() {} };
    tokio::select! {
        () = until => {}
        () = closed => {}
    }
}

/// What changes, as it changes; ends with the session.
#[utoipa::path(get, path = "/api/events", responses((status = 200, body = EventMessage, content_type = "text/event-stream")))]
pub(super) async fn events(State(app): State<App>, headers: HeaderMap) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let session = app.session(&headers);
    let stream = BroadcastStream::new(app.office.changes()).flat_map(|change| {
        let messages = match change {
            Ok(change) => message(change).into_iter().collect(),
            // Events were lost to a slow reader: everything may have changed.
            Err(_) => ["cases", "specs", "offices", "drafts", "spec_drafts", "status", "transit"]
                .map(|topic| EventMessage::Changed { topic: topic.into() })
                .to_vec(),
        };
        futures::stream::iter(messages).filter_map(async |message| Event::default().event("huizhi").json_data(message).ok().map(Ok))
    });
    Sse::new(stream.take_until(Box::pin(ended(session)))).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}
