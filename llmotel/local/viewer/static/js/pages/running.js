// What has begun and not ended.
import { html, useEffect, useState } from "../ui.js";
import { live, useData } from "../api.js";
import { duration, label } from "../format.js";
import { Empty, Loaded, Time } from "../parts/basics.js";
import { Kind, KINDS } from "../parts/icons.js";
import { Page } from "../parts/page.js";
import { Table } from "../parts/table.js";
import { spanLink } from "./calls.js";

export function Running() {
  const [now, setNow] = useState(Date.now());
  const [beat, setBeat] = useState(0);
  useEffect(() => {
    const clock = window.setInterval(() => setNow(Date.now()), 1000);
    const asks = window.setInterval(() => setBeat((old) => old + 1), 5000);
    return () => {
      window.clearInterval(clock);
      window.clearInterval(asks);
    };
  }, []);
  const list = useData("/api/running", `${live.value.tick}/${beat}`);
  const columns = [
    { id: "name", title: "Span", class: "wide", render: (/** @type {any} */ row) => html`<a class="call-name" href=${spanLink(row)}><${Kind} kind=${row.kind} quiet=${true} /><bdi class="cut">${label(row.name, 90)}</bdi></a>` },
    { id: "kind", title: "Kind", render: (/** @type {any} */ row) => KINDS[row.kind] ?? label(row.kind, 30) },
    { id: "service", title: "Service", render: (/** @type {any} */ row) => html`<bdi>${label(row.service, 40)}</bdi>` },
    { id: "model", title: "Model", render: (/** @type {any} */ row) => html`<bdi>${label(row.model, 50)}</bdi>` },
    { id: "agent", title: "Agent", render: (/** @type {any} */ row) => html`<bdi>${label(row.agent, 40)}</bdi>` },
    { id: "since", title: "Began", num: true, render: (/** @type {any} */ row) => html`<${Time} iso=${row.start_time} />` },
    { id: "for", title: "Running for", num: true, render: (/** @type {any} */ row) => duration(Math.max(0, Math.floor((now - Date.parse(row.start_time)) / 1000))) },
  ];
  return html`<${Page} title="Running" busy=${list.loading}>
    <${Loaded} query=${list} rows=${6}>
      ${(/** @type {any} */ data) => data.items.length
        ? html`<${Table} caption="Running" columns=${columns} rows=${data.items} href=${spanLink} rowKey=${(/** @type {any} */ row) => row.span_id} />`
        : html`<${Empty} title="Nothing is running" icon="running"><p>Calls, tools and agents are listed from their start to their end when the application says that they have begun:</p><pre class="code">LLMOTEL_PENDING=1</pre><p>A span of plain OpenTelemetry is sent when it ends, so it is never here.</p><//>`}
    <//>
  <//>`;
}
