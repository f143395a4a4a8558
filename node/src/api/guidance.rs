//! Live guidance: one preview frame in, one instruction out. Frames are judged in memory and forgotten.

use super::{ApiError, App, types::GuidanceView};
use crate::service::{Kind, Refusal, photos, specs};
use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
};
use photo::guidance::{Coach, Code, FrameReport};
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use utoipa::IntoParams;

/// Bound: windows guided at one time; beyond it the one longest silent begins anew. An office has a handful of cameras.
const GUIDES_MAX: usize = 16;
/// After so long without a frame another person may sit there: the guide begins anew.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// One guide for each session that sends frames.
#[derive(Debug)]
pub struct Guides {
    guides: Mutex<HashMap<String, Guide>>,
    start: Instant,
}

impl Default for Guides {
    fn default() -> Self {
        Self { guides: Mutex::default(), start: Instant::now() }
    }
}

#[derive(Debug)]
struct Guide {
    spec: String,
    coach: Coach,
    heard: Instant,
    said: GuidanceView,
    since_ms: u64,
}

impl Guides {
    /// What the session's guide says after this frame.
    fn hear(&self, session: &str, spec: &str, report: FrameReport, now: Instant) -> GuidanceView {
        let mut guides = self.guides.lock().unwrap_or_else(PoisonError::into_inner);
        guides.retain(|_, guide| now.saturating_duration_since(guide.heard) < SILENCE_MAX);
        let known = guides.remove(session).filter(|guide| guide.spec == spec);
        if guides.len() >= GUIDES_MAX {
            let silent = guides.iter().min_by_key(|(_, guide)| guide.heard).map(|(session, _)| session.clone());
            silent.and_then(|session| guides.remove(&session));
        }
        let mut coach = known.map_or_else(Coach::new, |guide| guide.coach);
        let now_ms = now.saturating_duration_since(self.start).as_millis() as u64;
        let instruction = coach.hear(&report, now_ms);
        let said = GuidanceView {
            code: instruction.code,
            text: instruction.text.into(),
            since_ms: now_ms.saturating_sub(instruction.since_ms),
            ready: instruction.code == Code::Ready,
            reasons: report.reasons,
        };
        let guide = Guide { spec: spec.to_owned(), coach, heard: now, said: said.clone(), since_ms: instruction.since_ms };
        guides.insert(session.to_owned(), guide);
        said
    }

    /// What was said last, where it was said a moment ago.
    fn last(&self, session: &str, spec: &str, now: Instant) -> Option<GuidanceView> {
        let guides = self.guides.lock().unwrap_or_else(PoisonError::into_inner);
        let guide = guides.get(session).filter(|guide| guide.spec == spec)?;
        if now.saturating_duration_since(guide.heard) >= STALE_MAX {
            return None;
        }
        let now_ms = now.saturating_duration_since(self.start).as_millis() as u64;
        Some(GuidanceView { since_ms: now_ms.saturating_sub(guide.since_ms), ..guide.said.clone() })
    }
}

/// An instruction is repeated without looking for so long at most: then it may be wrong.
const STALE_MAX: Duration = Duration::from_secs(3);

/// For which document.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Id of the document.
    spec: String,
}

/// Judges a preview frame; the body is a small JPEG. Where the cores are at work on photos the last instruction is repeated, or the
/// answer is 429: a frame is never queued.
#[utoipa::path(
    post, path = "/api/guidance", params(Wanted),
    request_body(content = Vec<u8>, content_type = "image/jpeg"), responses((status = 200, body = GuidanceView)),
)]
pub(super) async fn guidance(
    State(app): State<App>,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
    frame: Bytes,
) -> Result<Json<GuidanceView>, ApiError> {
    let session = app.session_id(&headers).unwrap_or_default();
    let known = specs::by_id(&app.office, &wanted.spec).ok_or_else(|| specs::unknown(&wanted.spec))?;
    let vision = app.vision.clone();
    let report = app.jobs.glance(move || photos::judge_frame(&frame, &known.spec, &*vision)).await?;
    let now = Instant::now();
    let said = match report {
        Some(report) => Some(app.guides.hear(&session, &wanted.spec, report, now)),
        None => app.guides.last(&session, &wanted.spec, now),
    };
    said.map(Json).ok_or_else(busy)
}

fn busy() -> ApiError {
    let refusal = Refusal::new(Kind::State, "guidance_busy", "正在处理照片，暂无提示。", "photos are being made; no guidance for now");
    ApiError(StatusCode::TOO_MANY_REQUESTS, refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(code: Option<Code>) -> FrameReport {
        FrameReport { reasons: code.into_iter().collect(), checks: photo::CheckReport::default() }
    }

    #[test]
    fn each_session_and_document_has_a_guide_of_its_own_that_ends_with_silence() {
        let (guides, start) = (Guides::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(guides.hear("one", "a", report(Some(Code::ComeCloser)), at(0)).code, Code::ComeCloser);
        // The coach lets an instruction stand, and tells when the new reason has lasted.
        let later: Vec<Code> = (1..12).map(|step| guides.hear("one", "a", report(None), at(step * 200)).code).collect();
        assert_eq!((later[0], later[10]), (Code::ComeCloser, Code::Ready), "{later:?}");
        let fresh = guides.hear("two", "a", report(None), at(2_300));
        assert_eq!((fresh.code, fresh.ready), (Code::HoldStill, false), "nobody is ready on one frame's word");
        assert_eq!(guides.last("one", "a", at(2_400)).map(|said| said.ready), Some(true));
        assert!(guides.last("one", "b", at(2_400)).is_none(), "another document");
        assert!(guides.last("one", "a", at(9_000)).is_none(), "said too long ago");
        let after = at(2_200) + SILENCE_MAX;
        assert_eq!(guides.hear("one", "a", report(None), after).code, Code::HoldStill, "another person may sit there");
    }

    #[test]
    fn there_are_never_more_guides_than_the_bound() {
        let (guides, start) = (Guides::default(), Instant::now());
        for number in 0..100_u64 {
            guides.hear(&number.to_string(), "a", report(None), start + Duration::from_millis(number));
        }
        let kept = guides.guides.lock().unwrap();
        assert_eq!(kept.len(), GUIDES_MAX);
        assert!(kept.contains_key("99") && !kept.contains_key("0"), "the longest silent goes");
    }
}
