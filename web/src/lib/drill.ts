// From one row or point of a result to the questions that lie below it.
import type { SemanticQueryDimension, SemanticQueryTime, SemanticQueryUnit } from "../api/types";
import { type Cell, type Column, formatCell } from "./format";
import { type Model, groupingFields, levelBelow } from "./model";
import { type Query, dimensionField, dimensionLabel, dimensionUnit, whyQuery } from "./query";

export interface DrillChoice {
  label: string;
  query: Query;
}
export interface Drill {
  title: string;
  choices: DrillChoice[];
}

const FINER: Partial<Record<SemanticQueryUnit, SemanticQueryUnit>> = {
  year: "quarter", half: "month", quarter: "month", month: "day", week: "day", day: "hour",
};

const iso = (date: Date): string => date.toISOString().slice(0, 10);
const utc = (year: number, month: number, day = 1): Date => new Date(Date.UTC(year, month, day));

/** The half-open range of a bucket's text ("2020-11", "2020-Q4", "2020-W07", "2020"); undefined: not known here. */
export function bucketRange(text: string): { from: string; to: string } | undefined {
  const match = /^(\d{4})(?:-(?:(\d{2})(?:-(\d{2}))?|Q([1-4])|H([12])|W(\d{2})))?$/.exec(text);
  if (!match) return undefined;
  const year = Number(match[1]);
  if (match[6] !== undefined) {
    const fourth = utc(year, 0, 4); // is always in week 1
    const monday = utc(year, 0, 4 - ((fourth.getUTCDay() + 6) % 7) + (Number(match[6]) - 1) * 7);
    return { from: iso(monday), to: iso(new Date(monday.getTime() + 7 * 86_400_000)) };
  }
  if (match[5] !== undefined) return { from: iso(utc(year, (Number(match[5]) - 1) * 6)), to: iso(utc(year, Number(match[5]) * 6)) };
  if (match[4] !== undefined) return { from: iso(utc(year, (Number(match[4]) - 1) * 3)), to: iso(utc(year, Number(match[4]) * 3)) };
  if (match[3] !== undefined) return { from: text, to: iso(utc(year, Number(match[2]) - 1, Number(match[3]) + 1)) };
  if (match[2] !== undefined) return { from: `${text}-01`, to: iso(utc(year, Number(match[2]))) };
  return { from: `${year}-01-01`, to: `${year + 1}-01-01` };
}

/** Of the causes of a change: those that are too small to be named. */
export const OTHERS = "(other)";

interface Narrowed {
  query: Query;
  time: SemanticQueryTime | undefined;
  unit: SemanticQueryUnit | undefined;
  names: string[];
  fields: string[];
}

/** The query held to one row: each dimension became a filter or the period. undefined: some dimension cannot be. */
function narrow(query: Query, columns: Column[], row: Cell[], model: Model): Narrowed | undefined {
  const dimensions = query.dimensions ?? [];
  const next: Query = structuredClone(query);
  const filters = next.filters ?? [];
  const result: Narrowed = { query: next, time: next.time, unit: undefined, names: [], fields: [] };
  for (const [index, dimension] of dimensions.entries()) {
    const column = columns[index];
    const value = row[index];
    if (column === undefined || column.role !== "dimension") return undefined;
    result.names.push(formatCell(value, column));
    const unit = dimensionUnit(dimension);
    const field = dimensionField(dimension);
    if (unit !== undefined) {
      const range = value === null || value === undefined ? undefined : bucketRange(String(value));
      if (range === undefined) return undefined;
      result.time = range;
      result.unit = unit;
    } else if (field !== undefined) {
      const same = filters.findIndex((one) => "field" in one && one.field === field && !("cyclic" in one));
      if (same >= 0) filters.splice(same, 1);
      if (value === null || value === undefined) filters.push({ field, op: "is_null" });
      else filters.push({ field, values: [value] });
      result.fields.push(field);
    } else if (typeof dimension === "object" && "cyclic" in dimension && value !== null && value !== undefined) {
      filters.push({ cyclic: dimension.cyclic, values: [value], ...(dimension.field ? { field: dimension.field } : {}) });
    } else {
      return undefined;
    }
    void model;
  }
  next.filters = filters.length > 0 ? filters : undefined;
  for (const key of ["dimensions", "order", "limit", "limit_within", "offset", "share_of", "window", "having", "analysis", "missing_rows"] as const) delete next[key];
  if (result.time !== query.time) delete next.compare;
  if (result.time !== undefined) next.time = result.time;
  if (next.filters === undefined) delete next.filters;
  return result;
}

