//! Three hosts with network stacks of their own on this machine: Linux network namespaces, joined by cables that a test can cut, spoil and narrow.
//!
//! A star: each office has a cable to the province and no route to anywhere else. Needs root, `ip` and `tc`; where one is missing nothing is
//! begun, and the reason is given back. Nothing of this touches the network of the machine: all interfaces are made inside the namespaces.

use crate::{Node, process::must};
use nix::sched::{CloneFlags, setns};
use serde_json::Value;
use std::{
    fs::File,
    io::Write,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};
use tempfile::TempDir;

/// The one interface of an office.
const LINE: &str = "line";
/// Where a packet is thrown away in classic BPF: `SKF_AD_OFF + SKF_AD_RANDOM`, a random number of 32 bits.
const RANDOM: u32 = 0xffff_f000 + 56;

/// What this machine lacks, said past the capture of the test runner, which would swallow it for a test that does not fail.
pub fn not_run(what: &str, why: &str) {
    let words = format!("\n!!!! NOT RUN: {what}\n!!!! {why}\n!!!! An `ok` below for this proves nothing.\n");
    let _ = std::io::stderr().write_all(words.as_bytes());
}

/// What carries the connections of a star.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// QUIC.
    Quic,
}

impl Transport {
    fn address(self, ip: &str) -> String {
        match self {
            Self::Tcp => format!("/ip4/{ip}/tcp/PORT"),
            Self::Quic => format!("/ip4/{ip}/udp/PORT/quic-v1"),
        }
    }
}

/// What the offices of a star may do.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// Roles of the province.
    pub province: &'static str,
    /// Roles of office B. Office A captures.
    pub b: &'static str,
    /// Whether the province connects the two with one another.
    pub relay: bool,
}

impl Parts {
    /// The province reviews and does not relay: what goes from office to office is stored there.
    pub const STORED: Self = Self { province: "review,admin", b: "capture", relay: false };
    /// Office B reviews. The province relays and may see no photo.
    pub const RELAYED: Self = Self { province: "admin", b: "review", relay: true };
}

/// A province and two offices, each on a host of its own.
pub struct Star {
    /// Both cables end here.
    pub province: Host,
    /// Captures.
    pub a: Host,
    /// Captures or reviews.
    pub b: Host,
    // Dropped in this order: first the processes above, then what they lived in.
    folder: TempDir,
    _spaces: Vec<Namespace>,
}

impl Star {
    /// Makes the hosts and starts a node on each.
    ///
    /// # Errors
    /// What this machine lacks, in words.
    ///
    /// # Panics
    /// It lacks nothing, and still something does not start.
    pub fn start(transport: Transport, parts: Parts) -> Result<Self, String> {
        let [province, a, b] = namespaces()?;
        for (number, office) in [(1, &a), (2, &b)] {
            let (here, there) = (format!("to-{number}"), &province);
            tool("ip", &["link", "add", &here, "netns", &there.0, "type", "veth", "peer", "name", LINE, "netns", &office.0])
                .map_err(|why| format!("no cable between namespaces: {why}"))?;
            for (space, device, address) in [(there, &*here, 1), (office, LINE, 2)] {
                space.ip(&["address", "add", &format!("10.77.{number}.{address}/24"), "dev", device]);
                space.ip(&["link", "set", device, "up"]);
            }
        }
        for space in [&province, &a, &b] {
            space.ip(&["link", "set", "lo", "up"]);
        }
        Ok(Self::settle([province, a, b], transport, parts))
    }

