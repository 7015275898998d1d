// Values as people read them. What is copied keeps its full precision.
import type { Answer } from "../api/types";

export type Cell = string | number | boolean | null;
/** Beyond the contract a column may say which metric of the query it belongs to, and as what. */
export type Column = NonNullable<Answer["columns"]>[number] & { kind?: string; measure?: number };

const LOCALE = "en";
const NARROW_SPACE = "\u202f";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const formats = new Map<string, Intl.NumberFormat>();
function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = JSON.stringify(options);
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(LOCALE, options);
    formats.set(key, format);
  }
  return format;
}

/** As the sentences round: by the number's exact value, so that one page never shows two roundings of it. */
function rounded(value: number, digits: number): number {
  return Math.abs(value) < 1e21 ? Number(value.toFixed(digits)) : value;
}

function fixed(value: number, digits: number): string {
  return numberFormat({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(rounded(value, digits));
}

function money(value: number, unit: string): string {
  const currency = unit.slice("currency:".length);
  if (currency !== "") {
    try {
      return numberFormat({ style: "currency", currency }).format(rounded(value, 2));
    } catch {
      return `${fixed(value, 2)} ${currency}`; // a code that no standard knows
    }
  }
  return fixed(value, 2);
}

export function formatNumber(value: number, unit: string | null | undefined): string {
  if (unit === "fraction") return `${fixed(value * 100, 1)}${NARROW_SPACE}%`;
  if (unit === "pp") return `${fixed(value * 100, 1)}${NARROW_SPACE}pp`;
  if (unit?.startsWith("currency")) return money(value, unit);
  return numberFormat({ maximumFractionDigits: Number.isInteger(value) ? 0 : 2 }).format(rounded(value, 2));
}

/** For axes and tight places: 1.2M, 20 %. */
export function formatTick(value: number, unit: string | null | undefined): string {
  if (unit === "fraction" || unit === "pp") return numberFormat({ maximumFractionDigits: 1 }).format(rounded(value * 100, 1)) + NARROW_SPACE + (unit === "pp" ? "pp" : "%");
  const shape: Intl.NumberFormatOptions = Math.abs(value) >= 1000 ? { notation: "compact", maximumFractionDigits: 1 } : { maximumFractionDigits: 2 };
  const currency = unit?.startsWith("currency:") ? unit.slice("currency:".length) : "";
  if (currency !== "") {
    try {
      return numberFormat({ ...shape, minimumFractionDigits: 0, style: "currency", currency }).format(value);
    } catch {
      // a code that no standard knows stands at the table's numbers
    }
  }
  return numberFormat(shape).format(value);
}

/** "2020-11" -> "Nov 2020"; "2020-Q4" -> "Q4 2020"; "2020-11-05" -> "5 Nov 2020". */
export function formatPeriod(text: string): string {
  const quarter = /^(\d{4})-(Q[1-4]|H[12]|W\d{2})$/.exec(text);
  if (quarter) return `${quarter[2]} ${quarter[1]}`;
  const day = /^(\d{4})-(\d{2})(?:-(\d{2}))?$/.exec(text);
  if (!day) return text;
  const month = MONTHS[Number(day[2]) - 1];
  if (month === undefined) return text;
  return day[3] === undefined ? `${month} ${day[1]}` : `${Number(day[3])} ${month} ${day[1]}`;
}

const LONG_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/** "November 2020" -> "Nov 2020", for tight places. */
export function shortMonth(text: string): string {
  const [month, year, more] = text.split(" ");
  const index = LONG_MONTHS.indexOf(month ?? "");
  return index >= 0 && more === undefined && /^\d{4}$/.test(year ?? "") ? `${MONTHS[index]} ${year}` : text;
}

/** "2020-11" -> "November 2020", as sentences write it. */
export function longMonth(text: string): string {
  return text.replace(/^(\d{4})-(\d{2})$/, (_, year: string, month: string) => `${LONG_MONTHS[Number(month) - 1] ?? month} ${year}`);
}

/** A column that says by how much something moved. */
const isMovement = (column: Column): boolean => column.kind === "change" || column.kind === "growth";

/** Names made for machines, as people write them: "store_name" -> "store name". */
export const spokenName = (text: string): string => text.replace(/\b[a-z0-9]+(?:_[a-z0-9]+)+\b/g, (name) => name.replaceAll("_", " "));

/** A word that the program chose, or a name made for machines, begins like a heading; a column's own name stays as it is. */
export function headerOf(column: Column): string {
  const chosen = column.type === "period" || ["change", "growth", "share"].includes(column.kind ?? "");
  if (/^[a-z][a-z0-9_]*$/.test(column.label)) return spokenName(column.label).replace(/^./, (letter) => letter.toUpperCase());
  return chosen ? column.label.charAt(0).toUpperCase() + column.label.slice(1) : column.label;
}

export function formatCell(value: Cell | undefined, column: Column): string {
  if (value === null || value === undefined) return column.role === "measure" ? "—" : "(none)";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return column.role === "dimension" ? String(value) : `${value > 0 && isMovement(column) ? "+" : ""}${formatNumber(value, column.unit)}`;
  return column.type === "period" || column.type === "date" ? formatPeriod(value) : value;
}

export const isNumeric = (column: Column): boolean => column.role === "measure" && column.type !== "text" && column.type !== "date";

/** As copied: full precision, no separators. */
export function plainCell(value: Cell | undefined): string {
  return value === null || value === undefined ? "" : String(value);
}

export function formatBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${size >= 100 || unit === 0 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

export function formatMs(ms: number): string {
  return ms < 1000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${numberFormat({}).format(count)} ${count === 1 ? one : many}`;

/** When something was: "today 14:02", "3 Mar 2026". */
export function formatWhen(iso: string | null | undefined): string {
  if (!iso) return "";
  const when = new Date(iso);
  if (Number.isNaN(when.getTime())) return iso;
  const now = new Date();
  const time = when.toLocaleTimeString(LOCALE, { hour: "2-digit", minute: "2-digit", hour12: false });
  if (when.toDateString() === now.toDateString()) return `today ${time}`;
  return `${when.getDate()} ${MONTHS[when.getMonth()]} ${when.getFullYear()}, ${time}`;
}
