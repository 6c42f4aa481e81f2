// Signs of one line weight on a 16 pixel grid; they stand beside a word or have one for screen readers.
import { html } from "../ui.js";

/** @type {Record<string, string>} */
const PATHS = {
  calls: "M2.5 3.5h11v7h-6l-3 2.5v-2.5h-2z",
  traces: "M2 4h7M4.5 8H12M8 12h6",
  sessions: "M2 3h8v5H5.5L3.5 10V8H2zM12 6h2v5h-1.500v1.800L10.700 11H7",
  dashboards: "M2.500 2.500v11h11M5.500 11V8M8.500 11V5M11.500 11V7",
  features: "M8 2l5.500 3-5.500 3-5.500-3zM2.500 8L8 11l5.500-3M2.500 11L8 14l5.500-3",
  models: "M4 4h8v8H4zM6.500 1.500V4M9.500 1.500V4M6.500 12v2.500M9.500 12v2.500M1.500 6.500H4M1.500 9.500H4M12 6.500h2.500M12 9.500h2.500",
  running: "M8 2a6 6 0 1 0 6 6M8 5v3.300l2 1.200",
  evaluations: "M8 2l1.700 3.700 4 .5-3 2.700.8 4L8 10.900 4.500 12.900l.8-4-3-2.700 4-.5z",
  compare: "M5 2.500v11M11 2.500v11M2.500 5h5M8.500 11h5",
  whatif: "M2.500 5h8L8 2.500M13.500 11h-8L8 13.500",
  questions: "M6 6a2 2 0 1 1 2.800 1.800c-.6.3-.8.7-.8 1.400M8 11.500v.3M8 1.800a6.200 6.200 0 1 0 0 12.400A6.200 6.200 0 0 0 8 1.800",
  alerts: "M8 2a4 4 0 0 1 4 4c0 3.500 1.500 4.500 1.500 5.500h-11C2.500 10.500 4 9.500 4 6a4 4 0 0 1 4-4M6.500 13.500h3",
  chat: "M2.500 3.500h11v7h-6l-3 2.500v-2.500h-2z",
  agent: "M8 1.800l5.400 3.100v6.200L8 14.200l-5.400-3.100V4.900zM6 7.500v1M10 7.500v1",
  tool: "M9.800 5.200a2.800 2.800 0 0 1 3.600-3l-1.900 1.900.4 1.400 1.400.4 1.900-1.800a2.800 2.800 0 0 1-3.900 3.400L5 13.800a1.300 1.300 0 0 1-2-2z",
  retrieval: "M7 2.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9M10.300 10.300l3.400 3.400M5 6h4M5 8h3",
  embeddings: "M3 3h.1M8 3h.1M13 3h.1M3 8h.1M8 8h.1M13 8h.1M3 13h.1M8 13h.1M13 13h.1",
  workflow: "M2 3h4v3H2zM10 10h4v3h-4zM6 4.500h3.500a1 1 0 0 1 1 1V10M12 3h.1",
  mcp: "M6 2v3M10 2v3M4 5h8v3a4 4 0 0 1-8 0zM8 12v2.500",
  memory: "M4 2.500h8v11l-4-3-4 3z",
  guardrail: "M8 1.800l5 2v4c0 3-2 5.300-5 6.400-3-1.100-5-3.400-5-6.400v-4z",
  http: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M2 8h12M8 2c4 4 4 8 0 12M8 2c-4 4-4 8 0 12",
  db: "M3 4c0-2 10-2 10 0s-10 2-10 0M3 4v8c0 2 10 2 10 0V4M3 8c0 2 10 2 10 0",
  other: "M3 8h10",
  search: "M7 2.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9M10.300 10.300l3.400 3.400",
  close: "M4 4l8 8M12 4l-8 8",
  menu: "M2 4h12M2 8h12M2 12h12",
  down: "M4 6l4 4 4-4",
  right: "M6 4l4 4-4 4",
  left: "M10 4L6 8l4 4",
  copy: "M5.500 5.500h8v8h-8zM3 10.500h-.5v-8h8V3",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1.500v1.500M8 13v1.500M1.500 8H3M13 8h1.500M3.400 3.400l1 1M11.600 11.600l1 1M3.400 12.600l1-1M11.600 4.400l1-1",
  moon: "M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7",
  auto: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12",
  ok: "M3 8.500l3.300 3.300L13 4.800",
  error: "M8 2.200L14.500 13.500h-13zM8 6.500v3.200M8 11.600v.2",
  cancelled: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M3.800 3.800l8.400 8.400",
  up: "M5.500 7.500L8 2.500a1.400 1.400 0 0 1 1.300 2L8.800 6.500H13l-1 7H5.500zM5.500 7.500H3v6h2.500",
  thumb_down: "M5.500 8.500L8 13.500a1.400 1.400 0 0 0 1.300-2L8.800 9.500H13l-1-7H5.500zM5.500 8.500H3v-6h2.500",
  columns: "M2.500 3h11v10h-11zM6.200 3v10M9.800 3v10",
  filter: "M2 3.500h12L9.500 8.500V13l-3-1.500v-3z",
  download: "M8 2v8M4.500 7L8 10.500 11.500 7M2.500 13.500h11",
  share: "M10.500 4.500L5.500 7.300M10.500 11.500L5.500 8.700M12 2.500a1.700 1.700 0 1 0 0 3.400 1.700 1.700 0 0 0 0-3.400M4 6.300a1.700 1.700 0 1 0 0 3.400 1.700 1.700 0 0 0 0-3.400M12 10.100a1.700 1.700 0 1 0 0 3.400 1.700 1.700 0 0 0 0-3.400",
  live: "M8 6.500a1.500 1.500 0 1 0 0 3 1.500 1.500 0 0 0 0-3M4.500 4.500a5 5 0 0 0 0 7M11.500 4.500a5 5 0 0 1 0 7",
  plus: "M8 3v10M3 8h10",
  star: "M8 2l1.700 3.700 4 .5-3 2.700.8 4L8 10.900 4.500 12.900l.8-4-3-2.700 4-.5z",
  link: "M6.500 9.500l3-3M7 4.500l1.500-1.500a3 3 0 0 1 4.500 4.500L11.500 9M9 11.500L7.500 13A3 3 0 0 1 3 8.500L4.500 7",
};

/** @param {{name: string, title?: string, class?: string}} props */
export function Icon({ name, title, class: extra }) {
  return html`<svg
    class=${`icon ${extra ?? ""}`}
    viewBox="0 0 16 16"
    role=${title ? "img" : null}
    aria-label=${title ?? null}
    aria-hidden=${title ? null : "true"}
  >
    <path d=${PATHS[name] ?? PATHS.other} />
  </svg>`;
}

/** What a span is, in the words of the API. @type {Record<string, string>} */
export const KINDS = {
  inference: "Model call",
  embeddings: "Embeddings",
  retrieval: "Retrieval",
  tool: "Tool",
  agent: "Agent",
  workflow: "Workflow",
  memory: "Memory",
  guardrail: "Guardrail",
  mcp: "MCP",
  http: "HTTP",
  db: "Database",
  other: "Other span",
};

/** @type {Record<string, string>} */
const SIGNS = { inference: "chat" };

/** @param {{kind: string, quiet?: boolean}} props */
export function Kind({ kind, quiet }) {
  const known = kind in KINDS ? kind : "other";
  return html`<span class=${`kind kind-${known}`} title=${KINDS[known]}>
    <${Icon} name=${SIGNS[known] ?? known} title=${quiet ? undefined : KINDS[known]} />
  </span>`;
}
