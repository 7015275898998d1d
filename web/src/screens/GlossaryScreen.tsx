// The semantic model as a book of words: what each measure and field means, how it is worked out, where it comes from.
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { call } from "../api/client";
import type { Values } from "../api/types";
import { plural } from "../lib/format";
import { type Model, type ModelField, type ModelMetric, fieldLabel, findMetric, useModel } from "../lib/model";
import { go, pathOf } from "../lib/router";
import { ask, newThreadId } from "../lib/threads";
import { Button, Empty, Fetched, SearchBox } from "../ui/parts";

interface Entry {
  key: string;
  label: string;
  kind: string;
  words: string;
  body: () => ReactNode;
}

const UNITS: Record<string, string> = { fraction: "a share, shown in percent", count: "a count", currency: "money", pp: "percentage points" };
const ADDING: Record<string, string> = {
  sum: "Parts add up to the whole.", distinct: "Parts may overlap: they do not add up.", ratio: "A ratio of sums: parts do not add up.", snapshot: "A level at a time: it does not add up over time.",
};

function askAbout(question: string): void {
  const thread = newThreadId();
  ask(thread, question, null);
  go(pathOf("t", thread));
}

function Words({ synonyms }: { synonyms: string[] }): ReactElement | null {
  if (synonyms.length === 0) return null;
  return <><dt>Also called</dt><dd>{synonyms.join(", ")}</dd></>;
}

function MetricEntry({ metric, model }: { metric: ModelMetric; model: Model }): ReactElement {
  const formula = metric.expression ? (metric.aggregate ? `${metric.aggregate}(${metric.expression})` : metric.expression) : metric.kind;
  const named = (name: string) => <a href={pathOf("glossary", name)}>{findMetric(model, name)?.label ?? name}</a>;
  const table = model.datasets.find((one) => one.name === metric.dataset);
  const conditions = (metric.conditions ?? []).map((name) => model.conditions.find((one) => one.name === name)?.label ?? name);
  return (
    <>
      {metric.description && metric.description.toLowerCase() !== metric.label.toLowerCase() && <p>{metric.description}.</p>}
      <dl>
        <dt>Formula</dt><dd>{metric.numerator ? <>{named(metric.numerator)} divided by {named(metric.denominator ?? "")}</> : <code>{formula}</code>}</dd>
        {conditions.length > 0 && <><dt>Only rows</dt><dd>{conditions.join(", ")}</dd></>}
        <dt>Unit</dt><dd>{metric.unit.startsWith("currency:") ? metric.unit.slice(9) : (UNITS[metric.unit] ?? (metric.unit || "a number"))}</dd>
        <dt>Adding up</dt><dd>{ADDING[metric.additivity] ?? metric.additivity}</dd>
        <Words synonyms={metric.synonyms} />
        {table && <><dt>Comes from</dt><dd><a href={pathOf("tables", table.name)}>{table.label}</a></dd></>}
      </dl>
      <Button icon="ask" onClick={() => askAbout(`${metric.label} by month`)}>Ask: {metric.label} by month</Button>
    </>
  );
}

function FieldEntry({ field, dataset, model }: { field: ModelField; dataset: Model["datasets"][number]; model: Model }): ReactElement {
  const name = `${dataset.name}.${field.name}`;
  const listed = field.role === "dimension" || field.role === "identifier";
  const values = useQuery({ queryKey: ["values", name, "", 8], queryFn: () => call<Values>(`/v1/values/${encodeURIComponent(name)}?limit=8`), enabled: listed, retry: false });
  const ladders = model.hierarchies.filter((one) => one.dataset === dataset.name && one.levels.includes(field.name));
  return (
    <dl>
      <dt>Type</dt><dd>{field.type}{field.role ? `, ${field.role}` : ""}</dd>
      {field.expression !== field.name && <><dt>Formula</dt><dd><code>{field.expression}</code></dd></>}
      {field.unit && <><dt>Unit</dt><dd>{UNITS[field.unit] ?? field.unit}</dd></>}
      <Words synonyms={field.synonyms} />
      {typeof field.distinct_count === "number" && <><dt>Different values</dt><dd>{field.distinct_count.toLocaleString("en")}{field.null_count ? `; empty in ${plural(field.null_count, "row")}` : ""}</dd></>}
      {field.minimum !== null && field.maximum !== null && !listed && <><dt>From, to</dt><dd>{field.minimum} – {field.maximum}</dd></>}
      {(values.data?.values.length ?? 0) > 0 && <><dt>Examples</dt><dd>{values.data!.values.map((one) => one.value).join(", ")}</dd></>}
      {ladders.length > 0 && <><dt>Levels</dt><dd>{ladders.map((one) => one.levels.map((level) => fieldLabel(model, `${one.dataset}.${level}`)).join(" › ")).join("; ")}</dd></>}
      {field.personal && <><dt>Personal data</dt><dd>{field.personal}</dd></>}
      <dt>Comes from</dt><dd><a href={pathOf("tables", dataset.name)}>{dataset.label}</a>, column <code>{field.name}</code></dd>
    </dl>
  );
}

