// Made by scripts/api_types.py from the program's own /openapi.json. Do not edit: `make api-types` writes it anew.

export type AgentRequest = {
  /** In words, as to a colleague. */
  question: string;
  /** The day to count from; moves the calendar only. */
  as_of?: string;
  /** Follows the newest answer of this session. */
  session?: string;
  /** Follows the answer with this id. */
  after?: string;
  max_rows?: number;
  /** Whether a language model may be asked (true), as far as the settings allow one. */
  model?: boolean;
  /** Sentences by the model, each checked, where there are several parts. */
  prose?: boolean;
  /** Most that this question may cost, in the price table's currency (0.05). */
  budget?: number;
  /** Most that it may take, within the server's own limit. */
  seconds?: number;
};

/** What every question gets: an answer, a question back, a refusal with its reason, or a failure. */
export type Answer = {
  schema_version: 1;
  id: string;
  status: "answered" | "clarify" | "refused" | "failed";
  /** null when a semantic query was asked. */
  question: string | null;
  as_of: string | null;
  /** What each span of the question became. */
  understood?: Array<{
    start?: number;
    length?: number;
    text: string;
    kind: string;
    meaning?: string | null;
    score?: number;
    /** What else the words are called in this data. */
    alternatives?: Array<string>;
  }> | null;
  query?: null | SemanticQuery;
  resolved?: null | SemanticQuery;
  sql?: string | null;
  columns?: Array<{
    name: string;
    label: string;
    type: "text" | "integer" | "number" | "decimal" | "date" | "timestamp" | "time" | "boolean" | "period";
    role: "dimension" | "measure";
    unit: string | null;
    format: string | null;
  }> | null;
  rows?: Array<Array<string | number | boolean | null>> | null;
  row_count?: number | null;
  truncated?: boolean | null;
  narrative?: string | null;
  facts?: Array<{
    text: string;
    value: unknown;
    from: string;
  }> | null;
  /** An Apache ECharts option. */
  chart?: Record<string, unknown> | null;
  caveats?: Array<{
    code: string;
    text: string;
  }> | null;
  sources?: Array<{
    table: string;
    version: number;
    /** The name of the snapshot the table was read as of; absent: its newest version, or one of a time. */
    snapshot?: string;
    data_through?: string | null;
    files?: number | null;
    files_total?: number | null;
    bytes_total?: number | null;
    bytes_scanned?: number | null;
    rows_scanned?: number | null;
    rollup?: string | null;
    rollup_reason?: string | null;
  }> | null;
  clarify?: {
    question: string;
    options: Array<{
      label: string;
      query?: null | SemanticQuery;
    }>;
  } | null;
  reason?: {
    code: string;
    missing?: string | null;
    closest?: Array<string> | null;
    text?: string | null;
  } | null;
  error?: {
    code: string;
    message: string;
    hint?: string | null;
  } | null;
  after?: string | null;
  session?: string | null;
  route?: "exact_cache" | "meaning_cache" | "rules" | "model" | null;
  cost?: number | null;
  model_hash?: string | null;
  timing_ms: {
    [key: string]: number;
  };
};

export type AskRequest = {
  /** In words, as to a colleague. */
  question: string;
  /** The day to count from; moves the calendar only. */
  as_of?: string;
  /** Follows the newest answer of this session. */
  session?: string;
  /** Follows the answer with this id. */
  after?: string;
  /** Data as this named snapshot has it. */
  snapshot?: string;
  /** Data as it was at the end of this day, UTC. */
  at?: string;
  /** Tables at this version. */
  at_version?: number;
  max_rows?: number;
  /** Keep other readings and their scores. */
  explain?: boolean;
};

/** As OpenAI's; header x-aisle-route names who answered, x-aisle-cost what it cost. */
export type ChatCompletion = {
  choices: Array<Record<string, unknown>>;
  usage?: Record<string, unknown>;
};

/** As OpenAI's chat completions; what is not named here is passed on. */
export type ChatRequest = {
  /** A logical model: query, summary, ... */
  model: string;
  messages: Array<{
    role: string;
    [key: string]: unknown;
  }>;
  stream?: boolean;
  max_tokens?: number;
  max_completion_tokens?: number;
  n?: number;
  temperature?: number;
  tools?: Array<{
    [key: string]: Json;
  }>;
  response_format?: {
    [key: string]: Json;
  };
  [key: string]: unknown;
};

/** An OpenAPI 3.1 document. */
export type Document = Record<string, unknown>;

