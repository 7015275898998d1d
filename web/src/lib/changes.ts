// "Something changed, fetch again": keeps two tabs and the command line in step.
import type { QueryClient } from "@tanstack/react-query";
import { parseRoute } from "./router";
import { onAnswered, refreshThread } from "./threads";

const KEYS: Record<string, string[][]> = {
  snapshot: [["model"], ["tables"], ["table"], ["pin-answer"]],
  task: [["tasks"]],
  tasks: [["tasks"]],
  pins: [["pins"]],
  threads: [["threads"], ["history"]],
};

export function followChanges(client: QueryClient): void {
  onAnswered(() => {
    for (const name of ["threads", "history"]) void client.invalidateQueries({ queryKey: [name] });
  });
  let source: EventSource | null = null;
  const open = () => {
    source = new EventSource("/v1/events");
    for (const [name, keys] of Object.entries(KEYS)) {
      source.addEventListener(name, () => {
        for (const queryKey of keys) void client.invalidateQueries({ queryKey });
        const route = parseRoute(location.hash);
        if (name === "threads" && route.screen === "ask" && route.thread !== null) void refreshThread(route.thread);
      });
    }
  };
  // A hidden tab holds no connection; it catches up when it is looked at again.
  const follow = () => {
    if (document.visibilityState === "hidden") {
      source?.close();
      source = null;
    } else if (source === null) {
      void client.invalidateQueries({ refetchType: "active" });
      open();
    }
  };
  document.addEventListener("visibilitychange", follow);
  if (document.visibilityState !== "hidden") open();
}
