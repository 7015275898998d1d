// Talks to the API. Every failure becomes an ApiError whose message is fit for a person.
import type { Problem } from "./types";

const TIMEOUT_MS = 60_000;

export class ApiError extends Error {
  constructor(
    readonly problem: Partial<Problem>,
    readonly retryAfter = 0,
  ) {
    super(problem.detail ?? problem.title ?? "The request failed.");
  }
  get code(): string {
    return this.problem.code ?? "";
  }
}

const UNREACHABLE: Partial<Problem> = {
  code: "unreachable",
  title: "Aisle cannot be reached",
  detail: "Aisle does not answer. Is `aisle serve` still running? Nothing you typed is lost; try again.",
};

/** What a reply that is no success says about itself. */
export async function problemOf(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  try {
    const body: unknown = await response.json();
    if (body !== null && typeof body === "object" && "detail" in body) return new ApiError(body as Problem, retryAfter);
  } catch {
    // Not JSON: a proxy's own page, say.
  }
  return new ApiError({ status: response.status, code: "http", detail: `The server replied with status ${response.status}.` }, retryAfter);
}

/** fetch, with network failures said as a person would. An abort by the caller stays an AbortError. */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(path, { ...init, cache: "no-store", credentials: "same-origin" });
  } catch (error) {
    if (init.signal?.aborted && init.signal.reason instanceof DOMException && init.signal.reason.name === "TimeoutError")
      throw new ApiError({ code: "timeout", detail: "Aisle took too long to answer. Try again." });
    if (init.signal?.aborted) throw error;
    throw new ApiError(UNREACHABLE);
  }
}

export function jsonBody(body: unknown, method = "POST"): RequestInit {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

/** One call of the API. Replies without a body give null. */
export async function call<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await send(path, { signal: AbortSignal.timeout(TIMEOUT_MS), ...init });
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return null as T;
  const text = await response.text();
  return (text === "" ? null : JSON.parse(text)) as T;
}

export function asProblem(error: unknown): Partial<Problem> {
  if (error instanceof ApiError) return error.problem;
  return { code: "internal", detail: error instanceof Error ? error.message : String(error) };
}
