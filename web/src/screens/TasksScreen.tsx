// Questions that take long: how far they are, and their results, which wait for whoever asked.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { asProblem, call } from "../api/client";
import type { Task, Tasks } from "../api/types";
import { formatWhen } from "../lib/format";
import { go, pathOf } from "../lib/router";
import { fetchIntoThread, newThreadId } from "../lib/threads";
import { Button, Empty, Fetched, say } from "../ui/parts";

const WORDS: Record<Task["status"], string> = { queued: "waiting", running: "running", done: "done", failed: "failed", cancelled: "cancelled" };
const POLL_MS = 1000;

export function TasksScreen(): ReactElement {
  const client = useQueryClient();
  const tasks = useQuery({
    queryKey: ["tasks"],
    queryFn: () => call<Tasks>("/v1/tasks"),
    refetchInterval: (query) => (query.state.data?.tasks.some((task) => task.status === "queued" || task.status === "running") ? POLL_MS : false),
  });
  const stop = async (task: Task) => {
    try {
      await call(`/v1/tasks/${encodeURIComponent(task.id)}`, { method: "DELETE" });
    } catch (error) {
      say(asProblem(error).detail ?? "It could not be cancelled.");
    }
    void client.invalidateQueries({ queryKey: ["tasks"] });
  };
  const open = (task: Task) => {
    if (!task.answer_id) return;
    const thread = newThreadId();
    fetchIntoThread(thread, task.answer_id, task.title);
    go(pathOf("t", thread));
  };
  return (
    <>
      <h1>Tasks</h1>
      <Fetched query={tasks} what="tasks">
        {({ tasks: list }) =>
          list.length === 0 ? (
            <Empty title="Nothing runs in the background."><p>When a question takes more than two seconds, you can let it finish here; you may close the page meanwhile.</p></Empty>
          ) : (
            <ul className="entries tasks">
              {list.map((task) => {
                const busy = task.status === "queued" || task.status === "running";
                return (
                  <li key={task.id}>
                    {task.answer_id && task.status === "done" ? <button type="button" className="link" onClick={() => open(task)}>{task.title}</button> : <span>{task.title}</span>}
                    <span className={`status ${task.status}`}>{WORDS[task.status] ?? task.status}{busy && typeof task.percent === "number" ? ` ${Math.round(task.percent)} %` : ""}</span>
                    <time dateTime={task.created_at}>{formatWhen(task.created_at)}</time>
                    <span>{busy ? <progress max={100} {...(typeof task.percent === "number" ? { value: task.percent } : {})} aria-label={`Progress of ${task.title}`} /> : task.error?.detail}</span>
                    {busy ? <Button look="quiet" onClick={() => void stop(task)}>Cancel</Button> : <span />}
                  </li>
                );
              })}
            </ul>
          )
        }
      </Fetched>
    </>
  );
}
