// The frame around every page: navigation, what is running, the theme, the keyboard.
import { html, render, useEffect, useErrorBoundary, useLayoutEffect, useRef, useState } from "./ui.js";
import { alertTick, health, live, useData } from "./api.js";
import { carried } from "./filters.js";
import { bytes, compact, label } from "./format.js";
import { Alerts } from "./pages/alerts.js";
import { Calls } from "./pages/calls.js";
import { Compare } from "./pages/compare.js";
import { Dashboards } from "./pages/dashboards.js";
import { Evaluations } from "./pages/evaluations.js";
import { Features, Models } from "./pages/groups.js";
import { Questions } from "./pages/questions.js";
import { Running } from "./pages/running.js";
import { Session, Sessions } from "./pages/sessions.js";
import { Trace } from "./pages/trace.js";
import { Traces } from "./pages/traces.js";
import { WhatIf } from "./pages/whatif.js";
import { Empty, Fault } from "./parts/basics.js";
import { Icon } from "./parts/icons.js";
import { Keys } from "./parts/keys.js";
import { go, link, place } from "./router.js";
import { choice } from "./theme-choice.js";

/** @type {{title: string, items: {path: string, title: string, icon: string, key?: string}[]}[]} */
const GROUPS = [
  {
    title: "Explore",
    items: [
      { path: "/calls", title: "Calls", icon: "calls", key: "c" },
      { path: "/traces", title: "Traces", icon: "traces", key: "t" },
      { path: "/sessions", title: "Sessions", icon: "sessions", key: "s" },
      { path: "/running", title: "Running", icon: "running", key: "r" },
    ],
  },
  {
    title: "Understand",
    items: [
      { path: "/dashboards", title: "Dashboards", icon: "dashboards", key: "d" },
      { path: "/features", title: "Features", icon: "features", key: "f" },
      { path: "/models", title: "Models", icon: "models", key: "m" },
      { path: "/evaluations", title: "Evaluations", icon: "evaluations", key: "e" },
      { path: "/questions", title: "Questions", icon: "questions", key: "q" },
    ],
  },
  {
    title: "Decide",
    items: [
      { path: "/compare", title: "Compare", icon: "compare", key: "o" },
      { path: "/whatif", title: "What if", icon: "whatif", key: "w" },
      { path: "/alerts", title: "Alerts", icon: "alerts", key: "a" },
    ],
  },
];

/** @param {string} part of a path */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** @type {[RegExp, (match: RegExpMatchArray) => any, string][]} */
const ROUTES = [
  [/^\/(?:calls)?$/, () => html`<${Calls} />`, "Calls"],
  [/^\/traces$/, () => html`<${Traces} />`, "Traces"],
  [/^\/traces\/([^/]+)(?:\/spans\/([^/]+))?$/, (match) => html`<${Trace} key=${match[1]} id=${match[1]} span=${match[2] ?? null} />`, "Trace"],
  [/^\/sessions$/, () => html`<${Sessions} />`, "Sessions"],
  [/^\/sessions\/(.+)$/, (match) => html`<${Session} key=${match[1]} id=${decoded(match[1])} />`, "Session"],
  [/^\/running$/, () => html`<${Running} />`, "Running"],
  [/^\/dashboards(?:\/([^/]+))?$/, (match) => html`<${Dashboards} name=${match[1] ?? "performance"} />`, "Dashboards"],
  [/^\/features$/, () => html`<${Features} />`, "Features"],
  [/^\/models$/, () => html`<${Models} />`, "Models"],
  [/^\/evaluations$/, () => html`<${Evaluations} />`, "Evaluations"],
  [/^\/questions(?:\/([^/]+))?$/, (match) => html`<${Questions} name=${match[1] ?? null} />`, "Questions"],
  [/^\/compare$/, () => html`<${Compare} />`, "Compare"],
  [/^\/whatif$/, () => html`<${WhatIf} />`, "What if"],
  [/^\/alerts$/, () => html`<${Alerts} />`, "Alerts"],
];

/** What a page could not show takes nothing else with it. @param {{children: any}} props */
function Guard({ children }) {
  const [error, again] = useErrorBoundary((told) => console.error(told));
  return error ? html`<div class="body"><h1>This cannot be shown</h1><${Fault} error=${error} retry=${again} /></div>` : children;
}

function page() {
  for (const [pattern, make, title] of ROUTES) {
    const match = place.value.path.match(pattern);
    if (match) {
      document.title = `${title} · llmotel`;
      return make(match);
    }
  }
  document.title = "Not found · llmotel";
  return html`<div class="body"><${Empty} title="There is no such page" icon="search"><p><a href="/calls">Go to the calls</a></p><//></div>`;
}