    fn settle(spaces: [Namespace; 3], transport: Transport, parts: Parts) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let found = ["--name", "province", "--code", "44000001", "--federation", "test.huizhi", "--roles", parts.province];
        let (province, _) =
            Node::make_on(folder.path(), "province", &[&transport.address("10.77.1.1"), &transport.address("10.77.2.1")], &found);
        let config = province.dir.join("node.toml");
        let text = std::fs::read_to_string(&config).expect("init wrote node.toml");
        let text = text.replace("[network]\n", &format!("[network]\nrelay = {}\n", parts.relay));
        std::fs::write(&config, text).expect("can be written");
        let trust = province.dir.join("federation.json");
        let trust = trust.to_str().expect("a temporary path is text");
        let [a, b] = [("office-a", "44030401", "10.77.1.2", "capture"), ("office-b", "44010501", "10.77.2.2", parts.b)].map(
            |(name, code, address, roles)| {
                let (node, request) =
                    Node::make_on(folder.path(), name, &[&transport.address(address)], &["--name", name, "--code", code, "--join", trust]);
                must(&province.dir, &["--json", "enrol", &request, "--roles", roles], "");
                node
            },
        );
        let [space, space_a, space_b] = spaces.each_ref().map(|space| space.0.clone());
        let mut star = Self {
            province: Host { space, node: province },
            a: Host { space: space_a, node: a },
            b: Host { space: space_b, node: b },
            folder,
            _spaces: spaces.into(),
        };
        for host in [&mut star.province, &mut star.a, &mut star.b] {
            let space = host.space.clone();
            within(&space, || host.node.start());
        }
        for office in [&star.a, &star.b] {
            office.inside(Node::until_it_signs);
        }
        star
    }

    /// Pulls office A's cable out at the province, or plugs it in again.
    pub fn plug_a(&self, plugged: bool) {
        must_tool("ip", &["-n", &self.province.space, "link", "set", "to-1", if plugged { "up" } else { "down" }]);
    }

    /// Lets the province pass packets on, as a router does that hides office A behind its own address and lets nobody begin to speak to it.
    ///
    /// # Errors
    /// `nft` or its part of the kernel is missing.
    pub fn route_and_hide_a(&self) -> Result<(), String> {
        const RULES: &str = "table ip huizhi {
            chain hide { type nat hook postrouting priority 100; oifname \"to-2\" masquerade; }
            chain guard { type filter hook forward priority 0; iifname \"to-2\" ct state new drop; }
        }
        ";
        let rules = self.folder.path().join("rules.nft");
        std::fs::write(&rules, RULES.replace("; }", ";\n}")).expect("can be written");
        tool("ip", &["netns", "exec", &self.province.space, "nft", "-f", rules.to_str().expect("a temporary path is text")])?;
        // `ip netns exec` shows the namespace's own /proc/sys/net.
        let forward = "echo 1 > /proc/sys/net/ipv4/ip_forward";
        must_tool("ip", &["netns", "exec", &self.province.space, "sh", "-c", forward]);
        for (office, router) in [(&self.a, "10.77.1.1"), (&self.b, "10.77.2.1")] {
            must_tool("ip", &["-n", &office.space, "route", "add", "default", "via", router]);
        }
        Ok(())
    }

    /// Both ends of office A's cable.
    fn ends_of_a(&self) -> [(&str, &str); 2] {
        [(&self.province.space, "to-1"), (&self.a.space, LINE)]
    }

    /// Throws away this share of all packets on office A's cable, in both directions; says by what.
    ///
    /// # Errors
    /// Neither way that there is exists in this kernel.
    pub fn lose_on_a(&self, percent: u32) -> Result<&'static str, String> {
        let share = format!("{percent}%");
        let Err(no_netem) = self.on_both_ends(&["qdisc", "add"], &["root", "netem", "loss", &share]) else {
            return Ok("netem");
        };
        // The same by a filter: load a random number, and drop (2, TC_ACT_SHOT) below the threshold; else go on (-1, TC_ACT_UNSPEC).
        let threshold = u32::MAX / 100 * percent;
        let program = format!("4,32 0 0 {RANDOM},37 1 0 {threshold},6 0 0 2,6 0 0 {}", u32::MAX);
        let by_filter = self
            .on_both_ends(&["qdisc", "add"], &["clsact"])
            .and_then(|()| self.on_both_ends(&["filter", "add"], &["egress", "bpf", "da", "bytecode", &program]));
        by_filter.map(|()| "a BPF filter").map_err(|no_filter| format!("no netem ({no_netem}) and no BPF filter ({no_filter})"))
    }

    /// Packets that were thrown away on office A's cable since it loses any, as the kernel hands them to the cable: what it cuts up only
    /// afterwards counts once.
    pub fn lost_on_a(&self) -> u64 {
        let drops = |(space, device): (&str, &str)| {
            let shown = must_tool("tc", &["-n", space, "-s", "-j", "qdisc", "show", "dev", device]);
            let disciplines: Vec<Value> = serde_json::from_str(&shown).expect("tc writes JSON");
            disciplines.iter().filter_map(|discipline| discipline["drops"].as_u64()).sum::<u64>()
        };
        self.ends_of_a().map(drops).iter().sum()
    }

    /// Makes office A's cable this slow, in both directions.
    ///
    /// # Errors
    /// This kernel cannot.
    pub fn narrow_a(&self, kbit_per_s: u32) -> Result<(), String> {
        let rate = format!("{kbit_per_s}kbit");
        // Bound: a burst of two packets, so that large ones are cut to size before they are counted.
        self.on_both_ends(&["qdisc", "add"], &["root", "tbf", "rate", &rate, "burst", "4kb", "latency", "400ms"])
    }

    /// Takes back that it is slow.
    ///
    /// # Panics
    /// It was not.
    pub fn widen_a(&self) {
        self.on_both_ends(&["qdisc", "delete"], &["root"]).unwrap_or_else(|why| panic!("{why}"));
    }

    /// Bytes that office A sent and received on its cable, as its interface counts them.
    pub fn bytes_of_a(&self) -> [u64; 2] {
        let count = |what| {
            let file = format!("/sys/class/net/{LINE}/statistics/{what}");
            // `ip netns exec` shows the namespace's own /sys.
            let text = must_tool("ip", &["netns", "exec", &self.a.space, "cat", &file]);
            text.trim().parse().expect("the kernel writes a number")
        };
        ["tx_bytes", "rx_bytes"].map(count)
    }

    fn on_both_ends(&self, verb: &[&str], what: &[&str]) -> Result<(), String> {
        self.ends_of_a()
            .iter()
            .try_for_each(|(space, device)| tool("tc", &[&["-n", space], verb, &["dev", device], what].concat()).map(|_| ()))
    }
}

