//! The one source of chance: everything that a run draws comes from its seed, so that a seed names a run.

/// SplitMix64 (Steele, Lea, Flood 2014): 64 bits of state, no weak seeds, the same on every machine.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
    /// Another generator, for a part of the run that must not move when another part draws more.
    pub fn split(&mut self) -> Self {
        Self(self.draw())
    }
    /// 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// A number from `low` up to and without `high`; `low` where that is nothing. The bias of the remainder is below 2^-40 here.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.draw() % high.saturating_sub(low).max(1)
    }
    /// An index below `len`.
    pub fn below(&mut self, len: usize) -> usize {
        (self.draw() % len.max(1) as u64) as usize
    }
    /// True in so many of a thousand.
    pub fn chance(&mut self, permille: u64) -> bool {
        self.draw() % 1_000 < permille
    }
    /// Bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.draw() as u8)
    }
}
