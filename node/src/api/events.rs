//! One stream of server-sent events: what changed, so that screens refetch what they show.

use super::{App, auth::Operator, types::EventMessage};
use crate::service::Change;
use axum::{
    extract::State,
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

/// What changes, as it changes.
#[utoipa::path(get, path = "/api/events", responses((status = 200, body = EventMessage, content_type = "text/event-stream")))]
pub(super) async fn events(State(app): State<App>, _who: Operator) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
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
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}
