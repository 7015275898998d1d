// The sentences of an answer, with each number that was checked against the result marked and ready to copy.
import type { ReactElement } from "react";
import type { Answer } from "../api/types";
import { copyText } from "../ui/parts";

interface Piece {
  text: string;
  fact: NonNullable<Answer["facts"]>[number] | null;
}

/** The narrative cut at its facts, which stand in it in their order. */
export function factPieces(narrative: string, facts: NonNullable<Answer["facts"]>): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const fact of facts) {
    const found = fact.text === "" ? -1 : narrative.indexOf(fact.text, at);
    if (found < 0) continue;
    if (found > at) pieces.push({ text: narrative.slice(at, found), fact: null });
    pieces.push({ text: fact.text, fact });
    at = found + fact.text.length;
  }
  if (at < narrative.length) pieces.push({ text: narrative.slice(at), fact: null });
  return pieces;
}

export function Sentences({ answer }: { answer: Partial<Answer> }): ReactElement | null {
  if (!answer.narrative) return null;
  return (
    <p className="sentences">
      {factPieces(answer.narrative, answer.facts ?? []).map((piece, index) =>
        piece.fact === null ? (
          <span key={index}>{piece.text}</span>
        ) : (
          <button key={index} type="button" className="fact" title={`Checked against ${piece.fact.from}. Click to copy.`}
            onClick={() => void copyText(String(piece.fact?.value ?? piece.text), piece.text)}>{piece.text}</button>
        ),
      )}
    </p>
  );
}
