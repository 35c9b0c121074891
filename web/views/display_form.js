// The form of a display: its views, names, size, themes, sound and language.

import { t } from "../lib/i18n.js";
import { fold } from "../lib/text.js";
import { dateTimes } from "../lib/time.js";
import {
  chooseMeeting,
  isChosen,
  LANGUAGES,
  MOST,
  meetingsToChoose,
  moveUp,
  NAMES,
  newTheme,
  newView,
  THEMES,
  VIEW_KINDS,
  withOrWithout,
} from "../state/display_draft.js";
import { html, live, nothing, repeat } from "../vendor/lit.js";
import { wallAddress } from "./displays_page.js";
import { icon } from "./icons.js";

/**
 * @typedef {{
 *   base: string,
 *   renderer: import("../ui/renderer.js").Renderer,
 *   roster: import("../state/roster.js").Roster,
 * }} Parts
 */

/**
 * @typedef {import("../state/display_draft.js").Draft} Draft
 * @typedef {import("../state/display_draft.js").Form} Form
 * @typedef {import("../state/display_draft.js").FormView} FormView
 */

/** Lists with so many entries have a search field. */
const MANY = 12;

/** The whole form. */
export class DisplayForm {
  /** @param {Parts} parts @param {Draft} draft */
  constructor(parts, draft) {
    this.parts = parts;
    this.draft = draft;
    this.form = draft.form;
  }

  whole() {
    const { draft, form, parts } = this;
    return html`<div class="display-form">
      ${draft.kind === "pair" ? html`<p>${t("displays.pair.how", { address: wallAddress(parts.base) })}</p>` : nothing}
      ${draft.kind === "link" ? html`<p>${t("displays.link.how")}</p>` : nothing}
      ${draft.kind === "pair" ? this.#code() : nothing}
      <div class="two">${this.#text("name", draft.kind !== "pair")} ${this.#text("place")}</div>
      ${this.#views()}
      ${this.#names()}
      ${this.#tick("titles", t("displays.titles"), t("displays.titles_why"))}
      <fieldset class="plain-set"><legend>${t("displays.size_label")}</legend>
        <div class="two">${this.#text("distance")} ${this.#text("diagonal")}</div>
        <p class="quiet">${t("displays.size_why")}</p></fieldset>
      ${this.#themes()} ${this.#dim()}
      ${this.#tick("sound", t("displays.sound"), t("displays.sound_why"))}
      <div class="field"><label for="display-lang">${t("displays.lang")}</label>
        ${choice({
          id: "display-lang",
          value: form.lang,
          options: LANGUAGES.map((code) => [code, nameOfLanguage(code)]),
          set: (lang) => this.#set({ lang }),
        })}</div>
      ${
        draft.row
          ? html`<p class="quiet">${t("displays.created", { by: draft.row.created_by, at: dates.day(draft.row.created) })}</p>`
          : nothing
      }
      <p class="refusal grave" role="alert">${draft.refusal && !draft.badCode ? html`${icon("warning")} ${draft.refusal}` : nothing}</p>
    </div>`;
  }