/// A node on a host of its own.
pub struct Host {
    space: String,
    node: Node,
}

impl Host {
    /// Does something with the node from its own host, on whose loopback it serves.
    pub fn inside<T: Send>(&self, work: impl FnOnce(&Node) -> T + Send) -> T {
        within(&self.space, || work(&self.node))
    }

    /// Why there is no way from here to an address; nothing where there is one.
    pub fn no_route_to(&self, address: &str) -> Option<String> {
        tool("ip", &["-n", &self.space, "route", "get", address]).err()
    }
}

/// Works on a thread of its own, whose sockets and processes belong to the namespace. What they open stays there.
fn within<T: Send>(space: &str, work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let inside = scope.spawn(|| {
            let file = File::open(format!("/run/netns/{space}")).expect("`ip netns add` made it");
            setns(file, CloneFlags::CLONE_NEWNET).expect("who made a namespace may enter it");
            work()
        });
        inside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// A namespace that goes when this does.
struct Namespace(String);

impl Namespace {
    fn ip(&self, args: &[&str]) {
        must_tool("ip", &[&["-n", &self.0], args].concat());
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if let Err(why) = tool("ip", &["netns", "delete", &self.0]) {
            not_run("taking away a namespace", &format!("{} is left over: {why}", self.0));
        }
    }
}

/// Three fresh ones; what was made before one fails goes again at once.
fn namespaces() -> Result<[Namespace; 3], String> {
    // Names are for the whole machine, and tests run side by side.
    static SERIAL: AtomicU32 = AtomicU32::new(0);
    let prefix = format!("huizhi-{}-{}", std::process::id(), SERIAL.fetch_add(1, Ordering::Relaxed));
    tool("tc", &["-Version"])?;
    let add = |name: &str| {
        let name = format!("{prefix}-{name}");
        tool("ip", &["netns", "add", &name])
            .map(|_| Namespace(name))
            .map_err(|why| format!("no network namespaces (root is needed): {why}"))
    };
    Ok([add("province")?, add("a")?, add("b")?])
}

fn must_tool(program: &str, args: &[&str]) -> String {
    tool(program, args).unwrap_or_else(|why| panic!("{why}"))
}

fn tool(program: &str, args: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(args).output().map_err(|why| format!("`{program}` (Debian package iproute2): {why}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{program} {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}
