// The small things that all pages are made of.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../ui.js";
import { Icon } from "./icons.js";
import { ago, fullTime, label, NONE, time } from "../format.js";

/** @param {{text: string | (() => string), title?: string, children?: any, class?: string}} props */
export function Copy({ text, title = "Copy", children, class: extra }) {
  const [done, setDone] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "function" ? text() : text);
      setDone("Copied");
    } catch {
      setDone("The browser refused to copy");
    }
    window.setTimeout(() => setDone(""), 1500);
  };
  return html`<button type="button" class=${`button ${children ? "" : "bare"} ${extra ?? ""}`} title=${title} aria-label=${children ? null : title} onClick=${copy}>
    <${Icon} name=${done === "Copied" ? "ok" : "copy"} />${children ? html`<span>${done || children}</span>` : null}
    <span class="sr" role="status">${done}</span>
  </button>`;
}

/** A moment, with the whole of it on hover. @param {{iso: any, relative?: boolean}} props */
export function Time({ iso, relative }) {
  if (!iso) return NONE;
  return html`<time dateTime=${iso} title=${fullTime(iso)}>${relative ? ago(iso) : time(iso)}</time>`;
}

/** @type {Record<string, {icon: string, tone: string, text: string}>} */
const OUTCOMES = {
  completed: { icon: "ok", tone: "good", text: "Completed" },
  error: { icon: "error", tone: "bad", text: "Error" },
  cancelled: { icon: "cancelled", tone: "warn", text: "Cancelled" },
  abandoned: { icon: "cancelled", tone: "warn", text: "Abandoned: its stream was never read to the end" },
  closed: { icon: "cancelled", tone: "plain", text: "Closed by the application before the end" },
};

/** How a call ended: never by colour alone. @param {{of: any, words?: boolean}} props */
export function Outcome({ of, words }) {
  if (of.pending) return html`<span class="outcome warn"><${Icon} name="running" title="Running" class="pulse" />${words ? "Running" : null}</span>`;
  const name = of.outcome ?? (of.status === "error" || of.error_type ? "error" : null);
  const known = name === null ? { icon: "other", tone: "plain", text: "No outcome was recorded" } : OUTCOMES[name] ?? { icon: "other", tone: "plain", text: label(name, 60) };
  const text = name === "error" && of.error_type ? label(of.error_type, 60) : known.text;
  return html`<span class=${`outcome ${known.tone}`} title=${text}>
    <${Icon} name=${known.icon} title=${words ? undefined : text} />${words ? html`<span class="cut">${text}</span>` : null}
  </span>`;
}

/** @param {{title: string, children?: any, icon?: string}} props */
export function Empty({ title, children, icon = "other" }) {
  return html`<div class="empty"><${Icon} name=${icon} /><h2>${title}</h2><div class="empty-text">${children}</div></div>`;
}

/** @param {{error: any, retry?: () => void}} props */
export function Fault({ error, retry }) {
  return html`<div class="fault" role="alert">
    <${Icon} name="error" />
    <div class="grow">
      <strong>${error.title ?? "The server did not answer"}</strong>
      <div class="wrap">${label(error.message, 600)}</div>
    </div>
    ${retry ? html`<button type="button" class="button" onClick=${retry}>Try again</button>` : null}
  </div>`;
}

/** What a page says until its first answer; it takes the room that the answer will. @param {{rows?: number}} props */
export function Waiting({ rows = 8 }) {
  return html`<div class="waiting" role="status" aria-label="Loading">
    ${Array.from({ length: rows }, (_, at) => html`<div class="bone" key=${at} />`)}
  </div>`;
}

/** @param {{query: {data: any, error: any, reload: () => void}, rows?: number, children: (data: any) => any}} props */
export function Loaded({ query, rows, children }) {
  if (query.error && !query.data) return html`<${Fault} error=${query.error} retry=${query.reload} />`;
  if (!query.data) return html`<${Waiting} rows=${rows} />`;
  return html`${query.error ? html`<${Fault} error=${query.error} retry=${query.reload} />` : null}${children(query.data)}`;
}

/**
 * A button that opens a panel under it; Escape and a click elsewhere close it.
 * @param {{text: any, icon?: string, title?: string, align?: string, children: (close: () => void) => any, class?: string}} props
 */
