// The frame around every screen: where one can go, the conversations so far, light or dark.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Component, type ErrorInfo, type ReactElement, type ReactNode, useEffect, useState } from "react";
import { ApiError, asProblem, call, jsonBody } from "./api/client";
import type { Thread, Threads as ThreadList } from "./api/types";
import { type Route, go, parseRoute, pathOf, useHash } from "./lib/router";
import { forgetThread } from "./lib/threads";
import { type Theme, setTheme, useTheme } from "./lib/theme";
import { AskScreen } from "./screens/AskScreen";
import { GlossaryScreen } from "./screens/GlossaryScreen";
import { HistoryScreen } from "./screens/HistoryScreen";
import { PinsScreen } from "./screens/PinsScreen";
import { LinkScreen, SharedScreen } from "./screens/SharedScreen";
import { TablesScreen } from "./screens/TablesScreen";
import { TasksScreen } from "./screens/TasksScreen";
import { WordsScreen } from "./screens/WordsScreen";
import { Icon, type IconName } from "./ui/icons";
import { ActionMenu, Button, Dialog, Empty, ErrorNote, Messages, say } from "./ui/parts";

const PLACES: Array<{ path: string; label: string; icon: IconName; screen: Route["screen"] }> = [
  { path: "#/", label: "Ask", icon: "ask", screen: "ask" },
  { path: "#/pins", label: "Pins", icon: "pin", screen: "pins" },
  { path: "#/history", label: "History", icon: "history", screen: "history" },
  { path: "#/tasks", label: "Tasks", icon: "task", screen: "tasks" },
  { path: "#/tables", label: "Tables", icon: "table", screen: "tables" },
  { path: "#/glossary", label: "Glossary", icon: "book", screen: "glossary" },
  { path: "#/words", label: "Your words", icon: "pen", screen: "words" },
];

const THEMES: Array<{ theme: Theme; label: string }> = [
  { theme: "system", label: "As the system" },
  { theme: "light", label: "Light" },
  { theme: "dark", label: "Dark" },
];

function RenameThread({ thread, onClose }: { thread: Thread; onClose: () => void }): ReactElement {
  const [title, setTitle] = useState(thread.title);
  const client = useQueryClient();
  const save = async () => {
    try {
      await call(`/v1/threads/${encodeURIComponent(thread.id)}`, jsonBody({ title: title.trim() }, "PATCH"));
      void client.invalidateQueries({ queryKey: ["threads"] });
      onClose();
    } catch (error) {
      say(asProblem(error).detail ?? "It could not be renamed.");
    }
  };
  return (
    <Dialog title="Rename the conversation" onClose={onClose}>
      <form className="form" onSubmit={(event) => { event.preventDefault(); void save(); }}>
        <label>Name <input type="text" value={title} maxLength={200} required onChange={(event) => setTitle(event.target.value)} /></label>
        <div className="row end"><Button onClick={onClose}>Cancel</Button><Button look="main" type="submit" disabled={title.trim() === ""}>Rename</Button></div>
      </form>
    </Dialog>
  );
}

function Threads({ current }: { current: string | null }): ReactElement | null {
  const [renaming, setRenaming] = useState<Thread | null>(null);
  const client = useQueryClient();
  const threads = useQuery({ queryKey: ["threads"], queryFn: () => call<ThreadList>("/v1/threads?limit=30") });
  const list = threads.data?.threads ?? [];
  const remove = async (thread: Thread) => {
    if (thread.id === current) go("#/");
    forgetThread(thread.id);
    try {
      await call(`/v1/threads/${encodeURIComponent(thread.id)}`, { method: "DELETE" });
      void client.invalidateQueries({ queryKey: ["threads"] });
    } catch (error) {
      say(asProblem(error).detail ?? "It could not be deleted.");
    }
  };
  if (list.length === 0) return null;
  return (
    <nav className="threads" aria-label="Conversations">
      <h2>Conversations</h2>
      <ul>
        {list.map((thread) => (
          <li key={thread.id}>
            <a href={pathOf("t", thread.id)} aria-current={thread.id === current ? "page" : undefined} title={thread.title}>{thread.title || "Untitled"}</a>
            <ActionMenu label={`Conversation ${thread.title}`} trigger={<Button look="quiet" icon="chevron" label={`More about ${thread.title || "this conversation"}`} />}
              items={[{ label: "Rename", run: () => setTimeout(() => setRenaming(thread)) }, { label: "Delete", run: () => void remove(thread) }]} />
          </li>
        ))}
      </ul>
      {renaming && <RenameThread key={renaming.id} thread={renaming} onClose={() => setRenaming(null)} />}
    </nav>
  );
}

