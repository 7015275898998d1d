// How an answer came to be: words, period, tables, time taken.
import type { ReactElement } from "react";
import type { Answer } from "../api/types";
import { formatBytes, formatMs, formatPeriod, plural } from "../lib/format";
import { timeLabel } from "../lib/query";

const ROUTES: Record<string, string> = {
  exact_cache: "the same question was answered before, over the same data",
  meaning_cache: "a question of the same meaning was answered before, over the same data",
  rules: "understood by rules",
  model: "understood with the help of a language model, then checked like every question",
};

export function Explain({ answer }: { answer: Answer }): ReactElement {
  const words = (answer.understood ?? []).filter((span) => span.meaning);
  return (
    <div className="explain">
      {words.length > 0 && (
        <table>
          <caption>What each word became</caption>
          <thead><tr><th scope="col">Words</th><th scope="col">Kind</th><th scope="col">Meaning</th></tr></thead>
          <tbody>{words.map((span, i) => <tr key={i}><td>{span.text}</td><td>{span.kind}</td><td>{span.meaning}</td></tr>)}</tbody>
        </table>
      )}
      <dl>
        <dt>Period</dt><dd>{timeLabel(answer.resolved?.time)}</dd>
        <dt>Today is taken as</dt><dd>{answer.as_of ? formatPeriod(answer.as_of) : "no day"}</dd>
        {answer.route && <><dt>Route</dt><dd>{ROUTES[answer.route] ?? answer.route}</dd></>}
        {(answer.sources ?? []).map((source) => (
          <div key={source.table} className="pair">
            <dt>Table</dt>
            <dd>
              {source.table}, version {source.version}
              {source.data_through && <>, data through {formatPeriod(source.data_through)}</>}
              {source.rows_scanned !== null && source.rows_scanned !== undefined && <>; {plural(source.rows_scanned, "row")} read</>}
              {source.bytes_scanned !== null && source.bytes_scanned !== undefined && <>, {formatBytes(source.bytes_scanned)}</>}
              {source.rollup && <>; from the rollup {source.rollup}</>}
            </dd>
          </div>
        ))}
        <dt>Time taken</dt>
        <dd>{Object.entries(answer.timing_ms ?? {}).map(([name, ms]) => `${name} ${formatMs(ms)}`).join(", ")}</dd>
      </dl>
      <details>
        <summary>The question as data</summary>
        <pre tabIndex={0}>{JSON.stringify(answer.query, null, 2)}</pre>
      </details>
    </div>
  );
}
