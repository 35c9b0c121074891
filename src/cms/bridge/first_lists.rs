//! What a subscription's first list does not show although it was there before. Reads no lobby.

use std::time::Instant;

use super::{Bridge, Due};
use crate::clock::Now;
use crate::cms::events::subscriptions::{SocketId, Topic};
use crate::cms::missed_events::Missing;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Ask;
use crate::model::{CallId, Participant, ParticipantId};

impl Bridge {
    /// Between the last reading and the beginning of a subscription somebody may have left, or a call ended: then it is not on the first
    /// list, and no event will ever tell. A list that is late costs a request each, no more.
    pub(super) fn compare_first_lists(&mut self, socket: SocketId, now: Now) {
        let begun = self.sockets.get_mut(&socket).map(|entry| std::mem::take(&mut entry.begun)).unwrap_or_default();
        for (topic, since) in begun {
            match topic {
                Topic::Calls => self.ask_for_untold_calls(since),
                // Everybody is being read anyway, and who is missing is asked for at the end.
                Topic::Roster(call) if self.calls.get(&call).is_some_and(|work| work.reading.is_some() || work.stale) => {
                    let entry = self.sockets.entry(socket).or_default();
                    entry.begun.push((Topic::Roster(call), since));
                }
                Topic::Roster(call) => self.ask_for_untold_people(&call, since),
            }
        }
        if self.sockets.get(&socket).is_some_and(|entry| !entry.begun.is_empty()) {
            self.timers.sooner(Due::FirstList(socket), now.instant + self.timing.second_look);
        }
    }

    fn ask_for_untold_calls(&mut self, since: Instant) {
        let untold = self.calls.iter().filter(|(_, work)| work.told.is_none_or(|at| at < since));
        let untold: Vec<CallId> = untold.map(|(call, _)| call.clone()).collect();
        for call in untold {
            self.repairs.left_out(Missing::Call(call.clone()));
            self.ask(Lane::Suspected, Ask::Call(call));
        }
    }

    fn ask_for_untold_people(&mut self, call: &CallId, since: Instant) {
        let key = self.key(call);
        let told = |person: &Participant| person.listings.iter().find(|listing| listing.key == key).map(|listing| listing.at);
        let untold = |person: &ParticipantId| self.store.with_person(person, told).flatten().is_some_and(|at| at < since);
        let roster = self.store.with_call(&key, |call| call.roster.clone()).unwrap_or_default();
        let untold: Vec<ParticipantId> = roster.into_iter().filter(untold).collect();
        for person in untold {
            self.repairs.left_out(Missing::Person(person.clone()));
            self.ask(Lane::Suspected, Ask::Person(person));
        }
    }
}
