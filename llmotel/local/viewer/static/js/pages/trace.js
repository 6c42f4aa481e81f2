// One trace: its tree beside its time, and the span that is chosen.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../ui.js";
import { get, live } from "../api.js";
import { duration, label, money, number } from "../format.js";
import { go, link, place, setQuery } from "../router.js";
import { Copy, Empty, Fault, Menu, Stat, Time, Waiting } from "../parts/basics.js";
import { KINDS, Kind } from "../parts/icons.js";
import { Page } from "../parts/page.js";
import { SpanDetail } from "../parts/span.js";
import { grow, rowsOf } from "../parts/tree.js";
import { Waterfall } from "../parts/waterfall.js";

const PIECE = 5000;

/** All spans of a trace, piece after piece; the first is shown while the others come. @param {string} id @param {number} tick */
function useTrace(id, tick) {
  const [state, setState] = useState({ head: /** @type {any} */ (null), spans: /** @type {any[]} */ ([]), error: /** @type {any} */ (null), whole: false });
  const [again, setAgain] = useState(0);
  const size = useRef(0);
  useEffect(() => {
    // A trace that is large and has ended is not fetched again each time that a span arrives somewhere.
    if (tick && size.current > PIECE) return undefined;
    const control = new AbortController();
    (async () => {
      let offset = /** @type {number | null} */ (0);
      /** @type {any[]} */
      let spans = [];
      while (offset !== null) {
        const data = await get(`/api/traces/${encodeURIComponent(id)}`, { limit: PIECE, offset }, control.signal);
        spans = spans.concat(data.spans);
        size.current = spans.length;
        offset = data.next_offset ?? null;
        const { spans: _, ...head } = data;
        if (!tick || offset === null) setState({ head, spans, error: null, whole: offset === null });
      }
    })().catch((error) => {
      if (error.name !== "AbortError") setState((old) => ({ ...old, error }));
    });
    return () => control.abort();
  }, [id, tick, again]);
  return { ...state, reload: () => setAgain((old) => old + 1) };
}

/** @param {{id: string, span: string | null}} props */
export function Trace({ id, span }) {
  const [tick, setTick] = useState(0);
  const trace = useTrace(id, tick);
  const unfinished = trace.spans.some((one) => one.pending) || (trace.head && Date.now() - Date.parse(trace.head.start_time) - 1000 * (trace.head.duration_seconds ?? 0) < 60000);
  useEffect(() => {
    if (unfinished) setTick(live.value.tick);
  }, [live.value.tick]);
  const tree = useMemo(() => grow(trace.spans), [trace.spans]);
  const [folded, setFolded] = useState(/** @type {Set<string>} */ (new Set()));
  const [zoom, setZoom] = useState(/** @type {{start: number, end: number} | null} */ (null));
  const bare = place.value.query.get("show") === "llm";
  const rows = useMemo(() => rowsOf(tree.roots, folded, bare), [tree, folded, bare]);
  const traceId = trace.head?.trace_id ?? id;
  const chosen = useMemo(() => (span ? tree.nodes.find((node) => node.key === span || node.span.span_id === span) : undefined), [tree, span]);
  const [doubled, setDoubled] = useState(/** @type {string | null} */ (null));
  const choose = (/** @type {import("../parts/tree.js").Node} */ node) => {
    setDoubled(node.key);
    go(link(`/traces/${traceId}/spans/${encodeURIComponent(node.span.span_id)}`, place.value.query), { replace: Boolean(span) });
  };
  const fold = (/** @type {string} */ key, /** @type {boolean} */ on) => {
    const next = new Set(folded);
    if (on) next.add(key);
    else next.delete(key);
    setFolded(next);
  };
  const back = () => go(link(`/traces/${traceId}`, place.value.query));
  useLayoutEffect(() => {
    const key = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape" && span && !(event.target instanceof HTMLInputElement) && !document.querySelector("dialog[open]")) back();
    };
    document.addEventListener("keydown", key);
    return () => document.removeEventListener("keydown", key);
  }, [span, traceId]);

  if (trace.error && !trace.head) {
    return trace.error.status === 404
      ? html`<${Page} title="Trace"><${Empty} title="There is no such trace" icon="traces"><p>It may not have arrived yet, or it was kept for as long as was asked and then deleted.</p><p><a href="/calls">Go to the calls</a></p><//><//>`
      : html`<${Page} title="Trace"><${Fault} error=${trace.error} retry=${trace.reload} /><//>`;
  }
  if (!trace.head) return html`<${Page} title="Trace" busy=${true}><${Waiting} rows=${12} /><//>`;
  const { summary = {} } = trace.head;
  const root = tree.roots[0]?.span;
  const key = doubled && rows.some(({ node }) => node.key === doubled && node.span.span_id === span) ? doubled : chosen?.key ?? null;
  return html`<${Page}
    flush=${true}
    busy=${!trace.whole}
    title=${html`<bdi>${label(root?.name ?? "Trace", 80)}</bdi>`}
    sub=${html`<${Time} iso=${trace.head.start_time} />`}
    actions=${html`
      <button type="button" class="button" aria-pressed=${bare ? "true" : "false"} onClick=${() => setQuery({ show: bare ? null : "llm" }, { replace: true })}>LLM spans only</button>
      <button type="button" class="button" onClick=${() => setFolded(folded.size ? new Set() : new Set(tree.nodes.filter((node) => node.children.length && node.depth > 0).map((node) => node.key)))}>${folded.size ? "Unfold all" : "Fold all"}</button>
      ${zoom ? html`<button type="button" class="button" onClick=${() => setZoom(null)}>Whole time</button>` : null}
      <${Copy} text=${traceId} title="Copy the trace's id">Id<//>
      <${Menu} icon="share" title="Share this trace">
        ${() => html`<ul class="options">
          <li><a href=${`/api/share/${traceId}?redact=true`} download>One HTML file, redacted</a></li>
          <li><a href=${link("/api/export", { format: "otlp", trace_id: traceId, kind: "all" })} download>OTLP JSON</a></li>
          <li><a href=${link("/api/export", { format: "parquet", trace_id: traceId, kind: "all" })} download>Parquet</a></li>
          <li><a href=${link("/compare", { left: `trace:${traceId}` })}>Compare with another</a></li>
        </ul>`}
      <//>`}
  >
    <div class="strip">
      <span><b>${duration(trace.head.duration_seconds)}</b></span>
      <span><b>${number(trace.head.total ?? trace.spans.length)}</b> spans</span>
      <span><b>${number(summary.calls)}</b> calls</span>
      <span><b>${number((summary.input_tokens ?? 0) + (summary.output_tokens ?? 0))}</b> tokens</span>
      <span><b>${money(summary.cost_usd)}</b>${summary.unpriced ? html` <span class="muted">and ${summary.unpriced} without a price</span>` : null}</span>
      ${summary.errors ? html`<span class="bad-text"><b>${number(summary.errors)}</b> errors</span>` : null}
      ${summary.session ? html`<a href=${`/sessions/${encodeURIComponent(summary.session)}`}>Session <bdi>${label(summary.session, 30)}</bdi></a>` : null}
      ${(summary.services ?? []).map((/** @type {string} */ one) => html`<bdi class="chip" key=${one}>${label(one, 40)}</bdi>`)}
    </div>
    ${trace.error ? html`<div class="pad"><${Fault} error=${trace.error} retry=${trace.reload} /></div>` : null}
    <div class=${`trace ${span ? "has-span" : ""}`}>
      <${Waterfall} rows=${rows} start=${zoom?.start ?? tree.start} end=${zoom?.end ?? tree.end} folded=${folded} chosen=${key} onChoose=${choose} onFold=${fold}
        onZoom=${(/** @type {import("../parts/tree.js").Node} */ node) => setZoom({ start: node.start, end: node.end })} />
      <section class="trace-detail" aria-label=${span ? "Span" : "Overview of the trace"}>
        ${span
          ? html`<${SpanDetail} trace=${traceId} id=${span} tick=${chosen?.span.pending ? tick : 0} summary=${chosen ? { calls: chosen.calls, tokens: chosen.tokens, cost: chosen.cost } : null} onBack=${back} />`
          : html`<${Overview} tree=${tree} onChoose=${choose} />`}
      </section>
    </div>
  <//>`;
}

