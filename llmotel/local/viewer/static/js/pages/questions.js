// The catalogue of questions, each with its answer and the SQL that gives it.
import { html, useState } from "../ui.js";
import { useData } from "../api.js";
import { filters } from "../filters.js";
import { number } from "../format.js";
import { link, place } from "../router.js";
import { Copy, Empty, Loaded } from "../parts/basics.js";
import { Chips, RangePicker } from "../parts/filterbar.js";
import { Page } from "../parts/page.js";
import { Rows } from "./dashboards.js";

/** @param {{name: string | null}} props */
export function Questions({ name }) {
  const list = useData("/api/questions");
  const items = list.data?.items ?? [];
  const chosen = items.find((/** @type {any} */ one) => one.name === name) ?? (name ? null : items[0]);
  return html`<${Page} title="Questions" actions=${html`<${RangePicker} since=${chosen?.default_since ?? "24h"} />`} flush=${true}>
    <${Loaded} query=${list} rows=${12}>
      ${() => html`<div class="two">
        <nav class="side-list" aria-label="Questions"><ul>${items.map((/** @type {any} */ one) => html`<li key=${one.name}><a href=${link(`/questions/${one.name}`, filters(place.value.query))} aria-current=${one === chosen ? "page" : null}>${one.title}</a></li>`)}</ul></nav>
        <div class="side-main">${chosen ? html`<${Answer} key=${chosen.name} question=${chosen} />` : html`<${Empty} title="There is no such question" icon="questions" />`}</div>
      </div>`}
    <//>
  <//>`;
}

/** @param {{question: any}} props */
function Answer({ question }) {
  const [engine, setEngine] = useState("");
  const asked = filters(place.value.query, question.default_since ?? undefined);
  const path = `/api/questions/${encodeURIComponent(question.name)}`;
  const query = useData(link(path, asked));
  const sql = useData(engine ? link(path, new URLSearchParams([...asked, ["format", "sql"], ["engine", engine]])) : null);
  return html`<div class="gap">
    <div><h2>${question.title}</h2><p class="muted">${question.description.split("`").map((/** @type {string} */ part, /** @type {number} */ at) => (at % 2 ? html`<code>${part}</code>` : part))}</p></div>
    <${Chips} />
    <${Loaded} query=${query} rows=${8}>
      ${(/** @type {any} */ data) => html`${data.rows.length ? html`<${Rows} panel=${{ ...data, unit: question.unit }} calls=${(/** @type {any} */ more) => link("/calls", new URLSearchParams([...asked, ...Object.entries(more).map(([key, value]) => [key, String(value ?? "")])]))} />` : html`<${Empty} title="No answer in this time" icon="questions"><p>No call in this time says anything about it.</p><//>`}
        <p class="muted row">${number(data.rows.length)} rows in ${number(data.elapsed_ms, 0)} ms${data.truncated ? ", cut" : ""}<a href=${link(path, new URLSearchParams([...asked, ["format", "csv"]]))} download>CSV</a></p>`}
    <//>
    <section class="gap">
      <div class="row"><h3>SQL for</h3>${["duckdb", "clickhouse", "bigquery"].map((one) => html`<button key=${one} type="button" class="button small" aria-pressed=${one === engine ? "true" : "false"} onClick=${() => setEngine(one === engine ? "" : one)}>${{ duckdb: "DuckDB", clickhouse: "ClickHouse", bigquery: "BigQuery" }[one]}</button>`)}</div>
      ${engine ? html`<${Loaded} query=${sql} rows=${4}>${(/** @type {any} */ data) => html`<div class="snippet"><pre class="code" tabindex="0">${data.sql}</pre><${Copy} text=${data.sql} /></div>`}<//>` : null}
    </section>
  </div>`;
}
