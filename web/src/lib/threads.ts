// Conversations that are open in this page. Lives outside React, so that a question goes on while another screen is shown.
import { useSyncExternalStore } from "react";
import { ApiError, asProblem, call, jsonBody } from "../api/client";
import { type Progress, type StreamHandlers, cancelStream, resume, stream } from "../api/stream";
import type { Answer, AskRequest, Problem, QueryRequest, Turn as StoredTurn, ThreadWithTurns } from "../api/types";
import type { Query } from "./query";

export type TurnState = "stored" | "loading" | "running" | "done" | "failed" | "cancelled" | "task";

export interface Turn {
  key: string;
  /** What was typed; null when a query was run. */
  question: string | null;
  request: { path: "/v1/ask"; body: AskRequest } | { path: "/v1/query"; body: QueryRequest } | null;
  state: TurnState;
  /** The answer's id, which is also the stream's. */
  id: string | null;
  progress: Progress | null;
  reconnecting: number;
  partial: Partial<Answer> | null;
  answer: Answer | null;
  problem: Partial<Problem> | null;
  startedAt: number;
  feedback: "up" | "down" | null;
  /** The query in words, where the answer itself is not here. */
  restatement: string | null;
}

interface ThreadState {
  turns: Turn[];
  /** Earlier turns that the server keeps: fetched, or nothing there. */
  loaded: boolean;
}

const EMPTY: ThreadState = { turns: [], loaded: false };
const threads = new Map<string, ThreadState>();
const listeners = new Set<() => void>();
const running = new Map<string, AbortController>();
/** How many of a thread's latest answers are drawn at once when it is opened. */
const DRAWN_AT_ONCE = 5;
const PENDING_KEY = "aisle-pending";

function publish(thread: string, state: ThreadState): void {
  threads.set(thread, state);
  for (const listener of listeners) listener();
}

function update(thread: string, key: string, change: Partial<Turn>): void {
  const state = threads.get(thread);
  if (state === undefined) return;
  publish(thread, { ...state, turns: state.turns.map((turn) => (turn.key === key ? { ...turn, ...change } : turn)) });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useThread(thread: string | null): ThreadState {
  return useSyncExternalStore(subscribe, () => (thread === null ? EMPTY : (threads.get(thread) ?? EMPTY)));
}

export function randomId(prefix: string): string {
  const words = crypto.getRandomValues(new Uint32Array(4));
  return `${prefix}${Array.from(words, (word) => word.toString(16).padStart(8, "0")).join("")}`;
}
export const newThreadId = (): string => randomId("t");

/* ---- questions under way, remembered while the tab lives: a reload takes them up again. Ids and texts, no data. ---- */

interface Pending {
  thread: string;
  id: string;
  question: string | null;
}

function readPending(): Pending[] {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(PENDING_KEY) ?? "[]");
    return Array.isArray(value) ? (value as Pending[]).filter((one) => typeof one.id === "string" && typeof one.thread === "string").slice(-20) : [];
  } catch {
    return [];
  }
}

function writePending(change: (list: Pending[]) => Pending[]): void {
  try {
    sessionStorage.setItem(PENDING_KEY, JSON.stringify(change(readPending())));
  } catch {
    // Without storage a reload forgets what was running; the history still has it.
  }
}

/* ---- running ---- */

let whenAnswered: (() => void) | null = null;
/** What else is to be fetched again after an answer: the list of conversations. */
export function onAnswered(listener: () => void): void {
  whenAnswered = listener;
}

type Runner = (handlers: StreamHandlers, signal: AbortSignal) => Promise<Answer>;

async function run(thread: string, key: string, question: string | null, start: Runner): Promise<void> {
  const abort = new AbortController();
  running.set(key, abort);
  let id = "";
  let partial: Partial<Answer> = {};
  const handlers: StreamHandlers = {
    accepted: (given) => {
      id = given;
      update(thread, key, { id: given });
      writePending((list) => [...list.filter((one) => one.id !== given), { thread, id: given, question }]);
    },
    part: (part) => {
      partial = { ...partial, ...part };
      update(thread, key, { partial, reconnecting: 0 });
    },
    running: (progress) => update(thread, key, { progress, reconnecting: 0 }),
    reconnecting: (attempt) => update(thread, key, { reconnecting: attempt }),
  };
  try {
    const answer = await start(handlers, abort.signal);
    performance.mark(`answer-arrived:${key}`);
    update(thread, key, { state: "done", answer, id: answer.id, partial: null, progress: null, reconnecting: 0 });
    whenAnswered?.();
  } catch (error) {
    if (threads.get(thread)?.turns.find((turn) => turn.key === key)?.state === "task") return; // it goes on elsewhere
    const cancelled = abort.signal.aborted || (error instanceof ApiError && error.code === "cancelled");
    update(thread, key, { state: cancelled ? "cancelled" : "failed", problem: asProblem(error), partial: null, progress: null, reconnecting: 0 });
  } finally {
    running.delete(key);
    if (id !== "") writePending((list) => list.filter((one) => one.id !== id));
  }
}

function blankTurn(question: string | null, request: Turn["request"]): Turn {
  return {
    key: randomId("k"), question, request, state: "running", id: null, progress: null, reconnecting: 0, partial: null,
    answer: null, problem: null, startedAt: Date.now(), feedback: null, restatement: null,
  };
}

