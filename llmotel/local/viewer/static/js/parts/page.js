// The head and the body of a page.
import { html } from "../ui.js";

/** @param {{title: any, sub?: any, actions?: any, children: any, flush?: boolean, busy?: boolean}} props */
export function Page({ title, sub, actions, children, flush, busy }) {
  return html`<header class="head">
      <h1>${title}</h1>
      ${sub ? html`<span class="sub">${sub}</span>` : null}
      <div class="actions">${actions}</div>
      <div class=${`progress ${busy ? "on" : ""}`} aria-hidden="true" />
    </header>
    <div class=${`body ${flush ? "flush" : ""}`}>${children}</div>`;
}
