//! `huizhi federation`: the file `federation.json`, which other offices begin with.

use crate::{
    config::FEDERATION,
    enrolment::{self, Federation},
    runtime,
    service::keys::Keys,
    store,
};
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use libp2p::{Multiaddr, multiaddr::Protocol};
use serde_json::json;
use std::{path::Path, process::ExitCode};

/// The root of trust and the addresses that a new office begins with.
#[derive(Debug, Subcommand)]
pub(super) enum FederationCommand {
    /// Addresses under which new offices reach this federation: list, add, remove.
    #[command(subcommand)]
    Address(AddressCommand),
}

/// What to do with the addresses.
#[derive(Debug, Subcommand)]
pub(super) enum AddressCommand {
    /// Print them.
    List,
    /// Add one, for example /dns4/huizhi.example/tcp/8700. Without /p2p/KEY it is this node's own.
    Add {
        /// Where offices reach the node.
        address: Multiaddr,
    },
    /// Remove one.
    Remove {
        /// As it is listed.
        address: Multiaddr,
    },
}

pub(super) fn run(dir: &Path, json: bool, command: FederationCommand) -> Result<ExitCode> {
    let FederationCommand::Address(command) = command;
    let mut federation = runtime::federation(dir)?;
    match command {
        AddressCommand::List => {}
        AddressCommand::Add { address } => {
            let address = complete(dir, address)?;
            if !federation.peers.contains(&address) {
                federation.peers.push(address);
                write(dir, &federation)?;
            }
        }
        AddressCommand::Remove { address } => {
            if !federation.peers.contains(&address) {
                bail!("{address} is not in {FEDERATION}: `huizhi federation address list` shows what is");
            }
            federation.peers.retain(|known| *known != address);
            write(dir, &federation)?;
        }
    }
    let addresses: Vec<String> = federation.peers.iter().map(ToString::to_string).collect();
    super::print(json, &json!({ "addresses": addresses }), |_| {
        if addresses.is_empty() {
            "no address: nobody can be invited 没有地址，无法邀请办公点".into()
        } else {
            addresses.join("\n")
        }
    });
    Ok(ExitCode::SUCCESS)
}

fn write(dir: &Path, federation: &Federation) -> Result<()> {
    Ok(store::replace_file(&dir.join(FEDERATION), serde_json::to_string_pretty(federation)?.as_bytes())?)
}

/// With the key of this node, where no key is named.
fn complete(dir: &Path, address: Multiaddr) -> Result<Multiaddr> {
    enrolment::check_address(&address)?;
    if address.iter().any(|part| matches!(part, Protocol::P2p(_))) {
        return Ok(address);
    }
    let keys = Keys::open(&dir.join("keys"))?;
    let peer = crate::net::peer_id(keys.office.public()).context("the office key is no network identity")?;
    address.with_p2p(peer).map_err(|address| anyhow::anyhow!("{address} names another peer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mend_47_an_address_is_added_with_the_key_of_this_node_and_one_that_cannot_work_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::create(&dir.path().join("keys"), true).unwrap();
        let own = crate::net::peer_id(keys.office.public()).unwrap();
        let federation = Federation { province: "p".into(), peers: vec![], successors: None, successions: vec![] };
        write(dir.path(), &federation).unwrap();
        let address = |text: &str| text.parse::<Multiaddr>().unwrap();
        let add = |text: &str| run(dir.path(), true, FederationCommand::Address(AddressCommand::Add { address: address(text) }));
        for _ in 0..2 {
            add("/dns4/huizhi.example/tcp/8700").unwrap();
        }
        let whole = address(&format!("/dns4/huizhi.example/tcp/8700/p2p/{own}"));
        assert_eq!(runtime::federation(dir.path()).unwrap().peers, std::slice::from_ref(&whole));
        for wrong in [
            "/ip4/0.0.0.0/tcp/8700",
            "/ip6/::/tcp/8700",
            "/ip4/10.0.0.1",
            "/ip4/10.0.0.1/tcp/0",
            "/ip4/10.0.0.1/udp/8700",
            "/tcp/8700",
            "/memory/1",
        ] {
            let refused = add(wrong).unwrap_err().to_string();
            assert!(refused.contains(wrong) && refused.contains("for example"), "{refused}");
        }
        run(dir.path(), true, FederationCommand::Address(AddressCommand::Remove { address: whole })).unwrap();
        assert_eq!(runtime::federation(dir.path()).unwrap().peers, []);
    }
}
