// The actions on participants: the protocol's message for each, and what the page has to know about it. No behaviour.

/**
 * @typedef {object} Traits
 * @property {{ type: string } & Record<string, unknown>} message the protocol's message, without its targets
 * @property {"waiting" | "in" | "any"} place where the participant must be
 * @property {boolean} [grave] it interrupts the participant: the page always asks first, and the button looks dangerous
 * @property {boolean} [askMany] the page asks first for more than one participant
 * @property {boolean} [explained] the question says why it asks (`ask_why.*`)
 * @property {boolean} [plain] Enter confirms the question
 * @property {boolean} [own] Usher does it without a bridge
 */

/** @satisfies {Record<string, Traits>} */
const PERSON_ACTIONS = {
  admit: { message: { type: "admit" }, place: "waiting", plain: true },
  send_back: { message: { type: "send_back" }, place: "in", grave: true, explained: true },
  remove: { message: { type: "remove" }, place: "any", grave: true, explained: true },
  mute: { message: { type: "mute", on: true }, place: "in", plain: true },
  unmute: { message: { type: "mute", on: false }, place: "in", askMany: true, explained: true },
  rename: { message: { type: "rename" }, place: "any" },
  hold: { message: { type: "hold", on: true }, place: "waiting", own: true },
  unhold: { message: { type: "hold", on: false, reason: "", remind_s: null }, place: "any", own: true, plain: true },
};

/**
 * @typedef {keyof typeof PERSON_ACTIONS} PersonAction
 * @typedef {Exclude<PersonAction, "rename" | "hold">} PlainAction  an action without a text
 * @typedef {Exclude<PersonAction, "hold" | "unhold">} CmsAction  an action done by CMS
 */

/** @param {PersonAction} action @returns {Traits} */
export const traitsOf = (action) => PERSON_ACTIONS[action];
