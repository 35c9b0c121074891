//! The end of an actor whose bridge left the configuration, or is followed by another one from now on. Writes no facts but of a PUT that
//! was under way.

use std::collections::HashMap;

use futures_util::StreamExt;

use super::Bridge;
use super::commands::Waiter;
use crate::clock::Now;
use crate::cms::cluster::Command;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Ask;
use crate::cms::supervisor::NOT_FOLLOWED;

impl Bridge {
    /// Hands on what was asked of it and not sent; what nobody takes is answered. A PUT that is under way keeps its
    /// answer: giving it up would leave open whether CMS carried it out.
    pub(in crate::cms) fn leave(mut self, hand_on: impl Fn(Command) -> Result<(), Command>) {
        let waiting: HashMap<Ask, Lane> = self.queue.take_all();
        for (ask, askers) in std::mem::take(&mut self.askers) {
            match (waiting.get(&ask), &ask) {
                (None, Ask::Change(_)) => drop(self.askers.insert(ask, askers)),
                (lane, _) => {
                    for Waiter { reply, .. } in askers {
                        pass(&hand_on, Command::Ask { ask: ask.clone(), bulk: lane == Some(&Lane::Bulk), reply });
                    }
                }
            }
        }
        for (person, lookers) in self.looks.drain() {
            for Waiter { reply, .. } in lookers {
                pass(&hand_on, Command::Look { person: person.clone(), bulk: false, reply });
            }
        }
        let tracker = self.tracker.clone();
        if !self.askers.is_empty() {
            tracker.spawn(self.see_changes_out());
        }
    }

    async fn see_changes_out(mut self) {
        while !self.askers.is_empty()
            && let Some((_, ask, sent, result)) = self.in_flight.next().await
        {
            if let (Ask::Change(change), Ok(_)) = (&ask, &result) {
                self.changed(change, Now::read());
            }
            for asker in self.take_askers(&ask, sent.instant) {
                asker.answer(result.clone());
            }
        }
    }
}

fn pass(hand_on: &impl Fn(Command) -> Result<(), Command>, command: Command) {
    if let Err(command) = hand_on(command) {
        command.withhold(NOT_FOLLOWED);
    }
}
