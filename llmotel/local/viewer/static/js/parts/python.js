// A call as Python that makes it again: what was asked, in the words of the provider's own client.
import { partsOf } from "./conversation.js";

/** A value as a Python literal. @param {any} value @param {number} [depth] @returns {string} */
export function literal(value, depth = 1) {
  const pad = "    ".repeat(depth);
  const end = "    ".repeat(depth - 1);
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : `float("${value}")`;
  if (typeof value === "string") return quoted(value);
  const entries = Array.isArray(value) ? value.map((one) => literal(one, depth + 1)) : Object.entries(value).map(([key, one]) => `${quoted(key)}: ${literal(one, depth + 1)}`);
  const marks = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) return marks.join("");
  const line = entries.join(", ");
  if (line.length < 80 && !line.includes("\n")) return marks[0] + line + marks[1];
  return `${marks[0]}\n${entries.map((one) => `${pad}${one},`).join("\n")}\n${end}${marks[1]}`;
}

// JSON's escapes are Python's, except for pairs of surrogates, which JSON.stringify leaves as they are.
/** @param {string} text */
const quoted = (text) =>
  JSON.stringify(text).replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** @param {any[]} parts */
const words = (parts) => parts.map((part) => (typeof part === "string" ? part : part?.content ?? part?.text)).filter((said) => typeof said === "string").join("\n");

/** Messages as OpenAI's chat API takes them. @param {any} content */
function openai(content) {
  const messages = [];
  const system = words(content.system_instructions ?? []);
  if (system) messages.push({ role: "system", content: system });
  for (const message of content.input_messages ?? []) {
    const parts = partsOf(message);
    const answers = parts.filter((part) => part?.type === "tool_call_response");
    const calls = parts.filter((part) => part?.type === "tool_call");
    if (calls.length) {
      messages.push({
        role: "assistant",
        content: words(parts.filter((part) => part?.type === "text")) || null,
        tool_calls: calls.map((call) => ({ id: call.id, type: "function", function: { name: call.name, arguments: typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments ?? {}) } })),
      });
    } else if (answers.length) {
      for (const answer of answers) messages.push({ role: "tool", tool_call_id: answer.id, content: typeof answer.response === "string" ? answer.response : JSON.stringify(answer.response) });
    } else messages.push({ role: message?.role ?? "user", content: words(parts.filter((part) => part?.type !== "reasoning")) });
  }
  return messages;
}

/** Messages as Anthropic's API takes them. @param {any} content */
function anthropic(content) {
  return (content.input_messages ?? []).map((/** @type {any} */ message) => {
    const blocks = [];
    for (const part of partsOf(message)) {
      if (part?.type === "tool_call") blocks.push({ type: "tool_use", id: part.id, name: part.name, input: part.arguments ?? {} });
      else if (part?.type === "tool_call_response") blocks.push({ type: "tool_result", tool_use_id: part.id, content: typeof part.response === "string" ? part.response : JSON.stringify(part.response) });
      else if (part?.type === "text" || typeof part === "string") blocks.push({ type: "text", text: words([part]) });
    }
    return { role: message?.role === "assistant" ? "assistant" : "user", content: blocks.length === 1 && blocks[0].type === "text" ? blocks[0].text : blocks };
  });
}

/** @param {any} span with content, as /api/spans gives it @returns {string} */
export function python(span) {
  const asked = span.attributes ?? {};
  const content = span.content ?? {};
  /** @type {[string, any][]} */
  const settings = [["model", span.request_model ?? span.model]];
  const tools = Array.isArray(content.tool_definitions) ? content.tool_definitions : [];
  const isAnthropic = span.provider === "anthropic";
  if (span.operation === "embeddings") {
    return ["from openai import OpenAI", "", "client = OpenAI()", `response = client.embeddings.create(model=${literal(settings[0][1])}, input=[...])`, ""].join("\n");
  }
  if (isAnthropic) {
    settings.push(["max_tokens", asked["gen_ai.request.max_tokens"] ?? 1024]);
    const system = words(content.system_instructions ?? []);
    if (system) settings.push(["system", system]);
    settings.push(["messages", content.input_messages ? anthropic(content) : undefined]);
    if (tools.length) settings.push(["tools", tools.map((tool) => ({ name: tool.name, description: tool.description ?? "", input_schema: tool.parameters ?? { type: "object" } }))]);
  } else {
    settings.push(["messages", content.input_messages ? openai(content) : undefined]);
    if (asked["gen_ai.request.max_tokens"] !== undefined) settings.push(["max_completion_tokens", asked["gen_ai.request.max_tokens"]]);
    if (asked["gen_ai.request.seed"] !== undefined) settings.push(["seed", asked["gen_ai.request.seed"]]);
    if (tools.length) settings.push(["tools", tools.map(({ type: _, ...tool }) => ({ type: "function", function: tool }))]);
  }
  for (const name of ["temperature", "top_p"]) if (asked[`gen_ai.request.${name}`] !== undefined) settings.push([name, asked[`gen_ai.request.${name}`]]);
  if (span.stream) settings.push(["stream", true]);
  const lines = settings.map(([name, value]) => (value === undefined ? `    # ${name}: not captured\n    ${name}=[...],` : `    ${name}=${literal(value, 2)},`));
  const start = isAnthropic ? ["from anthropic import Anthropic", "", "client = Anthropic()"] : ["from openai import OpenAI", "", "client = OpenAI()"];
  return [...start, `response = client.${isAnthropic ? "messages" : "chat.completions"}.create(`, ...lines, ")", ""].join("\n");
}
