// The picture of an answer. The same data stands in the table below, where the keyboard reaches it.
import { type ReactElement, useEffect, useRef, useState } from "react";
import { useShownTheme } from "../lib/theme";
import type { DrawnChart, Point } from "./chart";
import { type ChartType, type LooseOption, first, heightOf } from "./chart-types";

interface Props {
  option: LooseOption;
  type: ChartType;
  unit: string;
  onPick?: ((point: Point, x: number, y: number) => void) | undefined;
}

let loading: Promise<typeof import("./chart")> | null = null;
export function loadCharts(): Promise<typeof import("./chart")> {
  loading ??= import("./chart").catch((error: unknown) => {
    loading = null; // the next chart tries again
    throw error;
  });
  return loading;
}

function descriptionOf(option: LooseOption): string {
  const label = first(first(option["aria"])["label"]);
  return typeof label["description"] === "string" ? label["description"] : "Chart; its numbers stand in the table";
}

export function ChartPanel({ option, type, unit, onPick }: Props): ReactElement {
  const node = useRef<HTMLDivElement>(null);
  const chart = useRef<DrawnChart | null>(null);
  const pick = useRef(onPick);
  const [failed, setFailed] = useState(false);
  const [ready, setReady] = useState(false);
  const theme = useShownTheme();
  const height = heightOf(option, type);
  useEffect(() => {
    pick.current = onPick;
  });

  useEffect(() => {
    let gone = false;
    let observer: ResizeObserver | null = null;
    loadCharts().then(
      ({ draw }) => {
        if (gone || node.current === null) return;
        chart.current = draw(node.current, (point, x, y) => pick.current?.(point, x, y));
        observer = new ResizeObserver(() => chart.current?.resize());
        observer.observe(node.current);
        setReady(true);
      },
      () => setFailed(true),
    );
    return () => {
      gone = true;
      observer?.disconnect();
      chart.current?.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    if (!ready) return;
    chart.current?.resize();
    chart.current?.update(option, type, unit);
    performance.mark("chart-drawn");
    node.current?.setAttribute("data-drawn", type);
  }, [ready, option, type, unit, theme, height]);

  if (failed) return <p className="note">The part that draws charts could not be loaded. The table below holds the same numbers.</p>;
  // Such as "The top 20 of 3,812": what the picture leaves out.
  const note = first(option["title"])["subtext"];
  return (
    <>
      <div ref={node} className="chart" role="img" aria-label={descriptionOf(option)} data-ready={ready} style={{ height }} />
      {typeof note === "string" && note !== "" && <p className="chart-note">{note}</p>}
    </>
  );
}
