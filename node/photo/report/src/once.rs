//! One photo in a process of its own: how long from start to file, and how much memory at most.

use std::time::Instant;

use anyhow::{Context, Result};
use image::ImageFormat;

/// First argument that makes this program do only that.
pub(crate) const COMMAND: &str = "--once";

/// What the process says about itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Once {
    /// Largest resident memory in MB.
    pub(crate) peak_mb: f64,
    /// Milliseconds from the start of the process to the finished file.
    pub(crate) first_ms: f64,
    /// Milliseconds of each later photo, the middle one of several.
    pub(crate) later_ms: f64,
    /// Milliseconds of plain decoding by the `image` crate, taken in turns with the photos.
    pub(crate) floor_ms: f64,
    /// The same two in milliseconds on the processor, which other programs on the machine disturb less.
    pub(crate) later_cpu_ms: f64,
    pub(crate) floor_cpu_ms: f64,
    /// Milliseconds of the face step on the picture reduced to 1024 pixels: find the face and its points.
    pub(crate) face_ms: f64,
}

/// Arguments: picture, spec, model folder, number of later photos.
pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let start = Instant::now();
    let mut next = || arguments.next().context("picture, spec, models, rounds");
    let (picture, spec, models, rounds) = (next()?, next()?, next()?, next()?.parse::<usize>()?);
    let bytes = std::fs::read(&picture)?;
    let spec = specs::find(&spec).context("no such spec")?;
    let models = crate::load(std::path::Path::new(&models))?;
    let make = || photo::standardize(&bytes, spec, &models, None, &mut |_| {});
    make()?;
    let first_ms = start.elapsed().as_secs_f64() * 1_000.0;
    // Before the floor is measured, which keeps a second copy of the pixels.
    let peak_mb = peak_mb();
    let (small, _) = photo::decode::decode(&bytes)?.image.reduced(1_024);
    let mut times: [Vec<f64>; 5] = Default::default();
    for _ in 0..rounds {
        let (wall, cpu) = timed(|| make().map(drop))?;
        times[0].push(wall);
        times[2].push(cpu);
        let (wall, cpu) = timed(|| image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).map(|plain| drop(plain.into_rgb8())))?;
        times[1].push(wall);
        times[3].push(cpu);
        let (wall, _) = timed(|| photo::Vision::faces(&models, &small).map(drop))?;
        times[4].push(wall);
    }
    let [later, floor, later_cpu, floor_cpu, face] = times.map(|mut times| median(&mut times));
    println!("{peak_mb} {first_ms} {later} {floor} {later_cpu} {floor_cpu} {face}");
    Ok(())
}

/// Milliseconds by the clock and on the processor.
fn timed<E: Into<anyhow::Error>>(work: impl FnOnce() -> Result<(), E>) -> Result<(f64, f64)> {
    let (begun, on_cpu) = (Instant::now(), cpu_ms());
    work().map_err(Into::into)?;
    Ok((begun.elapsed().as_secs_f64() * 1_000.0, cpu_ms() - on_cpu))
}

/// Time that this thread has been on a processor.
fn cpu_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).map_or(f64::NAN, |ns| ns / 1e6)
}

/// Runs this program once more for one picture, on tract or on the native runtime of this library.
pub(crate) fn measured(
    picture: &std::path::Path,
    spec: &str,
    folder: &std::path::Path,
    rounds: usize,
    library: Option<&std::path::Path>,
) -> Result<Once> {
    let mut command = std::process::Command::new(std::env::current_exe()?);
    match library {
        Some(library) => command.env(models::ONNXRUNTIME_VARIABLE, library),
        None => command.env_remove(models::ONNXRUNTIME_VARIABLE),
    };
    let output = command.arg(COMMAND).arg(picture).arg(spec).arg(folder).arg(rounds.to_string()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [peak_mb, first_ms, later_ms, floor_ms, later_cpu_ms, floor_cpu_ms, face_ms] = numbers[..] else {
        anyhow::bail!("no answer: {}", String::from_utf8_lossy(&output.stderr));
    };
    Ok(Once { peak_mb, first_ms, later_ms, floor_ms, later_cpu_ms, floor_cpu_ms, face_ms })
}

fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).map_or(f64::NAN, |kb| kb / 1024.0)
}

pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
