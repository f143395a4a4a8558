//! Nodes as processes.

use crate::{Client, PATIENCE};
use anyhow::{Context, Result};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU16, Ordering},
        mpsc,
    },
};
use tempfile::TempDir;

const LOOPBACK: &str = "/ip4/127.0.0.1/tcp/PORT";

/// The program under test, built once.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let built = Command::new(env!("CARGO")).args(["build", "--quiet", "--package", "node", "--bin", "huizhi"]).status();
        assert!(built.is_ok_and(|status| status.success()), "the program cannot be built");
        // target/debug/deps/system-… lies two folders below target/debug/huizhi.
        let me = std::env::current_exe().expect("a test has a path");
        me.ancestors().nth(2).expect("a test lies in target/…/deps").join("huizhi")
    })
}

/// Runs `huizhi` to its end.
///
/// # Panics
/// It cannot be started.
pub fn huizhi(dir: &Path, args: &[&str]) -> Output {
    run(dir, args, "").expect("huizhi can be started")
}

/// Starts `huizhi` and lets it run.
///
/// # Panics
/// It cannot be started.
pub fn started(dir: &Path, args: &[&str]) -> Child {
    spawn(dir, args).expect("huizhi can be started")
}

fn spawn(dir: &Path, args: &[&str]) -> std::io::Result<Child> {
    let mut command = Command::new(binary());
    command.arg("--dir").arg(dir).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
}

fn run(dir: &Path, args: &[&str], stdin: &str) -> Result<Output> {
    let mut child = spawn(dir, args)?;
    // A command that does not read its input may be gone already.
    let _ = child.stdin.take().context("a pipe was asked for")?.write_all(stdin.as_bytes());
    Ok(child.wait_with_output()?)
}

pub(crate) fn must(dir: &Path, args: &[&str], stdin: &str) -> Value {
    let output = run(dir, args, stdin).expect("huizhi can be started");
    assert!(output.status.success(), "huizhi {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

/// A port that nobody listens on and that this process did not give before. Below those that the system gives to outgoing connections, which a
/// connection of another test may hold by the time that a node wants it.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 12_000 + (std::process::id() % 20) as u16 * 1_000;
    (0..1_000)
        .map(|_| first + NEXT.fetch_add(1, Ordering::Relaxed) % 1_000)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok() && UdpSocket::bind(("127.0.0.1", *port)).is_ok())
        .expect("loopback has free ports")
}

/// Copies a folder with all that is in it.
///
/// # Panics
/// It cannot be read or written.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry of that folder").path();
        let to = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() { copy_folder(&path, &to) } else { _ = std::fs::copy(&path, &to).expect("a file can be copied") }
    }
}

/// A node: its folder, and its process while it runs.
pub struct Node {
    /// Data directory.
    pub dir: PathBuf,
    http: u16,
    child: Option<Child>,
}

impl Node {
    /// Makes a node with a login `staff`/`staff-password` that may do everything and a reviewer `second`; gives the enrolment request along.
    pub fn make(parent: &Path, name: &str, code: &str, found_or_join: &[&str]) -> (Self, String) {
        Self::make_on(parent, name, &[LOOPBACK], &[&["--name", name, "--code", code], found_or_join].concat())
    }

    /// The same for a node that an invitation names.
    pub fn invited(parent: &Path, name: &str, invitation: &str) -> Self {
        Self::make_on(parent, name, &[LOOPBACK], &["--invitation", invitation]).0
    }

    /// The same for a node that is reached under these addresses, in which `PORT` stands for its port: it listens on the only one, and on all
    /// that its host has where there are several.
    pub(crate) fn make_on(parent: &Path, name: &str, addresses: &[&str], what: &[&str]) -> (Self, String) {
        let dir = parent.join(name);
        let (http, port) = (free_port(), free_port());
        let (listen, port) = (format!("127.0.0.1:{http}"), port.to_string());
        let announced: Vec<String> = addresses.iter().map(|address| address.replace("PORT", &port)).collect();
        let announced = announced.iter().flat_map(|address| ["--announce", address]).collect::<Vec<_>>();
        let args = ["--json", "init", "--http", &listen, "--port", &port];
        let made = must(&dir, &[&args, &announced[..], what].concat(), "");
        // No more of the machine than this node was given, and no looking around on the local network.
        let only = if let [only] = addresses { only.split('/').nth(2) } else { None };
        let on = format!("/ip4/{}/", only.unwrap_or("0.0.0.0"));
        let config = dir.join("node.toml");
        let text = std::fs::read_to_string(&config).expect("init wrote node.toml");
        std::fs::write(&config, text.replace("/ip4/0.0.0.0/", &on).replace("mdns = true", "mdns = false")).expect("can be written");
        let roles = "counter,reviewer,admin,auditor";
        must(&dir, &["--json", "staff", "add", "staff", "--role", roles], "staff-password\n");
        // Nobody decides on what they submitted themselves.
        must(&dir, &["--json", "staff", "add", "second", "--role", "reviewer"], "second-password\n");
        (Self { dir, http, child: None }, made["enrolment_request"].as_str().unwrap_or_default().to_owned())
    }

