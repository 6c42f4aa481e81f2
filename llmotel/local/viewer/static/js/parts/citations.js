// What an answer rests on: which of its text which source supports. Senders give offsets, or the text alone.

/** @typedef {{key: string, title: string | null, uri: string | null, kind: string | null, score: number | null, quotes: string[], count: number}} Source */

/** @param {any} value */
const word = (value) => (typeof value === "string" && value !== "" ? value : null);

/** @param {any} citation @returns {any[]} */
function named(citation) {
  if (Array.isArray(citation?.sources) && citation.sources.length) return citation.sources;
  return [typeof citation?.source === "object" && citation.source !== null ? citation.source : citation];
}

/** @param {any} one @param {number} at */
const keyOf = (one, at) => word(one?.uri) ?? word(one?.id) ?? word(one?.source) ?? word(one?.title) ?? `citation ${at + 1}`;

/**
 * The sources of citations, each once, in the order in which they are first cited.
 * @param {any} citations @returns {Source[]}
 */
export function sourcesOf(citations) {
  /** @type {Map<string, Source>} */
  const found = new Map();
  for (const [at, citation] of (Array.isArray(citations) ? citations : []).entries()) {
    for (const one of named(citation)) {
      const key = keyOf(one, at);
      /** @type {Source} */
      const source = found.get(key) ?? { key, title: word(one?.title), uri: word(one?.uri), kind: word(one?.kind ?? one?.type), score: typeof one?.score === "number" ? one.score : null, quotes: [], count: 0 };
      const quote = word(citation?.quote) ?? word(one?.quote) ?? word(one?.cited_text);
      if (quote && !source.quotes.includes(quote) && source.quotes.length < 20) source.quotes.push(quote);
      source.count += 1;
      found.set(key, source);
    }
  }
  return [...found.values()];
}

/**
 * Where an answer is cited: offsets in code points, each with the index of its source.
 * @param {string} text @param {any} citations
 * @returns {{start: number, end: number, index: number}[]}
 */
export function marksOf(text, citations) {
  if (!Array.isArray(citations) || citations.length === 0 || text.length > 200_000) return [];
  const order = sourcesOf(citations).map((source) => source.key);
  const marks = [];
  let behind = 0;
  for (const [at, citation] of citations.slice(0, 500).entries()) {
    const index = order.indexOf(keyOf(named(citation)[0], at));
    if (Number.isInteger(citation?.start) && Number.isInteger(citation?.end) && citation.end > citation.start) {
      marks.push({ start: citation.start, end: citation.end, index });
      continue;
    }
    const said = word(citation?.text);
    if (!said || said.trim() === "") continue;
    let from = text.indexOf(said, behind);
    if (from < 0) from = text.indexOf(said);
    if (from < 0) continue;
    behind = from;
    const start = Array.from(text.slice(0, from)).length;
    marks.push({ start, end: start + Array.from(said).length, index });
  }
  return marks;
}
