// Draws the ResumeTable component. Its value tells how many news there are ({job, count, running}); the news
// themselves are asked for from where the table stands.
const root = element.querySelector(".sf-table");
const COLUMNS = ["file", "name", "contact", "last", "skills", "warnings"];
let job = null;
let have = 0;
let asking = false;
let approved = false;
let open = null;
let rows = [];

const filter = make("input", { type: "search", id: "resume-filter", placeholder: say("table_filter_hint"), oninput: sift });
const count = make("p", { class: "sf-count", role: "status" });
const body = make("tbody");
const approve = make("button", { type: "button", class: "sf-small", id: "resume-approve-all", onclick: agree }, say("table_approve"));
const exports = ["jsonl", "csv", "zip"].map((kind) => make("button", {
  type: "button", class: "sf-small sf-quiet", id: `resume-${kind}`, onclick: () => ask("download", { export: kind }),
}, kind === "zip" ? "ZIP (JSON)" : kind.toUpperCase()));
const state = make("p", { class: "sf-json-state", role: "status" });
root.append(
  make("div", { class: "sf-table-head" }, make("h2", { class: "sf-title" }, say("table_title")),
    make("label", { class: "sf-table-filter" }, make("span", {}, say("table_filter")), filter), count),
  make("div", { class: "sf-table-box", tabindex: 0, role: "region", "aria-label": say("table_title") },
    make("table", {}, make("thead", {}, make("tr", {}, ...COLUMNS.map((name) =>
      make("th", { scope: "col" }, say(`table_${name}`))))), body)),
  make("div", { class: "sf-json-actions" }, approve, ...exports), state);

function ask(event, wish) {
  props.value = { ...props.value, ...wish };
  trigger(event);
}

function agree() {
  approved = true;
  drawState();
}

function drawState() {
  const ready = rows.length > 0 && !props.value?.running;
  approve.disabled = !ready || approved;
  exports.forEach((button) => { button.disabled = !ready || !approved; });
  state.dataset.approved = approved;
  root.toggleAttribute("data-empty", !rows.length);
  const resumes = rows.filter(({ line }) => ["read", "approved"].includes(line.dataset.state)).length;
  state.textContent = approved ? say("table_approved_state", { n: resumes }) : say("table_open_state");
}

// ---- rows -----------------------------------------------------------------------------------

function opener(row) {
  if (row.state === "failed") return make("span", {}, row.file);
  return make("button", {
    type: "button", class: "sf-link", "aria-label": say("table_open", { file: row.file }),
    onclick: () => {
      pick(row.index);
      ask("select", { open: row.index });
      document.querySelector(`#${constants.channel}-form-view`).scrollIntoView();
    },
  }, row.file);
}

function chip(row) {
  if (row.state === "read") return null;
  return make("span", { class: "sf-chip", "data-row-state": row.state }, say(`row_state_${row.state}`));
}

function cells(row) {
  const contact = [row.email, row.phone].filter(Boolean).flatMap((said, n) => n ? [make("br"), said] : [said]);
  const remarks = row.state === "refused" ? [] : [[row.warnings, row.hint].filter(Boolean).join(" ")];
  return {
    file: [opener(row)], name: [row.name], contact, last: [row.last], skills: [row.skills],
    warnings: [chip(row), chip(row) ? " " : null, ...remarks].filter(Boolean),
  };
}

function draw(row) {
  const said = cells(row);
  const line = make("tr", { "data-index": row.index, "data-state": row.state },
    ...COLUMNS.map((name) => make("td", { "data-label": say(`table_${name}`), "data-column": name }, ...said[name])));
  rows[row.index] = { line, words: fold(COLUMNS.map((name) => line.querySelector(`[data-column=${name}]`).textContent).join(" ")) };
  const old = body.querySelector(`tr[data-index="${row.index}"]`);
  if (old) old.replaceWith(line); else body.append(line);
  if (row.index === open) pick(open);
}

function pick(index) {
  open = index;
  body.querySelectorAll("tr").forEach((line) => line.toggleAttribute("data-open", Number(line.dataset.index) === index));
}

const fold = (words) => words.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

function sift() {
  const wanted = fold(filter.value).split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { line, words } of rows) {
    line.hidden = !wanted.every((word) => words.includes(word));
    shown += !line.hidden;
  }
  count.textContent = say("table_count", { n: shown, total: rows.length });
}

// ---- news -----------------------------------------------------------------------------------

async function pull() {
  if (asking) return;
  asking = true;
  while (job === props.value?.job && have < props.value.count) {
    const of = job;
    const answer = await server.news({ job: of, since: have });
    if (answer.problem || of !== job) break;
    have += answer.news.length;
    answer.news.forEach(draw);
    sift();
    drawState();
  }
  asking = false;
  if (job !== props.value?.job) arrive();
}

function arrive() {
  const value = props.value;
  if (!value?.job) return;
  if (value.job !== job) {
    [job, have, rows, approved, open] = [value.job, 0, [], false, null];
    body.replaceChildren();
    filter.value = "";
    sift();
  }
  drawState();
  pull();
}

watch("value", arrive);
drawState();
arrive();
