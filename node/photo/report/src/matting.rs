//! Matting: scenes of which every alpha is known, cut in several ways.

use anyhow::Result;
use photo::Vision;
use studio::{Clothes, Hair, Method, Scene, Wall, matting_trial};

use crate::html::Page;
use crate::{Wanted, load};

/// The colour behind the person: what most documents that are not white ask for.
const LIGHT_BLUE: [u8; 3] = [100, 197, 255];
const SPEC: &str = "cn-graduate";

pub(crate) fn section(page: &mut Page, wanted: &Wanted) -> Result<()> {
    let models = load(&wanted.models)?;
    let has_mask = models.person_mask(&photo::Rgb::filled(64, 64, [128; 3])).is_ok();
    page.heading("Matting");
    page.words(&format!(
        "Drawn people with thousands of hairs, of which every alpha is exact, composited over walls with camera noise. \
         SAD in thousands of pixels, gradient error (Rhemann et al. 2009) in thousands, fringe = mean CIELAB difference to the exact \
         composite on light blue where the truth is half-transparent. Smaller is better. Mask network: {}.",
        if has_mask { models.name() } else { "none is installed; the perfect 256-pixel mask stands in its place" }
    ));
    let mut methods = vec![Method::ColourKey, Method::PerfectMask256];
    if has_mask {
        methods.push(Method::Network(&models));
    }
    methods.extend([Method::Ours, Method::OursWithPerfectMask]);
    if has_mask {
        methods.push(Method::OursWithNetwork(&models));
    }
    methods.push(Method::OursWithPlate);

    let spec = specs::find(SPEC).unwrap();
    let mut rows = Vec::new();
    for (index, wall) in Wall::ALL.into_iter().enumerate() {
        let hair = [Hair::Black, Hair::Brown, Hair::Grey][index % 3];
        let clothes = [Clothes::Dark, Clothes::Blue, Clothes::White][index % 3];
        let scene = Scene { hair, clothes, long_hair: index % 2 == 1, ..Scene::new(1_600, wall) };
        let drawn = scene.draw();
        page.words(&format!("<strong>{wall:?}</strong>, hair {hair:?}, clothes {clothes:?}"));
        for (at, method) in methods.iter().enumerate() {
            let trial = matting_trial(&scene, &drawn, spec, *method, LIGHT_BLUE);
            if at == 0 {
                page.picture("camera", &trial.picture);
                page.picture("exact", &trial.exact);
            }
            let key = method.key();
            page.picture(key, &trial.composite);
            if key == "ours" {
                page.picture("error of alpha", &trial.difference());
            }
            let scores = trial.scores;
            rows.push(vec![
                format!("{wall:?}"),
                key.to_owned(),
                format!("{:.2}", scores.sad),
                format!("{:.5}", scores.mse),
                format!("{:.2}", scores.gradient),
                format!("{:.1}", scores.fringe_delta_e),
                scores.confidence.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}")),
            ]);
        }
    }
    page.table(&["wall", "method", "SAD", "MSE", "gradient", "fringe ΔE", "confidence"], &rows);
    Ok(())
}
