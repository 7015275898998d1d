// The small panels by which one part of an understood question is changed.
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactElement, useState } from "react";
import { call } from "../api/client";
import type { SemanticQueryTime, SemanticQueryUnit, Values } from "../api/types";
import { plural } from "../lib/format";
import { type Model, fieldLabel, groupingFields } from "../lib/model";
import { type Query, lastDayBefore, setDimension, setFilter, setLimit, setMetric, setTime, timeLabel } from "../lib/query";
import { Button, Fetched, SearchBox, useSettled } from "../ui/parts";

export interface EditorProps {
  query: Query;
  model: Model;
  run: (query: Query) => void;
}

interface Choice {
  key: string;
  label: string;
  hint?: string | undefined;
}

/** A list to pick one of, narrowed by typing. */
export function ChoiceList({ label, choices, current, pick }: { label: string; choices: Choice[]; current?: string | undefined; pick: (key: string) => void }): ReactElement {
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const shown = choices.filter((choice) => choice.label.toLowerCase().includes(wanted) || choice.hint?.toLowerCase().includes(wanted));
  return (
    <div className="choices">
      {choices.length > 8 && <SearchBox label={label} value={search} onChange={setSearch} />}
      <ul aria-label={label}>
        {shown.map((choice) => (
          <li key={choice.key}>
            <button type="button" className="choice" aria-pressed={choice.key === current} onClick={() => pick(choice.key)}>
              {choice.label}
              {choice.hint && <small>{choice.hint}</small>}
            </button>
          </li>
        ))}
        {shown.length === 0 && <li className="waiting">Nothing is called so.</li>}
      </ul>
    </div>
  );
}

export function MetricEditor({ query, model, run, index, current }: EditorProps & { index: number; current?: string | undefined }): ReactElement {
  const choices = model.metrics.map((metric) => ({ key: metric.name, label: metric.label }));
  return <ChoiceList label="Find a measure" choices={choices} current={current} pick={(name) => run(setMetric(query, index, name))} />;
}

const UNITS: SemanticQueryUnit[] = ["day", "week", "month", "quarter", "year"];

export function DimensionEditor({ query, model, run, index, current }: EditorProps & { index: number; current?: string | undefined }): ReactElement {
  const choices = [
    ...UNITS.map((unit) => ({ key: `time:${unit}`, label: unit, hint: "time" })),
    ...groupingFields(model).map((choice) => ({ key: choice.name, label: choice.label, hint: choice.dataset })),
  ];
  const pick = (key: string) => run(setDimension(query, index, key.startsWith("time:") ? { time: key.slice(5) as SemanticQueryUnit } : { field: key }));
  return <ChoiceList label="Find a field" choices={choices} current={current} pick={pick} />;
}

const PERIODS: Array<SemanticQueryTime | undefined> = [
  undefined,
  { unit: "month", offset: -1, count: 1 },
  { unit: "month", offset: -3, count: 3 },
  { unit: "month", offset: -12, count: 12 },
  { unit: "quarter", offset: -1, count: 1 },
  { unit: "year", offset: -1, count: 1 },
  { to_date: "year" },
  { unit: "day", rolling: 30 },
];

function dayAfter(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + 1);
  return date.toISOString().slice(0, 10);
}

