//! What an enrolled office that floods another with questions, or dials it again and again, costs it: processor time of the flooded process, beside an
//! idle one. And how long a thousand offices take to come in that all dial at once, each from an address of its own, as after a power cut.
//!
//! The flooded node is the program itself (`huizhi demo --only province`); the other end has an office's key and nothing else. Questions of one
//! kind are sent as fast as answers come, 64 at a time, until the reserve of that kind is used up, and then measured. Linux only: the
//! time of a process is read from `/proc`.
#![allow(missing_docs, clippy::print_stdout, reason = "a bench")]

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::{
    Multiaddr, StreamProtocol, Swarm, SwarmBuilder,
    core::{
        Endpoint,
        transport::{DialOpts as Dialling, ListenerId, PortUse, Transport, TransportError, TransportEvent},
        upgrade::Version,
    },
    identity, noise,
    request_response::{self, Behaviour, Config, Event, Message, ProtocolSupport},
    swarm::{
        SwarmEvent,
        dial_opts::{DialOpts, PeerCondition},
    },
    tcp, yamux,
};
use minicbor::bytes::ByteVec;
use node::service::keys::Keys;
use protocol::{
    id::{BlobHash, Origin, RecordHash},
    sync::wire::{self, Head, Heads, Refusal, Request, Response, ShortHead},
};
use std::{
    fs, io,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    pin::Pin,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::{net::TcpSocket, task::JoinSet, time::sleep};

/// Questions without an answer at one time: as many as the node reads at once on one connection.
const OPEN: usize = 64;
/// Bare connections that are tried at one time: twice as many as wait in the kernel's queue.
const BARE: usize = 2_048;
/// Offices that come back at one time, and after how long one that did not get in dials again, as the program does.
const OFFICES: u32 = 1_000;
const AGAIN: Duration = Duration::from_secs(3);
const WARM_UP: Duration = Duration::from_secs(8);
const MEASURED: Duration = Duration::from_secs(10);

#[derive(Clone, Default)]
struct Codec;

impl request_response::Codec for Codec {
    type Protocol = StreamProtocol;
    /// Frames as they go over the line, so that what the flood costs its sender stays small.
    type Request = Vec<u8>;
    type Response = Response;

    async fn read_request<T: futures::AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, _: &mut T) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::Unsupported.into())
    }
    async fn read_response<T: futures::AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Response> {
        let mut frame = Vec::new();
        io.read_to_end(&mut frame).await?;
        wire::decode_response(frame.get(4..).unwrap_or_default()).map_err(io::Error::other)
    }
    async fn write_request<T: futures::AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        frame: Vec<u8>,
    ) -> io::Result<()> {
        io.write_all(&(frame.len() as u32).to_be_bytes()).await?;
        io.write_all(&frame).await?;
        io.close().await
    }
    async fn write_response<T: futures::AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        _: &mut T,
        _: Response,
    ) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A province with two offices, of which only the province runs. Ends with its value.
struct Flooded {
    demo: Child,
    node: u32,
}

