//! The difference and its application, on the same files that hold the page's `web/net/rows.js`.
//!
//! The files name only the fields that a case is about. The page compares those alone; here the other fields come from whole rows, so that
//! a new field of a row changes no file.

mod common;

use std::path::Path;
use std::sync::Arc;

use common::sample_rows as rows;
use serde::Deserialize;
use serde_json::{Map, Value};
use usher::view::{Row, RowKey, View, ViewDelta, apply, diff};

#[derive(Deserialize)]
struct Case {
    name: String,
    before: Vec<Map<String, Value>>,
    delta: ShortDelta,
    after: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
struct ShortDelta {
    put: Vec<Map<String, Value>>,
    drop: Vec<RowKey>,
}

/// A row with every field set, and with the fields of the short one in place of its own.
fn whole(short: Map<String, Value>) -> Arc<Row> {
    let sample = match short["kind"].as_str() {
        Some("server") => rows::server(),
        Some("bridge") => rows::bridge("b"),
        Some("meeting") => rows::meeting("m"),
        Some("person") => rows::person("p", "Somebody"),
        Some("user") => rows::user("u"),
        kind => panic!("a row has the kind {kind:?}"),
    };
    let mut row = serde_json::to_value(&*sample).expect("a row is JSON");
    let fields = row.as_object_mut().expect("a row is an object");
    for (field, value) in short {
        assert!(fields.insert(field.clone(), value).is_some(), "{field} is a field of the row");
    }
    Arc::new(serde_json::from_value(row).expect("a row"))
}

fn view(rows: Vec<Map<String, Value>>) -> View {
    rows.into_iter().map(whole).map(|row| (row.key(), row)).collect()
}

#[test]
fn the_page_and_the_server_agree_on_every_case() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/diff");
    let mut cases = 0;
    for file in std::fs::read_dir(directory).expect("fixtures") {
        let text = std::fs::read_to_string(file.expect("file").path()).expect("text");
        let case: Case = serde_json::from_str(&text).expect("a case");
        let (before, after) = (view(case.before), view(case.after));
        let given = ViewDelta { put: case.delta.put.into_iter().map(whole).collect(), drop: case.delta.drop };
        let mut applied = before.clone();
        apply(&mut applied, &given);
        assert_eq!(applied, after, "{}: the given delta", case.name);
        let mut applied = before.clone();
        apply(&mut applied, &diff(&before, &after));
        assert_eq!(applied, after, "{}: our own difference", case.name);
        cases += 1;
    }
    assert!(cases >= 10, "only {cases} cases were found");
}
