// An answer that holds a result: the number, the sentences, the picture, the table, and how it came to be.
import * as Tabs from "@radix-ui/react-tabs";
import { type ReactElement, useCallback, useMemo, useRef, useState } from "react";
import type { Answer } from "../api/types";
import { type Drill, drillOf } from "../lib/drill";
import { type Cell, type Column, formatCell, formatPeriod, headerOf, longMonth, plainCell, plural } from "../lib/format";
import type { Model } from "../lib/model";
import type { Query } from "../lib/query";
import { Button, copyText } from "../ui/parts";
import { ChartPanel } from "./ChartPanel";
import type { Point } from "./chart";
import type { ChartType, LooseOption } from "./chart-types";
import { DrillMenu } from "./DrillMenu";
import { Explain } from "./Explain";
import { ResultTable } from "./ResultTable";
import { Sentences } from "./Sentences";

interface Props {
  answer: Answer;
  model: Model;
  number: number;
  run: (query: Query) => void;
  chartType: ChartType;
}

function cells(answer: Partial<Answer>): { columns: Column[]; rows: Cell[][] } {
  return { columns: (answer.columns ?? []) as Column[], rows: (answer.rows ?? []) as Cell[][] };
}

/** One number is said large; with a comparison, what it was before and by how much it moved. */
function Headline({ answer }: { answer: Answer }): ReactElement | null {
  const { columns, rows } = cells(answer);
  const row = rows[0];
  if (rows.length !== 1 || row === undefined) return null;
  const measures = columns.map((column, index) => ({ column, value: row[index] })).filter((one) => one.column.role === "measure");
  const main = measures[0];
  if (main === undefined || measures.length > 4) return null;
  const name = columns.map((column, index) => (column.role === "dimension" ? formatCell(row[index], column) : null)).filter((text) => text !== null);
  return (
    <div className="headline">
      <p className="headline-label">{[...name, main.column.label].join(" · ")}</p>
      <p className="headline-number">
        <span>{formatCell(main.value, main.column)}</span>
        <Button look="quiet" icon="copy" label="Copy the number" onClick={() => void copyText(plainCell(main.value), "The number is")} />
      </p>
      {measures.length > 1 && (
        <dl className="headline-more">
          {measures.slice(1).map(({ column, value }) => (
            <div key={column.name}><dt>{headerOf(column)}</dt><dd>{formatCell(value, column)}</dd></div>
          ))}
        </dl>
      )}
    </div>
  );
}

/** Every way in which a chart may write a row's name. */
function namesOf(row: Cell[], columns: Column[]): string[] {
  const dimensions = columns.map((column, index) => ({ column, value: row[index] })).filter((one) => one.column.role === "dimension");
  const raw = dimensions.map(({ value }) => (value === null || value === undefined ? "(none)" : String(value)));
  const long = raw.map(longMonth);
  const short = raw.map(formatPeriod);
  return [raw, long, short].flatMap((parts) => [parts.join(" · "), parts.join(", ")]);
}

/** The row behind a point of the chart; undefined where its name is not one row's. */
function rowOfPoint(answer: Answer, point: Point): Cell[] | undefined {
  const { columns, rows } = cells(answer);
  const matches = rows.filter((row) => namesOf(row, columns).includes(point.label));
  if (matches.length === 1) return matches[0];
  // Two dimensions: the category and the series together name the row.
  const dimensions = columns.filter((column) => column.role === "dimension").length;
  if (dimensions !== 2) return undefined;
  const part = (row: Cell[], index: number, name: string) => namesOf([row[index] ?? null], [columns[index]!]).includes(name);
  const both = rows.filter((row) => (part(row, 0, point.label) && part(row, 1, point.series)) || (part(row, 1, point.label) && part(row, 0, point.series)));
  return both.length === 1 ? both[0] : undefined;
}

export function AnswerBody({ answer, model, number, run, chartType }: Props): ReactElement {
  const { columns, rows } = cells(answer);
  const [drill, setDrill] = useState<{ drill: Drill; x: number; y: number } | null>(null);
  const back = useRef<HTMLElement | null>(null);
  const main = columns.find((column) => column.role === "measure");
  const canDrill = useMemo(() => rows[0] !== undefined && drillOf(answer.query, columns, rows[0], model) !== null, [answer, model]);

  const pickRow = useCallback((row: Cell[], anchor: HTMLElement) => {
    const found = drillOf(answer.query, columns, row, model);
    const box = anchor.getBoundingClientRect();
    back.current = anchor;
    if (found) setDrill({ drill: found, x: box.left, y: box.bottom });
  }, [answer, model]);
  const pickPoint = useCallback((point: Point, x: number, y: number) => {
    const row = rowOfPoint(answer, point);
    const found = row === undefined ? null : drillOf(answer.query, columns, row, model);
    back.current = null;
    if (found) setDrill({ drill: found, x, y });
  }, [answer, model]);

  const single = rows.length === 1 && columns.length === 1;
  const hidden = answer.truncated === true && (answer.row_count ?? 0) > rows.length;
  return (
    <>
      <Headline answer={answer} />
      <Sentences answer={answer} />
      {answer.chart && rows.length > 0 && (
        <ChartPanel option={answer.chart as LooseOption} type={chartType} unit={main?.unit ?? ""} hasBefore={["previous", "year_earlier", "periods"].includes(answer.query?.compare?.kind ?? "")} onPick={canDrill ? pickPoint : undefined} />
      )}
      {rows.length === 0 && <p className="note">There are no rows for this question.</p>}
      <Tabs.Root className="tabs" defaultValue={single ? "none" : "table"} activationMode="manual">
        <Tabs.List aria-label="The result in detail">
          {!single && <Tabs.Trigger value="table">Table <small>{plural(answer.row_count ?? rows.length, "row")}</small></Tabs.Trigger>}
          <Tabs.Trigger value="sql">SQL</Tabs.Trigger>
          <Tabs.Trigger value="explain">How it came to be</Tabs.Trigger>
        </Tabs.List>
        <Tabs.Content value="table" tabIndex={-1}>
          {rows.length > 0 && <ResultTable answer={answer} model={model} label={`Result of question ${number}`} onPick={canDrill ? pickRow : undefined} />}
          {hidden && <p className="waiting">Only the first {plural(rows.length, "row")} are here; an export holds more.</p>}
        </Tabs.Content>
        <Tabs.Content value="sql" tabIndex={-1}>
          <div className="code-frame">
            <pre tabIndex={0} aria-label="SQL">{answer.sql}</pre>
            <Button icon="copy" onClick={() => void copyText(answer.sql ?? "", "The SQL is")}>Copy</Button>
          </div>
        </Tabs.Content>
        <Tabs.Content value="explain" tabIndex={-1}><Explain answer={answer} /></Tabs.Content>
      </Tabs.Root>
      {drill && (
        <DrillMenu drill={drill.drill} x={drill.x} y={drill.y} run={run}
          onClose={() => {
            setDrill(null);
            back.current?.focus({ preventScroll: true }); // the next question is in view already
          }} />
      )}
    </>
  );
}
