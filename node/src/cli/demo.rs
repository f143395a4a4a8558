//! `huizhi demo`: a province and some offices as real processes on loopback.
//!
//! Each child is this same program with `run`, and ends when the pipe to its standard input does, so that no child outlives the demo,
//! however it ends.

use super::{
    init::{self, InitArgs},
    local, say,
};
use crate::{
    config::{self, Config},
    enrolment::{self, Federation},
    runtime,
    service::{
        keys::Keys,
        staff::{self, StaffRole},
    },
    store,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use libp2p::{Multiaddr, multiaddr::Protocol};
use protocol::record::Roles;
use serde_json::json;
use std::{
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

/// The password of every demo login.
const PASSWORD: &str = "huizhi-demo";
/// A child must serve within this time; the first start makes keys and opens models.
const START_MAX: Duration = Duration::from_secs(60);
/// A child must end within this time after it was asked to.
const STOP_MAX: Duration = Duration::from_secs(15);

/// Where the demo lives.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Folder of the nodes; kept between starts.
    #[arg(long = "in", value_name = "FOLDER", default_value_os_t = std::env::home_dir().unwrap_or_default().join(".huizhi-demo"))]
    folder: PathBuf,
    /// How many offices, the province's among them.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(2..=NODES.len() as i64))]
    offices: u16,
    /// First of the ports, two for each office: those of the pages, then those between the nodes.
    #[arg(long, default_value_t = 8601)]
    base_port: u16,
    /// Throw the demo's data away and start over.
    #[arg(long)]
    reset: bool,
    /// Start only these nodes: province, office-a, office-b.
    #[arg(long, value_delimiter = ',', hide = true)]
    only: Vec<String>,
}

/// Login, name and role.
type Login = (&'static str, &'static str, StaffRole);

struct Node {
    name: &'static str,
    title: &'static str,
    code: &'static str,
    logins: &'static [Login],
}

/// An office where people are captured.
macro_rules! desk {
    ($name:literal, $title:literal, $code:literal, $counter:literal, $auditor:literal) => {
        Node {
            name: $name,
            title: $title,
            code: $code,
            logins: &[("counter", $counter, StaffRole::Counter), ("auditor", $auditor, StaffRole::Auditor)],
        }
    };
}

const NODES: [Node; 10] = [
    Node {
        name: "province",
        title: "广东省审核中心",
        code: "44000001",
        logins: &[
            ("reviewer", "审核员 李", StaffRole::Reviewer),
            ("admin", "管理员 陈", StaffRole::Admin),
            ("auditor", "审计员 周", StaffRole::Auditor),
        ],
    },
    desk!("office-a", "福田采集点", "44030401", "采集员 王", "审计员 吴"),
    desk!("office-b", "海珠采集点", "44010501", "采集员 赵", "审计员 孙"),
    desk!("office-c", "罗湖采集点", "44030301", "采集员 钱", "审计员 冯"),
    desk!("office-d", "越秀采集点", "44010401", "采集员 郑", "审计员 褚"),
    desk!("office-e", "南山采集点", "44030501", "采集员 卫", "审计员 蒋"),
    desk!("office-f", "天河采集点", "44010601", "采集员 沈", "审计员 韩"),
    desk!("office-g", "宝安采集点", "44030601", "采集员 杨", "审计员 朱"),
    desk!("office-h", "白云采集点", "44011101", "采集员 秦", "审计员 尤"),
    desk!("office-i", "龙岗采集点", "44030701", "采集员 许", "审计员 何"),
];

impl DemoArgs {
    fn nodes(&self) -> &'static [Node] {
        &NODES[..usize::from(self.offices)]
    }
    fn http(&self, index: usize) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.base_port + index as u16))
    }
    fn p2p(&self, index: usize) -> u16 {
        self.base_port + self.offices + index as u16
    }
}

