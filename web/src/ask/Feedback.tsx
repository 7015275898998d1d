// Whether an answer was right, and what was wrong with it.
import { type FormEvent, type ReactElement, useState } from "react";
import { asProblem, call, jsonBody } from "../api/client";
import { setTurnFeedback } from "../lib/threads";
import { Button, Dialog, say } from "../ui/parts";

interface Props {
  thread: string;
  turnKey: string;
  answerId: string;
  given: "up" | "down" | null;
}

const REASONS = [
  ["wrong_number", "A number is wrong"],
  ["misunderstood", "My question was misunderstood"],
  ["incomplete", "Something is missing"],
  ["chart", "The chart does not fit"],
  ["slow", "It took too long"],
  ["other", "Something else"],
] as const;
const MAX_TEXT = 2000;

export function Feedback({ thread, turnKey, answerId, given }: Props): ReactElement {
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState<string>("wrong_number");
  const [text, setText] = useState("");
  const send = async (verdict: "up" | "down", more: Record<string, string> = {}) => {
    try {
      await call("/v1/feedback", jsonBody({ answer_id: answerId, verdict, ...more }));
      setTurnFeedback(thread, turnKey, verdict);
      setAsking(false);
      say("Thank you. It is kept with the whole trace of this answer.");
    } catch (error) {
      say(asProblem(error).detail ?? "The feedback could not be kept.");
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void send("down", { reason, ...(text.trim() !== "" ? { text: text.trim() } : {}) });
  };
  return (
    <div className="feedback">
      <Button look="quiet" icon="up" label="This answer is right" aria-pressed={given === "up"} onClick={() => void send("up")} />
      <Button look="quiet" icon="down" label="Something is wrong with this answer" aria-pressed={given === "down"} onClick={() => setAsking(true)} />
      {asking && (
        <Dialog title="What is wrong?" onClose={() => setAsking(false)}>
          <form className="form" onSubmit={submit}>
            <fieldset>
              <legend>Reason</legend>
              {REASONS.map(([value, label]) => (
                <label key={value} className="radio">
                  <input type="radio" name="reason" value={value} checked={reason === value} onChange={() => setReason(value)} /> {label}
                </label>
              ))}
            </fieldset>
            <label>What did you expect? <textarea rows={3} maxLength={MAX_TEXT} value={text} onChange={(event) => setText(event.target.value)} /></label>
            <div className="row end">
              <Button onClick={() => setAsking(false)}>Cancel</Button>
              <Button look="main" type="submit">Send</Button>
            </div>
          </form>
        </Dialog>
      )}
    </div>
  );
}
