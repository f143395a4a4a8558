//! `huizhi network`: how the running node is connected to the others, and its switch.

use super::{local, print, text};
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
        None => print(json, &node.get("/api/status")?["peers"], words),
    }
    Ok(ExitCode::SUCCESS)
}

fn words(peers: &Value) -> String {
    let lines: Vec<String> = peers.as_array().into_iter().flatten().map(line).collect();
    if lines.is_empty() { "no other office is known 没有其他办公点".into() } else { lines.join("\n") }
}

/// The name stands last, because the width of Chinese depends on the terminal.
fn line(peer: &Value) -> String {
    let how = match (peer["connected"] == true, peer["by_way_of"].as_str()) {
        (false, _) => "away 未连接".into(),
        (true, None) => "direct 直接".into(),
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
            {"code": "44000001", "name": "province", "connected": true, "by_way_of": null},
            {"code": "44030401", "name": "office-a", "connected": true, "by_way_of": "province"},
            {"code": "", "name": "0123456789ab", "connected": false, "by_way_of": null},
        ]);
        assert_eq!(
            words(&peers),
            "44000001  province  direct 直接\n44030401  office-a  by way of 经由 province\n          0123456789ab  away 未连接"
        );
        assert!(words(&json!([])).contains("no other office"));
    }
}
