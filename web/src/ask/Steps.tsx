// What an assistant did to answer a question: while it does it, and afterwards from the trace the server keeps.
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { asProblem, call } from "../api/client";
import type { Step } from "../api/stream";
import type { Answer, Health, Trace } from "../api/types";
import { formatMs, plural } from "../lib/format";
import { askAssistant } from "../lib/threads";
import { Button } from "../ui/parts";

const NAMES: Record<string, string> = {
  route: "Looked at what kind of question it is",
  plan: "Looked whether it has several parts",
  engineer: "Read it by rules",
  validate: "Held the language model's proposal against the data",
  execute: "Read the data",
  analyse: "Put the findings together",
  check: "Held every sentence against the results",
  sql: "Had SQL written, guarded",
};
const KINDS: Record<string, string> = { question: "a question", summary: "a summary", analysis: "an analysis", product: "about a product", small_talk: "small talk", out_of_scope: "not about this data" };

const textOf = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

/** What a step says of itself, in a few words. */
function remark({ detail }: Step): string {
  const model = detail["model"] as Record<string, unknown> | undefined;
  const parts: (string | null)[] = [
    KINDS[textOf(detail["kind"]) ?? ""] ?? null,
    typeof detail["part"] === "number" ? `part ${detail["part"]}` : null,
    textOf(detail["status"]),
    typeof detail["rows"] === "number" ? plural(detail["rows"], "row") : null,
    Array.isArray(detail["unknown"]) && detail["unknown"].length > 0
      ? `unknown: ${(detail["unknown"] as { text?: unknown }[]).map((word) => `\u201c${String(word.text)}\u201d`).join(", ")}` : null,
    model ? (textOf(model["error"]) !== null ? `the language model gave no answer: ${textOf(model["error"])}` : `asked the language model${textOf(model["model"]) !== null ? ` ${textOf(model["model"])}` : ""}`) : null,
    textOf(detail["wrong"]) !== null ? `not taken: ${textOf(detail["wrong"])}` : null,
    typeof detail["dropped_sentences"] === "number" ? plural(detail["dropped_sentences"], "sentence") + " left out" : null,
  ];
  return parts.filter((part) => part !== null).join("; ");
}

export function StepList({ steps, times }: { steps: Step[]; times?: number[] }): ReactElement {
  return (
    <ol className="steps" aria-label="Steps">
      {steps.map((step, i) => {
        const said = remark(step);
        return <li key={i}>{NAMES[step.step] ?? step.step}{said !== "" && <span className="waiting"> ({said})</span>}{times?.[i] !== undefined && <span className="waiting"> {formatMs(times[i])}</span>}</li>;
      })}
    </ol>
  );
}

function TraceView({ id }: { id: string }): ReactElement {
  const { data, error } = useQuery({ queryKey: ["trace", id], queryFn: () => call<Trace>(`/v1/traces/${encodeURIComponent(id)}`), retry: false, staleTime: Infinity });
  if (error) return <p className="note">{asProblem(error).detail ?? "Its steps could not be fetched."}</p>;
  if (data === undefined) return <p className="waiting" role="status">Fetching its steps …</p>;
  const cost = data.steps.reduce((sum, step) => sum + Number((step.detail["model"] as Record<string, unknown> | undefined)?.["cost_nano"] ?? 0), 0);
  return (
    <>
      <StepList steps={data.steps.map((step) => ({ step: step.name, detail: step.detail }))} times={data.steps.map((step) => step.took_us / 1000)} />
      {cost > 0 && <p className="waiting">The language model cost {(cost / 1e9).toLocaleString("en", { maximumSignificantDigits: 3 })}.</p>}
    </>
  );
}

/** Fetched when it is opened. */
export function TraceOf({ answer }: { answer: Answer }): ReactElement {
  const [open, setOpen] = useState(false);
  return (
    <details className="trace" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>What the assistant did</summary>
      {open && <TraceView id={answer.id} />}
    </details>
  );
}

/** Offered only where the server has a language model to ask. */
export function AssistantOffer({ thread, question, after }: { thread: string; question: string | null; after: string | null }): ReactElement | null {
  const { data } = useQuery({ queryKey: ["health"], queryFn: () => call<Health>("/healthz"), staleTime: Infinity });
  if (question === null || data?.assistant !== true) return null;
  return <div className="row"><Button icon="reply" onClick={() => askAssistant(thread, question, after)}>Let the assistant try</Button></div>;
}