export function TimeEditor({ query, run, resolved }: EditorProps & { resolved: Query | null | undefined }): ReactElement {
  const range = resolved?.time as { from?: string; to?: string } | undefined;
  const [from, setFrom] = useState(range?.from ?? "");
  const [last, setLast] = useState(range?.to ? lastDayBefore(range.to) : "");
  const choices = PERIODS.map((period) => ({ key: JSON.stringify(period ?? null), label: timeLabel(period) }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (from === "" && last === "") return;
    run(setTime(query, { ...(from !== "" ? { from } : {}), ...(last !== "" ? { to: dayAfter(last) } : {}) }));
  };
  return (
    <div>
      <ChoiceList label="Period" choices={choices} current={JSON.stringify(query.time ?? null)} pick={(key) => run(setTime(query, (JSON.parse(key) as SemanticQueryTime | null) ?? undefined))} />
      <form className="range" onSubmit={submit}>
        <label>First day <input type="date" value={from} onChange={(event) => setFrom(event.target.value)} /></label>
        <label>Last day <input type="date" value={last} min={from} onChange={(event) => setLast(event.target.value)} /></label>
        <Button type="submit">Use these days</Button>
      </form>
    </div>
  );
}

/** Values of a field, with how many rows each has. */
export function ValuesEditor({ field, model, chosen, apply }: { field: string; model: Model; chosen: string[]; apply: (values: string[], negated: boolean) => void }): ReactElement {
  const [search, setSearch] = useState("");
  const [picked, setPicked] = useState(chosen);
  const settled = useSettled(search.trim(), 150);
  const values = useQuery({
    queryKey: ["values", field, settled],
    queryFn: () => call<Values>(`/v1/values/${encodeURIComponent(field)}?limit=50${settled ? `&q=${encodeURIComponent(settled)}` : ""}`),
    placeholderData: (previous) => previous,
  });
  const toggle = (value: string) => setPicked((now) => (now.includes(value) ? now.filter((one) => one !== value) : [...now, value]));
  const label = fieldLabel(model, field);
  return (
    <div className="choices">
      <SearchBox label={`Find a ${label}`} value={search} onChange={setSearch} />
      <Fetched query={values} what="values">
        {(data) => (
          <ul aria-label={label}>
            {[...picked.filter((one) => !data.values.some((value) => value.value === one)).map((value) => ({ value, rows: -1 })), ...data.values].map((one) => (
              <li key={one.value}>
                <label className="choice">
                  <input type="checkbox" checked={picked.includes(one.value)} onChange={() => toggle(one.value)} />
                  <span>{one.value}</span>
                  {one.rows >= 0 && <small title={plural(one.rows, "row")}>{one.rows.toLocaleString("en")}</small>}
                </label>
              </li>
            ))}
            {data.values.length === 0 && <li className="waiting">No value holds this text.</li>}
          </ul>
        )}
      </Fetched>
      <div className="row">
        <Button look="main" disabled={picked.length === 0} onClick={() => apply(picked, false)}>Only these</Button>
        <Button disabled={picked.length === 0} onClick={() => apply(picked, true)}>All but these</Button>
      </div>
    </div>
  );
}

export function FilterEditor({ query, model, run, index, field }: EditorProps & { index: number; field: string }): ReactElement {
  const now = query.filters?.[index];
  const chosen = now && "values" in now && Array.isArray(now.values) ? now.values.map(String) : [];
  return <ValuesEditor field={field} model={model} chosen={chosen} apply={(values, negated) => run(setFilter(query, index, negated ? { field, op: "!=", values } : { field, values }))} />;
}

/** A new filter: first the field, then its values; or a condition that the model names. */
export function NewFilter({ query, model, run }: EditorProps): ReactElement {
  const [field, setField] = useState<string | null>(null);
  if (field !== null) return <FilterEditor query={query} model={model} run={run} index={query.filters?.length ?? 0} field={field} />;
  const choices = [
    ...groupingFields(model).map((choice) => ({ key: choice.name, label: choice.label, hint: choice.dataset })),
    ...model.conditions.map((condition) => ({ key: `condition:${condition.name}`, label: condition.label, hint: "condition" })),
  ];
  const pick = (key: string) => (key.startsWith("condition:") ? run(setFilter(query, query.filters?.length ?? 0, { condition: key.slice(10) })) : setField(key));
  return <ChoiceList label="Find a field" choices={choices} pick={pick} />;
}

export function LimitEditor({ query, run }: EditorProps): ReactElement {
  const [limit, setValue] = useState(String(query.limit ?? 10));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const number = Number(limit);
    if (Number.isInteger(number) && number >= 1 && number <= 1_000_000) run(setLimit(query, number));
  };
  return (
    <form className="range" onSubmit={submit}>
      <label>Rows <input type="number" min={1} max={1_000_000} value={limit} onChange={(event) => setValue(event.target.value)} /></label>
      <Button type="submit" look="main">Show so many</Button>
    </form>
  );
}