function Screen({ route }: { route: Route }): ReactElement {
  switch (route.screen) {
    case "ask": return <AskScreen thread={route.thread} />;
    case "shared": return <SharedScreen query={route.query} />;
    case "link": return <LinkScreen id={route.id} />;
    case "pins": return <PinsScreen />;
    case "history": return <HistoryScreen />;
    case "tasks": return <TasksScreen />;
    case "words": return <WordsScreen />;
    case "tables": return <TablesScreen name={route.name} />;
    case "glossary": return <GlossaryScreen wanted={route.key} />;
    case "missing": return <Empty whole title="There is nothing at this address."><a href="#/">Ask a question</a></Empty>;
  }
}

/** A fault of this page stays within its screen and is said. */
class Guard extends Component<{ children: ReactNode; where: string }, { failed: Error | null }> {
  override state: { failed: Error | null } = { failed: null };
  static getDerivedStateFromError(failed: Error) {
    return { failed };
  }
  override componentDidUpdate(before: { where: string }) {
    if (before.where !== this.props.where && this.state.failed) this.setState({ failed: null });
  }
  override componentDidCatch(error: Error, info: ErrorInfo) {
    console.error(error, info.componentStack);
  }
  override render(): ReactNode {
    if (this.state.failed === null) return this.props.children;
    const problem = new ApiError({ detail: `This screen failed: ${this.state.failed.message}` }).problem;
    return <ErrorNote problem={problem} retry={() => this.setState({ failed: null })} />;
  }
}

export function App(): ReactElement {
  const hash = useHash();
  const route = parseRoute(hash);
  const theme = useTheme();
  const [menu, setMenu] = useState(false);
  useEffect(() => setMenu(false), [hash]);
  useEffect(() => {
    document.title = route.screen === "ask" ? "Aisle" : `${PLACES.find((place) => place.screen === route.screen)?.label ?? "Shared question"} · Aisle`;
  }, [route.screen]);
  const thread = route.screen === "ask" ? route.thread : null;
  return (
    <div className={`shell ${menu ? "menu-open" : ""}`}>
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to the content</a>
      <header className="rail">
        <div className="brand">
          <a href="#/" className="wordmark" aria-label="Aisle: ask something new">Aisle</a>
          <Button className="menu-button" look="quiet" icon={menu ? "close" : "menu"} label={menu ? "Close the menu" : "Open the menu"} aria-expanded={menu} onClick={() => setMenu(!menu)} />
        </div>
        <div className="rail-content">
          <nav aria-label="Places">
            <ul className="places">
              {PLACES.map((place) => (
                <li key={place.path}><a href={place.path} aria-current={place.screen === route.screen && (place.screen !== "ask" || thread === null) ? "page" : undefined}><Icon name={place.icon} />{place.label}</a></li>
              ))}
            </ul>
          </nav>
          <Threads current={thread} />
          <ActionMenu label="Light or dark" trigger={<Button className="theme" look="quiet" icon="sun">Light or dark</Button>}
            items={THEMES.map((one) => ({ label: one.label, checked: one.theme === theme, run: () => setTheme(one.theme) }))} />
        </div>
      </header>
      <main id="main" className={`screen ${route.screen}`} data-shown={hash} tabIndex={-1}>
        <Guard where={hash}><Screen route={route} /></Guard>
      </main>
      <Messages />
    </div>
  );
}
