//! Long work that the command line begins and asks for.

use super::{ApiError, App, types::JobView};
use crate::jobs::long::Job;
use axum::{
    Json,
    extract::{Path, State},
};

pub(super) fn view(job: Job) -> JobView {
    let running = job.ended.is_none();
    let (result, error) = match job.ended {
        Some(Ok(result)) => (Some(result), None),
        Some(Err(refusal)) => (None, Some((&refusal).into())),
        None => (None, None),
    };
    JobView { id: job.id, kind: job.kind.into(), done: job.done, all: job.all, running, result, error }
}

/// Long work of this process, oldest first; only for the command line there.
#[utoipa::path(get, path = "/api/jobs", responses((status = 200, body = Vec<JobView>)))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<JobView>>, ApiError> {
    Ok(Json(app.long.all().into_iter().map(view).collect()))
}

/// How far one job is, and what became of it; only for the command line there.
#[utoipa::path(get, path = "/api/jobs/{id}", params(("id" = u64, Path)), responses((status = 200, body = JobView)))]
pub(super) async fn show(State(app): State<App>, Path(id): Path<u64>) -> Result<Json<JobView>, ApiError> {
    Ok(Json(view(app.long.job(id)?)))
}

#[cfg(test)]
mod tests {
    use crate::{api::testing::Served, service::testing::picture};
    use std::sync::Arc;

    #[test]
    fn mend_31_a_backup_is_begun_at_once_and_its_end_is_asked_for() {
        let served = Served::with(Arc::new(photo::NoVision));
        served.home.case(&served.app.office, &picture(8, 8, [9; 3]), true);
        std::fs::write(served.home.path().join("node.toml"), "").unwrap();
        std::fs::write(served.home.path().join("federation.json"), "{}").unwrap();
        let out = tempfile::tempdir().unwrap();
        let body = serde_json::json!({ "dir": out.path().join("backup"), "keys": false }).to_string();
        let begun = served.local("POST /api/backup", body.as_bytes());
        assert!(begun.contains("\"id\":1") && begun.contains("\"kind\":\"backup\""), "{begun}");
        loop {
            let job = served.local("GET /api/jobs/1", b"");
            if job.contains("\"running\":false") {
                assert!(job.contains("\"blobs\":2"), "{job}");
                break;
            }
        }
        assert!(served.local("GET /api/jobs", b"").contains("\"kind\":\"backup\""));
        assert!(served.local("GET /api/jobs/7", b"").contains("not_found"));
    }
}
