// Draws the page: at most once per frame, and never while a mouse button is held down. Knows nothing about its content.

import { render } from "../vendor/lit.js";

/**
 * @typedef {object} Stages
 * @property {() => boolean} mayDraw whether no mouse button is held down
 * @property {() => () => void} before updates the state; returns what to do after the drawing
 * @property {() => unknown} template of the whole page
 * @property {() => boolean} place moves the drawn rows to their places; returns whether some rows in view are not drawn
 */

export class Renderer {
  /** @param {HTMLElement} root @param {Stages} stages */
  constructor(root, stages) {
    this.root = root;
    this.stages = stages;
    this.frameAsked = false;
    this.changed = () => this.#schedule();
    this.draw = () => this.#draw();
  }

  /** Draws with the next frame. */
  #schedule() {
    if (this.frameAsked || document.hidden) return;
    this.frameAsked = true;
    requestAnimationFrame(() => {
      this.frameAsked = false;
      if (this.stages.mayDraw()) this.#draw();
    });
  }

  /** Draws now. */
  #draw() {
    const { before, template, place } = this.stages;
    const after = before();
    render(template(), this.root);
    if (place()) {
      render(template(), this.root);
      place();
    }
    after();
  }
}
