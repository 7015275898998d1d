// Links that somebody sent: they hold a question as data. It is asked here, over what this reader may see.
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useEffect, useMemo } from "react";
import { ApiError, call } from "../api/client";
import type { Link } from "../api/types";
import type { Query } from "../lib/query";
import { decodeQuery, go, pathOf } from "../lib/router";
import { newThreadId, runQuery } from "../lib/threads";
import { Empty } from "../ui/parts";

function useAsked(query: Query | null | undefined): void {
  useEffect(() => {
    if (!query) return;
    const thread = newThreadId();
    runQuery(thread, query);
    go(pathOf("t", thread), true);
  }, [query]);
}

const asking = <p className="waiting" role="status">Asking what the link holds …</p>;

/** The question stands in the link itself. */
export function SharedScreen({ query }: { query: string }): ReactElement {
  const decoded = useMemo(() => decodeQuery(query), [query]);
  useAsked(decoded);
  if (decoded !== null) return asking;
  return (
    <Empty whole title="This link does not hold a question.">
      <p>It may have been cut off on the way. Ask whoever sent it for the whole link, or <a href="#/">ask the question yourself</a>.</p>
    </Empty>
  );
}

/** The link names a question that the server keeps for a while. */
export function LinkScreen({ id }: { id: string }): ReactElement {
  const link = useQuery({ queryKey: ["link", id], queryFn: () => call<Link>(`/v1/links/${encodeURIComponent(id)}`), retry: false, staleTime: Infinity });
  useAsked(link.data?.query);
  if (!link.error) return asking;
  const gone = link.error instanceof ApiError && (link.error.problem.status === 404 || link.error.problem.status === 410);
  return (
    <Empty whole title={gone ? "This link has expired." : "This link cannot be opened."}>
      <p>{gone ? "Links are kept for a while only." : link.error.message} Ask whoever sent it for a new one, or <a href="#/">ask the question yourself</a>.</p>
    </Empty>
  );
}
