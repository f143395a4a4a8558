//! `huizhi init`: keys, configuration and root of trust of a new node.

use crate::{
    config::{self, Config},
    enrolment::{self, Federation, PinnedSuccessors},
    invitation::{self, Invitation},
    runtime,
    service::{
        keys::{self, Keys},
        staff,
    },
    store::{self, MarkFile},
};
use anyhow::{Context, Result, bail};
use clap::Args;
use libp2p::Multiaddr;
use protocol::{
    id::{OfficeCode, Origin},
    log::VerifierKey,
    record::Roles,
};
use serde_json::json;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What to call the office, and which federation to join.
#[derive(Debug, Args, Clone)]
pub(super) struct InitArgs {
    /// Name of the office.
    #[arg(long, default_value = "本地办公点")]
    pub(super) name: String,
    /// Office code: eight digits, GB/T 2260 county code and a serial of two.
    #[arg(long, default_value = "44000001")]
    pub(super) code: String,
    /// Found a federation of this name (lower-case letters, digits, dots, hyphens).
    #[arg(long, default_value = "local.huizhi", conflicts_with = "join")]
    pub(super) federation: String,
    /// Join the federation of this file, which the province hands out (`federation.json` of its data directory).
    #[arg(long, value_name = "FILE")]
    pub(super) join: Option<PathBuf>,
    /// Join by this invitation of the province (the text, or a file with it): it says code and name, and the province enrols this office
    /// when it first connects.
    #[arg(long, value_name = "TEXT|FILE", conflicts_with_all = ["join", "federation", "code", "name"])]
    pub(super) invitation: Option<String>,
    /// Roles of the founding office, which enrols itself.
    #[arg(long, value_delimiter = ',', default_value = "capture,review,admin")]
    pub(super) roles: Vec<String>,
    /// Address of the pages on this machine.
    #[arg(long, default_value = "127.0.0.1:8600")]
    pub(super) http: SocketAddr,
    /// Port for other offices, TCP and UDP.
    #[arg(long, default_value_t = 8700)]
    pub(super) port: u16,
    /// Address under which other offices reach this one, for `federation.json`, for example `/dns4/huizhi.example/tcp/8700`.
    #[arg(long)]
    pub(super) announce: Vec<Multiaddr>,
    /// Public half of a successor key (`huizhi succession keygen`), which may name another key for the province; repeat it for each.
    #[arg(long, conflicts_with_all = ["join", "invitation"])]
    pub(super) successor: Vec<String>,
    /// How many successors must agree; without this, more than half.
    #[arg(long, requires = "successor")]
    pub(super) threshold: Option<usize>,
    /// Login of the first member of staff, who may do everything. Its password is made and printed once.
    #[arg(long, default_value = "admin")]
    pub(super) login: String,
}

/// What was made.
pub(super) struct Made {
    pub(super) password: Option<String>,
    pub(super) request: Option<String>,
}

pub(super) fn run(dir: &Path, json: bool, args: InitArgs) -> Result<ExitCode> {
    let made = make(dir, &args, true)?;
    let value = json!({
        "opens": { "pages": args.http, "offices_port": args.port, "interfaces": "all", "mdns": true },
        "dir": dir, "login": args.login, "password": made.password, "enrolment_request": made.request, "url": format!("http://{}", args.http),
    });
    super::print(json, &value, |_| {
        let mut words = format!("Made a node in {}.\n", dir.display());
        if let Some(password) = &made.password {
            words +=
                &format!("  login     {}\n  password  {password}   (shown this once; change it with `huizhi staff add`)\n", args.login);
        }
        if args.invitation.is_some() {
            words += "\nThe province enrols this office when it first connects; nothing has to be handed to anybody.\n";
        } else if let Some(request) = &made.request {
            words += &format!("\nGive this to the provincial admin, who enters it at Offices or runs `huizhi enrol`:\n\n{request}\n");
        }
        if args.join.is_none() && args.invitation.is_none() && args.announce.is_empty() {
            words += "\nNo address is named under which other offices reach this node, so nobody can be invited yet. When there is one:\n\
                      `huizhi federation address add /dns4/NAME/tcp/PORT`\n";
        }
        words + &opens(&args) + &format!("\nNext: `huizhi run`, then open http://{}", args.http)
    });
    Ok(ExitCode::SUCCESS)
}

