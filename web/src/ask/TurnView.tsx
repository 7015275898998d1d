// One question and what came of it.
import { useQueryClient } from "@tanstack/react-query";
import { type ReactElement, memo, useEffect, useLayoutEffect, useState } from "react";
import { asProblem, call, jsonBody } from "../api/client";
import type { Answer } from "../api/types";
import { formatMs, formatPeriod } from "../lib/format";
import { EMPTY_MODEL, type Model, useModel } from "../lib/model";
import { type Query, whyQuery } from "../lib/query";
import { encodeQuery } from "../lib/router";
import { type Turn, cancel, cancelTask, fetchStoredAnswer, moveToTask, retry, runQuery } from "../lib/threads";
import { ActionMenu, Button, ErrorNote, copyText, say } from "../ui/parts";
import { AnswerBody } from "./AnswerBody";
import { CHART_TYPES, type ChartType, type LooseOption, possibleTypes } from "./chart-types";
import { Clarify, Refusal } from "./Clarify";
import { Feedback } from "./Feedback";
import { QueryChips } from "./QueryChips";
import { Sentences } from "./Sentences";
import { AssistantOffer, StepList, TraceOf } from "./Steps";
import { UnderstoodQuestion } from "./Understood";

interface Props {
  turn: Turn;
  number: number;
  thread: string;
  askAgain: (question: string) => void;
  followFrom: (turn: Turn) => void;
}

type WithRestatement = Partial<Answer> & { restatement?: string | null };
export const titleOf = (turn: Turn): string => turn.question ?? (turn.answer as WithRestatement | null)?.restatement ?? (turn.partial as WithRestatement | null)?.restatement ?? turn.restatement ?? "Changed question";

const SLOW_MS = 2000;

/** The part of a turn that can be drawn: the whole answer, or its result before its sentences are there. */
function bodyOf(turn: Turn): Answer | null {
  if (turn.answer !== null) return turn.answer.status === "answered" && turn.answer.query ? turn.answer : null;
  return turn.state === "running" && turn.partial?.rows && turn.partial.query ? (turn.partial as Answer) : null;
}

/** Nothing at first; after two seconds what is known of the progress, and ways out. */
function Waiting({ turn, thread }: { turn: Turn; thread: string }): ReactElement {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const elapsed = now - turn.startedAt;
  const percent = turn.progress?.percent;
  const toTask = () => moveToTask(thread, turn).catch((error: unknown) => say(asProblem(error).detail ?? "It could not be made a task."));
  return (
    <div className="progress" role="status">
      <p>
        {turn.reconnecting > 0 ? `The connection broke; reconnecting (attempt ${turn.reconnecting}) …`
          : turn.partial?.rows ? "Writing it up …" : turn.partial?.query ? "Understood; reading the data …" : "Reading the question …"}
        {elapsed >= SLOW_MS && <> {formatMs(elapsed)}</>}
        {turn.progress?.rows ? <>, {turn.progress.rows.toLocaleString("en")} rows so far</> : null}
      </p>
      {turn.steps.length > 0 && <StepList steps={turn.steps} />}
      {turn.said.length > 0 && <p className="sentences">{turn.said.join(" ")}</p>}
      <progress max={100} {...(typeof percent === "number" ? { value: percent } : {})} aria-label="Progress" />
      <div className="row">
        <Button icon="close" onClick={() => cancel(turn)}>Cancel</Button>
        {elapsed >= SLOW_MS && turn.request !== null && turn.request.path !== "/v1/agent" && <Button icon="task" onClick={() => void toTask()}>Finish in the background</Button>}
      </div>
    </div>
  );
}

/** A long question that became a task: its answer comes here, and is kept for whoever leaves. */
function Background({ turn, thread }: { turn: Turn; thread: string }): ReactElement {
  const percent = turn.progress?.percent;
  const stop = () => cancelTask(thread, turn).catch((error: unknown) => say(asProblem(error).detail ?? "It could not be cancelled."));
  return (
    <div className="progress" role="status">
      <p>This takes longer, so it goes on in the background: you may leave or close the page, its answer will be here. <a href="#/tasks">See it among the tasks</a>.</p>
      <progress max={100} {...(typeof percent === "number" ? { value: percent } : {})} aria-label="Progress" />
      <div className="row"><Button icon="close" onClick={() => void stop()}>Cancel</Button></div>
    </div>
  );
}

