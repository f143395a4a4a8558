//! Three hosts with network stacks of their own: a cable that is cut, one that loses packets, a slow one, and no way but over the province.
//!
//! As root with `ip` and `tc`; elsewhere each says loudly that it was not run. `--nocapture` shows what was measured.

use serde_json::Value;
use std::time::{Duration, Instant};
use system_tests::{
    RECORDS_PER_SUBMISSION, eventually,
    namespaces::{Host, Parts, Star, Transport, not_run},
    pictures,
};

const PROVINCE: &str = "44000001";
const OFFICE_A: &str = "44030401";
const OFFICE_B: &str = "44010501";

fn start(what: &str, transport: Transport, parts: Parts) -> Option<Star> {
    Star::start(transport, parts).map_err(|why| not_run(what, &why)).ok()
}

fn get(host: &Host, path: &str) -> Value {
    host.inside(|node| node.client().get(path).json())
}

/// Submits the photo, with one pixel changed so that it is another file.
fn submit(host: &Host, number: u8) -> String {
    host.inside(|node| node.client().submit("cn-id-card", &pictures::astronaut_number(number), None))
}

fn until_case(host: &Host, id: &str, what: &str, is_so: impl Fn(&Value) -> bool + Send + Sync) -> Value {
    host.inside(|node| {
        let client = node.client();
        eventually(what, || Some(client.get(&format!("/api/cases/{id}")).json()).filter(&is_so))
    })
}

fn until_connected(host: &Host, code: &str, connected: bool) {
    host.inside(|node| {
        let client = node.client();
        eventually(&format!("connected to {code}: {connected}"), || {
            let condition = client.get("/api/condition").json();
            let offices = condition["offices"].as_array()?;
            offices.iter().any(|office| office["code"] == code && office["connected"] == connected).then_some(())
        });
    });
}

/// Every log that a host holds with its number of entries; nothing before it has any.
fn logs(host: &Host) -> Vec<(String, u64)> {
    let condition = get(host, "/api/condition");
    let logs = condition["logs"].as_array().cloned().unwrap_or_default();
    let mut logs: Vec<_> =
        logs.iter().map(|log| (log["log"].as_str().unwrap_or_default().to_owned(), log["entries"].as_u64().unwrap_or_default())).collect();
    logs.sort();
    logs
}

fn until_all_hold_the_same(star: &Star) -> Vec<(String, u64)> {
    eventually("all three hold the same logs", || {
        let held = [&star.province, &star.a, &star.b].map(logs);
        (!held[0].is_empty() && held[0] == held[1] && held[1] == held[2]).then(|| held[0].clone())
    })
}

fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}

#[test]
fn three_hosts_meet_over_the_province_part_and_heal_on_quic() {
    meet_part_and_heal(Transport::Quic);
}

#[test]
fn three_hosts_meet_over_the_province_part_and_heal_on_tcp() {
    meet_part_and_heal(Transport::Tcp);
}

fn meet_part_and_heal(transport: Transport) {
    let Some(star) = start("three hosts: what one stores for the others, a partition and its healing", transport, Parts::STORED) else {
        return;
    };
    // No way from office to office: what arrives was stored by the province and passed on.
    for (from, to) in [(&star.a, "10.77.2.2"), (&star.b, "10.77.1.2")] {
        let why = from.no_route_to(to).expect("an office reaches the province only");
        assert!(why.contains("unreachable"), "{why}");
    }
    until_connected(&star.a, PROVINCE, true);
    until_connected(&star.b, PROVINCE, true);
    until_connected(&star.b, OFFICE_A, false);
    let begun = Instant::now();
    let relayed = submit(&star.a, 1);
    let submitted = Instant::now();
    until_case(&star.b, &relayed, "office A's case is seen at office B", |case| case["row"]["status"] == "submitted");
    eprintln!(
        "{transport:?}, relay: a case of A is seen at B, over the province alone, {:.2} s after it was submitted (which took {:.1} s)",
        seconds(submitted),
        (submitted - begun).as_secs_f64()
    );

    // Cut: both go on.
    let cut = Instant::now();
    star.plug_a(false);
    until_connected(&star.province, OFFICE_A, false);
    until_connected(&star.a, PROVINCE, false);
    eprintln!("{transport:?}, partition: A and the province see each other away {:.1} s after the cable was pulled", seconds(cut));
    let (alone, elsewhere) = (submit(&star.a, 2), submit(&star.b, 3));
    let case = get(&star.a, &format!("/api/cases/{alone}"));
    assert_eq!((&case["row"]["status"], &case["row"]["sent"]), (&"submitted".into(), &false.into()), "{}", case["row"]);
    star.province.inside(|node| node.client().decide(&relayed, "approve", &[]));
    until_case(&star.province, &elsewhere, "the others go on", |case| case["row"]["status"] == "submitted");
    eventually("A says what waits", || (get(&star.a, "/api/status")["to_send"] == RECORDS_PER_SUBMISSION).then_some(()));
    assert_eq!(get(&star.a, &format!("/api/cases/{relayed}"))["row"]["status"], "submitted", "A cannot know of the approval");
    let unknown = star.province.inside(|node| node.client().get(&format!("/api/cases/{alone}")).status);
    assert_eq!(unknown, 404, "and the province not of A's case");
    assert_ne!(logs(&star.a), logs(&star.province));

    let healed = Instant::now();
    star.plug_a(true);
    until_case(&star.b, &alone, "what A did alone is seen at B", |case| case["row"]["status"] == "submitted");
    until_case(&star.a, &relayed, "A learns of the approval", |case| case["row"]["status"] == "approved");
    let held = until_all_hold_the_same(&star);
    for (code, entries) in [(OFFICE_A, 2 * RECORDS_PER_SUBMISSION), (OFFICE_B, RECORDS_PER_SUBMISSION)] {
        assert!(held.contains(&(format!("test.huizhi/office/{code}/1"), entries)), "{held:?}");
    }
    eprintln!("{transport:?}, heal: all three hold the same {:.1} s after the cable was plugged in: {held:?}", seconds(healed));
}

