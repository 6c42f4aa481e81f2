// Every call of a model: live, filtered by the address bar, as many as there are.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../ui.js";
import { get, health, live, useData } from "../api.js";
import { filters } from "../filters.js";
import { compact, duration, label, money, NONE, number, score } from "../format.js";
import { go, link, place, setQuery } from "../router.js";
import { Copy, Empty, Fault, Menu, Outcome, Score, Time, Waiting } from "../parts/basics.js";
import { Chart } from "../parts/chart.js";
import { Chips, clear, Facets, RangePicker, Search } from "../parts/filterbar.js";
import { Icon, Kind } from "../parts/icons.js";
import { Page } from "../parts/page.js";
import { Grid } from "../parts/table.js";

const PAGE = 100;

/** @param {any} row */
export const spanLink = (row) => `/traces/${encodeURIComponent(row.trace_id)}/spans/${encodeURIComponent(row.span_id)}`;

/** @typedef {import("../parts/table.js").Column & {shown?: boolean, narrow?: boolean}} CallColumn */

/** @param {any} row @param {string} name */
const word = (row, name) => html`<bdi class="cut">${label(row[name], 80)}</bdi>`;

/** @type {CallColumn[]} */
export const COLUMNS = [
  { id: "outcome", title: html`<span class="sr">Outcome</span>`, width: 34, class: "sign", shown: true, narrow: true, render: (row) => html`<${Outcome} of=${row} />` },
  { id: "time", title: "Time", width: 112, sort: "start_time", shown: true, narrow: true, render: (row) => html`<${Time} iso=${row.start_time} />` },
  {
    id: "name",
    title: "Call",
    width: 190,
    shown: true,
    narrow: true,
    render: (row) => html`<a class="call-name" href=${spanLink(row)}><${Kind} kind=${row.kind} quiet=${true} /><bdi class="cut">${label(row.name ?? row.operation, 100)}</bdi></a>`,
  },
  { id: "provider", title: "Provider", width: 110, sort: "provider", up: true, render: (row) => word(row, "provider") },
  { id: "model", title: "Model", width: 190, sort: "model", up: true, render: (row) => word(row, "model") },
  { id: "operation", title: "Operation", width: 110, sort: "operation", up: true, render: (row) => word(row, "operation") },
  { id: "feature", title: "Feature", width: 112, sort: "feature", up: true, shown: true, render: (row) => word(row, "feature") },
  { id: "agent", title: "Agent", width: 92, sort: "agent", up: true, shown: true, render: (row) => word(row, "agent") },
  { id: "tool", title: "Tool", width: 120, render: (row) => word(row, "tool") },
  { id: "user", title: "User", width: 110, render: (row) => word(row, "user") },
  { id: "session", title: "Session", width: 110, render: (row) => word(row, "session") },
  { id: "tenant", title: "Tenant", width: 100, render: (row) => word(row, "tenant") },
  { id: "service", title: "Service", width: 110, render: (row) => word(row, "service") },
  { id: "prompt", title: "Prompt", width: 130, render: (row) => (row.prompt ? html`<bdi class="cut">${label(row.prompt, 60)} ${row.prompt_version ? `v${label(row.prompt_version, 20)}` : ""}</bdi>` : NONE) },
  { id: "input_tokens", title: "Input", width: 66, num: true, sort: "input_tokens", shown: true, render: (row) => html`<span title=${row.cache_read_tokens ? `${number(row.cache_read_tokens)} from the cache` : null}>${number(row.input_tokens)}</span>` },
  { id: "output_tokens", title: "Output", width: 66, num: true, sort: "output_tokens", shown: true, render: (row) => number(row.output_tokens) },
  { id: "cost", title: "Cost", width: 86, num: true, sort: "cost", shown: true, narrow: true, render: (row) => money(row.cost_usd) },
  { id: "duration", title: "Duration", width: 78, num: true, sort: "duration", shown: true, narrow: true, render: (row) => (row.pending ? "running" : duration(row.duration_seconds)) },
  { id: "ttft", title: "First token", width: 84, num: true, sort: "ttft", shown: true, render: (row) => duration(row.time_to_first_chunk) },
  { id: "retries", title: "Retries", width: 76, num: true, render: (row) => number(row.retries) },
  { id: "grounding", title: "Grounding", width: 80, num: true, sort: "grounding", shown: true, render: (row) => html`<${Score} value=${row.grounding_score} text=${score(row.grounding_score)} />` },
  { id: "quality", title: "Quality", width: 64, num: true, sort: "quality", shown: true, render: (row) => html`<${Score} value=${row.quality_score} text=${score(row.quality_score)} />` },
  { id: "finish", title: "Finish", width: 100, render: (row) => html`<bdi class="cut">${label((row.finish_reasons ?? []).join?.(", "), 60)}</bdi>` },
  { id: "error", title: "Error", width: 160, render: (row) => word(row, "error_type") },
];

