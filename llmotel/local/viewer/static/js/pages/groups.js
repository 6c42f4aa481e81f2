// Features and models: what each costs, gives back, and how well it does.
import { html, useMemo, useState } from "../ui.js";
import { live, useData } from "../api.js";
import { filters } from "../filters.js";
import { change, duration, label, money, number, percent, score, unit as inUnit } from "../format.js";
import { go, link, place, setQuery } from "../router.js";
import { Empty, Loaded, Score, Stat } from "../parts/basics.js";
import { Chart } from "../parts/chart.js";
import { Chips, RangePicker } from "../parts/filterbar.js";
import { Icon } from "../parts/icons.js";
import { Page } from "../parts/page.js";
import { Table } from "../parts/table.js";
import { moved } from "./dashboards.js";

/** @param {any} value */
const trend = (value) => html`<span class=${typeof value !== "number" || Math.abs(value) < 0.01 ? "muted" : value > 0 ? "bad-text" : "good-text"}>${change(value)}</span>`;

/** @param {string} field */
const first = (field) => ({
  id: field,
  title: field === "model" ? "Model" : "Feature",
  class: "wide",
  sort: field,
  up: true,
  render: (/** @type {any} */ row) => {
    const name = row[field] === null || row[field] === "" ? "none" : label(row[field], 80);
    return html`<a class="call-name" href=${link(place.value.path, new URLSearchParams([...filters(place.value.query), [field, row[field] ?? ""]]))}><bdi class="cut">${name}</bdi></a>${row.provider ? html` <bdi class="muted">${label(row.provider, 30)}</bdi>` : null}`;
  },
});

/** @param {string} id @param {string} title @param {(row: any) => any} render */
const value = (id, title, render) => ({ id, title, num: true, sort: id, render });

const SHARED = [
  value("calls", "Calls", (row) => number(row.calls)),
  value("error_ratio", "Errors", (row) => html`<span class=${row.error_ratio > 0.05 ? "bad-text" : ""}>${percent(row.error_ratio)}</span>`),
  value("cost_usd", "Cost", (row) => html`${row.unpriced ? html`<span class="muted" title=${`At least: ${row.unpriced} calls have no price`}>≥ </span>` : null}${money(row.cost_usd)}`),
  value("trend", "Trend", (row) => trend(row.trend)),
];
const REST = [
  value("p50", "p50", (row) => duration(row.p50)),
  value("p95", "p95", (row) => duration(row.p95)),
  value("grounding", "Grounding", (row) => html`<${Score} value=${row.grounding} text=${score(row.grounding)} />`),
  value("quality", "Quality", (row) => html`<${Score} value=${row.quality} text=${score(row.quality)} />`),
];
const FEATURES = [
  first("feature"),
  ...SHARED,
  value("value_usd", "Value", (row) => money(row.value_usd)),
  value("profit_usd", "Profit", (row) => html`<span class=${row.profit_usd < 0 ? "bad-text" : ""}>${money(row.profit_usd)}</span>`),
  value("return", "Return", (row) => (typeof row.return === "number" ? `${number(row.return, 1)}×` : "–")),
  ...REST,
];
const MODELS = [
  first("model"),
  ...SHARED,
  value("input_tokens", "Input", (row) => inUnit(row.input_tokens, "tokens")),
  value("output_tokens", "Output", (row) => inUnit(row.output_tokens, "tokens")),
  value("cache_read_tokens", "Cached", (row) => (row.input_tokens ? percent((row.cache_read_tokens ?? 0) / row.input_tokens, 0) : "–")),
  value("ttft_p50", "First token", (row) => duration(row.ttft_p50)),
  value("tokens_per_second", "Tokens/s", (row) => number(row.tokens_per_second, 0)),
  ...REST,
];

export const Features = () => html`<${Groups} field="feature" title="Features" path="/api/features" columns=${FEATURES} />`;
export const Models = () => html`<${Groups} field="model" title="Models" path="/api/models" columns=${MODELS} />`;

/** @param {{field: string, title: string, path: string, columns: any[]}} props */
function Groups({ field, title, path, columns }) {
  const one = place.value.query.getAll(field);
  if (one.length === 1) return html`<${Group} key=${one[0]} field=${field} title=${title} name=${one[0]} />`;
  return html`<${All} field=${field} title=${title} path=${path} columns=${columns} />`;
}

