//! One network: pixels in, numbers out.

use std::sync::{Mutex, PoisonError};

use ort::session::Session;
use ort::value::TensorRef;
use photo::Rgb;

use crate::{ModelsError, runtime};

/// A loaded network. Runs one input at a time, from any thread.
pub(crate) struct Network {
    session: Mutex<Session>,
}

impl Network {
    pub(crate) fn load(bytes: &[u8]) -> Result<Network, ModelsError> {
        Ok(Network { session: Mutex::new(runtime::session(bytes)?) })
    }

    /// Runs the network on one input and returns the named outputs, each row by row.
    pub(crate) fn run<const N: usize>(&self, input: &[f32], shape: [usize; 4], outputs: [&str; N]) -> Result<[Vec<f32>; N], ModelsError> {
        let engine = |error: ort::Error| ModelsError::Engine(error.to_string());
        // A thread that panicked inside the engine leaves no half-written state behind: a run starts from its input alone.
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let tensor = TensorRef::from_array_view((shape, input)).map_err(engine)?;
        let answers = session.run(ort::inputs![tensor]).map_err(engine)?;
        let mut values = [const { Vec::new() }; N];
        for (values, name) in values.iter_mut().zip(outputs) {
            let answer = answers.get(name).ok_or_else(|| ModelsError::Engine(format!("the network has no output {name}")))?;
            *values = answer.try_extract_tensor::<f32>().map_err(engine)?.1.to_vec();
        }
        Ok(values)
    }
}

/// Order of the colour channels that a network was trained with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channels {
    /// Red first.
    Rgb,
    /// Blue first, as OpenCV reads pictures.
    Bgr,
}

/// Appends a picture channel by channel; `change` maps a value 0 to 255 of a channel (0 red, 1 green, 2 blue).
pub(crate) fn push_planes(image: &Rgb, channels: Channels, input: &mut Vec<f32>, change: impl Fn(usize, f32) -> f32) {
    for place in 0..3 {
        let channel = if channels == Channels::Rgb { place } else { 2 - place };
        input.extend(image.pixels().iter().map(|pixel| change(channel, f32::from(pixel[channel]))));
    }
}
