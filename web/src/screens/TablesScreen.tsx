// The tables behind every answer: how fresh, which version, how clean.
import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { asProblem, call } from "../api/client";
import type { TableDetail, Tables } from "../api/types";
import { formatPeriod, formatWhen } from "../lib/format";
import { pathOf } from "../lib/router";
import { Empty, ErrorNote, Fetched } from "../ui/parts";

type Table = Tables["tables"][number];
const range = (table: Table): string => (table.first_date && table.last_date ? `${formatPeriod(table.first_date)} – ${formatPeriod(table.last_date)}` : "no dates");

function Detail({ table }: { table: Table }): ReactElement {
  const detail = useQuery({
    queryKey: ["table", table.name],
    queryFn: () => call<TableDetail>(`/v1/tables/${encodeURIComponent(table.name)}`),
  });
  const versions = detail.data?.versions ?? [];
  const checks = detail.data?.quality.checks ?? [];
  return (
    <>
      <p className="back"><a href={pathOf("tables")}>All tables</a></p>
      <h1>{table.label}</h1>
      <dl className="facts">
        <div><dt>Rows</dt><dd>{table.rows.toLocaleString("en")}</dd></div>
        <div><dt>Dates</dt><dd>{range(table)}</dd></div>
        <div><dt>Version</dt><dd>{table.version}</dd></div>
        {detail.data?.loaded_at && <div><dt>Loaded</dt><dd>{formatWhen(detail.data.loaded_at)}</dd></div>}
      </dl>
      {detail.error && <ErrorNote problem={asProblem(detail.error)} retry={() => void detail.refetch()} />}
      {detail.data && (
        <section>
          <h2>Quality</h2>
          {checks.length === 0 && <p className="waiting">No quality rules have been checked for this table yet.</p>}
          <ul className="checks">{checks.map((check) => <li key={check.name}><span className={`status ${check.status}`}>{check.status}</span> {check.text || check.name}</li>)}</ul>
        </section>
      )}
      <section>
        <h2>Columns</h2>
        <div className="table-frame" role="region" aria-label={`Columns of ${table.label}`} tabIndex={0}>
          <table>
            <thead><tr><th scope="col">Name</th><th scope="col">In SQL</th><th scope="col">Type</th></tr></thead>
            <tbody>{table.fields.map((field) => <tr key={field.name}><td><a href={pathOf("glossary", `${table.name}.${field.name}`)}>{field.label}</a></td><td><code>{field.name}</code></td><td>{field.type}</td></tr>)}</tbody>
          </table>
        </div>
      </section>
      {versions.length > 0 && (
        <section>
          <h2>Versions</h2>
          <div className="table-frame" role="region" aria-label={`Versions of ${table.label}`} tabIndex={0}>
            <table>
              <thead><tr><th scope="col" className="number">Version</th><th scope="col">When</th><th scope="col">What</th><th scope="col" className="number">Rows</th></tr></thead>
              <tbody>{versions.map((one) => <tr key={one.version}><td className="number">{one.version}</td><td>{formatWhen(one.at)}</td><td>{one.operation}</td><td className="number">{one.rows?.toLocaleString("en") ?? ""}</td></tr>)}</tbody>
            </table>
          </div>
        </section>
      )}
    </>
  );
}

export function TablesScreen({ name }: { name: string | null }): ReactElement {
  const tables = useQuery({ queryKey: ["tables"], queryFn: () => call<Tables>("/v1/tables") });
  return (
    <Fetched query={tables} what="tables">
      {(data) => {
        if (name !== null) {
          const table = data.tables.find((one) => one.name === name);
          return table ? <Detail table={table} /> : <Empty whole title={`There is no table called ${name}.`}><a href={pathOf("tables")}>All tables</a></Empty>;
        }
        return (
          <>
            <h1>Tables</h1>
            <p className="lead">All answers are of one snapshot of the data (<code title={data.snapshot}>{data.snapshot.slice(0, 12)}</code>): a load that is under way is never half seen.</p>
            <div className="table-frame" role="region" aria-label="Tables" tabIndex={0}>
              <table>
                <thead><tr><th scope="col">Table</th><th scope="col" className="number">Rows</th><th scope="col">Dates</th><th scope="col" className="number">Version</th><th scope="col" className="number">Columns</th></tr></thead>
                <tbody>
                  {data.tables.map((table) => (
                    <tr key={table.name}>
                      <td><a href={pathOf("tables", table.name)}>{table.label}</a> <small>{table.name}</small></td>
                      <td className="number">{table.rows.toLocaleString("en")}</td><td>{range(table)}</td><td className="number">{table.version}</td><td className="number">{table.fields.length}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </>
        );
      }}
    </Fetched>
  );
}
