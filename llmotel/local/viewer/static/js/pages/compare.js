// Two of anything beside each other.
import { html, useMemo } from "../ui.js";
import { useData } from "../api.js";
import { filters } from "../filters.js";
import { change, duration, label, money, unit as inUnit } from "../format.js";
import { link, place, setQuery } from "../router.js";
import { Empty, Loaded } from "../parts/basics.js";
import { Chips, RangePicker } from "../parts/filterbar.js";
import { Kind } from "../parts/icons.js";
import { Page } from "../parts/page.js";
import { Table } from "../parts/table.js";
import { grow, rowsOf } from "../parts/tree.js";

const DIMENSIONS = [["model", "Two models"], ["prompt_version", "Two prompt versions"], ["feature", "Two features"], ["provider", "Two providers"], ["agent", "Two agents"], ["trace", "Two traces"], ["period", "Two periods"]];

/** @param {string | null} text @returns {[string, string]} */
function split(text) {
  const at = (text ?? "").indexOf(":");
  return at < 0 ? ["", ""] : [String(text).slice(0, at), String(text).slice(at + 1)];
}

/** A period as the API names it, ending some days ago. @param {number} days @param {number} ago */
function period(days, ago) {
  const end = new Date(Date.now() - ago * 86400000);
  end.setSeconds(0, 0);
  return `${new Date(end.getTime() - days * 86400000).toISOString()}/${end.toISOString()}`;
}

export function Compare() {
  const query = place.value.query;
  const [leftKind, left] = split(query.get("left"));
  const [rightKind, right] = split(query.get("right"));
  const kind = query.get("of") ?? (leftKind || rightKind || "model");
  const asked = filters(query);
  if (left && right) {
    asked.set("left", `${leftKind}:${left}`);
    asked.set("right", `${rightKind}:${right}`);
  }
  const answer = useData(left && right ? link("/api/compare", asked) : null);
  const facets = useData(kind === "trace" || kind === "period" ? null : link("/api/calls/facets", new URLSearchParams([...filters(query), ["field", kind], ["limit", "100"]])));
  const traces = useData(kind === "trace" ? link("/api/traces", new URLSearchParams([...filters(query), ["limit", "50"]])) : null);
  const options = kind === "period"
    ? [[period(1, 0), "Last 24 hours"], [period(1, 1), "24 hours before"], [period(7, 0), "Last 7 days"], [period(7, 7), "7 days before"], [period(30, 0), "Last 30 days"], [period(30, 30), "30 days before"]]
    : kind === "trace"
      ? (traces.data?.items ?? []).map((/** @type {any} */ one) => [one.trace_id, `${label(one.name, 50)} · ${duration(one.duration_seconds)} · ${money(one.cost_usd)} · ${one.trace_id.slice(0, 8)}`])
      : (facets.data?.facets?.[kind] ?? []).filter((/** @type {any} */ one) => one.value !== null && one.value !== "").map((/** @type {any} */ one) => [one.value, `${label(one.value, 70)} (${one.count})`]);
  const side = (/** @type {string} */ name, /** @type {string} */ sideKind, /** @type {string} */ value) => {
    const known = options.some(([id]) => id === value) || !value || sideKind !== kind;
    return html`<label class="select block"><span>${name === "left" ? "Left" : "Right"}</span><select onChange=${(/** @type {any} */ event) => setQuery({ [name]: event.target.value ? `${kind}:${event.target.value}` : null, of: kind })}>
      <option value="" selected=${!value}>Choose…</option>
      ${known ? null : html`<option value=${value} selected=${true}>${label(value, 60)}</option>`}
      ${options.map(([id, text]) => html`<option key=${id} value=${id} selected=${sideKind === kind && id === value}>${text}</option>`)}
    </select></label>`;
  };
  return html`<${Page} title="Compare" busy=${answer.loading && Boolean(left && right)} actions=${kind === "period" || kind === "trace" ? null : html`<${RangePicker} />`}>
    <div class="chooser">
      <label class="select block"><span>What</span><select onChange=${(/** @type {any} */ event) => setQuery({ of: event.target.value, left: null, right: null })}>${DIMENSIONS.map(([id, text]) => html`<option key=${id} value=${id} selected=${id === kind}>${text}</option>`)}</select></label>
      ${side("left", leftKind, left)}${side("right", rightKind, right)}
      <button type="button" class="button" disabled=${!left && !right} onClick=${() => setQuery({ left: query.get("right"), right: query.get("left") })}>Swap</button>
    </div>
    <${Chips} />
    ${left && right
      ? html`<${Loaded} query=${answer} rows=${10}>${(/** @type {any} */ data) => html`<${Differences} data=${data} />`}<//>`
      : html`<${Empty} title="Choose two" icon="compare"><p>Their calls stand side by side: cost, duration, tokens, errors, quality. Two traces stand beside each other span by span.</p><//>`}
  <//>`;
}

