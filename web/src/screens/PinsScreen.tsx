// Pinned questions, each asked anew over today's data.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { asProblem, call, jsonBody } from "../api/client";
import type { Answer, Pin, Pins } from "../api/types";
import { ChartPanel } from "../ask/ChartPanel";
import type { ChartType, LooseOption } from "../ask/chart-types";
import { Sentences } from "../ask/Sentences";
import { type Cell, type Column, formatCell } from "../lib/format";
import { encodeQuery, go, pathOf } from "../lib/router";
import { newThreadId, runQuery } from "../lib/threads";
import { ActionMenu, Button, Dialog, Empty, ErrorNote, Fetched, copyText, say } from "../ui/parts";

const isChartType = (text: string | null | undefined): text is ChartType => ["line", "bar", "lying", "share"].includes(text ?? "");

function PinAnswer({ pin }: { pin: Pin }): ReactElement {
  const answer = useQuery({
    queryKey: ["pin-answer", pin.id, JSON.stringify(pin.query)],
    queryFn: () => call<Answer>("/v1/query", jsonBody({ query: pin.query })),
    staleTime: 60_000,
  });
  return (
    <Fetched query={answer} what="the answer">
      {(data) => {
        if (data.status !== "answered") return <ErrorNote problem={{ detail: data.reason?.text ?? data.error?.message ?? data.clarify?.question ?? "This question has no answer any more." }} />;
        const columns = (data.columns ?? []) as Column[];
        const row = (data.rows ?? [])[0] as Cell[] | undefined;
        const main = columns.findIndex((column) => column.role === "measure");
        const single = data.rows?.length === 1 && main >= 0 && row !== undefined;
        return (
          <>
            {single && <p className="headline-number">{formatCell(row[main], columns[main]!)}</p>}
            {data.chart && <ChartPanel option={data.chart as LooseOption} type={isChartType(pin.chart_type) ? pin.chart_type : "suggested"} unit={columns[main]?.unit ?? ""} bars={8} hasBefore={["previous", "year_earlier", "periods"].includes(data.query?.compare?.kind ?? "")} />}
            <Sentences answer={data} />
          </>
        );
      }}
    </Fetched>
  );
}

export function PinsScreen(): ReactElement {
  const client = useQueryClient();
  const pins = useQuery({ queryKey: ["pins"], queryFn: () => call<Pins>("/v1/pins") });
  const [renaming, setRenaming] = useState<Pin | null>(null);
  const [title, setTitle] = useState("");
  const change = async (pin: Pin, init: RequestInit, failed: string) => {
    try {
      await call(`/v1/pins/${encodeURIComponent(pin.id)}`, init);
      void client.invalidateQueries({ queryKey: ["pins"] });
      return true;
    } catch (error) {
      say(asProblem(error).detail ?? failed);
      return false;
    }
  };
  const rename = async () => {
    if (renaming && (await change(renaming, jsonBody({ title: title.trim() }, "PATCH"), "It could not be renamed."))) setRenaming(null);
  };
  const open = (pin: Pin) => {
    const thread = newThreadId();
    runQuery(thread, pin.query);
    go(pathOf("t", thread));
  };
  return (
    <>
      <h1>Pins</h1>
      <Fetched query={pins} what="pins">
        {({ pins: list }) =>
          list.length === 0 ? (
            <Empty title="Nothing is pinned yet."><p>Ask something and choose “Pin” under its answer: the question is kept, and asked anew whenever you come here.</p></Empty>
          ) : (
            <ul className="cards">
              {list.map((pin) => (
                <li key={pin.id} className="card">
                  <header>
                    <h2>{pin.title}</h2>
                    <ActionMenu label={`Pin ${pin.title}`} trigger={<Button look="quiet" icon="chevron" label={`More about ${pin.title}`} />}
                      items={[
                        { label: "Open", run: () => open(pin) },
                        { label: "Rename", run: () => setTimeout(() => { setTitle(pin.title); setRenaming(pin); }) },
                        { label: "Share", run: () => void copyText(`${location.origin}/#/q/${encodeQuery(pin.query)}`, "A link that asks this question is") },
                        { label: "Unpin", run: () => void change(pin, { method: "DELETE" }, "It could not be removed.") },
                      ]} />
                  </header>
                  <PinAnswer pin={pin} />
                </li>
              ))}
            </ul>
          )
        }
      </Fetched>
      {renaming && (
        <Dialog title="Rename the pin" onClose={() => setRenaming(null)}>
          <form className="form" onSubmit={(event) => { event.preventDefault(); void rename(); }}>
            <label>Name <input type="text" value={title} maxLength={200} required onChange={(event) => setTitle(event.target.value)} /></label>
            <div className="row end"><Button onClick={() => setRenaming(null)}>Cancel</Button><Button look="main" type="submit" disabled={title.trim() === ""}>Rename</Button></div>
          </form>
        </Dialog>
      )}
    </>
  );
}
