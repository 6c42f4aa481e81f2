// The chosen calls at the prices of other models.
import { html, useState } from "../ui.js";
import { useData } from "../api.js";
import { filters } from "../filters.js";
import { label, money, number, percent } from "../format.js";
import { link, place, setQuery } from "../router.js";
import { Empty, Loaded, Meter, Stat } from "../parts/basics.js";
import { Chips, RangePicker } from "../parts/filterbar.js";
import { Icon } from "../parts/icons.js";
import { Page } from "../parts/page.js";
import { Table } from "../parts/table.js";

export function WhatIf() {
  const query = place.value.query;
  const targets = query.getAll("model_to");
  const asked = filters(query, "7d");
  const until = asked.get("to");
  asked.delete("to");
  if (until) asked.set("until", until);
  for (const target of targets) asked.append("to", target);
  const answer = useData(targets.length ? link("/api/whatif", asked) : null);
  const columns = [
    { id: "model", title: "Model", class: "wide", render: (/** @type {any} */ row) => html`<bdi>${label(row.model, 70)}</bdi> <bdi class="muted">${label(row.provider, 40)}</bdi>` },
    { id: "cost", title: "Would have cost", num: true, render: (/** @type {any} */ row) => html`<span class="with-meter"><${Meter} share=${row.ratio === null ? 0 : row.ratio / Math.max(1, ...(answer.data?.items ?? []).map((/** @type {any} */ one) => one.ratio ?? 0))} /><span>${money(row.cost_usd)}</span></span>` },
    { id: "saved", title: "Saved", num: true, render: (/** @type {any} */ row) => html`<span class=${row.saved_usd > 0 ? "good-text" : row.saved_usd < 0 ? "bad-text" : ""}>${money(row.saved_usd)}</span>` },
    { id: "ratio", title: "Of the cost now", num: true, render: (/** @type {any} */ row) => percent(row.ratio, 0) },
    { id: "repriced", title: "Calls priced", num: true, render: (/** @type {any} */ row) => number(row.repriced) },
    { id: "away", title: html`<span class="sr">Remove</span>`, num: true, render: (/** @type {any} */ row) => html`<button type="button" class="button bare" aria-label=${`Remove ${label(row.model, 60)}`} onClick=${() => setQuery({ model_to: targets.filter((one) => one !== `${row.provider}/${row.model}`) })}><${Icon} name="close" /></button>` },
  ];
  return html`<${Page} title="What if" busy=${answer.loading && targets.length > 0} actions=${html`<${RangePicker} since="7d" bounded=${true} />`}>
    <${Chips} />
    <${Picker} chosen=${targets} />
    ${targets.length
      ? html`<${Loaded} query=${answer} rows=${5}>
          ${(/** @type {any} */ data) => html`<div class="gap">
            <div class="tiles"><${Stat} title="Calls" value=${number(data.calls)} note=${data.repriced < data.calls ? `${number(data.repriced)} could be priced` : null} /><${Stat} title="Cost now" value=${money(data.actual_usd)} /></div>
            <section class="panel"><${Table} caption="At the prices of other models" columns=${columns} rows=${data.items} rowKey=${(/** @type {any} */ row) => `${row.provider}/${row.model}`} /></section>
            <section class="note" aria-label="What this assumes"><h2>What this assumes</h2><ul class="bullets">${data.assumes.map((/** @type {string} */ one, /** @type {number} */ at) => html`<li key=${at}>${one}</li>`)}</ul></section>
          </div>`}
        <//>`
      : html`<${Empty} title="Choose a model to compare with" icon="whatif"><p>The calls of this time, narrowed as in the list of calls, are priced as if that model had answered them.</p><//>`}
  <//>`;
}

/** @param {{chosen: string[]}} props */
function Picker({ chosen }) {
  const [text, setText] = useState("");
  const found = useData(text.trim() ? link("/api/prices", { q: text.trim() }) : null);
  const items = (text.trim() ? found.data?.items ?? [] : []).filter((/** @type {any} */ one) => !chosen.includes(`${one.provider}/${one.model}`)).slice(0, 30);
  const add = (/** @type {any} */ one) => {
    setQuery({ model_to: [...chosen, `${one.provider}/${one.model}`] });
    setText("");
  };
  return html`<div class="picker">
    <label class="search inline"><span class="sr">Find a model of the price table</span><${Icon} name="plus" /><input type="search" value=${text} placeholder="Add a model of the price table" autocomplete="off" onInput=${(/** @type {any} */ event) => setText(event.target.value)} onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && items[0] && add(items[0])} /></label>
    ${items.length ? html`<ul class="options picked" aria-label="Models">${items.map((/** @type {any} */ one) => html`<li key=${`${one.provider}/${one.model}`}><button type="button" onClick=${() => add(one)}><bdi>${label(one.model, 70)}</bdi> <bdi class="muted">${label(one.provider, 40)}</bdi></button></li>`)}</ul>` : text.trim() && found.data ? html`<p class="muted">No model of the price table has this name.</p>` : null}
  </div>`;
}
