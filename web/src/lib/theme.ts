// Light, dark, or as the system says.
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";
const KEY = "aisle-theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const paper = window.matchMedia("print");
const listeners = new Set<() => void>();

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system"; // storage may be forbidden
  }
}

let theme = stored();

function apply(): void {
  // Paper is white, whatever the screen is; charts are drawn anew for it.
  document.documentElement.dataset["theme"] = paper.matches ? "light" : theme === "system" ? (dark.matches ? "dark" : "light") : theme;
  for (const listener of listeners) listener();
}

export function startTheme(): void {
  dark.addEventListener("change", apply);
  paper.addEventListener("change", apply);
  apply();
}

export function setTheme(wanted: Theme): void {
  theme = wanted;
  try {
    if (wanted === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, wanted);
  } catch {
    // It then holds until the page is closed.
  }
  apply();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useTheme = (): Theme => useSyncExternalStore(subscribe, () => theme);
/** Whether the page is being put on paper: there is no scrolling there. */
export const usePrinting = (): boolean => useSyncExternalStore(subscribe, () => paper.matches);
/** What is shown now: "light" or "dark". */
export const useShownTheme = (): string => useSyncExternalStore(subscribe, () => document.documentElement.dataset["theme"] ?? "light");
