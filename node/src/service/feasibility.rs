//! Which other documents a picture that was taken already would serve.

use crate::service::{
    Office, Refusal, intake,
    photos::{self, CheckResult, Maker, PhotoResult},
    plate,
    specs::{self, KnownSpec},
};
use photo::{Shot, Wanted};
use protocol::id::CaseId;

/// What one document would make of the picture.
#[derive(Debug, Clone)]
pub struct Feasible {
    /// The document.
    pub known: KnownSpec,
    /// The photo, or why there can be none.
    pub photo: Result<Made, Refusal>,
}

/// The photo that could be made; the file itself is thrown away.
#[derive(Debug, Clone)]
pub struct Made {
    /// Bytes of the file.
    pub bytes: u64,
    /// Checks that failed.
    pub failed: Vec<CheckResult>,
}

/// Tries the draft's picture on every document in force. Nothing is kept.
///
/// # Errors
/// No such draft, no picture, a picture that serves no document at all, or given up.
pub fn of(office: &Office, maker: &Maker<'_>, id: CaseId) -> Result<Vec<Feasible>, Refusal> {
    let draft = intake::draft(office, id)?;
    let bytes = intake::original(office, &draft)?;
    let marks = draft.marks();
    let wall = plate::read(office);
    let shot = Shot { bytes: &bytes, marks, plate: wall.as_deref(), cancel: maker.cancel };
    let known = specs::in_force(office);
    // The background that the draft chose counts for its own document only.
    let own = draft.spec()?;
    let wanted: Vec<Wanted<'_>> = known
        .iter()
        .map(|known| match draft.wanted(&known.spec) {
            Ok(wanted) if known.spec.id() == own.id() => wanted,
            _ => (&*known.spec).into(),
        })
        .collect();
    let photos = photos::standardize_all(&shot, &wanted, maker.vision, &mut |_| {})?;
    let made = |photo: photo::Standardized| {
        let result = PhotoResult::of(&photo, maker.vision.name());
        Made { bytes: result.bytes, failed: result.checks.into_iter().filter(CheckResult::failed).collect() }
    };
    Ok(known.into_iter().zip(photos).map(|(known, photo)| Feasible { known, photo: photo.map(made) }).collect())
}
