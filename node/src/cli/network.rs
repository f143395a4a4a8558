//! `huizhi network`: how the running node is connected to the others, and its switch.

use super::{local, print, text};
use crate::{runtime, service::keys::Keys};
use anyhow::Result;
use serde_json::Value;
use std::{path::Path, process::ExitCode};

/// Whether the network is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Switch {
    On,
    Off,
}

pub(super) fn run(dir: &Path, json: bool, switch: Option<Switch>) -> Result<ExitCode> {
    let node = local::running(dir)?;
    match switch {
        Some(switch) => {
            let network = node.switch_network(switch == Switch::On)?;
            print(json, &network, |network| format!("the network is {}", if network["on"] == true { "on" } else { "off" }));
        }
        None => print(json, &node.get("/api/status")?["peers"], |peers| format!("{}\n{}", own(dir), words(peers))),
    }
    Ok(ExitCode::SUCCESS)
}

/// How others name this node, and where they begin.
pub(super) fn own(dir: &Path) -> String {
    let key = Keys::open(&dir.join("keys")).ok().and_then(|keys| crate::net::peer_id(keys.office.public()));
    let Some(key) = key else { return "the keys of this node cannot be read".into() };
    let federation = runtime::federation(dir).map(|federation| federation.peers).unwrap_or_default();
    let own: Vec<String> = federation.iter().map(ToString::to_string).filter(|address| address.ends_with(&key.to_string())).collect();
    let told = if own.is_empty() { "no address of it stands in federation.json".into() } else { own.join("\n          ") };
    format!("this node /p2p/{key}\n          {told}")
}

fn words(peers: &Value) -> String {
    let lines: Vec<String> = peers.as_array().into_iter().flatten().map(line).collect();
    if lines.is_empty() { "no other office is known 没有其他办公点".into() } else { lines.join("\n") }
}

/// The name stands last, because the width of Chinese depends on the terminal.
fn line(peer: &Value) -> String {
    let how = match (peer["connected"] == true, peer["by_way_of"].as_str()) {
        (false, _) => "away 未连接".into(),
        (true, None) => {
            let rate = peer["bytes_per_s"].as_f64().map_or(String::new(), |rate| format!(", {:.1} MB/s", rate / 1e6));
            format!("direct 直接 ({}{rate})", text(peer, "transport"))
        }
        (true, Some(relay)) => format!("by way of 经由 {relay}"),
    };
    format!("{:<9} {}  {how}", text(peer, "code"), text(peer, "name"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_list_says_by_way_of_whom() {
        let peers = json!([
            {"code": "44000001", "name": "province", "connected": true, "by_way_of": null, "transport": "quic", "bytes_per_s": 2_560_000},
            {"code": "44010501", "name": "office-b", "connected": true, "by_way_of": null, "transport": "tcp", "bytes_per_s": null},
            {"code": "44030401", "name": "office-a", "connected": true, "by_way_of": "province"},
            {"code": "", "name": "0123456789ab", "connected": false, "by_way_of": null},
        ]);
        assert_eq!(
            words(&peers),
            "44000001  province  direct 直接 (quic, 2.6 MB/s)\n44010501  office-b  direct 直接 (tcp)\n44030401  office-a  by way of 经由 province\n          0123456789ab  away 未连接"
        );
        assert!(words(&json!([])).contains("no other office"));
    }
}
