//! Time of each stage on a picture of 12 megapixels, drawn by the bench itself.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use image::ImageFormat;
use photo::compose::compose;
use photo::crop::crop;
use photo::decode::decode;
use photo::encode::encode;
use photo::locate::locate;
use photo::matte::matte;
use photo::standardize;
use photo::upright::upright;

use studio::{Portrait, Scripted};

const TWELVE_MEGAPIXELS: Portrait =
    Portrait { width: 3_000, height: 4_000, eyes: (1_500.0, 1_500.0), eye_distance: 400.0, wall: [205, 210, 214] };

fn stages(criterion: &mut Criterion) {
    let file = TWELVE_MEGAPIXELS.bytes(ImageFormat::Jpeg);
    let spec = specs::find("cn-id-card").unwrap();
    let vision = Scripted { width: TWELVE_MEGAPIXELS.width, faces: vec![TWELVE_MEGAPIXELS.face()] };
    let mut group = criterion.benchmark_group("12 megapixels");
    group.sample_size(10);

    let decoded = decode(&file).unwrap();
    group.bench_function("decode", |b| b.iter(|| decode(black_box(&file)).unwrap()));
    let turned = upright(decoded);
    group.bench_function("locate without model time", |b| b.iter(|| locate(turned.clone(), &vision, None).unwrap()));
    let located = locate(turned, &vision, None).unwrap();
    group.bench_function("matte", |b| b.iter(|| matte(located.clone(), &[spec], &vision, None)));
    let matted = matte(located, &[spec], &vision, None);
    group.bench_function("crop", |b| b.iter(|| crop(&matted, spec)));
    let cropped = crop(&matted, spec);
    group.bench_function("compose", |b| b.iter(|| compose(cropped.clone(), spec)));
    let composed = compose(cropped, spec);
    group.bench_function("encode", |b| b.iter(|| encode(&composed.image, spec)));
    group.bench_function("all", |b| b.iter(|| standardize(&file, spec, &vision, None, &mut |_| {}).unwrap()));
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