const NARROW = window.matchMedia("(max-width: 700px)");
const MIDDLE = window.matchMedia("(max-width: 1080px)");
/** What a tablet has no room for. */
const SPARED = ["feature", "agent", "quality"];

/** @param {MediaQueryList} query @returns {boolean} */
function useMedia(query) {
  const [fits, setFits] = useState(query.matches);
  useEffect(() => {
    const change = () => setFits(query.matches);
    query.addEventListener("change", change);
    return () => query.removeEventListener("change", change);
  }, []);
  return fits;
}

/** Rows page after page; while the newest stand first, what arrives is put before them. @param {string} asked @param {boolean} following */
function useRows(asked, following) {
  const [state, setState] = useState({ asked: /** @type {string | null} */ (null), rows: /** @type {any[]} */ ([]), next: /** @type {string | null} */ (null), total: /** @type {number | null} */ (null), error: /** @type {any} */ (null), fresh: /** @type {Set<string>} */ (new Set()) });
  const busy = useRef(false);
  const turn = useRef(0);
  const load = async (/** @type {boolean} */ quiet) => {
    const mine = ++turn.current;
    try {
      // The rows come first; how many there are in all takes longer, and nobody waits for it.
      const data = await get(`/api/calls?${asked}${asked ? "&" : ""}limit=${PAGE}`);
      if (mine !== turn.current) return;
      setState((old) => {
        if (!quiet || old.asked !== asked) return { asked, rows: data.items, next: data.next, total: old.asked === asked ? old.total : null, error: null, fresh: new Set() };
        const known = new Set(old.rows.map((row) => `${row.trace_id}/${row.span_id}`));
        const added = data.items.filter((/** @type {any} */ row) => !known.has(`${row.trace_id}/${row.span_id}`));
        // More than a page of new ones: what lies between is not here, so the list starts again.
        if (added.length === data.items.length) return { asked, rows: data.items, next: data.next, total: old.total, error: null, fresh: new Set() };
        const newer = new Map(data.items.map((/** @type {any} */ row) => [`${row.trace_id}/${row.span_id}`, row]));
        const kept = old.rows.map((row) => newer.get(`${row.trace_id}/${row.span_id}`) ?? row);
        return { ...old, rows: [...added, ...kept], error: null, fresh: new Set(added.map((/** @type {any} */ row) => row.span_id)) };
      });
      const counted = data.next === null && !quiet ? data.items.length : (await get(`/api/calls?${asked}${asked ? "&" : ""}limit=1&count=true`)).total;
      if (mine === turn.current) setState((old) => ({ ...old, total: counted ?? null }));
    } catch (error) {
      if (mine === turn.current) setState((old) => ({ ...old, asked, error, rows: old.asked === asked ? old.rows : [] }));
    }
  };
  useEffect(() => {
    load(false);
  }, [asked]);
  useEffect(() => {
    if (following && state.asked === asked) load(true);
  }, [live.value.tick]);
  const more = async () => {
    if (busy.current || !state.next || state.asked !== asked) return;
    busy.current = true;
    try {
      const data = await get(`/api/calls?${asked}${asked ? "&" : ""}limit=${PAGE}&cursor=${encodeURIComponent(state.next)}`);
      setState((old) => {
        if (old.asked !== asked) return old;
        const known = new Set(old.rows.map((row) => `${row.trace_id}/${row.span_id}`));
        return { ...old, rows: [...old.rows, ...data.items.filter((/** @type {any} */ row) => !known.has(`${row.trace_id}/${row.span_id}`))], next: data.next };
      });
    } catch (error) {
      setState((old) => ({ ...old, error, next: null }));
    } finally {
      busy.current = false;
    }
  };
  return { ...state, loading: state.asked !== asked, more, reload: () => load(false) };
}

