// A question back, or a refusal that says what is missing: each with a way on.
import type { ReactElement } from "react";
import type { Answer } from "../api/types";
import { ask, runQuery } from "../lib/threads";
import { Button } from "../ui/parts";

export function Clarify({ answer, thread }: { answer: Answer; thread: string }): ReactElement {
  const clarify = answer.clarify;
  if (!clarify) return <p className="note">Please say it differently.</p>;
  return (
    <div className="clarify">
      <p className="sentences">{clarify.question}</p>
      <div className="row" role="group" aria-label={clarify.question}>
        {clarify.options.map((option) => (
          <Button key={option.label} look="main" onClick={() => (option.query ? runQuery(thread, option.query) : ask(thread, option.label, answer.id))}>{option.label}</Button>
        ))}
      </div>
    </div>
  );
}

export function Refusal({ answer, question, askAgain }: { answer: Answer; question: string | null; askAgain: (question: string) => void }): ReactElement {
  const reason = answer.reason;
  const missing = reason?.missing ?? "";
  const at = question !== null && missing !== "" ? question.toLowerCase().indexOf(missing.toLowerCase()) : -1;
  const closest = at >= 0 ? (reason?.closest ?? []) : [];
  return (
    <div className="clarify">
      <p className="sentences">{reason?.text ?? answer.narrative ?? "The data cannot answer this."}</p>
      {closest.length > 0 && (
        <div className="row" role="group" aria-label="Closest names in the data">
          <span className="waiting">Closest in the data:</span>
          {closest.map((name) => (
            <Button key={name} onClick={() => askAgain(question!.slice(0, at) + name + question!.slice(at + missing.length))}>{name}</Button>
          ))}
        </div>
      )}
    </div>
  );
}