  /** @param {Partial<Form>} what */
  #set(what) {
    Object.assign(this.form, what);
    this.parts.renderer.draw();
  }

  /** @param {FormView} view @param {Partial<FormView>} what */
  #setView(view, what) {
    Object.assign(view, what);
    this.parts.renderer.draw();
  }

  /** The clicked button has moved or is gone: moves the focus to the next one. @param {string} id */
  #goTo(id) {
    document.getElementById(`display-${id}`)?.focus();
  }

  #code() {
    const typed = (/** @type {InputEvent} */ event) => {
      this.draft.typeCode(typedIn(event));
      this.parts.renderer.draw();
    };
    return html`<div class="field code"><label for="display-code">${t("displays.code")}</label>
      <input id="display-code" type="text" autocomplete="off" autocapitalize="characters" spellcheck="false" dir="ltr"
        .value=${live(this.draft.code)} aria-describedby="display-code-fault"
        aria-invalid=${this.draft.fault("code") ? "true" : nothing} @input=${typed} autofocus />
      ${this.#fault("code")}</div>`;
  }

  /** @param {"name" | "place" | "distance" | "diagonal"} field @param {boolean} [first] */
  #text(field, first = false) {
    const number = field === "distance" || field === "diagonal";
    return html`<div class="field"><label for="display-${field}">${t(`displays.field.${field}`)}</label>
      <input id="display-${field}" type="text" autocomplete="off" dir="auto" inputmode=${number ? "decimal" : nothing}
        class=${number ? "short" : ""} .value=${live(this.form[field])}
        aria-describedby="display-${field}-fault" aria-invalid=${this.draft.fault(field) ? "true" : nothing} ?autofocus=${first}
        @input=${(/** @type {InputEvent} */ event) => this.#set({ [field]: typedIn(event) })} />
      ${this.#fault(field)}</div>`;
  }

  /** A field's fault, below it. @param {string} field */
  #fault(field) {
    const words = this.draft.fault(field);
    return html`<span class="fault grave" id="display-${field}-fault">${words ? html`${icon("warning")} ${words}` : nothing}</span>`;
  }

  /** @param {"titles" | "sound" | "dims"} name @param {string} label @param {string} why */
  #tick(name, label, why) {
    return html`<div class="tick-field"><label class="tick-line"><input id="display-${name}" type="checkbox"
      .checked=${live(this.form[name])} aria-describedby="display-${name}-why"
      @change=${() => this.#set({ [name]: !this.form[name] })} /><span>${label}</span></label><p class="quiet"
        id="display-${name}-why">${why}</p></div>`;
  }

  // The views of the display.

  #views() {
    const { views } = this.form;
    const add = () => {
      const view = newView();
      this.#set({ views: [...views, view] });
      this.#goTo(`what-${view.key}`);
    };
    return html`<fieldset class="plain-set views"><legend>${t("displays.views_label")}</legend>
      ${repeat(
        views,
        (view) => view.key,
        (view, at) => this.#view(view, at),
      )}
      ${
        views.length < MOST.views
          ? html`<button class="quiet-button" id="display-add-view" type="button" data-action="add-view"
            @click=${add}>${t("displays.add_view")}</button>`
          : nothing
      }
      ${views.length > 1 ? html`<p class="quiet">${t("displays.turns_why")}</p>` : nothing}
    </fieldset>`;
  }

  /** @param {FormView} view @param {number} at */
  #view(view, at) {
    const { views } = this.form;
    const [n, several] = [at + 1, views.length > 1];
    const what = html`<label class="unseen" for="display-what-${view.key}">${t("displays.view_n", { n })}</label>
      ${choice({
        id: `display-what-${view.key}`,
        value: view.what,
        options: VIEW_KINDS.map((each) => [each, t(`displays.what.${each}`)]),
        set: (value) => this.#setView(view, { what: VIEW_KINDS.find((each) => each === value) ?? "all" }),
      })}`;
    return html`<div class="one-view" role=${several ? "group" : nothing} aria-label=${several ? t("displays.view_n", { n }) : nothing}>
      <div class="beside">${what} ${several ? this.#turn(view, n) : nothing}</div>
      ${several ? this.#fault(`seconds-${view.key}`) : nothing}
      ${view.what === "meetings" ? this.#meetings(view) : view.what === "bridges" ? this.#bridges(view) : nothing}
    </div>`;
  }

  /** How long one of several views is shown, and its place among them. @param {FormView} view @param {number} n */
  #turn(view, n) {
    const { views } = this.form;
    const up = () => {
      this.#set({ views: moveUp(views, view) });
      this.#goTo(`what-${view.key}`);
    };
    const away = () => {
      this.#set({ views: withOrWithout(views, view, false) });
      this.#goTo("add-view");
    };
    return html`<label class="unit"><input class="short" id="display-seconds-${view.key}" type="text" inputmode="numeric"
      autocomplete="off" .value=${live(view.seconds)}
        aria-label=${t("displays.seconds_label", { n })} aria-describedby="display-seconds-${view.key}-fault" aria-invalid=${
          this.draft.fault(`seconds-${view.key}`) ? "true" : nothing
        }
        @input=${(/** @type {InputEvent} */ event) => this.#setView(view, { seconds: typedIn(event) })} /><span
          aria-hidden="true">${t("displays.seconds_unit")}</span></label>
      <button class="icon-button" type="button" ?disabled=${n === 1} aria-label=${t("displays.sooner", { n })}
        title=${t("displays.sooner", { n })} @click=${up}>${icon("up")}</button>
      <button class="icon-button" type="button" aria-label=${t("displays.remove_view", { n })}
        title=${t("displays.remove_view", { n })} @click=${away}>${icon("close")}</button>`;
  }

  /** @param {FormView} view */
  #meetings(view) {
    const running = [...this.parts.roster.meetings.values()].map(({ id, name }) => ({ id, name }));
    const all = meetingsToChoose(running, view.meetings);
    const wanted = fold(view.find);
    const found = all.filter((each) => fold(each.name).includes(wanted));
    const lines = found.map(({ id, name, runs }) =>
      ticked(
        html`<bdi>${name || t("meeting_no_name")}</bdi>${runs ? nothing : html` <span class="quiet">${t("displays.not_running")}</span>`}`,
        isChosen(view.meetings, { id, name }),
        (on) => this.#setView(view, { meetings: chooseMeeting(view.meetings, { id, name }, on) }),
      ),
    );
    const find = html`<input type="search" autocomplete="off" dir="auto" aria-label=${t("displays.find")}
      placeholder=${t("displays.find")} .value=${live(view.find)}
      @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && event.preventDefault()}
      @input=${(/** @type {InputEvent} */ event) => this.#setView(view, { find: typedIn(event) })} />`;
    return this.#chooser(view, t("displays.meetings_why"), {
      find: all.length >= MANY || view.find ? find : nothing,
      lines,
      none: t(all.length > 0 ? "no_meeting_matches" : "no_meetings"),
    });
  }

  /** @param {FormView} view */
  #bridges(view) {
    const all = [...new Set([...this.parts.roster.bridges.keys(), ...view.bridges])].sort();
    const lines = all.map((id) =>
      ticked(html`<bdi>${id}</bdi>`, view.bridges.includes(id), (on) =>
        this.#setView(view, { bridges: withOrWithout(view.bridges, id, on) }),
      ),
    );
    return this.#chooser(view, t("displays.bridges_why"), { find: nothing, lines, none: "" });
  }

  /** @param {FormView} view @param {string} why @param {{ find: unknown, lines: unknown[], none: string }} what */
  #chooser(view, why, { find, lines, none }) {
    const id = `display-chosen-${view.key}`;
    return html`<fieldset class="plain-set chooser" id=${id} tabindex="-1" aria-describedby="${id}-fault"><legend
      class="unseen">${t(`displays.what.${view.what}`)}</legend>
      ${find}
      <div class="choices" data-of=${view.what}>${lines}</div>
      ${lines.length === 0 ? html`<p class="quiet">${none}</p>` : nothing}
      ${this.#fault(`chosen-${view.key}`)} <p class="quiet">${why}</p></fieldset>`;
  }

  // How the display looks.

  #names() {
    return html`<fieldset class="plain-set names"><legend>${t("displays.names")}</legend>
      ${NAMES.map(
        (
          each,
        ) => html`<label class="named"><input type="radio" name="names" value=${each} .checked=${live(this.form.names === each)}
          @change=${() => this.#set({ names: each })} />
          <span>${t(`displays.names.${each}`)} <span class="quiet">${t(`displays.names.${each}.why`)}</span></span></label>`,
      )}
      <p class="quiet">${t("displays.names_why")}</p></fieldset>`;
  }

  #themes() {
    const { themes } = this.form;
    const add = () => {
      const theme = newTheme();
      this.#set({ themes: [...themes, theme] });
      this.#goTo(`theme-${theme.key}`);
    };
    const away = (/** @type {typeof themes[0]} */ theme) => {
      this.#set({ themes: withOrWithout(themes, theme, false) });
      this.#goTo("add-theme");
    };
    return html`<fieldset class="plain-set"><legend>${t("displays.themes")}</legend>
      ${repeat(
        themes,
        (theme) => theme.key,
        (theme, at) => html`<div class="one-theme"><div class="beside">
          ${this.#time(`theme-${theme.key}`, t("displays.theme_from", { n: at + 1 }), theme.from, (from) => this.#change(theme, { from }))}
          ${choice({
            id: `display-theme-${theme.key}-what`,
            label: t("displays.theme_n", { n: at + 1 }),
            value: theme.theme,
            options: THEMES.map((each) => [each, t(`displays.theme.${each}`)]),
            set: (value) => this.#change(theme, { theme: THEMES.find((each) => each === value) ?? "dark" }),
          })}
          ${
            themes.length > 1
              ? html`<button class="icon-button" type="button" aria-label=${t("displays.remove_theme", { n: at + 1 })}
                title=${t("displays.remove_theme", { n: at + 1 })} @click=${() => away(theme)}>${icon("close")}</button>`
              : nothing
          }</div>
          ${this.#fault(`theme-${theme.key}`)}</div>`,
      )}
      ${
        themes.length < MOST.themes
          ? html`<button class="quiet-button" id="display-add-theme" type="button" data-action="add-theme"
            @click=${add}>${t("displays.add_theme")}</button>`
          : nothing
      }
      <p class="quiet">${t("displays.themes_why")}</p></fieldset>`;
  }

  /** @param {import("../state/display_draft.js").FormTheme} theme @param {Partial<import("../state/display_draft.js").FormTheme>} what */
  #change(theme, what) {
    Object.assign(theme, what);
    this.parts.renderer.draw();
  }

  #dim() {
    const { form } = this;
    const field = (
      /** @type {"dim_from" | "dim_to"} */ name,
    ) => html`<label class="unit"><span aria-hidden="true">${t(`displays.field.${name}`)}</span>
      ${this.#time(name, t(`displays.field.${name}`), form[name], (value) => this.#set({ [name]: value }))}</label>`;
    return html`<fieldset class="plain-set"><legend>${t("displays.dim")}</legend>
      ${this.#tick("dims", t("displays.dims"), t("displays.dim_why"))}
      ${
        form.dims
          ? html`<div class="beside">${field("dim_from")} ${field("dim_to")}</div>${this.#fault("dim_from")} ${this.#fault("dim_to")}`
          : nothing
      }</fieldset>`;
  }

  /** @param {string} field @param {string} label @param {string} value @param {(value: string) => void} set */
  #time(field, label, value, set) {
    return html`<input class="short" id="display-${field}" type="time" aria-label=${label} .value=${live(value)}
      aria-describedby="display-${field}-fault"
      aria-invalid=${this.draft.fault(field) ? "true" : nothing} @input=${(/** @type {InputEvent} */ event) => set(typedIn(event))} />`;
  }
}

const dates = dateTimes(document.documentElement.lang || "en");

/** A language's own name, with a capital. @param {string} code */
function nameOfLanguage(code) {
  const name = new Intl.DisplayNames([code], { type: "language" }).of(code) ?? code;
  return name.charAt(0).toLocaleUpperCase(code) + name.slice(1);
}

/** @param {Event} event */
const typedIn = (event) => /** @type {HTMLInputElement} */ (event.target).value;

/** @param {{ id: string, value: string, options: readonly (readonly [string, string])[], set: (value: string) => void, label?: string }} what */
const choice = ({ id, value, options, set, label }) =>
  html`<select id=${id} aria-label=${label ?? nothing} @change=${(/** @type {Event} */ event) => set(typedIn(event))}>
    ${options.map(([each, text]) => html`<option value=${each} .selected=${live(value === each)}>${text}</option>`)}</select>`;

/** @param {unknown} text @param {boolean} on @param {(on: boolean) => void} set */
const ticked = (text, on, set) =>
  html`<label class="tick-line"><input type="checkbox" .checked=${live(on)} @change=${() => set(!on)} /><span>${text}</span></label>`;
