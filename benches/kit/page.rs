//! The other half of a browser: the rows, updated as the protocol says.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::browser::{Browser, Site};

#[derive(Debug, Deserialize)]
pub struct Frame {
    pub r#type: String,
    #[serde(default)]
    pub rows: serde_json::Value,
    #[serde(default)]
    pub put: Vec<Row>,
    #[serde(default)]
    pub drop: Vec<Key>,
    #[serde(default)]
    pub state: String,
    #[serde(default)]
    pub results: Vec<Outcome>,
    #[serde(default)]
    pub message: String,
}

#[derive(Debug, Deserialize)]
pub struct Row {
    pub kind: String,
    pub id: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub lobby: String,
    #[serde(default)]
    pub muted: bool,
    /// The bridge that the row belongs to.
    #[serde(default)]
    pub state: String,
}

#[derive(Debug, Deserialize)]
pub struct Key {
    pub kind: String,
    pub id: String,
}

#[derive(Debug, Deserialize)]
pub struct Outcome {
    pub person: String,
    pub result: String,
}

pub struct Page {
    browser: Browser,
    parts: Vec<Row>,
    pub people: HashMap<String, Row>,
    pub bridges: HashMap<String, Row>,
    pub deltas: usize,
}

impl Page {
    /// Returns when the first snapshot is complete.
    pub async fn open(site: &Site) -> Self {
        let (people, bridges) = (HashMap::new(), HashMap::new());
        let mut page = Self { browser: Browser::open(site).await, parts: Vec::new(), people, bridges, deltas: 0 };
        while page.step().await.r#type != "snapshot_end" {}
        page
    }

    /// Applies the next frame and returns it.
    pub async fn step(&mut self) -> Frame {
        let mut frame: Frame = serde_json::from_slice(self.browser.frame().await).expect("a frame");
        match frame.r#type.as_str() {
            "snapshot" => self.parts.extend(serde_json::from_value::<Vec<Row>>(frame.rows.take()).expect("rows")),
            "snapshot_end" => {
                (self.people, self.bridges) = Default::default();
                let rows = std::mem::take(&mut self.parts);
                rows.into_iter().for_each(|row| self.put(row));
            }
            "delta" => {
                self.deltas += 1;
                for key in frame.drop.iter().filter(|key| key.kind == "person") {
                    self.people.remove(&key.id);
                }
                std::mem::take(&mut frame.put).into_iter().for_each(|row| self.put(row));
            }
            "beat" => self.browser.say(r#"{"type":"beat"}"#).await,
            "error" => panic!("{}", frame.message),
            _ => {}
        }
        frame
    }

    fn put(&mut self, row: Row) {
        match row.kind.as_str() {
            "person" => self.people.insert(row.id.clone(), row),
            "bridge" => self.bridges.insert(row.id.clone(), row),
            _ => None,
        };
    }

    /// Reads frames until the condition holds; returns the time that it took.
    pub async fn until(&mut self, what: &str, within: Duration, so: impl Fn(&Page) -> bool) -> Duration {
        let begin = Instant::now();
        while !so(self) {
            if tokio::time::timeout(within.saturating_sub(begin.elapsed()), self.step()).await.is_err() {
                panic!("waited {within:?} for {what}; {} people, {} unknown", self.people.len(), self.unknown());
            }
        }
        begin.elapsed()
    }

    pub fn unknown(&self) -> usize {
        self.people.values().filter(|row| row.lobby == "unknown").count()
    }

    pub async fn admit(&mut self, word: &str, people: &[String]) {
        let press = serde_json::json!({ "type": "admit", "ref": word, "people": people, "scope": "selection" });
        self.browser.say(&press.to_string()).await;
    }
}