export type Embeddings = {
  data: Array<Record<string, unknown>>;
};

export type EmbeddingsRequest = {
  model: string;
  input: string | Array<string>;
  encoding_format?: "float" | "base64";
  [key: string]: unknown;
};

export type Feedback = {
  id: string;
  answer_id: string;
  verdict: "up" | "down";
  reason?: string;
  text?: string;
  created_at: string;
};

export type Health = {
  status: "ok" | "stopping";
  version?: string;
  /** Whether a language model helps where rules end: POST /v1/agent. */
  assistant?: boolean;
};

export type History = {
  entries: Array<HistoryEntry>;
  /** Give it as "before" for what comes behind; null: nothing. */
  next: number | null;
};

export type HistoryEntry = {
  id: string;
  at: string;
  question: string | null;
  restatement: string | null;
  status: string;
  route: string | null;
  ms: number;
  session: string | null;
};

/** Any JSON whose texts and names hold no NUL. */
export type Json = {
  [key: string]: Json;
} | Array<Json> | string | number | boolean | null;

export type JsonObject = {
  [key: string]: Json;
};

export type LanguageModels = {
  object: "list";
  data: Array<{
    id: string;
  }>;
};

export type Link = {
  id: string;
  query: Record<string, unknown>;
  title?: string;
  as_of?: string;
  chart_type?: string;
  created_at: string;
  expires_at: string;
};

/** A JSON-RPC 2.0 message; see modelcontextprotocol.io. */
export type McpMessage = {
  jsonrpc: string;
  method?: string;
  params?: {
    [key: string]: Json;
  };
  [key: string]: unknown;
};

/** The reply; a notification gets none, and status 202. */
export type McpReply = Record<string, unknown>;

export type Memory = {
  entries: Array<MemoryEntry>;
};

export type MemoryEntry = {
  id: number;
  phrase: string;
  meaning: string;
  origin: "taught" | "chosen";
  uses?: number;
  created_ms?: number;
};

/** Datasets, fields, entities, metrics, conditions, relationships, hierarchies. */
export type Model = Record<string, unknown>;

export type NewFeedback = {
  answer_id: string;
  verdict: "up" | "down";
  reason?: "wrong_number" | "misunderstood" | "incomplete" | "chart" | "slow" | "other";
  text?: string;
};

export type NewLink = {
  query: SemanticQuery;
  title?: string;
  as_of?: string;
  chart_type?: string;
  /** How long it is valid; 365. */
  days?: number;
};

export type NewMemory = {
  phrase: string;
  /** In words of the model. */
  meaning: string;
};

export type NewPin = {
  title: string;
  query: SemanticQuery;
  as_of?: string;
  chart_type?: string;
};

export type News = {
  events: Array<{
    id: number;
    /** What has changed: threads, pins, tasks, links or snapshot. */
    event: string;
  }>;
  /** Give it as "after" for what comes behind. */
  last: number;
};

export type Pin = {
  id: string;
  title: string;
  query: Record<string, unknown>;
  as_of?: string;
  chart_type?: string;
  position: number;
  created_at: string;
  updated_at: string;
};

export type PinChange = {
  title?: string;
  chart_type?: string;
  /** Pins stand in the order of this. */
  position?: number;
};

export type Pins = {
  pins: Array<Pin>;
};

/** RFC 9457. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** Stable name of the kind of error. */
  code: string;
  hint?: string;
  answer_id?: string;
};

export type QueryRequest = {
  query: SemanticQuery;
  as_of?: string;
  after?: string;
  session?: string;
  /** Data as this named snapshot has it. */
  snapshot?: string;
  /** Data as it was at the end of this day, UTC. */
  at?: string;
  /** Tables at this version. */
  at_version?: number;
  max_rows?: number;
};

export type Registry = {
  /** When it was looked at: milliseconds since 1970, UTC. */
  checked_ms: number;
  /** Nothing was looked at: what is known is young enough. */
  fresh: boolean;
  /** Questions see other data from now on. */
  changed: boolean;
  tables: Array<{
    name: string;
    label: string;
    source: string;
    format: "parquet" | "delta";
    status: "new" | "changed" | "same" | "drift" | "gone";
    version: number;
    files: number;
    files_left_out: number;
    /** -1: not known. */
    rows: number;
    bytes: number;
    /** When its newest file was written. */
    data_ms: number;
    columns: Array<{
      name: string;
      label: string;
      type: string;
    }>;
    /** What differs from the columns that are read. */
    drift: Array<string>;
  }>;
  /** Places that could not be read. */
  problems: Array<string>;
};

