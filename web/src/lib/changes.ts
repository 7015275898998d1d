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
  const showThread = () => {
    const route = parseRoute(location.hash);
    if (route.screen === "ask" && route.thread !== null) void refreshThread(route.thread);
  };
  let source: EventSource | null = null;
  let opened = false;
  const open = () => {
    source = new EventSource("/v1/events");
    // What changed before the first event can be heard, or while the line was broken, is not told again.
    source.addEventListener("open", () => {
      if (opened) void client.invalidateQueries({ refetchType: "active" });
      else void client.invalidateQueries({ queryKey: ["threads"] });
      opened = true;
      showThread();
    });
    for (const [name, keys] of Object.entries(KEYS)) {
      source.addEventListener(name, () => {
        for (const queryKey of keys) void client.invalidateQueries({ queryKey });
        if (name === "threads") showThread();
      });
    }
  };
  // A hidden tab holds no connection; it catches up when it is looked at again.
  const follow = () => {
    if (document.visibilityState === "hidden") {
      source?.close();
      source = null;
    } else if (source === null) {
      open(); // which catches up
    }
  };
  document.addEventListener("visibilitychange", follow);
  if (document.visibilityState !== "hidden") open();
}
