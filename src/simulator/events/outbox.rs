//! Gathers the updates of one operation into one message per subscription; it decides no order between subscriptions.

use std::collections::HashMap;

use crate::simulator::id::Id;

use super::render;
use super::subscription::Target;
use crate::simulator::switches::{Switches, WaitingParticipant};
use crate::simulator::world::World;
use crate::simulator::world::change::roster_element as roster;

/// One entry of `updates`; it is rendered when the message is finished, so that it shows the newest state.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    Add(Id),
    Update(Id, u32),
    Remove(Id, &'static str),
}

/// The destination of a message and the elements that it may show.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watch {
    pub(crate) session: u64,
    pub(crate) index: i64,
    pub(crate) target: Target,
    pub(crate) elements: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    entries: Vec<(Watch, Vec<Item>)>,
    at: HashMap<(u64, i64), usize>,
}

impl Outbox {
    pub(crate) fn push(&mut self, watch: Watch, item: Item) {
        let at = *self.at.entry((watch.session, watch.index)).or_insert_with(|| {
            self.entries.push((watch, Vec::new()));
            self.entries.len() - 1
        });
        let items = &mut self.entries[at].1;
        if let (Some(Item::Update(last, seen)), Item::Update(id, more)) = (items.last_mut(), &item)
            && last == id
        {
            *seen |= more;
            return;
        }
        items.push(item);
    }

    /// The messages, in order of their first update.
    pub(crate) fn take(&mut self) -> Vec<(Watch, Vec<Item>)> {
        self.at.clear();
        std::mem::take(&mut self.entries)
    }
}

/// Renders the messages for these items, without `messageId`.
pub(crate) fn messages(world: &World, bridge: usize, watch: &Watch, items: &[Item], switches: &Switches) -> Vec<String> {
    let mut bodies = match watch.target {
        Target::Info(call) => info(world, bridge, call, watch, items, switches).into_iter().collect(),
        Target::Calls | Target::Roster(_) => list(world, bridge, watch, items, switches),
    };
    if switches.unknown_updates {
        bodies.insert(0, r#""type":"weatherUpdate","weather":[{"sky":"clear"}]}}"#.to_owned());
    }
    bodies
}

fn info(world: &World, bridge: usize, call: Id, watch: &Watch, items: &[Item], switches: &Switches) -> Option<String> {
    let meeting = world.meeting_of_call(bridge, call)?;
    let elements = items.iter().fold(0, |all, item| match item {
        Item::Update(_, elements) => all | elements,
        Item::Add(_) => u32::MAX,
        Item::Remove(..) => all,
    });
    let fields = render::call_elements(meeting, bridge, elements & watch.elements, switches);
    let fields = fields.strip_prefix(',').unwrap_or(&fields);
    let index = watch.index;
    Some(format!(r#""type":"callInfoUpdate","subscriptionIndex":{index},"callInfo":{{{fields}}}}}}}"#))
}

fn list(world: &World, bridge: usize, watch: &Watch, items: &[Item], switches: &Switches) -> Vec<String> {
    let (kind, key) = match watch.target {
        Target::Roster(_) => ("rosterUpdate", "participant"),
        _ => ("callListUpdate", "call"),
    };
    let (mut updates, mut early) = (Vec::with_capacity(items.len()), Vec::new());
    for item in items {
        let (id, update_type) = match item {
            Item::Add(id) => (id, if switches.lost_adds { "update" } else { "add" }),
            Item::Update(id, _) => (id, "update"),
            Item::Remove(id, _) => (id, "remove"),
        };
        if let Some(fields) = fields(world, bridge, watch, item, switches) {
            if switches.early_updates && matches!(item, Item::Add(_)) {
                early.push(format!(r#"{{"{key}":"{id}","updateType":"update"{fields}}}"#));
            }
            updates.push(format!(r#"{{"{key}":"{id}","updateType":"{update_type}"{fields}}}"#));
        }
    }
    if updates.is_empty() && !items.is_empty() {
        return Vec::new();
    }
    apply_disorder(&mut updates, key, switches);
    let size = if switches.initial_split > 0 && matches!(items.first(), Some(Item::Add(_))) {
        switches.initial_split
    } else {
        updates.len().max(1)
    };
    let index = watch.index;
    let extra = if switches.unknown_updates { r#","mood":{"level":[1,null]}"# } else { "" };
    let message = |updates: &[String]| {
        let updates = updates.join(",");
        format!(r#""type":"{kind}","subscriptionIndex":{index},"updates":[{updates}]{extra}}}}}"#)
    };
    if updates.is_empty() {
        return vec![message(&[])];
    }
    let early = early.chunks(early.len().max(1)).map(message);
    early.chain(updates.chunks(size).map(message)).collect()
}

/// `None` when the object no longer exists or no requested element has changed.
fn fields(world: &World, bridge: usize, watch: &Watch, item: &Item, switches: &Switches) -> Option<String> {
    let hint = if switches.lobby_hint { roster::LOBBY } else { 0 };
    // Where the switch gives waiting participants another `state`, a change of the lobby changes `state`.
    let revealed = |elements: u32| match switches.waiting_participant {
        WaitingParticipant::Connected => elements,
        _ if elements & roster::LOBBY == 0 => elements,
        _ => elements | roster::STATE,
    };
    let (id, elements) = match item {
        Item::Remove(_, reason) => return Some(format!(r#","reason":"{reason}""#)),
        Item::Add(id) => (id, watch.elements | hint),
        Item::Update(id, elements) => (id, revealed(*elements) & (watch.elements | hint)),
    };
    let fields = match watch.target {
        Target::Roster(_) => {
            let person = world.participants.get(id)?;
            let meeting = world.meetings.get(&person.meeting)?;
            render::roster_elements(world, meeting, person, elements, switches)
        }
        _ => render::call_elements(world.meeting_of_call(bridge, *id)?, bridge, elements, switches),
    };
    let says_nothing = fields.is_empty() && matches!(item, Item::Update(..));
    (!says_nothing).then_some(fields)
}

fn apply_disorder(updates: &mut Vec<String>, key: &str, switches: &Switches) {
    if switches.duplicate_updates {
        *updates = updates.iter().flat_map(|u| [u.clone(), u.clone()]).collect();
    }
    if switches.reorder_updates {
        updates.reverse();
    }
    if switches.unknown_updates {
        let nobody = Id::nil();
        updates.push(format!(r#"{{"{key}":"{nobody}","updateType":"shimmer","glow":3}}"#));
        updates.push(format!(r#"{{"{key}":"{nobody}","updateType":"update","glow":4}}"#));
    }
}