export type RegistryRefresh = {
  /** Tables whose changed columns are taken over. */
  accept?: Array<string>;
};

/** Records of S3's event notifications, an event of EventBridge with its detail, or the test event of a new notification. */
export type S3Event = {
  Records: Array<unknown>;
} | {
  detail: Record<string, unknown>;
} | {
  Event: "s3:TestEvent";
};

export type S3EventSeen = {
  /** Objects that the event names. */
  objects: number;
  /** Of these, at places that the registry names. */
  concerned: number;
};

/** A question as data: what rules, people and language models all speak. Rows of the facts, restricted by filters and time, are grouped by dimensions; one value per metric and group; then comparison, shares, windows, having, order, limit. Defaults are left out. */
export type SemanticQuery = {
  data?: SemanticQueryData;
  metrics?: Array<SemanticQueryMetric>;
  dimensions?: Array<SemanticQueryDimension>;
  time?: SemanticQueryTime;
  /** dataset.field; without it, each fact's default date. */
  time_field?: string;
  filters?: SemanticQueryFilters;
  having?: Array<{
    /** Index into metrics. */
    metric?: number;
    on?: "value" | "previous" | "change" | "growth" | "share" | "window";
    op?: SemanticQueryOperator;
    value?: number;
    value_to?: number;
  }>;
  /** Adds m_previous, m_change and m_growth beside each metric m. */
  compare?: {
    kind: "periods" | "previous" | "year_earlier" | "members" | "rest" | "snapshots";
    baseline?: SemanticQueryTime;
    data?: SemanticQueryData;
    field?: string;
    member?: string;
    other?: string;
    show?: Array<"value" | "previous" | "change" | "growth">;
    /** Which way the question takes it to have gone. Changes no number; an answer that went the other way says so. */
    toward?: "rise" | "fall";
  };
  order?: Array<{
    metric?: number;
    dimension?: number;
    on?: "value" | "previous" | "change" | "growth" | "share" | "window" | "dimension";
    descending?: boolean;
    absolute?: boolean;
  }>;
  limit?: number;
  /** The third highest: limit 1, offset 2. */
  offset?: number;
  /** The limit holds within each combination of the first n dimensions. */
  limit_within?: number;
  window?: {
    kind: "cumulative" | "moving_average" | "rank" | "run_rate";
    /** Buckets of a moving average; days that a run rate carries the period's total on to. */
    size?: number;
  };
  share_of?: "total" | {
    within?: number;
  };
  cohort?: {
    kind: "new" | "repeat";
    entity: string;
  };
  /** Fields to list rows of, instead of aggregating. */
  detail?: Array<string>;
  analysis?: "drivers" | "summary";
  missing_rows?: "zero" | "omit";
};

export type SemanticQueryAggregate = "sum" | "count" | "count_distinct" | "average" | "median" | "min" | "max" | "percentile" | "first" | "last" | "stddev";

export type SemanticQueryCyclic = "hour_of_day" | "weekday" | "day_of_month" | "week_of_year" | "month_of_year" | "quarter_of_year" | "weekend";

/** Which state of the tables: without it, or empty, as they are. A snapshot by name; the one kept within a time, or the tables as they stood at its end; the tables as they stood at the end of a time; the newest snapshot, the newest that is not the data as it is, the oldest. */
export type SemanticQueryData = Record<string, never> | {
  snapshot: string;
} | {
  taken: SemanticQueryTime;
} | {
  at: SemanticQueryTime;
} | {
  which: "newest" | "previous" | "oldest";
};

export type SemanticQueryDimension = string | {
  field: string;
} | {
  time: SemanticQueryUnit;
  field?: string;
} | {
  cyclic: SemanticQueryCyclic;
  field?: string;
} | {
  field: string;
  edges: SemanticQueryEdges;
} | {
  entity: string;
  metric: SemanticQueryMetric;
  edges: SemanticQueryEdges;
} | {
  entity: string;
  first: SemanticQueryUnit;
};

/** Ascending lower bounds of the second bucket onwards; none, for entities: every value is a group. */
export type SemanticQueryEdges = Array<number>;

