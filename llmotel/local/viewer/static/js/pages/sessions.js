// Sessions and conversations: what one user did, over all its traces, as one thread.
import { html, useMemo } from "../ui.js";
import { live, useData } from "../api.js";
import { filters } from "../filters.js";
import { duration, label, money, number, plain, score } from "../format.js";
import { link, place, setQuery } from "../router.js";
import { Empty, Loaded, Outcome, Score, Stat, Time } from "../parts/basics.js";
import { callIds, Conversation, partsOf } from "../parts/conversation.js";
import { Chips, RangePicker, Search } from "../parts/filterbar.js";
import { Page } from "../parts/page.js";
import { Table } from "../parts/table.js";
import { spanLink } from "./calls.js";
import { usePaged } from "./paged.js";
import { some } from "./traces.js";

/** @param {any} row */
const lasted = (row) => (Date.parse(row.last_time) - Date.parse(row.first_time)) / 1000;

const COLUMNS = [
  { id: "id", title: "Session", class: "wide", render: (/** @type {any} */ row) => html`<a class="call-name" href=${`/sessions/${encodeURIComponent(row.id)}`}><bdi class="cut">${label(row.id, 60)}</bdi></a>` },
  { id: "kind", title: "Kind", render: (/** @type {any} */ row) => (row.kind === "conversation" ? "Conversation" : "Session") },
  { id: "users", title: "Users", render: (/** @type {any} */ row) => some(row.users) },
  { id: "features", title: "Features", render: (/** @type {any} */ row) => some(row.features) },
  { id: "models", title: "Models", render: (/** @type {any} */ row) => some(row.models) },
  { id: "traces", title: "Traces", num: true, render: (/** @type {any} */ row) => number(row.traces) },
  { id: "calls", title: "Calls", num: true, sort: "calls", render: (/** @type {any} */ row) => number(row.calls) },
  { id: "errors", title: "Errors", num: true, sort: "errors", render: (/** @type {any} */ row) => html`<span class=${row.errors ? "bad-text" : ""}>${number(row.errors)}</span>` },
  { id: "cost", title: "Cost", num: true, sort: "cost", render: (/** @type {any} */ row) => money(row.cost_usd) },
  { id: "length", title: "Lasted", num: true, render: (/** @type {any} */ row) => duration(lasted(row)) },
  { id: "last", title: "Last call", num: true, sort: "last_time", render: (/** @type {any} */ row) => html`<${Time} iso=${row.last_time} relative=${true} />` },
];

export function Sessions() {
  const query = place.value.query;
  const sort = query.get("sort") ?? "-last_time";
  const asked = filters(query);
  asked.set("sort", sort);
  asked.set("limit", "100");
  const list = usePaged("/api/sessions", asked, live.value.tick);
  return html`<${Page} title="Sessions" busy=${list.loading} actions=${html`<${Search} /><${RangePicker} />`}>
    <${Chips} />
    <${Loaded} query=${list} rows=${14}>
      ${() => list.items.length
        ? html`<${Table} caption="Sessions" columns=${COLUMNS} rows=${list.items} href=${(/** @type {any} */ row) => `/sessions/${encodeURIComponent(row.id)}`} rowKey=${(/** @type {any} */ row) => `${row.kind}/${row.id}`} sort=${sort} onSort=${(/** @type {string} */ name) => setQuery({ sort: name })} />${list.more}`
        : html`<${Empty} title="No session yet" icon="sessions">
            <p>Calls that belong together are one session when they say so:</p>
            <pre class="code">with llmotel.tags(session="s-42", user="u-7"):\n    answer = client.chat.completions.create(...)</pre>
          <//>`}
    <//>
  <//>`;
}

/**
 * What a turn adds to the one before it: applications send the whole history each time.
 * @param {any} turn @param {any} before
 */