pub(super) fn run(args: DemoArgs) -> Result<ExitCode> {
    if args.reset {
        reset(&args.folder)?;
    }
    let fresh = !args.folder.join(NODES[0].name).join(config::FILE).exists();
    if fresh {
        eprintln!("Making {} nodes in {} …", args.offices, args.folder.display());
    }
    make(&args)?;
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|only| only == name);
    for (index, _) in args.nodes().iter().enumerate().filter(|(_, node)| wanted(node.name)) {
        check_port(args.http(index))?;
    }
    let mut children = Vec::new();
    for node in args.nodes().iter().filter(|node| wanted(node.name)) {
        children.push(Running::start(&args.folder.join(node.name), node.name)?);
    }
    let started = Instant::now();
    for child in &mut children {
        child.wait_until_ready(started)?;
    }
    tell(&args, fresh, &wanted);
    let folder = args.folder.clone();
    // A thread of its own: a read of standard input cannot be cancelled.
    std::thread::spawn(move || std::io::stdin().lock().lines().map_while(Result::ok).for_each(|line| obey(&folder, &line)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let mut look = tokio::time::interval(Duration::from_millis(500));
        let interrupted = runtime::interrupted();
        tokio::pin!(interrupted);
        loop {
            tokio::select! {
                () = &mut interrupted => return None,
                _ = look.tick() => {
                    if let Some(name) = children.iter_mut().find_map(Running::ended) {
                        return Some(name);
                    }
                }
            }
        }
    });
    eprintln!("Stopping …");
    // Every child is stopped, whether or not the one before it was clean.
    let stopped: Vec<bool> = children.into_iter().map(Running::stop).collect();
    let clean = stopped.into_iter().all(|one| one);
    match ended {
        Some(name) => bail!("the node {name} ended by itself; its last words stand above"),
        None if clean => Ok(ExitCode::SUCCESS),
        None => bail!("a node did not stop cleanly"),
    }
}

/// Cuts an office off or lets it speak again, as somebody typed it.
fn obey(folder: &Path, line: &str) {
    let (on, name) = match line.split_whitespace().collect::<Vec<_>>()[..] {
        [] => return,
        ["cut", name] => (false, name),
        ["back", name] => (true, name),
        _ => return say("  type `cut office-a` or `back office-a`"),
    };
    // What is typed must not become a path.
    let known = NODES.iter().any(|node| node.name == name);
    let done = known.then(|| local::running(&folder.join(name)).and_then(|node| node.switch_network(on)));
    match done {
        Some(Ok(_)) if on => say(&format!("  {name} is back: it sends what it has and fetches what it missed")),
        Some(Ok(_)) => say(&format!("  {name} is cut off and goes on working alone")),
        Some(Err(error)) => say(&format!("  {name}: {error}")),
        None => say(&format!("  no office is called {name}")),
    }
}

/// Removes only what looks like a demo.
fn reset(folder: &Path) -> Result<()> {
    for node in NODES {
        let dir = folder.join(node.name);
        if dir.join(config::FILE).exists() {
            std::fs::remove_dir_all(&dir).with_context(|| format!("cannot remove {}", dir.display()))?;
        }
    }
    Ok(())
}

fn check_port(address: SocketAddr) -> Result<()> {
    TcpListener::bind(address)
        .map(|_| ())
        .with_context(|| format!("port {} is in use: stop what runs there, or choose others with --base-port", address.port()))
}

fn make(args: &DemoArgs) -> Result<()> {
    let province = args.folder.join(NODES[0].name);
    for (index, node) in args.nodes().iter().enumerate() {
        let dir = args.folder.join(node.name);
        if !dir.join(config::FILE).exists() {
            // A start that was cut short leaves a folder without configuration; it holds nothing yet.
            if dir.exists() {
                std::fs::remove_dir_all(&dir)?;
            }
            make_one(args, index, node, &dir, &province)?;
        }
    }
    set_addresses(args)
}

fn make_one(args: &DemoArgs, index: usize, node: &Node, dir: &Path, province: &Path) -> Result<()> {
    let founder = index == 0;
    let init = InitArgs {
        name: node.title.into(),
        code: node.code.into(),
        federation: "demo.huizhi".into(),
        join: (!founder).then(|| province.join(config::FEDERATION)),
        roles: vec!["review".into(), "admin".into()],
        http: args.http(index),
        port: args.p2p(index),
        invitation: None,
        announce: listen(args.p2p(0)).to_vec(),
        login: "admin".into(),
        successor: vec![],
        threshold: None,
    };
    let made = init::make(dir, &init, false)?;
    let office = runtime::open_office(dir, &Config::load(dir)?)?;
    for (login, name, role) in node.logins {
        staff::add(&office, login, name, PASSWORD, &[*role])?;
    }
    drop(office);
    if let Some(request) = made.request {
        let admin = runtime::open_office(province, &Config::load(province)?)?;
        admin.enrol(enrolment::read_request(&request, Roles::CAPTURE.with(Roles::DOCUMENT))?)?;
    }
    Ok(())
}

