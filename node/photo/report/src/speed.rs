//! Speed and memory, each beside its floor in the same run.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use image::RgbImage;
use image::imageops::{self, FilterType};
use photo::{Rgb, Shot, Vision, prepare};

use crate::html::Page;
use crate::once::{measured, median};
use crate::{Wanted, load};

const SPEC: &str = "jp-passport";

pub(crate) fn section(page: &mut Page, wanted: &Wanted) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("photo-report-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let result = measure(page, wanted, &folder);
    let _ = std::fs::remove_dir_all(&folder);
    result
}

fn measure(page: &mut Page, wanted: &Wanted, folder: &Path) -> Result<()> {
    let rounds = if wanted.quick { 3 } else { 9 };
    let picture = folder.join("twelve.jpg");
    std::fs::write(&picture, twelve_megapixels()?)?;
    let engine = load(&wanted.models)?;
    page.heading("Speed and memory");
    page.words(&format!(
        "A JPEG of 12 megapixels and {:.1} MB of a real face (the test photograph on a plain wall, enlarged, with the noise of a camera) to \
         finished file and report, one thread, models {}; floor: plain decoding of the same file by the <code>image</code> crate in the same \
         process.",
        std::fs::metadata(&picture)?.len() as f64 / 1e6,
        engine.name(),
    ));
    let runtime = wanted.python.as_deref().and_then(native_runtime);
    let mut faces = Vec::new();
    for (words, most, library) in [("tract", 4.0, None), ("native ONNX Runtime", 2.5, runtime.as_deref())] {
        if library.is_none() && words != "tract" {
            page.words("Not measured on a native ONNX Runtime: no library was found.");
            continue;
        }
        let once = measured(&picture, SPEC, &wanted.models, rounds, library)?;
        faces.push((words, once.face_ms));
        let ratio = once.later_ms / once.floor_ms;
        page.target(
            &format!("{words}: 12 megapixels ≤ {most} × plain decoding"),
            &format!(
                "{:.0} ms / {:.0} ms = {ratio:.2} by the clock, {:.0} ms / {:.0} ms = {:.2} on the processor",
                once.later_ms,
                once.floor_ms,
                once.later_cpu_ms,
                once.floor_cpu_ms,
                once.later_cpu_ms / once.floor_cpu_ms
            ),
            ratio <= most,
        );
        page.target(&format!("{words}: peak memory ≤ 250 MB"), &format!("{:.0} MB", once.peak_mb), once.peak_mb <= 250.0);
        page.target(&format!("{words}: start to first photo ≤ 1 s"), &format!("{:.0} ms", once.first_ms), once.first_ms <= 1_000.0);
    }
    stages(page, &engine, &picture)?;
    guidance(page, &engine, &picture, rounds)?;
    batch(page, wanted, &picture)?;
    python(page, wanted, &faces, &picture, folder, rounds)
}

/// The library that the Python package onnxruntime carries.
fn native_runtime(site: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(site.join("onnxruntime/capi")).ok()?;
    let mut paths = files.filter_map(Result::ok).map(|file| file.path());
    paths.find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libonnxruntime.so")))
}

/// The test photograph, its head on a plain grey wall, enlarged to 3000 × 4000 pixels.
fn twelve_megapixels() -> Result<Vec<u8>> {
    let bytes = std::fs::read("models/weights/astronaut.png").context("run `cargo xtask setup`: it brings the test photograph")?;
    let photograph = image::load_from_memory(&bytes)?.into_rgb8();
    let part = imageops::crop_imm(&photograph, 32, 0, 384, 512).to_image();
    let mut large = imageops::resize(&part, 3_000, 4_000, FilterType::CatmullRom);
    let mut noise = 1u32;
    for (x, y, pixel) in large.enumerate_pixels_mut() {
        if is_wall(x, y) {
            pixel.0 = [205, 208, 212];
        }
        pixel.0 = pixel.0.map(|value| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (i16::from(value) + (noise >> 28) as i16 / 2 - 4).clamp(0, 255) as u8
        });
    }
    encoded(&large)
}

/// Outside of head and shoulders, roughly: what counts here is time, not beauty.
fn is_wall(x: u32, y: u32) -> bool {
    let (u, v) = ((f64::from(x) - 1_500.0) / 3_000.0, f64::from(y) / 4_000.0);
    let head = (u / 0.24).powi(2) + ((v - 0.2) / 0.2).powi(2) < 1.0;
    let neck = u.abs() < 0.13 && v > 0.2;
    let shoulders = v > 0.36 + 0.12 * (u.abs() / 0.45).powi(2);
    !(head || neck || shoulders)
}

fn encoded(image: &RgbImage) -> Result<Vec<u8>> {
    let mut file = std::io::Cursor::new(Vec::new());
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 94).encode_image(image)?;
    Ok(file.into_inner())
}

