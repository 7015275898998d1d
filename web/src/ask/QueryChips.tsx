// What was understood, as chips: each can be changed or taken away, and the question is asked anew.
import type { ReactElement, ReactNode } from "react";
import type { SemanticQueryFilter } from "../api/types";
import type { Model } from "../lib/model";
import { type Query, compareLabel, dataLabel, dimensionField, dimensionLabel, dimensionUnit, filterLabel, metricLabel, metricName, setCompare, setDimension, setFilter, setMetric, timeLabel, without } from "../lib/query";
import { Icon } from "../ui/icons";
import { ActionMenu, Panel } from "../ui/parts";
import { DimensionEditor, FilterEditor, LimitEditor, MetricEditor, NewFilter, TimeEditor } from "./editors";

interface Props {
  query: Query;
  resolved: Query | null | undefined;
  model: Model;
  run: (query: Query) => void;
}

interface ChipProps {
  kind: string;
  text: string;
  remove?: (() => void) | undefined;
  /** The panel behind the chip; without one it only says what it is. */
  editor?: ((close: () => void) => ReactNode) | undefined;
}

function Chip({ kind, text, remove, editor }: ChipProps): ReactElement {
  const words = <><span className="chip-kind">{kind}</span> {text}</>;
  return (
    <span className={`chip ${kind}`}>
      {editor ? (
        <Panel label={`Change ${kind}: ${text}`} trigger={<button type="button" className="chip-text">{words}<Icon name="chevron" /></button>}>{editor}</Panel>
      ) : (
        <span className="chip-text">{words}</span>
      )}
      {remove && <button type="button" className="chip-remove" aria-label={`Remove ${kind}: ${text}`} onClick={remove}><Icon name="close" /></button>}
    </span>
  );
}

/** The field of a filter whose values can be picked from a list. */
function pickableField(filter: SemanticQueryFilter): string | undefined {
  if (!("field" in filter) || filter.field === undefined || "cyclic" in filter || filter.negated) return undefined;
  return filter.op === undefined || filter.op === "=" || filter.op === "!=" ? filter.field : undefined;
}

function Rest({ query, run }: { query: Query; run: (query: Query) => void }): ReactElement {
  return (
    <>
      {query.having && <Chip kind="only where" text="a test on the result holds" remove={() => run(without(query, "having"))} />}
      {query.window && <Chip kind="shown" text={query.window.kind.replace("_", " ")} remove={() => run(without(query, "window"))} />}
      {query.share_of && <Chip kind="shown" text="as a share" remove={() => run(without(query, "share_of"))} />}
      {query.cohort && <Chip kind="only" text={`${query.cohort.kind} ${query.cohort.entity}s`} remove={() => run(without(query, "cohort"))} />}
      {query.analysis && <Chip kind="looked at" text={query.analysis === "drivers" ? "what moved it" : "an overview"} remove={() => run(without(query, "analysis"))} />}
    </>
  );
}

export function QueryChips({ query, resolved, model, run }: Props): ReactElement {
  const edit = (close: () => void) => (next: Query) => {
    close();
    run(next);
  };
  const metrics = query.metrics ?? [];
  const dimensions = query.dimensions ?? [];
  const comparison = compareLabel(query);
  const data = dataLabel(query.data);
  const hasTime = query.time !== undefined;
  return (
    <div className="chips" role="group" aria-label="What was understood; change any part">
      {metrics.map((metric, index) => (
        <Chip key={`m${index}`} kind="measure" text={metricLabel(model, metric)}
          remove={metrics.length > 1 ? () => run(setMetric(query, index, null)) : undefined}
          editor={(close) => <MetricEditor query={query} model={model} run={edit(close)} index={index} current={metricName(metric)} />} />
      ))}
      {query.detail && <Chip kind="rows" text="listed one by one" />}
      {dimensions.map((dimension, index) => (
        <Chip key={`d${index}`} kind="by" text={dimensionLabel(model, dimension)} remove={() => run(setDimension(query, index, null))}
          editor={(close) => <DimensionEditor query={query} model={model} run={edit(close)} index={index} current={dimensionField(dimension) ?? `time:${dimensionUnit(dimension) ?? ""}`} />} />
      ))}
      {(query.filters ?? []).map((filter, index) => {
        const field = pickableField(filter);
        return (
          <Chip key={`f${index}`} kind="only" text={filterLabel(model, filter)} remove={() => run(setFilter(query, index, null))}
            editor={field === undefined ? undefined : (close) => <FilterEditor query={query} model={model} run={edit(close)} index={index} field={field} />} />
        );
      })}
      <Chip kind="when" text={timeLabel(query.time)} remove={hasTime ? () => run(without(without(query, "compare"), "time")) : undefined}
        editor={(close) => <TimeEditor query={query} model={model} run={edit(close)} resolved={resolved} />} />
      {data !== null && <Chip kind="data" text={data} remove={query.compare?.kind === "snapshots" ? undefined : () => run(without(query, "data"))} />}
      {comparison !== null && <Chip kind="compared" text={comparison} remove={() => run(setCompare(query, null))} />}
      {query.limit !== undefined && (
        <Chip kind="rows" text={`first ${query.limit}`} remove={() => run(without(query, "limit"))}
          editor={(close) => <LimitEditor query={query} model={model} run={edit(close)} />} />
      )}
      <Rest query={query} run={run} />
      <AddChip query={query} model={model} run={run} hasTime={hasTime} />
    </div>
  );
}

function AddChip({ query, model, run, hasTime }: { query: Query; model: Model; run: (query: Query) => void; hasTime: boolean }): ReactElement {
  const edit = (close: () => void) => (next: Query) => {
    close();
    run(next);
  };
  const dimensions = query.dimensions?.length ?? 0;
  return (
    <span className="chip-adders">
      <Panel label="Add a filter" trigger={<button type="button" className="chip-add"><Icon name="plus" />filter</button>}>
        {(close) => <NewFilter query={query} model={model} run={edit(close)} />}
      </Panel>
      {!query.detail && (
        <Panel label="Split by a field" trigger={<button type="button" className="chip-add"><Icon name="plus" />by</button>}>
          {(close) => <DimensionEditor query={query} model={model} run={edit(close)} index={dimensions} />}
        </Panel>
      )}
      {!query.compare && (
        <ActionMenu label="Compare to" trigger={<button type="button" className="chip-add" ><Icon name="plus" />compare to</button>}
          items={hasTime
            ? [{ label: "the period before", run: () => run(setCompare(query, "previous")) }, { label: "a year earlier", run: () => run(setCompare(query, "year_earlier")) }]
            : [{ label: "Choose a period first", disabled: true, run: () => undefined }, { label: "last month, against the month before", run: () => run(setCompare({ ...query, time: { unit: "month", offset: -1, count: 1 } }, "previous")) },
              { label: "last year, against the year before", run: () => run(setCompare({ ...query, time: { unit: "year", offset: -1, count: 1 } }, "previous")) }]} />
      )}
    </span>
  );
}