/** @param {{field: string, title: string, path: string, columns: any[]}} props */
function All({ field, title, path, columns }) {
  const query = place.value.query;
  const list = useData(link(path, filters(query, "7d")), Math.floor(live.value.tick / 5));
  const sort = query.get("sort") ?? "-cost_usd";
  const rows = useMemo(() => sorted(list.data?.items ?? [], sort), [list.data, sort]);
  return html`<${Page} title=${title} sub=${list.data ? number(rows.length) : null} busy=${list.loading} actions=${html`<${RangePicker} since="7d" bounded=${true} />`}>
    <${Chips} />
    <${Loaded} query=${list} rows=${10}>
      ${() => rows.length
        ? html`${field === "feature" ? html`<${Extremes} rows=${rows} />` : null}<${Table} caption=${title} columns=${columns} rows=${rows} sort=${sort} onSort=${(/** @type {string} */ name) => setQuery({ sort: name }, { replace: true })} rowKey=${(/** @type {any} */ row) => `${row[field]}/${row.provider}`} href=${(/** @type {any} */ row) => link(place.value.path, new URLSearchParams([...filters(query), [field, row[field] ?? ""]]))} />`
        : html`<${Empty} title=${`No ${title.toLowerCase()} in this time`} icon=${title.toLowerCase()}>${field === "feature" ? html`<p>A call belongs to a feature when the application says so:</p><pre class="code">with llmotel.tags(feature="search"):\n    answer = client.chat.completions.create(...)</pre>` : html`<p>Models of the calls that arrive are listed here.</p>`}<//>`}
    <//>
  <//>`;
}

/** @param {any[]} rows @param {string} sort */
export function sorted(rows, sort) {
  const down = sort.startsWith("-");
  const name = down ? sort.slice(1) : sort;
  const missing = (/** @type {any} */ one) => one === null || one === undefined;
  return [...rows].sort((a, b) => {
    const [left, right] = [a[name], b[name]];
    if (missing(left) || missing(right)) return Number(missing(left)) - Number(missing(right));
    const order = typeof left === "number" && typeof right === "number" ? left - right : String(left).localeCompare(String(right));
    return down ? -order : order;
  });
}

/** Which feature costs most, and which gives back least. @param {{rows: any[]}} props */
function Extremes({ rows }) {
  const named = rows.filter((row) => row.feature);
  const costly = sorted(named, "-cost_usd")[0];
  const least = sorted(named.filter((row) => typeof row.profit_usd === "number"), "profit_usd")[0];
  const failing = sorted(named.filter((row) => row.calls >= 5), "-error_ratio")[0];
  if (!costly) return null;
  const href = (/** @type {any} */ row) => link("/features", new URLSearchParams([...filters(place.value.query), ["feature", row.feature]]));
  return html`<div class="tiles">
    <${Stat} title="Most costly" value=${label(costly.feature, 40)} note=${money(costly.cost_usd)} href=${href(costly)} />
    ${least ? html`<${Stat} title="Least profitable" value=${label(least.feature, 40)} note=${money(least.profit_usd)} href=${href(least)} />` : null}
    ${failing && failing.error_ratio > 0 ? html`<${Stat} title="Fails most" value=${label(failing.feature, 40)} note=${percent(failing.error_ratio)} href=${href(failing)} />` : null}
  </div>`;
}

const METRICS = [
  { id: "cost_usd", title: "Cost", unit: "usd", stack: true },
  { id: "calls", title: "Calls", unit: "count", stack: true },
  { id: "errors", title: "Errors", unit: "count", stack: true },
  { id: "p95", title: "Duration, 95th percentile", unit: "seconds" },
  { id: "ttft_p95", title: "Time to first token, 95th percentile", unit: "seconds" },
  { id: "tokens_per_second", title: "Output tokens per second", unit: "per_second" },
  { id: "grounding", title: "Grounding", unit: "score" },
  { id: "quality", title: "Quality", unit: "score" },
];

