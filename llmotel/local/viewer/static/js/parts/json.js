// JSON as a tree that opens where it is wanted: what is closed is not drawn.
import { html, useState } from "../ui.js";
import { bytes, plain } from "../format.js";

const PAGE = 100;
const LONG = 2000;

/** A string that is JSON itself is shown as what it holds. @param {any} value */
export function parsed(value) {
  if (typeof value !== "string") return value;
  const text = value.trim();
  if (!(text.startsWith("{") && text.endsWith("}")) && !(text.startsWith("[") && text.endsWith("]"))) return value;
  if (text.length > 2_000_000) return value;
  try {
    return JSON.parse(text);
  } catch {
    return value;
  }
}

/** Long text a piece at a time, so that 10 MB open as fast as a line. @param {{text: string, class?: string, step?: number}} props */
export function Long({ text, class: extra, step = LONG }) {
  const [shown, setShown] = useState(step);
  if (text.length <= shown * 1.2) return html`<span class=${extra ?? ""} dir="auto">${plain(text)}</span>`;
  return html`<span class=${extra ?? ""} dir="auto">${plain(text.slice(0, shown))}</span>…
    <button type="button" class="button small" onClick=${() => setShown(Math.min(text.length, Math.max(shown * 10, 20000), shown + 500000))}>
      Show more (${bytes(text.length - shown)} left)
    </button>`;
}

/** @param {{value: any, open?: number, name?: string | null}} props */
export function Json({ value, open = 2, name = null }) {
  return html`<div class="json" dir="ltr"><${Node} value=${value} name=${name} depth=${0} open=${open} /></div>`;
}

/** @param {{value: any, name: string | null, depth: number, open: number}} props */
function Node({ value, name, depth, open }) {
  const inner = typeof value === "string" && depth > 0 ? parsed(value) : value;
  const key = name === null ? null : html`<span class="json-key">${plain(name)}</span><span class="json-mark">: </span>`;
  if (inner === null || typeof inner !== "object") return html`<div class="json-line">${key}<${Leaf} value=${inner} /></div>`;
  return html`<${Branch} value=${inner} label=${key} depth=${depth} open=${open} />`;
}

/** @param {{value: any, label: any, depth: number, open: number}} props */
function Branch({ value, label: key, depth, open }) {
  const list = Array.isArray(value);
  const names = list ? null : Object.keys(value);
  const count = list ? value.length : /** @type {string[]} */ (names).length;
  const [shown, setShown] = useState(depth < open && depth < 40);
  const [most, setMost] = useState(PAGE);
  const marks = list ? ["[", "]"] : ["{", "}"];
  if (count === 0) return html`<div class="json-line">${key}<span class="json-mark">${marks.join("")}</span></div>`;
  return html`<div class="json-branch">
    <button type="button" class="json-fold" aria-expanded=${shown ? "true" : "false"} onClick=${() => setShown(!shown)}>
      <span class="json-arrow" aria-hidden="true">${shown ? "▾" : "▸"}</span>${key}<span class="json-mark">${marks[0]}</span>
      ${shown ? null : html`<span class="json-size"> ${count} ${list ? (count === 1 ? "item" : "items") : count === 1 ? "key" : "keys"} </span><span class="json-mark">${marks[1]}</span>`}
    </button>
    ${shown
      ? html`<div class="json-inner">
            ${(list ? value.slice(0, most) : /** @type {string[]} */ (names).slice(0, most)).map((/** @type {any} */ one, /** @type {number} */ at) =>
              list
                ? html`<${Node} key=${at} value=${one} name=${String(at)} depth=${depth + 1} open=${open} />`
                : html`<${Node} key=${one} value=${value[one]} name=${one} depth=${depth + 1} open=${open} />`,
            )}
            ${count > most ? html`<button type="button" class="button small" onClick=${() => setMost(most + PAGE * 5)}>${count - most} more</button>` : null}
          </div>
          <div class="json-mark">${marks[1]}</div>`
      : null}
  </div>`;
}

/** @param {{value: any}} props */
function Leaf({ value }) {
  if (typeof value === "string") return html`<span class="json-text">"<${Long} text=${value} />"</span>`;
  return html`<span class=${`json-${value === null ? "null" : typeof value}`}>${String(value)}</span>`;
}