#[test]
fn three_hosts_finish_a_case_on_a_line_that_loses_packets_and_on_a_slow_one() {
    let Some(star) = start("three hosts: lost packets and a slow line", Transport::Tcp, Parts::STORED) else { return };
    until_connected(&star.a, PROVINCE, true);
    slow(&star);
    lossy(&star);
    eprintln!("entries: {:?}", until_all_hold_the_same(&star));
}

fn slow(star: &Star) {
    const KBIT_PER_S: u32 = 1_000;
    let Ok(()) = star.narrow_a(KBIT_PER_S).map_err(|why| not_run("a line of 1 Mbit/s", &why)) else { return };
    let before = star.bytes_of_a();
    let id = submit(&star.a, 4);
    let submitted = Instant::now();
    until_case(&star.province, &id, "the case is seen over the slow line", |case| case["row"]["status"] == "submitted");
    let seen = seconds(submitted);
    until_case(&star.province, &id, "the photo comes over the slow line", |case| case["photo_here"] == true);
    let photo = seconds(submitted);
    star.province.inside(|node| {
        let client = node.client();
        let path = format!("/api/cases/{id}/original");
        eventually("the original comes over the slow line", || (client.get(&path).status == 200).then_some(()));
    });
    let whole = submitted.elapsed();
    let after = star.bytes_of_a();
    let content = pictures::astronaut_number(4).len() as u64;
    let [sent, received] = [after[0] - before[0], after[1] - before[1]];
    eprintln!(
        "1 Mbit/s: case seen after {seen:.2} s, photo after {photo:.2} s, the original of {} bytes after {:.2} s; A sent {sent} bytes on the wire, \
         received {received}; at 1 Mbit/s what it sent takes {:.2} s",
        content,
        whole.as_secs_f64(),
        sent as f64 * 8.0 / f64::from(KBIT_PER_S * 1_000),
    );
    assert!(sent > content, "the original went over this line: {sent} of {content}");
    assert!(sent < content * 3 / 2, "and went over it once: {sent} for {content}");
    let least = Duration::from_secs_f64(content as f64 * 8.0 / f64::from(KBIT_PER_S * 1_000) * 0.9);
    assert!(whole > least, "faster than the line: {whole:?} for {content} bytes");
    star.widen_a();
}

fn lossy(star: &Star) {
    let by = match star.lose_on_a(10) {
        Ok(by) => by,
        Err(why) => return not_run("a line that loses packets", &why),
    };
    let begun = Instant::now();
    let id = submit(&star.a, 5);
    let submitted = seconds(begun);
    star.province.inside(|node| node.client().decide(&id, "approve", &[]));
    let decided = seconds(begun);
    for office in [&star.a, &star.b] {
        until_case(office, &id, "the approval comes over the line that loses packets", |case| case["row"]["status"] == "approved");
    }
    let lost = star.lost_on_a();
    eprintln!(
        "10 % lost on A's line each way (by {by}): submitted after {submitted:.1} s, approved at the province after {decided:.1} s, known at A and B after \
         {:.1} s; {lost} packets thrown away",
        seconds(begun)
    );
    assert!(lost > 0, "nothing was lost, so nothing was tried");
}

#[test]
fn two_hosts_without_a_route_are_connected_by_the_province_and_directly_when_there_is_a_way_on_tcp() {
    relayed_then_direct(Transport::Tcp);
}

#[test]
fn two_hosts_without_a_route_are_connected_by_the_province_and_directly_when_there_is_a_way_on_quic() {
    relayed_then_direct(Transport::Quic);
}

/// Waits until a host is connected to an office, and by way of this one.
fn until_by_way_of(host: &Host, code: &str, relay: Option<&str>) {
    host.inside(|node| {
        let client = node.client();
        eventually(&format!("connected to {code} by way of {relay:?}"), || {
            let status = client.get("/api/status").json();
            let peers = status["peers"].as_array()?;
            peers.iter().any(|peer| peer["code"] == code && peer["connected"] == true && peer["by_way_of"].as_str() == relay).then_some(())
        });
    });
}

