// Traces that hold calls, a row each.
import { html } from "../ui.js";
import { live } from "../api.js";
import { filters } from "../filters.js";
import { duration, label, money, number } from "../format.js";
import { place, setQuery } from "../router.js";
import { Empty, Loaded, Outcome, Time } from "../parts/basics.js";
import { Chips, RangePicker, Search } from "../parts/filterbar.js";
import { Page } from "../parts/page.js";
import { Table } from "../parts/table.js";
import { usePaged } from "./paged.js";

/** @param {any[] | null | undefined} names */
export const some = (names) => {
  const all = (names ?? []).filter((name) => name !== null);
  return html`<bdi class="cut" title=${all.join(", ")}>${all.length ? `${label(all[0], 40)}${all.length > 1 ? ` +${all.length - 1}` : ""}` : "–"}</bdi>`;
};

const COLUMNS = [
  { id: "outcome", title: html`<span class="sr">Outcome</span>`, render: (/** @type {any} */ row) => html`<${Outcome} of=${row} />` },
  { id: "time", title: "Time", sort: "start_time", render: (/** @type {any} */ row) => html`<${Time} iso=${row.start_time} />` },
  { id: "name", title: "Trace", class: "wide", render: (/** @type {any} */ row) => html`<a class="call-name" href=${`/traces/${row.trace_id}`}><bdi class="cut">${label(row.name, 90)}</bdi></a>` },
  { id: "service", title: "Service", render: (/** @type {any} */ row) => html`<bdi class="cut">${label(row.service, 40)}</bdi>` },
  { id: "agents", title: "Agents", render: (/** @type {any} */ row) => some(row.agents) },
  { id: "models", title: "Models", render: (/** @type {any} */ row) => some(row.models) },
  { id: "calls", title: "Calls", num: true, sort: "calls", render: (/** @type {any} */ row) => number(row.calls) },
  { id: "spans", title: "Spans", num: true, sort: "spans", render: (/** @type {any} */ row) => number(row.spans) },
  { id: "errors", title: "Errors", num: true, sort: "errors", render: (/** @type {any} */ row) => html`<span class=${row.errors ? "bad-text" : ""}>${number(row.errors)}</span>` },
  { id: "tokens", title: "Tokens", num: true, render: (/** @type {any} */ row) => number((row.input_tokens ?? 0) + (row.output_tokens ?? 0)) },
  { id: "cost", title: "Cost", num: true, sort: "cost", render: (/** @type {any} */ row) => money(row.cost_usd) },
  { id: "duration", title: "Duration", num: true, sort: "duration", render: (/** @type {any} */ row) => duration(row.duration_seconds) },
];

export function Traces() {
  const query = place.value.query;
  const sort = query.get("sort") ?? "-start_time";
  const asked = filters(query);
  asked.set("sort", sort);
  asked.set("limit", "100");
  const list = usePaged("/api/traces", asked, sort === "-start_time" ? live.value.tick : 0);
  return html`<${Page} title="Traces" busy=${list.loading} actions=${html`<${Search} /><${RangePicker} />`}>
    <${Chips} />
    <${Loaded} query=${list} rows=${14}>
      ${() => list.items.length
        ? html`<${Table} caption="Traces" columns=${COLUMNS} rows=${list.items} href=${(/** @type {any} */ row) => `/traces/${row.trace_id}`} rowKey=${(/** @type {any} */ row) => row.trace_id} sort=${sort} onSort=${(/** @type {string} */ name) => setQuery({ sort: name === "-start_time" ? null : name })} />${list.more}`
        : html`<${Empty} title="No trace here" icon="traces"><p>Traces with at least one call of a model are listed here.</p><//>`}
    <//>
  <//>`;
}