export type SemanticQueryFilter = {
  field: string;
  op?: SemanticQueryOperator;
  values?: SemanticQueryValues;
  negated?: boolean;
} | {
  condition: string;
  negated?: boolean;
} | {
  cyclic: SemanticQueryCyclic;
  field?: string;
  op?: SemanticQueryOperator;
  values?: SemanticQueryValues;
  negated?: boolean;
} | {
  entity?: string;
  field?: string;
  metric: SemanticQueryMetric;
  top?: number;
  op?: SemanticQueryOperator;
  values?: SemanticQueryValues;
  negated?: boolean;
  within?: boolean;
} | {
  entity: string;
  did: SemanticQueryFilters;
  time?: SemanticQueryTime;
  negated?: boolean;
  within?: boolean;
} | {
  any: SemanticQueryFilters;
  negated?: boolean;
};

/** All must hold. */
export type SemanticQueryFilters = Array<SemanticQueryFilter>;

export type SemanticQueryMetric = string | {
  metric: string;
  name?: string;
  label?: string;
  filters?: SemanticQueryFilters;
  time?: SemanticQueryTime;
  /** For denominators: share of all customers. */
  ignore_query_filters?: boolean;
} | {
  aggregate: SemanticQueryAggregate;
  percentile?: number;
  metric?: string;
  field?: string;
  dataset?: string;
  name?: string;
  label?: string;
  filters?: SemanticQueryFilters;
  time?: SemanticQueryTime;
  /** For denominators: share of all customers. */
  ignore_query_filters?: boolean;
} | {
  aggregate: SemanticQueryAggregate;
  percentile?: number;
  field?: string;
  field_to: string;
  name?: string;
  label?: string;
  filters?: SemanticQueryFilters;
  time?: SemanticQueryTime;
  /** For denominators: share of all customers. */
  ignore_query_filters?: boolean;
} | {
  aggregate: SemanticQueryAggregate;
  percentile?: number;
  per: {
    entity: string;
  } | {
    unit: SemanticQueryUnit;
  };
  of: SemanticQueryMetric;
  /** Only those whose value passes count: days with sales above 5000. */
  where?: {
    op: "=" | "!=" | "<" | "<=" | ">" | ">=" | "between";
    value: number;
    value_to?: number;
  };
  name?: string;
  label?: string;
  filters?: SemanticQueryFilters;
  time?: SemanticQueryTime;
  /** For denominators: share of all customers. */
  ignore_query_filters?: boolean;
} | {
  ratio: [SemanticQueryMetric, SemanticQueryMetric];
  name?: string;
  label?: string;
  filters?: SemanticQueryFilters;
  time?: SemanticQueryTime;
  /** For denominators: share of all customers. */
  ignore_query_filters?: boolean;
} | {
  difference: [SemanticQueryMetric, SemanticQueryMetric];
  name?: string;
  label?: string;
  filters?: SemanticQueryFilters;
  time?: SemanticQueryTime;
  /** For denominators: share of all customers. */
  ignore_query_filters?: boolean;
} | {
  sum: [SemanticQueryMetric, SemanticQueryMetric];
  name?: string;
  label?: string;
  filters?: SemanticQueryFilters;
  time?: SemanticQueryTime;
  /** For denominators: share of all customers. */
  ignore_query_filters?: boolean;
};

export type SemanticQueryOperator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "between" | "is_null" | "is_not_null" | "contains" | "starts_with";

/** Nothing: all data. Absolute: half open. Relative: units from as_of's unit, rolling, or to date. */
export type SemanticQueryTime = Record<string, never> | {
  from?: string;
  /** The first day after. */
  to?: string;
} | {
  unit: SemanticQueryUnit;
  offset?: number;
  count?: number;
} | {
  unit: SemanticQueryUnit;
  rolling: number;
} | {
  to_date: SemanticQueryUnit;
  offset?: number;
};

export type SemanticQueryUnit = "hour" | "day" | "week" | "month" | "quarter" | "half" | "year" | "fiscal_quarter" | "fiscal_year";

export type SemanticQueryValues = Array<string | number | boolean>;

export type Suggestions = {
  suggestions: Array<string>;
};

export type Summary = {
  id: string;
  text: string;
  /** The answer parsed, where a schema was given. */
  json?: unknown;
  /** In the price table's currency, exact. */
  cost: string;
  usage: Record<string, unknown>;
  consistency?: number | null;
};

export type SummaryAccepted = {
  id: string;
  state: string;
  location: string;
};

