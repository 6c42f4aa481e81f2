// Tables: a plain one for what fits on a page, and one that draws only the rows in sight.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../ui.js";
import { go } from "../router.js";

/**
 * @typedef {{id: string, title: any, num?: boolean, width?: number, sort?: string, up?: boolean, render: (row: any) => any, class?: string}} Column
 * `up`: what is asked first when the column is sorted is the smallest.
 */

/** @param {{columns: Column[], sort?: string, onSort?: (sort: string) => void}} props */
function Head({ columns, sort, onSort }) {
  return html`<thead>
    <tr>
      ${columns.map((column) => {
        const name = column.sort;
        const down = sort === `-${name}`;
        const up = sort === name;
        const order = name && (up || down) ? (up ? "ascending" : "descending") : undefined;
        const next = down ? name : up ? `-${name}` : column.up ? name : `-${name}`;
        return html`<th key=${column.id} scope="col" class=${column.num ? "num" : ""} aria-sort=${order}>
          ${name && onSort
            ? html`<button type="button" onClick=${() => onSort(/** @type {string} */ (next))}>${column.title}<span class="sort" aria-hidden="true">${down ? "↓" : up ? "↑" : ""}</span></button>`
            : column.title}
        </th>`;
      })}
    </tr>
  </thead>`;
}

/** @param {{event: MouseEvent, href: string}} props */
function follow({ event, href }) {
  if (/** @type {Element} */ (event.target).closest("a, button, input, summary")) return;
  if (String(window.getSelection())) return;
  if (event.metaKey || event.ctrlKey) window.open(href, "_blank", "noopener");
  else go(href);
}

/**
 * A table of all its rows.
 * @param {{caption: string, columns: Column[], rows: any[], href?: (row: any) => string | null, sort?: string, onSort?: (sort: string) => void, rowKey?: (row: any, at: number) => any}} props
 */
export function Table({ caption, columns, rows, href, sort, onSort, rowKey }) {
  return html`<div class="table-scroll" tabindex="0" role="region" aria-label=${caption}>
    <table class="table">
      <caption class="sr">${caption}</caption>
      <${Head} columns=${columns} sort=${sort} onSort=${onSort} />
      <tbody>
        ${rows.map((row, at) => {
          const to = href?.(row);
          return html`<tr key=${rowKey ? rowKey(row, at) : at} class=${to ? "to" : ""} onClick=${to ? (/** @type {MouseEvent} */ event) => follow({ event, href: to }) : null}>
            ${columns.map((column) => html`<td key=${column.id} class=${`${column.num ? "num" : ""} ${column.class ?? ""}`}>${column.render(row)}</td>`)}
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}

/**
 * A grid that draws what is in sight and asks for more near its end. Its rows are all of one height.
 * @param {{caption: string, columns: Column[], rows: any[], href: (row: any) => string, sort?: string, onSort?: (sort: string) => void, onMore?: () => void, more?: boolean, total?: number | null, chosen: number, onChoose: (at: number) => void, fresh?: Set<string>, rowHeight?: number}} props
 */
export function Grid({ caption, columns, rows, href, sort, onSort, onMore, more, total, chosen, onChoose, fresh, rowHeight = 32 }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [view, setView] = useState({ top: 0, height: 800 });
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
  const first = Math.max(0, Math.floor(view.top / rowHeight) - 8);
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / rowHeight) + 8);
  useEffect(() => {
    if (more && onMore && last >= rows.length - 20) onMore();
  }, [last, rows.length, more]);
  useEffect(() => {
    const element = box.current;
    if (!element || chosen < 0) return;
    const top = chosen * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight * 2 > element.scrollTop + element.clientHeight) element.scrollTop = top + rowHeight * 2 - element.clientHeight;
  }, [chosen]);
  const wide = columns.reduce((sum, column) => sum + (column.width ?? 120), 0);
  return html`<div class="grid-scroll" ref=${box} tabindex="0" role="region" aria-label=${caption}>
    <table class="table grid" aria-rowcount=${total ?? -1} style=${{ minWidth: `${wide}px` }}>
      <caption class="sr">${caption}</caption>
      <colgroup>${columns.map((column) => html`<col key=${column.id} style=${{ width: `${column.width ?? 120}px` }} />`)}</colgroup>
      <${Head} columns=${columns} sort=${sort} onSort=${onSort} />
      <tbody>
        ${first > 0 ? html`<tr key="above" aria-hidden="true" class="spacer" style=${{ height: `${first * rowHeight}px` }}><td colspan=${columns.length} /></tr>` : null}
        ${rows.slice(first, last).map((row, offset) => {
          const at = first + offset;
          const to = href(row);
          return html`<tr
            key=${`${row.trace_id}/${row.span_id}`}
            aria-rowindex=${at + 2}
            class=${`to ${at === chosen ? "chosen" : ""} ${fresh?.has(row.span_id) ? "fresh" : ""}`}
            onClick=${(/** @type {MouseEvent} */ event) => {
              onChoose(at);
              follow({ event, href: to });
            }}
          >
            ${columns.map((column) => html`<td key=${column.id} class=${`${column.num ? "num" : ""} ${column.class ?? ""}`}>${column.render(row)}</td>`)}
          </tr>`;
        })}
        ${last < rows.length ? html`<tr key="below" aria-hidden="true" class="spacer" style=${{ height: `${(rows.length - last) * rowHeight}px` }}><td colspan=${columns.length} /></tr>` : null}
      </tbody>
    </table>
  </div>`;
}
