//! Downloads models from their repositories, verified by SHA-256.

use std::path::Path;
use std::time::Duration;

use crate::ModelsError;
use crate::manifest::{Model, Origin, manifest};
use crate::store::{MAX_MODEL_BYTES, Presence, Report, list, place, verify};

/// Where repositories are read, unless the caller names a mirror.
const BASE_URL: &str = "https://raw.githubusercontent.com";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(300);

/// Downloads every model that can be downloaded and is not here yet.
///
/// `progress` hears the name of each model before it is tried.
/// A model that fails is reported and does not stop the others; only a folder that cannot be written does.
pub fn fetch(to: &Path, base_url: Option<&str>, progress: &mut dyn FnMut(&str)) -> Result<Report, ModelsError> {
    let base = base_url.unwrap_or(BASE_URL).trim_end_matches('/');
    let states = list(to);
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_connect(Some(CONNECT_TIMEOUT)).timeout_global(Some(TOTAL_TIMEOUT)).build().into();
    let mut report = Report::default();
    for model in manifest().iter().filter(|model| model.origin == Origin::Fetch) {
        let state = states.iter().find(|state| state.name == model.name);
        if state.is_some_and(|state| matches!(state.present, Presence::File | Presence::Embedded)) {
            report.kept.push(model.name.clone());
            continue;
        }
        progress(&model.name);
        match download(&agent, base, model) {
            Ok(bytes) => {
                place(&to.join(&model.file), &bytes)?;
                report.taken.push(model.name.clone());
            }
            Err(error) => report.refused.push((model.name.clone(), error.to_string())),
        }
    }
    Ok(report)
}

fn download(agent: &ureq::Agent, base: &str, model: &Model) -> Result<Vec<u8>, ModelsError> {
    let url = format!("{base}/{}/{}/{}", model.repository, model.commit, model.path);
    let failed =
        |error: ureq::Error| ModelsError::Unreachable { model: model.name.clone(), file: model.file.clone(), reason: error.to_string() };
    let mut response = agent.get(&url).call().map_err(failed)?;
    // Bound: a server cannot send more than the manifest says, plus what shows that it is another file.
    let limit = (model.bytes + 1).min(MAX_MODEL_BYTES);
    let bytes = response.body_mut().with_config().limit(limit).read_to_vec().map_err(failed)?;
    verify(model, &bytes)?;
    Ok(bytes)
}
