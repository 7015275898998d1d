// The question as it was typed, each understood word underlined with what it became; a click changes it.
import type { ReactElement } from "react";
import type { Answer } from "../api/types";
import { spokenName } from "../lib/format";
import { type Model, fieldLabel } from "../lib/model";
import { type Query, dimensionField, dimensionLabel, metricLabel, metricName } from "../lib/query";
import { Panel } from "../ui/parts";
import { DimensionEditor, FilterEditor, MetricEditor, TimeEditor } from "./editors";

type Span = NonNullable<Answer["understood"]>[number];

interface Props {
  answer: Pick<Answer, "understood" | "query" | "resolved">;
  question: string;
  model: Model;
  run: (query: Query) => void;
}

const KINDS: Record<string, string> = {
  metric: "measure", dimension: "grouping", grain: "grouping", entity: "grouping", value: "filter", condition: "filter", time: "period",
  number: "number", word: "word", unknown: "not understood", ignored: "left out",
};

interface Piece {
  text: string;
  span: Span | null;
}

/** Where the spans lie in the text; found by their words, so that no way of counting characters matters. */
export function piecesOf(question: string, spans: Span[]): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const span of spans) {
    const found = span.text === "" ? -1 : question.toLowerCase().indexOf(span.text.toLowerCase(), at);
    if (found < 0) continue;
    if (found > at) pieces.push({ text: question.slice(at, found), span: null });
    pieces.push({ text: question.slice(found, found + span.text.length), span });
    at = found + span.text.length;
  }
  if (at < question.length) pieces.push({ text: question.slice(at), span: null });
  return pieces;
}

type Editor = (close: () => void) => ReactElement;

/** What of the query a span became, as its editor; undefined: nothing that is changed on its own. */
function editorOf(span: Span, { answer, model, run }: Props): Editor | undefined {
  const query = answer.query;
  if (!query) return undefined;
  const then = (close: () => void) => (next: Query) => {
    close();
    run(next);
  };
  const meaning = spokenName(span.meaning ?? "").toLowerCase();
  if (span.kind === "time") return (close) => <TimeEditor query={query} model={model} run={then(close)} resolved={answer.resolved} />;
  if (span.kind === "metric") {
    const index = (query.metrics ?? []).findIndex((metric) => metricLabel(model, metric).toLowerCase() === meaning);
    const at = index < 0 && query.metrics?.length === 1 ? 0 : index;
    if (at >= 0) return (close) => <MetricEditor query={query} model={model} run={then(close)} index={at} current={metricName(query.metrics?.[at])} />;
  }
  if (["dimension", "grain", "entity"].includes(span.kind)) {
    const index = (query.dimensions ?? []).findIndex((dimension) => meaning.includes(dimensionLabel(model, dimension).toLowerCase()));
    if (index >= 0) return (close) => <DimensionEditor query={query} model={model} run={then(close)} index={index} current={dimensionField(query.dimensions?.[index])} />;
  }
  if (span.kind === "value") {
    const index = (query.filters ?? []).findIndex(
      (filter) => "field" in filter && filter.field !== undefined && !("cyclic" in filter) && (filter.op === undefined || filter.op === "=") &&
        meaning.startsWith(fieldLabel(model, filter.field).toLowerCase()),
    );
    const filter = query.filters?.[index];
    const field = filter && "field" in filter ? filter.field : undefined;
    if (field !== undefined) return (close) => <FilterEditor query={query} model={model} run={then(close)} index={index} field={field} />;
  }
  return undefined;
}

export function UnderstoodQuestion(props: Props): ReactElement {
  const spans = props.answer.understood ?? [];
  return (
    <>
      {piecesOf(props.question, spans).map((piece, index) => {
        const span = piece.span;
        if (span === null || !span.meaning && span.kind !== "unknown") return <span key={index}>{piece.text}</span>;
        const kind = KINDS[span.kind] ?? span.kind;
        const meaning = span.kind === "unknown" ? "nothing in the data is called so" : (span.meaning ?? "");
        const editor = editorOf(span, props);
        return (
          <Panel key={index} label={`${piece.text}: ${kind}`}
            trigger={<button type="button" className={`word is-${span.kind}`} title={`${kind}: ${meaning}`} aria-label={`${piece.text}: ${kind}, ${meaning}`}>{piece.text}</button>}>
            {(close) => (
              <>
                <p className="meaning"><b>{piece.text}</b> was read as {kind} <b>{meaning}</b></p>
                {editor ? editor(close) : <p className="waiting">This word has no other reading here.</p>}
              </>
            )}
          </Panel>
        );
      })}
    </>
  );
}
