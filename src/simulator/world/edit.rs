//! Plain settings of calls and participants (mutes, names, banner, recording), and the elements that they change.

use crate::simulator::id::Id;

use super::change::{Change, call_element as call_el, roster_element as el};
use super::model::{Banner, LegState, Meeting, Participant};
use super::{Refusal, World};

/// A change to one participant or its leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edit {
    RxAudioMute(bool),
    /// Mutes the second leg alone, which carries the presentation.
    SharingRxAudioMute(bool),
    TxAudioMute(bool),
    RxVideoMute(bool),
    TxVideoMute(bool),
    Layout(String),
    Importance(Option<i64>),
    Label(Option<String>),
    NeedsActivation(bool),
    Hold(bool),
}

/// A change to one call, seen on all its instances; a banner may stay on one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallEdit {
    Recording(bool),
    Streaming(bool),
    JoinAudioMute(Option<bool>),
    AllMuteSelf(bool),
    AllPresentation(bool),
    ActiveWhenEmpty(bool),
    BannerText(String),
    BannerPosition(String),
    BannerDuration(String),
}

impl World {
    pub(crate) fn edit(&mut self, participant: Id, edit: Edit) -> Result<(), Refusal> {
        let person = self.participants.get_mut(&participant).ok_or(Refusal::NoParticipant)?;
        let elements = apply(person, edit);
        if elements != 0 {
            self.roster_changed(participant, elements);
        }
        Ok(())
    }

    pub(crate) fn edit_call(&mut self, meeting: Id, edit: CallEdit, at: Option<usize>, now_ms: i64) -> Result<(), Refusal> {
        let found = self.meetings.get_mut(&meeting).ok_or(Refusal::NoCall)?;
        let elements = apply_to_call(found, edit, at, now_ms);
        if elements != 0 {
            self.emit(Change::CallChanged { meeting, elements, home: None });
        }
        Ok(())
    }

    pub(crate) fn set_presenter(&mut self, meeting: Id, presenter: Option<Id>) {
        let Some(found) = self.meetings.get_mut(&meeting) else {
            return;
        };
        let before = std::mem::replace(&mut found.presenter, presenter);
        for id in [before, presenter].into_iter().flatten() {
            self.roster_changed(id, el::PRESENTER);
        }
    }

    pub(crate) fn set_speaker(&mut self, meeting: Id, speaker: Option<Id>) {
        let Some(found) = self.meetings.get_mut(&meeting) else {
            return;
        };
        let before = std::mem::replace(&mut found.speaker, speaker);
        if before == speaker {
            return;
        }
        for id in [before, speaker].into_iter().flatten() {
            self.roster_changed(id, el::ACTIVE_SPEAKER);
        }
    }
}

fn set<T: PartialEq>(slot: &mut T, value: T, element: u32) -> u32 {
    if *slot == value {
        return 0;
    }
    *slot = value;
    element
}

fn apply(person: &mut Participant, edit: Edit) -> u32 {
    match edit {
        Edit::RxAudioMute(v) => set(&mut person.rx_audio_mute, v, el::AUDIO_MUTED),
        Edit::SharingRxAudioMute(v) => set(&mut person.sharing_rx_audio_mute, v, 0),
        Edit::TxAudioMute(v) => set(&mut person.tx_audio_mute, v, 0),
        Edit::RxVideoMute(v) => set(&mut person.rx_video_mute, v, el::VIDEO_MUTED),
        Edit::TxVideoMute(v) => set(&mut person.tx_video_mute, v, 0),
        Edit::Layout(v) => set(&mut person.layout, v, el::LAYOUT),
        Edit::Importance(v) => set(&mut person.importance, v, el::IMPORTANCE),
        Edit::Label(v) => set(&mut person.label, v, el::NAME),
        Edit::NeedsActivation(v) => set(&mut person.needs_activation, v, 0),
        Edit::Hold(v) if person.is_connected() => {
            let state = if v { LegState::OnHold } else { LegState::Connected };
            set(&mut person.state, state, el::STATE)
        }
        Edit::Hold(_) => 0,
    }
}

/// No event reports a banner.
fn apply_to_banner(call: &mut Meeting, at: Option<usize>, change: impl Fn(&mut Banner)) -> u32 {
    call.instances_mut(at).for_each(|instance| change(&mut instance.banner));
    0
}

fn apply_to_call(call: &mut Meeting, edit: CallEdit, at: Option<usize>, now_ms: i64) -> u32 {
    match edit {
        CallEdit::Recording(v) => set(&mut call.recording, v, call_el::RECORDING),
        CallEdit::Streaming(v) => set(&mut call.streaming, v, call_el::STREAMING),
        CallEdit::JoinAudioMute(v) => set(&mut call.join_audio_mute, v, call_el::JOIN_AUDIO_MUTE),
        CallEdit::AllMuteSelf(v) => set(&mut call.all_mute_self, v, 0),
        CallEdit::AllPresentation(v) => set(&mut call.all_presentation, v, 0),
        CallEdit::ActiveWhenEmpty(v) => set(&mut call.active_when_empty, v, 0),
        CallEdit::BannerText(v) => apply_to_banner(call, at, |banner| {
            banner.text.clone_from(&v);
            banner.set_ms = now_ms;
        }),
        CallEdit::BannerPosition(v) => apply_to_banner(call, at, |banner| banner.position.clone_from(&v)),
        CallEdit::BannerDuration(v) => apply_to_banner(call, at, |banner| {
            banner.duration.clone_from(&v);
            banner.set_ms = now_ms;
        }),
    }
}
