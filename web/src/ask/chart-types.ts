// The kinds of picture one result can have, and how an option of one kind becomes one of another.
export type ChartType = "suggested" | "line" | "bar" | "lying" | "share";
export type LooseOption = Record<string, unknown>;

export const CHART_TYPES: Array<{ type: ChartType; label: string }> = [
  { type: "suggested", label: "As suggested" },
  { type: "line", label: "Line" },
  { type: "bar", label: "Columns" },
  { type: "lying", label: "Bars" },
  { type: "share", label: "Shares" },
];

export function first(value: unknown): LooseOption {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  return one !== null && typeof one === "object" ? (one as LooseOption) : {};
}

export function itemValue(item: unknown): number | null {
  const value = item !== null && typeof item === "object" && !Array.isArray(item) ? (item as LooseOption)["value"] : item;
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function seriesOf(option: LooseOption): LooseOption[] {
  return Array.isArray(option["series"]) ? (option["series"] as LooseOption[]) : [];
}

function categoryAxis(option: LooseOption): LooseOption | null {
  for (const key of ["xAxis", "yAxis"]) {
    const axis = first(option[key]);
    if (axis["type"] === "category" && Array.isArray(axis["data"])) return axis;
  }
  return null;
}

function valueAxis(option: LooseOption): LooseOption {
  const axis = ["yAxis", "xAxis"].map((key) => first(option[key])).find((one) => one["type"] === "value");
  return axis ?? {};
}

/** A number of a chart as the tables write it: a chart's shares are in percent already, and its axis says so. */
export function chartNumber(option: LooseOption, unit: string): { unit: string; scale: number } {
  const ticks = first(valueAxis(option)["axisLabel"])["formatter"];
  if (ticks === "{value} %") return { unit: "fraction", scale: 0.01 };
  if (ticks === "{value} pp") return { unit: "pp", scale: 0.01 };
  return { unit, scale: 1 };
}

/** Categories and numbers of an option: of its category axis, or of a pie. null: neither. */
function content(option: LooseOption): { labels: string[]; lies: boolean; series: Array<{ name: unknown; values: Array<number | null>; stack?: unknown }> } | null {
  const series = seriesOf(option);
  const axis = categoryAxis(option);
  const only = series[0];
  if (axis === null && series.length === 1 && only?.["type"] === "pie" && Array.isArray(only["data"])) {
    const items = only["data"] as LooseOption[];
    return { labels: items.map((item) => String(item["name"] ?? "")), lies: false, series: [{ name: only["name"], values: items.map(itemValue) }] };
  }
  if (axis === null || series.length === 0) return null;
  const lies = first(option["yAxis"])["type"] === "category";
  // Text where something else was sent: a label is never more than text.
  const labels = (axis["data"] as unknown[]).map((item) => String(item !== null && typeof item === "object" ? (item as LooseOption)["value"] : item));
  return {
    labels, lies,
    series: series.map((one) => ({ name: one["name"], values: (Array.isArray(one["data"]) ? one["data"] : []).map(itemValue), ...(one["stack"] ? { stack: one["stack"] } : {}) })),
  };
}

export function possibleTypes(option: LooseOption): ChartType[] {
  const data = content(option);
  if (data === null) return ["suggested"];
  const only = data.series.length === 1 ? data.series[0] : undefined;
  const canShare = only !== undefined && data.labels.length <= 12 && only.values.every((value) => value !== null && value >= 0);
  return ["suggested", "line", "bar", "lying", ...(canShare ? (["share"] as const) : [])];
}

export function transform(option: LooseOption, type: ChartType): LooseOption {
  const data = type === "suggested" ? null : content(option);
  if (data === null) return option;
  const tooltip = { trigger: type === "share" ? "item" : "axis", axisPointer: { type: "shadow" } };
  if (type === "share") {
    const values = data.series[0]?.values ?? [];
    return { tooltip, series: [{ type: "pie", name: data.series[0]?.name, data: data.labels.map((name, i) => ({ name, value: values[i] })) }] };
  }
  const lying = type === "lying";
  const category = { type: "category", data: data.labels, ...(lying ? { inverse: true } : {}) };
  const label = valueAxis(option)["axisLabel"];
  const value = { type: "value", ...(label !== undefined ? { axisLabel: label } : {}) };
  const kind = type === "line" ? "line" : "bar";
  return {
    tooltip, xAxis: lying ? value : category, yAxis: lying ? category : value,
    series: data.series.map((one) => ({ type: kind, name: one.name, data: one.values, ...(one.stack && kind === "bar" ? { stack: one.stack } : {}) })),
  };
}

/** How many lying bars there would be; 0 where bars do not lie. */
export function barsOf(option: LooseOption, type: ChartType): number {
  const lies = type === "lying" || (type === "suggested" && first(option["yAxis"])["type"] === "category");
  return lies ? (content(option)?.labels.length ?? 0) : 0;
}

/** The option with the first bars only. An axis that is not inverted has its first bar at the bottom: there the last ones are kept. */
export function shortened(option: LooseOption, type: ChartType, bars: number): LooseOption {
  const drawn = transform(option, type);
  const axis = first(drawn["yAxis"]);
  if (!Array.isArray(axis["data"])) return option;
  const cut = (data: unknown): unknown => (!Array.isArray(data) ? data : axis["inverse"] === true ? data.slice(0, bars) : data.slice(-bars));
  return { ...drawn, yAxis: { ...axis, data: cut(axis["data"]) }, series: seriesOf(drawn).map((one) => ({ ...one, data: cut(one["data"]) })) };
}

/** What every label begins with ("Country · "), where a part is the same in all. */
export function commonPart(labels: unknown[]): string {
  const head = typeof labels[0] === "string" && labels.length > 1 ? /^.+? · /.exec(labels[0])?.[0] : undefined;
  return head !== undefined && labels.every((label) => typeof label === "string" && label.startsWith(head)) ? head : "";
}

/** How tall it should be: lying bars need a line each. */
export function heightOf(option: LooseOption, type: ChartType): number {
  const drawn = transform(option, type);
  const axis = first(drawn["yAxis"]);
  if (axis["type"] !== "category" || !Array.isArray(axis["data"])) return 300;
  const each = Math.max(26, 12 * seriesOf(drawn).filter((one, i, all) => one["stack"] === undefined || i === all.findIndex((other) => other["stack"] === one["stack"])).length + 10);
  return Math.min(900, 60 + axis["data"].length * each);
}
