// What narrows a page: the time range, the search, the facets, and what of them is chosen.
import { html, useEffect, useRef, useState } from "../ui.js";
import { useData } from "../api.js";
import { BOUNDS, FIELDS, filters, isFilter, rangeText, RANGES, spoken } from "../filters.js";
import { compact, label, money } from "../format.js";
import { link, place, setQuery } from "../router.js";
import { Icon } from "./icons.js";
import { Menu } from "./basics.js";

/** @param {{since?: string, bounded?: boolean}} props `bounded`: the page needs a period */
export function RangePicker({ since = "", bounded }) {
  const query = place.value.query;
  const chosen = query.has("from") || query.has("to") ? null : query.get("since") ?? since;
  return html`<${Menu} icon="running" text=${rangeText(query, since)} title="Time range">
    ${(/** @type {() => void} */ close) => html`<ul class="options">
        ${RANGES.filter(([value]) => value || !bounded).map(
          ([value, text]) => html`<li key=${value}><button type="button" aria-pressed=${value === chosen ? "true" : "false"} onClick=${() => {
            setQuery({ since: value || (since ? "3650d" : null), from: null, to: null });
            close();
          }}>${text}</button></li>`,
        )}
      </ul>
      <form class="own-range" onSubmit=${(/** @type {Event} */ event) => {
        event.preventDefault();
        const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
        const moment = (/** @type {string} */ name) => (form.get(name) ? new Date(String(form.get(name))).toISOString() : null);
        setQuery({ from: moment("from"), to: moment("to"), since: null });
        close();
      }}>
        <label>From <input type="datetime-local" name="from" /></label>
        <label>To <input type="datetime-local" name="to" /></label>
        <button type="submit" class="button">Apply</button>
      </form>`}
  <//>`;
}

/** @param {{placeholder?: string}} props */
export function Search({ placeholder = "Search text, names and ids" }) {
  const query = place.value.query;
  const [text, setText] = useState(query.get("q") ?? "");
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => {
    if (document.activeElement !== field.current) setText(place.value.query.get("q") ?? "");
  }, [place.value]);
  useEffect(() => {
    if (text === (place.peek().query.get("q") ?? "")) return undefined;
    const timer = window.setTimeout(() => setQuery({ q: text || null }, { replace: true }), 250);
    return () => window.clearTimeout(timer);
  }, [text]);
  return html`<label class="search">
    <span class="sr">${placeholder}</span><${Icon} name="search" />
    <input ref=${field} type="search" name="q" dir="auto" value=${text} placeholder=${placeholder} spellcheck=${false} autocomplete="off"
      onInput=${(/** @type {any} */ event) => setText(event.target.value)}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && field.current?.blur()} />
    <kbd aria-hidden="true">/</kbd>
  </label>`;
}

/** What is chosen, each to be taken away. */
export function Chips() {
  const query = place.value.query;
  const chosen = spoken(query);
  if (chosen.length === 0) return null;
  return html`<ul class="chips" aria-label="Filters">
    ${chosen.map(
      ({ name, value, title, text }) => html`<li key=${`${name}=${value}`} class="chip-filter">
        <span class="muted">${title}</span> <bdi class="cut">${label(text, 60)}</bdi>
        <button type="button" aria-label=${`Remove the filter ${title} ${label(text, 40)}`} onClick=${() => setQuery({ [name]: query.getAll(name).filter((one) => one !== value) })}><${Icon} name="close" /></button>
      </li>`,
    )}
    ${chosen.length > 1 ? html`<li><button type="button" class="button small" onClick=${clear}>Clear all</button></li>` : null}
  </ul>`;
}

export function clear() {
  const changes = /** @type {Record<string, any>} */ ({});
  for (const name of place.value.query.keys()) if (isFilter(name)) changes[name] = null;
  setQuery(changes);
}

/** @param {string} name @param {any} value */
function toggle(name, value) {
  const query = place.value.query;
  const text = value ?? "";
  const old = query.getAll(name);
  setQuery({ [name]: old.includes(text) ? old.filter((one) => one !== text) : [...old, text] });
}

const MAIN = ["outcome", "model", "provider", "operation", "feature", "agent"];