export function Calls() {
  const query = place.value.query;
  const narrow = useMedia(NARROW);
  const middle = useMedia(MIDDLE);
  const [follow, setFollow] = useState(true);
  const [chosen, setChosen] = useState(-1);
  const [side, setSide] = useState(false);
  const sort = query.get("sort") ?? "-start_time";
  const asked = useMemo(() => {
    const made = filters(query);
    if (sort !== "-start_time") made.set("sort", sort);
    return made.toString();
  }, [query, sort]);
  const list = useRows(asked, follow && sort === "-start_time");
  const names = query.get("columns")?.split(",") ?? COLUMNS.filter((column) => column.shown && !(middle && SPARED.includes(column.id))).map((column) => column.id);
  const columns = useMemo(() => COLUMNS.filter((column) => (narrow && !query.has("columns") ? column.narrow : names.includes(column.id))).map((column) => (narrow ? { ...column, width: { outcome: 30, time: 78, name: 120, cost: 72, duration: 74 }[column.id] ?? column.width } : column)), [names.join(), narrow]);
  const filtered = asked !== "" && asked !== `sort=${sort}`;
  const fresh = health.value?.spans === 0 || (!filtered && !list.loading && list.rows.length === 0 && !list.error);

  useEffect(() => setChosen(-1), [asked]);
  useLayoutEffect(() => {
    const key = (/** @type {KeyboardEvent} */ event) => {
      if (event.metaKey || event.ctrlKey || event.altKey || (event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT|A|BUTTON)$/.test(event.target.tagName) && event.key === "Enter")) return;
      if (event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
      const step = event.key === "j" ? 1 : event.key === "k" ? -1 : 0;
      if (step) {
        event.preventDefault();
        setChosen((old) => Math.max(0, Math.min(list.rows.length - 1, old + step)));
      } else if (event.key === "Enter" && list.rows[chosen]) go(spanLink(list.rows[chosen]));
    };
    document.addEventListener("keydown", key);
    return () => document.removeEventListener("keydown", key);
  }, [list.rows, chosen]);

  if (fresh && !filtered) return html`<${Page} title="Calls"><${FirstCall} /><//>`;
  const exported = (/** @type {string} */ format) => link("/api/export", new URLSearchParams([["format", format], ...filters(query)]));
  return html`<${Page}
    title="Calls"
    sub=${list.total === null ? " " : html`<span title=${number(list.total)}>${number(list.total)}</span> ${filtered ? (list.total === 1 ? "matches" : "match") : "in all"}`}
    busy=${list.loading}
    flush=${true}
    actions=${html`<${RangePicker} />
      <button type="button" class=${`button live ${follow ? "on" : ""}`} aria-pressed=${follow ? "true" : "false"} title=${follow ? "New calls appear as they arrive" : "The list stands still"} onClick=${() => setFollow(!follow)}><${Icon} name="live" class=${follow && live.value.connected ? "pulse" : ""} />Live</button>
      <${Menu} icon="columns" title="Columns">${() => html`<${ColumnChoice} names=${names} />`}<//>
      <${Menu} icon="download" title="Export what is shown">
        ${() => html`<ul class="options">${[["csv", "CSV"], ["jsonl", "JSON lines"], ["parquet", "Parquet"], ["otlp", "OTLP, whole traces"]].map(([format, text]) => html`<li key=${format}><a href=${exported(format)} download>${text}</a></li>`)}</ul>`}
      <//>`}
  >
    <div class="bar">
      <button type="button" class="button facets-toggle" aria-expanded=${side ? "true" : "false"} onClick=${() => setSide(!side)}><${Icon} name="filter" />Filters</button>
      <${Search} />
      <${Chips} />
    </div>
    <div class=${`calls ${side ? "with-facets" : ""}`}>
      <${Facets} tick=${follow ? Math.floor(live.value.tick / 5) : 0} />
      <div class="calls-main">
        <${Activity} tick=${follow ? live.value.tick : 0} />
        ${list.error ? html`<div class="pad"><${Fault} error=${list.error} retry=${list.reload} /></div>` : null}
        ${list.loading && list.rows.length === 0
          ? html`<${Waiting} rows=${16} />`
          : list.rows.length === 0
            ? list.error ? null : html`<${Empty} title="No call is like that" icon="search"><p>Nothing matches these filters${query.get("since") || query.get("from") ? " in this time" : ""}.</p><p><button type="button" class="button" onClick=${clear}>Clear the filters</button> <button type="button" class="button" onClick=${() => setQuery({ since: null, from: null, to: null })}>All time</button></p><//>`
            : html`<${Grid} caption="Calls" columns=${columns} rows=${list.rows} href=${spanLink} sort=${sort} onSort=${(/** @type {string} */ name) => setQuery({ sort: name === "-start_time" ? null : name })} onMore=${list.more} more=${Boolean(list.next)} total=${list.total} chosen=${chosen} onChoose=${setChosen} fresh=${list.fresh} rowHeight=${narrow ? 40 : 32} />`}
      </div>
    </div>
  <//>`;
}

