//! `huizhi status`: how this node and the others stand, as a table.

use super::local::Local;
use crate::service::condition::{Condition, OfficeCondition};
use anyhow::Result;
use serde_json::json;
use std::{path::Path, process::ExitCode};

const DAY_S: u64 = 86_400;

/// Exit code 0: this node signs; 2: it does not.
pub(super) fn run(dir: &Path, json: bool) -> Result<ExitCode> {
    let local = Local::open(dir)?;
    let running = matches!(local, Local::Running(_));
    let condition = local.condition()?;
    super::print(json, &json!(condition), |_| words(&condition, running));
    Ok(ExitCode::from(if condition.read_only.is_none() { 0 } else { 2 }))
}

fn words(condition: &Condition, running: bool) -> String {
    let mut words = format!("huizhi {}  {}", condition.version, if running { "running 运行中" } else { "stopped 未运行" });
    let warnings = [
        ("READ-ONLY 只读", &condition.read_only),
        ("clock 时钟", &condition.clock),
        ("disk 磁盘", &condition.disk),
        ("old key 旧密钥", &condition.old_key),
    ];
    for (what, text) in warnings {
        if let Some(text) = text {
            words += &format!("\n{what}: {} {}", text.en, text.zh);
        }
    }
    let free = condition.disk_free_bytes.map_or("unknown".into(), |bytes| format!("{:.1} GB", bytes as f64 / 1e9));
    let left = condition.disk_days_left.map_or("days left unknown 天数未知".into(), |days| format!("{days} days left 天"));
    words += &format!("\ndisk 磁盘          {free} free, {left}");
    let age = condition.unwitnessed_ms.map_or(String::new(), |age| format!(", the oldest {} old", span(age / 1_000)));
    words += &format!("\nunwitnessed 未见证 {} own entries{age}", condition.unwitnessed);
    words += &format!("\nspecs 规格         up to entry {} of the province's log", condition.specs_at);
    let cases: Vec<String> = condition.cases.iter().map(|cases| format!("{} {}", cases.count, cases.status)).collect();
    words += &format!("\ncases 采集记录     {}", cases.join(", "));
    if condition.to_take_in > 0 || condition.to_fold > 0 {
        words += &format!("\ntaking in 整理中   {} records, {} cases to fold 待更新", condition.to_take_in, condition.to_fold);
    }
    words += &format!("\nwanted 待取        {} photos and payloads", condition.blobs_wanted);
    words += &format!("\nset aside 隔离     {} entries, {} open forks 未裁定分叉", condition.quarantined, condition.forks_open);
    words += &format!("\n\n{}", row(["office", "connected", "to send", "oldest", "to receive", "log", "witnessed", "specs"], "name"));
    for office in &condition.offices {
        words += &format!("\n{}", line(office, condition.now_ms));
    }
    words
}

fn line(office: &OfficeCondition, now_ms: u64) -> String {
    let ago = |at: u64| format!("{} ago", span(now_ms.saturating_sub(at) / 1_000));
    let connected = match (office.here, office.connected, office.last_seen_ms) {
        (true, ..) => "(this one)".into(),
        (_, true, _) => "yes 已连接".into(),
        (_, _, Some(at)) => ago(at),
        _ => "never seen".into(),
    };
    let count = |count: u64| if office.here { "-".into() } else { count.to_string() };
    let specs = office.specs_at.map_or("?".into(), |specs| specs.to_string());
    let oldest =
        if office.here || office.to_send == 0 { "-".into() } else { office.to_send_ms.map_or("?".into(), |age| span(age / 1_000)) };
    let cells = [
        office.code.clone(),
        connected,
        count(office.to_send),
        oldest,
        count(office.to_receive),
        office.entries.to_string(),
        office.witnessed_ms.map_or("never".into(), ago),
        specs,
    ];
    row(cells.each_ref().map(String::as_str), &office.name)
}

/// The name stands last, because the width of Chinese depends on the terminal.
fn row(cells: [&str; 8], name: &str) -> String {
    const WIDTHS: [usize; 8] = [10, 14, 9, 8, 11, 9, 11, 7];
    // A wide character takes two columns.
    let width = |text: &str| text.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum::<usize>();
    let cells = cells.iter().zip(WIDTHS).map(|(cell, wide)| format!("{cell}{}", " ".repeat(wide.saturating_sub(width(cell)).max(1))));
    cells.collect::<String>() + name
}

/// Seconds as people say them: the largest whole unit.
fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..DAY_S => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / DAY_S),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{Office, network::NetStatus, testing::Home};

    #[test]
    fn the_table_has_a_line_for_every_office_and_says_what_is_not_known() {
        let home = Home::new();
        let office: Office = home.open();
        let mut condition = Condition::of(&office, &NetStatus::default(), true).unwrap();
        let other = OfficeCondition {
            code: "44030002".into(),
            name: "南山办公点".into(),
            here: false,
            connected: false,
            last_seen_ms: Some(condition.now_ms - 7_200_000),
            to_send: 12,
            to_send_ms: Some(90_000),
            to_receive: 3,
            entries: 40,
            witnessed_ms: None,
            specs_at: None,
        };
        condition.offices.push(other);
        let table = words(&condition, true);
        let line = table.lines().find(|line| line.starts_with("44030002")).unwrap();
        let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        assert_eq!(cells, ["44030002", "2 h ago", "12", "1 min", "3", "40", "never", "?", "南山办公点"]);
        assert!(table.contains("(this one)") && table.contains("days left unknown") && !table.contains("READ-ONLY"), "{table}");
        assert!(!table.contains("taking in"), "{table}");
        let words = words(&Condition { to_take_in: 12_000, to_fold: 31, ..condition }, true);
        assert!(words.contains("\ntaking in 整理中   12000 records, 31 cases to fold 待更新\n"), "{words}");
    }

    #[test]
    fn spans_are_said_in_their_largest_unit() {
        let spans = [0, 59, 60, 3_599, 3_600, 86_399, 86_400].map(span);
        assert_eq!(spans, ["0 s", "59 s", "1 min", "59 min", "1 h", "23 h", "1 d"]);
    }
}