fn stages(page: &mut Page, engine: &models::Models, picture: &Path) -> Result<()> {
    let bytes = std::fs::read(picture)?;
    let spec = specs::find(SPEC).unwrap();
    let mut begun: Vec<(photo::Stage, Instant)> = Vec::new();
    let made = prepare(&Shot { bytes: &bytes, ..Shot::default() }, &[spec], engine, &mut |stage| begun.push((stage, Instant::now())))?
        .photo(spec, &mut |stage| begun.push((stage, Instant::now())))?;
    let end = Instant::now();
    let rows: Vec<Vec<String>> = begun
        .iter()
        .enumerate()
        .map(|(at, (stage, start))| {
            let next = begun.get(at + 1).map_or(end, |(_, next)| *next);
            vec![stage.key().to_owned(), format!("{:.1}", (next - *start).as_secs_f64() * 1_000.0)]
        })
        .collect();
    page.table(&["stage", "ms, one run"], &rows);
    page.jpeg(&format!("the photo ({SPEC})"), &made.jpeg);
    Ok(())
}

/// Preview frames judged in a second, one thread.
fn guidance(page: &mut Page, engine: &models::Models, picture: &Path, rounds: usize) -> Result<()> {
    let (frame, _) = photo::decode::decode(&std::fs::read(picture)?)?.image.reduced(480);
    let spec = specs::find(SPEC).unwrap();
    let mut times = Vec::new();
    for _ in 0..=rounds {
        let begun = Instant::now();
        let _ = photo::guidance::Frame { image: &frame }.assess(spec, engine);
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    let ms = median(&mut times);
    page.target("live guidance ≥ 5 frames a second on one core", &format!("{ms:.0} ms a frame, {:.0} a second", 1_000.0 / ms), ms <= 200.0);
    Ok(())
}

/// Pictures in a second with one worker and with two, each with models of its own, in turns.
fn batch(page: &mut Page, wanted: &Wanted, picture: &Path) -> Result<()> {
    let bytes = std::fs::read(picture)?;
    let spec = specs::find(SPEC).unwrap();
    let count = if wanted.quick { 4 } else { 12 };
    let run = |workers: usize| -> Result<f64> {
        let engines: Vec<models::Models> = (0..workers).map(|_| load(&wanted.models)).collect::<Result<_>>()?;
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for engine in &engines {
                let _ =
                    scope.spawn(|| (0..count / workers).for_each(|_| drop(photo::standardize(&bytes, spec, engine, None, &mut |_| {}))));
            }
        });
        Ok(count as f64 / begun.elapsed().as_secs_f64())
    };
    let mut ratios = Vec::new();
    let (mut one, mut two) = (0.0, 0.0);
    for _ in 0..3 {
        one = run(1)?;
        two = run(2)?;
        ratios.push(two / one);
    }
    let ratio = median(&mut ratios);
    page.target("two cores ≥ 1.8 × one in batch", &format!("{ratio:.2} (last round {one:.1} and {two:.1} photos/s)"), ratio >= 1.8);
    Ok(())
}

/// The face step of the Python package on the same reduced picture; `faces` are our own times by engine.
fn python(page: &mut Page, wanted: &Wanted, faces: &[(&str, f64)], picture: &Path, folder: &Path, rounds: usize) -> Result<()> {
    let Some(site) = &wanted.python else {
        page.words("The Python package <code>mtcnn-runtime</code> was not measured: no folder was given with <code>--python</code>.");
        return Ok(());
    };
    let (small, _) = photo::decode::decode(&std::fs::read(picture)?)?.image.reduced(1_024);
    let raw = folder.join("picture.rgb");
    std::fs::write(&raw, small.as_bytes())?;
    let theirs = mtcnn_runtime(site, &raw, &small, rounds)?;
    for (words, ours) in faces {
        page.target(
            &format!("{words}: face step ≥ 3 × faster than mtcnn-runtime (native) on {} × {} pixels", small.width(), small.height()),
            &format!("{theirs:.0} ms / {ours:.0} ms = {:.1}", theirs / ours),
            theirs / ours >= 3.0,
        );
    }
    Ok(())
}

fn mtcnn_runtime(site: &Path, raw: &Path, image: &Rgb, rounds: usize) -> Result<f64> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/mtcnn.py");
    let output = std::process::Command::new("python3")
        .env("PYTHONPATH", site)
        .arg(script)
        .arg(raw)
        .args([image.width(), image.height(), rounds].map(|number| number.to_string()))
        .output()
        .context("python3 cannot be started")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let words: Vec<&str> = text.split_whitespace().collect();
    let [_faces, ms] = words[..] else { anyhow::bail!("mtcnn-runtime: {}", String::from_utf8_lossy(&output.stderr)) };
    Ok(ms.parse()?)
}