export function Menu({ text, icon, title, align = "end", children, class: extra }) {
  const [open, setOpen] = useState(false);
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  const panel = useRef(/** @type {HTMLElement | null} */ (null));
  const close = () => {
    setOpen(false);
    root.current?.querySelector("button")?.focus();
  };
  useEffect(() => {
    if (!open) return undefined;
    const outside = (/** @type {Event} */ event) => {
      if (!root.current?.contains(/** @type {Node} */ (event.target))) setOpen(false);
    };
    const key = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        close();
      }
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("keydown", key, true);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("keydown", key, true);
    };
  }, [open]);
  // Where the button is near an edge, the panel stays within the window.
  useLayoutEffect(() => {
    const box = panel.current;
    if (!open || !box) return;
    box.style.translate = "";
    const at = box.getBoundingClientRect();
    const right = at.right - (document.documentElement.clientWidth - 8);
    const left = 8 - at.left;
    if (right > 0) box.style.translate = `${-right}px 0`;
    else if (left > 0) box.style.translate = `${left}px 0`;
  }, [open]);
  return html`<div class=${`menu ${extra ?? ""}`} ref=${root}>
    <button type="button" class="button" aria-expanded=${open ? "true" : "false"} title=${title} aria-label=${text ? null : title} onClick=${() => setOpen(!open)}>
      ${icon ? html`<${Icon} name=${icon} />` : null}${text ? html`<span class="cut">${text}</span>` : null}${text ? html`<${Icon} name="down" class="dim" />` : null}
    </button>
    ${open ? html`<div class=${`panel-menu ${align}`} ref=${panel}>${children(close)}</div>` : null}
  </div>`;
}

/**
 * Tabs as ARIA describes them: arrows move, the panel is named by its tab.
 * @param {{id: string, tabs: {id: string, title: string, count?: any}[], chosen: string, onChoose: (id: string) => void, children: any}} props
 */
export function Tabs({ id, tabs, chosen, onChoose, children }) {
  const step = (/** @type {KeyboardEvent} */ event) => {
    const at = tabs.findIndex((tab) => tab.id === chosen);
    const to = event.key === "ArrowRight" ? at + 1 : event.key === "ArrowLeft" ? at - 1 : null;
    if (to === null) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    onChoose(next.id);
    document.getElementById(`${id}-${next.id}`)?.focus();
  };
  return html`<div class="tabs" role="tablist" onKeyDown=${step}>
      ${tabs.map(
        (tab) => html`<button key=${tab.id} type="button" role="tab" id=${`${id}-${tab.id}`} aria-selected=${tab.id === chosen ? "true" : "false"} aria-controls=${`${id}-panel`} tabindex=${tab.id === chosen ? 0 : -1} onClick=${() => onChoose(tab.id)}>
          ${tab.title}${tab.count ? html`<span class="tab-count">${tab.count}</span>` : null}
        </button>`,
      )}
    </div>
    <div class="tab-panel" role="tabpanel" id=${`${id}-panel`} aria-labelledby=${`${id}-${chosen}`} tabindex="0">${children}</div>`;
}

/** @param {{title: string, value: any, note?: any, tone?: string, href?: string}} props */
export function Stat({ title, value, note, tone, href }) {
  const inner = html`<span class="stat-title">${title}</span><span class=${`stat-value ${tone ?? ""}`}>${value}</span>${note ? html`<span class="stat-note">${note}</span>` : html`<span class="stat-note"> </span>`}`;
  return href ? html`<a class="tile" href=${href}>${inner}</a>` : html`<div class="tile">${inner}</div>`;
}

/** A share as a bar; the number stands beside it. @param {{share: number, tone?: string}} props */
export function Meter({ share, tone }) {
  const size = Math.max(0, Math.min(1, Number.isFinite(share) ? share : 0));
  return html`<span class=${`meter ${tone ?? ""}`} aria-hidden="true"><span style=${{ width: `${(size * 100).toFixed(2)}%` }} /></span>`;
}

/** A score from 0 to 1, told by a word and a tone. @param {{value: any, text: string}} props */
export function Score({ value, text }) {
  if (value === null || value === undefined) return html`<span class="muted">${NONE}</span>`;
  const tone = value >= 0.8 ? "good" : value >= 0.5 ? "warn" : "bad";
  return html`<span class=${`score ${tone}`}>${text}</span>`;
}
