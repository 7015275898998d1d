// Small parts that every screen uses.
import * as Menu from "@radix-ui/react-dropdown-menu";
import * as Popover from "@radix-ui/react-popover";
import { type ButtonHTMLAttributes, type ReactElement, type ReactNode, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { asProblem } from "../api/client";
import type { Problem } from "../api/types";
import { Icon, type IconName } from "./icons";

/** Menus and panels are opened within the page's content, so that nothing lies outside its landmarks. */
export const stage = (): HTMLElement | null => document.getElementById("main");

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  icon?: IconName;
  look?: "plain" | "main" | "quiet";
  /** Said to those who cannot see the icon; the tooltip for those who can. */
  label?: string;
  ref?: React.Ref<HTMLButtonElement>;
}

export function Button({ icon, look = "plain", label, children, className = "", ...rest }: ButtonProps): ReactElement {
  return (
    <button type="button" className={`button ${look} ${children ? "" : "only-icon"} ${className}`} aria-label={children ? undefined : label} title={label} {...rest}>
      {icon && <Icon name={icon} />}
      {children && <span>{children}</span>}
    </button>
  );
}

export interface MenuItem {
  label: string;
  run: () => void;
  disabled?: boolean;
  checked?: boolean;
}

export function ActionMenu({ trigger, items, label }: { trigger: ReactNode; items: MenuItem[]; label?: string }): ReactElement {
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger asChild>{trigger}</Menu.Trigger>
      <Menu.Portal container={stage()}>
        <Menu.Content className="menu" align="start" sideOffset={4} collisionPadding={8} aria-label={label}>
          {items.map((item) => (
            <Menu.Item key={item.label} className="menu-item" disabled={item.disabled ?? false} onSelect={item.run}>
              <span className="menu-mark">{item.checked && <Icon name="check" />}</span>
              {item.label}
            </Menu.Item>
          ))}
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}

interface PanelProps {
  trigger: ReactNode;
  label: string;
  children: (close: () => void) => ReactNode;
}

/** A small panel beside its button; Escape and a click elsewhere close it. */
export function Panel({ trigger, label, children }: PanelProps): ReactElement {
  const [open, setOpen] = useState(false);
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>{trigger}</Popover.Trigger>
      <Popover.Portal container={stage()}>
        <Popover.Content className="panel" align="start" sideOffset={4} collisionPadding={8} aria-label={label}>
          {children(() => setOpen(false))}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** A dialog of the browser itself: it keeps the focus and closes with Escape. */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog ref={dialog} className="dialog" aria-label={title} onClose={onClose} onCancel={onClose}>
      <header>
        <h2>{title}</h2>
        <Button icon="close" look="quiet" label="Close" onClick={onClose} />
      </header>
      {children}
    </dialog>
  );
}

export function ErrorNote({ problem, retry, children }: { problem: Partial<Problem>; retry?: (() => void) | undefined; children?: ReactNode }): ReactElement {
  return (
    <div className="note bad" role="alert">
      <Icon name="warn" />
      <div>
        <p>{problem.detail ?? problem.title ?? "Something went wrong."}</p>
        {problem.hint && <p className="hint">{problem.hint}</p>}
        {children}
        {retry && <Button onClick={retry}>Try again</Button>}
      </div>
    </div>
  );
}

interface FetchedProps<T> {
  query: { data: T | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  children: (data: T) => ReactNode;
  what: string;
}

/** What is fetched: waiting, failed with a reason, or there. */
export function Fetched<T>({ query, children, what }: FetchedProps<T>): ReactElement {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <ErrorNote problem={asProblem(query.error)} retry={() => void query.refetch()} />;
  return <p className="waiting" role="status">Fetching {what} …</p>;
}

/** Where there is nothing; `whole` when that is all the screen says. */
export function Empty({ title, whole = false, children }: { title: string; whole?: boolean; children?: ReactNode }): ReactElement {
  const Title = whole ? "h1" : "p";
  return (
    <div className="empty">
      <Title className="empty-title">{title}</Title>
      {children}
    </div>
  );
}

export function SearchBox({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }): ReactElement {
  return (
    <label className="search">
      <Icon name="search" />
      <span className="hidden">{label}</span>
      <input type="search" value={value} placeholder={label} maxLength={200} onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}

/** A value that follows another after it stood still for a while. */
export function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

/* ---- short messages ---- */

let message: { text: string; id: number } | null = null;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setTimeout> | undefined;

export function say(text: string): void {
  message = { text, id: (message?.id ?? 0) + 1 };
  clearTimeout(timer);
  timer = setTimeout(() => {
    message = null;
    for (const listener of listeners) listener();
  }, 5000);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Messages(): ReactElement {
  const shown = useSyncExternalStore(subscribe, () => message);
  return (
    <div className="messages" role="status" aria-live="polite">
      {shown && <p key={shown.id}>{shown.text}</p>}
    </div>
  );
}

export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} copied`);
  } catch {
    say("The browser does not let this page copy; select the text and copy it yourself.");
  }
}
