//! A browser without a screen: session cookie, CSRF token, JSON.

use serde_json::{Value, json};
use std::time::Duration;

/// An answer of the API.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Bytes of the body.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }
    /// The stable code of a refusal.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// A logged-in client of one node.
pub struct Client {
    url: String,
    agent: ureq::Agent,
    csrf: String,
}

impl Client {
    /// Logs in.
    ///
    /// # Panics
    /// Login or password is refused.
    pub fn log_in(url: &str, login: &str, password: &str) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(100))).build();
        let mut client = Self { url: url.to_owned(), agent: config.into(), csrf: String::new() };
        client.csrf = token(&client.get("/api/session"));
        let answer = client.post("/api/login", &json!({ "login": login, "password": password }));
        assert_eq!(answer.status, 200, "{:?}", answer.json());
        client.csrf = token(&answer);
        client
    }

    /// GET.
    pub fn get(&self, path: &str) -> Answer {
        read(self.agent.get(format!("{}{path}", self.url)).call())
    }
    /// POST of JSON.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        read(self.agent.post(format!("{}{path}", self.url)).header("x-csrf-token", &self.csrf).send_json(body))
    }
    /// PUT of JSON.
    pub fn put(&self, path: &str, body: &Value) -> Answer {
        read(self.agent.put(format!("{}{path}", self.url)).header("x-csrf-token", &self.csrf).send_json(body))
    }
    /// PUT or POST of JSON to a node that may be killed meanwhile; nothing when it was.
    pub fn attempt(&self, method: &str, path: &str, body: &Value) -> Option<Answer> {
        let url = format!("{}{path}", self.url);
        let request = if method == "PUT" { self.agent.put(url) } else { self.agent.post(url) };
        let mut answer = request.header("x-csrf-token", &self.csrf).send_json(body).ok()?;
        let status = answer.status().as_u16();
        let bytes = answer.body_mut().with_config().limit(64 << 20).read_to_vec().ok()?;
        Some(Answer { status, bytes })
    }
    /// POST of a file.
    pub fn upload(&self, path: &str, bytes: &[u8]) -> Answer {
        let request = self.agent.post(format!("{}{path}", self.url)).header("x-csrf-token", &self.csrf);
        read(request.content_type("application/octet-stream").send(bytes))
    }
    /// PUT of a file.
    pub fn put_file(&self, path: &str, bytes: &[u8]) -> Answer {
        let request = self.agent.put(format!("{}{path}", self.url)).header("x-csrf-token", &self.csrf);
        read(request.content_type("application/octet-stream").send(bytes))
    }
    /// DELETE.
    pub fn delete(&self, path: &str) -> Answer {
        read(self.agent.delete(format!("{}{path}", self.url)).header("x-csrf-token", &self.csrf).call())
    }
    /// POST without the token that proves our own page, or to another host name.
    pub fn forge(&self, path: &str, host: Option<&str>, token: bool) -> Answer {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        if let Some(host) = host {
            request = request.header("host", host);
        }
        if token {
            request = request.header("x-csrf-token", &self.csrf);
        }
        read(request.send_json(json!({})))
    }

    /// Name of the text that applicants agree to.
    pub fn statement(&self) -> Value {
        self.get("/api/consent").json()["hash"].take()
    }
    /// Begins a draft for a document and gives back its id.
    ///
    /// # Panics
    /// It is refused.
    pub fn draft(&self, spec: &str, case: Option<&str>) -> String {
        let applicant = json!({ "name": "张伟", "id_number": "11010519491231002X" });
        let answer =
            self.post("/api/drafts", &json!({ "spec_id": spec, "applicant": applicant, "consent": self.statement(), "case_id": case }));
        assert_eq!(answer.status, 200, "{:?}", answer.json());
        answer.json()["id"].as_str().unwrap_or_default().to_owned()
    }
    /// Captures and submits a picture; gives back the case id.
    ///
    /// # Panics
    /// A step is refused.
    pub fn submit(&self, spec: &str, picture: &[u8], case: Option<&str>) -> String {
        let id = self.draft(spec, case);
        let taken = self.upload(&format!("/api/drafts/{id}/photo"), picture).json();
        assert!(taken["problem"].is_null(), "{taken}");
        let submitted = self.post(&format!("/api/drafts/{id}/submit"), &json!({ "override_reason": "test" }));
        assert_eq!(submitted.status, 200, "{:?}", submitted.json());
        id
    }
    /// Decides on a case as soon as its photo is here.
    ///
    /// # Panics
    /// It is refused for another reason.
    pub fn decide(&self, id: &str, verdict: &str, reasons: &[&str]) -> Value {
        let case = crate::eventually("the photo reaches the reviewer", || {
            let case = self.get(&format!("/api/cases/{id}")).json();
            let open = ["submitted", "conflict"].contains(&case["row"]["status"].as_str().unwrap_or_default());
            (open && case["photo_here"] == true).then_some(case)
        });
        let body = json!({ "verdict": verdict, "submission": case["submission"], "reasons": reasons });
        let answer = self.post(&format!("/api/cases/{id}/decision"), &body);
        assert_eq!(answer.status, 200, "{:?}", answer.json());
        answer.json()
    }
}

fn token(answer: &Answer) -> String {
    answer.json()["csrf_token"].as_str().unwrap_or_default().to_owned()
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut answer = answer.expect("the node answers");
    let status = answer.status().as_u16();
    let bytes = answer.body_mut().with_config().limit(64 << 20).read_to_vec().expect("the answer arrives whole");
    Answer { status, bytes }
}