/// Writes addresses into the configurations and the roots of trust, which follow `--base-port` at every start. All know each other,
/// so that the offices go on together while the province is away.
fn set_addresses(args: &DemoArgs) -> Result<()> {
    let mut addresses = Vec::new();
    for (index, node) in args.nodes().iter().enumerate() {
        let key = Keys::open(&args.folder.join(node.name).join("keys"))?.office.public();
        let peer = crate::net::peer_id(key).context("the office key is no network identity")?;
        addresses.push(listen(args.p2p(index)).map(|address| address.with(Protocol::P2p(peer))));
    }
    for (index, node) in args.nodes().iter().enumerate() {
        let dir = args.folder.join(node.name);
        let mut config = Config::load(&dir)?;
        config.http.listen = args.http(index);
        config.network.listen = listen(args.p2p(index)).to_vec();
        config.network.peers =
            addresses.iter().enumerate().filter(|(other, _)| *other != index).flat_map(|(_, both)| both.clone()).collect();
        config.network.mdns = false;
        store::replace_file(&dir.join(config::FILE), toml::to_string_pretty(&config)?.as_bytes())?;
        let federation = Federation { peers: addresses[0].to_vec(), ..runtime::federation(&dir)? };
        store::replace_file(&dir.join(config::FEDERATION), serde_json::to_string_pretty(&federation)?.as_bytes())?;
    }
    Ok(())
}

fn listen(port: u16) -> [Multiaddr; 2] {
    let base = Multiaddr::empty().with(Protocol::Ip4(Ipv4Addr::LOCALHOST));
    [base.clone().with(Protocol::Tcp(port)), base.with(Protocol::Udp(port)).with(Protocol::QuicV1)]
}

fn tell(args: &DemoArgs, fresh: bool, wanted: &dyn Fn(&str) -> bool) {
    let pages: serde_json::Map<_, _> = args
        .nodes()
        .iter()
        .enumerate()
        .map(|(index, node)| (node.name.replace('-', "_"), json!(format!("http://{}", args.http(index)))))
        .collect();
    say(&format!(
        "\n  回执 Huizhi demo: {0} offices, {0} processes, one machine ({1})\n",
        args.offices,
        if fresh { "new" } else { "as you left it" }
    ));
    for (index, node) in args.nodes().iter().enumerate().filter(|(_, node)| wanted(node.name)) {
        let logins: Vec<_> = node.logins.iter().map(|(login, _, _)| *login).collect();
        say(&format!("  http://{}   {}   log in as {}", args.http(index), node.title, logins.join(", ")));
    }
    say(&format!("\n  Password everywhere: {PASSWORD}\n"));
    say("  Try this first:");
    say(
        "    1. 福田采集点 as counter: choose 居民身份证, type a name and the ID number 11010519491231002X, take or upload a photo, submit.",
    );
    say("    2. 广东省审核中心 as reviewer: look at it, press A to approve (X returns it with a reason).");
    say("    3. 福田采集点 again: the receipt has a number; print it.");
    say("    4. 海珠采集点 as auditor: type the number under 核验.");
    let program = std::env::current_exe().map_or_else(|_| "huizhi".into(), |path| path.display().to_string());
    say(&format!("    5. {program} --dir {} export audit && {program} verify audit", args.folder.join(NODES[1].name).display()));
    say("    6. Type `cut office-a` here, go on working there, look at 办理点 of the province, then type `back office-a`.");
    say("\n  Ctrl-C stops them all. The next start finds everything again; --reset starts over.");
    say(&format!("ready {}", serde_json::Value::Object(pages)));
}

/// A child process of the demo.
struct Running {
    name: &'static str,
    child: Child,
    ready: std::sync::mpsc::Receiver<String>,
}

impl Running {
    fn start(dir: &Path, name: &'static str) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--dir")
            .arg(dir)
            .args(["run", "--until-stdin-ends"])
            .env("HUIZHI_LOG", std::env::var("HUIZHI_LOG").unwrap_or_else(|_| "warn".into()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let stdout = child.stdout.take().context("the child has no standard output")?;
        let (tell, ready) = std::sync::mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines();
            if let Some(Ok(line)) = lines.next() {
                let _ = tell.send(line);
            }
            // Keeps the pipe open until the child ends.
            lines.for_each(drop);
        });
        Ok(Self { name, child, ready })
    }
    fn wait_until_ready(&mut self, since: Instant) -> Result<()> {
        let left = START_MAX.saturating_sub(since.elapsed());
        self.ready
            .recv_timeout(left)
            .map(|_| ())
            .with_context(|| format!("the node {} did not start; its last words stand above", self.name))
    }
    fn ended(&mut self) -> Option<&'static str> {
        matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)).then_some(self.name)
    }
    /// Ends the pipe that keeps the child alive, and waits.
    fn stop(mut self) -> bool {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + STOP_MAX;
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.child.try_wait() {
                return status.success();
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
        eprintln!("{} does not stop; ending it", self.name);
        let _ = self.child.kill();
        let _ = self.child.wait();
        false
    }
}
