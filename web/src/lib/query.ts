// A semantic query taken apart for people (chips), and put together again.
import type { SemanticQuery, SemanticQueryDimension, SemanticQueryFilter, SemanticQueryMetric, SemanticQueryTime, SemanticQueryUnit } from "../api/types";
import { formatPeriod } from "./format";
import { type Model, fieldLabel, findMetric } from "./model";

export type Query = SemanticQuery;
type Loose = Record<string, unknown>;
const loose = (value: unknown): Loose => (value !== null && typeof value === "object" ? (value as Loose) : {});

/* ---- words for parts ---- */

export function metricLabel(model: Model, metric: SemanticQueryMetric): string {
  if (typeof metric === "string") return findMetric(model, metric)?.label ?? metric;
  const parts = loose(metric);
  if (typeof parts["label"] === "string") return parts["label"];
  const inner = (value: unknown) => metricLabel(model, value as SemanticQueryMetric);
  if (Array.isArray(parts["ratio"])) return parts["ratio"].map(inner).join(" per ");
  if (Array.isArray(parts["difference"])) return parts["difference"].map(inner).join(" less ");
  if (Array.isArray(parts["sum"])) return parts["sum"].map(inner).join(" plus ");
  if (typeof parts["aggregate"] === "string") {
    const of = parts["of"] !== undefined ? inner(parts["of"]) : typeof parts["metric"] === "string" ? inner(parts["metric"])
      : typeof parts["field"] === "string" ? fieldLabel(model, parts["field"]) : "rows";
    const per = loose(parts["per"]);
    const each = per["entity"] ?? per["unit"];
    return `${parts["aggregate"].replace("_", " ")} of ${of}${each ? ` per ${String(each)}` : ""}`;
  }
  return typeof parts["metric"] === "string" ? (findMetric(model, parts["metric"])?.label ?? parts["metric"]) : "a measure";
}

/** The model's metric behind a query's metric; undefined where it is computed in the query. */
export function metricName(metric: SemanticQueryMetric | undefined): string | undefined {
  if (typeof metric === "string") return metric;
  const parts = loose(metric);
  return typeof parts["metric"] === "string" && parts["aggregate"] === undefined ? parts["metric"] : undefined;
}

const spoken = (text: string): string => text.replaceAll("_", " ");

export function dimensionLabel(model: Model, dimension: SemanticQueryDimension): string {
  if (typeof dimension === "string") return fieldLabel(model, dimension);
  const parts = loose(dimension);
  if (typeof parts["time"] === "string") return spoken(parts["time"]);
  if (typeof parts["cyclic"] === "string") return spoken(parts["cyclic"]);
  if (typeof parts["first"] === "string") return `${spoken(parts["first"])} first seen`;
  if (parts["entity"] !== undefined) return `${String(parts["entity"])}s by ${metricLabel(model, parts["metric"] as SemanticQueryMetric)}`;
  return fieldLabel(model, String(parts["field"] ?? "")) + (parts["edges"] ? " in steps" : "");
}

export function dimensionField(dimension: SemanticQueryDimension | undefined): string | undefined {
  if (typeof dimension === "string") return dimension;
  const parts = loose(dimension);
  const plain = parts["time"] === undefined && parts["cyclic"] === undefined && parts["edges"] === undefined && parts["entity"] === undefined;
  return plain && typeof parts["field"] === "string" ? parts["field"] : undefined;
}

export const dimensionUnit = (dimension: SemanticQueryDimension | undefined): SemanticQueryUnit | undefined =>
  loose(dimension)["time"] as SemanticQueryUnit | undefined;

const OPERATORS: Record<string, string> = {
  "=": "is", "!=": "is not", "<": "below", "<=": "at most", ">": "above", ">=": "at least", between: "between",
  is_null: "is empty", is_not_null: "is not empty", contains: "contains", starts_with: "starts with",
};

function valuesText(values: unknown): string {
  if (!Array.isArray(values)) return "";
  const shown = values.slice(0, 3).map(String).join(", ");
  return values.length > 3 ? `${shown} and ${values.length - 3} more` : shown;
}

