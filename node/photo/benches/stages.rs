//! Time of each stage on a picture of 12 megapixels, drawn by the bench itself, beside the plain decoding of the same file.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a bench")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use image::ImageFormat;
use photo::compose::compose;
use photo::crop::crop;
use photo::decode::decode;
use photo::encode::encode;
use photo::locate::locate;
use photo::matte::matte;
use photo::standardize;
use photo::upright::upright;

use studio::{Scene, Scripted, Wall};

const SPEC: &str = "cn-id-card";

fn stages(criterion: &mut Criterion) {
    let scene = Scene::new(4_000, Wall::Grey);
    let drawn = scene.draw();
    let file = studio::file(&drawn.picture, ImageFormat::Jpeg);
    let spec = specs::find(SPEC).unwrap();
    let vision = Scripted { width: scene.width, faces: vec![scene.face()] };
    print_ratios(&file, &vision);

    let mut group = criterion.benchmark_group("12 megapixels");
    group.sample_size(10);
    group.bench_function("floor: plain decode by the image crate", |b| b.iter(|| plain(black_box(&file))));
    group.bench_function("decode", |b| b.iter(|| decode(black_box(&file)).unwrap()));
    let decoded = decode(&file).unwrap();
    group.bench_function("upright", |b| b.iter_batched(|| decoded.clone(), upright, BatchSize::PerIteration));
    let turned = upright(decoded);
    group.bench_function("locate without model time", |b| {
        b.iter_batched(|| turned.clone(), |turned| locate(turned, &vision, None).unwrap(), BatchSize::PerIteration)
    });
    let located = locate(turned, &vision, None).unwrap();
    group.bench_function("matte", |b| {
        b.iter_batched(|| located.clone(), |located| matte(located, &[spec], &vision, None), BatchSize::PerIteration)
    });
    group.bench_function("matte with a clean plate", |b| {
        b.iter_batched(|| located.clone(), |located| matte(located, &[spec], &vision, Some(&drawn.plate)), BatchSize::PerIteration)
    });
    let matted = matte(located, &[spec], &vision, None);
    group.bench_function("crop", |b| b.iter(|| crop(&matted, spec)));
    let cropped = crop(&matted, spec);
    group.bench_function("compose", |b| {
        b.iter_batched(|| cropped.clone(), |cropped| compose(cropped, &spec.into()), BatchSize::PerIteration)
    });
    let composed = compose(cropped, &spec.into());
    group.bench_function("encode", |b| b.iter(|| encode(&composed.image, spec)));
    group.bench_function("all", |b| b.iter(|| standardize(&file, spec, &vision, None, &mut |_| {}).unwrap()));
    group.finish();
}

fn plain(file: &[u8]) -> image::RgbImage {
    image::load_from_memory_with_format(file, ImageFormat::Jpeg).unwrap().into_rgb8()
}

/// Floor and whole, taken in turns, so that a busy machine slows both.
fn print_ratios(file: &[u8], vision: &Scripted) {
    let spec = specs::find(SPEC).unwrap();
    let mut times: [Vec<Duration>; 2] = Default::default();
    for _ in 0..9 {
        let start = Instant::now();
        black_box(plain(file));
        times[0].push(start.elapsed());
        let start = Instant::now();
        black_box(standardize(file, spec, vision, None, &mut |_| {}).unwrap());
        times[1].push(start.elapsed());
    }
    let [floor, whole] = times.map(|mut all| {
        all.sort_unstable();
        all[all.len() / 2].as_secs_f64() * 1_000.0
    });
    println!("floor {floor:.1} ms, whole {whole:.1} ms without model time: {:.2} x", whole / floor);
}

criterion_group!(benches, stages);
criterion_main!(benches);
