//! The end of an actor whose bridge left the configuration, or is followed by another one from now on. Writes no facts but of a PUT that
//! was under way.

use std::collections::{HashMap, HashSet};

use futures_util::StreamExt;

use super::Bridge;
use crate::clock::Now;
use crate::cms::ask::Ask;
use crate::cms::cluster::Command;
use crate::cms::following::NOT_FOLLOWED;
use crate::cms::queue::Lane;
use crate::model::ParticipantId;

impl Bridge {
    /// Hands on what was asked of it and not sent; what nobody takes is answered. A PUT that is under way keeps its
    /// answer: giving it up would leave open whether CMS carried it out.
    pub(in crate::cms) fn leave(mut self, hand_on: impl Fn(Command) -> Result<(), Command>) {
        let waiting: HashMap<Ask, Lane> = self.queue.take_all();
        let admits = std::mem::take(&mut self.admits);
        for (person, replies) in admits {
            match waiting.get(&Ask::Admit(person.clone())) {
                None => drop(self.admits.insert(person, replies)),
                Some(lane) => {
                    for reply in replies {
                        pass(&hand_on, Command::Admit { person: person.clone(), bulk: *lane == Lane::Bulk, reply });
                    }
                }
            }
        }
        for (person, replies) in self.looks.drain() {
            for reply in replies {
                pass(&hand_on, Command::Look { person: person.clone(), bulk: false, reply });
            }
        }
        for (person, replies) in self.locates.drain() {
            for reply in replies {
                pass(&hand_on, Command::Locate { person: person.clone(), reply });
            }
        }
        let tracker = self.tracker.clone();
        if !self.admits.is_empty() {
            tracker.spawn(self.see_admissions_out());
        }
    }

    async fn see_admissions_out(mut self) {
        while !self.admits.is_empty()
            && let Some((_, ask, _, result)) = self.in_flight.next().await
        {
            if let Ask::Admit(person) = ask {
                self.admitted(&person, result.map(drop), Now::read());
            }
        }
    }

    /// Whose admission still waits to be sent.
    pub(super) fn unsent_admissions(&self) -> HashSet<ParticipantId> {
        self.admits.keys().filter(|person| self.queue.has(&Ask::Admit((*person).clone()))).cloned().collect()
    }
}

fn pass(hand_on: &impl Fn(Command) -> Result<(), Command>, command: Command) {
    if let Err(command) = hand_on(command) {
        command.withhold(NOT_FOLLOWED);
    }
}