export function filterLabel(model: Model, filter: SemanticQueryFilter): string {
  const parts = loose(filter);
  const not = parts["negated"] === true ? "not " : "";
  if (typeof parts["condition"] === "string")
    return not + (model.conditions.find((one) => one.name === parts["condition"])?.label ?? spoken(parts["condition"]));
  if (Array.isArray(parts["any"])) return not + parts["any"].map((one) => filterLabel(model, one as SemanticQueryFilter)).join(" or ");
  if (Array.isArray(parts["did"]))
    return `${String(parts["entity"])}s that ${not ? "never had" : "had"} ${parts["did"].map((one) => filterLabel(model, one as SemanticQueryFilter)).join(" and ")}`;
  const op = OPERATORS[String(parts["op"] ?? "=")] ?? String(parts["op"]);
  const what = parts["cyclic"] !== undefined ? spoken(String(parts["cyclic"]))
    : parts["entity"] !== undefined ? `${String(parts["entity"])}s whose ${metricLabel(model, parts["metric"] as SemanticQueryMetric)}`
      : fieldLabel(model, String(parts["field"] ?? ""));
  return `${what} ${not}${op} ${valuesText(parts["values"])}`.trim();
}

/** The last day of a half-open range. */
export function lastDayBefore(to: string): string {
  const day = new Date(`${to}T00:00:00Z`);
  if (Number.isNaN(day.getTime())) return to;
  day.setUTCDate(day.getUTCDate() - 1);
  return day.toISOString().slice(0, 10);
}

/** A whole year, quarter or month is named; other ranges by first and last day. */
export function rangeLabel(from: string, to: string): string {
  const start = /^(\d{4})-(\d{2})-01$/.exec(from);
  const end = /^(\d{4})-(\d{2})-01$/.exec(to);
  if (start && end) {
    const months = (Number(end[1]) - Number(start[1])) * 12 + Number(end[2]) - Number(start[2]);
    if (months === 1) return formatPeriod(from.slice(0, 7));
    if (months === 12 && start[2] === "01") return start[1]!;
    if (months === 3 && (Number(start[2]) - 1) % 3 === 0) return `Q${(Number(start[2]) - 1) / 3 + 1} ${start[1]}`;
  }
  const last = lastDayBefore(to);
  return last === from ? formatPeriod(from) : `${formatPeriod(from)} – ${formatPeriod(last)}`;
}

export function timeLabel(time: SemanticQueryTime | undefined): string {
  const parts = loose(time);
  if (Object.keys(parts).length === 0) return "all time";
  if (typeof parts["to_date"] === "string") return `${spoken(parts["to_date"])} to date${parts["offset"] ? `, ${String(-Number(parts["offset"]))} before` : ""}`;
  if (typeof parts["rolling"] === "number") return `last ${parts["rolling"]} ${spoken(String(parts["unit"]))}s to today`;
  if (typeof parts["unit"] === "string") {
    const unit = spoken(parts["unit"]);
    const count = Number(parts["count"] ?? 1);
    const offset = Number(parts["offset"] ?? 0);
    if (offset === 0 && count === 1) return `this ${unit}`;
    if (offset === -1 && count === 1) return `last ${unit}`;
    if (offset === -count) return `last ${count} ${unit}s`;
    return count === 1 ? `${-offset} ${unit}s ago` : `${count} ${unit}s from ${-offset} ${unit}s ago`;
  }
  const from = parts["from"] as string | undefined;
  const to = parts["to"] as string | undefined;
  if (from && to) return rangeLabel(from, to);
  return from ? `since ${formatPeriod(from)}` : `before ${formatPeriod(to ?? "")}`;
}

export function compareLabel(query: Query): string | null {
  switch (query.compare?.kind) {
    case undefined: return null;
    case "previous": return "against the period before";
    case "year_earlier": return "against a year earlier";
    case "periods": return `against ${timeLabel(query.compare.baseline)}`;
    case "members": return `${query.compare.member ?? ""} against ${query.compare.other ?? ""}`;
    case "rest": return `${query.compare.member ?? ""} against the rest`;
    case "snapshots": return `against ${dataLabel(query.compare.data) ?? "the current data"}`;
  }
}

