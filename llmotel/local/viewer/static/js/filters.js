// Which calls a page is about: the parameters of the API, in the address bar under the same names.
import { place } from "./router.js";
import { duration, money, number, score, shortTime } from "./format.js";

/** What can be equal to a value, in the order in which it is offered. @type {Record<string, string>} */
export const FIELDS = {
  model: "Model",
  provider: "Provider",
  operation: "Operation",
  outcome: "Outcome",
  feature: "Feature",
  agent: "Agent",
  tool: "Tool",
  service: "Service",
  user: "User",
  session: "Session",
  conversation: "Conversation",
  tenant: "Tenant",
  error_type: "Error",
  prompt: "Prompt",
  prompt_version: "Prompt version",
  finish_reason: "Finish reason",
  environment: "Environment",
  source: "Sender",
  kind: "Kind",
  trace_id: "Trace",
};

/** What has a lowest and a highest value. @type {Record<string, {title: string, show: (value: any) => string, unit: string}>} */
export const BOUNDS = {
  duration: { title: "Duration", show: duration, unit: "seconds" },
  ttft: { title: "Time to first token", show: duration, unit: "seconds" },
  cost: { title: "Cost", show: money, unit: "US dollars" },
  tokens: { title: "Tokens", show: number, unit: "tokens" },
  input_tokens: { title: "Input tokens", show: number, unit: "tokens" },
  output_tokens: { title: "Output tokens", show: number, unit: "tokens" },
  grounding: { title: "Grounding", show: score, unit: "0 to 1" },
  quality: { title: "Quality", show: score, unit: "0 to 1" },
};

const OTHER = ["q", "priced"];
const RANGE = ["since", "from", "to"];
export const RANGES = [
  ["", "All time"],
  ["15m", "Last 15 minutes"],
  ["1h", "Last hour"],
  ["6h", "Last 6 hours"],
  ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
];

/** @param {string} name */
export function isFilter(name) {
  const bare = name.startsWith("not.") ? name.slice(4) : name;
  return bare in FIELDS || OTHER.includes(name) || /^(min|max)_/.test(name) && name.slice(4) in BOUNDS;
}

/** The parameters of the address that the API takes as filters, time range included. @param {URLSearchParams} query @param {string} [since] */
export function filters(query, since) {
  const kept = new URLSearchParams();
  for (const [name, value] of query) if (isFilter(name) || RANGE.includes(name)) kept.append(name, value);
  if (since && !RANGE.some((name) => kept.has(name))) kept.set("since", since);
  return kept;
}

/** What links to another page take with them. */
export function carried() {
  const kept = filters(place.value.query);
  kept.delete("trace_id");
  kept.delete("kind");
  return kept;
}

/**
 * The filters as a reader would say them, each with the parameters that it is made of.
 * @param {URLSearchParams} query
 * @returns {{name: string, value: string, title: string, text: string}[]}
 */
export function spoken(query) {
  const found = [];
  for (const [name, value] of query) {
    if (!isFilter(name) || name === "q") continue;
    if (name.startsWith("not.")) {
      found.push({ name, value, title: `${FIELDS[name.slice(4)]} is not`, text: value || "none" });
    } else if (name in FIELDS) {
      found.push({ name, value, title: FIELDS[name], text: value || "none" });
    } else if (name === "priced") {
      found.push({ name, value, title: "Price", text: value === "true" ? "known" : "unknown" });
    } else {
      const bound = BOUNDS[name.slice(4)];
      const sign = name.startsWith("min") ? "≥" : "≤";
      found.push({ name, value, title: `${bound.title} ${sign}`, text: bound.show(Number(value)) });
    }
  }
  return found;
}

/** @param {URLSearchParams} query @param {string} [since] */
export function rangeText(query, since = "") {
  const from = query.get("from");
  const to = query.get("to");
  if (from || to) return `${from ? shortTime(from) : "start"} – ${to ? shortTime(to) : "now"}`;
  const chosen = query.get("since") ?? since;
  return RANGES.find(([value]) => value === chosen)?.[1] ?? `Since ${chosen}`;
}
