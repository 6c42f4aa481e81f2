// Charts over time, drawn by uPlot; the same numbers stand in a table below, for those who cannot point at a canvas.
import uPlot from "../../vendor/uplot.js";
import { html, useLayoutEffect, useMemo, useRef, useState } from "../ui.js";
import { colour, theme } from "../theme-choice.js";
import { label, shortTime, unit as inUnit } from "../format.js";

/** @typedef {{key: any, values: (number | null)[], other?: boolean, tone?: string}} Series */

const TONES = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8"];

/** @param {Series} series @param {number} at */
export const toneOf = (series, at) => series.tone ?? (series.other ? "--faint" : TONES[at % TONES.length]);

/** @param {Series} series */
const named = (series) => (series.other ? "All others" : series.key === null || series.key === "" ? "None" : label(series.key, 60));

/** @param {Series[]} series @returns {(number | null)[][]} */
function stacked(series) {
  let below = /** @type {number[]} */ ([]);
  return series.map((one) => {
    below = one.values.map((value, at) => (value ?? 0) + (below[at] ?? 0));
    return below;
  });
}

/**
 * @param {{title: string, times: string[], series: Series[], unit: string, stack?: boolean, bars?: boolean, height?: number, bare?: boolean,
 *   onPoint?: (time: number, series: Series | null) => void, onRange?: (from: number, to: number) => void,
 *   previous?: Series[] | null, rule?: number | null, pointHref?: (time: number, series: Series) => string}} props
 */
