// The result as a table: sorted by a click, only the rows in view are in the page, totals where adding up is right.
import { type ColumnDef, type SortingState, createColumnHelper, flexRender, getCoreRowModel, getSortedRowModel, useReactTable } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactElement, useMemo, useRef, useState } from "react";
import type { Answer } from "../api/types";
import { type Cell, type Column, formatCell, formatNumber, headerOf, isNumeric } from "../lib/format";
import { type Model, findMetric } from "../lib/model";
import { metricName } from "../lib/query";
import { Icon } from "../ui/icons";

interface Props {
  answer: Answer;
  model: Model;
  label: string;
  /** What a click on a row's name does; undefined: nothing. */
  onPick?: ((row: Cell[], anchor: HTMLElement) => void) | undefined;
}

const ROW_HEIGHT = 30;
const VIRTUAL_FROM = 60;
const helper = createColumnHelper<Cell[]>();

function compareCells(a: Cell | undefined, b: Cell | undefined): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a ?? "").localeCompare(String(b ?? ""), "en", { numeric: true });
}

/** Sums only where the model says that parts add up, and only when every row is there. */
export function totalOf(answer: Answer, column: Column, index: number, model: Model): number | null {
  if (column.role !== "measure" || answer.truncated || column.unit === "fraction" || column.unit === "pp") return null;
  if (!["value", "previous", "change"].includes(column.kind ?? "value")) return null;
  const query = answer.query;
  if (!query || query.analysis || query.window || query.detail) return null;
  const metric = findMetric(model, metricName(query.metrics?.[column.measure ?? 0]));
  if (metric?.additivity !== "sum") return null;
  let sum = 0;
  for (const row of answer.rows ?? []) {
    const value = row[index];
    if (typeof value === "number") sum += value;
  }
  return Math.round(sum * 1e4) / 1e4; // money has four places; doubles would show more
}

export function ResultTable({ answer, model, label, onPick }: Props): ReactElement {
  const columns = (answer.columns ?? []) as Column[];
  const rows = (answer.rows ?? []) as Cell[][];
  const [sorting, setSorting] = useState<SortingState>([]);
  const scroller = useRef<HTMLDivElement>(null);

  const definitions = useMemo(
    () =>
      columns.map((column, index): ColumnDef<Cell[], Cell> =>
        helper.accessor((row) => row[index] ?? null, {
          id: String(index),
          header: headerOf(column),
          sortDescFirst: isNumeric(column),
          sortUndefined: "last",
          sortingFn: (a, b) => compareCells(a.original[index], b.original[index]),
        }) as ColumnDef<Cell[], Cell>,
      ),
    [columns],
  );
  const table = useReactTable({ data: rows, columns: definitions, state: { sorting }, onSortingChange: setSorting, getCoreRowModel: getCoreRowModel(), getSortedRowModel: getSortedRowModel() });
  const sorted = table.getRowModel().rows;
  const virtual = sorted.length > VIRTUAL_FROM;
  const virtualizer = useVirtualizer({ count: sorted.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_HEIGHT, overscan: 12, enabled: virtual });
  const items = virtual ? virtualizer.getVirtualItems() : null;
  const shown = items ? items.map((item) => sorted[item.index]!) : sorted;
  const before = items?.[0]?.start ?? 0;
  const after = items ? virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0) : 0;
  const totals = rows.length > 1 ? columns.map((column, index) => totalOf(answer, column, index, model)) : [];
  const hasTotals = totals.some((total) => total !== null);
  const partial = answer.query?.limit !== undefined;

  return (
    <div ref={scroller} className={`table-frame ${virtual ? "tall" : ""}`} role="region" aria-label={label} tabIndex={0}>
      <table className="result" aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {table.getHeaderGroups()[0]?.headers.map((header, index) => {
              const direction = header.column.getIsSorted();
              return (
                <th key={header.id} scope="col" className={isNumeric(columns[index]!) ? "number" : ""} aria-sort={direction === "asc" ? "ascending" : direction === "desc" ? "descending" : "none"}>
                  <button type="button" className={`sort ${direction || ""}`} onClick={header.column.getToggleSortingHandler()}>
                    {flexRender(header.column.columnDef.header, header.getContext())}
                    <Icon name={direction ? "chevron" : "sort"} />
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <tr aria-hidden="true" style={{ height: before }}><td colSpan={columns.length} /></tr>}
          {shown.map((row) => (
            <tr key={row.id} aria-rowindex={row.index + 2}>
              {columns.map((column, index) => {
                const text = formatCell(row.original[index], column);
                const picks = index === 0 && onPick !== undefined && column.role === "dimension";
                return (
                  <td key={index} className={isNumeric(column) ? "number" : ""}>
                    {picks ? <button type="button" className="pick" aria-haspopup="menu" onClick={(event) => onPick(row.original, event.currentTarget)}>{text}</button> : text}
                  </td>
                );
              })}
            </tr>
          ))}
          {after > 0 && <tr aria-hidden="true" style={{ height: after }}><td colSpan={columns.length} /></tr>}
        </tbody>
        {hasTotals && (
          <tfoot>
            <tr>
              {columns.map((column, index) => {
                const total = totals[index];
                if (index === 0) return <th key={index} scope="row">{partial ? "Total of these rows" : "Total"}</th>;
                return <td key={index} className="number">{typeof total === "number" ? formatNumber(total, column.unit) : ""}</td>;
              })}
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}
