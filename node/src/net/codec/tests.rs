//! A node of before on the other end of a real line.

use super::*;
use futures::StreamExt;
use libp2p::{
    Swarm, SwarmBuilder,
    request_response::{Behaviour, Config, Event, Message, OutboundFailure, ProtocolSupport},
    swarm::SwarmEvent,
};
use protocol::{
    id::{Origin, RecordHash},
    limits::FRONTIER_LOGS_MAX,
    sync::wire::{Head, Heads, PROTOCOL},
};

/// Reads what nodes read before there were announcements of changes.
#[derive(Clone, Default)]
struct Before;

impl request_response::Codec for Before {
    type Protocol = StreamProtocol;
    type Request = Request;
    type Response = Response;

    async fn read_request<T: AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Request> {
        match wire::decode_request(&read_frame(io, REQUEST_BYTES_MAX).await?).map_err(invalid)? {
            Request::Heads(_) => Err(invalid(wire::FrameError::Malformed("unknown enum variant".into()))),
            known => Ok(known),
        }
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

fn swarm<C: request_response::Codec<Protocol = StreamProtocol> + Clone + Send + 'static>(codec: C) -> Swarm<Behaviour<C>> {
    let protocols = [(StreamProtocol::new(PROTOCOL), ProtocolSupport::Full)];
    SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_quic()
        .with_behaviour(|_| Behaviour::with_codec(codec, protocols, Config::default()))
        .unwrap()
        .build()
}

#[tokio::test]
async fn a_question_that_a_node_of_before_does_not_know_is_told_from_a_line_that_broke() {
    let (mut new, mut old) = (swarm(Codec), swarm(Before));
    old.listen_on("/ip4/127.0.0.1/udp/0/quic-v1".parse().unwrap()).unwrap();
    let address = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = old.select_next_some().await {
            break address;
        }
    };
    let peer = *old.local_peer_id();
    new.add_peer_address(peer, address);
    let heads = Heads { before: None, after: [1; 32].into(), heads: Vec::new(), tell_all: false };
    let unknown = new.behaviour_mut().send_request(&peer, Request::Heads(heads));
    let mut asked_again = None;
    loop {
        tokio::select! {
            event = old.select_next_some() => {
                if let SwarmEvent::Behaviour(Event::Message { message: Message::Request { request, channel, .. }, .. }) = event {
                    assert_eq!(request, Request::Frontier(Vec::new()));
                    old.behaviour_mut().send_response(channel, Response::Frontier(Vec::new())).unwrap();
                }
            }
            event = new.select_next_some() => match event {
                SwarmEvent::Behaviour(Event::OutboundFailure { request_id, error, .. }) => {
                    assert_eq!(request_id, unknown);
                    assert!(matches!(error, OutboundFailure::Io(_)), "{error}");
                    asked_again = Some(new.behaviour_mut().send_request(&peer, Request::Frontier(Vec::new())));
                }
                // The line stands: what it does know is answered.
                SwarmEvent::Behaviour(Event::Message { message: Message::Response { request_id, response }, .. }) => {
                    assert_eq!((Some(request_id), response), (asked_again, Response::Frontier(Vec::new())));
                    return;
                }
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn the_longest_honest_question_fits_and_a_longer_one_is_not_read() {
    let name = "x".repeat(63);
    let head = |at: usize| Head {
        origin: Origin::office(&name, format!("{:08}", 99_990_000 + at).parse().unwrap(), u32::MAX).unwrap(),
        size: u64::MAX,
        root: RecordHash([255; 32]),
    };
    let frame = wire::encode(&Request::Frontier((0..FRONTIER_LOGS_MAX).map(head).collect()));
    assert!(frame.len() <= REQUEST_BYTES_MAX, "{}", frame.len());
    let longer = u32::try_from(REQUEST_BYTES_MAX + 1).unwrap().to_be_bytes();
    // Nothing follows the length: it is refused by what it says.
    let error = read_frame(&mut &longer[..], REQUEST_BYTES_MAX).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}
