//! MTCNN's first network (P-Net), computed here instead of by the inference engine.
//!
//! It slides a window of 12 × 12 pixels over pictures of ever other sizes with at most 32 channels. An engine that plans for
//! fixed sizes and wide layers spends its time on moving data there: tract needs about six times as long.
//! Answers are those of the engine to the last few bits, which a test checks against it.

#![allow(unsafe_code, reason = "the fast instructions of a processor may only be called where they were found")]

use photo::Rgb;

use crate::ModelsError;
use crate::mtcnn::normalized;
use crate::weights::Weights;

/// Channels computed together: two registers of AVX2. The first layer has 10 and leaves the others zero.
const LANES: usize = 16;
/// Pixels computed together, so that each weight that is read serves several times and all registers are used.
const TOGETHER: usize = 6;
/// Width and height of a kernel in pixels.
const KERNEL: usize = 3;
/// Side of the field that one answer looks at, in pixels.
const FIELD_PX: usize = 12;

/// The channels of one pixel between two layers.
type Lanes = [f32; LANES];

/// The network.
pub(crate) struct PNet {
    first: Layer<3>,
    second: Layer<10>,
    /// 32 channels in two halves.
    third: [Layer<16>; 2],
    /// For each half of the third layer and each channel of it: no face, face, and the four offsets.
    heads: [[[f32; 6]; LANES]; 2],
    head_bias: [f32; 6],
}

/// A place where a face may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Proposal {
    /// Place of the field in steps of two pixels.
    pub(crate) column: usize,
    pub(crate) row: usize,
    /// 0 to 1.
    pub(crate) score: f32,
    /// Corrections of left, top, right and bottom as shares of the field.
    pub(crate) offsets: [f32; 4],
}

/// A convolution of 3 × 3 pixels without padding, and the slope below zero that follows it.
struct Layer<const IN: usize> {
    /// By row and column of the kernel, then by input channel.
    kernel: [[[Lanes; IN]; KERNEL]; KERNEL],
    bias: Lanes,
    slope: Lanes,
}

impl PNet {
    pub(crate) fn load(bytes: &[u8]) -> Result<PNet, ModelsError> {
        let weights = Weights::read(bytes)?;
        let mut heads = [[[0.0; 6]; LANES]; 2];
        let mut head_bias = [0.0; 6];
        for (layer, first, outputs) in [("conv4_1", 0, 2), ("conv4_2", 2, 4)] {
            let values = weights.get(&format!("{layer}.weight"), outputs * 2 * LANES)?;
            for (at, value) in values.into_iter().enumerate() {
                let (output, channel) = (at / (2 * LANES), at % (2 * LANES));
                heads[channel / LANES][channel % LANES][first + output] = value;
            }
            head_bias[first..first + outputs].copy_from_slice(&weights.get(&format!("{layer}.bias"), outputs)?);
        }
        Ok(PNet {
            first: Layer::load(&weights, "features.conv1", "29", 0..10, 10)?,
            second: Layer::load(&weights, "features.conv2", "30", 0..16, 16)?,
            third: [Layer::load(&weights, "features.conv3", "31", 0..16, 32)?, Layer::load(&weights, "features.conv3", "31", 16..32, 32)?],
            heads,
            head_bias,
        })
    }

    /// All places of `image` with a score above `least`, row by row. None where the picture is smaller than the field.
    pub(crate) fn proposals(&self, image: &Rgb, least: f32) -> Vec<Proposal> {
        if image.width().min(image.height()) < FIELD_PX {
            return Vec::new();
        }
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            // SAFETY: this processor has both, as was just asked.
            return unsafe { self.proposals_avx2(image, least) };
        }
        // Without such an instruction a fused step would be a call into a library.
        self.search::<{ cfg!(target_arch = "aarch64") }>(image, least)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn proposals_avx2(&self, image: &Rgb, least: f32) -> Vec<Proposal> {
        self.search::<true>(image, least)
    }