/** One feature or one model. @param {{field: string, title: string, name: string}} props */
function Group({ field, title, name }) {
  const query = place.value.query;
  const [by, setBy] = useState(field === "model" ? "feature" : "model");
  const asked = filters(query, "7d");
  const summary = useData(link("/api/calls/summary", new URLSearchParams([...asked, ["compare", "true"]])), Math.floor(live.value.tick / 5));
  const course = useData(link("/api/calls/timeseries", new URLSearchParams([...asked, ["by", by]])), Math.floor(live.value.tick / 5));
  const point = (/** @type {number} */ time, /** @type {any} */ series) => {
    const target = filters(query, "7d");
    target.delete("since");
    target.set("from", new Date(time * 1000).toISOString());
    target.set("to", new Date((time + (course.data?.interval_seconds ?? 3600)) * 1000).toISOString());
    if (series && !series.other) target.set(by, series.key ?? "");
    return link("/calls", target);
  };
  return html`<${Page} title=${html`<bdi>${name === "" ? `No ${field}` : label(name, 80)}</bdi>`} sub=${field === "model" ? "Model" : "Feature"} busy=${course.loading}
    actions=${html`<a class="button" href=${link(place.value.path, without(query, field))}><${Icon} name="left" />All ${title.toLowerCase()}</a>
      <a class="button" href=${link("/calls", asked)}>Calls</a>
      <a class="button" href=${link("/whatif", asked)}>What if</a>
      <${RangePicker} since="7d" bounded=${true} />`}>
    <${Chips} />
    <${Loaded} query=${summary} rows=${2}>${(/** @type {any} */ data) => html`<${Summary} data=${data} />`}<//>
    <div class="bar-inline"><label class="select"><span>By</span><select value=${by} onChange=${(/** @type {any} */ event) => setBy(event.target.value)}>${["model", "provider", "operation", "feature", "agent", "tenant", "service", "outcome"].filter((one) => one !== field).map((one) => html`<option key=${one} value=${one} selected=${one === by}>${one}</option>`)}</select></label></div>
    <${Loaded} query=${course} rows=${10}>
      ${(/** @type {any} */ data) => html`<div class="panels">${METRICS.filter((metric) => data.series.some((/** @type {any} */ one) => one[metric.id]?.some((/** @type {any} */ at) => at !== null && at !== 0))).map((metric) => html`<${Course} key=${metric.id} metric=${metric} data=${data} point=${point} />`)}</div>`}
    <//>
  <//>`;
}

/** @param {{metric: any, data: any, point: (time: number, series: any) => string}} props */
function Course({ metric, data, point }) {
  const series = useMemo(() => data.series.map((/** @type {any} */ one) => ({ key: one.key, other: one.other, values: one[metric.id] ?? [] })), [data, metric]);
  return html`<section class="panel" aria-label=${metric.title}><h2>${metric.title}</h2>
    <${Chart} title=${metric.title} times=${data.times} series=${series} unit=${metric.unit} stack=${metric.stack} pointHref=${point} onPoint=${(/** @type {number} */ time, /** @type {any} */ one) => go(point(time, one))} />
  </section>`;
}

/** @param {URLSearchParams} query @param {string} name */
function without(query, name) {
  const rest = new URLSearchParams(query);
  rest.delete(name);
  return rest;
}

/** The numbers of some calls, beside those of the period before. @param {{data: any}} props */
export function Summary({ data }) {
  const { current, previous } = data;
  const tiles = [
    { id: "calls", title: "Calls", unit: "count" },
    { id: "error_ratio", title: "Error rate", unit: "ratio", better: "lower" },
    { id: "cost_usd", title: "Cost", unit: "usd", better: "lower" },
    { id: "input_tokens", title: "Input tokens", unit: "tokens" },
    { id: "output_tokens", title: "Output tokens", unit: "tokens" },
    { id: "p50", title: "Duration, median", unit: "seconds", better: "lower" },
    { id: "p95", title: "Duration, p95", unit: "seconds", better: "lower" },
    { id: "ttft_p50", title: "First token, median", unit: "seconds", better: "lower" },
    { id: "grounding", title: "Grounding", unit: "score", better: "higher" },
    { id: "quality", title: "Quality", unit: "score", better: "higher" },
  ].filter((tile) => current?.[tile.id] !== null && current?.[tile.id] !== undefined);
  return html`<div class="tiles">${tiles.map((tile) => html`<${Stat} key=${tile.id} title=${tile.title} value=${inUnit(current[tile.id], tile.unit)} note=${moved({ ...tile, value: current[tile.id], previous: previous?.[tile.id] })} />`)}</div>`;
}
