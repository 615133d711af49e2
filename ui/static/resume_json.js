// Draws the ResumeJson component: the JSON of the channel's sheet, its approval, and what may leave then.
const root = element.querySelector(".sf-json");
const PAUSE = 250;
let sheet = null;
let made = null;
let chosen = null;
let turn = 0;
let timer = null;

const text = () => JSON.stringify(made.json, null, 2);
const approved = () => Boolean(made && props.value.approved && props.value.approved === text());

const code = make("pre", { class: "sf-json-code", tabindex: 0, role: "region", "aria-label": say("json_title") });
const note = make("p", { class: "sf-hint" });
const problem = make("p", { class: "sf-problem", role: "alert" });
const state = make("p", { class: "sf-json-state", role: "status" });
const approve = make("button", { type: "button", class: "sf-small", id: "resume-approve", onclick: agree }, say("approve"));
const copy = make("button", {
  type: "button", class: "sf-small sf-quiet", id: "resume-copy",
  onclick: async () => { await toClipboard(text()); state.textContent = say("copied"); setTimeout(drawState, 4000); },
}, say("copy_json"));
const fetched = make("button", {
  type: "button", class: "sf-small sf-quiet", id: "resume-download",
  onclick: () => save(`${stem()}.json`, "application/json", `${text()}\n`),
}, say("download_json"));
root.append(make("h2", { class: "sf-title" }, say("json_title")), note, code, problem,
  make("div", { class: "sf-json-actions" }, approve, copy, fetched), state);

function stem() {
  const name = sheet.entries.name?.answer.value || "";
  return name.normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").toLowerCase()
    || "resume";
}

function agree() {
  props.value = { ...props.value, approved: text() };
  drawState();
  trigger("apply");
}

// ---- drawing --------------------------------------------------------------------------------

function value(node, pointer) {
  const written = JSON.stringify(node);
  if (!made.trace[pointer]) return written;
  return make("mark", { "data-pointer": pointer, onclick: () => choose(pointer) }, written);
}

// The lines of JSON.stringify(…, null, 2), with the values that have a place marked.
function lines(node, pointer, indent) {
  if (node === null || typeof node !== "object") return [value(node, pointer)];
  const list = Array.isArray(node);
  const members = Object.entries(node);
  const [open, close] = list ? "[]" : "{}";
  if (!members.length) return [open + close];
  const inner = `${indent}  `;
  return [`${open}\n`, ...members.flatMap(([key, item], n) => [
    inner, list ? "" : `${JSON.stringify(key)}: `, ...lines(item, `${pointer}/${key}`, inner),
    n < members.length - 1 ? ",\n" : "\n",
  ]), indent + close];
}

function drawState() {
  const ready = Boolean(made) && !timer && !problem.textContent;
  approve.disabled = !ready || approved();
  copy.disabled = fetched.disabled = !ready || !approved();
  state.textContent = made ? say(approved() ? "json_approved" : "json_open") : "";
  state.dataset.approved = approved();
}

function draw() {
  code.hidden = !made;
  note.textContent = say(made ? "json_info" : "json_empty");
  code.replaceChildren(...(made ? lines(made.json, "", "") : []));
  drawState();
}

// ---- places ---------------------------------------------------------------------------------

const places = () => Object.entries(made.trace).flatMap(([pointer, spans]) => spans.map(([start, end]) => (
  { name: pointer, cell: null, title: pointer, start, end, active: pointer === chosen })));

function choose(pointer) {
  chosen = pointer;
  const source = Object.values(sheet.entries).map((entry) => entry.answer.source).filter(Boolean).pop();
  document.dispatchEvent(new CustomEvent(`smartform:source:${constants.channel}`, {
    detail: { text: sheet.sources[source] || "", spans: places(), lost: false, by: "json" },
  }));
  code.querySelectorAll("mark").forEach((mark) => mark.toggleAttribute("data-active", mark.dataset.pointer === pointer));
}

document.addEventListener(`smartform:source:${constants.channel}`, ({ detail }) => {
  if (detail.by === "json") return;
  chosen = null;
  code.querySelectorAll("mark[data-active]").forEach((mark) => mark.removeAttribute("data-active"));
});
// The places shown while a value of the JSON is chosen lead back to values of the JSON.
document.addEventListener(`smartform:focus:${constants.channel}`, ({ detail }) => {
  if (made?.trace[detail.name]) choose(detail.name);
});

// ---- composing ------------------------------------------------------------------------------

const empty = () => !sheet || !Object.values(sheet.entries).some((entry) => entry.answer.value);

async function compose() {
  timer = null;
  const mine = turn += 1;
  if (empty()) {
    made = null;
    problem.textContent = "";
    draw();
    return;
  }
  timer = "asking";
  drawState();
  const verdict = await server.compose({ sheet, schema: props.value.schema });
  if (mine !== turn) return;
  timer = null;
  if (verdict.problem) {
    const { key, words: said, message, hint } = verdict.problem;
    problem.textContent = [key ? say(key, said) : message, hint].filter(Boolean).join(" ");
    drawState();
    return;
  }
  made = verdict;
  problem.textContent = verdict.wrong.length ? say("json_wrong", { fields: verdict.wrong.join(", ") }) : "";
  draw();
}

function soon() {
  clearTimeout(timer);
  turn += 1;
  timer = setTimeout(compose, PAUSE);
  drawState();
}

document.addEventListener(`smartform:sheet:${constants.channel}`, ({ detail }) => {
  const before = sheet;
  sheet = detail;
  const said = (view) => view && JSON.stringify([view.entries, view.sources]);
  if (said(before) !== said(sheet)) soon();
});
let schema = props.value.schema;
watch("value", () => {
  if (props.value.schema === schema) return;
  schema = props.value.schema;
  soon();
});
draw();
