// Rules, whether they fire, what they saw, and what another threshold would have done.
import { html, useEffect, useMemo, useState } from "../ui.js";
import { alertTick, live, useData } from "../api.js";
import { label, number, shortTime, unit as inUnit } from "../format.js";
import { link } from "../router.js";
import { Empty, Fault, Loaded, Time, Waiting } from "../parts/basics.js";
import { Chart } from "../parts/chart.js";
import { Icon } from "../parts/icons.js";
import { Page } from "../parts/page.js";

const ORDER = { firing: 0, pending: 1, inactive: 2 };
/** @type {Record<string, string>} */
const WORDS = { firing: "Firing", pending: "Pending", inactive: "Quiet" };

export function Alerts() {
  const list = useData("/api/alerts", `${alertTick.value}/${live.value.tick}`);
  const [open, setOpen] = useState(/** @type {string | null} */ (null));
  const items = useMemo(() => [...(list.data?.items ?? [])].sort((a, b) => (ORDER[/** @type {"firing"} */ (a.state)] ?? 3) - (ORDER[/** @type {"firing"} */ (b.state)] ?? 3) || String(a.name).localeCompare(String(b.name))), [list.data]);
  const firing = items.filter((one) => one.state === "firing").length;
  return html`<${Page} title="Alerts" sub=${list.data ? (firing ? html`<span class="bad-text">${number(firing)} firing</span>` : "None is firing") : null} busy=${list.loading} actions=${list.data?.evaluated_at ? html`<span class="muted">Evaluated <${Time} iso=${list.data.evaluated_at} relative=${true} /></span>` : null}>
    <${Loaded} query=${list} rows=${8}>
      ${() => items.length
        ? html`<ul class="alerts">${items.map((one) => {
            const key = `${one.name}${JSON.stringify(one.labels ?? {})}`;
            return html`<li key=${key} class=${`alert state-${one.state}`}>
              <button type="button" class="alert-head" aria-expanded=${open === key ? "true" : "false"} onClick=${() => setOpen(open === key ? null : key)}>
                <span class=${`state ${one.state}`}><${Icon} name=${one.state === "inactive" ? "ok" : "alerts"} />${WORDS[one.state] ?? label(one.state, 20)}</span>
                <b class="alert-name">${label(one.name, 80)}</b>
                <span class=${`chip severity-${one.severity}`}>${label(one.severity, 20)}</span>
                <span class="grow cut muted">${one.summary ? label(one.summary, 200) : "Too few calls to judge"}</span>
                <span class="num">${inUnit(one.value, one.unit)}${typeof one.threshold === "number" ? html` <span class="muted">limit ${inUnit(one.threshold, one.unit)}</span>` : null}</span>
                <span class="muted">${one.since && one.state !== "inactive" ? html`<${Time} iso=${one.since} relative=${true} />` : ""}</span>
                <${Icon} name=${open === key ? "down" : "right"} />
              </button>
              ${open === key ? html`<${Rule} rule=${one} />` : null}
            </li>`;
          })}</ul>`
        : html`<${Empty} title="No rule" icon="alerts"><p>The rules of the project are evaluated here as calls arrive.</p><//>`}
    <//>
  <//>`;
}

/** @param {{rule: any}} props */
function Rule({ rule }) {
  const [text, setText] = useState(String(rule.threshold ?? ""));
  const [since, setSince] = useState("24h");
  const [asked, setAsked] = useState(text);
  useEffect(() => {
    const timer = window.setTimeout(() => setAsked(text), 400);
    return () => window.clearTimeout(timer);
  }, [text]);
  // Without a number of the reader's it is the one that is set.
  const usable = Number.isFinite(Number(asked));
  const tried = useData(usable ? link("/api/alerts/try", { name: rule.name, threshold: asked.trim() === "" ? null : Number(asked), since }) : null);
  const limit = asked.trim() === "" ? tried.data?.threshold : Number(asked);
  const series = useMemo(() => [{ key: rule.name, values: tried.data?.values ?? [] }], [tried.data]);
  const labels = Object.entries(rule.labels ?? {});
  return html`<div class="alert-body gap">
    <p>${rule.summary ? label(rule.summary, 600) : "Too few calls to judge."}</p>
    ${labels.length ? html`<p class="row wrap-row">${labels.map(([name, value]) => html`<span class="chip" key=${name}>${label(name, 40)}: <bdi>${label(value, 60)}</bdi></span>`)}</p>` : null}
    ${rule.history?.length ? html`<section><h2 class="minor">History</h2><ul class="history">${rule.history.slice(-30).reverse().map((/** @type {any} */ one, /** @type {number} */ at) => html`<li key=${at}><span class=${`state ${one.state}`}>${WORDS[one.state] ?? label(one.state, 20)}</span><${Time} iso=${one.time} /><span class="muted">${inUnit(one.value, rule.unit)}</span></li>`)}</ul></section>` : null}
    <section class="gap"><h2 class="minor">Try a threshold on the past</h2>
          <div class="row wrap-row">
            <label class="select"><span>Threshold</span><input type="text" inputmode="decimal" size="8" value=${text} placeholder=${tried.data?.threshold ?? ""} onInput=${(/** @type {any} */ event) => setText(event.target.value.replace(",", "."))} /></label>
            <label class="select"><span>Over the last</span><select value=${since} onChange=${(/** @type {any} */ event) => setSince(event.target.value)}>${["6h", "24h", "7d", "30d"].map((one) => html`<option key=${one} value=${one} selected=${one === since}>${one}</option>`)}</select></label>
            ${tried.data ? html`<b role="status">${tried.data.firing.length ? `Would have fired ${number(tried.data.firing.length)} ${tried.data.firing.length === 1 ? "time" : "times"}` : "Would not have fired"}</b>` : null}
          </div>
          ${!usable ? html`<p class="bad-text">A threshold is a number.</p>` : tried.error ? html`<${Fault} error=${tried.error} retry=${tried.reload} />` : !tried.data ? html`<${Waiting} rows=${4} />` : tried.data.times.length ? html`<${Chart} title=${`Values of ${rule.name}`} times=${tried.data.times} series=${series} unit=${rule.unit ?? "text"} rule=${limit} height=${160} />` : html`<p class="muted">No values in this time.</p>`}
          ${tried.data?.firing.length ? html`<ul class="history">${tried.data.firing.slice(0, 12).map((/** @type {any} */ one, /** @type {number} */ at) => html`<li key=${at}><span class="state firing">Firing</span>${shortTime(one.from)} – ${one.to ? shortTime(one.to) : "now"}</li>`)}</ul>` : null}
    </section>
  </div>`;
}
