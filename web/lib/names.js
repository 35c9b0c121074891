// Names of participants and meetings for announcements, messages and questions; never empty.

import { t } from "./i18n.js";
import { plain } from "./text.js";

/** Never empty. @param {import("../net/protocol.js").PersonRow} person */
export const nameOf = (person) => plain(person.name) || plain(person.address) || t("person_no_name");

/** @param {import("../net/protocol.js").PersonRow[]} people @returns {Map<string, string>} by id */
export const namesOf = (people) => new Map(people.map((person) => [person.id, nameOf(person)]));

/** Never empty. @param {import("../net/protocol.js").MeetingRow | undefined} meeting */
export const meetingNameOf = (meeting) => (meeting && plain(meeting.name)) || t("meeting_no_name");