export function added(turn, before) {
  const content = turn.content;
  if (!content) return null;
  const input = Array.isArray(content.input_messages) ? content.input_messages : [];
  const old = Array.isArray(before?.content?.input_messages) ? before.content.input_messages : [];
  const same = (/** @type {any} */ a, /** @type {any} */ b) => JSON.stringify([a?.role, partsOf(a)]) === JSON.stringify([b?.role, partsOf(b)]);
  let shared = 0;
  while (shared < old.length && shared < input.length && same(old[shared], input[shared])) shared += 1;
  if (shared < old.length) return { ...content, input_messages: input };
  // The answer of the turn before comes next in the history, in whatever words the application keeps it, and the
  // results of its tool calls stand beside them there.
  const called = callIds(Array.isArray(before?.content?.output_messages) ? before.content.output_messages : []);
  const told = (/** @type {any} */ message) => partsOf(message).every((part) => part?.type === "tool_call_response" && called.has(String(part.id)));
  while (shared < input.length && old.length && (["assistant", "model"].includes(input[shared]?.role) || told(input[shared]))) shared += 1;
  return { ...content, input_messages: input.slice(shared), system_instructions: before ? null : content.system_instructions, input_shared: shared };
}

/** @param {{id: string}} props */
export function Session({ id }) {
  const asked = new URLSearchParams({ limit: "200" });
  const query = useData(link(`/api/sessions/${encodeURIComponent(id)}`, asked), live.value.tick);
  const turns = useMemo(() => (query.data?.turns ?? []).map((/** @type {any} */ turn, /** @type {number} */ at, /** @type {any[]} */ all) => ({ turn, content: added(turn, all[at - 1]), behind: all[at + 1]?.content?.input_messages })), [query.data]);
  const one = query.data;
  return html`<${Page} title=${html`${one?.kind === "conversation" ? "Conversation" : "Session"} <bdi>${label(id, 60)}</bdi>`} busy=${query.loading}
    actions=${html`<a class="button" href=${link("/calls", { [one?.kind === "conversation" ? "conversation" : "session"]: id })}>Its calls</a>`}>
    <${Loaded} query=${query} rows=${10}>
      ${() => html`<div class="thread">
        <div class="tiles">
          <${Stat} title="Calls" value=${number(one.calls ?? turns.length)} />
          <${Stat} title="Traces" value=${number(one.traces)} />
          <${Stat} title="Errors" value=${number(one.errors)} tone=${one.errors ? "bad" : ""} />
          <${Stat} title="Tokens" value=${number((one.input_tokens ?? 0) + (one.output_tokens ?? 0))} />
          <${Stat} title="Cost" value=${money(one.cost_usd)} />
          <${Stat} title="Lasted" value=${duration(lasted(one))} />
        </div>
        ${turns.map(
          (/** @type {any} */ { turn, content, behind }, /** @type {number} */ at) => html`<section class="turn" key=${turn.span_id} aria-label=${`Call ${at + 1}`}>
            <header class="turn-head"><${Outcome} of=${turn} /><h2><a href=${spanLink(turn)}><bdi>${label(turn.name, 60)}</bdi></a></h2><span class="muted"><${Time} iso=${turn.start_time} /></span><span class="grow" />
              <span>${duration(turn.duration_seconds)}</span><span>${number((turn.input_tokens ?? 0) + (turn.output_tokens ?? 0))} tokens</span><span>${money(turn.cost_usd)}</span>
              ${turn.grounding_score !== null && turn.grounding_score !== undefined ? html`<span class="muted">grounding</span> <${Score} value=${turn.grounding_score} text=${score(turn.grounding_score)} />` : null}
            </header>
            ${turn.error_type ? html`<p class="bad-text wrap">${plain(turn.error_type)} ${label(turn.status_message ?? "", 300)}</p>` : null}
            ${content ? html`<${Conversation} content=${content} citations=${content.citations} results=${behind} quiet=${true} />` : html`<p class="muted">Messages were not recorded.</p>`}
          </section>`,
        )}
        ${one.next_cursor ? html`<p class="muted">The first 200 calls are shown. <a href=${link("/calls", { session: id })}>All of them</a></p>` : null}
      </div>`}
    <//>
  <//>`;
}
