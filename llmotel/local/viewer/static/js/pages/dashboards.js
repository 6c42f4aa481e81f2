// Performance, cost, quality and reliability over time; a point leads to the calls behind it.
import { html, useMemo } from "../ui.js";
import { live, useData } from "../api.js";
import { filters } from "../filters.js";
import { change, label, unit as inUnit } from "../format.js";
import { go, link, place, setQuery } from "../router.js";
import { Loaded, Meter, Stat } from "../parts/basics.js";
import { Chart, Histogram } from "../parts/chart.js";
import { Chips, RangePicker } from "../parts/filterbar.js";
import { Page } from "../parts/page.js";
import { Table } from "../parts/table.js";

const NAMES = [["performance", "Performance"], ["cost", "Cost"], ["quality", "Quality"], ["reliability", "Reliability"]];
export const BY = [["model", "model"], ["provider", "provider"], ["operation", "operation"], ["feature", "feature"], ["agent", "agent"], ["tenant", "tenant"], ["service", "service"], ["none", "nothing"]];

/** @param {{value: string, onChange: (value: string) => void, options: string[][], name: string}} props */
export function Choice({ value, onChange, options, name }) {
  return html`<label class="select"><span>${name}</span><select value=${value} onChange=${(/** @type {any} */ event) => onChange(event.target.value)}>${options.map(([id, text]) => html`<option key=${id} value=${id} selected=${id === value}>${text}</option>`)}</select></label>`;
}

/** How a number moved, and whether that is good. @param {any} stat */
export function moved(stat) {
  if (typeof stat.value !== "number" || typeof stat.previous !== "number" || stat.previous === 0) return null;
  const by = (stat.value - stat.previous) / Math.abs(stat.previous);
  const better = stat.better === "lower" ? by < 0 : stat.better === "higher" ? by > 0 : null;
  const tone = better === null || Math.abs(by) < 0.01 ? "" : better ? "good-text" : "bad-text";
  return html`<span class=${tone}>${change(by)}</span> <span class="muted">from ${inUnit(stat.previous, stat.unit)}</span>`;
}

/** @param {{name: string}} props */
export function Dashboards({ name }) {
  const query = place.value.query;
  const by = query.get("by") ?? "model";
  const compare = query.get("compare") !== "false";
  const asked = filters(query, "24h");
  asked.set("by", by);
  asked.set("compare", String(compare));
  const board = useData(link(`/api/dashboards/${encodeURIComponent(name)}`, asked), Math.floor(live.value.tick / 5));
  const calls = (/** @type {Record<string, any>} */ more) => {
    const target = filters(query, "24h");
    for (const [key, value] of Object.entries(more)) target.set(key, String(value ?? ""));
    if (more.from) target.delete("since");
    return link("/calls", target);
  };
  return html`<${Page} title="Dashboards" busy=${board.loading}
    actions=${html`<${Choice} name="By" value=${by} options=${BY} onChange=${(/** @type {string} */ value) => setQuery({ by: value })} />
      <label class="check"><input type="checkbox" checked=${compare} onChange=${() => setQuery({ compare: compare ? "false" : null })} /> Period before</label>
      <${RangePicker} since="24h" bounded=${true} />`}>
    <nav class="subnav" aria-label="Dashboards">${NAMES.map(([id, title]) => html`<a key=${id} href=${link(`/dashboards/${id}`, query)} aria-current=${id === name ? "page" : null}>${title}</a>`)}</nav>
    <${Chips} />
    <${Loaded} query=${board} rows=${12}>
      ${(/** @type {any} */ data) => html`
        <div class="tiles">${data.stats.map((/** @type {any} */ stat) => html`<${Stat} key=${stat.id} title=${stat.title} value=${inUnit(stat.value, stat.unit)} note=${moved(stat)} />`)}</div>
        <div class="panels">${data.panels.map((/** @type {any} */ panel) => html`<${Panel} key=${panel.id} panel=${panel} by=${data.by} interval=${data.interval_seconds} calls=${calls} />`)}</div>
      `}
    <//>
  <//>`;
}

/** @param {{panel: any, by: string, interval: number, calls: (more: Record<string, any>) => string}} props */
function Panel({ panel, by, interval, calls }) {
  const point = (/** @type {number} */ time, /** @type {any} */ series) => calls({
    from: new Date(time * 1000).toISOString(),
    to: new Date((time + interval) * 1000).toISOString(),
    ...(series && by && by !== "none" && !series.other && panel.by !== null && panel.keyed !== false && /** @type {any} */ (series).keyed !== false ? { [panel.by ?? by]: series.key } : {}),
  });
  const empty = panel.kind === "timeseries" ? !panel.series?.length || !panel.times?.length : panel.kind === "table" ? !panel.rows?.length : !panel.counts?.some(Boolean);
  return html`<section class=${`panel panel-${panel.kind}`} aria-label=${panel.kind === "table" ? null : panel.title}>
    <h2>${panel.title}</h2>
    ${empty
      ? html`<p class="panel-empty muted">Nothing in this time</p>`
      : panel.kind === "timeseries"
        ? html`<${Chart} title=${panel.title} times=${panel.times} series=${panel.series} unit=${panel.unit} stack=${panel.stack} previous=${panel.stack ? null : panel.previous}
            pointHref=${point} onPoint=${(/** @type {number} */ time, /** @type {any} */ series) => go(point(time, series))}
            onRange=${(/** @type {number} */ from, /** @type {number} */ to) => setQuery({ from: new Date(from * 1000).toISOString(), to: new Date(to * 1000).toISOString(), since: null })} />`
        : panel.kind === "histogram"
          ? html`<${Histogram} title=${panel.title} edges=${panel.edges} counts=${panel.counts} unit=${panel.unit === "count" ? (Math.max(...panel.edges) <= 1 ? "score" : "text") : panel.unit} />`
          : html`<${Rows} panel=${panel} calls=${calls} />`}
  </section>`;
}

/** Rows of an answer as a table, the largest of each column as a full bar. @param {{panel: any, calls?: (more: Record<string, any>) => string}} props */
export function Rows({ panel, calls }) {
  const columns = useMemo(() => {
    const width = panel.columns.length;
    // One bar is enough: of the first column that is an amount.
    const amounts = ["usd", "seconds", "count", "tokens", "ratio"];
    const unit = [panel.unit, ...amounts].find((one) => amounts.includes(one) && panel.columns.some((/** @type {any} */ column) => column.unit === one));
    const main = width > 5 ? -1 : panel.columns.findIndex((/** @type {any} */ column) => column.unit === unit);
    const most = main < 0 ? 0 : Math.max(...panel.rows.map((/** @type {any} */ row) => Math.abs(row[main] ?? 0)));
    return panel.columns.map((/** @type {any} */ column, /** @type {number} */ at) => {
      const text = column.unit === "text" || column.unit === "time";
      return {
        id: column.name ?? String(at),
        title: column.title ?? column.name,
        num: !text,
        class: at === 0 ? "wide" : "",
        render: (/** @type {any[]} */ row) => {
          const value = column.unit === "text" ? html`<bdi class="cut">${label(row[at], 90)}</bdi>` : inUnit(row[at], column.unit);
          if (at === 0 && panel.filter && calls) return html`<a href=${calls({ [panel.filter]: row[0] })}>${value}</a>`;
          if (at === main && most > 0) return html`<span class="with-meter"><${Meter} share=${Math.abs(row[at] ?? 0) / most} /><span>${value}</span></span>`;
          return value;
        },
      };
    });
  }, [panel]);
  return html`<${Table} caption=${`${panel.title}, a table`} columns=${columns} rows=${panel.rows} />`;
}

