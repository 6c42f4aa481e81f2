// A trace as a tree, whatever it is made of: parents that are missing, that come in a circle, ids that come twice.

/**
 * @typedef {{span: any, key: string, children: Node[], parent: Node | null, depth: number, orphan: boolean, cycle: boolean,
 *   start: number, end: number, cost: number | null, tokens: number, calls: number, errors: number, size: number}} Node
 * `cost`, `tokens`, `calls`, `errors` and `size` are of the node and of all below it.
 */

/** What is not of an LLM application: folded away on request. */
const FOREIGN = new Set(["http", "db", "other"]);
const CALLS = new Set(["inference", "embeddings"]);

/** @param {any} value @param {number} [otherwise] */
const finite = (value, otherwise = 0) => (typeof value === "number" && Number.isFinite(value) ? value : otherwise);

/** @param {any[]} spans @returns {{roots: Node[], nodes: Node[], start: number, end: number}} */
export function grow(spans) {
  /** @type {Map<string, Node>} */
  const first = new Map();
  const now = Date.now();
  /** @type {Node[]} */
  const nodes = spans.map((span, at) => {
    const start = finite(span.offset_seconds);
    const begun = Date.parse(span.start_time);
    const length = span.pending ? Math.max(0, (now - (Number.isNaN(begun) ? now : begun)) / 1000) : Math.max(0, finite(span.duration_seconds));
    const id = String(span.span_id);
    const key = first.has(id) ? `${id}#${at}` : id;
    const node = { span, key, children: [], parent: null, depth: 0, orphan: false, cycle: false, start, end: start + length, cost: null, tokens: 0, calls: 0, errors: 0, size: 1 };
    if (!first.has(id)) first.set(id, node);
    return node;
  });
  const roots = [];
  for (const node of nodes) {
    const above = node.span.parent_span_id;
    const parent = above ? first.get(String(above)) : undefined;
    if (parent && parent !== node) {
      node.parent = parent;
      parent.children.push(node);
    } else {
      node.orphan = Boolean(above) && parent !== node;
      roots.push(node);
    }
  }
  const seen = new Set();
  /** @type {Node[]} */
  const order = [];
  /** @param {Node} root */
  const walk = (root) => {
    const stack = [root];
    while (stack.length) {
      const node = /** @type {Node} */ (stack.pop());
      if (seen.has(node)) continue;
      seen.add(node);
      order.push(node);
      node.children = node.children.filter((child) => !seen.has(child));
      node.children.sort((a, b) => a.start - b.start);
      for (let at = node.children.length - 1; at >= 0; at--) {
        node.children[at].depth = node.depth + 1;
        stack.push(node.children[at]);
      }
    }
  };
  for (const root of roots) walk(root);
  // What no root leads to goes in a circle: the circle is cut before its first span.
  for (const node of nodes) {
    if (seen.has(node)) continue;
    node.cycle = true;
    if (node.parent) node.parent.children = node.parent.children.filter((child) => child !== node);
    node.parent = null;
    node.depth = 0;
    roots.push(node);
    walk(node);
  }
  for (let at = order.length - 1; at >= 0; at--) {
    const node = order[at];
    const { span } = node;
    if (CALLS.has(span.kind)) {
      node.calls += 1;
      node.tokens += finite(span.input_tokens) + finite(span.output_tokens);
      if (typeof span.cost_usd === "number") node.cost = (node.cost ?? 0) + span.cost_usd;
    }
    if (span.status === "error" || span.outcome === "error" || span.error_type) node.errors += 1;
    const above = node.parent;
    if (above) {
      above.calls += node.calls;
      above.tokens += node.tokens;
      above.errors += node.errors;
      above.size += node.size;
      if (node.cost !== null) above.cost = (above.cost ?? 0) + node.cost;
    }
  }
  roots.sort((a, b) => a.start - b.start);
  let start = Infinity;
  let end = -Infinity;
  for (const node of nodes) {
    start = Math.min(start, node.start);
    end = Math.max(end, node.end);
  }
  return { roots, nodes: order, start: Number.isFinite(start) ? start : 0, end: Number.isFinite(end) ? end : 0 };
}

/**
 * The rows in sight: what is folded is left out, and what is foreign gives its place to what it holds.
 * @param {Node[]} roots @param {Set<string>} folded @param {boolean} bare without foreign spans
 * @returns {{node: Node, depth: number}[]}
 */
export function rowsOf(roots, folded, bare) {
  const rows = [];
  /** @type {{node: Node, depth: number}[]} */
  const stack = [];
  for (let at = roots.length - 1; at >= 0; at--) stack.push({ node: roots[at], depth: 0 });
  while (stack.length) {
    const row = /** @type {{node: Node, depth: number}} */ (stack.pop());
    const hidden = bare && FOREIGN.has(row.node.span.kind) && row.node.errors === 0;
    if (!hidden) rows.push(row);
    if (folded.has(row.node.key) && !hidden) continue;
    for (let at = row.node.children.length - 1; at >= 0; at--) stack.push({ node: row.node.children[at], depth: hidden ? row.depth : row.depth + 1 });
  }
  return rows;
}