export function Chart({ title, times, series, unit, stack, bars, height = 200, bare, onPoint, onRange, previous, rule, pointHref }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const handlers = useRef({ onPoint, onRange });
  handlers.current = { onPoint, onRange };
  const [at, setAt] = useState(/** @type {number | null} */ (null));
  const [focused, setFocused] = useState(/** @type {number | null} */ (null));
  const [table, setTable] = useState(false);
  const shown = theme.value;
  const seconds = useMemo(() => times.map((time) => Date.parse(time) / 1000), [times]);
  const spot = useRef({ at: /** @type {number | null} */ (null), series: /** @type {number | null} */ (null) });

  useLayoutEffect(() => {
    const element = box.current;
    if (!element || seconds.length === 0) return undefined;
    const layers = stack ? stacked(series) : series.map((one) => one.values);
    const before = previous ?? [];
    // The tallest layer of a stack is drawn first, so that each one below covers its part of it.
    const order = layers.map((_, index) => index);
    if (stack) order.reverse();
    const step = seconds.length > 1 ? seconds[1] - seconds[0] : 60;
    const muted = colour("--muted");
    const line = colour("--line");
    const font = `11px ${getComputedStyle(document.body).fontFamily}`;
    const plot = new uPlot(
      {
        width: Math.max(50, element.clientWidth),
        height,
        ms: 1e-3,
        padding: bare ? [4, 0, 0, 0] : [10, 12, 0, 0],
        legend: { show: false },
        cursor: {
          drag: { x: Boolean(onRange), y: false, setScale: false },
          focus: { prox: stack || bars ? -1 : 24 },
          points: { size: 6 },
          y: false,
        },
        focus: { alpha: 0.35 },
        scales: {
          x: { time: true, range: (/** @type {any} */ _, /** @type {number} */ low, /** @type {number} */ high) => [low - (bars || stack ? step / 2 : 0), high + (bars || stack ? step / 2 : 0) + (low === high ? step : 0)] },
          y: { range: (/** @type {any} */ _, /** @type {number} */ low, /** @type {number} */ high) => [Math.min(0, low ?? 0), Math.max(high ?? 0, rule ?? 0) * 1.08 || 1] },
        },
        axes: [
          { stroke: muted, font, grid: { show: false }, ticks: { stroke: line, size: 4 }, size: bare ? 22 : 30, values: ticks, space: 72 },
          bare
            ? { show: false }
            : {
                stroke: muted,
                font,
                grid: { stroke: line, width: 1 },
                ticks: { show: false },
                size: 58,
                values: (/** @type {any} */ _, /** @type {number[]} */ marks) => marks.map((mark) => inUnit(mark, unit)),
              },
        ],
        series: [
          {},
          ...order.map((index) => {
            const tone = colour(toneOf(series[index], index));
            return {
              label: String(series[index].key),
              stroke: tone,
              width: stack || bars ? 0 : 1.6,
              fill: stack || bars ? (bars ? tone : `color-mix(in srgb, ${tone} 82%, ${colour("--panel")})`) : undefined,
              points: stack || bars ? { show: false } : { show: true, size: 4, fill: tone, width: 0, filter: alone },
              paths: stack || bars ? uPlot.paths.bars({ size: [0.82, 30] }) : undefined,
              spanGaps: false,
            };
          }),
          ...before.map((one, index) => ({ label: `${one.key} before`, stroke: colour(toneOf(one, index)), width: 1, dash: [4, 4], points: { show: false } })),
        ],
        hooks: {
          setCursor: [
            (/** @type {any} */ self) => {
              spot.current.at = self.cursor.idx ?? null;
              setAt(self.cursor.idx ?? null);
            },
          ],
          setSeries: [
            (/** @type {any} */ _, /** @type {number | null} */ index) => {
              const found = index === null || index < 1 || index > order.length ? null : order[index - 1];
              spot.current.series = found;
              setFocused(found);
            },
          ],
          setSelect: [
            (/** @type {any} */ self) => {
              if (self.select.width < 4) return;
              const from = self.posToVal(self.select.left, "x");
              const to = self.posToVal(self.select.left + self.select.width, "x");
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              handlers.current.onRange?.(from, to);
            },
          ],
          draw: [
            (/** @type {any} */ self) => {
              if (rule === null || rule === undefined) return;
              const y = self.valToPos(rule, "y", true);
              self.ctx.save();
              self.ctx.strokeStyle = colour("--bad");
              self.ctx.setLineDash([6, 4]);
              self.ctx.beginPath();
              self.ctx.moveTo(self.bbox.left, y);
              self.ctx.lineTo(self.bbox.left + self.bbox.width, y);
              self.ctx.stroke();
              self.ctx.restore();
            },
          ],
        },
      },
      [seconds, ...order.map((index) => layers[index]), ...before.map((one) => one.values)],
      element,
    );
    let down = 0;
    const pressed = (/** @type {MouseEvent} */ event) => {
      down = event.clientX;
    };
    const click = (/** @type {MouseEvent} */ event) => {
      const { at: index, series: which } = spot.current;
      if (index === null || Math.abs(event.clientX - down) > 3) return;
      handlers.current.onPoint?.(seconds[index], which === null ? null : series[which]);
    };
    plot.over.addEventListener("mousedown", pressed);
    plot.over.addEventListener("click", click);
    if (onPoint) plot.over.classList.add("points");
    const resize = new ResizeObserver(() => {
      const width = Math.max(50, element.clientWidth);
      if (width !== plot.width) plot.setSize({ width, height });
    });
    resize.observe(element);
    return () => {
      resize.disconnect();
      plot.destroy();
    };
  }, [seconds, series, previous, unit, stack, bars, height, bare, rule, shown]);

  const index = at ?? null;
  const last = seconds.length - 1;
  return html`<figure class=${`chart ${bare ? "bare" : ""}`}>
    <div class="plot" ref=${box} role="img" aria-label=${`${title}: ${series.length} series over time`} style=${{ height: `${height}px` }} />
    ${bare
      ? null
      : html`<figcaption class="legend">
          <ul>
            ${series.map(
              (one, position) => html`<li key=${position} class=${focused === position ? "focused" : ""}>
                <${Swatch} tone=${toneOf(one, position)} /><bdi class="cut">${named(one)}</bdi>
                <b>${inUnit(index === null ? (last < 0 ? null : stack ? sum(one.values) : latest(one.values)) : one.values[index], unit)}</b>
              </li>`,
            )}
          </ul>
          <span class="legend-time">${index === null ? "" : shortTime(times[index])}</span>
          ${pointHref && times.length
            ? html`<button type="button" class="button small" aria-expanded=${table ? "true" : "false"} onClick=${() => setTable(!table)}>Data</button>`
            : null}
        </figcaption>`}
    ${table && pointHref ? html`<${Numbers} title=${title} times=${times} seconds=${seconds} series=${series} unit=${unit} pointHref=${pointHref} />` : null}
  </figure>`;
}