    /// `FUSED`: the processor multiplies and adds in one step.
    #[inline(always)]
    fn search<const FUSED: bool>(&self, image: &Rgb, least: f32) -> Vec<Proposal> {
        let input: Vec<[f32; 3]> = image.pixels().iter().map(|pixel| pixel.map(|value| normalized(0, f32::from(value)))).collect();
        let pooled_width = (image.width() - 2).div_ceil(2);
        let pooled = self.pooled::<FUSED>(&input, image.width(), pooled_width);

        let width = pooled_width - 2;
        let mut second = vec![[0.0; LANES]; width * (pooled.len() / pooled_width - 2)];
        for (y, row) in second.chunks_exact_mut(width).enumerate() {
            self.second.row::<LANES, FUSED>(lines(&pooled, pooled_width, y), row);
        }

        let (columns, rows) = (width - 2, second.len() / width - 2);
        let mut third = [vec![[0.0; LANES]; columns], vec![[0.0; LANES]; columns]];
        let mut found = Vec::new();
        for row in 0..rows {
            for (half, layer) in third.iter_mut().zip(&self.third) {
                layer.row::<LANES, FUSED>(lines(&second, width, row), half);
            }
            for (column, halves) in third[0].iter().zip(&third[1]).enumerate() {
                let [no_face, face, offsets @ ..] = self.answer([halves.0, halves.1]);
                let score = 1.0 / (1.0 + (no_face - face).exp());
                if score > least {
                    found.push(Proposal { column, row, score, offsets });
                }
            }
        }
        found
    }

    /// The first layer, then the largest of each 2 × 2 pixels; at an odd edge, of those that are there.
    #[inline(always)]
    fn pooled<const FUSED: bool>(&self, input: &[[f32; 3]], width: usize, pooled_width: usize) -> Vec<Lanes> {
        let height = input.len() / width - 2;
        let mut pooled = vec![[f32::NEG_INFINITY; LANES]; pooled_width * height.div_ceil(2)];
        let mut line = vec![[0.0; LANES]; width - 2];
        for y in 0..height {
            self.first.row::<3, FUSED>(lines(input, width, y), &mut line);
            let row = &mut pooled[y / 2 * pooled_width..][..pooled_width];
            for (largest, pair) in row.iter_mut().zip(line.chunks(2)) {
                for pixel in pair {
                    for lane in 0..LANES {
                        largest[lane] = if pixel[lane] > largest[lane] { pixel[lane] } else { largest[lane] };
                    }
                }
            }
        }
        pooled
    }

    #[inline(always)]
    fn answer(&self, halves: [&Lanes; 2]) -> [f32; 6] {
        let mut sums = self.head_bias;
        for (channels, weights) in halves.into_iter().zip(&self.heads) {
            for (value, weights) in channels.iter().zip(weights) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += value * weight;
                }
            }
        }
        sums
    }
}

/// The three rows of a picture under a kernel whose upper edge is at `y`.
#[inline(always)]
fn lines<T>(pixels: &[T], width: usize, y: usize) -> [&[T]; KERNEL] {
    std::array::from_fn(|row| &pixels[(y + row) * width..][..width])
}

impl<const IN: usize> Layer<IN> {
    /// The output channels `range` of a layer that has `outputs` of them.
    fn load(weights: &Weights<'_>, layer: &str, slope: &str, range: std::ops::Range<usize>, outputs: usize) -> Result<Self, ModelsError> {
        let kernel = weights.get(&format!("{layer}.weight"), outputs * IN * KERNEL * KERNEL)?;
        let (bias, slope) = (weights.get(&format!("{layer}.bias"), outputs)?, weights.get(slope, outputs)?);
        let mut made = Layer { kernel: [[[[0.0; LANES]; IN]; KERNEL]; KERNEL], bias: [0.0; LANES], slope: [0.0; LANES] };
        for (lane, output) in range.enumerate() {
            made.bias[lane] = bias[output];
            made.slope[lane] = slope[output];
            for (y, row) in made.kernel.iter_mut().enumerate() {
                for (x, channels) in row.iter_mut().enumerate() {
                    for (channel, lanes) in channels.iter_mut().enumerate() {
                        lanes[lane] = kernel[((output * IN + channel) * KERNEL + y) * KERNEL + x];
                    }
                }
            }
        }
        Ok(made)
    }

    /// One row of answers, from pixels of which the first `IN` channels of `WIDTH` count.
    #[inline(always)]
    fn row<const WIDTH: usize, const FUSED: bool>(&self, lines: [&[[f32; WIDTH]]; KERNEL], out: &mut [Lanes]) {
        let count = out.len();
        if count < TOGETHER {
            for x in 0..count {
                self.pixels::<WIDTH, 1, FUSED>(lines, x, out);
            }
            return;
        }
        // The last group overlaps the one before it instead of being a shorter one.
        for x in (0..count).step_by(TOGETHER) {
            self.pixels::<WIDTH, TOGETHER, FUSED>(lines, x.min(count - TOGETHER), out);
        }
    }