function exportItems(answer: Answer, chartType: ChartType) {
  const link = (format: string) => () => {
    const anchor = document.createElement("a");
    const dress = format === "png" || format === "svg" ? `&theme=${document.documentElement.dataset["theme"] ?? "light"}` : "";
    const kind = dress !== "" && (chartType === "line" || chartType === "bar") ? `&chart=${chartType}` : "";
    anchor.href = `/v1/answers/${encodeURIComponent(answer.id)}/export?format=${format}${dress}${kind}`;
    anchor.download = "";
    anchor.click();
  };
  return [
    { label: "CSV", run: link("csv") },
    { label: "Excel workbook", run: link("xlsx") },
    { label: "Chart as PNG", run: link("png"), disabled: !answer.chart },
    { label: "Chart as SVG", run: link("svg"), disabled: !answer.chart },
    { label: "Print", run: () => setTimeout(() => window.print(), 50) },
  ];
}

function Actions({ turn, answer, thread, chartType, setChartType, followFrom }: Props2): ReactElement {
  const client = useQueryClient();
  const query = answer.query!;
  const pin = async () => {
    try {
      await call("/v1/pins", jsonBody({ title: titleOf(turn).slice(0, 200), query, ...(chartType !== "suggested" ? { chart_type: chartType } : {}) }));
      void client.invalidateQueries({ queryKey: ["pins"] });
      say("Pinned. It is asked anew each time the pins are opened.");
    } catch (error) {
      say(asProblem(error).detail ?? "It could not be pinned.");
    }
  };
  const types = answer.chart ? possibleTypes(answer.chart as LooseOption) : [];
  return (
    <div className="actions" role="group" aria-label="What to do with this answer">
      <Button look="quiet" icon="reply" onClick={() => followFrom(turn)}>Follow up</Button>
      {!query.detail && query.analysis === undefined && <Button look="quiet" icon="why" onClick={() => runQuery(thread, whyQuery(query), answer.id)}>Why?</Button>}
      {types.length > 1 && (
        <ActionMenu label="Kind of chart" trigger={<Button look="quiet" icon="chart">Chart</Button>}
          items={CHART_TYPES.filter((one) => types.includes(one.type)).map((one) => ({ label: one.label, checked: one.type === chartType, run: () => setChartType(one.type) }))} />
      )}
      <Button look="quiet" icon="pin" onClick={() => void pin()}>Pin</Button>
      <Button look="quiet" icon="share" onClick={() => void copyText(`${location.origin}/#/q/${encodeQuery(query)}`, "A link that asks this question is")}>Share</Button>
      <ActionMenu label="Export" trigger={<Button look="quiet" icon="download">Export</Button>} items={exportItems(answer, chartType)} />
    </div>
  );
}

interface Props2 extends Pick<Props, "turn" | "thread" | "followFrom"> {
  answer: Answer;
  chartType: ChartType;
  setChartType: (type: ChartType) => void;
}

/** Beside the answer, as in the margin of a report: what to know before the number is used. */
function Margin({ answer, turn, thread, number, model }: { answer: Answer; turn: Turn; thread: string; number: number; model: Model }): ReactElement {
  // Where no number is shown there is nothing to know before it is used.
  const caveats = answer.status === "answered" ? (answer.caveats ?? []) : [];
  return (
    <aside className="margin" aria-label={`Caveats and sources of question ${number}`}>
      {caveats.length > 0 && (
        <ul className="caveats" aria-label="Caveats">{caveats.map((caveat, i) => <li key={i}>{caveat.text}</li>)}</ul>
      )}
      {(answer.sources ?? []).map((source) => (
        <p key={source.table} className="source">
          <a href={`#/tables/${encodeURIComponent(source.table)}`}>{model.datasets.find((one) => one.name === source.table)?.label ?? source.table}</a>, version {source.version}
          {source.data_through && <>, through {formatPeriod(source.data_through)}</>}
        </p>
      ))}
      <p className="source">Answered in {formatMs(answer.timing_ms["total"] ?? 0)}{answer.route?.endsWith("cache") ? ", from the cache" : ""}</p>
      {answer.status !== "failed" && <Feedback thread={thread} turnKey={turn.key} answerId={answer.id} given={turn.feedback} />}
    </aside>
  );
}