/** Points that no line goes through: a value whose neighbours are unknown. @param {any} plot @param {number} which */
function alone(plot, which) {
  const values = plot.data[which];
  const found = [];
  for (let at = 0; at < values.length; at++) {
    if (values[at] != null && values[at - 1] == null && values[at + 1] == null) found.push(at);
  }
  return found;
}

/** @param {(number | null)[]} values */
const sum = (values) => values.reduce((total, value) => (value === null ? total : (total ?? 0) + value), /** @type {number | null} */ (null));

/** @param {(number | null)[]} values */
function latest(values) {
  for (let at = values.length - 1; at >= 0; at--) if (values[at] !== null) return values[at];
  return null;
}

/** @param {{tone: string}} props */
export function Swatch({ tone }) {
  return html`<span class="swatch" aria-hidden="true" style=${{ background: `var(${tone})` }} />`;
}

/** @param {{title: string, times: string[], seconds: number[], series: Series[], unit: string, pointHref: (time: number, series: Series) => string}} props */
function Numbers({ title, times, seconds, series, unit, pointHref }) {
  return html`<div class="table-scroll numbers" tabindex="0" role="region" aria-label=${`${title}, as numbers`}>
    <table class="table">
      <thead><tr><th scope="col">Time</th>${series.map((one, at) => html`<th key=${at} scope="col" class="num"><bdi>${named(one)}</bdi></th>`)}</tr></thead>
      <tbody>
        ${times
          .map((time, row) => ({ time, row }))
          .filter(({ row }) => series.some((one) => one.values[row]))
          .reverse()
          .map(
            ({ time, row }) => html`<tr key=${row}>
              <th scope="row">${shortTime(time)}</th>
              ${series.map((one, at) => html`<td key=${at} class="num">${one.values[row] === null ? "–" : html`<a href=${pointHref(seconds[row], one)}>${inUnit(one.values[row], unit)}</a>`}</td>`)}
            </tr>`,
          )}
      </tbody>
    </table>
  </div>`;
}

const dayName = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const hourName = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const secondName = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** @param {any} _ @param {number[]} marks */
function ticks(_, marks) {
  const step = marks.length > 1 ? marks[1] - marks[0] : 3600;
  return marks.map((mark) => {
    const date = new Date(mark * 1000);
    const midnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
    return step >= 86400 || midnight ? dayName.format(date) : step < 60 ? secondName.format(date) : hourName.format(date);
  });
}

/**
 * How many there are of each size.
 * @param {{title: string, edges: number[], counts: number[], unit?: string, onBar?: (low: number, high: number) => void}} props
 */
export function Histogram({ title, edges, counts, unit = "score", onBar }) {
  const most = Math.max(1, ...counts);
  return html`<div class="histogram" role="group" aria-label=${title}>
    ${counts.map((count, at) => {
      const text = `${inUnit(edges[at], unit)} to ${inUnit(edges[at + 1], unit)}: ${count}`;
      const inner = html`<span class="count-bar"><span style=${{ height: `${((count / most) * 100).toFixed(1)}%` }} /></span><span class="edge">${inUnit(edges[at], unit)}</span>`;
      return onBar
        ? html`<button key=${at} type="button" title=${text} aria-label=${text} onClick=${() => onBar(edges[at], edges[at + 1])}>${inner}</button>`
        : html`<span key=${at} title=${text}>${inner}</span>`;
    })}
  </div>`;
}
