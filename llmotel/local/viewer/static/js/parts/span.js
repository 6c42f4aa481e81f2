// One span in full: what was said, what it cost, what was retrieved, what went wrong, and everything else as it came.
import { html, useMemo, useState } from "../ui.js";
import { post, useData } from "../api.js";
import { duration, fullTime, label, money, number, percent, plain, score } from "../format.js";
import { link } from "../router.js";
import { Copy, Fault, Loaded, Outcome, Score, Stat, Tabs, Time } from "./basics.js";
import { sourcesOf } from "./citations.js";
import { Conversation, Value } from "./conversation.js";
import { Icon, Kind, KINDS } from "./icons.js";
import { Json, Long } from "./json.js";
import { anchor } from "./markdown.js";
import { python } from "./python.js";

/** @param {{trace: string, id: string, tick?: any, summary?: any, onBack?: () => void}} props */
export function SpanDetail({ trace, id, tick, summary, onBack }) {
  const query = useData(link(`/api/spans/${encodeURIComponent(id)}`, { trace_id: trace, content: "true" }), tick);
  return html`<${Loaded} query=${query} rows=${10}>${(/** @type {any} */ span) => html`<${Detail} key=${id} span=${span} summary=${summary} onBack=${onBack} reload=${query.reload} />`}<//>`;
}

/** @param {any} value */
const some = (value) => value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0);