    /// Starts the process and waits until it serves.
    ///
    /// # Panics
    /// It does not serve in time.
    pub fn start(&mut self) {
        let mut child = Command::new(binary())
            .arg("--dir")
            .arg(&self.dir)
            .args(["run", "--until-stdin-ends"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("huizhi can be started");
        let stdout = child.stdout.take().expect("a pipe was asked for");
        let (tell, ready) = mpsc::sync_channel(1);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let _ = tell.try_send(line.is_ok());
            }
        });
        assert_eq!(ready.recv_timeout(PATIENCE), Ok(true), "the node in {} did not start", self.dir.display());
        self.child = Some(child);
    }

    /// Stops the process in order.
    ///
    /// # Panics
    /// It does not end well.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.stdin.take());
            assert!(child.wait().is_ok_and(|status| status.success()), "the node in {} did not end well", self.dir.display());
        }
    }

    /// Ends the process at once, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Size and root that the head file says this office signed.
    ///
    /// # Panics
    /// There is no head file.
    pub fn signed(&self) -> (u64, String) {
        let head = std::fs::read_to_string(self.dir.join("heads/office.checkpoint")).expect("a head file");
        let mut lines = head.lines().skip(1);
        let size = lines.next().and_then(|size| size.parse().ok()).expect("a size");
        (size, lines.next().expect("a root").to_owned())
    }

    /// Waits until the node signs and knows that it is enrolled: a new one signs at once, and has no role before it heard of one.
    ///
    /// # Panics
    /// It does not in time.
    pub fn until_it_signs(&self) {
        let client = self.client();
        crate::eventually("the node signs", || {
            let session = client.get("/api/session").json();
            let enrolled = session["office"]["roles"].as_array().is_some_and(|roles| !roles.is_empty());
            (enrolled && client.get("/api/status").json()["read_only"].is_null()).then_some(())
        });
    }

    /// Address of the pages.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    /// A client that is logged in.
    pub fn client(&self) -> Client {
        Client::log_in(&self.url(), "staff", "staff-password")
    }

    /// A client of another person, who decides on what the first one submitted.
    pub fn second(&self) -> Client {
        Client::log_in(&self.url(), "second", "second-password")
    }

    /// Runs a command on this node's data directory.
    pub fn cli(&self, args: &[&str]) -> Output {
        huizhi(&self.dir, args)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A province that reviews and two offices that capture, enrolled and running.
pub struct Federation {
    /// Review centre and admin.
    pub province: Node,
    /// Captures.
    pub a: Node,
    /// Captures.
    pub b: Node,
    /// Where all of them live.
    pub folder: TempDir,
}

impl Federation {
    /// Makes and starts the three.
    ///
    /// # Panics
    /// Something does not start.
    pub fn start() -> Self {
        Self::start_with_roles("capture")
    }

    /// The same, with other roles than capture for the two offices.
    ///
    /// # Panics
    /// Something does not start.
    pub fn start_with_roles(roles: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (province, _) = Node::make(folder.path(), "province", "44000001", &["--federation", "test.huizhi", "--roles", "review,admin"]);
        let trust = province.dir.join("federation.json");
        let join = ["--join", trust.to_str().expect("a temporary path is text")];
        let (a, request_a) = Node::make(folder.path(), "office-a", "44030401", &join);
        let (b, request_b) = Node::make(folder.path(), "office-b", "44010501", &join);
        for request in [request_a, request_b] {
            must(&province.dir, &["--json", "enrol", &request, "--roles", roles], "");
        }
        let mut federation = Self { province, a, b, folder };
        for node in [&mut federation.province, &mut federation.a, &mut federation.b] {
            node.start();
        }
        [&federation.a, &federation.b].into_iter().for_each(Node::until_it_signs);
        federation
    }
}
