// Where questions are typed. Suggestions come from the model and the data's own values.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type FormEvent, type KeyboardEvent, type ReactElement, type Ref, useImperativeHandle, useRef, useState } from "react";
import { call } from "../api/client";
import type { Suggestions } from "../api/types";
import { Button, useSettled } from "../ui/parts";

const MAX_QUESTION = 2000;
const MAX_SUGGEST = 500;

export interface ComposerHandle {
  focus: () => void;
  fill: (text: string) => void;
}

interface Props {
  ref?: Ref<ComposerHandle>;
  ask: (question: string) => void;
  /** What the next question follows, when it is not the newest answer. */
  following: string | null;
  unfollow: () => void;
  first: boolean;
}

export function Composer({ ref, ask, following, unfollow, first }: Props): ReactElement {
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  // The suggestion itself, not its place: the list may change between two keys.
  const [chosen, setChosen] = useState<string | null>(null);
  const [complaint, setComplaint] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const settled = useSettled(text, 120);
  const typed = settled.trim();
  const suggestions = useQuery({
    queryKey: ["suggest", typed],
    queryFn: ({ signal }) => call<Suggestions>(`/v1/suggest?limit=8&q=${encodeURIComponent(typed)}`, { signal }),
    enabled: typed !== "" && typed.length <= MAX_SUGGEST,
    staleTime: 60_000,
    retry: false,
    placeholderData: keepPreviousData,
  });
  const list = (suggestions.data?.suggestions ?? []).filter((one) => one.toLowerCase() !== text.trim().toLowerCase());
  const shown = open && text.trim() !== "" && list.length > 0;
  const active = chosen === null ? -1 : list.findIndex((one) => one.toLowerCase() === chosen.toLowerCase());

  useImperativeHandle(ref, () => ({
    focus: () => input.current?.focus(),
    fill: (wanted: string) => {
      setText(wanted);
      input.current?.focus();
    },
  }));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const question = text.trim();
    if (question === "") return;
    const length = Array.from(question).length;
    if (length > MAX_QUESTION) {
      setComplaint(`This is ${length.toLocaleString("en")} characters long; a question may have ${MAX_QUESTION.toLocaleString("en")}. Your text is still here: shorten it.`);
      return;
    }
    setComplaint("");
    setOpen(false);
    setText("");
    ask(question);
  };
  const choose = (suggestion: string) => {
    setText(suggestion);
    setChosen(null);
    setOpen(false);
    input.current?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape" && shown) {
      event.preventDefault();
      setChosen(null);
      setOpen(false);
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && list.length > 0) {
      event.preventDefault();
      setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      // One place of the round is the typed text itself.
      setChosen(list[shown ? (active + 1 + step + list.length + 1) % (list.length + 1) - 1 : 0] ?? null);
    } else if (open && (event.key === "Enter" || event.key === "Tab") && chosen !== null) {
      event.preventDefault();
      choose(list[active] ?? chosen); // what was seen chosen, though the list may have changed since
    }
  };

  return (
    <form className={`composer ${first ? "fresh" : ""}`} role="search" onSubmit={submit} autoComplete="off">
      {following !== null && (
        <p className="following">Following “{following}” <Button look="quiet" icon="close" label="Follow the newest answer instead" onClick={unfollow} /></p>
      )}
      <div className="composer-line">
        <input ref={input} id="question" type="text" role="combobox" aria-label="Your question" aria-expanded={shown} aria-controls="suggestions" aria-autocomplete="list"
          aria-activedescendant={shown && active >= 0 && active < list.length ? `suggestion-${active}` : undefined} autoFocus
          placeholder={first ? "Ask about your data, as you would ask a colleague" : "Ask a follow-up, or something new"} value={text}
          onChange={(event) => {
            setText(event.target.value);
            setComplaint("");
            setChosen(null);
            setOpen(true);
          }}
          onKeyDown={onKey} onBlur={() => {
            setChosen(null);
            setOpen(false);
          }} />
        <Button look="main" type="submit">Ask</Button>
      </div>
      <ul id="suggestions" role="listbox" aria-label="Suggestions" hidden={!shown}>
        {shown && list.map((suggestion, index) => (
          <li key={suggestion} id={`suggestion-${index}`} role="option" aria-selected={index === active}
            onMouseDown={(event) => {
              event.preventDefault(); // the input keeps the focus
              choose(suggestion);
            }}>{suggestion}</li>
        ))}
      </ul>
      {complaint !== "" && <p className="complaint" role="alert">{complaint}</p>}
    </form>
  );
}