/** Whether a period has more days than one would want to see one by one. */
function isLong(time: SemanticQueryTime | undefined): boolean {
  const { from, to, unit, count } = (time ?? {}) as { from?: string; to?: string; unit?: string; count?: number };
  if (from !== undefined && to !== undefined) return Date.parse(to) - Date.parse(from) > 62 * 86_400_000;
  return unit === undefined || ["quarter", "half", "year"].includes(unit) || (unit === "month" && (count ?? 1) > 2);
}

/** Below one cause of a change: why it moved itself, and how it went. Its row names the dimension and the member. */
function drillIntoDriver(query: Query, row: Cell[], model: Model): Drill | null {
  const [dimension, member] = row;
  const field = groupingFields(model).find((choice) => choice.field.label === dimension);
  if (field === undefined || member === OTHERS) return null;
  const next: Query = structuredClone(query);
  next.filters = [...(next.filters ?? []), member === null || member === undefined ? { field: field.name, op: "is_null" } : { field: field.name, values: [member] }];
  const { analysis: _, ...compared } = next;
  const { compare: __, ...alone } = compared;
  const unit = isLong(query.time) ? "month" : "day";
  const others = groupingFields(model).some((choice) => choice.name !== field.name && choice.field.role === "dimension" && (choice.field.distinct_count ?? 0) > 1);
  return {
    title: `${field.label}: ${member ?? "(none)"}`,
    choices: [...(others ? [{ label: "why it moved", query: next }] : []), { label: "only this", query: compared }, { label: `by ${unit}`, query: { ...structuredClone(alone), dimensions: [{ time: unit }] } }],
  };
}

export function drillOf(query: Query | null | undefined, columns: Column[], row: Cell[], model: Model): Drill | null {
  if (query?.analysis === "drivers") return drillIntoDriver(query, row, model);
  if (!query?.metrics?.length || !query.dimensions?.length || query.detail || query.analysis) return null;
  const narrowed = narrow(query, columns, row, model);
  if (narrowed === undefined) return null;
  const by = (dimension: SemanticQueryDimension): Query => ({ ...structuredClone(narrowed.query), dimensions: [dimension] });
  const choices: DrillChoice[] = [];
  const used = new Set([...narrowed.fields, ...(query.dimensions ?? []).map((one) => dimensionField(one) ?? "")]);
  for (const field of narrowed.fields) {
    const below = levelBelow(model, field);
    if (below !== undefined && !used.has(below)) {
      used.add(below);
      choices.push({ label: `by ${dimensionLabel(model, { field: below })}`, query: by({ field: below }) });
    }
  }
  const finer = narrowed.unit === undefined ? "month" : FINER[narrowed.unit];
  if (finer !== undefined && finer !== "hour") choices.push({ label: `by ${finer}`, query: by({ time: finer }) });
  for (const choice of groupingFields(model)) {
    if (choices.length >= 5) break;
    if (used.has(choice.name) || choice.field.role !== "dimension" || (choice.field.distinct_count ?? 0) < 2) continue;
    choices.push({ label: `by ${choice.label}`, query: by({ field: choice.name }) });
  }
  choices.push({ label: "only this", query: narrowed.query });
  if (narrowed.unit !== undefined) choices.push({ label: "why? (against the period before)", query: whyQuery(narrowed.query, narrowed.time) });
  return { title: narrowed.names.join(" · "), choices };
}