/// What the node opens, to whom, and how to change it.
fn opens(args: &InitArgs) -> String {
    format!(
        "\nWhat `huizhi run` opens:\n  \
         pages     {}, to this machine only\n  \
         offices   port {port} of every network interface, TCP and UDP: whoever reaches it may knock, enrolled offices are served\n  \
         mDNS      says on the local network that this node is here, and looks for enrolled offices\n\
         To change it: `listen` and `mdns` in the section [network] of node.toml; `huizhi network off` closes everything but the pages.\n",
        args.http,
        port = args.port
    )
}

/// Makes a node. Without `with_staff` nobody can log in yet.
pub(super) fn make(dir: &Path, args: &InitArgs, with_staff: bool) -> Result<Made> {
    if dir.join(config::FILE).exists() {
        bail!("{} holds a node already; nothing was changed", dir.display());
    }
    // Read and checked before anything is written, so that a wrong file leaves nothing behind.
    let invitation = args.invitation.as_deref().map(Invitation::read).transpose()?;
    let mut args = args.clone();
    if let Some(invitation) = &invitation {
        (args.code, args.name) = (invitation.code.to_string(), invitation.name.clone());
    }
    let args = &args;
    let code: OfficeCode = args.code.parse()?;
    args.announce.iter().try_for_each(enrolment::check_address)?;
    if !args.http.ip().is_loopback() {
        bail!("--http {} is not this machine: use 127.0.0.1", args.http);
    }
    let joined: Option<Federation> = args
        .join
        .as_ref()
        .map(|path| {
            let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            serde_json::from_slice(&text).with_context(|| format!("{} is not a federation file", path.display()))
        })
        .transpose()?
        .or(invitation.as_ref().map(|invitation| invitation.federation.clone()));
    let roles = Roles::named(&args.roles)?;
    let name = match &joined {
        Some(federation) => federation.verifier()?.origin().federation().to_owned(),
        None => args.federation.clone(),
    };
    let origin = Origin::office(&name, code, 1)?;
    store::create_private_dir(dir)?;
    let keys = Keys::create(&dir.join("keys"), joined.is_none())?;
    MarkFile::new(dir).write_new()?;
    let config = config_of(args);
    let federation = match joined {
        Some(federation) => federation,
        None => found(&keys, args)?,
    };
    write(dir, config::FEDERATION, &serde_json::to_string_pretty(&federation)?)?;
    write(dir, config::FILE, &toml::to_string_pretty(&config)?)?;
    if let Some(invitation) = &invitation {
        keys::write_secret(&dir.join(invitation::FILE), &invitation.text())?;
    }
    let office = runtime::open_office(dir, &config)?;
    let mut request = None;
    if office.is_province() {
        office.enrol(enrolment::enrol_self(&office.keys, code, &args.name, roles))?;
    } else {
        request = Some(enrolment::write_request(&office.keys, &origin, &args.name)?);
    }
    let password = with_staff.then(|| -> Result<String> {
        let password = hex::encode(rand::random::<[u8; 6]>());
        staff::add(&office, &args.login, &args.login, &password, &super::ALL_ROLES)?;
        Ok(password)
    });
    Ok(Made { password: password.transpose()?, request })
}

fn write(dir: &Path, name: &str, text: &str) -> Result<()> {
    Ok(store::replace_file(&dir.join(name), text.as_bytes())?)
}

