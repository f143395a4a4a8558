//! Offices that work alone: stopped, cut off, killed.

use system_tests::{Federation, RECORDS_PER_SUBMISSION, eventually, pictures};

#[test]
fn a_stopped_office_converges_when_it_returns() {
    let mut federation = Federation::start();
    federation.b.stop();
    let id = federation.a.client().submit("cn-id-card", &pictures::astronaut(), None);
    let number = federation.province.client().decide(&id, "approve", &[])["receipt_number"].as_str().unwrap().to_owned();
    federation.b.start();
    let elsewhere = federation.b.client();
    eventually("office B learns what happened while it was away", || {
        (elsewhere.get(&format!("/api/receipts/{number}")).json()["verdict"] == "valid").then_some(())
    });
}

#[test]
fn a_counter_that_is_cut_off_goes_on_and_says_what_waits() {
    let mut federation = Federation::start();
    let counter = federation.a.client();
    eventually("office A is connected", || (counter.get("/api/status").json()["online"] == true).then_some(()));
    federation.province.stop();
    federation.b.stop();
    eventually("office A notices", || (counter.get("/api/status").json()["online"] == false).then_some(()));
    let id = counter.submit("cn-id-card", &pictures::astronaut(), None);
    let waiting = |federation: &Federation| {
        let status = federation.a.client().get("/api/status").json();
        (status["to_send"] == RECORDS_PER_SUBMISSION).then_some(())
    };
    eventually("its records wait to be sent", || waiting(&federation));
    assert_eq!(counter.get(&format!("/api/cases/{id}")).json()["row"]["sent"], false);
    // Still so after a restart, when nobody is there to ask.
    federation.a.stop();
    federation.a.start();
    let status = federation.a.client().get("/api/status").json();
    assert!(status["read_only"].is_null(), "after an end in order nobody is asked: {status}");
    eventually("it still waits", || waiting(&federation));
    federation.province.start();
    let counter = federation.a.client();
    eventually("it was sent", || (counter.get(&format!("/api/cases/{id}")).json()["row"]["sent"] == true).then_some(()));
    eventually("nothing waits any more", || (counter.get("/api/status").json()["to_send"] == 0).then_some(()));
    // And what was sent is known to be sent after a restart at once, when nobody is there to ask.
    federation.a.stop();
    federation.province.stop();
    federation.a.start();
    let status = federation.a.client().get("/api/status").json();
    assert_eq!((&status["online"], &status["to_send"]), (&false.into(), &0.into()));
    let counts: Vec<_> =
        status["peers"].as_array().unwrap().iter().filter(|peer| peer["code"] == "44000001").map(|peer| peer["to_send"].clone()).collect();
    assert_eq!(counts, [0]);
}

#[test]
fn case_42_what_was_acknowledged_survives_a_kill() {
    let mut federation = Federation::start();
    let counter = federation.a.client();
    let draft = counter.draft("cn-id-card", None);
    counter.upload(&format!("/api/drafts/{draft}/photo"), &pictures::astronaut());
    let id = counter.submit("cn-id-card", &pictures::astronaut(), None);
    federation.a.kill();
    federation.a.start();
    let counter = federation.a.client();
    eventually("it asked the others and signs", || counter.get("/api/status").json()["read_only"].is_null().then_some(()));
    assert_eq!(counter.get(&format!("/api/cases/{id}")).json()["row"]["status"], "submitted");
    let kept = counter.get(&format!("/api/drafts/{draft}")).json();
    assert_eq!((&kept["has_original"], kept["result"].is_object()), (&true.into(), true), "the capture under way is still there");
    assert_eq!(federation.province.client().decide(&id, "approve", &[])["row"]["status"], "approved");
}