/** When the calls were; a stretch that is drawn over becomes the time range. @param {{tick: any}} props */
function Activity({ tick }) {
  const asked = filters(place.value.query);
  const { data } = useData(link("/api/calls/timeseries", asked), Math.floor(tick / 2));
  const series = useMemo(() => {
    if (!data?.times?.length) return null;
    const sum = (/** @type {string} */ name) => data.times.map((/** @type {any} */ _, /** @type {number} */ at) => data.series.reduce((/** @type {number} */ total, /** @type {any} */ one) => total + (one[name]?.[at] ?? 0), 0));
    const errors = sum("errors");
    return [
      { key: "Calls", values: sum("calls"), tone: "--c1" },
      { key: "Errors", values: errors, tone: "--bad" },
    ];
  }, [data]);
  return html`<div class="activity">
    ${series
      ? html`<${Chart} title="Calls and errors over time" times=${data.times} series=${series} unit="count" bars=${true} bare=${true} height=${64}
          onRange=${(/** @type {number} */ from, /** @type {number} */ to) => setQuery({ from: new Date(from * 1000).toISOString(), to: new Date(to * 1000).toISOString(), since: null })} />`
      : null}
  </div>`;
}

/** @param {{names: string[]}} props */
function ColumnChoice({ names }) {
  return html`<fieldset class="choice">
    <legend class="sr">Columns</legend>
    ${COLUMNS.filter((column) => column.id !== "outcome").map(
      (column) => html`<label key=${column.id} class="check"><input type="checkbox" checked=${names.includes(column.id)} onChange=${() => {
        const next = COLUMNS.map((one) => one.id).filter((id) => (id === column.id ? !names.includes(id) : names.includes(id)));
        setQuery({ columns: next.join(",") }, { replace: true });
      }} /> ${column.title}</label>`,
    )}
    <button type="button" class="button small" onClick=${() => setQuery({ columns: null }, { replace: true })}>As they were</button>
  </fieldset>`;
}

/** What a fresh start shows: what to type, and that it is being waited for. */
function FirstCall() {
  const origin = window.location.origin;
  const needed = origin === "http://127.0.0.1:4318" || origin === "http://localhost:4318";
  const lines = ["import llmotel, openai", needed ? "llmotel.init()" : `llmotel.init(endpoint="${origin}")`, 'openai.OpenAI().chat.completions.create(model="gpt-5.5-mini", messages=[{"role": "user", "content": "Hello"}])'];
  return html`<section class="first" aria-labelledby="first-title">
    <h2 id="first-title">Waiting for the first call</h2>
    <p>Run this where your application runs. The call appears here by itself, a second or two after it ends.</p>
    <div class="snippet"><pre class="code" tabindex="0" aria-label="Three lines of Python">${lines.join("\n")}</pre><${Copy} text=${lines.join("\n")} title="Copy the three lines" /></div>
    <ul class="first-notes">
      <li>Prompts and answers are recorded only if you ask for it: <code>OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_ONLY</code></li>
      <li>Any other OTLP sender works too: set <code>OTEL_EXPORTER_OTLP_ENDPOINT=${origin}</code> and <code>OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf</code></li>
    </ul>
    <p class="row muted" role="status"><span class="dot pulse" aria-hidden="true" /> ${live.value.connected ? "Listening" : "Connecting"} on ${origin}</p>
  </section>`;
}
