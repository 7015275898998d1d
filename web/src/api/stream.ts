// A question whose answer comes piece by piece (text/event-stream), resumed after the connection broke.
import { ApiError, jsonBody, problemOf, send } from "./client";
import type { Answer, Problem } from "./types";

export interface StreamEvent {
  id: string;
  event: string;
  data: string;
}

export interface Progress {
  rows?: number | null;
  percent?: number | null;
  seconds?: number | null;
}

/** What an assistant did, or has just said. */
export interface Step {
  step: string;
  detail: Record<string, unknown>;
}

export interface StreamHandlers {
  /** The stream's id: by it the question is cancelled and resumed. */
  accepted?: (id: string) => void;
  /** Parts of the answer, in the order in which they become known. */
  part?: (part: Partial<Answer>) => void;
  /** The result, or the whole answer, is here; it is not read yet. */
  arrived?: () => void;
  running?: (progress: Progress) => void;
  step?: (step: Step) => void;
  /** A checked sentence of a language model; null: it begins anew. */
  sentence?: (text: string | null) => void;
  /** The connection broke and is being made anew. */
  reconnecting?: (attempt: number) => void;
}

const MAX_EVENT_CHARACTERS = 64 * 1024 * 1024;
const RETRY_MS = [300, 800, 2000, 4000, 8000];
const KEPT_MS = [300, 1000, 3000];

/** Cuts a byte stream into events, as the HTML standard says (fields id, event, data; blank line ends). */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>).getReader();
  let buffer = "";
  let current: StreamEvent = { id: "", event: "message", data: "" };
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      buffer += value;
      if (buffer.length > MAX_EVENT_CHARACTERS) throw new ApiError({ code: "too_large", detail: "The answer is too large for this page." });
      const lines = buffer.split(/\r\n|\r|\n/);
      buffer = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "") {
          if (current.data !== "") yield { ...current, data: current.data.slice(0, -1) };
          current = { id: current.id, event: "message", data: "" };
          continue;
        }
        const colon = line.indexOf(":");
        if (colon === 0) continue; // a comment keeps the connection open
        const field = colon < 0 ? line : line.slice(0, colon);
        const text = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (field === "data") current.data += text + "\n";
        else if (field === "event") current.event = text;
        else if (field === "id") current.id = text;
      }
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}

interface StreamState {
  id: string;
  last: string;
  answer: Answer | null;
}

function take(event: StreamEvent, state: StreamState, handlers: StreamHandlers): void {
  if (event.id !== "") state.last = event.id;
  if (event.event === "result" || event.event === "done") handlers.arrived?.();
  const data = JSON.parse(event.data) as Record<string, unknown>;
  switch (event.event) {
    case "accepted":
      state.id = String(data["id"] ?? "");
      handlers.accepted?.(state.id);
      break;
    case "running":
      handlers.running?.(data as Progress);
      break;
    case "understood":
    case "result":
    case "sentences":
      handlers.part?.(data as Partial<Answer>);
      break;
    case "step":
      handlers.step?.(data as unknown as Step);
      break;
    case "sentence":
      handlers.sentence?.(typeof data["text"] === "string" ? data["text"] : null);
      break;
    case "done":
      state.answer = data as unknown as Answer;
      break;
    case "error":
      throw new ApiError(data as Partial<Problem>);
    default: // what a newer server may add
  }
}

async function takeAll(response: Response, state: StreamState, handlers: StreamHandlers): Promise<void> {
  const kind = response.headers.get("Content-Type") ?? "";
  if (!kind.startsWith("text/event-stream")) {
    state.answer = (await response.json()) as Answer;
    return;
  }
  // Said before the first event: the connection may break while that is on its way.
  const id = /^\/v1\/streams\/([\w-]+)$/.exec(response.headers.get("Content-Location") ?? "")?.[1];
  if (state.id === "" && id !== undefined) {
    state.id = id;
    handlers.accepted?.(id);
  }
  if (response.body === null) throw new TypeError("no body");
  for await (const event of readEvents(response.body)) {
    take(event, state, handlers);
    if (state.answer !== null) return;
  }
}

/** A stream is kept for a minute after its end, its answer for longer. */
async function kept(id: string, gone: Response, signal: AbortSignal): Promise<Answer> {
  for (const pause of [...KEPT_MS, 0]) {
    const response = await send(`/v1/answers/${encodeURIComponent(id)}`, { signal });
    if (response.ok) return (await response.json()) as Answer;
    if (response.status !== 404 || pause === 0) break;
    await wait(pause, signal); // its end may be a moment away
  }
  throw await problemOf(gone);
}

/** Follows a stream to its end; while the network fails, again from where it broke. */
async function follow(first: () => Promise<Response>, state: StreamState, handlers: StreamHandlers, signal: AbortSignal): Promise<Answer> {
  for (let attempt = 0; ; attempt++) {
    try {
      const response =
        attempt === 0
          ? await first()
          : await send(`/v1/streams/${encodeURIComponent(state.id)}`, {
              headers: { Accept: "text/event-stream", ...(state.last !== "" ? { "Last-Event-ID": state.last } : {}) },
              signal,
            });
      if (!response.ok && state.id !== "" && (response.status === 404 || response.status === 410)) return await kept(state.id, response, signal);
      if (!response.ok) throw await problemOf(response);
      const before = state.last;
      await takeAll(response, state, handlers);
      if (state.answer !== null) return state.answer;
      if (state.last !== before) attempt = 0;
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof ApiError && error.code !== "unreachable") throw error;
      if (state.id === "" && !(error instanceof ApiError)) throw error;
      if (state.id === "") throw error;
    }
    if (state.id === "") throw new ApiError({ code: "interrupted", detail: "The connection broke before the question was taken. Ask again." });
    const pause = RETRY_MS[attempt];
    if (pause === undefined) throw new ApiError({ code: "unreachable", detail: "The connection to Aisle is lost. The question may still be running there; ask again to see its answer." });
    handlers.reconnecting?.(attempt + 1);
    await wait(pause, signal);
  }
}

const BOTH_KINDS = { Accept: "text/event-stream, application/json" };

/** Asks (`/v1/ask`) or runs a semantic query (`/v1/query`). */
export function stream(path: string, body: unknown, handlers: StreamHandlers, signal: AbortSignal): Promise<Answer> {
  const init = jsonBody(body);
  const first = () => send(path, { ...init, headers: { ...init.headers, ...BOTH_KINDS }, signal });
  return follow(first, { id: "", last: "", answer: null }, handlers, signal);
}

/** Takes up a question that another view of the page asked. */
export function resume(id: string, handlers: StreamHandlers, signal: AbortSignal): Promise<Answer> {
  const first = () => send(`/v1/streams/${encodeURIComponent(id)}`, { headers: { Accept: "text/event-stream" }, signal });
  return follow(first, { id, last: "", answer: null }, handlers, signal);
}

export async function cancelStream(id: string): Promise<void> {
  // It may have ended meanwhile, which is what was wanted.
  await send(`/v1/streams/${encodeURIComponent(id)}`, { method: "DELETE" }).catch(() => undefined);
}
