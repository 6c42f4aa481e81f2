// The HTTP API, as /api/openapi.json describes it.
import { effect, signal, useEffect, useRef, useState } from "./ui.js";
import { link } from "./router.js";

/** What went wrong, in the words of the server (RFC 9457). */
export class Problem extends Error {
  /** @param {number} status @param {string} title @param {string} detail */
  constructor(status, title, detail) {
    super(detail || title);
    this.status = status;
    this.title = title;
  }
}

/** @param {Response} response */
async function answer(response) {
  if (response.ok) return response.json();
  let body = /** @type {any} */ ({});
  try {
    body = await response.json();
  } catch {
    // Not every error has a body of ours.
  }
  throw new Problem(response.status, body.title || response.statusText || "Error", body.detail || "");
}

/**
 * @param {string} path @param {Record<string, any> | URLSearchParams} [params] @param {AbortSignal} [aborted]
 * @returns {Promise<any>}
 */
export async function get(path, params, aborted) {
  return answer(await fetch(link(path, params), { signal: aborted, headers: { Accept: "application/json" } }));
}

/** @param {string} path @param {any} body @returns {Promise<any>} */
export async function post(path, body) {
  return answer(
    await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
  );
}

/**
 * The answer to a GET, kept while the next one is on its way, so that nothing jumps.
 * `tick` asks again without the look of loading; `url` null asks nothing.
 * @param {string | null} url @param {any} [tick]
 * @returns {{data: any, error: Error | null, loading: boolean, url: string | null, reload: () => void}}
 */
export function useData(url, tick) {
  const [state, setState] = useState({ data: null, error: null, url: /** @type {string | null} */ (null) });
  const [again, setAgain] = useState(0);
  const latest = useRef(0);
  useEffect(() => {
    if (url === null) return undefined;
    const turn = ++latest.current;
    const control = new AbortController();
    get(url, undefined, control.signal).then(
      (data) => {
        if (turn === latest.current) setState({ data, error: null, url });
      },
      (error) => {
        if (turn === latest.current && error.name !== "AbortError") setState((old) => ({ ...old, error, url }));
      },
    );
    return () => control.abort();
  }, [url, tick, again]);
  return { ...state, loading: url !== null && state.url !== url, reload: () => setAgain((n) => n + 1) };
}

/** What the server told last: how many spans there are, and that there are new ones. */
export const live = signal({ tick: 0, connected: false });
/** @type {import("../vendor/signals.js").Signal<any>} */
export const health = signal(null);
export const alertTick = signal(0);
export const visible = signal(!document.hidden);

document.addEventListener("visibilitychange", () => {
  visible.value = !document.hidden;
});

async function askHealth() {
  try {
    health.value = await get("/api/health");
  } catch (error) {
    health.value = { status: "unreachable", detail: String(error) };
  }
}

// A page in the background lets go of its connection: a browser has six of them for all pages of one server.
let wasHidden = false;
effect(() => {
  if (!visible.value) {
    wasHidden = true;
    return undefined;
  }
  askHealth();
  const source = new EventSource("/api/live");
  let interrupted = wasHidden;
  source.addEventListener("open", () => {
    // What came while nobody listened is asked for; a page that has just begun to ask does not ask twice.
    live.value = { tick: live.peek().tick + (interrupted ? 1 : 0), connected: true };
    interrupted = true;
  });
  source.addEventListener("spans", () => {
    live.value = { tick: live.peek().tick + 1, connected: true };
    askHealth();
  });
  source.addEventListener("alert", () => {
    alertTick.value = alertTick.peek() + 1;
  });
  source.addEventListener("error", () => {
    live.value = { ...live.peek(), connected: false };
    askHealth();
  });
  const timer = window.setInterval(askHealth, 15000);
  return () => {
    source.close();
    window.clearInterval(timer);
  };
});
