//! The messages that ask for an action: their fields on the wire, their limits, and the [`Action`] that each of them means. Decides nothing.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;

use super::field_checks::{MAX_CLAIMS, MAX_PEOPLE, check_ids, check_seconds, check_text};
use crate::model::wire_name::to_wire;
use crate::model::{Action, Scope, Target};

/// Bytes: the longest name label that CMS takes (rest.md section 5).
const MAX_LABEL: usize = 50;
/// Characters of a banner.
const MAX_BANNER: usize = 200;

/// A request for an action, whichever message it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionMessage {
    /// The browser's own reference of the request, which the replies repeat.
    pub r#ref: String,
    pub action: Action,
    /// Each target once.
    pub targets: Vec<Target>,
    pub scope: Scope,
    /// Ids of claims that the moderator chose to override.
    pub over: Vec<Arc<str>>,
    /// The moderator means held participants too; only for admissions.
    pub held: bool,
}

/// The messages as they are on the wire.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum WireMessage {
    Admit(PeopleFields),
    SendBack(PeopleFields),
    Remove(PeopleFields),
    Mute {
        r#ref: String,
        people: Vec<Arc<str>>,
        on: bool,
        scope: Scope,
        #[serde(default)]
        over: Vec<Arc<str>>,
    },
    Rename {
        r#ref: String,
        person: Arc<str>,
        label: Arc<str>,
        #[serde(default)]
        over: Vec<Arc<str>>,
    },
    Lock {
        r#ref: String,
        meeting: Arc<str>,
        on: bool,
        #[serde(default)]
        over: Vec<Arc<str>>,
    },
    Message {
        r#ref: String,
        meeting: Arc<str>,
        text: Arc<str>,
        seconds: Option<u32>,
        #[serde(default)]
        over: Vec<Arc<str>>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeopleFields {
    r#ref: String,
    people: Vec<Arc<str>>,
    scope: Scope,
    #[serde(default)]
    over: Vec<Arc<str>>,
    #[serde(default)]
    held: bool,
}

impl ActionMessage {
    /// Reads a message whose `type` names an action. The reference is checked by the caller.
    pub(super) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        Ok(match serde_json::from_str(text)? {
            WireMessage::Admit(fields) => Self::for_people(Action::Admit, fields),
            WireMessage::SendBack(fields) => Self::for_people(Action::SendBack, fields),
            WireMessage::Remove(fields) => Self::for_people(Action::Remove, fields),
            WireMessage::Mute { r#ref, people, on, scope, over } => {
                Self::for_people(Action::Mute(on), PeopleFields { r#ref, people, scope, over, held: false })
            }
            WireMessage::Rename { r#ref, person, label, over } => {
                Self::for_one(Action::Rename(label), r#ref, Target::Person(person), Scope::Person, over)
            }
            WireMessage::Lock { r#ref, meeting, on, over } => {
                Self::for_one(Action::Lock(on), r#ref, Target::Meeting(meeting), Scope::Meeting, over)
            }
            WireMessage::Message { r#ref, meeting, text, seconds, over } => {
                Self::for_one(Action::Message { text, seconds }, r#ref, Target::Meeting(meeting), Scope::Meeting, over)
            }
        })
    }

    fn for_people(action: Action, PeopleFields { r#ref, people, scope, over, held }: PeopleFields) -> Self {
        Self { r#ref, action, targets: people.into_iter().map(Target::Person).collect(), scope, over, held }
    }

    fn for_one(action: Action, r#ref: String, target: Target, scope: Scope, over: Vec<Arc<str>>) -> Self {
        Self { r#ref, action, targets: vec![target], scope, over, held: false }
    }

    /// Refuses a message beyond a limit, and removes duplicate targets.
    pub(super) fn validate(&mut self) -> Result<(), String> {
        if self.held && self.action != Action::Admit {
            return Err("held goes with admit only".into());
        }
        check_ids(self.targets_field(), self.targets.iter().map(|(Target::Person(id) | Target::Meeting(id))| id), 1..=MAX_PEOPLE)?;
        check_ids("over", &self.over, 0..=MAX_CLAIMS)?;
        let mut seen = HashSet::with_capacity(self.targets.len());
        self.targets.retain(|target| seen.insert(target.clone()));
        match &self.action {
            Action::Rename(label) => check_text("label", label, label.len(), MAX_LABEL, "bytes")?,
            Action::Message { text, seconds } => {
                check_text("text", text, text.chars().count(), MAX_BANNER, "characters")?;
                check_seconds("seconds", *seconds)?;
            }
            _ => {}
        }
        if !self.scope_fits() {
            return Err(format!("scope {} does not go with this action", to_wire(&self.scope)));
        }
        Ok(())
    }

    fn targets_field(&self) -> &'static str {
        match &self.action {
            Action::Rename(_) => "person",
            action if action.kind().is_for_meetings() => "meeting",
            _ => "people",
        }
    }

    /// "Take next" admits, and an undo sends back.
    fn scope_fits(&self) -> bool {
        match self.scope {
            Scope::Next => self.action == Action::Admit,
            Scope::Undo => self.action == Action::SendBack,
            Scope::Person | Scope::Selection | Scope::Meeting | Scope::Shown => true,
        }
    }
}