/** A job; or {jobs: [...]} where no id was given. */
export type SummaryJob = {
  id?: string;
  state?: "queued" | "running" | "done" | "failed" | "cancelled";
  percent?: number;
  result?: unknown;
  error?: unknown;
  jobs?: Array<Record<string, unknown>>;
};

/** A template with its input, or messages and a model. */
export type SummaryRequest = {
  /** As in a ChatRequest. */
  messages?: Array<JsonObject>;
  tools?: Array<JsonObject>;
  template?: string;
  version?: string;
  /** Meets the template's input schema; what it sends is quoted as data. */
  input?: JsonObject;
  model?: string;
  output_schema?: JsonObject;
  max_tokens?: number;
  temperature?: number;
  /** Every number and direction of the answer is held against the input. */
  check_facts?: boolean;
  purpose?: string;
  /** Jobs of one series can be listed together. */
  series?: string;
  /** Only providers in it are asked. */
  region?: string;
  complexity?: "auto" | "simple" | "moderate" | "complex";
  no_cache?: boolean;
  idempotency?: string;
  priority?: "interactive" | "normal" | "batch";
  async?: boolean;
  /** As events {text, restarted}, then {result} or {error}. */
  stream?: boolean;
};

export type TableDetail = {
  name: string;
  label: string;
  version: number;
  rows: number;
  first_date?: string | null;
  last_date?: string | null;
  loaded_at: string | null;
  fields: Array<{
    name: string;
    label: string;
    type: string;
  }>;
  /** At most the newest 50, newest first. */
  versions: Array<{
    version: number;
    at: string | null;
    operation: string;
    /** Rows it wrote, where the log says. */
    rows: number | null;
  }>;
  quality: {
    checks: Array<{
      name: string;
      status: "pass" | "warn" | "fail";
      text: string;
    }>;
  };
};

export type Tables = {
  snapshot: string;
  tables: Array<{
    name: string;
    label: string;
    version: number;
    rows: number;
    first_date?: string | null;
    last_date?: string | null;
    fields: Array<{
      name: string;
      label: string;
      type: string;
    }>;
  }>;
};

export type Task = {
  id: string;
  title: string;
  status: "queued" | "running" | "done" | "failed" | "cancelled";
  status_url: string;
  percent: number | null;
  /** Rows looked at so far. */
  rows: number;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  answer_id?: string;
  error?: Problem;
  request?: Record<string, unknown>;
  answer?: Answer;
};

export type TaskRequest = {
  question?: string;
  query?: SemanticQuery;
  as_of?: string;
  session?: string;
  after?: string;
  max_rows?: number;
};

export type Tasks = {
  tasks: Array<Task>;
};

export type Thread = {
  id: string;
  title: string;
  created_at: string;
  updated_at: string;
  turns: number;
};

export type ThreadChange = {
  title: string;
};

export type ThreadWithTurns = {
  id: string;
  title: string;
  created_at: string;
  updated_at: string;
  /** At most the newest 200, oldest first. */
  turns: Array<Turn>;
};

export type Threads = {
  threads: Array<Thread>;
  next: number | null;
};

export type Trace = {
  id: string;
  steps: Array<{
    step: number;
    name: "route" | "plan" | "engineer" | "validate" | "execute" | "analyse" | "check" | "sql";
    at_ms: number;
    took_us: number;
    detail: Record<string, unknown>;
  }>;
};

export type Turn = {
  /** Of the answer. */
  id: string;
  at: string;
  question: string | null;
  restatement: string | null;
  status: string;
  route: string | null;
  after: string | null;
  /** The semantic query; null where it was refused or asked back. */
  query: Record<string, unknown> | null;
  feedback: "up" | "down" | null;
};

export type UnderstandRequest = {
  question: string;
  as_of?: string;
  session?: string;
  after?: string;
  explain?: boolean;
};

export type Values = {
  field: string;
  distinct?: number;
  values: Array<{
    value: string;
    rows: number;
  }>;
};

