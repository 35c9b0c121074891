export { guard } from "lit/directives/guard.js";
export { live } from "lit/directives/live.js";
export { createRef, ref } from "lit/directives/ref.js";
export { repeat } from "lit/directives/repeat.js";
export type { TemplateResult } from "lit/html.js";
export { html, nothing, render, svg } from "lit/html.js";