/** Values to choose from, with how many calls each has. @param {{tick?: any}} props */
export function Facets({ tick }) {
  const query = place.value.query;
  const extra = Object.keys(FIELDS).filter((name) => query.has(name) && !MAIN.includes(name) && name !== "trace_id");
  const [more, setMore] = useState(/** @type {string[]} */ ([]));
  const fields = [...new Set([...MAIN, ...extra, ...more])];
  const asked = filters(query);
  for (const field of fields) asked.append("field", field);
  asked.set("limit", "12");
  const { data, error } = useData(link("/api/calls/facets", asked), tick);
  const rest = Object.keys(FIELDS).filter((name) => !fields.includes(name) && name !== "trace_id");
  return html`<aside class="facets" aria-label="Narrow the calls">
    ${error ? html`<p class="muted">${label(error.message, 200)}</p>` : null}
    ${fields.map((field) => html`<${Facet} key=${field} field=${field} values=${data?.facets?.[field]} chosen=${query.getAll(field)} />`)}
    <section class="facet">
      <h2 class="minor">Bounds</h2>
      ${["duration", "cost", "tokens", "grounding", "quality"].map((name) => html`<${Bound} key=${name} name=${name} />`)}
    </section>
    <label class="facet more-facets"><span class="sr">Narrow by something else</span>
      <select value="" onChange=${(/** @type {any} */ event) => {
        if (event.target.value) setMore([...more, event.target.value]);
        event.target.value = "";
      }}>
        <option value="">Narrow by…</option>
        ${rest.map((name) => html`<option key=${name} value=${name}>${FIELDS[name]}</option>`)}
      </select>
    </label>
  </aside>`;
}

/** @param {{field: string, values: any[] | undefined, chosen: string[]}} props */
function Facet({ field, values, chosen }) {
  const [whole, setWhole] = useState(false);
  if (!values) return html`<section class="facet"><h2 class="minor">${FIELDS[field]}</h2><div class="bone" /><div class="bone" /></section>`;
  // A field that no call has takes no room.
  if (values.length === 0 || (values.length === 1 && (values[0].value === null || values[0].value === "") && !chosen.length)) return null;
  const most = Math.max(...values.map((one) => one.count));
  const shown = whole ? values : values.slice(0, 6);
  return html`<section class="facet">
    <h2 class="minor">${FIELDS[field]}</h2>
    <ul>
      ${shown.map((one) => {
        const text = one.value === null || one.value === "" ? "none" : label(one.value, 60);
        const on = chosen.includes(one.value ?? "");
        return html`<li key=${text}>
          <button type="button" class="facet-value" aria-pressed=${on ? "true" : "false"} title=${`${text}: ${one.count} calls, ${money(one.cost_usd)}`} onClick=${() => toggle(field, one.value)}>
            <span class="facet-bar" aria-hidden="true" style=${{ width: `${((one.count / most) * 100).toFixed(1)}%` }} />
            <bdi class=${`cut grow ${one.value === null ? "muted" : ""}`}>${text}</bdi><span class="facet-count">${compact(one.count)}</span>
          </button>
        </li>`;
      })}
    </ul>
    ${values.length > 6 ? html`<button type="button" class="facet-more" onClick=${() => setWhole(!whole)}>${whole ? "Fewer" : `${values.length - 6} more`}</button>` : null}
  </section>`;
}

/** @param {{name: string}} props */
function Bound({ name }) {
  const query = place.value.query;
  const bound = BOUNDS[name];
  const field = (/** @type {string} */ side, /** @type {string} */ words) => html`<input type="text" inputmode="decimal" size="5" aria-label=${`${bound.title}, ${words}, in ${bound.unit}`} placeholder=${side}
    value=${query.get(`${side}_${name}`) ?? ""}
    onChange=${(/** @type {any} */ event) => {
      const value = event.target.value.trim().replace(",", ".");
      if (value === "" || Number.isFinite(Number(value))) setQuery({ [`${side}_${name}`]: value || null });
    }} />`;
  return html`<div class="bound"><span class="cut grow" title=${`${bound.title} in ${bound.unit}`}>${bound.title}</span>${field("min", "at least")}${field("max", "at most")}</div>`;
}