/** Which state of the data: "the snapshot week 2026-46"; null for the data as it is. */
export function dataLabel(data: Query["data"]): string | null {
  if (data === undefined) return null;
  if ("snapshot" in data) return `the snapshot ${String(data.snapshot)}`;
  if ("taken" in data) return `the snapshot of ${timeLabel(data.taken as Query["time"])}`;
  if ("at" in data) return `the data as of ${timeLabel(data.at as Query["time"])}`;
  return "which" in data ? `the ${String(data.which)} snapshot` : null;
}

/* ---- changes; each gives a new query ---- */

const clone = (query: Query): Query => structuredClone(query);

/** Leaves out what is empty, so that equal meaning looks equal. */
function tidy(query: Query): Query {
  const copy = query as unknown as Loose;
  for (const key of Object.keys(copy)) {
    const value = copy[key];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) delete copy[key];
    else if (key === "time" && Object.keys(loose(value)).length === 0) delete copy[key];
  }
  return query;
}

/** Order, tests and shares point at metrics and dimensions by position: they go when those change. */
function dropDependents(query: Query, dimensionsChanged: boolean): void {
  if (dimensionsChanged) {
    delete query.limit_within;
    if (typeof query.share_of === "object") delete query.share_of;
  }
  if (query.order?.some((one) => (one.dimension ?? 0) >= (query.dimensions?.length ?? 0) && one.dimension !== undefined)) delete query.order;
  if (query.order?.some((one) => (one.metric ?? 0) >= (query.metrics?.length ?? 0) && one.metric !== undefined)) delete query.order;
  if (query.having?.some((one) => (one.metric ?? 0) >= (query.metrics?.length ?? 0))) delete query.having;
  if (!query.dimensions?.length) {
    delete query.order;
    delete query.limit;
    delete query.share_of;
    delete query.window;
  }
}

export function setMetric(query: Query, index: number, name: string | null): Query {
  const next = clone(query);
  const metrics = next.metrics ?? [];
  if (name === null) metrics.splice(index, 1);
  else metrics[index] = { metric: name };
  next.metrics = metrics;
  dropDependents(next, false);
  return tidy(next);
}

export function setDimension(query: Query, index: number, dimension: SemanticQueryDimension | null): Query {
  const next = clone(query);
  const dimensions = next.dimensions ?? [];
  if (dimension === null) dimensions.splice(index, 1);
  else dimensions[index] = dimension;
  next.dimensions = dimensions;
  delete next.detail;
  dropDependents(next, true);
  return tidy(next);
}

export function setFilter(query: Query, index: number, filter: SemanticQueryFilter | null): Query {
  const next = clone(query);
  const filters = next.filters ?? [];
  if (filter === null) filters.splice(index, 1);
  else filters[index] = filter;
  next.filters = filters;
  return tidy(next);
}

export function setTime(query: Query, time: SemanticQueryTime | undefined): Query {
  const next = clone(query);
  next.time = time;
  // Without a period there is none before it; a named baseline belonged to the old period.
  if (time === undefined || next.compare?.kind === "periods") delete next.compare;
  if (next.compare === undefined && next.analysis === "drivers") delete next.analysis;
  return tidy(next);
}

export function setCompare(query: Query, kind: "previous" | "year_earlier" | null): Query {
  const next = clone(query);
  if (kind === null) {
    delete next.compare;
    delete next.analysis;
  } else next.compare = { kind };
  return tidy(next);
}

export function without(query: Query, key: keyof Query): Query {
  const next = clone(query);
  delete next[key];
  if (key === "limit") delete next.limit_within;
  return tidy(next);
}

export function setLimit(query: Query, limit: number): Query {
  return { ...clone(query), limit };
}

/** What moved this number: the same metric and filters over one period, against the one before. */
export function whyQuery(query: Query, time: SemanticQueryTime | undefined = query.time): Query {
  const next: Query = { metrics: query.metrics?.slice(0, 1) ?? [], analysis: "drivers" };
  if (query.filters) next.filters = structuredClone(query.filters);
  next.time = time && Object.keys(time).length > 0 ? structuredClone(time) : { unit: "month", offset: -1, count: 1 };
  const kind = query.compare?.kind;
  next.compare = kind === "year_earlier" ? { kind } : kind === "periods" && time === query.time ? structuredClone(query.compare!) : { kind: "previous" };
  return next;
}
