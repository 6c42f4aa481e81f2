// The tree of a trace beside its time: only the rows in sight are drawn, so that 50,000 spans scroll as 50 do.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../ui.js";
import { compact, duration, label, money } from "../format.js";
import { Icon, Kind, KINDS } from "./icons.js";

const ROW = 28;

/** @typedef {import("./tree.js").Node} Node */

/**
 * @param {{rows: {node: Node, depth: number}[], start: number, end: number, folded: Set<string>, chosen: string | null,
 *   onChoose: (node: Node) => void, onFold: (key: string, fold: boolean) => void, onZoom: (node: Node) => void}} props
 */
export function Waterfall({ rows, start, end, folded, chosen, onChoose, onFold, onZoom }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [view, setView] = useState({ top: 0, height: 900 });
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight });
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    return () => {
      watch.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, []);
  const at = rows.findIndex(({ node }) => node.key === chosen);
  useEffect(() => {
    const element = box.current;
    if (!element || at < 0) return;
    if (at * ROW < element.scrollTop) element.scrollTop = Math.max(0, (at - 3) * ROW);
    else if ((at + 2) * ROW > element.scrollTop + element.clientHeight) element.scrollTop = (at + 4) * ROW - element.clientHeight;
  }, [chosen, rows.length]);
  useLayoutEffect(() => {
    const key = (/** @type {KeyboardEvent} */ event) => {
      if (event.metaKey || event.ctrlKey || event.altKey) return;
      const target = event.target;
      if (target instanceof HTMLElement && (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest("[role=tablist], dialog"))) return;
      const inside = target instanceof Node && box.current?.contains(target);
      const step = event.key === "j" || (inside && event.key === "ArrowDown") ? 1 : event.key === "k" || (inside && event.key === "ArrowUp") ? -1 : 0;
      if (step) {
        event.preventDefault();
        const next = rows[Math.max(0, Math.min(rows.length - 1, at + step))];
        if (next) onChoose(next.node);
      } else if (inside && rows[at] && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
        const { node } = rows[at];
        event.preventDefault();
        if (event.key === "ArrowRight") {
          if (folded.has(node.key)) onFold(node.key, false);
          else if (rows[at + 1]?.depth > rows[at].depth) onChoose(rows[at + 1].node);
        } else if (node.children.length && !folded.has(node.key)) onFold(node.key, true);
        else if (node.parent) onChoose(node.parent);
      } else if (inside && event.key === "Home" && rows.length) onChoose(rows[0].node);
      else if (inside && event.key === "End" && rows.length) onChoose(rows[rows.length - 1].node);
    };
    document.addEventListener("keydown", key);
    return () => document.removeEventListener("keydown", key);
  }, [rows, at, folded]);

  const first = Math.max(0, Math.floor(view.top / ROW) - 10);
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / ROW) + 10);
  const span = Math.max(end - start, 1e-6);
  const place = (/** @type {number} */ moment) => Math.max(0, Math.min(100, ((moment - start) / span) * 100));
  return html`<div class="waterfall">
    <div class="waterfall-head" aria-hidden="true">
      <span class="w-name">Span</span><span class="w-cost">Cost</span><span class="w-time">Time</span>
      <span class="w-axis">${[0, 0.25, 0.5, 0.75].map((share) => html`<span key=${share} style=${{ insetInlineStart: `${share * 100}%` }}>${duration(start + span * share)}</span>`)}</span>
    </div>
    <div class="waterfall-body" role="tree" aria-label="Spans of the trace" tabindex="0" ref=${box} aria-activedescendant=${at >= first && at < last ? `row-${at}` : null}>
      <div role="none" style=${{ height: `${first * ROW}px` }} />
      ${rows.slice(first, last).map(({ node, depth }, offset) => {
        const index = first + offset;
        const { span: one } = node;
        const kind = one.kind in KINDS ? one.kind : "other";
        const open = node.children.length ? !folded.has(node.key) : undefined;
        const bad = one.status === "error" || one.outcome === "error" || one.error_type;
        const chunk = typeof one.time_to_first_chunk === "number" && node.end > node.start ? Math.min(1, one.time_to_first_chunk / (node.end - node.start)) : 0;
        return html`<div
          key=${node.key}
          id=${`row-${index}`}
          role="treeitem"
          class=${`w-row ${node.key === chosen ? "chosen" : ""} ${bad ? "bad" : ""}`}
          aria-level=${depth + 1}
          aria-expanded=${open === undefined ? null : open ? "true" : "false"}
          aria-selected=${node.key === chosen ? "true" : "false"}
          onClick=${() => onChoose(node)}
          onDblClick=${() => onZoom(node)}
        >
          <span class="w-name" style=${{ paddingInlineStart: `${Math.min(depth, 24) * 14 + 4}px` }}>
            ${open === undefined
              ? html`<span class="w-fold" />`
              : html`<span class="w-fold" aria-hidden="true" onClick=${(/** @type {Event} */ event) => {
                  event.stopPropagation();
                  onFold(node.key, open);
                }}><${Icon} name=${open ? "down" : "right"} /></span>`}
            <${Kind} kind=${kind} /><bdi class="cut">${label(one.name, 120)}</bdi>
            ${bad ? html`<${Icon} name="error" title="Error" class="bad-text" />` : null}
            ${one.pending ? html`<span class="chip warn">running</span>` : null}
            ${node.orphan ? html`<span class="chip" title="Its parent is not in this trace">orphan</span>` : null}
            ${node.cycle ? html`<span class="chip warn" title="Its parents go in a circle">circle</span>` : null}
            ${open === false ? html`<span class="chip">+${compact(node.size - 1)}</span>` : null}
          </span>
          <span class="w-cost num">${node.cost === null ? "" : money(node.cost)}</span>
          <span class="w-time num">${one.pending ? "" : duration(one.duration_seconds)}</span>
          <span class="w-axis" aria-hidden="true">
            <span class=${`w-bar bar-${kind} ${one.pending ? "pulse" : ""}`} style=${{ insetInlineStart: `${place(node.start).toFixed(3)}%`, width: `${Math.max(0, place(node.end) - place(node.start)).toFixed(3)}%` }}>
              ${chunk ? html`<span class="w-wait" style=${{ width: `${(chunk * 100).toFixed(2)}%` }} />` : null}
            </span>
          </span>
        </div>`;
      })}
      <div role="none" style=${{ height: `${(rows.length - last) * ROW}px` }} />
    </div>
  </div>`;
}
