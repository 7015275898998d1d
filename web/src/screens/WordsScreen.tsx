// What words mean to whoever asks: taught here, or by saying it in a question; kept for them alone.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { asProblem, call, jsonBody } from "../api/client";
import type { Memory, MemoryEntry } from "../api/types";
import { plural } from "../lib/format";
import { Button, Dialog, Empty, Fetched, say } from "../ui/parts";

const LONGEST = 200;

/** How a word came to be remembered, and whether it is of use. */
function about(entry: MemoryEntry): string {
  const used = entry.uses ? `used ${plural(entry.uses, "time")}` : "not used yet";
  return entry.origin === "chosen" ? `you chose it; ${used}` : used;
}

export function WordsScreen(): ReactElement {
  const client = useQueryClient();
  const memory = useQuery({ queryKey: ["memory"], queryFn: () => call<Memory>("/v1/memory"), retry: false });
  const [phrase, setPhrase] = useState("");
  const [meaning, setMeaning] = useState("");
  const [changing, setChanging] = useState<MemoryEntry | null>(null);
  const [changed, setChanged] = useState("");
  const attempt = async (what: () => Promise<unknown>, failed: string) => {
    try {
      await what();
      return true;
    } catch (error) {
      say(asProblem(error).detail ?? failed);
      return false;
    } finally {
      void client.invalidateQueries({ queryKey: ["memory"] });
    }
  };
  const keep = (word: string, means: string) => attempt(() => call("/v1/memory", jsonBody({ phrase: word.trim(), meaning: means.trim() })), "It could not be kept.");
  const teach = async () => {
    if (!(await keep(phrase, meaning))) return;
    setPhrase("");
    setMeaning("");
  };
  const change = async () => {
    if (changing && (await keep(changing.phrase, changed))) setChanging(null);
  };
  const forget = (entry: MemoryEntry) => attempt(() => call(`/v1/memory/${entry.id}`, { method: "DELETE" }), "It could not be forgotten.");
  return (
    <>
      <h1>Your words</h1>
      <p className="lead">What words mean when you ask, and only you. Say it here, or in a question: “by sales I mean net revenue”. Answers tell when a word was read that way.</p>
      <form className="form teach" onSubmit={(event) => { event.preventDefault(); void teach(); }}>
        <label>When I say <input type="text" value={phrase} maxLength={LONGEST} required onChange={(event) => setPhrase(event.target.value)} /></label>
        <label>I mean <input type="text" value={meaning} maxLength={LONGEST} required onChange={(event) => setMeaning(event.target.value)} /></label>
        <Button look="main" type="submit" disabled={phrase.trim() === "" || meaning.trim() === ""}>Remember</Button>
      </form>
      <Fetched query={memory} what="your words">
        {({ entries: list }) =>
          list.length === 0 ? (
            <Empty title="No word of yours is remembered." />
          ) : (
            <ul className="entries words">
              {list.map((entry) => (
                <li key={entry.id}>
                  <span><q>{entry.phrase}</q></span>
                  <span>means <strong>{entry.meaning}</strong></span>
                  <span className="took">{about(entry)}</span>
                  <span className="row">
                    <Button look="quiet" icon="pen" label={`Change what ${entry.phrase} means`} onClick={() => { setChanged(entry.meaning); setChanging(entry); }} />
                    <Button look="quiet" icon="bin" label={`Forget ${entry.phrase}`} onClick={() => void forget(entry)} />
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Fetched>
      {changing && (
        <Dialog title={`What “${changing.phrase}” means`} onClose={() => setChanging(null)}>
          <form className="form" onSubmit={(event) => { event.preventDefault(); void change(); }}>
            <label>I mean <input type="text" value={changed} maxLength={LONGEST} required onChange={(event) => setChanged(event.target.value)} /></label>
            <div className="row end"><Button onClick={() => setChanging(null)}>Cancel</Button><Button look="main" type="submit" disabled={changed.trim() === ""}>Keep</Button></div>
          </form>
        </Dialog>
      )}
    </>
  );
}
