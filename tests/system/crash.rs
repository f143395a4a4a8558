//! The crash loop: an office is worked through its API and killed with -9 at random, again and again.
//!
//! A mirror (the province) stays up and takes every checkpoint that the office publishes; it accepts only what continues what it holds,
//! so a forked log would never reach it whole. `HUIZHI_CRASH_ROUNDS` asks for a number of rounds however long they take (`cargo xtask
//! crash`), `HUIZHI_CRASH_SEED` repeats a run's random choices.

use serde_json::json;
use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use system_tests::{Client, Federation, eventually, huizhi, pictures};

/// Rounds of a run that nobody asked for in particular.
const ROUNDS: u32 = 50;
/// Such a run ends after this long, whatever the rounds.
const TIME: Duration = Duration::from_secs(60);
/// Cases whose receipts are issued during the run.
const CASES: usize = 4;
/// A kill comes within this long after the first request of a round, in microseconds.
const KILL_WITHIN_US: u64 = 700_000;

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// What a round of work ended with.
#[derive(Default)]
struct Worked {
    acknowledged: u64,
    /// The newest note that was acknowledged, and the one that was not.
    note: Option<String>,
    open_note: Option<String>,
    /// Receipts that were acknowledged.
    receipts: Vec<String>,
}

/// Writes notes as fast as they are taken until the node is gone; decides a case first, where one is given.
fn work(client: &Client, reviewer: &Client, noted: &str, decide: Option<&(String, String)>, round: u32) -> Worked {
    let mut worked = Worked::default();
    if let Some((id, submission)) = decide {
        let body = json!({ "verdict": "approve", "submission": submission, "reasons": [] });
        let Some(answer) = reviewer.attempt("POST", &format!("/api/cases/{id}/decision"), &body) else { return worked };
        assert_eq!(answer.status, 200, "{:?}", answer.json());
        worked.receipts.extend(answer.json()["receipt_number"].as_str().map(str::to_owned));
        worked.acknowledged += 2;
    }
    for number in 0.. {
        let text = format!("round {round}, note {number}");
        worked.open_note = Some(text.clone());
        let Some(answer) = client.attempt("PUT", &format!("/api/cases/{noted}/note"), &json!({ "text": text })) else { break };
        assert_eq!(answer.status, 200, "{:?}", answer.json());
        worked.note = worked.open_note.take();
        worked.acknowledged += 1;
    }
    worked
}

/// The office with a reviewer's role, the province as mirror, nobody else.
fn office_that_decides() -> (Federation, Vec<(String, String)>) {
    let mut federation = Federation::start_with_roles("capture,review");
    federation.b.stop();
    let client = federation.a.client();
    federation.a.until_it_signs();
    let cases = (0..CASES).map(|number| {
        let id = client.submit("cn-id-card", &pictures::astronaut_number(number as u8), None);
        let submission = client.get(&format!("/api/cases/{id}")).json()["submission"].as_str().expect("a submission").to_owned();
        (id, submission)
    });
    let cases = cases.collect();
    (federation, cases)
}

#[test]
fn case_42_43_no_kill_loses_what_was_acknowledged_or_forks_the_log() {
    let asked: Option<u32> = std::env::var("HUIZHI_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    let seed = std::env::var("HUIZHI_CRASH_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_nanos() as u64));
    eprintln!("crash loop: HUIZHI_CRASH_SEED={seed}");
    let mut random = Random(seed);
    let (mut federation, cases) = office_that_decides();
    let to_decide = &cases[1..];
    let (mut receipts, mut decided) = (Vec::<String>::new(), 0);
    let (mut signed, mut sizes) = (BTreeMap::new(), 0);
    let (mut kills, mut acknowledged) = (0, 0);
    let begin = Instant::now();
    while kills < asked.unwrap_or(ROUNDS) && (asked.is_some() || begin.elapsed() < TIME) {
        let (client, reviewer) = (federation.a.client(), federation.a.second());
        federation.a.until_it_signs();
        // A note is made of all its changes, so several cases take turns: one alone would get slower with every round.
        let noted = &cases[kills as usize % CASES].0;
        let decide = to_decide.get(decided).filter(|_| random.next().is_multiple_of(4));
        let pause = Duration::from_micros(random.next() % KILL_WITHIN_US);
        let worked = std::thread::scope(|scope| {
            let worker = scope.spawn(|| work(&client, &reviewer, noted, decide, kills));
            // The moment of the kill is the experiment.
            std::thread::park_timeout(pause);
            federation.a.kill();
            worker.join().unwrap()
        });
        kills += 1;
        acknowledged += worked.acknowledged;
        decided += usize::from(decide.is_some() && !worked.receipts.is_empty());
        receipts.extend(worked.receipts);

        // Looked at before the network can mend anything: what was signed must be on this disk.
        let doctor = String::from_utf8(federation.a.cli(&["--json", "doctor"]).stdout).unwrap();
        assert!(!doctor.contains("were signed"), "the database lies behind the head file (kill {kills}): {doctor}");
        let (size, root) = federation.a.signed();
        assert!(size >= sizes, "the head file went back from {sizes} to {size} (kill {kills})");
        sizes = size;
        let known = signed.entry(size).or_insert_with(|| root.clone());
        assert_eq!(*known, root, "two roots of {size} entries were signed (kill {kills})");

        federation.a.start();
        let client = federation.a.client();
        let kept = client.get(&format!("/api/cases/{noted}")).json()["note"]["text"].as_str().unwrap_or_default().to_owned();
        if let Some(note) = &worked.note {
            let open = worked.open_note.as_ref();
            assert!(kept == *note || Some(&kept) == open, "an acknowledged note is lost: {kept:?} instead of {note:?} (kill {kills})");
        }
        for number in &receipts {
            assert_eq!(client.get(&format!("/api/receipts/{number}")).json()["verdict"], "valid", "receipt {number} (kill {kills})");
        }
        if let Some((id, _)) = to_decide.get(decided) {
            // A decision whose answer was cut off may stand all the same; its receipt then counts like any other.
            let case = client.get(&format!("/api/cases/{id}")).json();
            if let Some(number) = case["receipt_number"].as_str().or_else(|| case["receipt"]["number"].as_str()) {
                receipts.push(number.to_owned());
            }
            decided += usize::from(case["row"]["status"] == "approved");
        }
    }

    let client = federation.a.client();
    eventually("the mirror holds everything", || {
        let status = client.get("/api/status").json();
        (status["read_only"].is_null() && status["to_send"] == 0).then_some(())
    });
    let (size, root) = federation.a.signed();
    assert!(size >= acknowledged + CASES as u64);
    let folder = federation.folder.path().join("export");
    assert!(federation.province.cli(&["export", folder.to_str().unwrap()]).status.success());
    let mirrored = fs::read_to_string(folder.join("logs/test.huizhi/office/44030401/1/checkpoint")).unwrap();
    assert_eq!(mirrored.lines().skip(1).take(2).collect::<Vec<_>>(), [size.to_string(), root], "the mirror holds the same log");
    let verified = huizhi(&federation.folder.path().join("nowhere"), &["verify", folder.to_str().unwrap()]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    for number in &receipts {
        assert_eq!(federation.province.client().get(&format!("/api/receipts/{number}")).json()["verdict"], "valid");
    }
    eprintln!(
        "crash loop: {kills} kills in {:.0} s, {acknowledged} records acknowledged, {size} in the log, {} receipts",
        begin.elapsed().as_secs_f64(),
        receipts.len()
    );
}
