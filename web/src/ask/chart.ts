// Draws an answer's ECharts option. This module and ECharts are one chunk, loaded when the first chart is shown.
import { BarChart, LineChart, PieChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { type EChartsType, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { formatNumber, formatTick, shortMonth } from "../lib/format";
import { type ChartType, type LooseOption, chartNumber, commonPart, first, itemValue, transform } from "./chart-types";

use([BarChart, LineChart, PieChart, GridComponent, TooltipComponent, LegendComponent, MarkLineComponent, AriaComponent, CanvasRenderer]);

export interface DrawnChart {
  dispose: () => void;
  update: (option: LooseOption, type: ChartType, unit: string, hasBefore: boolean) => void;
  resize: () => void;
}

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The option in this page's own dress. All text stays text: the tooltip is drawn, never made of HTML. */
function dressed(option: LooseOption, type: ChartType, unit: string, hasBefore: boolean, width: number): LooseOption {
  const drawn = transform(option, type);
  const number = chartNumber(option, unit);
  const ink = token("--ink-2");
  const font = getComputedStyle(document.body).fontFamily;
  const narrow = width < 520;
  const axis = (one: LooseOption): LooseOption => {
    const isValue = one["type"] === "value";
    const common = isValue || !Array.isArray(one["data"]) ? "" : commonPart(one["data"]);
    return {
      ...one,
      name: "", // the headings say it
      axisLine: { show: !isValue, lineStyle: { color: token("--rule-strong") } },
      axisTick: { show: false },
      splitLine: { show: isValue, lineStyle: { color: token("--rule") } },
      splitNumber: narrow ? 3 : 5,
      axisLabel: {
        ...(one["axisLabel"] as LooseOption | undefined), color: ink, fontFamily: font, fontSize: 12, hideOverlap: true,
        ...(isValue ? { formatter: (value: number) => formatTick(value * number.scale, number.unit) } : { width: narrow ? 110 : 200, overflow: "truncate", formatter: (label: string) => shortMonth(label.slice(common.length)) }),
      },
    };
  };
  const axes = (value: unknown) => (value === undefined ? undefined : [first(value)].map(axis));
  const series = (drawn["series"] as LooseOption[]).map((one) => ({
    ...one, barMaxWidth: 34, symbolSize: 6, cursor: "pointer",
    ...(one["type"] === "pie" ? { radius: ["42%", "70%"], label: { color: token("--ink"), fontFamily: font, formatter: "{b}  {d} %" } } : {}),
    ...(one["type"] === "line" ? { lineStyle: { width: 2 } } : {}),
  }));
  const many = series.length > 1;
  return {
    animation: false,
    aria: { enabled: false }, // the frame around it carries the description
    color: [...(hasBefore && series.length === 2 ? [token("--before")] : []), ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => token(`--series-${n}`))],
    textStyle: { fontFamily: font, color: ink },
    grid: { left: 8, right: 16, top: 12, bottom: many ? 40 : 8, containLabel: true },
    legend: many ? { type: "scroll", bottom: 0, left: 0, textStyle: { color: ink, fontFamily: font }, icon: "roundRect", itemWidth: 10, itemHeight: 10, pageIconColor: ink, pageTextStyle: { color: ink } } : undefined,
    tooltip: {
      ...(drawn["tooltip"] as LooseOption | undefined), renderMode: "richText", confine: true, backgroundColor: token("--sheet"),
      borderColor: token("--rule-strong"), textStyle: { color: token("--ink"), fontFamily: font, fontSize: 13 },
      valueFormatter: (value: unknown) => (typeof value === "number" ? formatNumber(value * number.scale, number.unit) : "—"),
    },
    xAxis: axes(drawn["xAxis"]),
    yAxis: axes(drawn["yAxis"]),
    series,
  };
}

/** Draws a small chart outside the page, once: what a first drawing costs is then paid. */
export function warmUp(): void {
  const chart = init(document.createElement("div"), null, { renderer: "canvas", width: 320, height: 160 });
  const option = { xAxis: { type: "category", data: ["January 2020", "February 2020"] }, yAxis: { type: "value" } };
  for (const type of ["line", "bar"]) chart.setOption(dressed({ ...option, series: [{ type, data: [1, 2] }] }, "suggested", "", false, 320), { notMerge: true });
  chart.dispose();
}

export interface Point {
  /** The category's label, as the option names it. */
  label: string;
  series: string;
  value: number | null;
}

export function draw(node: HTMLElement, onPick: (point: Point, x: number, y: number) => void): DrawnChart {
  const chart: EChartsType = init(node, null, { renderer: "canvas", devicePixelRatio: Math.min(2, window.devicePixelRatio) });
  chart.on("click", (event) => {
    const mouse = event.event?.event as MouseEvent | undefined;
    onPick({ label: event.name, series: event.seriesName ?? "", value: itemValue(event.value) }, mouse?.clientX ?? 0, mouse?.clientY ?? 0);
  });
  // Drawing anew is the dear part: not for a size that it has already.
  const resize = () => {
    if (chart.getWidth() !== node.clientWidth || chart.getHeight() !== node.clientHeight) chart.resize();
  };
  return {
    dispose: () => chart.dispose(),
    update: (option, type, unit, hasBefore) => {
      resize();
      chart.setOption(dressed(option, type, unit, hasBefore, node.clientWidth), { notMerge: true });
    },
    resize,
  };
}
