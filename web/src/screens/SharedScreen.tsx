// A link that somebody sent: it holds a question as data. It is asked here, over what this reader may see.
import { type ReactElement, useEffect, useMemo } from "react";
import { decodeQuery, go, pathOf } from "../lib/router";
import { newThreadId, runQuery } from "../lib/threads";
import { Empty } from "../ui/parts";

export function SharedScreen({ query }: { query: string }): ReactElement {
  const decoded = useMemo(() => decodeQuery(query), [query]);
  useEffect(() => {
    if (decoded === null) return;
    const thread = newThreadId();
    runQuery(thread, decoded);
    go(pathOf("t", thread), true);
  }, [decoded]);
  if (decoded !== null) return <p className="waiting" role="status">Asking what the link holds …</p>;
  return (
    <Empty whole title="This link does not hold a question.">
      <p>It may have been cut off on the way. Ask whoever sent it for the whole link, or <a href="#/">ask the question yourself</a>.</p>
    </Empty>
  );
}
