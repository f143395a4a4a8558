//! The table of routes against the document and against a running node.

use super::*;
use crate::api::{
    auth::Operator,
    testing::{Served, answer},
};
use std::{collections::BTreeSet, io::Read, sync::Arc};

/// Method and path of each operation of the OpenAPI document.
fn documented() -> BTreeSet<(String, String)> {
    let document: serde_json::Value = serde_json::from_str(&crate::api::openapi().unwrap()).unwrap();
    let of = |(path, item): (&String, &serde_json::Value)| {
        let methods: Vec<_> = item.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())).collect();
        methods
    };
    document["paths"].as_object().unwrap().iter().flat_map(of).collect()
}

#[test]
fn mend_38_every_route_of_the_document_says_whom_it_answers_and_no_row_is_of_none() {
    let rows: BTreeSet<_> = ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(rows, documented());
    assert_eq!(rows.len(), ROUTES.len(), "each once");
}

/// A session of somebody with these roles, as headers of a request.
fn logged_in(served: &Served, roles: &[StaffRole]) -> String {
    let operator = Operator { login: "x".into(), display_name: "x".into(), number: 7, roles: roles.to_vec() };
    let (id, session) = served.app.sessions.open(Some(operator));
    format!("cookie: {}={id}\r\nx-csrf-token: {}\r\ncontent-type: application/json\r\n", served.app.cookie_name(), session.csrf)
}

/// The status of an answer, whose body may never end.
fn status_of(served: &Served, method: &str, path: &str, headers: &str) -> u16 {
    let path = path.replace(['{', '}'], "");
    let mut stream = served.send(&format!("{method} {path}"), "localhost:PORT", headers, b"{}");
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    std::str::from_utf8(&head[9..]).unwrap().parse().unwrap()
}

#[test]
fn mend_38_every_route_answers_those_whom_its_row_names_and_nobody_else() {
    let served = Served::with(Arc::new(photo::NoVision));
    let nobody = logged_in(&served, &[]);
    for (method, path, who) in ROUTES {
        if *who == Who::Anybody || *path == "/api/network" {
            continue;
        }
        assert_eq!(
            status_of(&served, method, path, "x: y\r\n"),
            if *method == "GET" { 401 } else { 403 },
            "{method} {path} without a login"
        );
        assert_eq!(status_of(&served, method, path, &nobody), 403, "{method} {path} without a role");
        for role in StaffRole::ALL {
            let named = matches!(who, Who::Staff(roles) if roles.contains(&role));
            // A session each, for some routes end all of a login.
            let status = status_of(&served, method, path, &logged_in(&served, &[role]));
            // The test's office does less than its staff may ask for.
            assert_eq!(status != 403, named, "{method} {path} as {role:?}: {status}");
        }
    }
}

#[test]
fn mend_38_a_live_stream_ends_with_its_session() {
    let served = Served::with(Arc::new(photo::NoVision));
    let mut stream = served.send("GET /api/events", "localhost:PORT", &logged_in(&served, &[StaffRole::Auditor]), b"");
    let mut head = [0; 15];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    served.app.sessions.close_all_of("x", None);
    // Everything that comes, to the end.
    assert!(answer(stream).contains("text/event-stream"));
}
