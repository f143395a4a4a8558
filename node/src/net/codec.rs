//! Frames on a libp2p stream: 32-bit big-endian length, then CBOR. The length is checked before a byte is allocated.

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::{StreamProtocol, request_response};
use protocol::{
    limits::{FRAME_BYTES_MAX, REQUEST_BYTES_MAX},
    sync::wire::{self, Request, Response},
};
use std::io;

/// Codec of [`wire`] messages.
#[derive(Debug, Clone, Default)]
pub(super) struct Codec;

async fn read_frame<T: AsyncRead + Unpin + Send>(io: &mut T, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut len = [0; 4];
    io.read_exact(&mut len).await?;
    let len = u32::from_be_bytes(len) as usize;
    // Attack: a length of 4 GB must not reserve 4 GB.
    if len > bytes_max {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "frame too long"));
    }
    let mut frame = vec![0; len];
    io.read_exact(&mut frame).await?;
    Ok(frame)
}

async fn write_frame<T: AsyncWrite + Unpin + Send>(io: &mut T, frame: &[u8]) -> io::Result<()> {
    let len = u32::try_from(frame.len()).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "frame too long"))?;
    io.write_all(&len.to_be_bytes()).await?;
    io.write_all(frame).await?;
    io.close().await
}

fn invalid(error: wire::FrameError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl request_response::Codec for Codec {
    type Protocol = StreamProtocol;
    type Request = Request;
    type Response = Response;

    async fn read_request<T: AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Request> {
        wire::decode_request(&read_frame(io, REQUEST_BYTES_MAX).await?).map_err(invalid)
    }
    async fn read_response<T: AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Response> {
        wire::decode_response(&read_frame(io, FRAME_BYTES_MAX).await?).map_err(invalid)
    }
    async fn write_request<T: AsyncWrite + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T, request: Request) -> io::Result<()> {
        write_frame(io, &wire::encode(&request)).await
    }
    async fn write_response<T: AsyncWrite + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T, response: Response) -> io::Result<()> {
        write_frame(io, &wire::encode(&response)).await
    }
}

#[cfg(test)]
mod tests;
