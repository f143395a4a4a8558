//! Where the pixels of a picture lie in memory.

use std::ops::{Deref, DerefMut};

#[cfg(target_os = "linux")]
use memmap2::{Advice, MmapMut};

/// From this size on the system is asked for huge pages.
#[cfg(target_os = "linux")]
const LARGE_BYTES: usize = 8 * 1024 * 1024;

/// Pixels, R, G, B each.
///
/// A picture of 12 megapixels has 9,000 pages of memory, and touching each for the first time costs a quarter of the time
/// that decoding takes. Huge pages are 18.
pub(crate) enum Pixels {
    Heap(Vec<[u8; 3]>),
    #[cfg(target_os = "linux")]
    Mapped(MmapMut),
}

impl Pixels {
    /// Black pixels.
    pub(crate) fn black(count: usize) -> Pixels {
        #[cfg(target_os = "linux")]
        if count * 3 >= LARGE_BYTES
            && let Ok(map) = MmapMut::map_anon(count * 3)
        {
            // Without huge pages it is only slower.
            let _ = map.advise(Advice::HugePage);
            return Pixels::Mapped(map);
        }
        Pixels::Heap(vec![[0; 3]; count])
    }
}

impl Deref for Pixels {
    type Target = [[u8; 3]];

    fn deref(&self) -> &[[u8; 3]] {
        match self {
            Pixels::Heap(pixels) => pixels,
            #[cfg(target_os = "linux")]
            Pixels::Mapped(map) => map.as_chunks().0,
        }
    }
}

impl DerefMut for Pixels {
    fn deref_mut(&mut self) -> &mut [[u8; 3]] {
        match self {
            Pixels::Heap(pixels) => pixels,
            #[cfg(target_os = "linux")]
            Pixels::Mapped(map) => map.as_chunks_mut().0,
        }
    }
}

impl Clone for Pixels {
    fn clone(&self) -> Pixels {
        let mut copy = Pixels::black(self.len());
        copy.copy_from_slice(self);
        copy
    }
}

impl PartialEq for Pixels {
    fn eq(&self, other: &Pixels) -> bool {
        **self == **other
    }
}

impl Eq for Pixels {}
