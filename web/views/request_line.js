// The text of a request's progress or result.

import { clockTimes } from "../lib/time.js";
import { requestText } from "./outcome_text.js";

const times = clockTimes(document.documentElement.lang || "en");

/** @param {import("../state/screen.js").Screen} screen @param {import("../net/action_requests.js").ActionRequest} request */
export const requestLine = (screen, request) =>
  requestText(request, screen.now, times.short, (result) => screen.about(result.person ?? ""));
