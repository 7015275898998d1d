// Conversations that are open in this page. Lives outside React, so that a question goes on while another screen is shown.
import { useSyncExternalStore } from "react";
import { ApiError, asProblem, call, jsonBody } from "../api/client";
import { type Progress, type Step, type StreamHandlers, cancelStream, resume, stream, wait } from "../api/stream";
import type { AgentRequest, Answer, AskRequest, Problem, QueryRequest, Turn as StoredTurn, Task, Tasks, ThreadWithTurns } from "../api/types";
import type { Query } from "./query";

export type TurnState = "stored" | "loading" | "running" | "done" | "failed" | "cancelled" | "task";

export interface Turn {
  key: string;
  /** What was typed; null when a query was run. */
  question: string | null;
  request: { path: "/v1/ask"; body: AskRequest } | { path: "/v1/query"; body: QueryRequest } | { path: "/v1/agent"; body: AgentRequest } | null;
  state: TurnState;
  /** The answer's id, which is also the stream's. */
  id: string | null;
  /** The task that the question became. */
  task: string | null;
  progress: Progress | null;
  reconnecting: number;
  /** What the assistant did so far, where it was asked. */
  steps: Step[];
  /** What it says, sentence by sentence. */
  said: string[];
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
/** Threads that changed elsewhere while a question of theirs was under way here. */
const missed = new Set<string>();
/** How many of a thread's latest answers are drawn at once when it is opened. */
const DRAWN_AT_ONCE = 5;
const PENDING_KEY = "aisle-pending";
/** What takes longer goes on as a task by itself: it then outlives this page. */
const LONG_MS = 8000;
const TASK_POLL_MS = [500, 1000, 1000, 2000];

function publish(thread: string, state: ThreadState): void {
  threads.set(thread, state);
  for (const listener of listeners) listener();
}

function update(thread: string, key: string, change: Partial<Turn>): void {
  const state = threads.get(thread);
  if (state === undefined) return;
  publish(thread, { ...state, turns: state.turns.map((turn) => (turn.key === key ? { ...turn, ...change } : turn)) });
}

function turnOf(thread: string, key: string): Turn | undefined {
  return threads.get(thread)?.turns.find((turn) => turn.key === key);
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
  /** `id` is a task's. */
  task?: boolean;
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

const arrivalOf = (key: string): string => `answer-arrived:${key}`;

function markArrival(key: string): void {
  if (performance.getEntriesByName(arrivalOf(key)).length === 0) performance.mark(arrivalOf(key));
}

/** What is drawn already is kept as it is, so that it is not drawn again. */
function withDrawnParts(answer: Answer, drawn: Partial<Answer> | null | undefined): Answer {
  return drawn?.rows && drawn.columns ? { ...answer, rows: drawn.rows, columns: drawn.columns, ...(drawn.chart ? { chart: drawn.chart } : {}) } : answer;
}

function settle(thread: string, key: string, answer: Answer): void {
  markArrival(key);
  const whole = withDrawnParts(answer, turnOf(thread, key)?.partial);
  update(thread, key, { state: "done", answer: whole, id: answer.id, partial: null, progress: null, reconnecting: 0 });
  whenAnswered?.();
}

/** Runs `draw` with the next frame; a hidden page has none. */
function withNextFrame(draw: () => void): void {
  if (document.visibilityState === "hidden") setTimeout(draw, 50);
  else requestAnimationFrame(draw);
}

/** A question that nobody waited for is carried on by the server as a task, whose id says whose it is. */
async function taskOf(answerId: string): Promise<Task | undefined> {
  const { tasks } = await call<Tasks>("/v1/tasks");
  return tasks.find((task) => task.id === `t${answerId.slice(1)}` && task.status !== "cancelled" && task.status !== "failed");
}

/** Whether it goes on as a task, which is followed from now on. */
async function followLeft(thread: string, key: string): Promise<boolean> {
  const turn = turnOf(thread, key);
  const task = turn?.id ? await taskOf(turn.id).catch(() => undefined) : undefined;
  if (turn === undefined || task === undefined) return false;
  update(thread, key, { state: "task", task: task.id, problem: null, reconnecting: 0 });
  writePending((list) => [...list.filter((one) => one.id !== turn.id && one.id !== task.id), { thread, id: task.id, question: turn.question, task: true }]);
  void followTask(thread, key, task.id);
  return true;
}

type Runner = (handlers: StreamHandlers, signal: AbortSignal) => Promise<Answer>;

async function run(thread: string, key: string, question: string | null, start: Runner): Promise<void> {
  const abort = new AbortController();
  running.set(key, abort);
  const long = setTimeout(() => {
    const turn = turnOf(thread, key);
    if (turn?.state === "running" && turn.request?.path !== "/v1/agent") moveToTask(thread, turn).catch(() => undefined); // it then goes on as it is
  }, LONG_MS);
  let id = "";
  let partial: Partial<Answer> = {};
  let drawing = false;
  // Parts come close together, most often with the whole answer: those of one frame are drawn once.
  const drawPart = () => {
    drawing = false;
    if (running.get(key) === abort) update(thread, key, { partial, reconnecting: 0 });
  };
  const handlers: StreamHandlers = {
    accepted: (given) => {
      id = given;
      update(thread, key, { id: given });
      writePending((list) => [...list.filter((one) => one.id !== given), { thread, id: given, question }]);
    },
    part: (part) => {
      partial = { ...partial, ...part };
      if (!drawing) withNextFrame(drawPart);
      drawing = true;
    },
    arrived: () => markArrival(key),
    running: (progress) => update(thread, key, { progress, reconnecting: 0 }),
    step: (step) => update(thread, key, { steps: [...(turnOf(thread, key)?.steps ?? []), step], reconnecting: 0 }),
    sentence: (text) => update(thread, key, { said: text === null ? [] : [...(turnOf(thread, key)?.said ?? []), text] }),
    reconnecting: (attempt) => update(thread, key, { reconnecting: attempt }),
  };
  try {
    settle(thread, key, await start(handlers, abort.signal));
  } catch (error) {
    if (turnOf(thread, key)?.state === "task") return; // it goes on elsewhere
    if (!abort.signal.aborted && (await followLeft(thread, key))) return;
    const cancelled = abort.signal.aborted || (error instanceof ApiError && error.code === "cancelled");
    update(thread, key, { state: cancelled ? "cancelled" : "failed", problem: asProblem(error), partial: null, progress: null, reconnecting: 0 });
  } finally {
    clearTimeout(long);
    if (running.get(key) === abort) running.delete(key);
    if (id !== "") writePending((list) => list.filter((one) => one.id !== id));
    if (missed.delete(thread)) void refreshThread(thread);
  }
}

function blankTurn(question: string | null, request: Turn["request"]): Turn {
  return {
    key: randomId("k"), question, request, state: "running", id: null, task: null, progress: null, reconnecting: 0, steps: [], said: [], partial: null,
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

/** In steps, with a language model where rules end. */
export function askAssistant(thread: string, question: string, after: string | null): string {
  const body: AgentRequest = { question, session: thread, prose: true, ...(after !== null ? { after } : {}) };
  const turn = blankTurn(question, { path: "/v1/agent", body });
  begin(thread, turn, (handlers, signal) => stream("/v1/agent", body, handlers, signal));
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
  performance.clearMarks(arrivalOf(turn.key));
  update(thread, turn.key, { state: "running", problem: null, startedAt: Date.now(), id: null, steps: [], said: [] });
  void run(thread, turn.key, turn.question, (handlers, signal) => stream(request.path, request.body, handlers, signal));
}

export function cancel(turn: Turn): void {
  if (turn.id !== null) void cancelStream(turn.id);
  running.get(turn.key)?.abort();
}

/** Goes on as a task, which outlives the page and the server; the question here is cancelled. */
export async function moveToTask(thread: string, turn: Turn): Promise<void> {
  if (turn.request === null || turn.request.path === "/v1/agent") return;
  const task = await call<Task>("/v1/tasks", jsonBody(turn.request.body));
  const now = turnOf(thread, turn.key);
  if (now?.state !== "running") {
    // The answer was faster, or it was cancelled meanwhile.
    await call(`/v1/tasks/${encodeURIComponent(task.id)}`, { method: "DELETE" }).catch(() => undefined);
    return;
  }
  update(thread, turn.key, { state: "task", task: task.id, reconnecting: 0 });
  cancel(now);
  writePending((list) => [...list, { thread, id: task.id, question: turn.question, task: true }]);
  void followTask(thread, turn.key, task.id);
}

/** Waits for a task's answer and shows it where it was asked. */
async function followTask(thread: string, key: string, id: string): Promise<void> {
  const abort = new AbortController();
  running.set(key, abort);
  const end = (change: Partial<Turn>) => {
    running.delete(key);
    writePending((list) => list.filter((one) => one.id !== id));
    update(thread, key, { ...change, task: null, partial: null, progress: null });
  };
  for (let round = 0; !abort.signal.aborted; round++) {
    try {
      const task = await call<Task>(`/v1/tasks/${encodeURIComponent(id)}`);
      if (abort.signal.aborted) return;
      if (task.status === "done" && task.answer) {
        end({ state: "running" });
        const answer = task.answer;
        const state = threads.get(thread);
        // After a reload it may be among the thread's answers already.
        if (state?.turns.some((turn) => turn.id === answer.id && turn.key !== key)) publish(thread, { ...state, turns: state.turns.filter((turn) => turn.key !== key) });
        else settle(thread, key, answer);
      } else if (task.status === "failed" || task.status === "done") {
        end({ state: "failed", problem: task.error ?? { detail: "The task ended without an answer." } });
      } else if (task.status === "cancelled") {
        end({ state: "cancelled" });
      } else {
        update(thread, key, { progress: { percent: task.percent, rows: task.rows } });
        await wait(TASK_POLL_MS[Math.min(round, TASK_POLL_MS.length - 1)]!, abort.signal);
        continue;
      }
      if (missed.delete(thread)) void refreshThread(thread);
      return;
    } catch (error) {
      if (abort.signal.aborted) return;
      if (!(error instanceof ApiError) || error.problem.status === 404) {
        end({ state: "failed", problem: asProblem(error) });
        return;
      }
      await wait(TASK_POLL_MS.at(-1)!, abort.signal).catch(() => undefined); // the server may be back then
    }
  }
}

/** Stops a task that is followed here. */
export async function cancelTask(thread: string, turn: Turn): Promise<void> {
  const id = turn.task;
  if (id === null) return;
  await call(`/v1/tasks/${encodeURIComponent(id)}`, { method: "DELETE" });
  running.get(turn.key)?.abort();
  running.delete(turn.key);
  writePending((list) => list.filter((one) => one.id !== id));
  update(thread, turn.key, { state: "cancelled", task: null, partial: null, progress: null });
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

function storedTurn(thread: string, stored: StoredTurn): Turn {
  const turn = { ...blankTurn(stored.question, null), id: stored.id, feedback: stored.feedback, restatement: stored.restatement };
  if (stored.status !== "failed") return { ...turn, state: "stored" };
  // Cancelled, or failed: not run again without being asked to.
  const request: Turn["request"] = stored.question === null ? null : { path: "/v1/ask", body: { question: stored.question, session: thread, ...(stored.after !== null ? { after: stored.after } : {}) } };
  return { ...turn, request, state: "failed", problem: { detail: "This question ended without an answer." } };
}

/** A question that became a task left its first run behind. */
function withoutFirstRuns(stored: StoredTurn[]): StoredTurn[] {
  return stored.filter((one, index) => one.status !== "failed" || one.question === null || !stored.slice(index + 1).some((later) => later.question === one.question));
}

/** What was under way when the page was left. */
function takeUp(thread: string, pending: Pending): void {
  const turn = { ...blankTurn(pending.question, null), id: pending.task ? null : pending.id };
  if (!pending.task) {
    begin(thread, turn, async (handlers, signal) => {
      // Away for long: then it was interrupted here and goes on as a task.
      if (await taskOf(pending.id).catch(() => undefined)) throw new ApiError({ code: "cancelled" });
      return resume(pending.id, handlers, signal);
    });
    return;
  }
  const state = threads.get(thread) ?? { turns: [], loaded: true };
  publish(thread, { ...state, turns: [...state.turns, { ...turn, state: "task", task: pending.id }] });
  void followTask(thread, turn.key, pending.id);
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
  const turns = [...withoutFirstRuns(stored).filter((one) => !known.has(one.id)).map((one) => storedTurn(thread, one)), ...own];
  publish(thread, { turns, loaded: true });
  // A refresh may have been quicker: the answer that was waited for is there by then.
  const there = new Set(own.map((turn) => turn.id));
  writePending((list) => list.filter((one) => one.task || !there.has(one.id)));
  for (const one of pending) if (one.task || !there.has(one.id)) takeUp(thread, one);
  for (const turn of turns.slice(-DRAWN_AT_ONCE)) void fetchStoredAnswer(thread, turn);
  for (const turn of turns) if (turn.state === "failed" && turn.id !== null) void followLeft(thread, turn.key);
}

/** Another tab or the command line may have added turns. */
export async function refreshThread(thread: string): Promise<void> {
  const state = threads.get(thread);
  if (state === undefined) return;
  // Where nothing was answered, the server keeps no such thread.
  if (state.turns.length > 0 && !state.turns.some((turn) => turn.state === "done" || turn.state === "stored" || turn.state === "loading")) return;
  // A question under way may be there already under an id that this page does not know, or its thread may not be there yet.
  const underWay = (now: ThreadState) => now.turns.some((turn) => turn.state === "running" || turn.state === "task");
  if (underWay(state)) {
    missed.add(thread);
    return;
  }
  try {
    const { turns } = await call<ThreadWithTurns>(`/v1/threads/${encodeURIComponent(thread)}`);
    const now = threads.get(thread) ?? state;
    if (underWay(now)) {
      missed.add(thread);
      return;
    }
    const known = new Set(now.turns.map((turn) => turn.id));
    const added = withoutFirstRuns(turns).filter((one) => !known.has(one.id)).map((one) => storedTurn(thread, one));
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
