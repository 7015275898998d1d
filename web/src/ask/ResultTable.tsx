// The result as a table: sorted by a click, only the rows in view are in the page, totals where adding up is right.
import { type ColumnDef, type SortingState, createColumnHelper, flexRender, getCoreRowModel, useReactTable } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactElement, useMemo, useRef, useState } from "react";
import type { Answer } from "../api/types";
import { type Cell, type Column, formatCell, formatNumber, headerOf, isNumeric } from "../lib/format";
import { OTHERS } from "../lib/drill";
import { type Model, findMetric } from "../lib/model";
import { dimensionField, metricName } from "../lib/query";
import { usePrinting } from "../lib/theme";
import { Icon } from "../ui/icons";

interface Props {
  answer: Answer;
  model: Model;
  label: string;
  /** What a click on a row's name does; undefined: nothing. */
  onPick?: ((row: Cell[], anchor: HTMLElement) => void) | undefined;
}

const ROW_HEIGHT = 31;
const FRAME_HEIGHT = 560;
/** Longer tables scroll in a frame of their own; far longer ones hold only the rows in view. */
const WHOLE_ROWS = 25;
const VIRTUAL_FROM = 60;
const helper = createColumnHelper<Cell[]>();
const collator = new Intl.Collator("en", { numeric: true });

interface Row {
  cells: Cell[];
  /** Its place in the answer. */
  index: number;
}

/** Empty cells come last, whichever way it is sorted. */
function sortedRows(rows: Cell[][], sorting: SortingState): Row[] {
  const list = rows.map((cells, index) => ({ cells, index }));
  const by = sorting[0];
  if (by === undefined) return list;
  const column = Number(by.id);
  const sign = by.desc ? -1 : 1;
  return list.sort((a, b) => {
    const one = a.cells[column] ?? null;
    const other = b.cells[column] ?? null;
    if (one === null || other === null) return (one === null ? 1 : 0) - (other === null ? 1 : 0);
    return sign * (typeof one === "number" && typeof other === "number" ? one - other : collator.compare(String(one), String(other)));
  });
}

/** Names without an order of their own are shown as the chart shows them: the largest first. */
function firstSorting(answer: Answer, columns: Column[]): SortingState {
  const query = answer.query;
  const measure = columns.findIndex((column) => column.role === "measure");
  const plain = query?.dimensions?.length === 1 && dimensionField(query.dimensions[0]) !== undefined && columns[0]?.type === "text";
  if (!query || !plain || measure < 0 || query.order?.length || query.limit !== undefined || query.analysis || query.window || query.detail) return [];
  return [{ id: String(measure), desc: true }];
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

const NO_ROWS: Cell[][] = [];

export function ResultTable({ answer, model, label, onPick }: Props): ReactElement {
  const columns = answer.columns as Column[];
  const rows = answer.rows as Cell[][];
  const [sorting, setSorting] = useState<SortingState>(() => firstSorting(answer, columns));
  const scroller = useRef<HTMLDivElement>(null);

  const definitions = useMemo(
    () =>
      columns.map((column, index): ColumnDef<Cell[], Cell> =>
        helper.accessor((row) => row[index] ?? null, {
          id: String(index),
          header: headerOf(column),
          sortDescFirst: isNumeric(column),
        }) as ColumnDef<Cell[], Cell>,
      ),
    [columns],
  );
  // The table keeps the columns and how they are sorted. A row object of its own for each of a thousand rows would cost more than all the rest.
  const table = useReactTable({ data: NO_ROWS, columns: definitions, state: { sorting }, onSortingChange: setSorting, getCoreRowModel: getCoreRowModel(), manualSorting: true });
  const sorted = useMemo(() => sortedRows(rows, sorting), [rows, sorting]);
  const printing = usePrinting();
  const virtual = sorted.length > VIRTUAL_FROM && !printing;
  const virtualizer = useVirtualizer({
    count: sorted.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_HEIGHT, overscan: 6, enabled: virtual,
    initialRect: { width: 0, height: FRAME_HEIGHT }, // so that the first drawing need not be measured and done again
  });
  const items = virtual ? virtualizer.getVirtualItems() : null;
  const top = items?.[0]?.index ?? 0;
  const shown = items ? items.map((item) => sorted[item.index]!) : sorted;
  const before = items?.[0]?.start ?? 0;
  const after = items ? virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0) : 0;
  const totals = rows.length > 1 ? columns.map((column, index) => totalOf(answer, column, index, model)) : [];
  const hasTotals = totals.some((total) => total !== null);
  const partial = answer.query?.limit !== undefined;
  // Causes of a change stand as dimension and member.
  const isDrivers = answer.query?.analysis === "drivers";
  const named = isDrivers ? 1 : 0;

  return (
    <div ref={scroller} className={`table-frame ${sorted.length > WHOLE_ROWS ? "long" : ""} ${virtual ? "tall" : ""}`} role="region" aria-label={label} tabIndex={0}>
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
          {shown.map((row, place) => (
            <tr key={row.index} aria-rowindex={top + place + 2}>
              {columns.map((column, index) => {
                const text = formatCell(row.cells[index], column);
                const picks = index === named && onPick !== undefined && column.role === "dimension" && !(isDrivers && text === OTHERS);
                return (
                  <td key={index} className={isNumeric(column) ? "number" : ""}>
                    {picks ? <button type="button" className="pick" aria-haspopup="menu" onClick={(event) => onPick(row.cells, event.currentTarget)}>{text}</button> : text}
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