/** What a trace is made of, before one of its spans is chosen. @param {{tree: {nodes: import("../parts/tree.js").Node[]}, onChoose: (node: any) => void}} props */
function Overview({ tree, onChoose }) {
  const kinds = new Map();
  const models = new Map();
  for (const node of tree.nodes) {
    kinds.set(node.span.kind, (kinds.get(node.span.kind) ?? 0) + 1);
    if (node.span.model && (node.span.kind === "inference" || node.span.kind === "embeddings")) {
      const one = models.get(node.span.model) ?? { calls: 0, tokens: 0, cost: null };
      one.calls += 1;
      one.tokens += (node.span.input_tokens ?? 0) + (node.span.output_tokens ?? 0);
      if (typeof node.span.cost_usd === "number") one.cost = (one.cost ?? 0) + node.span.cost_usd;
      models.set(node.span.model, one);
    }
  }
  const errors = tree.nodes.filter((node) => node.span.status === "error" || node.span.outcome === "error").slice(0, 20);
  const slow = tree.nodes.filter((node) => node.span.kind === "inference" || node.span.kind === "tool" || node.span.kind === "retrieval").sort((a, b) => b.end - b.start - (a.end - a.start)).slice(0, 8);
  const list = (/** @type {any[]} */ nodes, /** @type {(node: any) => any} */ value) => html`<ul class="jump">${nodes.map((node) => html`<li key=${node.key}><button type="button" onClick=${() => onChoose(node)}><${Kind} kind=${node.span.kind} /><bdi class="cut grow">${label(node.span.name, 80)}</bdi><span>${value(node)}</span></button></li>`)}</ul>`;
  return html`<div class="detail">
    <div class="tiles small">${[...kinds].map(([kind, count]) => html`<${Stat} key=${kind} title=${KINDS[kind] ?? kind} value=${number(count)} />`)}</div>
    ${errors.length ? html`<section><h2 class="minor">Errors</h2>${list(errors, (node) => html`<span class="bad-text">${label(node.span.error_type ?? "error", 40)}</span>`)}</section>` : null}
    ${models.size
      ? html`<section><h2 class="minor">Models</h2><table class="table plain-table"><caption class="sr">Models</caption><thead><tr><th scope="col">Model</th><th scope="col" class="num">Calls</th><th scope="col" class="num">Tokens</th><th scope="col" class="num">Cost</th></tr></thead>
          <tbody>${[...models].map(([model, one]) => html`<tr key=${model}><td><bdi>${label(model, 60)}</bdi></td><td class="num">${number(one.calls)}</td><td class="num">${number(one.tokens)}</td><td class="num">${money(one.cost)}</td></tr>`)}</tbody></table></section>`
      : null}
    ${slow.length ? html`<section><h2 class="minor">Longest</h2>${list(slow, (node) => duration(node.end - node.start))}</section>` : null}
    <p class="muted">Choose a span to see it. <kbd>j</kbd> and <kbd>k</kbd> go through them.</p>
  </div>`;
}