    /// Answers for `COUNT` pixels of a row from `x` on.
    #[inline(always)]
    fn pixels<const WIDTH: usize, const COUNT: usize, const FUSED: bool>(
        &self,
        lines: [&[[f32; WIDTH]]; KERNEL],
        x: usize,
        out: &mut [Lanes],
    ) {
        let mut sums = [self.bias; COUNT];
        for (line, kernel) in lines.iter().zip(&self.kernel) {
            for (column, channels) in kernel.iter().enumerate() {
                let pixels = &line[x + column..][..COUNT];
                for (channel, weights) in channels.iter().enumerate() {
                    for (sum, pixel) in sums.iter_mut().zip(pixels) {
                        let value = pixel[channel];
                        for lane in 0..LANES {
                            sum[lane] = if FUSED { value.mul_add(weights[lane], sum[lane]) } else { value * weights[lane] + sum[lane] };
                        }
                    }
                }
            }
        }
        for (out, sum) in out[x..x + COUNT].iter_mut().zip(&sums) {
            for lane in 0..LANES {
                out[lane] = if sum[lane] > 0.0 { sum[lane] } else { sum[lane] * self.slope[lane] };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    //! Against the inference engine, on pictures of even, odd and least sizes.
    use super::*;
    use crate::network::{Channels, Network, push_planes};
    use crate::tests::{SETUP, astronaut, weights};

    fn file() -> Vec<u8> {
        std::fs::read(weights().join("pnet.onnx")).expect(SETUP)
    }

    fn all(columns: usize, scores: &[f32], offsets: &[f32]) -> Vec<Proposal> {
        let cells = scores.len() / 2;
        let proposal = |cell: usize| Proposal {
            column: cell % columns,
            row: cell / columns,
            score: scores[cells + cell],
            offsets: std::array::from_fn(|i| offsets[i * cells + cell]),
        };
        (0..cells).map(proposal).collect()
    }

    #[test]
    fn answers_are_those_of_the_engine() {
        crate::runtime::start(None).unwrap();
        let (ours, engine) = (PNet::load(&file()).unwrap(), Network::load(&file()).unwrap());
        for (width, height) in [(12, 12), (13, 12), (12, 13), (14, 15), (19, 40), (69, 92), (92, 69), (141, 188)] {
            let image = astronaut().area_resized(width, height);
            let mut input = Vec::new();
            push_planes(&image, Channels::Rgb, &mut input, normalized);
            let [offsets, scores] = engine.run(&input, [1, 3, height, width], ["output1", "output2"]).unwrap();
            let columns = (width - 2).div_ceil(2) - 4;
            let expected = all(columns, &scores, &offsets);
            assert!(!expected.is_empty() && expected.len().is_multiple_of(columns));
            // What this processor takes, and what every processor can do.
            for found in [ours.proposals(&image, -1.0), ours.search::<false>(&image, -1.0)] {
                assert_eq!(found.len(), expected.len(), "{width} × {height}");
                for (found, expected) in found.iter().zip(&expected) {
                    assert_eq!((found.column, found.row), (expected.column, expected.row), "{width} × {height}");
                    let near = |a: f32, b: f32| (a - b).abs() < 1e-4;
                    assert!(near(found.score, expected.score), "{found:?} {expected:?}");
                    assert!(found.offsets.into_iter().zip(expected.offsets).all(|(a, b)| near(a, b)), "{found:?} {expected:?}");
                }
            }
        }
    }

    #[test]
    fn only_scores_above_the_least_are_proposed() {
        let network = PNet::load(&file()).unwrap();
        let image = astronaut().area_resized(120, 120);
        let all = network.proposals(&image, -1.0);
        let likely: Vec<Proposal> = all.iter().copied().filter(|proposal| proposal.score > 0.7).collect();
        assert!(!likely.is_empty() && likely.len() < all.len());
        assert_eq!(network.proposals(&image, 0.7), likely);
    }

    #[test]
    fn a_picture_smaller_than_the_field_has_none() {
        let network = PNet::load(&file()).unwrap();
        for (width, height) in [(1, 1), (2, 40), (11, 12), (12, 11)] {
            assert!(network.proposals(&Rgb::filled(width, height, [90; 3]), -1.0).is_empty());
        }
    }

    #[test]
    fn another_network_is_refused() {
        let other = std::fs::read(weights().join("rnet.onnx")).expect(SETUP);
        assert!(matches!(PNet::load(&other), Err(ModelsError::Engine(_))));
    }
}