/** @type {Record<string, string>} */
const WORDS = {
  calls: "Calls", errors: "Errors", error_ratio: "Error rate", cost_usd: "Cost", unpriced: "Without a price", input_tokens: "Input tokens", output_tokens: "Output tokens", cache_read_tokens: "Tokens from the cache",
  p50: "Duration, median", p95: "Duration, p95", p99: "Duration, p99", ttft_p50: "First token, median", ttft_p95: "First token, p95", grounding: "Grounding", quality: "Quality", sessions: "Sessions", users: "Users", traces: "Traces", cost_per_call: "Cost per call", duration: "Duration", spans: "Spans",
};

/** @param {{data: any}} props */
function Differences({ data }) {
  const name = (/** @type {any} */ side) => html`<bdi>${label(side.label, 60)}</bdi>`;
  const columns = [
    { id: "name", title: "Measure", class: "wide", render: (/** @type {any} */ row) => row.title ?? WORDS[row.name] ?? row.name },
    { id: "left", title: name(data.left), num: true, render: (/** @type {any} */ row) => html`<span class=${row.better === "left" ? "better" : ""}>${inUnit(row.left, row.unit)}</span>` },
    { id: "right", title: name(data.right), num: true, render: (/** @type {any} */ row) => html`<span class=${row.better === "right" ? "better" : ""}>${inUnit(row.right, row.unit)}</span>` },
    { id: "change", title: "Change", num: true, render: (/** @type {any} */ row) => change(row.change) },
    { id: "better", title: "Better", render: (/** @type {any} */ row) => (row.better === "left" ? "left" : row.better === "right" ? "right" : "") },
  ];
  return html`<div class="gap">
    <section class="panel"><${Table} caption="Differences" columns=${columns} rows=${data.differences} rowKey=${(/** @type {any} */ row) => row.name} /></section>
    ${data.left.spans && data.right.spans ? html`<div class="side-by-side"><${Side} side=${data.left} other=${data.right} /><${Side} side=${data.right} other=${data.left} /></div>` : null}
  </div>`;
}

/** @param {{side: any, other: any}} props */
function Side({ side, other }) {
  const rows = useMemo(() => rowsOf(grow(side.spans).roots, new Set(), false).slice(0, 500), [side]);
  const names = useMemo(() => new Set(other.spans.map((/** @type {any} */ span) => span.name)), [other]);
  return html`<section class="panel" aria-label=${label(side.label, 60)}>
    <h2><bdi>${label(side.label, 60)}</bdi></h2>
    <ul class="outline">${rows.map(({ node, depth }) => html`<li key=${node.key} class=${names.has(node.span.name) ? "" : "only"} style=${{ paddingInlineStart: `${Math.min(depth, 12) * 14}px` }}>
      <${Kind} kind=${node.span.kind} /><a class="cut grow" href=${`/traces/${node.span.trace_id}/spans/${node.span.span_id}`}><bdi>${label(node.span.name, 80)}</bdi></a>
      ${names.has(node.span.name) ? null : html`<span class="chip">only here</span>`}<span class="num">${node.cost === null ? "" : money(node.cost)}</span><span class="num">${duration(node.span.duration_seconds)}</span>
    </li>`)}</ul>
  </section>`;
}
