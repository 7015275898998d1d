// The semantic model, as the page uses it. /v1/model describes it as an object; what is read of it is stated here.
import { useQuery } from "@tanstack/react-query";
import { call } from "../api/client";
import { spokenName } from "./format";

export interface ModelField {
  name: string;
  label: string;
  synonyms: string[];
  type: string;
  role: string;
  expression: string;
  unit: string;
  entity: string | null;
  personal: string | null;
  codes: Array<{ code?: string; value?: string; label?: string }>;
  distinct_count: number | null;
  null_count: number | null;
  minimum: string | null;
  maximum: string | null;
}
export interface ModelDataset {
  name: string;
  label: string;
  table: string;
  default_date: string | null;
  is_fact: boolean;
  row_count: number;
  fields: ModelField[];
}
export interface ModelMetric {
  name: string;
  label: string;
  description: string;
  synonyms: string[];
  kind: string;
  aggregate?: string;
  dataset?: string | null;
  expression?: string | null;
  numerator?: string;
  denominator?: string;
  conditions?: string[];
  additivity: string;
  unit: string;
  lower_is_better: boolean;
}
export interface ModelCondition {
  name: string;
  label: string;
  synonyms: string[];
  dataset: string;
  expression: string;
}
export interface ModelEntity {
  name: string;
  synonyms: string[];
  dataset: string;
  key: string;
  name_field: string | null;
  /** Something that happens (an order), not somebody or something that lasts. */
  is_event: boolean;
}
export interface Model {
  name: string;
  default_metric: string | null;
  default_dataset: string | null;
  currency: string | null;
  datasets: ModelDataset[];
  entities: ModelEntity[];
  metrics: ModelMetric[];
  conditions: ModelCondition[];
  relationships: Array<Record<string, unknown>>;
  hierarchies: Array<{ name: string; dataset: string; levels: string[] }>;
  hash: string;
}

export const EMPTY_MODEL: Model = {
  name: "", default_metric: null, default_dataset: null, currency: null, datasets: [], entities: [], metrics: [],
  conditions: [], relationships: [], hierarchies: [], hash: "",
};

export function useModel() {
  return useQuery({ queryKey: ["model"], queryFn: () => call<Model>("/v1/model"), staleTime: 300_000 });
}

export const findMetric = (model: Model, name: string | undefined): ModelMetric | undefined =>
  model.metrics.find((metric) => metric.name === name);

/** `name` is "dataset.field" or a field that only one dataset has. */
export function findField(model: Model, name: string | undefined): ModelField | undefined {
  if (name === undefined) return undefined;
  const dot = name.indexOf(".");
  const dataset = dot < 0 ? undefined : name.slice(0, dot);
  const field = dot < 0 ? name : name.slice(dot + 1);
  for (const one of model.datasets) {
    if (dataset !== undefined && one.name !== dataset) continue;
    const found = one.fields.find((candidate) => candidate.name === field);
    if (found) return found;
  }
  return undefined;
}

export const fieldLabel = (model: Model, name: string | undefined): string => spokenName(findField(model, name)?.label ?? name ?? "");

export interface FieldChoice {
  name: string; // dataset.field
  label: string;
  field: ModelField;
  /** Where several tables may have a field of this name. */
  dataset?: string;
}

/** Fields that results may be grouped by or filtered on, those people use most first. */
export function groupingFields(model: Model): FieldChoice[] {
  const choices: FieldChoice[] = [];
  for (const dataset of model.datasets) {
    for (const field of dataset.fields) {
      if (field.role !== "dimension" && field.role !== "identifier") continue;
      choices.push({ name: `${dataset.name}.${field.name}`, label: spokenName(field.label), field, ...(model.datasets.length > 1 ? { dataset: dataset.label } : {}) });
    }
  }
  const rank = (choice: FieldChoice) => (choice.field.role === "dimension" ? 0 : 1e9) + (choice.field.distinct_count ?? 1e6);
  return choices.sort((a, b) => rank(a) - rank(b));
}

/** The level below a field in a hierarchy of the model. */
export function levelBelow(model: Model, name: string): string | undefined {
  const dot = name.indexOf(".");
  const dataset = dot < 0 ? undefined : name.slice(0, dot);
  const field = name.slice(dot + 1);
  for (const hierarchy of model.hierarchies) {
    if (dataset !== undefined && hierarchy.dataset !== dataset) continue;
    const at = hierarchy.levels.indexOf(field);
    const below = at < 0 ? undefined : hierarchy.levels[at + 1];
    if (below !== undefined) return `${hierarchy.dataset}.${below}`;
  }
  return undefined;
}
