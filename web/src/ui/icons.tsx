// One stroke, one size: drawn for this page.
import type { ReactElement } from "react";

const PATHS = {
  ask: "M3 4.5h14v9H9l-4 3v-3H3z",
  pin: "M7 3h6l-.8 5 2.3 3H5.5l2.3-3zM10 11v6",
  history: "M10 3.5a6.5 6.5 0 1 1-6.2 4.6M3.2 4v4.2h4.2M10 6.5V10l2.5 2",
  table: "M3 4h14v12H3zM3 8h14M3 12h14M8 8v8",
  book: "M4 3.5h9.5A2.5 2.5 0 0 1 16 6v10.500H6.500A2.500 2.500 0 0 1 4 14zM4 14a2.500 2.500 0 0 1 2.500-2.500H16",
  task: "M4 5h2v2H4zM4 13h2v2H4zM9 6h7M9 14h7M9 10h5",
  menu: "M3 5h14M3 10h14M3 15h14",
  close: "M5 5l10 10M15 5L5 15",
  plus: "M10 4v12M4 10h12",
  copy: "M7 7h9v9H7zM4 13V4h9",
  share: "M8 6H4v10h12v-4M11 4h5v5M16 4l-7 7",
  download: "M10 3v9M6 8.500l4 4 4-4M4 16h12",
  up: "M6 9l3.500-6c1.500 0 2 1 1.800 2.300L11 8h4.500c1 0 1.500.8 1.300 1.700l-1.300 5.300c-.2.8-.8 1-1.500 1H6zM3 9h3v7H3z",
  down: "M14 11l-3.500 6c-1.500 0-2-1-1.800-2.300L9 12H4.500c-1 0-1.500-.8-1.300-1.700L4.500 5c.2-.8.8-1 1.500-1h8zM17 4h-3v7h3z",
  chart: "M4 16V9M8 16V4M12 16v-5M16 16V7M3 16.500h14",
  chevron: "M6 8l4 4 4-4",
  sort: "M7 4v12M4 13l3 3 3-3M13 16V4M10 7l3-3 3 3",
  search: "M9 4a5 5 0 1 1 0 10A5 5 0 0 1 9 4zM12.700 12.700L17 17",
  reply: "M8 5L4 9l4 4M4 9h7a5 5 0 0 1 5 5v2",
  pen: "M4 16l1-4 8-8 3 3-8 8zM11.500 5.500l3 3",
  bin: "M4 6h12M8 6V4h4v2M6 6l.7 10h6.600L14 6",
  sun: "M10 6.500a3.500 3.500 0 1 1 0 7 3.500 3.500 0 0 1 0-7zM10 2.500v1.500M10 16v1.500M2.500 10H4M16 10h1.500M4.700 4.700l1 1M14.300 14.300l1 1M4.700 15.300l1-1M14.300 5.700l1-1",
  print: "M6 8V3h8v5M6 14H3V8h14v6h-3M6 12h8v5H6z",
  why: "M7 7.500a3 3 0 1 1 4.500 2.600c-1 .6-1.500 1.200-1.500 2.400M10 15.500v.8",
  compare: "M5 16V8M9 16V4M13 16v-6M17 16V7M3 16.500h16",
  check: "M4 10.500l4 4 8-9",
  warn: "M10 3.500L17.500 16.500h-15zM10 8.500v4M10 14.300v.4",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }): ReactElement {
  return (
    <svg className="icon" viewBox="0 0 20 20" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
