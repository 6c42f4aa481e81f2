// Numbers, money and times as the reader writes them. What is unknown is a dash, never a zero.
const locale = navigator.languages?.length ? [...navigator.languages] : undefined;
export const NONE = "–";

/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** @param {Intl.NumberFormatOptions} options */
function formatter(options) {
  const key = JSON.stringify(options);
  let found = formats.get(key);
  if (!found) {
    found = new Intl.NumberFormat(locale, options);
    formats.set(key, found);
  }
  return found;
}

/** @param {any} value @returns {value is number} */
const known = (value) => typeof value === "number" && Number.isFinite(value);

/** @param {any} value @param {number} [digits] */
export const number = (value, digits = 0) =>
  known(value) ? formatter({ maximumFractionDigits: digits }).format(value) : NONE;

/** @param {any} value */
export const compact = (value) =>
  known(value) ? formatter({ notation: "compact", maximumFractionDigits: 1 }).format(value) : NONE;

/** US dollars; small amounts keep two significant digits, and `exact` those that are next to nothing too. @param {any} value @param {boolean} [exact] */
export function money(value, exact) {
  if (!known(value)) return NONE;
  const size = Math.abs(value);
  if (size > 0 && size < 0.0001 && !exact) {
    const least = formatter({ style: "currency", currency: "USD", maximumFractionDigits: 4 }).format(0.0001);
    return value < 0 ? `>\u2212${least}` : `<${least}`;
  }
  if (size >= 10000) {
    return formatter({ style: "currency", currency: "USD", notation: "compact", maximumFractionDigits: 1 }).format(value);
  }
  if (size === 0 || size >= 1) return formatter({ style: "currency", currency: "USD" }).format(value);
  const digits = size >= 0.1 ? 3 : Math.min(8, Math.max(2, 1 - Math.floor(Math.log10(size))));
  return formatter({
    style: "currency",
    currency: "USD",
    minimumFractionDigits: Math.min(digits, 4),
    maximumFractionDigits: digits,
  }).format(value);
}

/** @param {any} value @param {number} [digits] */
export const percent = (value, digits = 1) =>
  known(value) ? formatter({ style: "percent", maximumFractionDigits: digits }).format(value) : NONE;

/** A change, with its sign. @param {any} value */
export const change = (value) =>
  known(value)
    ? value >= 10
      ? `×${number(value + 1)}`
      : formatter({ style: "percent", maximumFractionDigits: Math.abs(value) < 0.1 ? 1 : 0, signDisplay: "exceptZero" }).format(value)
    : NONE;

/** @param {any} value 0 to 1 */
export const score = (value) => (known(value) ? formatter({ minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value) : NONE);

/** Seconds, in the unit that a reader would say. @param {any} value */
export function duration(value) {
  if (!known(value)) return NONE;
  const size = Math.abs(value);
  if (size === 0) return "0 s";
  if (size < 0.001) return `${number(value * 1e6)} µs`;
  if (size < 0.01) return `${number(value * 1e3, 1)} ms`;
  if (size < 1) return `${number(value * 1e3)} ms`;
  if (size < 60) return `${formatter({ minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value)} s`;
  const sign = value < 0 ? "−" : "";
  if (size < 3600) return `${sign}${Math.floor(size / 60)} min ${Math.floor(size % 60)} s`;
  if (size < 86400) return `${sign}${Math.floor(size / 3600)} h ${Math.floor((size % 3600) / 60)} min`;
  return `${sign}${number(Math.floor(size / 86400))} d ${Math.floor((size % 86400) / 3600)} h`;
}

/** @param {any} value bytes */
export function bytes(value) {
  if (!known(value)) return NONE;
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = Math.min(3, value < 1000 ? 0 : Math.floor(Math.log10(value) / 3));
  return formatter({
    style: "unit",
    unit: units[step],
    unitDisplay: step ? "short" : "long",
    maximumFractionDigits: step ? 1 : 0,
  }).format(value / 1000 ** step);
}

const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const whole = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" });
const short = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });

/** @param {any} iso @returns {Date | null} */
export function date(iso) {
  if (!iso) return null;
  const made = new Date(iso);
  return Number.isNaN(made.getTime()) ? null : made;
}

/** The time of day, or the day and the minute where it is not today. @param {any} iso */
export function time(iso) {
  const made = date(iso);
  if (!made) return NONE;
  return made.toDateString() === new Date().toDateString() ? clock.format(made) : short.format(made);
}

/** @param {any} iso */
export function shortTime(iso) {
  const made = date(iso);
  return made ? short.format(made) : NONE;
}

/** @param {any} iso */
export function fullTime(iso) {
  const made = date(iso);
  return made ? whole.format(made) : NONE;
}

/** @param {any} iso */
export function ago(iso) {
  const made = date(iso);
  if (!made) return NONE;
  const seconds = (made.getTime() - Date.now()) / 1000;
  const size = Math.abs(seconds);
  if (size < 60) return relative.format(Math.round(seconds), "second");
  if (size < 3600) return relative.format(Math.round(seconds / 60), "minute");
  if (size < 86400) return relative.format(Math.round(seconds / 3600), "hour");
  return relative.format(Math.round(seconds / 86400), "day");
}

/** A value in the unit that the API names. @param {any} value @param {string} unit */
export function unit(value, unit) {
  if (value === null || value === undefined) return NONE;
  switch (unit) {
    case "usd":
      return money(value);
    case "seconds":
      return duration(value);
    case "ratio":
      return percent(value);
    case "score":
      return score(value);
    case "factor":
      return `${number(value, 1)}×`;
    case "count":
    case "tokens":
      return Math.abs(value) >= 100000 ? compact(value) : number(value, Number.isInteger(value) ? 0 : 1);
    case "per_second":
      return `${number(value, 1)}/s`;
    case "time":
      return shortTime(value);
    default:
      return typeof value === "number" ? number(value, 4) : typeof value === "object" ? JSON.stringify(value) : String(value);
  }
}

const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u200b\u2028-\u202e\u2060\u2066-\u2069\ufeff]/g;

/**
 * Text with the characters that reorder, hide or end lines made visible: a name that a sender chose must look like what
 * it is. Marks that right-to-left writing needs (U+200E, U+200F, U+061C) stay.
 * @param {any} value
 */
export function plain(value) {
  const text = typeof value === "string" ? value : value === null || value === undefined ? "" : String(value);
  return text.replace(HIDDEN, (sign) => `⟦${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟧`);
}

/** One line of a name, cut to what a cell can hold. @param {any} value @param {number} [most] */
export function label(value, most = 160) {
  if (value === null || value === undefined || value === "") return NONE;
  const text = typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value);
  return plain(text.length > most ? `${text.slice(0, most)}…` : text);
}
