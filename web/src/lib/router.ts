// Addresses are in the fragment: it never reaches a server, a proxy or a log.
import { useSyncExternalStore } from "react";

export type Route =
  | { screen: "ask"; thread: string | null }
  | { screen: "shared"; query: string }
  | { screen: "link"; id: string }
  | { screen: "pins" | "history" | "tasks" | "words" }
  | { screen: "tables"; name: string | null }
  | { screen: "glossary"; key: string | null }
  | { screen: "missing" };

function decode(text: string | undefined): string | null {
  if (text === undefined || text === "") return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

export function parseRoute(hash: string): Route {
  const [screen, rest] = hash.replace(/^#\/?/, "").split("/", 2);
  switch (screen) {
    case "":
    case undefined:
      return { screen: "ask", thread: null };
    case "t":
      return { screen: "ask", thread: decode(rest) };
    case "q":
      return { screen: "shared", query: rest ?? "" };
    case "l":
      return { screen: "link", id: decode(rest) ?? "" };
    case "pins":
    case "history":
    case "tasks":
    case "words":
      return { screen };
    case "tables":
      return { screen, name: decode(rest) };
    case "glossary":
      return { screen, key: decode(rest) };
    default:
      return { screen: "missing" };
  }
}

export function pathOf(screen: string, rest?: string | null): string {
  return `#/${screen}${rest ? `/${encodeURIComponent(rest)}` : ""}`;
}

export function go(path: string, replace = false): void {
  if (!replace) {
    location.hash = path;
    return;
  }
  history.replaceState(null, "", path);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}

export function useHash(): string {
  return useSyncExternalStore(subscribe, () => location.hash);
}

/** A link holds what is asked, never what came out. */
export function encodeQuery(query: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(query));
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** null: not a link of ours, or cut off on the way. */
export function decodeQuery(text: string): Record<string, unknown> | null {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
