//! The settings of one display: its meetings, how much of names it shows, and its size and position. Pure.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::projection::{Audience, NameDetail, ViewFilter};

const MAX_NAME: usize = 60;
const MAX_VIEWS: usize = 8;
const MAX_THEMES: usize = 6;
/// Meetings or bridges of one view.
const MAX_CHOSEN: usize = 200;
const MAX_ID: usize = 300;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisplaySettings {
    pub name: Arc<str>,
    /// Where it hangs; may be empty.
    pub place: Arc<str>,
    /// The views that it shows in turn.
    pub views: Vec<DisplayView>,
    pub names: NameDetail,
    /// Whether it shows the titles of meetings.
    pub titles: bool,
    /// The distance from which it is read, in metres.
    pub distance_m: f64,
    /// The picture's diagonal, in inches.
    pub diagonal_in: f64,
    /// The themes and the times, by its own clock, from which they apply.
    pub themes: Vec<ThemeFrom>,
    /// The hours in which it is dimmed while nobody waits.
    pub dim: Option<Dim>,
    /// Whether it plays a sound for a wait that is too long.
    pub sound: bool,
    /// The code of a language, e.g. `de`.
    pub lang: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DisplayView {
    #[serde(flatten)]
    pub filter: ViewFilter,
    /// How long this view stays where there are several; seconds.
    pub seconds: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThemeFrom {
    pub from: TimeOfDay,
    pub theme: Theme,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    Dark,
    Light,
    Grey,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dim {
    pub from: TimeOfDay,
    pub to: TimeOfDay,
}

/// A time of day such as `07:30`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(String);

impl TryFrom<String> for TimeOfDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = |part: &str| part.parse::<u32>().ok().filter(|_| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()));
        match text.split_once(':').map(|(hour, minute)| (number(hour), number(minute))) {
            Some((Some(0..24), Some(0..60))) => Ok(Self(text)),
            _ => Err(format!("a time of day is {text:?}; allowed: 00:00 to 23:59")),
        }
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.0
    }
}

impl DisplaySettings {
    /// Refuses settings outside their limits. The reason says what came and what is allowed.
    pub fn check(&self) -> Result<(), String> {
        let text = |field: &str, text: &str, least: usize| match text.trim().chars().count() {
            n if (least..=MAX_NAME).contains(&n) && !text.chars().any(char::is_control) => Ok(()),
            n => Err(format!("{field} has {n} characters; allowed: {least} to {MAX_NAME}, in one line")),
        };
        let number = |field: &str, value: f64, least: f64, most: f64| {
            if (least..=most).contains(&value) { Ok(()) } else { Err(format!("{field} is {value}; allowed: {least} to {most}")) }
        };
        let count = |field: &str, n: usize, most: usize| {
            if (1..=most).contains(&n) { Ok(()) } else { Err(format!("{field} has {n} entries; allowed: 1 to {most}")) }
        };
        text("name", &self.name, 1)?;
        text("place", &self.place, 0)?;
        number("distance_m", self.distance_m, 1.0, 30.0)?;
        number("diagonal_in", self.diagonal_in, 10.0, 1000.0)?;
        count("views", self.views.len(), MAX_VIEWS)?;
        for view in &self.views {
            if !(5..=3600).contains(&view.seconds) {
                return Err(format!("seconds is {}; allowed: 5 to 3600", view.seconds));
            }
            let (chosen, texts): (usize, Vec<&Arc<str>>) = match &view.filter {
                ViewFilter::All => continue,
                ViewFilter::Meetings { meetings } => (meetings.len(), meetings.iter().flat_map(|each| [&each.id, &each.name]).collect()),
                ViewFilter::Bridges { bridges } => (bridges.len(), bridges.iter().collect()),
            };
            count("a view", chosen, MAX_CHOSEN)?;
            if let Some(text) = texts.into_iter().find(|text| text.len() > MAX_ID) {
                return Err(format!("an id or name in a view has {} bytes; allowed: up to {MAX_ID}", text.len()));
            }
        }
        count("themes", self.themes.len(), MAX_THEMES)?;
        if !(2..=8).contains(&self.lang.len()) || !self.lang.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-') {
            return Err(format!("lang is {:?}; allowed: the code of a language, such as en", self.lang));
        }
        Ok(())
    }

    /// The settings for the display's screens. Without the names by which meetings are found again: those may be addresses or people's
    /// names.
    pub fn for_screen(&self) -> Self {
        let mut settings = self.clone();
        for view in &mut settings.views {
            if let ViewFilter::Meetings { meetings } = &mut view.filter {
                for meeting in meetings {
                    meeting.name = Arc::default();
                }
            }
        }
        settings
    }

    /// The audience that this display belongs to.
    pub fn audience(&self) -> Audience {
        Audience { views: self.views.iter().map(|view| view.filter.clone()).collect(), names: self.names, titles: self.titles }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn sample(name: &str) -> DisplaySettings {
        serde_json::from_value(json!({
            "name": name, "place": "", "views": [{"what": "all", "seconds": 30}], "names": "short", "titles": true, "distance_m": 5.0,
            "diagonal_in": 55.0, "themes": [{"from": "00:00", "theme": "dark"}], "dim": null, "sound": false, "lang": "en"
        }))
        .expect("settings")
    }

    #[test]
    fn settings_survive_serialising() {
        let mut settings = serde_json::to_value(sample("North wall")).expect("JSON");
        settings["views"] = json!([
            {"what": "meetings", "meetings": [{"id": "m1", "name": "Board call"}], "seconds": 20},
            {"what": "bridges", "bridges": ["eu-1"], "seconds": 20}
        ]);
        settings["dim"] = json!({"from": "22:00", "to": "06:00"});
        let read: DisplaySettings = serde_json::from_value(settings.clone()).expect("settings");
        assert_eq!(read.check(), Ok(()));
        assert_eq!(serde_json::to_value(&read).expect("JSON"), settings);
    }

    #[rstest]
    #[case("name", json!(" "), "name has 0 characters")]
    #[case("place", json!("x".repeat(61)), "place has 61 characters")]
    #[case("views", json!([]), "views has 0 entries")]
    #[case("views", json!([{"what": "all", "seconds": 4}]), "seconds is 4")]
    #[case("views", json!([{"what": "bridges", "bridges": [], "seconds": 9}]), "a view has 0 entries")]
    #[case("views", json!([{"what": "bridges", "bridges": vec!["eu"; 201], "seconds": 9}]), "a view has 201 entries; allowed: 1 to 200")]
    #[case("distance_m", json!(0.5), "distance_m is 0.5; allowed: 1 to 30")]
    #[case("diagonal_in", json!(1e9), "diagonal_in is 1000000000; allowed: 10 to 1000")]
    #[case("themes", json!([]), "themes has 0 entries")]
    #[case("lang", json!("../x"), "lang is \"../x\"")]
    fn invalid_settings_are_refused_with_the_reason(#[case] field: &str, #[case] value: Value, #[case] reason: &str) {
        let mut settings = serde_json::to_value(sample("North wall")).expect("JSON");
        settings[field] = value;
        let read: DisplaySettings = serde_json::from_value(settings).expect("settings");
        let refused = read.check().expect_err("refused");
        assert!(refused.contains(reason), "{refused}");
    }

    #[rstest]
    #[case("7:00")]
    #[case("24:00")]
    #[case("07:60")]
    #[case("+7:00")]
    #[case("")]
    fn an_invalid_time_of_day_is_refused(#[case] text: &str) {
        assert!(TimeOfDay::try_from(text.to_owned()).is_err());
    }
}
