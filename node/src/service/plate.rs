//! The picture of the empty wall that a fixed camera is recorded with once a day. It lies beside the database and is no blob:
//! blobs travel, and this never leaves the office.

use crate::{
    service::{Office, Refusal, office::now_ms, photos},
    store::{self, StoreError},
};
use photo::{Rgb, Vision, decode, upright};
use protocol::id::Millis;
use std::{fs, io, time::UNIX_EPOCH};

/// What is known of the recorded wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plate {
    /// When it was recorded.
    pub recorded_ms: Millis,
    /// Bytes of the file.
    pub bytes: u64,
    /// Pixels, upright.
    pub width_px: u32,
    /// Pixels, upright.
    pub height_px: u32,
}

/// Records the empty wall in place of the one before.
///
/// # Errors
/// Read-only, no usable picture, somebody stands before the wall, or the disk refuses.
pub fn record(office: &Office, vision: &dyn Vision, bytes: &[u8]) -> Result<Plate, Refusal> {
    office.check_drafts()?;
    let image = image_of(bytes)?;
    // A person in the plate would be cut out of every photo of the day. Without a model the staff's eyes are what there is.
    let faces = photos::unpanicked(|| Ok(vision.faces(&image).unwrap_or_default()))?;
    if !faces.is_empty() {
        return Err(Refusal::input(
            "plate_not_empty",
            "plate",
            "画面中有人。请所有人离开画面后再记录空墙。",
            "somebody is in the picture: record the wall when nobody stands before the camera",
        ));
    }
    store::replace_file(office.plate_path(), bytes).inspect_err(|error| office.store.note_full(error))?;
    Ok(plate(&image, bytes, now_ms()))
}

/// The recorded wall, if there is one.
///
/// # Errors
/// The disk refuses, or the file is damaged.
pub fn known(office: &Office) -> Result<Option<Plate>, Refusal> {
    let metadata = match fs::metadata(office.plate_path()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(StoreError::from)?,
    };
    let modified = metadata.modified().map_err(StoreError::from)?;
    let recorded_ms = modified.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as Millis);
    let Some(bytes) = read(office) else { return Ok(None) };
    Ok(Some(plate(&image_of(&bytes)?, &bytes, recorded_ms)))
}

/// Forgets the recorded wall.
///
/// # Errors
/// The disk refuses.
pub fn forget(office: &Office) -> Result<(), Refusal> {
    match fs::remove_file(office.plate_path()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::from(error).into()),
        _ => Ok(()),
    }
}

/// The file for the next photo. One that cannot be read is as if it were not there: a photo must not wait for it.
pub(super) fn read(office: &Office) -> Option<Vec<u8>> {
    match fs::read(office.plate_path()) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(%error, "the picture of the empty wall cannot be read");
            }
            None
        }
    }
}

fn image_of(bytes: &[u8]) -> Result<Rgb, Refusal> {
    photos::unpanicked(|| Ok(upright::upright(decode::decode(bytes).map_err(photo::PhotoError::from)?).image))
}

fn plate(image: &Rgb, bytes: &[u8], recorded_ms: Millis) -> Plate {
    Plate { recorded_ms, bytes: bytes.len() as u64, width_px: image.width() as u32, height_px: image.height() as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{Home, picture};
    use photo::{Bounds, Face, NoVision, Point, VisionError};

    /// Sees a face in everything.
    struct Crowd;

    impl Vision for Crowd {
        fn faces(&self, _image: &Rgb) -> Result<Vec<Face>, VisionError> {
            let at = Point::new(1.0, 1.0);
            let bounds = Bounds { left: 0.0, top: 0.0, right: 2.0, bottom: 2.0 };
            Ok(vec![Face { bounds, score: 1.0, left_eye: at, right_eye: at, nose: at, mouth_left: at, mouth_right: at }])
        }
        fn name(&self) -> &str {
            "crowd"
        }
    }

    #[test]
    fn a_wall_is_kept_replaced_and_forgotten_and_is_never_a_blob() {
        let home = Home::new();
        let office = home.open();
        assert_eq!(known(&office).unwrap(), None);
        let first = picture(320, 240, [205, 208, 212]);
        record(&office, &NoVision, &first).unwrap();
        let kept = known(&office).unwrap().unwrap();
        assert_eq!((kept.width_px, kept.height_px, kept.bytes), (320, 240, first.len() as u64));
        assert!(kept.recorded_ms.abs_diff(now_ms()) < 60_000);
        record(&office, &NoVision, &picture(640, 480, [90, 90, 90])).unwrap();
        assert_eq!(known(&office).unwrap().unwrap().width_px, 640);
        use sha2::Digest;
        let hash = protocol::id::BlobHash(sha2::Sha256::digest(&first).into());
        assert_eq!(office.store.blobs.size(hash), None, "blobs travel");
        forget(&office).unwrap();
        forget(&office).unwrap();
        assert_eq!(known(&office).unwrap(), None);
    }

    #[test]
    fn what_is_no_picture_or_has_somebody_in_it_leaves_the_wall_as_it_was() {
        let home = Home::new();
        let office = home.open();
        record(&office, &NoVision, &picture(320, 240, [205, 208, 212])).unwrap();
        assert_eq!(record(&office, &NoVision, b"not a picture").unwrap_err().code, "not_an_image");
        assert_eq!(record(&office, &Crowd, &picture(640, 480, [9, 9, 9])).unwrap_err().code, "plate_not_empty");
        assert_eq!(known(&office).unwrap().unwrap().width_px, 320);
    }
}
