// Scores: of evaluators, of users, given here; the worst first.
import { html } from "../ui.js";
import { live, useData } from "../api.js";
import { filters } from "../filters.js";
import { label, number, score } from "../format.js";
import { link, place, setQuery } from "../router.js";
import { Empty, Loaded, Meter, Score, Time } from "../parts/basics.js";
import { Chips, RangePicker } from "../parts/filterbar.js";
import { Page } from "../parts/page.js";
import { Table } from "../parts/table.js";
import { Choice } from "./dashboards.js";
import { usePaged } from "./paged.js";

/** @param {string} title @param {boolean} named the key is the name already */
const columns = (title, named) => [
  { id: "key", title, class: "wide", render: (/** @type {any} */ row) => html`<bdi class="cut">${label(row.key, 80)}</bdi>` },
  ...(named ? [] : [{ id: "name", title: "Score", render: (/** @type {any} */ row) => html`<bdi>${label(row.name, 60)}</bdi>` }]),
  { id: "count", title: "Number", num: true, render: (/** @type {any} */ row) => number(row.count) },
  { id: "mean", title: "Mean", num: true, render: (/** @type {any} */ row) => html`<span class="with-meter"><${Meter} share=${row.mean ?? 0} /><${Score} value=${row.mean} text=${score(row.mean)} /></span>` },
  { id: "p50", title: "Median", num: true, render: (/** @type {any} */ row) => score(row.p50) },
  { id: "p10", title: "Worst tenth", num: true, render: (/** @type {any} */ row) => score(row.p10) },
  { id: "below_half", title: "Below 0.5", num: true, render: (/** @type {any} */ row) => number(row.below_half) },
];

const LIST = [
  { id: "score", title: "Score", num: true, sort: "score", up: true, render: (/** @type {any} */ row) => html`<${Score} value=${row.score} text=${score(row.score)} />` },
  { id: "name", title: "Name", render: (/** @type {any} */ row) => html`<a class="call-name" href=${`/traces/${row.trace_id}/spans/${row.span_id}`}><bdi class="cut">${label(row.name, 60)}</bdi></a>` },
  { id: "label", title: "Label", render: (/** @type {any} */ row) => html`<bdi>${label(row.label, 40)}</bdi>` },
  { id: "method", title: "By", render: (/** @type {any} */ row) => html`<bdi>${row.origin === "viewer" ? "a reader, here" : label(row.method, 50)}</bdi>` },
  { id: "model", title: "Model", render: (/** @type {any} */ row) => html`<bdi class="cut">${label(row.model, 50)}</bdi>` },
  { id: "prompt", title: "Prompt", render: (/** @type {any} */ row) => (row.prompt ? html`<bdi>${label(row.prompt, 40)} ${row.prompt_version ? `v${label(row.prompt_version, 20)}` : ""}</bdi>` : "–") },
  { id: "explanation", title: "Why", class: "wide", render: (/** @type {any} */ row) => html`<bdi class="cut">${label(row.explanation ?? row.comment, 160)}</bdi>` },
  { id: "time", title: "Time", num: true, sort: "time", render: (/** @type {any} */ row) => html`<${Time} iso=${row.time} />` },
];

export function Evaluations() {
  const query = place.value.query;
  const by = query.get("by") ?? "name";
  const sort = query.get("sort") ?? "score";
  const name = query.get("name") ?? "";
  const asked = filters(query);
  const summary = useData(link("/api/evaluations/summary", new URLSearchParams([...asked, ["by", by]])), live.value.tick);
  const listed = new URLSearchParams([...asked, ["sort", sort], ["limit", "100"]]);
  if (name) listed.set("name", name);
  const list = usePaged("/api/evaluations", listed, live.value.tick);
  const names = list.data?.names ?? [];
  return html`<${Page} title="Evaluations" busy=${list.loading || summary.loading}
    actions=${html`<${Choice} name="By" value=${by} options=${[["name", "name"], ["model", "model"], ["prompt_version", "prompt version"], ["method", "method"]]} onChange=${(/** @type {string} */ value) => setQuery({ by: value })} /><${RangePicker} />`}>
    <${Chips} />
    <${Loaded} query=${summary} rows=${4}>
      ${(/** @type {any} */ data) => data.items.length
        ? html`<${Table} caption="Scores" columns=${columns({ name: "Name", model: "Model", prompt_version: "Prompt version", method: "Method" }[by] ?? by, by === "name")} rows=${data.items} />
            <div class="bar-inline"><h2 class="grow">${sort === "score" ? "The worst first" : sort === "-score" ? "The best first" : "Scores"}</h2>${names.length > 1 ? html`<${Choice} name="Score" value=${name} options=${[["", "all"], ...names.map((/** @type {any} */ one) => [one.name, `${label(one.name, 40)} (${number(one.count)})`])]} onChange=${(/** @type {string} */ value) => setQuery({ name: value || null })} />` : null}</div>
            <${Loaded} query=${list} rows=${8}>${() => html`<${Table} caption="Evaluations" columns=${LIST} rows=${list.items} sort=${sort} onSort=${(/** @type {string} */ to) => setQuery({ sort: to })} href=${(/** @type {any} */ row) => `/traces/${row.trace_id}/spans/${row.span_id}`} />${list.more}`}<//>`
        : html`<${Empty} title="Nothing has been scored" icon="evaluations">
            <p>Grounding is scored by itself where an answer cites or was given sources. Other scores come from your evaluators and users:</p>
            <pre class="code">llmotel.record_quality(helpfulness=0.8)</pre>
            <p>Or open a call and score it by hand under “Scores”.</p>
          <//>`}
    <//>
  <//>`;
}
