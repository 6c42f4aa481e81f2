// A list of which more is fetched on request.
import { html, useEffect, useState } from "../ui.js";
import { get, useData } from "../api.js";
import { link } from "../router.js";

/**
 * @param {string} path @param {URLSearchParams} asked @param {any} [tick]
 * @returns {{data: any, items: any[], error: any, loading: boolean, reload: () => void, more: any}} `more`: the button, where there is more
 */
export function usePaged(path, asked, tick) {
  const url = link(path, asked);
  const first = useData(url, tick);
  const [rest, setRest] = useState({ url: "", items: /** @type {any[]} */ ([]), next: /** @type {string | null} */ (null), error: /** @type {any} */ (null) });
  useEffect(() => setRest({ url, items: [], next: null, error: null }), [url]);
  const following = rest.url === url && rest.items.length > 0;
  const next = following ? rest.next : first.data?.next ?? null;
  const fetchMore = async () => {
    const query = new URLSearchParams(asked);
    query.set("cursor", String(next));
    try {
      const data = await get(path, query);
      setRest((old) => ({ url, items: [...(old.url === url ? old.items : []), ...data.items], next: data.next, error: null }));
    } catch (error) {
      setRest((old) => ({ ...old, error }));
    }
  };
  const items = [...(first.data?.items ?? []), ...(following ? rest.items : [])];
  return {
    data: first.data,
    items,
    error: first.error ?? rest.error,
    loading: first.loading,
    reload: first.reload,
    more: next ? html`<div class="more"><button type="button" class="button" onClick=${fetchMore}>Show more</button></div>` : null,
  };
}
