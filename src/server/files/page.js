"use strict";
/* Asks the API and shows what it says. All text goes in as text, never as markup. */
(function () {
  const byId = (id) => document.getElementById(id);
  const form = byId("ask"), input = byId("question"), list = byId("suggestions"), status = byId("status"), answers = byId("answers");
  const button = form.querySelector("button");
  /* One conversation for as long as the page is open. */
  const session = "page-" + Array.from(crypto.getRandomValues(new Uint32Array(3)), (n) => n.toString(36)).join("");
  const MAX_SHOWN_ROWS = 500;

  function make(name, text, className) {
    const node = document.createElement(name);
    if (text !== undefined && text !== null) node.textContent = text;
    if (className) node.className = className;
    return node;
  }

  /* ---- cells ---- */

  function formatCell(value, column) {
    if (value === null || value === undefined) return "(none)";
    if (typeof value === "boolean") return value ? "yes" : "no";
    if (typeof value !== "number") return String(value);
    const unit = column.unit || "";
    if (unit === "fraction") return (value * 100).toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 }) + "%";
    if (unit === "pp") return (value * 100).toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 }) + " pp";
    if (unit.startsWith("currency:"))
      try {
        return value.toLocaleString("en", { style: "currency", currency: unit.slice(9) });
      } catch {
        return value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
      }
    if (unit === "currency") return value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    if (column.role === "dimension") return String(value);
    return value.toLocaleString("en", { maximumFractionDigits: Number.isInteger(value) ? 0 : 2 });
  }

  const isNumeric = (column) => column.role === "measure" && column.type !== "text" && column.type !== "date";

  function tableOf(answer) {
    const table = make("table"), head = table.createTHead().insertRow(), body = table.createTBody();
    for (const column of answer.columns) {
      const cell = make("th", column.label || column.name, isNumeric(column) ? "number" : "");
      cell.scope = "col";
      head.append(cell);
    }
    for (const row of answer.rows.slice(0, MAX_SHOWN_ROWS)) {
      const line = body.insertRow();
      row.forEach((value, i) => line.append(make("td", formatCell(value, answer.columns[i]), isNumeric(answer.columns[i]) ? "number" : "")));
    }
    const scroll = make("div", null, "scroll");
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", "Result");
    scroll.append(table);
    return scroll;
  }

  /* ---- answers ---- */

  function foldedText(title, text) {
    const details = make("details");
    details.append(make("summary", title), make("pre", text));
    return details;
  }

  function optionButtons(options) {
    const row = make("div", null, "options");
    for (const option of options) {
      const choice = make("button", option.label);
      choice.type = "button";
      choice.addEventListener("click", () =>
        option.query ? run("/v1/query", { query: option.query, session }, option.label) : run("/v1/ask", { question: option.label, session }, option.label));
      row.append(choice);
    }
    return row;
  }

  function provenance(answer) {
    const parts = (answer.sources || []).map((source) =>
      source.table + (source.data_through ? ", data through " + source.data_through : ""));
    const took = answer.timing_ms && typeof answer.timing_ms.total === "number" ? answer.timing_ms.total.toFixed(1) + " ms" : null;
    return [parts.join("; "), answer.route ? answer.route.replace(/_/g, " ") : null, took].filter(Boolean).join(" · ");
  }

  function showAnswered(card, answer) {
    if (answer.narrative) card.append(make("p", answer.narrative, "narrative"));
    if (answer.restatement) card.append(make("p", "Understood as: " + answer.restatement, "restated"));
    const figure = drawChart(answer.chart, answers.clientWidth - 42);
    if (figure) card.append(figure);
    if (answer.rows.length > 0) card.append(tableOf(answer));
    if (answer.rows.length > MAX_SHOWN_ROWS)
      card.append(make("p", "The first " + MAX_SHOWN_ROWS + " of " + answer.rows.length.toLocaleString("en") + " rows.", "provenance"));
  }

  function show(answer, asked) {
    const card = make("article");
    card.append(make("h2", answer.question || asked));
    if (answer.status === "answered") {
      showAnswered(card, answer);
    } else if (answer.status === "clarify") {
      card.append(make("p", answer.clarify.question, "narrative"), optionButtons(answer.clarify.options || []));
    } else {
      const reason = answer.reason || {};
      card.append(make("p", reason.text || answer.narrative || "This cannot be answered from the data.", "narrative problem"));
      if (reason.closest && reason.closest.length > 0)
        card.append(make("p", "The data has:", "restated"), optionButtons(reason.closest.map((label) => ({ label }))));
    }
    if (answer.caveats && answer.caveats.length > 0) {
      const caveats = make("ul", null, "caveats");
      for (const caveat of answer.caveats) caveats.append(make("li", caveat.text.charAt(0).toUpperCase() + caveat.text.slice(1)));
      card.append(caveats);
    }
    if (answer.sql) card.append(foldedText("SQL", answer.sql));
    card.append(make("p", provenance(answer), "provenance"));
    answers.prepend(card);
  }

  function showProblem(problem, asked) {
    const card = make("article");
    card.append(make("h2", asked), make("p", problem.detail || problem.title || "Something went wrong.", "narrative problem"));
    answers.prepend(card);
  }

  async function run(path, body, asked) {
    button.disabled = true;
    hideSuggestions();
    byId("examples")?.remove();
    status.textContent = "Working …";
    try {
      const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      const reply = await response.json();
      if (response.ok) show(reply, asked);
      else showProblem(reply, asked);
      status.textContent = response.ok ? "" : "That did not work.";
    } catch {
      showProblem({ detail: "The server does not answer. Is it still running?" }, asked);
      status.textContent = "";
    } finally {
      button.disabled = false;
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const question = input.value.trim();
    if (question) run("/v1/ask", { question, session }, question);
    input.select();
  });

  /* ---- suggestions ---- */

  let chosen = -1, latest = 0, timer = 0;

  function hideSuggestions() {
    clearTimeout(timer);
    latest++;
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    chosen = -1;
  }

  function choose(index) {
    const items = [...list.children];
    chosen = (index + items.length) % items.length;
    items.forEach((item, i) => item.setAttribute("aria-selected", String(i === chosen)));
    input.setAttribute("aria-activedescendant", items[chosen].id);
  }

  function take(text) {
    input.value = text;
    hideSuggestions();
    input.focus();
  }

  function showSuggestions(texts) {
    list.replaceChildren(...texts.map((text, i) => {
      const item = make("li", text);
      item.id = "suggestion-" + i;
      item.setAttribute("role", "option");
      item.addEventListener("mousedown", (event) => {
        event.preventDefault();
        take(text);
      });
      return item;
    }));
    list.hidden = texts.length === 0;
    input.setAttribute("aria-expanded", String(texts.length > 0));
    chosen = -1;
  }

  async function suggest() {
    const mine = ++latest;
    try {
      const response = await fetch("/v1/suggest?limit=8&q=" + encodeURIComponent(input.value.slice(0, 400)));
      const reply = await response.json();
      if (mine === latest && response.ok) showSuggestions(reply.suggestions);
    } catch {
      hideSuggestions();
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    if (input.value.trim().length < 2) hideSuggestions();
    else timer = setTimeout(suggest, 120);
  });
  input.addEventListener("blur", hideSuggestions);
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen < 0 ? -1 : chosen - 1);
    else if (event.key === "Escape") hideSuggestions();
    else if (event.key === "Enter" && chosen >= 0) take(list.children[chosen].textContent);
    else return;
    event.preventDefault();
  });

  /* ---- what this is about ---- */

  /* A few questions this model can surely answer, so that nobody starts before an empty page. */
  function examples(model) {
    const words = (name) => String(name).replace(/_/g, " ").toLowerCase();
    const metric = (model.metrics || []).find((one) => one.name === model.default_metric) || (model.metrics || [])[0];
    const dataset = (model.datasets || []).find((one) => one.name === model.default_dataset) || (model.datasets || [])[0];
    if (!metric || !dataset) return [];
    const what = words(metric.label || metric.name);
    const groups = (dataset.fields || []).filter((field) => field.role === "dimension").slice(0, 2).map((field) => words(field.label));
    return [dataset.default_date ? what + " by month" : what, ...groups.map((group) => what + " by " + group),
      ...(groups.length > 0 ? ["which " + groups[0] + " has the highest " + what] : [])];
  }

  fetch("/v1/model").then((response) => response.json()).then((model) => {
    const questions = examples(model);
    if (questions.length === 0 || answers.children.length > 0) return;
    const box = make("div");
    box.id = "examples";
    box.append(make("p", "For example:", "restated"), optionButtons(questions.map((label) => ({ label }))));
    answers.append(box);
  }).catch(() => {});

  fetch("/v1/tables").then((response) => response.json()).then((reply) => {
    const about = (reply.tables || []).map((table) => {
      const range = table.first_date && table.last_date ? ", " + table.first_date + " to " + table.last_date : "";
      return table.rows.toLocaleString("en") + " " + table.label + range;
    });
    if (about.length > 0) byId("about").textContent = about.join(" · ");
  }).catch(() => {});
})();