function Nav({ open, onClose }) {
  const at = place.value.path;
  const alerts = useData("/api/alerts", alertTick.value);
  const running = useData("/api/running", live.value.tick);
  const firing = (alerts.data?.items ?? []).filter((/** @type {any} */ one) => one.state === "firing").length;
  const begun = running.data?.items?.length ?? 0;
  const told = health.value;
  useEffect(() => {
    if (open) onClose();
  }, [place.value]);
  return html`<nav class=${`nav ${open ? "open" : ""}`} aria-label="Pages">
    <a class="brand" href="/calls" aria-label="llmotel, calls">
      <svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7" /><path d="M7 9.500h9M7 16h18M13 22.500h12" class="stroke" fill="none" stroke-width="3.400" stroke-linecap="round" /></svg>
      <span class="label">llmotel</span>
    </a>
    ${GROUPS.map(
      (group) => html`<div class="nav-group" key=${group.title} aria-hidden="true">${group.title}</div>
        ${group.items.map((item) => {
          const here = at === item.path || at.startsWith(`${item.path}/`) || (at === "/" && item.path === "/calls");
          const count = item.path === "/alerts" ? firing : item.path === "/running" ? begun : 0;
          return html`<a key=${item.path} class="item" href=${link(item.path, carried())} aria-current=${here ? "page" : null} title=${item.title}>
            <${Icon} name=${item.icon} /><span class="label">${item.title}</span>
            ${count ? html`<span class=${`count ${item.path === "/running" ? "calm" : ""}`}><span class="sr">${item.path === "/alerts" ? "firing: " : "running: "}</span>${count}</span>` : null}
          </a>`;
        })}`,
    )}
    <div class="nav-foot">
      ${told && told.status === "unreachable"
        ? html`<div class="stat bad-text" role="status">The server does not answer</div>`
        : html`<div class="stat" title=${told?.data ? label(told.data, 300) : "Kept in memory only"}>
            ${told?.spans === undefined ? " " : html`${compact(told.spans)} spans${told.bytes ? html`, ${bytes(told.bytes)}` : null}`}
          </div>`}
      ${told?.forward ? html`<div class="stat" title=${label(told.forward.url, 300)}>Forwarding: ${compact(told.forward.behind)} behind</div>` : null}
      <${ThemeButton} />
    </div>
  </nav>`;
}

function ThemeButton() {
  const order = ["auto", "light", "dark"];
  const icons = { auto: "auto", light: "sun", dark: "moon" };
  const words = { auto: "System theme", light: "Light", dark: "Dark" };
  const now = /** @type {"auto" | "light" | "dark"} */ (choice.value);
  return html`<button type="button" class="button bare theme" title=${`Theme: ${words[now]}`} onClick=${() => {
    choice.value = order[(order.indexOf(now) + 1) % order.length];
  }}><${Icon} name=${icons[now]} /><span class="label">${words[now]}</span><span class="sr">, change the theme</span></button>`;
}

/** @param {EventTarget | null} target */
const typing = (target) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

function App() {
  const [open, setOpen] = useState(false);
  const [help, setHelp] = useState(false);
  const waits = useRef(0);
  useLayoutEffect(() => {
    const key = (/** @type {KeyboardEvent} */ event) => {
      if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
      if (event.key === "/") {
        const field = /** @type {HTMLElement | null} */ (document.querySelector(".search input"));
        if (field) {
          event.preventDefault();
          field.focus();
        }
      } else if (event.key === "?") setHelp(true);
      else if (event.key === "g") waits.current = Date.now();
      else if (Date.now() - waits.current < 1500) {
        waits.current = 0;
        const item = GROUPS.flatMap((group) => group.items).find((one) => one.key === event.key);
        if (item) {
          event.preventDefault();
          event.stopImmediatePropagation();
          go(link(item.path, carried()));
        }
      }
    };
    document.addEventListener("keydown", key, true);
    return () => document.removeEventListener("keydown", key, true);
  }, []);
  return html`<a class="skip" href="#main" onClick=${(/** @type {Event} */ event) => {
      event.preventDefault();
      document.getElementById("main")?.focus();
    }}>Skip to the content</a>
    <div class="frame">
      <${Nav} open=${open} onClose=${() => setOpen(false)} />
      ${open ? html`<button class="scrim" type="button" aria-label="Close the navigation" onClick=${() => setOpen(false)} />` : null}
      <main class="main" id="main" tabindex="-1">
        <button type="button" class="button bare burger" aria-label="Pages" onClick=${() => setOpen(true)}><${Icon} name="menu" /></button>
        <${Guard} key=${place.value.path.split("/").slice(0, 3).join("/")}>${page()}<//>
      </main>
    </div>
    ${help ? html`<${Keys} groups=${GROUPS} onClose=${() => setHelp(false)} />` : null}`;
}

render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