/** @param {{span: any, summary?: any, onBack?: () => void, reload: () => void}} props */
function Detail({ span, summary, onBack, reload }) {
  const content = span.content ?? {};
  const attributes = span.attributes ?? {};
  const talk = some(content.input_messages) || some(content.output_messages) || some(content.system_instructions);
  const call = span.kind === "inference" || span.kind === "embeddings";
  const documents = Array.isArray(content.retrieval_documents) ? content.retrieval_documents : [];
  const sources = useMemo(() => sourcesOf(content.citations), [content]);
  const tools = Array.isArray(content.tool_definitions) ? content.tool_definitions : [];
  const tabs = [
    talk || call ? { id: "messages", title: "Messages" } : null,
    some(content.tool_arguments) || some(content.tool_result) || span.kind === "tool" || (span.kind === "mcp" && span.tool) ? { id: "tool", title: "Tool" } : null,
    documents.length || some(content.retrieval_query) || span.kind === "retrieval" ? { id: "documents", title: "Documents", count: documents.length } : null,
    sources.length ? { id: "sources", title: "Sources", count: sources.length } : null,
    call || some(span.cost_usd) ? { id: "cost", title: "Tokens and cost" } : null,
    tools.length ? { id: "tools", title: "Tool definitions", count: tools.length } : null,
    { id: "scores", title: "Scores", count: span.evaluations?.length },
    span.events?.length || span.links?.length ? { id: "events", title: "Events", count: (span.events?.length ?? 0) + (span.links?.length ?? 0) } : null,
    { id: "attributes", title: "Attributes", count: Object.keys(attributes).length },
    { id: "json", title: "JSON" },
  ].filter((tab) => tab !== null);
  const [asked, setAsked] = useState(/** @type {string | null} */ (null));
  const chosen = tabs.some((tab) => tab.id === asked) ? /** @type {string} */ (asked) : tabs[0].id;
  const [source, setSource] = useState(/** @type {number | null} */ (null));
  const wait = span.time_to_first_chunk;
  const rest = typeof wait === "number" ? span.duration_seconds - wait : span.duration_seconds;
  const pace = span.output_tokens && rest > 0.001 ? span.output_tokens / rest : null;
  return html`<div class="detail">
    <header class="detail-head">
      ${onBack ? html`<button type="button" class="button bare back" aria-label="Back to the trace" onClick=${onBack}><${Icon} name="left" /></button>` : null}
      <${Kind} kind=${span.kind} />
      <h2 class="grow wrap"><bdi>${label(span.name, 200)}</bdi></h2>
      ${call ? html`<${Copy} text=${() => python(span)} title="Copy as Python that makes this call">Python<//>` : null}
      <${Copy} text=${() => JSON.stringify(span, null, 2)} title="Copy everything as JSON">JSON<//>
      <${Copy} text=${() => window.location.origin + link(`/traces/${span.trace_id}/spans/${span.span_id}`)} title="Copy the address of this span" />
    </header>
    <p class="detail-line">
      <${Outcome} of=${span} words=${true} />
      <span>${KINDS[span.kind] ?? "Span"}</span>
      ${span.model ? html`<bdi>${label(span.model, 80)}</bdi>` : null}
      ${span.provider ? html`<bdi>${label(span.provider, 40)}</bdi>` : null}
      ${span.service ? html`<bdi>${label(span.service, 60)}</bdi>` : null}
      <${Time} iso=${span.start_time} />
      ${Array.isArray(span.siblings) && span.siblings.length ? html`<span class="chip" title=${`The same call was also recorded by: ${span.siblings.map((/** @type {any} */ one) => one.span_id).join(", ")}`}>recorded ${span.siblings.length + 1} times</span>` : null}
    </p>
    ${span.status_message || span.error_type
      ? html`<div class="fault"><${Icon} name="error" /><div class="grow"><strong><bdi>${label(span.error_type ?? "Error", 120)}</bdi>${span.http_status ? ` (HTTP ${span.http_status})` : ""}</strong>${span.status_message ? html`<div class="wrap"><${Long} text=${plain(span.status_message)} /></div>` : null}</div></div>`
      : null}
    ${span.end_time && span.start_time && span.end_time < span.start_time ? html`<div class="fault warn"><${Icon} name="error" /><span>This span ended before it began: the clock of its sender was set back.</span></div>` : null}
    <div class="tiles small">
      <${Stat} title="Duration" value=${span.pending ? "running" : duration(span.duration_seconds)} note=${span.retries ? `${span.retries} ${span.retries === 1 ? "retry" : "retries"}` : null} />
      ${call
        ? html`${some(wait) ? html`<${Stat} title="First token" value=${duration(wait)} note=${pace ? `then ${number(pace)} tokens/s` : null} />` : null}
            <${Stat} title="Input" value=${number(span.input_tokens)} note=${span.cache_read_tokens ? `${percent(span.cache_read_tokens / span.input_tokens, 0)} cached` : null} />
            <${Stat} title="Output" value=${number(span.output_tokens)} note=${span.reasoning_tokens ? `${number(span.reasoning_tokens)} reasoning` : null} />
            <${Stat} title="Cost" value=${money(span.cost_usd, true)} note=${span.cost_usd === null ? "no price known" : null} />
            ${some(span.grounding_score) ? html`<${Stat} title="Grounding" value=${html`<${Score} value=${span.grounding_score} text=${score(span.grounding_score)} />`} note=${span.citation_count !== null ? `${number(span.citation_count)} citations` : null} />` : null}`
        : summary
          ? html`<${Stat} title="Calls below" value=${number(summary.calls)} /><${Stat} title="Tokens below" value=${number(summary.tokens)} /><${Stat} title="Cost below" value=${money(summary.cost)} />`
          : null}
    </div>
    <${Tabs} id="span" tabs=${tabs} chosen=${chosen} onChoose=${setAsked}>
      ${chosen === "messages"
        ? talk
          ? html`<${Conversation} content=${content} citations=${content.citations} onCitation=${(/** @type {number} */ index) => {
              setSource(index);
              setAsked("sources");
            }} />`
          : html`<${Unrecorded} />`
        : null}
      ${chosen === "tool"
        ? html`<div class="gap"><section><h3>Arguments</h3><${Value} value=${content.tool_arguments ?? undefined} open=${4} /></section><section><h3>Result</h3><${Value} value=${content.tool_result ?? undefined} open=${3} /></section></div>`
        : null}
      ${chosen === "documents" ? html`<${Documents} query=${content.retrieval_query} documents=${documents} />` : null}
      ${chosen === "sources" ? html`<${Sources} sources=${sources} chosen=${source} method=${span.grounding_method} />` : null}
      ${chosen === "cost" ? html`<${Cost} span=${span} />` : null}
      ${chosen === "tools"
        ? html`<div class="gap">${tools.map((/** @type {any} */ tool, /** @type {number} */ at) => html`<details class="definition" key=${at}><summary><code>${label(tool?.name ?? tool?.type, 120)}</code> <span class="muted cut">${label(tool?.description ?? "", 200)}</span></summary><${Json} value=${tool} open=${3} /></details>`)}</div>`
        : null}
      ${chosen === "scores" ? html`<${Scores} span=${span} reload=${reload} />` : null}
      ${chosen === "events" ? html`<${Events} span=${span} />` : null}
      ${chosen === "attributes" ? html`<${Attributes} span=${span} />` : null}
      ${chosen === "json" ? html`<${Json} value=${span} open=${1} />` : null}
    <//>
  </div>`;
}

function Unrecorded() {
  return html`<div class="note">
    <p><strong>The sender did not record the messages of this call.</strong></p>
    <p>Content stays out unless the application asks for it. For llmotel and for OpenTelemetry's own packages:</p>
    <pre class="code">OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_ONLY</pre>
  </div>`;
}

/** @param {{query: any, documents: any[]}} props */
function Documents({ query, documents }) {
  const most = Math.max(0, ...documents.map((one) => (typeof one?.score === "number" ? one.score : 0)));
  return html`<div class="gap">
    ${some(query) ? html`<section><h3>Query</h3><pre class="text" dir="auto"><${Long} text=${plain(typeof query === "string" ? query : JSON.stringify(query))} /></pre></section>` : null}
    <ol class="documents">
      ${documents.map((one, at) => {
        const { id, score: value, content, text, ...rest } = one && typeof one === "object" ? one : { content: one };
        const said = content ?? text;
        return html`<li key=${at} class="document">
          <div class="row"><b>${at + 1}</b><bdi class="mono cut grow">${label(id, 160)}</bdi>${typeof value === "number" ? html`<span class="document-score"><span class="meter"><span style=${{ width: `${most > 0 ? Math.max(0, (value / most) * 100).toFixed(1) : 0}%` }} /></span>${number(value, 3)}</span>` : null}</div>
          ${some(said) ? html`<div class="document-text">${typeof said === "string" ? html`<pre class="text" dir="auto"><${Long} text=${said} step=${1200} /></pre>` : html`<${Json} value=${said} open=${1} />`}</div>` : null}
          ${Object.keys(rest).length ? html`<${Json} value=${rest} open=${0} />` : null}
        </li>`;
      })}
    </ol>
    ${documents.length === 0 ? html`<p class="muted">The documents were not recorded.</p>` : null}
  </div>`;
}

/** @param {{sources: import("./citations.js").Source[], chosen: number | null, method: any}} props */
function Sources({ sources, chosen, method }) {
  return html`<div class="gap">
    ${method ? html`<p class="muted">Grounding by ${label(method, 60)}</p>` : null}
    <ol class="documents">
      ${sources.map(
        (source, at) => html`<li key=${source.key} class=${`document ${chosen === at ? "chosen" : ""}`}>
          <div class="row"><span class="cite">${at + 1}</span><bdi class="cut grow">${source.uri ? html`<a ...${anchor(source.uri)}>${label(source.title ?? source.uri, 160)}</a>` : label(source.title ?? source.key, 160)}</bdi>
            ${source.kind ? html`<span class="chip">${label(source.kind, 30)}</span>` : null}${source.score !== null ? number(source.score, 3) : null}<span class="muted">cited ${number(source.count)}×</span></div>
          ${source.quotes.map((quote, index) => html`<blockquote key=${index} dir="auto"><${Long} text=${quote} step=${800} /></blockquote>`)}
        </li>`,
      )}
    </ol>
  </div>`;
}

/** @param {{span: any}} props */
function Cost({ span }) {
  const cached = span.cache_read_tokens ?? 0;
  const written = span.cache_write_tokens ?? 0;
  const reasoning = span.reasoning_tokens ?? 0;
  const shares = [
    { name: "Input, new", tokens: span.input_tokens === null ? null : Math.max(0, span.input_tokens - cached - written), tone: "--c1" },
    { name: "Input, from the cache", tokens: cached || null, tone: "--c7" },
    { name: "Input, written to the cache", tokens: written || null, tone: "--c4" },
    { name: "Output, answer", tokens: span.output_tokens === null ? null : Math.max(0, span.output_tokens - reasoning), tone: "--c3" },
    { name: "Output, reasoning", tokens: reasoning || null, tone: "--c2" },
  ].filter((one) => one.tokens !== null && one.tokens !== undefined);
  const sum = shares.reduce((total, one) => total + (one.tokens ?? 0), 0);
  const cost = span.cost ?? {};
  const saved = typeof cost.uncached === "number" && typeof cost.total === "number" ? cost.uncached - cost.total : null;
  const rows = [
    ["Input", cost.input ?? span.cost_input_usd],
    ["Output", cost.output ?? span.cost_output_usd],
    ["In all", cost.total ?? span.cost_usd],
    ["Without the cache", cost.uncached ?? span.cost_uncached_usd],
    ["At the standard tier", cost.standard],
  ].filter(([, value]) => some(value));
  return html`<div class="gap">
    ${sum > 0
      ? html`<div class="split" aria-hidden="true">${shares.map((one) => html`<span key=${one.name} style=${{ width: `${(((one.tokens ?? 0) / sum) * 100).toFixed(3)}%`, background: `var(${one.tone})` }} />`)}</div>
          <table class="table plain-table"><caption class="sr">Tokens</caption><thead><tr><th scope="col">Tokens</th><th scope="col" class="num">Number</th><th scope="col" class="num">Share</th></tr></thead><tbody>
            ${shares.map((one) => html`<tr key=${one.name}><td><span class="swatch" style=${{ background: `var(${one.tone})` }} /> ${one.name}</td><td class="num">${number(one.tokens)}</td><td class="num">${percent((one.tokens ?? 0) / sum)}</td></tr>`)}
          </tbody></table>`
      : html`<p class="muted">No usage was recorded.</p>`}
    ${rows.length
      ? html`<table class="table plain-table"><caption class="sr">Cost</caption><thead><tr><th scope="col">Cost</th><th scope="col" class="num">US dollars</th></tr></thead><tbody>${rows.map(([name, value]) => html`<tr key=${name}><td>${name}</td><td class="num">${money(value, true)}</td></tr>`)}</tbody></table>`
      : html`<p class="muted">No price is known for this model, so no cost is shown.</p>`}
    ${saved && saved > 0 ? html`<p>The cache saved ${money(saved)}.</p>` : null}
    ${cost.source ? html`<p class="muted">Priced by ${cost.source === "provider" ? "the provider, in its answer" : cost.source === "store" ? "this store, when the call arrived" : "the sender"}${cost.table ? `, with ${label(cost.table, 80)}` : ""}.</p>` : null}
  </div>`;
}

/** @param {{span: any, reload: () => void}} props */
function Scores({ span, reload }) {
  const [comment, setComment] = useState("");
  const [said, setSaid] = useState("");
  const [error, setError] = useState(/** @type {any} */ (null));
  const give = async (/** @type {string} */ name, /** @type {number} */ value, /** @type {string} */ word) => {
    setError(null);
    try {
      await post("/api/scores", { trace_id: span.trace_id, span_id: span.span_id, name, score: value, label: word, ...(comment.trim() ? { comment: comment.trim() } : {}) });
      setSaid("Saved");
      setComment("");
      reload();
    } catch (fault) {
      setError(fault);
    }
  };
  const given = span.evaluations ?? [];
  return html`<div class="gap">
    <section class="give" aria-label="Give a score">
      <label class="give-comment"><span>Comment</span><textarea rows="2" dir="auto" value=${comment} onInput=${(/** @type {any} */ event) => setComment(event.target.value)} placeholder="Why, for those who read this later" /></label>
      <div class="row give-buttons">
        <button type="button" class="button" onClick=${() => give("feedback", 1, "thumb_up")}><${Icon} name="up" />Good</button>
        <button type="button" class="button" onClick=${() => give("feedback", 0, "thumb_down")}><${Icon} name="thumb_down" />Bad</button>
        <span class="stars" role="group" aria-label="Stars">${[1, 2, 3, 4, 5].map((stars) => html`<button key=${stars} type="button" class="button bare" aria-label=${`${stars} of 5 stars`} title=${`${stars} of 5 stars`} onClick=${() => give("rating", stars / 5, `${stars}_stars`)}><${Icon} name="star" /></button>`)}</span>
        <span class="muted" role="status">${said}</span>
      </div>
      ${error ? html`<${Fault} error=${error} />` : null}
    </section>
    ${given.length
      ? html`<ul class="evaluations">${given.map((/** @type {any} */ one, /** @type {number} */ at) => html`<li key=${at} class="evaluation">
          <div class="row"><bdi class="grow"><b>${label(one.name, 80)}</b> <span class="muted">${label(one.method ?? one.origin, 60)}</span></bdi>${one.label ? html`<span class="chip">${label(one.label, 40)}</span>` : null}<${Score} value=${one.score} text=${score(one.score)} /><span class="muted"><${Time} iso=${one.time} /></span></div>
          ${one.explanation ?? one.comment ? html`<div class="wrap" dir="auto"><${Long} text=${String(one.explanation ?? one.comment)} step=${800} /></div>` : null}
        </li>`)}</ul>`
      : html`<p class="muted">Nobody has scored this yet.</p>`}
  </div>`;
}

/** @param {{span: any}} props */
function Events({ span }) {
  return html`<div class="gap">
    ${(span.events ?? []).map((/** @type {any} */ one, /** @type {number} */ at) => {
      const stack = one.attributes?.["exception.stacktrace"];
      return html`<section key=${at} class="event">
        <div class="row"><b class="grow"><bdi>${label(one.name ?? "Log record", 120)}</bdi></b>${one.severity ? html`<span class="chip">${label(one.severity, 20)}</span>` : null}<span class="muted"><${Time} iso=${one.time} /></span></div>
        ${some(one.body) ? html`<${Value} value=${one.body} />` : null}
        ${typeof stack === "string" ? html`<pre class="code stack" tabindex="0"><${Long} text=${stack} step=${6000} /></pre>` : null}
        ${one.attributes && Object.keys(one.attributes).length ? html`<${Json} value=${one.attributes} open=${1} />` : null}
      </section>`;
    })}
    ${(span.links ?? []).map((/** @type {any} */ one, /** @type {number} */ at) => html`<section key=${`link${at}`} class="event"><div class="row"><${Icon} name="link" /><a href=${`/traces/${encodeURIComponent(one.trace_id)}/spans/${encodeURIComponent(one.span_id)}`}>Link to span ${label(one.span_id, 20)}</a></div>${one.attributes && Object.keys(one.attributes).length ? html`<${Json} value=${one.attributes} open=${1} />` : null}</section>`)}
  </div>`;
}

/** @param {{span: any}} props */
function Attributes({ span }) {
  const [wanted, setWanted] = useState("");
  const groups = [
    ["Span", span.attributes ?? {}],
    ["Resource", span.resource ?? {}],
    ["Scope", { name: span.scope?.name, version: span.scope?.version, ...(span.scope?.attributes ?? {}) }],
    ["Identity", { trace_id: span.trace_id, span_id: span.span_id, parent_span_id: span.parent_span_id, span_kind: span.span_kind, start: fullTime(span.start_time), start_unix_nano: span.start_unix_nano, trace_state: span.trace_state, dropped_attributes: span.dropped_attributes, sender: span.source }],
  ];
  const fits = (/** @type {string} */ name, /** @type {any} */ value) => {
    if (!wanted) return true;
    const text = wanted.toLowerCase();
    return name.toLowerCase().includes(text) || (typeof value !== "object" && String(value).slice(0, 100000).toLowerCase().includes(text));
  };
  return html`<div class="gap">
    <label class="search inline"><span class="sr">Find an attribute</span><${Icon} name="search" /><input type="search" value=${wanted} placeholder="Find an attribute" onInput=${(/** @type {any} */ event) => setWanted(event.target.value)} /></label>
    ${groups.map(([title, values]) => {
      const rows = Object.entries(values).filter(([name, value]) => value !== undefined && value !== "" && value !== null && fits(name, value)).sort(([a], [b]) => (a < b ? -1 : 1));
      if (!rows.length) return null;
      return html`<section key=${title}><h3>${title}</h3><dl class="attributes">
        ${rows.map(([name, value]) => html`<div key=${name}><dt class="mono"><bdi>${label(name, 200)}</bdi></dt><dd>${typeof value === "object" ? html`<${Json} value=${value} open=${1} />` : html`<span class="mono wrap"><${Long} text=${String(value)} step=${600} /></span>`}</dd></div>`)}
      </dl></section>`;
    })}
  </div>`;
}


