// Every question that was asked, to be found again.
import { useInfiniteQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { call } from "../api/client";
import type { History, HistoryEntry } from "../api/types";
import { formatMs, formatWhen } from "../lib/format";
import { go, pathOf } from "../lib/router";
import { ask, fetchIntoThread, newThreadId } from "../lib/threads";
import { Button, Empty, Fetched, SearchBox, useSettled } from "../ui/parts";

const STATUSES: Record<string, string> = { answered: "answered", clarify: "asked back", refused: "refused", failed: "failed", running: "running", cancelled: "cancelled" };

const titleOf = (entry: HistoryEntry): string => entry.question ?? entry.restatement ?? "A changed question";

export function HistoryScreen(): ReactElement {
  const [search, setSearch] = useState("");
  const settled = useSettled(search.trim(), 200);
  const history = useInfiniteQuery({
    queryKey: ["history", settled],
    initialPageParam: null as number | null,
    queryFn: ({ pageParam }) => call<History>(`/v1/history?limit=50${settled ? `&q=${encodeURIComponent(settled)}` : ""}${pageParam !== null ? `&before=${pageParam}` : ""}`),
    getNextPageParam: (last) => last.next,
  });
  const open = (entry: HistoryEntry) => {
    const thread = newThreadId();
    fetchIntoThread(thread, entry.id, titleOf(entry));
    go(pathOf("t", thread));
  };
  const again = (entry: HistoryEntry) => {
    if (entry.question === null) return;
    const thread = newThreadId();
    ask(thread, entry.question, null);
    go(pathOf("t", thread));
  };
  return (
    <>
      <h1>History</h1>
      <SearchBox label="Find a question" value={search} onChange={setSearch} />
      <Fetched query={history} what="the history">
        {({ pages }) => {
          // What the pins ask for themselves, each time they are opened, is nothing that somebody asked.
          const entries = pages.flatMap((page) => page.entries).filter((entry) => entry.question !== null || entry.session !== null);
          if (entries.length === 0) return <Empty title={settled ? "No question holds these words." : "Nothing was asked yet."} />;
          return (
            <ul className="entries">
              {entries.map((entry) => (
                <li key={entry.id}>
                  {entry.session ? <a href={pathOf("t", entry.session)}>{titleOf(entry)}</a> : <button type="button" className="link" onClick={() => open(entry)}>{titleOf(entry)}</button>}
                  <span className={`status ${entry.status}`}>{STATUSES[entry.status] ?? entry.status}</span>
                  <time dateTime={entry.at}>{formatWhen(entry.at)}</time>
                  <span className="took">{formatMs(entry.ms)}</span>
                  {entry.question !== null ? <Button look="quiet" onClick={() => again(entry)}>Ask again</Button> : <span />}
                </li>
              ))}
            </ul>
          );
        }}
      </Fetched>
      {history.hasNextPage && <Button onClick={() => void history.fetchNextPage()} disabled={history.isFetchingNextPage}>Show earlier ones</Button>}
    </>
  );
}
