//! What a file says about itself before a single pixel is read.

use std::borrow::Cow;

use image::ImageFormat;

use super::DecodeError;

/// What kind of file this is, or why it is none that is read.
pub(super) fn sniff(bytes: &[u8]) -> Result<ImageFormat, DecodeError> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    if starts(b"\xff\xd8\xff") {
        Ok(ImageFormat::Jpeg)
    } else if starts(b"\x89PNG\r\n\x1a\n") {
        Ok(ImageFormat::Png)
    } else if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Ok(ImageFormat::WebP)
    } else if bytes.get(4..8) == Some(b"ftyp") {
        match bytes.get(8..12) {
            Some(b"avif" | b"avis") => Err(DecodeError::Unsupported("AVIF")),
            Some(b"heic" | b"heix" | b"hevc" | b"heim" | b"heis" | b"mif1" | b"msf1") => Err(DecodeError::Unsupported("HEIC")),
            _ => Err(DecodeError::NotAnImage),
        }
    } else if starts(b"GIF8") {
        Err(DecodeError::Unsupported("GIF"))
    } else if starts(b"BM") && bytes.len() > 26 {
        Err(DecodeError::Unsupported("BMP"))
    } else if starts(b"II*\0") || starts(b"MM\0*") {
        Err(DecodeError::Unsupported("TIFF"))
    } else if starts(b"%PDF") {
        Err(DecodeError::Unsupported("PDF"))
    } else {
        Err(DecodeError::NotAnImage)
    }
}

/// Size written in a PNG header, so that a bomb is named by its size and not by the decoder's own limit.
pub(super) fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let side = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    Some((side(16)?, side(20)?))
}

/// What the headers of a JPEG file say.
pub(super) struct JpegFrame {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: u8,
    /// Adobe's marker, without which nobody knows whether ink is counted up or down.
    pub(super) adobe: bool,
    /// Where the end marker lies, outside of every segment; a thumbnail's end marker lies inside of one.
    pub(super) end: Option<usize>,
    /// Whether the scans give the picture in passes, or from top to bottom.
    progressive: bool,
    /// A restart marker was seen.
    restarts: bool,
    /// The finest bit that the scans give of each coefficient, by component.
    scans: Scans,
}

impl JpegFrame {
    /// The decoder needs the markers between and behind the scans, and not only their data.
    pub(super) fn needs_markers(&self) -> bool {
        self.progressive || self.restarts && self.scans.count > 1
    }

    /// Where the picture ends; `None` where the file stops before, or where scans are missing before the end marker.
    pub(super) fn whole(&self) -> Option<usize> {
        self.end.filter(|_| self.scans.complete())
    }
}

/// Coefficients of one block.
const COEFFICIENTS: usize = 64;
/// Nothing was said of a coefficient yet.
const NEVER: u8 = u8::MAX;

/// A sequential scan gives all coefficients of its components, a progressive one a band and some bits of them (ITU-T T.81, G.1.1);
/// a picture is whole when every one was given down to its last bit.
struct Scans {
    count: u32,
    given: Vec<(u8, [u8; COEFFICIENTS])>,
}

impl Scans {
    /// Of the components that a frame header lists.
    fn new(components: &[u8]) -> Scans {
        let given = components.chunks_exact(3).map(|component| (component[0], [NEVER; COEFFICIENTS])).collect();
        Scans { count: 0, given }
    }

    /// Takes a scan header in, without its length.
    fn add(&mut self, header: &[u8]) {
        self.count += 1;
        let Some((&count, rest)) = header.split_first() else { return };
        let selectors = usize::from(count) * 2;
        let Some(&[first, last, bits]) = rest.get(selectors..selectors + 3) else { return };
        for selector in rest[..selectors].chunks_exact(2) {
            let known = self.given.iter_mut().filter(|(id, _)| *id == selector[0]);
            for given in known.flat_map(|(_, given)| given.iter_mut().take(usize::from(last) + 1).skip(usize::from(first))) {
                *given = bits & 0x0f;
            }
        }
    }

    fn complete(&self) -> bool {
        self.given.iter().all(|(_, given)| given.iter().all(|bit| *bit == 0))
    }
}

/// Compressed profiles and texts above this size are cut out of a PNG: they unpack to a thousand times as much,
/// and profiles of cameras and screens have less than a tenth of it.
const MAX_PACKED_BYTES: usize = 64 * 1024;

/// A PNG without the chunks that would unpack to more memory than they are worth, and whether a colour profile was among them.
pub(super) fn without_bombs(bytes: &[u8]) -> (Cow<'_, [u8]>, bool) {
    let mut cut: Vec<std::ops::Range<usize>> = Vec::new();
    let mut lost_profile = false;
    let mut at = 8;
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let end = at.saturating_add(length).saturating_add(12).min(bytes.len());
        let is_packed = [b"iCCP", b"zTXt", b"iTXt"].iter().any(|kind| head[4..] == kind[..]);
        if is_packed && length > MAX_PACKED_BYTES {
            lost_profile |= &head[4..] == b"iCCP";
            cut.push(at..end);
        }
        at = end;
    }
    if cut.is_empty() {
        return (Cow::Borrowed(bytes), false);
    }
    let mut kept = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for range in cut {
        kept.extend_from_slice(&bytes[from..range.start]);
        from = range.end;
    }
    kept.extend_from_slice(&bytes[from..]);
    (Cow::Owned(kept), lost_profile)
}

/// Reads the headers, and whether the file goes on to its end.
pub(super) fn jpeg_frame(bytes: &[u8]) -> Option<JpegFrame> {
    let mut frame: Option<JpegFrame> = None;
    let mut adobe = false;
    let mut at = 2;
    while at + 1 < bytes.len() {
        if bytes[at] != 0xff {
            // Inside of entropy-coded data, or padding between segments.
            at = memchr::memchr(0xff, &bytes[at..]).map_or(bytes.len(), |skip| at + skip);
            continue;
        }
        let marker = bytes[at + 1];
        match marker {
            0xff => at += 1,
            0xd0..=0xd7 => {
                frame.iter_mut().for_each(|frame| frame.restarts = true);
                at += 2;
            }
            0x00 | 0x01 | 0xd8 => at += 2,
            0xd9 => {
                let mut frame = frame?;
                frame.end = Some(at);
                return Some(frame);
            }
            _ => {
                let Some(length) = bytes.get(at + 2..at + 4) else {
                    return frame;
                };
                let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
                if marker == 0xee && bytes.get(at + 4..at + 9) == Some(b"Adobe") {
                    adobe = true;
                }
                let is_frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
                if is_frame && let Some(head) = bytes.get(at + 5..at + 10) {
                    frame = Some(JpegFrame {
                        adobe,
                        height: u32::from(u16::from_be_bytes([head[0], head[1]])),
                        width: u32::from(u16::from_be_bytes([head[2], head[3]])),
                        components: head[4],
                        end: None,
                        progressive: marker == 0xc2,
                        restarts: false,
                        scans: Scans::new(bytes.get(at + 10..at + 2 + length).unwrap_or_default()),
                    });
                }
                if marker == 0xda
                    && let Some(frame) = &mut frame
                {
                    frame.scans.add(bytes.get(at + 4..at + 2 + length).unwrap_or_default());
                }
                at += 2 + length.max(2);
            }
        }
    }
    frame
}
