// The messages of a call as a conversation: who said what, tool calls beside their results, reasoning folded.
import { html, useMemo, useState } from "../ui.js";
import { bytes, label, plain } from "../format.js";
import { Copy } from "./basics.js";
import { marksOf } from "./citations.js";
import { Icon } from "./icons.js";
import { Json, Long, parsed } from "./json.js";
import { anchor, Markdown, Plain } from "./markdown.js";

const RECENT = 8;
const IMAGES = /^image\/(png|jpeg|gif|webp|avif)$/;

/** Whatever a sender put there, as a list. @param {any} value @returns {any[]} */
const list = (value) => (Array.isArray(value) ? value : value === null || value === undefined ? [] : [value]);

/** @param {any} part */
const text = (part) => (typeof part === "string" ? part : typeof part?.content === "string" ? part.content : typeof part?.text === "string" ? part.text : null);

/** The parts of a message, whatever form it has. @param {any} message @returns {any[]} */
export function partsOf(message) {
  if (typeof message === "string") return [{ type: "text", content: message }];
  if (message === null || typeof message !== "object") return [{ type: "text", content: String(message) }];
  return list(message.parts ?? message.content);
}

/** The results of tool calls by the id of the call. @param {any[]} messages @returns {Map<string, any>} */
function results(messages) {
  const found = new Map();
  for (const message of messages) {
    for (const part of partsOf(message)) {
      if (part?.type === "tool_call_response" && part.id) found.set(String(part.id), part);
    }
  }
  return found;
}

/** @param {any[]} messages @returns {Set<string>} */
export function callIds(messages) {
  const found = new Set();
  for (const message of messages) {
    for (const part of partsOf(message)) if (part?.type === "tool_call" && part.id) found.add(String(part.id));
  }
  return found;
}

/**
 * @param {{content: any, citations?: any[], onCitation?: (index: number) => void, results?: any, quiet?: boolean}} props
 * `content`: as /api/spans gives it. `results`: later messages, for the results of tool calls. `quiet`: no switch.
 */
export function Conversation({ content, citations, onCitation, results: later, quiet }) {
  const input = list(content.input_messages);
  const output = list(content.output_messages);
  const system = list(content.system_instructions);
  const all = useMemo(() => [...input, ...output], [content]);
  const answers = useMemo(() => results([...list(later), ...all]), [content, later]);
  const calls = useMemo(() => callIds(all), [content]);
  const [whole, setWhole] = useState(input.length <= RECENT + 2);
  const [raw, setRaw] = useState(false);
  const hidden = whole ? 0 : input.length - RECENT;
  const context = { answers, calls, raw };
  return html`<div class="conversation">
    ${quiet ? null : html`<div class="conversation-tools"><label class="check"><input type="checkbox" checked=${raw} onChange=${() => setRaw(!raw)} /> Text as it was sent</label></div>`}
    ${system.length ? html`<${Message} key="system" message=${{ role: "system", parts: system }} context=${context} folded=${true} />` : null}
    ${hidden > 0 ? html`<button type="button" class="earlier" onClick=${() => setWhole(true)}>Show ${hidden} earlier messages</button>` : null}
    ${input.slice(hidden).map((message, at) => html`<${Message} key=${`in${hidden + at}`} message=${message} context=${context} />`)}
    ${output.map(
      (message, at) => html`<${Message} key=${`out${at}`} message=${message} context=${context} answer=${true} choice=${output.length > 1 ? at + 1 : 0} citations=${at === 0 ? citations : undefined} onCitation=${onCitation} />`,
    )}
  </div>`;
}

/** @type {Record<string, string>} */
const ROLES = { system: "System", developer: "Developer", user: "User", assistant: "Assistant", model: "Assistant", tool: "Tool", function: "Tool" };

/** @param {{message: any, context: any, answer?: boolean, choice?: number, citations?: any[], onCitation?: (index: number) => void, folded?: boolean}} props */
export function Message({ message, context, answer, choice, citations, onCitation, folded }) {
  const parts = partsOf(message);
  // A result that stands beside its call is not said again.
  const shown = parts.filter((part) => !(part?.type === "tool_call_response" && part.id && context.calls.has(String(part.id))));
  if (shown.length === 0 && parts.length > 0) return null;
  const role = String(message?.role ?? (answer ? "assistant" : "user"));
  const side = role in ROLES ? role : "other";
  const body = shown.map((part, at) => html`<${Part} key=${at} part=${part} context=${context} citations=${citations} onCitation=${onCitation} />`);
  const title = html`<span class="role">${ROLES[role] ?? label(role, 40)}</span>
    ${message?.name ? html`<bdi class="muted">${label(message.name, 60)}</bdi>` : null}
    ${choice ? html`<span class="chip">Choice ${choice}</span>` : null}
    ${message?.finish_reason && message.finish_reason !== "stop" ? html`<span class="chip">${label(message.finish_reason, 40)}</span>` : null}`;
  if (folded) {
    const first = parts.map(text).filter(Boolean).join(" ");
    return html`<details class=${`message role-${side}`}>
      <summary class="message-head">${title}<span class="cut muted grow" dir="auto">${plain(first.slice(0, 200))}</span></summary>
      <div class="message-body">${body}</div>
    </details>`;
  }
  return html`<article class=${`message role-${side} ${answer ? "answer" : ""}`}>
    <header class="message-head">${title}<span class="grow" />
      <${Copy} title="Copy this message" text=${() => parts.map(text).filter(Boolean).join("\n") || JSON.stringify(message, null, 2)} />
    </header>
    <div class="message-body">${shown.length ? body : html`<span class="muted">No content</span>`}</div>
  </article>`;
}