impl Flooded {
    fn start(folder: &Path, base_port: u16) -> Self {
        let demo = Command::new(env!("CARGO_BIN_EXE_huizhi"))
            .args(["demo", "--only", "province", "--base-port", &base_port.to_string(), "--in"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program can be started");
        let until = Instant::now() + Duration::from_secs(60);
        let node = loop {
            assert!(Instant::now() < until, "the node starts within a minute");
            std::thread::sleep(Duration::from_millis(200));
            let running =
                fs::read_dir("/proc").expect("Linux").flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
            let child = running.into_iter().find(|pid| stat(*pid, 3) == Some(u64::from(demo.id())));
            if let Some(child) = child.filter(|_| folder.join("province/run.json").exists()) {
                break child;
            }
        };
        Self { demo, node }
    }
    /// Processor time of the node so far, in hundredths of a second.
    fn ticks(&self) -> u64 {
        stat(self.node, 13).zip(stat(self.node, 14)).map(|(user, system)| user + system).expect("the node runs")
    }
}

impl Drop for Flooded {
    fn drop(&mut self) {
        // The node ends when the pipe of its parent does. Gone already is as good.
        let _ = self.demo.kill();
        let _ = self.demo.wait();
    }
}

/// A field of `/proc/PID/stat`, counted from zero. The second may hold spaces and ends with a bracket.
fn stat(pid: u32, field: usize) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    text.rsplit_once(") ")?.1.split(' ').nth(field - 2)?.parse().ok()
}

fn swarm(folder: &Path) -> Swarm<Behaviour<Codec>> {
    let mut seed = Keys::open(&folder.join("office-a/keys")).expect("the demo made keys").office_seed;
    let protocols = [(StreamProtocol::new(wire::PROTOCOL), ProtocolSupport::Outbound)];
    SwarmBuilder::with_existing_identity(identity::Keypair::ed25519_from_bytes(&mut seed).expect("32 bytes"))
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
        .expect("TCP")
        .with_quic()
        .with_behaviour(|_| Behaviour::with_codec(Codec, protocols, Config::default()))
        .expect("a behaviour")
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(600)))
        .build()
}

/// Floods for a while; gives questions answered, questions refused until later, and questions that ended with their connection.
async fn flood(swarm: &mut Swarm<Behaviour<Codec>>, peer: libp2p::PeerId, frame: &[u8], time: Duration) -> [u64; 3] {
    let until = Instant::now() + time;
    let (mut open, mut answered, mut refused, mut ended) = (0, 0, 0, 0);
    while open > 0 || Instant::now() < until {
        while open < OPEN && Instant::now() < until {
            swarm.behaviour_mut().send_request(&peer, frame.to_vec());
            open += 1;
        }
        match swarm.select_next_some().await {
            SwarmEvent::Behaviour(Event::Message { message: Message::Response { response, .. }, .. }) => {
                open -= 1;
                match response {
                    Response::Refused(Refusal::Later) => refused += 1,
                    Response::Refused(Refusal::NotEnrolled) => panic!("the flood comes from an office"),
                    _ => answered += 1,
                }
            }
            // Shut out: it dials again at once.
            SwarmEvent::Behaviour(Event::OutboundFailure { .. }) => {
                open -= 1;
                ended += 1;
            }
            _ => {}
        }
    }
    [answered, refused, ended]
}

/// Dials again and again, [`OPEN`] at a time, and hangs up on what is let in; gives connections that were let in, and dials that were turned away.
async fn storm(swarm: &mut Swarm<Behaviour<Codec>>, peer: libp2p::PeerId, address: &Multiaddr, time: Duration) -> [u64; 2] {
    let until = Instant::now() + time;
    let (mut open, mut let_in, mut turned_away) = (0, 0, 0);
    while open > 0 || Instant::now() < until {
        while open < OPEN && Instant::now() < until {
            let dial = DialOpts::peer_id(peer).addresses(vec![address.clone()]).condition(PeerCondition::Always).build();
            swarm.dial(dial).expect("nothing here refuses a dial");
            open += 1;
        }
        match swarm.select_next_some().await {
            SwarmEvent::ConnectionEstablished { connection_id, .. } => {
                open -= 1;
                let_in += 1;
                swarm.close_connection(connection_id);
            }
            SwarmEvent::OutgoingConnectionError { .. } => {
                open -= 1;
                turned_away += 1;
            }
            _ => {}
        }
    }
    [let_in, turned_away]
}

