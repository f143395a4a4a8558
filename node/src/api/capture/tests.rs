//! Work that nobody waits for any more is given up, wherever it is.

use crate::api::testing::{Served, answer};
use photo::{Bounds, Face, Mesh, Point, Rgb, Vision, VisionError};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
    mpsc::{self, Receiver, SyncSender},
};

/// Says that it was asked for faces, and answers when it is let. Then there is a face, of which it is asked for the surface.
struct Gate {
    asked: SyncSender<()>,
    let_on: Mutex<Receiver<()>>,
    meshes: AtomicUsize,
}

impl Vision for Gate {
    fn faces(&self, _image: &Rgb) -> Result<Vec<Face>, VisionError> {
        self.asked.send(()).unwrap();
        self.let_on.lock().unwrap().recv().unwrap();
        let at = |x, y| Point { x, y };
        let bounds = Bounds { left: 250.0, top: 150.0, right: 350.0, bottom: 290.0 };
        let (left_eye, right_eye, nose) = (at(275.0, 200.0), at(325.0, 200.0), at(300.0, 225.0));
        Ok(vec![Face { bounds, score: 0.9, left_eye, right_eye, nose, mouth_left: at(280.0, 250.0), mouth_right: at(320.0, 250.0) }])
    }
    fn mesh(&self, _image: &Rgb, _face: &Face) -> Result<Mesh, VisionError> {
        self.meshes.fetch_add(1, Ordering::Relaxed);
        Err(VisionError::Absent)
    }
    fn name(&self) -> &str {
        "gate"
    }
}

struct Desk {
    served: Served,
    gate: Arc<Gate>,
    asked: Receiver<()>,
    let_on: SyncSender<()>,
    draft: String,
}

impl Desk {
    fn new() -> Self {
        let (asks, asked) = mpsc::sync_channel(1);
        let (let_on, lets) = mpsc::sync_channel(1);
        let gate = Arc::new(Gate { asked: asks, let_on: Mutex::new(lets), meshes: AtomicUsize::new(0) });
        let served = Served::with(gate.clone());
        let statement = crate::service::consent::Statement::current().hash();
        let new = format!(
            r#"{{"spec_id":"cn-id-card","applicant":{{"name":"张伟","id_number":"11010519491231002X"}},"consent":"{statement}","case_id":null}}"#
        );
        let begun = served.local("POST /api/drafts", new.as_bytes());
        let draft = begun.split_once(r#""id":""#).unwrap_or_else(|| panic!("{begun}")).1[..32].to_owned();
        Self { served, gate, asked, let_on, draft }
    }

    fn path(&self, method: &str, of: &str) -> String {
        format!("{method} /api/drafts/{}{of}", self.draft)
    }

    fn meshes(&self) -> usize {
        self.gate.meshes.load(Ordering::Relaxed)
    }
}

fn picture() -> Vec<u8> {
    crate::service::testing::picture(600, 800, [205, 208, 212])
}

#[test]
fn a_photo_that_is_given_up_stops_at_once_and_can_be_made_again() {
    let desk = Desk::new();
    let waiting = desk.served.send_local(&desk.path("POST", "/photo"), &picture());
    desk.asked.recv().unwrap();
    assert!(desk.served.local(&desk.path("DELETE", "/run"), b"").starts_with("HTTP/1.1 204"));
    desk.let_on.send(()).unwrap();
    let told = answer(waiting);
    assert!(
        told.starts_with("HTTP/1.1 200") && told.contains(r#""code":"cancelled""#) && told.contains(r#""has_original":true"#),
        "{told}"
    );
    assert_eq!(desk.meshes(), 0, "no model was run after that");

    desk.let_on.send(()).unwrap();
    let again = desk.served.local(&desk.path("POST", "/run"), b"");
    assert!(again.starts_with("HTTP/1.1 200") && !again.contains(r#""code":"cancelled""#), "{again}");
    assert_eq!(desk.meshes(), 1);
    assert!(desk.served.local(&desk.path("DELETE", "/run"), b"").starts_with("HTTP/1.1 204"), "nothing runs: nothing to say");
    assert!(desk.served.local("DELETE /api/drafts/nothing/run", b"").starts_with("HTTP/1.1 404"));
}

#[test]
fn who_goes_away_gives_the_photo_up() {
    let desk = Desk::new();
    let id = desk.draft.parse().unwrap();
    let waiting = desk.served.send_local(&desk.path("POST", "/photo"), &picture());
    desk.asked.recv().unwrap();
    assert!(!desk.served.app.runs.is_given_up(id));
    drop(waiting);
    while !desk.served.app.runs.is_given_up(id) {
        std::thread::yield_now();
    }
    desk.let_on.send(()).unwrap();
    // Drafts are written one after the other, and the answer to a reader comes after the end of the work.
    while !desk.served.local(&desk.path("GET", ""), b"").contains(r#""code":"cancelled""#) {
        std::thread::yield_now();
    }
    assert_eq!(desk.meshes(), 0);
}
