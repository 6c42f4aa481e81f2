// The address bar is the state: what a page shows can be sent to somebody else.
import { signal } from "./ui.js";

/** @typedef {{path: string, query: URLSearchParams}} Place */

/** @returns {Place} */
const read = () => ({ path: window.location.pathname, query: new URLSearchParams(window.location.search) });

/** Where the reader is. */
export const place = signal(read());

window.addEventListener("popstate", () => {
  place.value = read();
});

/**
 * A URL from a path and parameters; `null`, `undefined` and `""` are left out, a list is repeated.
 * @param {string} path
 * @param {Record<string, any> | URLSearchParams} [params]
 */
export function link(path, params) {
  if (!params) return path;
  let query;
  if (params instanceof URLSearchParams) {
    query = params;
  } else {
    query = new URLSearchParams();
    for (const [key, value] of Object.entries(params)) {
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== null && one !== undefined && one !== "") query.append(key, String(one));
      }
    }
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** @param {string} url @param {{replace?: boolean}} [options] */
export function go(url, options = {}) {
  if (options.replace) window.history.replaceState(null, "", url);
  else window.history.pushState(null, "", url);
  place.value = read();
}

/**
 * Change parameters of this page. A list repeats a parameter, `null` removes it.
 * @param {Record<string, any>} changes @param {{replace?: boolean}} [options]
 */
export function setQuery(changes, options = {}) {
  const query = new URLSearchParams(place.value.query);
  for (const [key, value] of Object.entries(changes)) {
    query.delete(key);
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined) query.append(key, String(one));
    }
  }
  go(link(place.value.path, query), options);
}

// Links within the viewer change the page without loading it again; with a modifier they are the browser's own.
document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const target = /** @type {Element | null} */ (event.target);
  const anchor = /** @type {HTMLAnchorElement | null} */ (target && target.closest("a[href]"));
  if (!anchor || anchor.target || anchor.hasAttribute("download") || anchor.origin !== window.location.origin) return;
  if (anchor.pathname.startsWith("/api/")) return;
  event.preventDefault();
  go(anchor.pathname + anchor.search);
});