/// Opens connections and says nothing, as fast as the kernel takes them, until it is dropped; counts them.
fn bare(port: u16, opened: &Arc<AtomicU64>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for _ in 0..BARE {
        let opened = opened.clone();
        tasks.spawn(async move {
            loop {
                let socket = TcpSocket::new_v4().expect("a socket");
                // One that is closed leaves nothing behind that would use up the ports.
                socket.set_zero_linger().expect("an option of TCP");
                if socket.connect((Ipv4Addr::LOCALHOST, port).into()).await.is_ok() {
                    opened.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    tasks
}

/// Dials over TCP from one address of loopback.
struct From(Ipv4Addr);

impl Transport for From {
    type Output = tcp::tokio::TcpStream;
    type Error = io::Error;
    type ListenerUpgrade = futures::future::Pending<io::Result<Self::Output>>;
    type Dial = Pin<Box<dyn Future<Output = io::Result<Self::Output>> + Send>>;

    fn listen_on(&mut self, _: ListenerId, address: Multiaddr) -> Result<(), TransportError<io::Error>> {
        Err(TransportError::MultiaddrNotSupported(address))
    }
    fn remove_listener(&mut self, _: ListenerId) -> bool {
        false
    }
    fn dial(&mut self, address: Multiaddr, _: Dialling) -> Result<Self::Dial, TransportError<io::Error>> {
        let from = self.0;
        let port = address.iter().find_map(|part| if let libp2p::multiaddr::Protocol::Tcp(port) = part { Some(port) } else { None });
        let port = port.ok_or(TransportError::MultiaddrNotSupported(address))?;
        Ok(Box::pin(async move {
            let socket = TcpSocket::new_v4()?;
            socket.bind((from, 0).into())?;
            Ok(tcp::tokio::TcpStream(socket.connect((Ipv4Addr::LOCALHOST, port).into()).await?))
        }))
    }
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<TransportEvent<Self::ListenerUpgrade, io::Error>> {
        Poll::Pending
    }
}

/// All dial at once, and again where they did not get in; gives how long the middle one and the last one took, and how many dials in all.
async fn come_back(address: &Multiaddr) -> (Duration, Duration, u64) {
    let began = Instant::now();
    let mut offices = JoinSet::new();
    for office in 1..=OFFICES {
        let address = address.clone();
        offices.spawn(async move {
            let from = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 0)) + office);
            let key = identity::Keypair::generate_ed25519();
            for dials in 1.. {
                let secured = From(from).upgrade(Version::V1).authenticate(noise::Config::new(&key).expect("a key"));
                let mut transport = secured.multiplex(yamux::Config::default());
                let dial = Dialling { role: Endpoint::Dialer, port_use: PortUse::New };
                let dialled = transport.dial(address.clone(), dial).expect("an address of TCP").await;
                if let Ok((_, muxer)) = dialled {
                    return (began.elapsed(), dials, Some(muxer));
                }
                sleep(AGAIN).await;
            }
            unreachable!("it dials until it is in")
        });
    }
    // Whoever is in stays until all are.
    let all = offices.join_all().await;
    let mut times: Vec<Duration> = all.iter().map(|(time, ..)| *time).collect();
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() - 1], all.iter().map(|(_, dials, _)| dials).sum())
}

fn questions() -> Vec<(&'static str, Request)> {
    let head = |at: u32| Head {
        origin: format!("demo.huizhi/office/{:08}/1", 44_030_000 + at).parse::<Origin>().expect("eight digits"),
        size: 1,
        root: RecordHash([0; 32]),
    };
    let whole: Vec<ShortHead> = (0..1_000).map(|at| ShortHead::from(&head(at))).collect();
    vec![
        ("packages of the province's log", Request::Entries { origin: "demo.huizhi/province/1".parse().expect("an origin"), start: 0 }),
        ("frontiers of 1,000 logs", Request::Heads(Heads { before: None, after: [0; 32].into(), heads: whole, tell_all: false })),
        ("proofs of nothing", Request::ForkProof(ByteVec::from(vec![0x85; 40]))),
        ("blobs that are not here", Request::Blob { hash: BlobHash([7; 32]), offset: 0 }),
        ("cosignatures on nothing", Request::Cosign("old 0\n\nno note".into())),
    ]
}

fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target directory can be written");
    let base_port = free_ports();
    let flooded = Flooded::start(folder.path(), base_port);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let seed = Keys::open(&folder.path().join("province/keys")).expect("the demo made keys").office.public();
    let peer = node::net::peer_id(seed).expect("an office's key");
    let percent = |ticks: u64, time: Duration| ticks as f64 / time.as_secs_f64();
    println!("{:<34} {:>8} {:>12} {:>12} {:>12}", "questions", "% of core", "answered/s", "refused/s", "ended/s");
    std::thread::sleep(WARM_UP);
    let (before, began) = (flooded.ticks(), Instant::now());
    std::thread::sleep(MEASURED);
    println!("{:<34} {:>8.1}", "none", percent(flooded.ticks() - before, began.elapsed()));
    runtime.block_on(async {
        let mut swarm = swarm(folder.path());
        let address: Multiaddr = format!("/ip4/127.0.0.1/tcp/{}", base_port + 3).parse().expect("an address");
        swarm.add_peer_address(peer, address.clone());
        for (name, request) in questions() {
            let frame = wire::encode(&request);
            flood(&mut swarm, peer, &frame, WARM_UP).await;
            let (before, began) = (flooded.ticks(), Instant::now());
            let told = flood(&mut swarm, peer, &frame, MEASURED).await;
            let time = began.elapsed();
            let [answered, refused, ended] = told.map(|count| count as f64 / time.as_secs_f64());
            let ticks = flooded.ticks() - before;
            println!("{name:<34} {:>8.1} {answered:>12.0} {refused:>12.0} {ended:>12.0}", percent(ticks, time));
        }
        println!("{:<34} {:>8} {:>12} {:>12}", "dials", "% of core", "let in/s", "away/s");
        let quic: Multiaddr = format!("/ip4/127.0.0.1/udp/{}/quic-v1", base_port + 3).parse().expect("an address");
        for (name, address) in [("of one address, over TCP", &address), ("of one address, over QUIC", &quic)] {
            storm(&mut swarm, peer, address, WARM_UP).await;
            let (before, began) = (flooded.ticks(), Instant::now());
            let told = storm(&mut swarm, peer, address, MEASURED).await;
            let time = began.elapsed();
            let [let_in, away] = told.map(|count| count as f64 / time.as_secs_f64());
            println!("{name:<34} {:>8.1} {let_in:>12.0} {away:>12.0}", percent(flooded.ticks() - before, time));
        }
        println!("{:<34} {:>8} {:>12}", "bare connections", "% of core", "opened/s");
        let opened = Arc::new(AtomicU64::new(0));
        let storming = bare(base_port + 3, &opened);
        sleep(WARM_UP).await;
        let (before, began, count) = (flooded.ticks(), Instant::now(), opened.load(Ordering::Relaxed));
        sleep(MEASURED).await;
        let (time, count) = (began.elapsed(), opened.load(Ordering::Relaxed) - count);
        let ticks = flooded.ticks() - before;
        println!("{:<34} {:>8.1} {:>12.0}", "of one address", percent(ticks, time), count as f64 / time.as_secs_f64());
        drop(storming);
        // What waits in the kernel's queue is gone.
        sleep(WARM_UP).await;
        let (before, began) = (flooded.ticks(), Instant::now());
        let (middle, last, dials) = come_back(&address).await;
        let busy = percent(flooded.ticks() - before, began.elapsed());
        println!("{OFFICES} offices dial at once: half are in after {middle:.1?}, the last after {last:.1?}, with {dials} dials; {busy:.0} % of a core");
    });
}

/// The first of six ports that nobody listens on, which is all that can be known.
fn free_ports() -> u16 {
    let free = |port: u16| (port..port + 6).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok());
    (20_000..30_000)
        .step_by(6)
        .map(|port| port + (std::process::id() % 6) as u16)
        .find(|port| free(*port))
        .expect("loopback has free ports")
}
