//! Bytes in memory that stop coming when the caller cancels, which is how a decoder is stopped in the middle of its work.

use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

use zune_core::bytestream::{ZByteIoError, ZByteReaderTrait, ZCursor, ZSeekFrom};

use crate::cancel::{Cancel, is_cancelled};

/// Reads between two looks at the flag: some hundred microseconds of decoding.
const LOOK_EVERY: u32 = 4_096;

/// A file in memory, for `zune-jpeg`.
pub(super) struct JpegBytes<'a> {
    bytes: ZCursor<&'a [u8]>,
    cancel: Option<&'a dyn Cancel>,
    until_look: u32,
    stopped: bool,
}

impl<'a> JpegBytes<'a> {
    pub(super) fn new(bytes: &'a [u8], cancel: Option<&'a dyn Cancel>) -> JpegBytes<'a> {
        JpegBytes { bytes: ZCursor::new(bytes), cancel, until_look: LOOK_EVERY, stopped: is_cancelled(cancel) }
    }

    fn look(&mut self) -> bool {
        self.until_look -= 1;
        if self.until_look == 0 {
            self.until_look = LOOK_EVERY;
            self.stopped |= is_cancelled(self.cancel);
        }
        self.stopped
    }

    fn go_on(&mut self) -> Result<(), ZByteIoError> {
        if self.look() { Err(ZByteIoError::Generic("cancelled")) } else { Ok(()) }
    }
}

impl ZByteReaderTrait for JpegBytes<'_> {
    fn read_byte_no_error(&mut self) -> u8 {
        if self.look() { 0 } else { self.bytes.read_byte_no_error() }
    }

    fn read_exact_bytes(&mut self, buf: &mut [u8]) -> Result<(), ZByteIoError> {
        self.go_on()?;
        self.bytes.read_exact_bytes(buf)
    }

    fn read_bytes(&mut self, buf: &mut [u8]) -> Result<usize, ZByteIoError> {
        self.go_on()?;
        self.bytes.read_bytes(buf)
    }

    fn peek_bytes(&mut self, buf: &mut [u8]) -> Result<usize, ZByteIoError> {
        self.go_on()?;
        self.bytes.peek_bytes(buf)
    }

    fn peek_exact_bytes(&mut self, buf: &mut [u8]) -> Result<(), ZByteIoError> {
        self.go_on()?;
        self.bytes.peek_exact_bytes(buf)
    }

    fn z_seek(&mut self, from: ZSeekFrom) -> Result<u64, ZByteIoError> {
        self.bytes.z_seek(from)
    }

    fn is_eof(&mut self) -> Result<bool, ZByteIoError> {
        if self.stopped { Ok(true) } else { self.bytes.is_eof() }
    }

    fn z_position(&mut self) -> Result<u64, ZByteIoError> {
        self.bytes.z_position()
    }

    fn read_remaining(&mut self, sink: &mut Vec<u8>) -> Result<usize, ZByteIoError> {
        self.bytes.read_remaining(sink)
    }
}

/// A file in memory, for the decoders of `image`.
pub(super) struct Pieces<'a> {
    bytes: Cursor<&'a [u8]>,
    cancel: Option<&'a dyn Cancel>,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(bytes: &'a [u8], cancel: Option<&'a dyn Cancel>) -> Pieces<'a> {
        Pieces { bytes: Cursor::new(bytes), cancel }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buf.len());
        buf[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if is_cancelled(self.cancel) {
            return Err(io::Error::other("cancelled"));
        }
        // In pieces, so that the flag is looked at on the way through a large file.
        let rest = self.bytes.fill_buf()?;
        Ok(&rest[..rest.len().min(16 * 1024)])
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.consume(amount);
    }
}

impl Seek for Pieces<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}
