// Markdown as elements, never as HTML: markdown-it reads it, and what it found becomes nodes of ours. Nothing that a
// model wrote is parsed by the browser, so there is nothing to sanitise.
import MarkdownIt from "../../vendor/markdown-it.js";
import { Fragment, h, html } from "../ui.js";
import { plain } from "../format.js";

const reader = new MarkdownIt("default", { html: false, linkify: true, breaks: false, maxNesting: 40 });

/** Beyond this, text is shown as it is. */
const MOST = 200_000;

const ELEMENTS = new Set([
  "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "table", "thead", "tbody", "tr", "th", "td", "em", "strong", "s",
]);

// Marks around a piece of the source that survive its reading: private characters that no sender's text keeps.
const OPEN = "\ue000";
const CLOSE = "\ue001";
const FIRST = 0xe100;

/** @typedef {{start: number, end: number, index: number}} Mark offsets in code points */

/**
 * @param {string} text @param {Mark[]} marks
 * @returns {string}
 */
export function marked(text, marks) {
  const signs = Array.from(text, (sign) => (/[\ue000-\uf8ff]/.test(sign) ? "\ufffd" : sign));
  /** @type {Map<number, string>} */
  const at = new Map();
  for (const { start, end, index } of marks) {
    let from = Math.max(0, Math.min(signs.length, start));
    let to = Math.max(from, Math.min(signs.length, end));
    // The sign of a list, a heading or a quote has to stay at the start of its line.
    const prefix = /^(?:\s|[-*+] |\d+[.)] |#+ |> )+/.exec(signs.slice(from, Math.min(to, from + 40)).join(""));
    if (prefix && (from === 0 || signs[from - 1] === "\n" || /\s/.test(signs[from]))) from += Array.from(prefix[0]).length;
    while (to > from && /\s/.test(signs[to - 1])) to--;
    if (to <= from || index > 0x600) continue;
    const name = String.fromCharCode(FIRST + index);
    at.set(from, (at.get(from) ?? "") + OPEN + name);
    at.set(to, CLOSE + name + (at.get(to) ?? ""));
  }
  if (at.size === 0) return signs.join("");
  let out = "";
  for (let i = 0; i <= signs.length; i++) out += (at.get(i) ?? "") + (signs[i] ?? "");
  return out;
}

/** @param {{text: string, marks?: Mark[], onMark?: (index: number) => void}} props */
export function Markdown({ text, marks = [], onMark }) {
  if (text.length > MOST) return html`<pre class="text" dir="auto">${plain(text)}</pre>`;
  const state = { active: /** @type {Set<number>} */ (new Set()), onMark };
  return html`<div class="markdown" dir="auto">${nodes(reader.parse(marked(text, marks), {}), state)}</div>`;
}

/** Text as it is, with the same marks. @param {{text: string, marks?: Mark[], onMark?: (index: number) => void}} props */
export function Plain({ text, marks = [], onMark }) {
  const state = { active: /** @type {Set<number>} */ (new Set()), onMark };
  return html`<pre class="text" dir="auto">${pieces(marked(text, marks), state)}</pre>`;
}

/** @param {any[]} tokens @param {any} state @returns {any[]} */
function nodes(tokens, state) {
  /** @type {{tag: any, props: any, children: any[]}[]} */
  const stack = [{ tag: Fragment, props: null, children: [] }];
  for (const token of tokens) {
    const top = stack[stack.length - 1];
    if (token.type === "inline") top.children.push(...nodes(token.children ?? [], state));
    else if (token.nesting === 1) stack.push(element(token));
    else if (token.nesting === -1) {
      if (stack.length > 1) {
        stack.pop();
        stack[stack.length - 1].children.push(h(top.tag, top.props, ...top.children));
      }
    } else top.children.push(...single(token, state));
  }
  return stack[0].children;
}

/** @param {any} token */
function element(token) {
  if (token.hidden) return { tag: Fragment, props: null, children: [] };
  if (token.type === "link_open") return { tag: "a", props: anchor(token.attrGet("href")), children: [] };
  const tag = ELEMENTS.has(token.tag) ? token.tag : "span";
  // A heading of a message is no heading of this page.
  if (/^h[1-6]$/.test(tag)) return { tag: "p", props: { class: `heading ${tag}` }, children: [] };
  const props = tag === "ol" && token.attrGet("start") ? { start: Number(token.attrGet("start")) || 1 } : null;
  return { tag, props, children: [] };
}

/** Only addresses of the web and of mail are links. @param {string | null} href */
export function anchor(href) {
  const address = href ?? "";
  return /^(https?:|mailto:)/i.test(address) ? { href: address, target: "_blank", rel: "noopener noreferrer nofollow", title: plain(address) } : { class: "dead-link" };
}

/** @param {any} token @param {any} state @returns {any[]} */
function single(token, state) {
  switch (token.type) {
    case "text":
      return pieces(token.content, state);
    case "code_inline":
      return [h("code", null, ...pieces(token.content, state))];
    case "softbreak":
      return ["\n"];
    case "hardbreak":
      return [h("br", null)];
    case "hr":
      return [h("hr", null)];
    case "fence":
    case "code_block":
      return [h("pre", { class: "code", dir: "ltr" }, h("code", null, ...pieces(token.content, state)))];
    case "image":
      // A picture is not loaded: its address would learn who reads this.
      return [h("a", anchor(token.attrGet("src")), "[image: ", ...pieces(token.content || "no description", state), "]")];
    default:
      return token.content ? pieces(token.content, state) : [];
  }
}

/** @param {string} text @param {any} state @returns {any[]} */
function pieces(text, state) {
  const out = [];
  for (const piece of text.split(/([\ue000\ue001][\ue100-\uf8ff])/)) {
    if (piece === "") continue;
    const sign = piece.charAt(0);
    if ((sign === OPEN || sign === CLOSE) && piece.length === 2) {
      const index = piece.charCodeAt(1) - FIRST;
      if (sign === OPEN) state.active.add(index);
      else {
        state.active.delete(index);
        out.push(h("button", { type: "button", class: "cite", title: `Source ${index + 1}`, "aria-label": `Source ${index + 1}`, onClick: () => state.onMark?.(index) }, String(index + 1)));
      }
    } else if (state.active.size) out.push(h("mark", null, plain(piece)));
    else out.push(plain(piece));
  }
  return out;
}