export interface Operations {
  ask: { method: "POST"; path: "/v1/ask"; request: AskRequest; response: Answer };
  query: { method: "POST"; path: "/v1/query"; request: QueryRequest; response: Answer };
  stream: { method: "GET"; path: "/v1/streams/{id}"; request: never; response: unknown };
  cancelStream: { method: "DELETE"; path: "/v1/streams/{id}"; request: never; response: unknown };
  news: { method: "GET"; path: "/v1/events"; request: never; response: News };
  answer: { method: "GET"; path: "/v1/answers/{id}"; request: never; response: Answer };
  export: { method: "GET"; path: "/v1/answers/{id}/export"; request: never; response: unknown };
  history: { method: "GET"; path: "/v1/history"; request: never; response: History };
  threads: { method: "GET"; path: "/v1/threads"; request: never; response: Threads };
  thread: { method: "GET"; path: "/v1/threads/{id}"; request: never; response: ThreadWithTurns };
  renameThread: { method: "PATCH"; path: "/v1/threads/{id}"; request: ThreadChange; response: Thread };
  deleteThread: { method: "DELETE"; path: "/v1/threads/{id}"; request: never; response: unknown };
  pins: { method: "GET"; path: "/v1/pins"; request: never; response: Pins };
  addPin: { method: "POST"; path: "/v1/pins"; request: NewPin; response: Pin };
  changePin: { method: "PATCH"; path: "/v1/pins/{id}"; request: PinChange; response: Pin };
  deletePin: { method: "DELETE"; path: "/v1/pins/{id}"; request: never; response: unknown };
  feedback: { method: "POST"; path: "/v1/feedback"; request: NewFeedback; response: Feedback };
  addTask: { method: "POST"; path: "/v1/tasks"; request: TaskRequest; response: Task };
  tasks: { method: "GET"; path: "/v1/tasks"; request: never; response: Tasks };
  task: { method: "GET"; path: "/v1/tasks/{id}"; request: never; response: Task };
  cancelTask: { method: "DELETE"; path: "/v1/tasks/{id}"; request: never; response: unknown };
  taskStatus: { method: "GET"; path: "/status/{id}"; request: never; response: Task };
  addLink: { method: "POST"; path: "/v1/links"; request: NewLink; response: Link };
  link: { method: "GET"; path: "/v1/links/{id}"; request: never; response: Link };
  understand: { method: "POST"; path: "/v1/understand"; request: UnderstandRequest; response: Answer };
  suggest: { method: "GET"; path: "/v1/suggest"; request: never; response: Suggestions };
  values: { method: "GET"; path: "/v1/values/{field}"; request: never; response: Values };
  model: { method: "GET"; path: "/v1/model"; request: never; response: Model };
  tables: { method: "GET"; path: "/v1/tables"; request: never; response: Tables };
  agent: { method: "POST"; path: "/v1/agent"; request: AgentRequest; response: Answer };
  trace: { method: "GET"; path: "/v1/traces/{id}"; request: never; response: Trace };
  memory: { method: "GET"; path: "/v1/memory"; request: never; response: Memory };
  addMemory: { method: "POST"; path: "/v1/memory"; request: NewMemory; response: MemoryEntry };
  forgetMemory: { method: "DELETE"; path: "/v1/memory/{id}"; request: never; response: unknown };
  table: { method: "GET"; path: "/v1/tables/{name}"; request: never; response: TableDetail };
  refreshRegistry: { method: "POST"; path: "/v1/registry/refresh"; request: RegistryRefresh; response: Registry };
  registryEvent: { method: "POST"; path: "/v1/registry/events"; request: S3Event; response: S3EventSeen };
  chat: { method: "POST"; path: "/v1/chat/completions"; request: ChatRequest; response: ChatCompletion };
  embed: { method: "POST"; path: "/v1/embeddings"; request: EmbeddingsRequest; response: Embeddings };
  models: { method: "GET"; path: "/v1/models"; request: never; response: LanguageModels };
  summarize: { method: "POST"; path: "/llm/summary"; request: SummaryRequest; response: Summary };
  summaryLater: { method: "GET"; path: "/llm/async"; request: never; response: SummaryJob };
  cancelSummary: { method: "DELETE"; path: "/llm/async"; request: never; response: SummaryJob };
  mcp: { method: "POST"; path: "/mcp"; request: McpMessage; response: McpReply };
  mcpListen: { method: "GET"; path: "/mcp"; request: never; response: unknown };
  health: { method: "GET"; path: "/healthz"; request: never; response: Health };
  ready: { method: "GET"; path: "/readyz"; request: never; response: Health };
  metrics: { method: "GET"; path: "/metrics"; request: never; response: unknown };
  openapi: { method: "GET"; path: "/openapi.json"; request: never; response: Document };
  page: { method: "GET"; path: "/"; request: never; response: unknown };
  pagePart: { method: "GET"; path: "/assets/{file}"; request: never; response: unknown };
  icon: { method: "GET"; path: "/favicon.svg"; request: never; response: unknown };
}