function entriesOf(model: Model): Entry[] {
  const entries: Entry[] = model.metrics.map((metric) => ({
    key: metric.name, label: metric.label, kind: "Measures", words: [metric.label, metric.description, ...metric.synonyms].join(" ").toLowerCase(),
    body: () => <MetricEntry metric={metric} model={model} />,
  }));
  for (const dataset of model.datasets) {
    for (const field of dataset.fields) {
      entries.push({
        key: `${dataset.name}.${field.name}`, label: field.label, kind: model.datasets.length > 1 ? `Fields of ${dataset.label}` : "Fields",
        words: [field.label, ...field.synonyms].join(" ").toLowerCase(), body: () => <FieldEntry field={field} dataset={dataset} model={model} />,
      });
    }
  }
  for (const condition of model.conditions) {
    entries.push({
      key: `condition.${condition.name}`, label: condition.label, kind: "Conditions", words: [condition.label, ...condition.synonyms].join(" ").toLowerCase(),
      body: () => <dl><dt>Formula</dt><dd><code>{condition.expression}</code></dd><Words synonyms={condition.synonyms} /></dl>,
    });
  }
  return entries;
}

function Book({ model, wanted }: { model: Model; wanted: string | null }): ReactElement {
  const [search, setSearch] = useState("");
  const entries = useMemo(() => entriesOf(model), [model]);
  const words = search.trim().toLowerCase();
  const found = entries.filter((entry) => entry.words.includes(words));
  const shown = entries.find((entry) => entry.key === wanted);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [wanted]);
  const kinds = [...new Set(found.map((entry) => entry.kind))];
  return (
    <>
      <h1>Glossary</h1>
      <p className="lead">What each word means in your data. It is kept in the workspace’s model files, where it is corrected.</p>
      <div className={`book ${shown ? "reading" : ""}`}>
        <div className="book-list" ref={list}>
          <SearchBox label="Find a word" value={search} onChange={setSearch} />
          {kinds.map((kind) => (
            <section key={kind} aria-label={kind}>
              <h2>{kind}</h2>
              <ul>{found.filter((entry) => entry.kind === kind).map((entry) => <li key={entry.key}><a href={pathOf("glossary", entry.key)} aria-current={entry.key === wanted ? "true" : undefined}>{entry.label}</a></li>)}</ul>
            </section>
          ))}
          {found.length === 0 && <Empty title="No entry holds this word." />}
        </div>
        <div className="book-page" aria-live="polite">
          {shown ? (
            <>
              <p className="back"><a href={pathOf("glossary")}>All words</a></p>
              <h2>{shown.label}</h2>
              {shown.body()}
            </>
          ) : wanted !== null ? (
            <Empty title={`The glossary has no entry “${wanted}”.`} />
          ) : (
            <Empty title="Choose a word."><p>{plural(model.metrics.length, "measure")}, {plural(model.datasets.reduce((sum, one) => sum + one.fields.length, 0), "field")}, {plural(model.conditions.length, "condition")}.</p></Empty>
          )}
        </div>
      </div>
    </>
  );
}

export function GlossaryScreen({ wanted }: { wanted: string | null }): ReactElement {
  const model = useModel();
  return <Fetched query={model} what="the model">{(data) => <Book model={data} wanted={wanted} />}</Fetched>;
}
