import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/ask.css";
import "./styles/answer.css";
import "./styles/screens.css";
import "./styles/print.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { ApiError } from "./api/client";
import { followChanges } from "./lib/changes";
import { startTheme } from "./lib/theme";

startTheme();
const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: true,
      // What was refused will be refused again; only what may be passing is tried anew.
      retry: (count, error) => count < 2 && (!(error instanceof ApiError) || error.code === "unreachable" || error.problem.status === 503),
    },
  },
});
followChanges(client);
createRoot(document.getElementById("root")!).render(
  <QueryClientProvider client={client}>
    <App />
  </QueryClientProvider>,
);
