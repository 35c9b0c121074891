//! Differences of views and their application, with the same files that test the page's `state.js`.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use usher::view::{Change, Row, RowKey, View, apply, diff};

#[derive(Deserialize)]
struct Case {
    name: String,
    before: Vec<Row>,
    delta: Delta,
    after: Vec<Row>,
}

#[derive(Deserialize)]
struct Delta {
    put: Vec<Row>,
    drop: Vec<RowKey>,
}

fn view(rows: Vec<Row>) -> View {
    rows.into_iter().map(|row| (row.key(), Arc::new(row))).collect()
}

#[test]
fn the_page_and_the_server_agree_on_every_case() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/diff");
    let mut cases = 0;
    for file in std::fs::read_dir(directory).expect("fixtures") {
        let text = std::fs::read_to_string(file.expect("file").path()).expect("text");
        let case: Case = serde_json::from_str(&text).expect("a case");
        let (before, after) = (view(case.before), view(case.after));
        let given = Change { put: case.delta.put.into_iter().map(Arc::new).collect(), drop: case.delta.drop };
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