fn relayed_then_direct(transport: Transport) {
    let Some(star) = start("three hosts: a circuit, and a direct way past a router", transport, Parts::RELAYED) else { return };
    for (from, to) in [(&star.a, "10.77.2.2"), (&star.b, "10.77.1.2")] {
        assert!(from.no_route_to(to).is_some(), "an office reaches the province only");
    }
    let begun = Instant::now();
    until_by_way_of(&star.a, OFFICE_B, Some("province"));
    until_by_way_of(&star.b, OFFICE_A, Some("province"));
    eprintln!("{transport:?}, circuit: A and B are connected by way of the province after {:.1} s", seconds(begun));
    let list = star.b.inside(|node| String::from_utf8_lossy(&node.cli(&["network"]).stdout).into_owned());
    assert!(list.contains("by way of 经由 province") && list.contains("direct 直接"), "{list}");

    // The province holds the record and may have no photo, so the original can have come through it only, and not from it.
    let before = star.bytes_of_a();
    let id = submit(&star.a, 6);
    let submitted = Instant::now();
    let path = format!("/api/cases/{id}/original");
    star.b.inside(|node| {
        let client = node.client();
        eventually("the original comes over the circuit", || (client.get(&path).status == 200).then_some(()));
    });
    let [sent, _] = star.bytes_of_a();
    let content = pictures::astronaut_number(6).len() as u64;
    eprintln!(
        "{transport:?}, circuit: the original of {content} bytes is at B {:.1} s after it was submitted; A sent {} bytes",
        seconds(submitted),
        sent - before[0]
    );
    assert!(sent - before[0] > content, "it went over A's cable");
    until_case(&star.province, &id, "the province holds the record", |case| case["row"]["status"] == "submitted");
    assert_ne!(star.province.inside(|node| node.client().get(&path).status), 200, "the province has no photo");
    until_by_way_of(&star.b, OFFICE_A, Some("province"));

    if let Err(why) = star.route_and_hide_a() {
        return not_run("a direct way past a router", &why);
    }
    // The circuit is made anew, and with it the attempt at a direct way.
    let again = Instant::now();
    for on in [false, true] {
        star.a.inside(|node| node.client().put("/api/network", &serde_json::json!({ "on": on })));
        until_connected(&star.b, OFFICE_A, on);
    }
    until_by_way_of(&star.a, OFFICE_B, None);
    until_by_way_of(&star.b, OFFICE_A, None);
    eprintln!(
        "{transport:?}, direct: A, hidden by a router, and B are connected directly {:.1} s after A was cut off and let back",
        seconds(again)
    );
}

#[test]
fn a_host_leaves_quic_for_tcp_where_the_line_loses_udp() {
    const PERCENT: u32 = 10;
    let Some(star) = start("three hosts: a line that loses UDP", Transport::Either, Parts::REVIEWED) else { return };
    until_connected(&star.a, PROVINCE, true);
    until_connected(&star.b, PROVINCE, true);
    // Which answered first is chance; the line is to lose what carries the connection.
    let mut turns = 0;
    while carried_by(&star.a).0 != "quic" {
        turns += 1;
        assert!(turns < 60, "QUIC never answers first");
        for on in [false, true] {
            star.a.inside(|node| node.client().put("/api/network", &serde_json::json!({ "on": on })));
            until_connected(&star.a, PROVINCE, on);
        }
    }
    if let Err(why) = star.lose_udp_on_a(PERCENT) {
        return not_run("a line that loses UDP only", &why);
    }
    let begun = Instant::now();
    let mut before = None;
    for number in 10..40 {
        let id = submit(&star.b, number);
        let path = format!("/api/cases/{id}/original");
        star.a.inside(|node| {
            let client = node.client();
            eventually("the original comes to A", || (client.get(&path).status == 200).then_some(()));
        });
        let now = carried_by(&star.a);
        if now.0 == "tcp" && now.1.is_some() && before.is_some() {
            let [quic, tcp] = [before, now.1].map(|rate: Option<u64>| rate.unwrap_or_default() as f64 / 1e6);
            eprintln!(
                "{PERCENT} % of UDP lost: QUIC brought {quic:.2} MB/s, TCP {tcp:.2}; moved to TCP after {} photos and {:.1} s; {} packets thrown away",
                number - 9,
                seconds(begun),
                star.lost_on_a()
            );
            assert!(tcp > quic);
            return;
        }
        if now.0 == "quic" {
            before = now.1.or(before);
        }
    }
    panic!("still over {:?}", carried_by(&star.a));
}

/// What carries office A's connection to the province, and bytes a second over it.
fn carried_by(host: &Host) -> (String, Option<u64>) {
    let status = get(host, "/api/status");
    let peers = status["peers"].as_array().cloned().unwrap_or_default();
    let province = peers.into_iter().find(|peer| peer["code"] == PROVINCE).unwrap_or_default();
    (province["transport"].as_str().unwrap_or_default().to_owned(), province["bytes_per_s"].as_u64())
}
