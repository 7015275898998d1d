// The conversation.
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { call } from "../api/client";
import type { Suggestions, Tables } from "../api/types";
import { loadCharts, prefetchCharts } from "../ask/ChartPanel";
import { Composer, type ComposerHandle } from "../ask/Composer";
import { TurnView, titleOf } from "../ask/TurnView";
import { formatPeriod, plural, spokenName } from "../lib/format";
import { type Model, useModel } from "../lib/model";
import { go, pathOf } from "../lib/router";
import { type Turn, ask, loadThread, newThreadId, useThread } from "../lib/threads";

/** Questions that the model itself says can be asked. */
function startersOf(model: Model, suggested: string[]): string[] {
  const metric = (model.metrics.find((one) => one.name === model.default_metric) ?? model.metrics[0])?.label;
  if (metric === undefined) return suggested;
  const ranked = model.entities.filter((one) => !one.is_event).map((one) => `Top 10 ${one.name}s by ${metric}`);
  return [...new Set([...suggested.slice(0, 5), ...ranked.slice(0, 2), `${metric} last month vs the month before`])];
}

function Welcome({ pick }: { pick: (question: string) => void }): ReactElement {
  const suggested = useQuery({ queryKey: ["suggest", ""], queryFn: () => call<Suggestions>("/v1/suggest?limit=8&q="), staleTime: 300_000 });
  const model = useModel();
  const tables = useQuery({ queryKey: ["tables"], queryFn: () => call<Tables>("/v1/tables") });
  // What happens (sales, visits) before what is only looked up (products, stores).
  const isFact = (name: string) => model.data?.datasets.find((one) => one.name === name)?.is_fact === true;
  const facts = [...(tables.data?.tables ?? [])].sort((a, b) => Number(isFact(b.name)) - Number(isFact(a.name)) || b.rows - a.rows).slice(0, 4);
  const starters = suggested.data && model.data ? startersOf(model.data, suggested.data.suggestions) : [];
  return (
    <div className="welcome-more">
      <ul className="starters" aria-label="Questions to start with">
        {starters.map((question) => (
          <li key={question}><button type="button" onClick={() => pick(spokenName(question))}>{spokenName(question)}</button></li>
        ))}
      </ul>
      {facts.length > 0 && (
        <ul className="stock" aria-label="What there is">
          {facts.map((table) => (
            <li key={table.name}>
              <a href={pathOf("tables", table.name)}>{table.label}</a> {plural(table.rows, "row")}
              {table.first_date && table.last_date && <>, {formatPeriod(table.first_date)} – {formatPeriod(table.last_date)}</>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function AskScreen({ thread }: { thread: string | null }): ReactElement {
  const fresh = useMemo(newThreadId, [thread]);
  const id = thread ?? fresh;
  const { turns } = useThread(id);
  const [followed, setFollowed] = useState<Turn | null>(null);
  const composer = useRef<ComposerHandle>(null);
  const count = turns.length;
  const lastKey = turns.at(-1)?.key;
  const seen = useRef(count);

  useEffect(() => {
    if (thread !== null) void loadThread(thread);
    setFollowed(null);
  }, [thread]);
  useEffect(() => {
    // A new turn is brought into view; those that were there when the thread was opened are not scrolled through.
    if (count > seen.current && lastKey !== undefined) document.getElementById(`turn-${lastKey}`)?.scrollIntoView({ block: "start" });
    seen.current = count;
  }, [count, lastKey]);
  useEffect(prefetchCharts, []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key !== "/" || event.ctrlKey || event.metaKey || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName)) return;
      event.preventDefault();
      composer.current?.focus();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);

  const submit = (question: string) => {
    loadCharts().catch(() => undefined); // a chart is likely to come; it says itself when it cannot be drawn
    // What follows is said by the answer's id: another tab may have asked meanwhile.
    const newest = [...turns].reverse().find((turn) => turn.answer !== null && turn.answer.status !== "refused" && turn.answer.status !== "failed");
    ask(id, question, (followed ?? newest)?.answer?.id ?? null);
    setFollowed(null);
    if (thread === null) go(pathOf("t", id));
  };
  const latest = useRef(submit);
  useEffect(() => {
    latest.current = submit;
  });
  const askAgain = useCallback((question: string) => latest.current(question), []);
  const follow = useCallback((turn: Turn) => {
    setFollowed(turn);
    composer.current?.focus();
  }, []);

  return (
    <>
      <div className={count === 0 ? "welcome" : "turns"}>
        {count === 0 ? (
          <>
            <h1>What would you like to know?</h1>
            <p>Every number is the data’s: checked against the result it came from, with the SQL beside it. What is not understood is asked back.</p>
          </>
        ) : (
          <h1 className="hidden">Conversation</h1>
        )}
        {turns.map((turn, index) => (
          <TurnView key={turn.key} turn={turn} number={index + 1} thread={id} askAgain={askAgain} followFrom={follow} />
        ))}
      </div>
      <Composer ref={composer} ask={submit} following={followed === null ? null : titleOf(followed)} unfollow={() => setFollowed(null)} first={count === 0} />
      {count === 0 && <Welcome pick={submit} />}
    </>
  );
}
