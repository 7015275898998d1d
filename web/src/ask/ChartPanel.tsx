// The picture of an answer. The same data stands in the table below, where the keyboard reaches it.
import { type ReactElement, useEffect, useMemo, useRef, useState } from "react";
import { useShownTheme } from "../lib/theme";
import type { DrawnChart, Point } from "./chart";
import { type ChartType, type LooseOption, barsOf, first, heightOf, shortened } from "./chart-types";

interface Props {
  option: LooseOption;
  type: ChartType;
  unit: string;
  /** Its first series is what was before: drawn quieter. */
  hasBefore?: boolean;
  /** Of lying bars, how many are drawn before one asks for all. */
  bars?: number;
  onPick?: ((point: Point, x: number, y: number) => void) | undefined;
}

type Charts = typeof import("./chart");
const BARS = 15;

let loading: Promise<Charts> | null = null;
let loaded: Charts | null = null;
export function loadCharts(): Promise<Charts> {
  loading ??= import("./chart").then(
    (charts) => (loaded = charts),
    (error: unknown) => {
      loading = null; // the next chart tries again
      throw error;
    },
  );
  return loading;
}

/** Runs `work` when the page has nothing else to do. */
function whenIdle(work: () => void): () => void {
  if (typeof requestIdleCallback !== "function") {
    const timer = setTimeout(work, 2000);
    return () => clearTimeout(timer);
  }
  const idle = requestIdleCallback(work, { timeout: 5000 });
  return () => cancelIdleCallback(idle);
}

/** Fetches the part that draws charts while nothing else is wanted, and draws one that nobody sees: the first real one need not wait. */
export function prefetchCharts(): () => void {
  const saving = (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true;
  if (saving || loaded !== null) return () => undefined;
  const load = () => loadCharts().then((charts) => whenIdle(charts.warmUp), () => undefined); // the first chart tries again
  return whenIdle(() => void load());
}

function descriptionOf(option: LooseOption): string {
  const label = first(first(option["aria"])["label"]);
  return typeof label["description"] === "string" ? label["description"] : "Chart; its numbers stand in the table";
}

export function ChartPanel({ option, type, unit, hasBefore = false, bars = BARS, onPick }: Props): ReactElement {
  const node = useRef<HTMLDivElement>(null);
  const chart = useRef<DrawnChart | null>(null);
  const pick = useRef(onPick);
  const [charts, setCharts] = useState(loaded);
  const [failed, setFailed] = useState(false);
  const [whole, setWhole] = useState(false);
  const theme = useShownTheme();
  const count = barsOf(option, type);
  const cut = !whole && count > bars + 3; // a few more are drawn rather than hidden
  const shown = useMemo(() => (cut ? shortened(option, type, bars) : option), [option, type, cut, bars]);
  const height = heightOf(shown, type);
  useEffect(() => {
    pick.current = onPick;
  });

  useEffect(() => {
    if (charts !== null) return;
    let gone = false;
    loadCharts().then((found) => !gone && setCharts(found), () => !gone && setFailed(true));
    return () => {
      gone = true;
    };
  }, [charts]);

  useEffect(() => {
    if (charts === null || node.current === null) return;
    const drawn = charts.draw(node.current, (point, x, y) => pick.current?.(point, x, y));
    chart.current = drawn;
    const observer = new ResizeObserver(() => drawn.resize());
    observer.observe(node.current);
    return () => {
      observer.disconnect();
      drawn.dispose();
      chart.current = null;
    };
  }, [charts]);

  useEffect(() => {
    if (charts === null) return;
    chart.current?.update(shown, type, unit, hasBefore);
    performance.mark("chart-drawn");
    node.current?.setAttribute("data-drawn", type);
  }, [charts, shown, type, unit, hasBefore, theme, height]);

  if (failed) return <p className="note">The part that draws charts could not be loaded. The table below holds the same numbers.</p>;
  // Such as "The top 20 of 3,812": what the picture leaves out.
  const note = first(option["title"])["subtext"];
  return (
    <>
      <div ref={node} className="chart" role="img" aria-label={descriptionOf(option)} data-ready={charts !== null} style={{ height }} />
      {count > bars + 3 && (
        <p className="chart-note">
          {cut ? `The first ${bars} of ${count} are drawn. ` : ""}
          <button type="button" className="link" onClick={() => setWhole(!whole)}>{whole ? `Draw only the first ${bars}` : `Draw all ${count}`}</button>
        </p>
      )}
      {typeof note === "string" && note !== "" && <p className="chart-note">{note}</p>}
    </>
  );
}