/** @param {{part: any, context: any, citations?: any[], onCitation?: (index: number) => void}} props */
function Part({ part, context, citations, onCitation }) {
  const said = text(part);
  const type = typeof part === "string" ? "text" : String(part?.type ?? "unknown");
  if (type === "text" || (said !== null && !["reasoning", "thinking", "blob", "file", "uri", "compaction"].includes(type))) {
    return html`<${Said} said=${said ?? ""} raw=${context.raw} marks=${marksOf(said ?? "", citations)} onCitation=${onCitation} />`;
  }
  switch (type) {
    case "reasoning":
    case "thinking":
      return html`<details class="reasoning"><summary>Reasoning <span class="muted">${said ? `${said.length.toLocaleString()} characters` : "withheld by the provider"}</span></summary>
        ${said ? html`<${Said} said=${said} raw=${context.raw} marks=${[]} />` : null}</details>`;
    case "tool_call":
    case "server_tool_call":
      return html`<${ToolCall} part=${part} result=${context.answers.get(String(part.id))} />`;
    case "tool_call_response":
    case "server_tool_call_response":
      return html`<div class="tool-call"><div class="tool-half"><h3>Result</h3><${Value} value=${part.response ?? part.result ?? part.server_tool_call_response} /></div></div>`;
    case "blob":
      return html`<${Blob} part=${part} />`;
    case "uri":
      return html`<p class="wrap"><${Icon} name="link" /> <a ...${anchor(part.uri)}><bdi>${label(part.uri, 400)}</bdi></a> <span class="muted">${label(part.modality, 20)}, not loaded</span></p>`;
    case "file":
      return html`<p class="wrap">File <code>${label(part.file_id ?? part.id, 200)}</code> <span class="muted">${label(part.modality ?? "", 20)}</span></p>`;
    case "compaction":
      return html`<p class="muted">Earlier messages were compacted here.${said ? html` <${Long} text=${said} />` : null}</p>`;
    default:
      return html`<${Json} value=${part} open=${1} />`;
  }
}

/** @param {{said: string, raw: boolean, marks: any[], onCitation?: (index: number) => void}} props */
function Said({ said, raw, marks, onCitation }) {
  const [whole, setWhole] = useState(said.length <= 20000);
  if (!whole) {
    return html`<pre class="text" dir="auto">${plain(said.slice(0, 6000))}…</pre>
      <button type="button" class="button small" onClick=${() => setWhole(true)}>Show all (${bytes(said.length)})</button>`;
  }
  if (said.length > 200000) return html`<pre class="text"><${Long} text=${said} step=${100000} /></pre>`;
  const value = raw ? said : parsed(said);
  if (typeof value === "object" && value !== null) return html`<${Json} value=${value} open=${2} />`;
  return raw ? html`<${Plain} text=${said} marks=${marks} onMark=${onCitation} />` : html`<${Markdown} text=${said} marks=${marks} onMark=${onCitation} />`;
}

/** Arguments and results: a tree where they have parts, text where they are text. @param {{value: any, open?: number}} props */
export function Value({ value, open = 2 }) {
  if (value === undefined) return html`<span class="muted">Not recorded</span>`;
  const inner = parsed(value);
  if (inner !== null && typeof inner === "object") return html`<${Json} value=${inner} open=${open} />`;
  return html`<pre class="text"><${Long} text=${typeof inner === "string" ? inner : String(inner)} step=${6000} /></pre>`;
}

/** @param {{part: any, result: any}} props */
function ToolCall({ part, result }) {
  const inner = part.server_tool_call ?? part;
  return html`<div class="tool-call">
    <div class="tool-name"><${Icon} name="tool" /><bdi class="mono">${label(part.name ?? inner.type, 120)}</bdi>${part.type === "server_tool_call" ? html`<span class="chip">run by the provider</span>` : null}<span class="grow" />${part.id ? html`<code class="muted cut">${label(part.id, 60)}</code>` : null}</div>
    <div class="tool-pair">
      <div class="tool-half"><h3>Arguments</h3><${Value} value=${part.arguments ?? (inner === part ? undefined : inner)} /></div>
      ${result ? html`<div class="tool-half"><h3>Result</h3><${Value} value=${result.response ?? result.result} /></div>` : null}
    </div>
  </div>`;
}

/** @param {{part: any}} props */
function Blob({ part }) {
  const data = typeof part.content === "string" ? part.content : "";
  const type = String(part.mime_type ?? "");
  const size = bytes(Math.floor(data.length * 0.75));
  if (IMAGES.test(type) && /^[A-Za-z0-9+/=_\s-]+$/.test(data.slice(0, 4000))) {
    return html`<figure class="image"><img src=${`data:${type};base64,${data}`} alt=${`Image of the message, ${type}, ${size}`} /><figcaption class="muted">${type}, ${size}</figcaption></figure>`;
  }
  return html`<p class="muted">${label(part.modality ?? "data", 20)} ${label(type, 60)}, ${size}</p>`;
}
