// Draws the page: at most once per frame, and never while a button is held down. Knows nothing of what is drawn.

import { render } from "../vendor/lit.js";

/**
 * @typedef {object} Stages
 * @property {() => boolean} mayDraw whether nothing is held down
 * @property {() => () => void} before brings the state up to date; returns what to do after the drawing
 * @property {() => unknown} template of the whole page
 * @property {() => boolean} place puts drawn rows in their places; says whether rows came into view that aren't drawn
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
