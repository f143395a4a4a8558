//! The file band: many pictures for every shipped spec.

use anyhow::Result;
use image::ImageFormat;
use photo::{Shot, prepare};
use studio::{Clothes, Hair, Scene, Scripted, Wall};

use crate::Wanted;
use crate::html::{Page, percent};

#[derive(Default, Clone)]
struct Counts {
    made: usize,
    exact: usize,
    explained: usize,
    silent: usize,
    lowest: f64,
    highest: f64,
    quality: (u8, u8),
}

pub(crate) fn section(page: &mut Page, wanted: &Wanted) -> Result<()> {
    let count = if wanted.quick { 8 } else { 50 };
    page.heading("File band");
    page.words(&format!(
        "{count} drawn pictures with camera noise for every shipped spec. <em>Exact</em>: pixels, dpi, quality floor and KB as published. \
         <em>Explained</em>: the KB cannot be met, and the report says by how much and why. <em>Silent</em> must be 0. No file is padded and \
         none carries a segment beside the picture itself (bytes scanned). A picture whose wall cannot be separated is refused with advice."
    ));
    let specs: Vec<&specs::Spec> = specs::shipped().iter().collect();
    let blank = Counts { lowest: f64::MAX, quality: (100, 0), ..Counts::default() };
    let mut counts = vec![blank; specs.len()];
    for index in 0..count {
        let scene = scene(index);
        let file = studio::file(&scene.draw().picture, ImageFormat::Jpeg);
        let vision = Scripted { width: scene.width, faces: vec![scene.face()] };
        let prepared = prepare(&Shot { bytes: &file, ..Shot::default() }, &specs, &vision, &mut |_| {})?;
        for (spec, counts) in specs.iter().zip(&mut counts) {
            let Ok(made) = prepared.photo(*spec, &mut |_| {}) else { continue };
            let kb = made.jpeg.len() as f64 / 1024.0;
            let rule = spec.file();
            let in_band = rule.kb_min.is_none_or(|min| kb >= f64::from(min)) && rule.kb_max.is_none_or(|max| kb <= f64::from(max));
            let read = image::load_from_memory_with_format(&made.jpeg, ImageFormat::Jpeg)?;
            let is_right = (read.width(), read.height()) == (spec.width_px(), spec.height_px())
                && u32::from(u16::from_be_bytes([made.jpeg[14], made.jpeg[15]])) == spec.dpi()
                && made.quality >= rule.quality_min
                && photo::encode::extra_segments(&made.jpeg).is_empty();
            let explained = made.report.get("FileSize").is_some_and(|check| !check.next_step.is_empty());
            counts.made += 1;
            counts.exact += usize::from(is_right && in_band);
            counts.explained += usize::from(is_right && !in_band && explained);
            counts.silent += usize::from(!is_right || !in_band && !explained);
            counts.lowest = counts.lowest.min(kb);
            counts.highest = counts.highest.max(kb);
            counts.quality = (counts.quality.0.min(made.quality), counts.quality.1.max(made.quality));
        }
    }
    let band = |spec: &specs::Spec| {
        let side = |kb: Option<u32>| kb.map_or_else(|| "–".to_owned(), |kb| kb.to_string());
        format!("{}–{}", side(spec.file().kb_min), side(spec.file().kb_max))
    };
    let rows: Vec<Vec<String>> = specs
        .iter()
        .zip(&counts)
        .map(|(spec, counts)| {
            vec![
                spec.id().to_owned(),
                band(spec),
                spec.file().quality_min.to_string(),
                counts.made.to_string(),
                (count - counts.made).to_string(),
                percent(counts.exact, counts.made),
                percent(counts.explained, counts.made),
                counts.silent.to_string(),
                format!("{:.1}–{:.1}", counts.lowest, counts.highest),
                format!("{}–{}", counts.quality.0, counts.quality.1),
            ]
        })
        .collect();
    page.table(
        &["spec", "KB allowed", "quality floor", "photos", "refused as not separable", "exact", "explained", "silent", "KB", "quality"],
        &rows,
    );
    let silent: usize = counts.iter().map(|counts| counts.silent).sum();
    page.target("every photo meets pixels, dpi, quality and KB, or explains", &format!("{silent} silent"), silent == 0);
    Ok(())
}

/// People that differ in everything that changes the size of a file.
fn scene(index: usize) -> Scene {
    let walls = [Wall::White, Wall::Grey, Wall::LightBlue, Wall::Shaded];
    Scene {
        hair: [Hair::Black, Hair::Brown, Hair::Grey][index % 3],
        clothes: [Clothes::Dark, Clothes::White, Clothes::Blue][index / 3 % 3],
        long_hair: index.is_multiple_of(2),
        noise: [0.5, 2.0, 4.0, 8.0][index / 2 % 4],
        seed: index as u64,
        ..Scene::new([900, 1_400, 2_000][index % 3], walls[index % 4])
    }
}
