//! Every check, in the order in which the screen lists them within a verdict. Bands of the spec come on top, one check each.

use super::entry::Entry;
use super::*;

/// All checks but the bands and the file size, whose bounds are the spec's own tables.
pub(crate) const REGISTRY: &[&Entry] = &[
    &single_face::CHECK,
    &eye_distance::CHECK,
    &enlargement::CHECK,
    &centring::CHECK,
    &margins::CHECK,
    &yaw::CHECK,
    &pitch::CHECK,
    &roll::CHECK,
    &shoulders::CHECK,
    &eyes_open::CHECK,
    &gaze::CHECK,
    &mouth_closed::CHECK,
    &expression::CHECK,
    &eyes_visible::CHECK,
    &brows_visible::CHECK,
    &ears_visible::CHECK,
    &occlusion::CHECK,
    &head_coverings::CHECK,
    &luminance_mean::CHECK,
    &luminance_variance::CHECK,
    &under_exposure::CHECK,
    &over_exposure::CHECK,
    &dynamic_range::CHECK,
    &illumination::CHECK,
    &half_shade::CHECK,
    &face_shadow::CHECK,
    &face_glare::CHECK,
    &glasses_glare::CHECK,
    &tinted_glasses::CHECK,
    &red_eye::CHECK,
    &natural_colour::CHECK,
    &colour_photo::CHECK,
    &sharpness::CHECK,
    &motion_blur::CHECK,
    &compression::CHECK,
    &retouching::CHECK,
    &background::CHECK,
    &background_colour::CHECK,
    &wall_shadow::CHECK,
    &clothes::CHECK,
    &clothing::CHECK,
    &glasses::CHECK,
    &jewellery::CHECK,
    &make_up::CHECK,
    &selfie::CHECK,
    &photo_age::CHECK,
];

#[cfg(test)]
mod tests {
    //! Registry and policy name the same checks, in the same units.
    use std::collections::BTreeSet;

    use specs::Policy;

    use super::REGISTRY;

    /// Bounds that a check uses instead of its own, depending on how it measured.
    const OTHER_BOUNDS: [&str; 3] = ["BackgroundSeparable", "HeadPoseYawFivePoints", "WallShadowReplaced"];

    #[test]
    fn every_check_has_bounds_and_all_bounds_have_a_check() {
        let names: Vec<&str> = REGISTRY.iter().map(|entry| entry.name).collect();
        let known: BTreeSet<&str> = names.iter().copied().chain(OTHER_BOUNDS).collect();
        assert_eq!(known.len(), names.len() + OTHER_BOUNDS.len(), "a name is used twice");
        // Pictures of identity cards have their own checks, in module `card`.
        let ruled: BTreeSet<&str> = Policy::shipped()
            .rules()
            .map(|(name, _)| name)
            .filter(|name| !name.starts_with("Card") && !name.starts_with("Guide"))
            .collect();
        assert_eq!(known, ruled);
    }

    #[test]
    fn every_check_has_words_for_what_its_bounds_can_say() {
        for entry in REGISTRY {
            let rule = Policy::shipped().rule(entry.name).unwrap();
            let bounded = rule.min.is_some() || rule.max.is_some();
            assert_eq!(bounded, !entry.low.0.is_empty() || !entry.high.0.is_empty(), "{}", entry.name);
            for (zh, en) in [entry.title, entry.low, entry.high, entry.look] {
                assert_eq!(zh.is_empty(), en.is_empty(), "{}", entry.name);
            }
            assert!(!entry.title.0.is_empty() && !entry.look.0.is_empty(), "{}", entry.name);
        }
    }
}