/** Drawn anew only when its own turn changes: conversations grow long. */
export const TurnView = memo(function TurnView({ turn, number, thread, askAgain, followFrom }: Props): ReactElement {
  const { data: model = EMPTY_MODEL } = useModel();
  const [chartType, setChartType] = useState<ChartType>("suggested");
  const answer = turn.answer;
  const known: WithRestatement | null = answer ?? turn.partial;
  const run = (query: Query) => runQuery(thread, query, answer?.id ?? null);
  const body = bodyOf(turn);
  const drawn = answer !== null || body !== null;

  // How long it takes from the answer's arrival to its being on the screen (bench/ reads these measures).
  useLayoutEffect(() => {
    if (!drawn || performance.getEntriesByName(`answer-arrived:${turn.key}`).length === 0) return;
    // The timer runs after the frame was painted.
    requestAnimationFrame(() => setTimeout(() => performance.measure("answer-drawn", `answer-arrived:${turn.key}`)));
  }, [drawn, turn.key]);

  return (
    <article className="turn" aria-label={`Question ${number}: ${titleOf(turn)}`} data-state={turn.state} id={`turn-${turn.key}`}>
      <span className="turn-number" aria-hidden="true">{number}</span>
      <div className="turn-main">
        <h2 className="question">
          {turn.question !== null && known?.understood ? <UnderstoodQuestion answer={known as Answer} question={turn.question} model={model} run={run} /> : titleOf(turn)}
        </h2>
        {known?.query && <QueryChips query={known.query} resolved={known.resolved} model={model} run={run} />}
        {turn.state === "running" && <Waiting turn={turn} thread={thread} />}
        {turn.state === "stored" && <Button onClick={() => void fetchStoredAnswer(thread, turn)}>Show the answer again</Button>}
        {turn.state === "loading" && <p className="waiting" role="status">Asking again …</p>}
        {turn.state === "cancelled" && <p className="note">Cancelled. {turn.request !== null && <Button onClick={() => retry(thread, turn)}>Ask again</Button>}</p>}
        {turn.state === "task" && <Background turn={turn} thread={thread} />}
        {turn.state === "failed" && turn.problem && <ErrorNote problem={turn.problem} retry={turn.request !== null ? () => retry(thread, turn) : undefined} />}
        {answer?.status === "failed" && <ErrorNote problem={{ detail: answer.error?.message ?? "It failed.", ...(answer.error?.hint ? { hint: answer.error.hint } : {}) }} />}
        {answer?.status === "clarify" && <Clarify answer={answer} thread={thread} />}
        {answer?.status === "answered" && !answer.query && <Sentences answer={answer} />}
        {answer?.status === "refused" && <Refusal answer={answer} question={turn.question} askAgain={askAgain} />}
        {answer && (answer.status === "refused" || answer.status === "clarify") && turn.request?.path === "/v1/ask" && <AssistantOffer thread={thread} question={turn.question} after={turn.request.body.after ?? null} />}
        {answer && turn.request?.path === "/v1/agent" && <TraceOf answer={answer} />}
        {body && <AnswerBody answer={body} model={model} number={number} run={run} chartType={chartType} />}
        {body && body === answer && <Actions turn={turn} answer={answer} thread={thread} chartType={chartType} setChartType={setChartType} followFrom={followFrom} />}
      </div>
      {answer && <Margin answer={answer} turn={turn} thread={thread} number={number} model={model} />}
    </article>
  );
});
