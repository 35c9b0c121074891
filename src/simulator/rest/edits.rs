//! Form parameters shared by legs and bulk changes of participants: mutes, layout, importance, label.

use super::request::{BadParameter, Request};
use crate::simulator::world::edit::Edit;

/// Maximum length of a label in bytes of UTF-8 (rest.md 3.7).
const MAX_LABEL_BYTES: usize = 50;

/// Layouts of rest.md and events.md 5.3.
const LAYOUTS: [&str; 13] = [
    "allEqual",
    "speakerOnly",
    "telepresence",
    "stacked",
    "allEqualQuarters",
    "allEqualNinths",
    "allEqualSixteenths",
    "allEqualTwentyFifths",
    "onePlusFive",
    "onePlusSeven",
    "onePlusNine",
    "automatic",
    "onePlusN",
];

/// A parameter and the edit that it makes.
type MuteParameter = (&'static str, fn(bool) -> Edit);

pub(crate) fn mutes_and_layout(request: &Request, layout: &'static str) -> Result<Vec<Edit>, BadParameter> {
    let mut edits = Vec::new();
    let mutes: [MuteParameter; 4] = [
        ("rxAudioMute", Edit::RxAudioMute),
        ("txAudioMute", Edit::TxAudioMute),
        ("rxVideoMute", Edit::RxVideoMute),
        ("txVideoMute", Edit::TxVideoMute),
    ];
    for (name, edit) in mutes {
        edits.extend(request.boolean(name)?.map(edit));
    }
    match request.value(layout) {
        None => {}
        Some("") => edits.push(Edit::Layout("allEqual".to_owned())),
        Some(given) if LAYOUTS.contains(&given) => edits.push(Edit::Layout(given.to_owned())),
        Some(_) => return Err(BadParameter(layout)),
    }
    Ok(edits)
}

/// An empty value clears the importance (rest.md 5).
pub(crate) fn importance(request: &Request) -> Result<Option<Edit>, BadParameter> {
    match request.value("importance") {
        None => Ok(None),
        Some("") => Ok(Some(Edit::Importance(None))),
        Some(text) => match text.parse() {
            Ok(n) => Ok(Some(Edit::Importance(Some(n)))),
            Err(_) => Err(BadParameter("importance")),
        },
    }
}

/// An empty value restores the name (rest.md 5).
pub(crate) fn label(request: &Request) -> Result<Option<Edit>, BadParameter> {
    match request.value("nameLabelOverride") {
        None => Ok(None),
        Some("") => Ok(Some(Edit::Label(None))),
        Some(text) if text.len() <= MAX_LABEL_BYTES => Ok(Some(Edit::Label(Some(text.to_owned())))),
        Some(_) => Err(BadParameter("nameLabelOverride")),
    }
}