function begin(thread: string, turn: Turn, start: Runner): void {
  const state = threads.get(thread) ?? { turns: [], loaded: true };
  publish(thread, { ...state, turns: [...state.turns, turn] });
  void run(thread, turn.key, turn.question, start);
}

export function ask(thread: string, question: string, after: string | null): string {
  const body: AskRequest = { question, session: thread, ...(after !== null ? { after } : {}) };
  const turn = blankTurn(question, { path: "/v1/ask", body });
  begin(thread, turn, (handlers, signal) => stream("/v1/ask", body, handlers, signal));
  return turn.key;
}

/** `after` is the answer whose question was changed. */
export function runQuery(thread: string, query: Query, after: string | null = null): string {
  const body: QueryRequest = { query, session: thread, ...(after !== null ? { after } : {}) };
  const turn = blankTurn(null, { path: "/v1/query", body });
  begin(thread, turn, (handlers, signal) => stream("/v1/query", body, handlers, signal));
  return turn.key;
}

export function retry(thread: string, turn: Turn): void {
  const request = turn.request;
  if (request === null) return;
  update(thread, turn.key, { state: "running", problem: null, startedAt: Date.now(), id: null });
  void run(thread, turn.key, turn.question, (handlers, signal) => stream(request.path, request.body, handlers, signal));
}

export function cancel(turn: Turn): void {
  if (turn.id !== null) void cancelStream(turn.id);
  running.get(turn.key)?.abort();
}

/** Goes on as a task, which outlives the page and the server; the question here is cancelled. */
export async function moveToTask(thread: string, turn: Turn): Promise<void> {
  if (turn.request === null) return;
  await call("/v1/tasks", jsonBody(turn.request.body));
  update(thread, turn.key, { state: "task", partial: null, progress: null });
  cancel(turn);
}

export function setTurnFeedback(thread: string, key: string, feedback: "up" | "down" | null): void {
  update(thread, key, { feedback });
}

/* ---- what the server keeps ---- */

export async function fetchStoredAnswer(thread: string, turn: Turn): Promise<void> {
  if (turn.id === null || turn.state !== "stored") return;
  update(thread, turn.key, { state: "loading" });
  try {
    const answer = await call<Answer>(`/v1/answers/${encodeURIComponent(turn.id)}`);
    update(thread, turn.key, { state: "done", answer });
  } catch (error) {
    update(thread, turn.key, { state: "failed", problem: asProblem(error) });
  }
}

function storedTurn(stored: StoredTurn): Turn {
  return { ...blankTurn(stored.question, null), state: "stored", id: stored.id, feedback: stored.feedback, restatement: stored.restatement };
}

/** Earlier turns of a thread, once. A thread that the server does not know is simply empty. */
export async function loadThread(thread: string): Promise<void> {
  if (threads.get(thread)?.loaded) return;
  publish(thread, { turns: threads.get(thread)?.turns ?? [], loaded: true });
  let stored: StoredTurn[] = [];
  try {
    stored = (await call<ThreadWithTurns>(`/v1/threads/${encodeURIComponent(thread)}`)).turns;
  } catch (error) {
    if (!(error instanceof ApiError) || error.problem.status !== 404) {
      const turn = { ...blankTurn(null, null), state: "failed" as const, problem: asProblem(error) };
      publish(thread, { turns: [turn], loaded: false });
      return;
    }
  }
  const pending = readPending().filter((one) => one.thread === thread);
  const own = threads.get(thread)?.turns ?? [];
  const known = new Set([...own.map((turn) => turn.id), ...pending.map((one) => one.id)]);
  const turns = [...stored.filter((one) => !known.has(one.id)).map(storedTurn), ...own];
  publish(thread, { turns, loaded: true });
  for (const one of pending) begin(thread, { ...blankTurn(one.question, null), id: one.id }, (handlers, signal) => resume(one.id, handlers, signal));
  for (const turn of turns.slice(-DRAWN_AT_ONCE)) void fetchStoredAnswer(thread, turn);
}

/** Another tab or the command line may have added turns. */
export async function refreshThread(thread: string): Promise<void> {
  const state = threads.get(thread);
  if (state === undefined || state.turns.some((turn) => turn.state === "running" && turn.id === null)) return;
  try {
    const { turns } = await call<ThreadWithTurns>(`/v1/threads/${encodeURIComponent(thread)}`);
    const now = threads.get(thread) ?? state;
    if (now.turns.some((turn) => turn.state === "running" && turn.id === null)) return;
    const known = new Set(now.turns.map((turn) => turn.id));
    const added = turns.filter((one) => !known.has(one.id)).map(storedTurn);
    if (added.length === 0) return;
    publish(thread, { ...now, turns: [...now.turns, ...added] });
    for (const turn of added) void fetchStoredAnswer(thread, turn);
  } catch {
    // The next change says so again.
  }
}

/** Shows an answer that the server made earlier (a task's) in a new thread. */
export function fetchIntoThread(thread: string, answerId: string, title: string): void {
  const turn: Turn = { ...blankTurn(title, null), state: "stored", id: answerId };
  publish(thread, { turns: [turn], loaded: true });
  void fetchStoredAnswer(thread, turn);
}

export function forgetThread(thread: string): void {
  for (const turn of threads.get(thread)?.turns ?? []) if (turn.state === "running") cancel(turn);
  threads.delete(thread);
  for (const listener of listeners) listener();
}
