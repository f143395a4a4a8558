//! A node's pages for tests: a fresh office on a port of its own.

use super::{App, router};
use crate::service::{network::NetworkHandle, testing::Home};
use photo::Vision;
use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
};

/// Token of the command line.
pub(super) const TOKEN: &str = "token";

/// An office that answers until it is dropped.
pub(super) struct Served {
    pub(super) app: App,
    runtime: Option<tokio::runtime::Runtime>,
    pub(super) home: Home,
}

impl Served {
    pub(super) fn with(vision: Arc<dyn Vision + Send + Sync>) -> Self {
        let home = Home::new();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = App::new(Arc::new(home.open()), NetworkHandle::default(), vision, false, None, TOKEN, port);
        runtime.spawn(axum::serve(listener, router(app.clone())).into_future());
        Self { app, runtime: Some(runtime), home }
    }

    /// Sends one request and leaves the answer to be read; `headers` are whole lines.
    pub(super) fn send(&self, line: &str, host: &str, headers: &str, body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.app.port)).unwrap();
        let host = host.replace("PORT", &self.app.port.to_string());
        let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        write!(stream, "{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{length}{headers}\r\n").unwrap();
        stream.write_all(body).unwrap();
        stream
    }

    /// The whole answer to a request of the command line.
    pub(super) fn local(&self, line: &str, body: &[u8]) -> String {
        answer(self.send_local(line, body))
    }

    /// Sends a request as the command line does.
    pub(super) fn send_local(&self, line: &str, body: &[u8]) -> TcpStream {
        let kind = if body.first() == Some(&b'{') { "application/json" } else { "application/octet-stream" };
        self.send(line, "localhost:PORT", &format!("authorization: Bearer {TOKEN}\r\ncontent-type: {kind}\r\n"), body)
    }
}

/// Everything that comes.
pub(super) fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
