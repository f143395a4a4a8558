//! `GET /metrics`: numbers for Prometheus, in its text form.
//!
//! No login, because a scraper has none; so nothing here names a person, a case or a key, only offices and logs, and the page is served under
//! this machine's own host names only, as every other one.
//!
//! Written by hand: the form is three kinds of lines, and the crate for it would be one more to keep.

use super::{ApiError, App};
use crate::service::condition::{Condition, OfficeCondition};
use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use std::fmt::Write;

/// The text form of Prometheus, version 0.0.4.
const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Numbers for Prometheus.
pub(super) async fn metrics(State(app): State<App>) -> Result<Response, ApiError> {
    let net = app.net.status();
    let condition = app.run(move |office| Condition::of(office, &net, false)).await?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text(&condition)).into_response())
}

/// All of them. What is not known is left out, which Prometheus shows as a gap and not as a zero.
fn text(condition: &Condition) -> String {
    let mut page = Page(String::new());
    page.family("huizhi_build_info", "Version of the program; the value is always 1.", [(vec![("version", &*condition.version)], 1)]);
    let logs = condition.logs.iter().map(|log| (vec![("log", &*log.log)], log.entries));
    page.family("huizhi_log_entries", "Entries of a log that are here.", logs);
    let others = || condition.offices.iter().filter(|office| !office.here);
    let lag = |office: &OfficeCondition| [("send", office.to_send), ("receive", office.to_receive)];
    let lags: Vec<_> =
        others().flat_map(|office| lag(office).map(|(way, lag)| (vec![("office", &*office.code), ("direction", way)], lag))).collect();
    page.family("huizhi_peer_lag_entries", "Entries that an office is not known to hold, and that it told of and are not here.", lags);
    let connected = others().map(|office| (vec![("office", &*office.code)], u64::from(office.connected)));
    page.family("huizhi_peer_connected", "Whether a connection to an office stands.", connected);
    let one = |value: u64| [(Vec::new(), value)];
    let age_s = condition.unwitnessed_ms.unwrap_or(0) / 1_000;
    page.family(
        "huizhi_unwitnessed_seconds",
        "Age of the oldest own entry that no other office cosigned; 0 where there is none.",
        one(age_s),
    );
    let cases = condition.cases.iter().map(|cases| (vec![("status", &*cases.status)], cases.count));
    page.family("huizhi_cases", "Cases by state, as far as they are folded.", cases);
    page.family("huizhi_records_to_take_in", "Records here that are in no list yet.", one(condition.to_take_in));
    page.family("huizhi_cases_to_fold", "Cases that lists leave out or show as they were before.", one(condition.to_fold));
    page.family("huizhi_quarantined_entries", "Entries here that count for nothing.", one(condition.quarantined));
    page.family("huizhi_forks_open", "Logs signed twice on which the province has not decided.", one(condition.forks_open));
    page.family("huizhi_read_only", "Whether nothing is signed at this moment.", one(condition.read_only.is_some().into()));
    let free = condition.disk_free_bytes.map(|free| (Vec::new(), free));
    page.family("huizhi_disk_free_bytes", "Free bytes on the disk of the data directory.", free);
    page.family("huizhi_blobs_wanted", "Photos and payloads that this office needs and lacks.", one(condition.blobs_wanted));
    page.0
}

struct Page(String);

impl Page {
    /// One gauge with all of its values.
    fn family<'a>(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Vec<(&'a str, &'a str)>, u64)>) {
        // Writing to memory cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in values {
            let labels: Vec<String> = labels.into_iter().map(|(label, text)| format!("{label}=\"{}\"", escaped(text))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(self.0, "{name}{labels} {value}");
        }
    }
}

/// A label's value: backslash, quote and line end are escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::testing::{Served, answer},
        service::testing::{Home, picture},
    };
    use std::sync::Arc;

    const NAMES: [&str; 13] = [
        "huizhi_build_info",
        "huizhi_log_entries",
        "huizhi_peer_lag_entries",
        "huizhi_peer_connected",
        "huizhi_unwitnessed_seconds",
        "huizhi_cases",
        "huizhi_records_to_take_in",
        "huizhi_cases_to_fold",
        "huizhi_quarantined_entries",
        "huizhi_forks_open",
        "huizhi_read_only",
        "huizhi_disk_free_bytes",
        "huizhi_blobs_wanted",
    ];

    #[test]
    fn labels_are_escaped_and_what_is_not_known_has_no_value() {
        let mut page = Page(String::new());
        page.family("x", "Help.", [(vec![("a", "1\"\\\n2"), ("b", "")], 3), (vec![], 4)]);
        page.family("y", "Help.", None::<(Vec<(&str, &str)>, u64)>);
        assert_eq!(page.0, "# HELP x Help.\n# TYPE x gauge\nx{a=\"1\\\"\\\\\\n2\",b=\"\"} 3\nx 4\n# HELP y Help.\n# TYPE y gauge\n");
    }

    #[test]
    fn a_scraper_needs_no_login_and_reads_numbers_only() {
        let served = Served::with(Arc::new(photo::NoVision));
        let case = Home::new().case(&served.app.office, &picture(8, 8, [1; 3]), true);
        let page = answer(served.send("GET /metrics", "localhost:PORT", "", b""));
        assert!(page.starts_with("HTTP/1.1 200") && page.contains("text/plain; version=0.0.4"), "{page}");
        let body = page.split_once("\r\n\r\n").unwrap().1;
        for line in body.lines().filter(|line| !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<u64>().is_ok() && NAMES.contains(&series.split('{').next().unwrap()), "{line}");
        }
        for name in NAMES {
            assert_eq!(body.matches(&format!("# TYPE {name} gauge\n")).count(), 1, "{name}");
        }
        assert!(body.contains("huizhi_cases{status=\"approved\"} 1\n") && body.contains("huizhi_read_only 0\n"), "{body}");
        assert!(body.contains("huizhi_log_entries{log=\"test.huizhi/office/44030001/1\"} 4\n"), "{body}");
        let number = &case.receipts[0].said.number;
        for secret in ["张伟", "11010519491231002X", number, &case.id.to_string(), &served.app.office.keys.office.public().to_string()] {
            assert!(!body.contains(secret), "{secret}");
        }
        assert!(answer(served.send("GET /metrics", "evil.example", "", b"")).starts_with("HTTP/1.1 421"), "no other host name");
        assert!(answer(served.send("GET /api/condition", "localhost:PORT", "", b"")).starts_with("HTTP/1.1 401"), "names of offices");
        assert!(served.local("GET /api/condition", b"").contains("\"unwitnessed\":4"));
    }
}