fn config_of(args: &InitArgs) -> Config {
    let listen = ["/ip4/0.0.0.0/tcp", "/ip4/0.0.0.0/udp"];
    let address = |base: &str| format!("{base}/{}{}", args.port, if base.ends_with("udp") { "/quic-v1" } else { "" });
    Config {
        office: config::OfficeSection { code: args.code.clone(), name: args.name.clone() },
        http: config::HttpSection { listen: args.http },
        network: config::NetworkSection {
            listen: listen.iter().filter_map(|base| address(base).parse().ok()).collect(),
            ..config::NetworkSection::default()
        },
        follow: config::FollowSection::default(),
        models: config::ModelsSection::default(),
        print: config::PrintSection::default(),
        recovery: config::RecoverySection::default(),
        scrub: config::ScrubSection::default(),
    }
}

/// The root of trust of a new federation; its founder is the first peer.
fn found(keys: &Keys, args: &InitArgs) -> Result<Federation> {
    let province = keys.province.as_ref().context("a founder has a province key")?;
    let key = VerifierKey::new(Origin::province(&args.federation, 1)?, province.public());
    let peer = crate::net::peer_id(keys.office.public()).context("the office key is no network identity")?;
    let peers = args
        .announce
        .iter()
        .map(|address| address.clone().with_p2p(peer).map_err(|address| anyhow::anyhow!("{address} names another peer")))
        .collect::<Result<_>>()?;
    let successors = (!args.successor.is_empty())
        .then(|| PinnedSuccessors { threshold: args.threshold.unwrap_or(args.successor.len() / 2 + 1), keys: args.successor.clone() });
    let federation = Federation { province: key.to_string(), peers, successors, successions: vec![] };
    if federation.successors.is_some() {
        // Found out now, and not on the day on which they are needed.
        federation.successors()?;
    }
    Ok(federation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: InitArgs,
    }

    #[test]
    fn a_mistyped_option_leaves_nothing_behind_that_a_second_try_would_meet() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("node");
        for wrong in [["--announce", "/ip4/0.0.0.0/tcp/8700"], ["--roles", "captain"], ["--federation", "Not A Host"], ["--code", "1"]] {
            let line = Line::parse_from([&["init"][..], &wrong].concat());
            assert!(make(&dir, &line.args, false).is_err());
            assert!(!dir.exists(), "{wrong:?}");
        }
        make(&dir, &Line::parse_from(["init"]).args, false).unwrap();
    }

    #[test]
    fn mend_48_init_says_what_it_opens_and_to_whom() {
        let words = opens(&Line::parse_from(["init", "--port", "8765"]).args);
        for said in ["127.0.0.1:8600, to this machine only", "port 8765 of every network interface", "mDNS", "[network] of node.toml"] {
            assert!(words.contains(said), "{words}");
        }
    }

    /// Opens the office of a directory, and says why it signs nothing.
    fn held(dir: &Path) -> Option<String> {
        let office = runtime::open_office(dir, &Config::load(dir).unwrap()).unwrap();
        office.read_only().map(|text| text.en)
    }

    #[test]
    fn mend_46_a_new_office_without_a_network_signs_at_once_and_one_without_its_database_does_not() {
        let parent = tempfile::tempdir().unwrap();
        let [province, dir] = ["province", "office"].map(|name| parent.path().join(name));
        make(&province, &Line::parse_from(["init"]).args, false).unwrap();
        let federation = province.join(config::FEDERATION).display().to_string();
        make(&dir, &Line::parse_from(["init", "--code", "44030001", "--join", &federation]).args, false).unwrap();
        assert_eq!(held(&dir), None);
        assert_eq!(held(&dir), None, "nor after it was started and ended");
        runtime::open_office(&dir, &Config::load(&dir).unwrap()).unwrap().compared().unwrap();
        std::fs::remove_file(dir.join("standing")).unwrap();
        assert!(held(&dir).is_some(), "keys alone, as after a lost disk");
    }
}
