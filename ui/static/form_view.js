// Draws the FormView component: one row for each field, its state, its source and its offers.
//
// `view` is the sheet as shown (ui/sheet.py writes its shape). Every edit raises the field's
// revision and is written back to props.value; entries that arrive with an older revision than
// the one on screen are answered to with an offer instead of being drawn over the typing.
//
// `constants.channel` tells the forms of a page apart. On it go 'smartform:source', what the source view
// shows, and 'smartform:sheet', the sheet at every change; 'smartform:focus' comes, {name, cell}.
const root = element.querySelector(".sf-form");
const summary = make("div", { class: "sf-summary" });
const grid = make("div", { class: "sf-grid" });
const WIDE = ["longtext", "list", "multichoice", "group"];
const MANY = ["list", "multichoice"];
let view = null;
let rows = new Map();
let active = { name: null, cell: null };

// ---- values ---------------------------------------------------------------------------------

const clone = (data) => JSON.parse(JSON.stringify(data));
const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
const entryOf = (name) => view.entries[name];
const title = (field) => field.label || field.title;

function localDate() {
  const now = new Date();
  return new Date(now - now.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
}

function publish() {
  view = { ...view, today: localDate() };
  props.value = clone(view);
  drawSummary();
  tellSource();
  tell("sheet", clone(view));
}

const tell = (what, detail) => document.dispatchEvent(new CustomEvent(`smartform:${what}:${constants.channel}`, { detail }));

function setEntry(name, entry) {
  view.entries[name] = entry;
  rows.get(name).draw();
}

// `places` are the spans and cells of what a person left as it was in a list or a group.
function typed(field, value, places = { spans: [], cells: [] }) {
  const old = entryOf(field.name);
  const source = places.spans.length ? old.answer.source : "";
  setEntry(field.name, {
    answer: { value, state: "yours", confidence: 1, raw: "", note: "", ...places, source },
    by_person: true, offer: null, suggestion: null, problem: "", revision: old.revision + 1,
  });
  publish();
}

async function check(field) {
  const { revision, answer } = entryOf(field.name);
  const verdict = await server.check({ field, typed: answer.value, today: localDate() });
  const entry = view && entryOf(field.name);
  if (!entry || entry.revision !== revision) return;
  const problem = verdict.problem ? [verdict.problem, verdict.hint].filter(Boolean).join(" ") : "";
  const value = verdict.problem ? entry.answer.value : verdict.value;
  setEntry(field.name, { ...entry, problem, answer: { ...entry.answer, value } });
  publish();
}

function answerOffer(name, use) {
  const entry = entryOf(name);
  setEntry(name, {
    ...entry, offer: null, revision: entry.revision + 1,
    ...(use ? { answer: entry.offer, by_person: false, problem: "" } : {}),
  });
}

// A suggestion that a person takes is theirs, with the place that it stands at.
function takeSuggestion(name) {
  const { suggestion, revision } = entryOf(name);
  const answer = { ...suggestion, state: "yours", confidence: 1, note: "" };
  setEntry(name, { answer, by_person: true, offer: null, suggestion: null, problem: "", revision: revision + 1 });
  publish();
  rows.get(name).focus();
}

// ---- controls: each answers {nodes, read, write, focus} ------------------------------------

const INPUTS = {
  integer: { inputmode: "numeric" }, number: { inputmode: "decimal" },
  date: { placeholder: "YYYY-MM-DD" }, time: { placeholder: "HH:MM" },
  email: { type: "email", inputmode: "email" }, url: { type: "url", inputmode: "url" },
  phone: { type: "tel", inputmode: "tel" },
};

function edited(field, read, places) {
  return { oninput: () => typed(field, read(), places?.()), onchange: () => check(field) };
}

function inputControl(field, ids) {
  const read = () => input.value.trim() ? input.value : null;
  const input = make("input", {
    type: "text", autocomplete: "off", placeholder: (field.examples || [])[0],
    ...INPUTS[field.type], ...ids, ...edited(field, read),
  });
  const nodes = [input];
  if (field.type === "date") nodes.push(...calendar(field, input));
  return { nodes, read, write: (value) => { if (read() !== value) input.value = value ?? ""; }, focus: input };
}

function calendar(field, input) {
  const picker = make("input", { type: "date", class: "sf-picker", tabindex: -1, "aria-hidden": "true" });
  picker.addEventListener("change", () => {
    input.value = picker.value;
    typed(field, picker.value || null);
    check(field);
  });
  const button = make("button", {
    type: "button", class: "sf-calendar", "aria-label": `${say("pick_date")}: ${title(field)}`,
    onclick: () => { picker.value = input.value; picker.showPicker(); },
  });
  return [button, picker];
}

function areaControl(field, ids) {
  const many = field.type === "list";
  const lines = () => area.value.split("\n").map((line) => line.trim()).filter(Boolean);
  const read = () => many ? (lines().length ? lines() : null) : (area.value.trim() ? area.value : null);
  const area = make("textarea", {
    rows: 3, placeholder: many ? say("one_per_line") : (field.examples || [])[0], ...ids,
    ...edited(field, read, many ? () => itemPlaces(field, lines()) : undefined),
  });
  const write = (value) => {
    if (!same(read(), value)) area.value = many ? (value || []).join("\n") : value ?? "";
    area.style.height = "auto";
    if (area.scrollHeight) area.style.height = `${Math.min(area.scrollHeight + 2, 320)}px`;
  };
  return { nodes: [area], read, write, focus: area };
}

// Where the items that stand in a list still come from.
function itemPlaces(field, items) {
  const { value, spans } = entryOf(field.name).answer;
  const known = new Map(value?.length === spans.length ? value.map((item, n) => [item, spans[n]]) : []);
  return { spans: items.map((item) => known.get(item)).filter(Boolean), cells: [] };
}

function selectControl(field, ids) {
  const labels = field.option_labels || field.options;
  const read = () => select.value || null;
  const select = make("select", { ...ids, onchange: () => { typed(field, read()); check(field); } },
    make("option", { value: "" }, say("choose")),
    ...field.options.map((option, n) => make("option", { value: option }, labels[n])));
  return { nodes: [select], read, write: (value) => { select.value = value ?? ""; }, focus: select };
}

function groupControl(field, ids, kind, options) {
  const boxes = options.map(([value, text], n) => {
    const box = make("input", {
      type: kind, name: ids.id, value, id: n ? null : ids.id, onchange: () => { typed(field, read()); check(field); },
    });
    return [box, make("label", { class: "sf-option" }, box, make("span", {}, text))];
  });
  const chosen = () => boxes.filter(([box]) => box.checked).map(([box]) => box.value).filter(Boolean);
  const read = () => kind === "radio" ? chosen()[0] ?? null : (chosen().length ? chosen() : null);
  const write = (value) => boxes.forEach(([box]) => {
    box.checked = kind === "radio" ? box.value === (value ?? "") : (value || []).includes(box.value);
  });
  const group = make("div", { class: `sf-group sf-${kind}` }, ...boxes.map(([, label]) => label));
  return { nodes: [group], read, write, focus: boxes[0][0] };
}

// A group: a table of its rows, each with a button that takes it out, and one below that adds one.
function rowsControl(field, ids) {
  const body = make("tbody");
  const names = field.fields.map((sub) => sub.label || sub.title || sub.name);
  const table = make("table", {}, body);
  const add = make("button", {
    type: "button", class: "sf-small sf-quiet", "data-act": "add-row", "aria-label": `${say("row_add")}: ${title(field)}`,
    onclick: () => { body.append(draw()); tidy(); body.lastChild.querySelector("input").focus(); },
  }, say("row_add"));
  const box = make("div", { class: "sf-rows", id: ids.id, tabindex: -1 }, table, add);
  const known = new WeakMap();
  const written = (value) => Array.isArray(value) ? value.join(" | ") : value ?? "";
  const inputs = (line) => [...line.querySelectorAll("input")];
  const cellOf = (sub, text) => {
    if (!MANY.includes(sub.type)) return text.trim() || null;
    const items = text.split("|").map((item) => item.trim()).filter(Boolean);
    return items.length ? items : null;
  };
  const rowOf = (line) => Object.fromEntries(field.fields.map((sub, n) => [sub.name, cellOf(sub, inputs(line)[n].value)]));
  const said = () => [...body.rows].filter((line) => inputs(line).some((input) => input.value.trim()));
  const read = () => said().length ? said().map(rowOf) : null;
  function places() {
    const cells = said().map((line) => Object.fromEntries(Object.entries(rowOf(line))
      .filter(([name, value]) => value !== null && same(known.get(line)?.[name]?.value, value))
      .map(([name]) => [name, known.get(line)[name]])));
    return { cells, spans: cells.flatMap((row) => Object.values(row).flatMap((cell) => cell.spans)) };
  }
  const changed = () => { typed(field, read(), places()); check(field); };
  function draw() {
    const line = make("tr", {}, ...field.fields.map((sub, n) => make("td", { "data-label": names[n], "data-type": sub.type }, make("input", {
      type: "text", autocomplete: "off", "data-sub": sub.name, placeholder: INPUTS[sub.type]?.placeholder,
      ...edited(field, read, places),
    }))));
    line.append(make("td", { class: "sf-row-end" }, make("button", {
      type: "button", class: "sf-icon", "data-act": "remove-row", title: say("row_remove"),
      onclick: () => { line.remove(); tidy(); changed(); add.focus(); },
    }, "×")));
    return line;
  }
  // Names for screen readers, with the row's number.
  function tidy() {
    table.hidden = !body.rows.length;
    [...body.rows].forEach((line, row) => {
      const at = say("row_number", { n: row + 1 });
      inputs(line).forEach((input, n) => input.setAttribute("aria-label", `${names[n]}, ${at}`));
      line.querySelector("button").setAttribute("aria-label", `${say("row_remove")}: ${title(field)}, ${at}`);
    });
  }
  // Rows are changed in place: somebody may be typing in the next cell while a verdict arrives.
  function write(value, answer) {
    const wanted = value || [];
    if (!same(read() || [], wanted)) {
      const lines = said();
      while (lines.length > wanted.length) lines.pop().remove();
      while (lines.length < wanted.length) lines.push(body.appendChild(draw()));
      wanted.forEach((row, at) => inputs(lines[at]).forEach((input, n) => {
        const text = written(row[field.fields[n].name]);
        if (input.value !== text) input.value = text;
      }));
    }
    const cells = answer.cells || [];
    said().forEach((line, at) => {
      known.set(line, cells[at]);
      inputs(line).forEach((input, n) => {
        input.dataset.state = input.value ? cells[at]?.[field.fields[n].name]?.state || "" : "";
      });
    });
    tidy();
  }
  const cellAt = (input) => {
    const at = said().indexOf(input.closest("tr"));
    return at < 0 ? null : `${at}/${input.dataset.sub}`;
  };
  function reach(cell) {
    const [at, name] = cell ? cell.split(/\/(.*)/s) : [0];
    const line = said()[at];
    (line && inputs(line).find((input) => !name || input.dataset.sub === name) || add).focus();
  }
  return { nodes: [box], read, write, focus: box, cellAt, reach };
}

function control(field, ids) {
  const labels = field.option_labels || field.options;
  if (field.type === "boolean") {
    const options = [["true", say("yes")], ["false", say("no")], ["", say("not_said")]];
    return groupControl(field, ids, "radio", options);
  }
  if (field.type === "multichoice") {
    return groupControl(field, ids, "checkbox", field.options.map((option, n) => [option, labels[n]]));
  }
  if (field.type === "choice") return selectControl(field, ids);
  if (field.type === "group") return rowsControl(field, ids);
  if (WIDE.includes(field.type)) return areaControl(field, ids);
  return inputControl(field, ids);
}

// ---- a row ----------------------------------------------------------------------------------

function shown(field, value) {
  if (value === null || value === undefined) return "";
  const labels = field.option_labels || field.options || [];
  const name = (item) => {
    if (field.type === "group") return Object.values(item).flat().filter(Boolean).join(", ");
    if (field.type === "boolean") return item === "true" ? say("yes") : say("no");
    const at = (field.options || []).indexOf(item);
    return at >= 0 ? labels[at] : item;
  };
  return Array.isArray(value) ? value.map(name).join(field.type === "group" ? "; " : ", ") : name(value);
}

function chip(answer) {
  if (!answer.state) return null;
  const sure = answer.state === "yours" ? "" : say("sure", { percent: Math.round(answer.confidence * 100) });
  const node = make("span", {
    class: "sf-chip", "data-state": answer.state, title: [sure, answer.note].filter(Boolean).join(". ") || null,
  }, say(`state_${answer.state.replace(" ", "_")}`));
  if (sure) node.append(hidden(`, ${sure}`));
  return node;
}

// What is shown in the text: the value, or what is suggested in its place.
const pointed = (name) => entryOf(name).suggestion || entryOf(name).answer;

const located = (answer) => answer.spans.length > 0 && view.sources[answer.source] !== undefined;

function sourceButton(field, node) {
  return make("button", {
    type: "button", class: "sf-where", title: say("show_source"), "aria-label": say("show_source_of", { field: title(field) }),
    onclick: () => { pick(field.name); node.classList.toggle("sf-open"); },
  });
}

function excerpt(answer) {
  const text = Array.from(view.sources[answer.source] || "");
  const from = Math.max(0, answer.spans[0][0] - 40);
  const to = Math.min(text.length, answer.spans[0][1] + 40);
  const [start, end] = answer.spans[0];
  return make("p", { class: "sf-excerpt" }, from ? "…" : "", text.slice(from, start).join(""),
    make("mark", { "data-active": true }, text.slice(start, end).join("")), text.slice(end, to).join(""),
    to < text.length ? "…" : "");
}

function offerBox(field, offer) {
  const answer = (use) => () => { answerOffer(field.name, use); publish(); rows.get(field.name).focus(); };
  return make("div", { class: "sf-offer", role: "group", "aria-label": `${say("offer")} ${shown(field, offer.value)}` },
    make("p", {}, `${say("offer")} `, make("strong", {}, shown(field, offer.value))),
    make("button", { type: "button", class: "sf-small", "data-act": "use", onclick: answer(true) }, say("offer_use")),
    make("button", { type: "button", class: "sf-small sf-quiet", "data-act": "keep", onclick: answer(false) },
      say("offer_keep")));
}

function suggestionBox(field, suggestion) {
  const value = shown(field, suggestion.value);
  const sure = say("sure", { percent: Math.round(suggestion.confidence * 100) });
  return make("button", {
    type: "button", class: "sf-suggestion", title: `${sure}. ${say("suggestion_use")}`,
    "aria-label": `${say("suggestion")} ${value}, ${sure}. ${say("suggestion_use")}: ${title(field)}`,
    onclick: () => takeSuggestion(field.name),
  }, `${say("suggestion")} `, make("strong", {}, value));
}

function labelOf(field, id, grouped) {
  const mark = field.required ? make("span", { class: "sf-required", "aria-hidden": "true" }, "*") : null;
  const content = [title(field), mark, field.required ? hidden(` (${say("field_required")})`) : null];
  return grouped
    ? make("span", { class: "sf-label", id: `${id}-label` }, ...content.filter(Boolean))
    : make("label", { class: "sf-label", for: id, id: `${id}-label` }, ...content.filter(Boolean));
}

function makeRow(field, number) {
  const id = `sf-${constants.channel}-${view.generation}-${number}`;
  const grouped = ["boolean", "multichoice", "group"].includes(field.type);
  const described = `${id}-hint ${id}-foot ${id}-problem`;
  const widget = control(field, {
    id, "aria-describedby": grouped ? null : described, "aria-required": grouped ? null : String(Boolean(field.required)),
  });
  const state = make("span", { class: "sf-state" });
  const foot = make("div", { class: "sf-foot", id: `${id}-foot` });
  const problem = make("p", { class: "sf-problem", id: `${id}-problem`, role: "alert" });
  const node = make("div", {
    class: `sf-row${WIDE.includes(field.type) ? " sf-wide" : ""}`, "data-field": field.name, "data-type": field.type,
    role: grouped ? (field.type === "boolean" ? "radiogroup" : "group") : null,
    "aria-labelledby": grouped ? `${id}-label` : null, "aria-describedby": grouped ? described : null,
    onfocusin: ({ target }) => pick(field.name, target.dataset.sub ? widget.cellAt(target) : null),
  },
  make("div", { class: "sf-head" }, labelOf(field, id, grouped), state),
  make("p", { class: "sf-hint", id: `${id}-hint` }, field.description || ""),
  make("div", { class: "sf-control" }, ...widget.nodes), make("div", { class: "sf-under" }, foot, problem));

  function draw() {
    const { answer, problem: wrong } = entryOf(field.name);
    widget.write(answer.value, answer);
    node.dataset.state = answer.state;
    widget.focus.setAttribute("aria-invalid", String(Boolean(wrong)));
    const place = located(pointed(field.name)) ? sourceButton(field, node) : null;
    state.replaceChildren(...[place, chip(answer)].filter(Boolean));
    problem.textContent = wrong;
    foot.replaceChildren(...footOf(entryOf(field.name)));
  }

  function footOf({ answer, offer, suggestion }) {
    const out = suggestion ? [suggestionBox(field, suggestion)] : [];
    if (answer.raw) out.push(make("span", { class: "sf-raw" }, say("computed_from", { raw: answer.raw })));
    if (answer.note && answer.state === "needs review") out.push(make("span", { class: "sf-raw" }, answer.note));
    if (located(pointed(field.name))) out.push(excerpt(pointed(field.name)));
    if (offer) out.push(offerBox(field, offer));
    return out;
  }

  const focus = (cell) => widget.reach ? widget.reach(cell) : widget.focus.focus();
  return { field, node, draw, focus };
}

// ---- above the rows -------------------------------------------------------------------------

const filled = (name) => Boolean(entryOf(name).answer.value) && !entryOf(name).problem;

function drawSummary() {
  const fields = view.form.fields;
  const missing = fields.filter((field) => field.required && !filled(field.name));
  const offers = fields.filter((field) => entryOf(field.name).offer);
  const count = say("filled_count", { filled: fields.filter((f) => filled(f.name)).length, total: fields.length });
  const required = fields.some((field) => field.required);
  const suggested = fields.filter((field) => entryOf(field.name).suggestion).length;
  const more = suggested ? ` · ${say(suggested > 1 ? "suggested_count" : "suggested_one", { n: suggested })}` : "";
  summary.replaceChildren(make("p", { class: "sf-count" }, count + more));
  if (missing.length) {
    summary.append(make("p", { class: "sf-missing" }, make("span", {}, say("still_missing"), " "),
      ...missing.map((field) => make("button", {
        type: "button", class: "sf-link", "data-missing": field.name, onclick: () => rows.get(field.name).focus(),
      }, title(field)))));
  } else if (required) summary.append(make("p", { class: "sf-missing sf-complete" }, say("nothing_missing")));
  if (offers.length > 1) summary.append(offersBar(offers));
}

function offersBar(offers) {
  const all = (use) => () => { offers.forEach((field) => answerOffer(field.name, use)); publish(); };
  return make("div", { class: "sf-offer sf-offers" }, make("p", {}, say("offers_count", { n: offers.length })),
    make("button", { type: "button", class: "sf-small", "data-act": "use-all", onclick: all(true) }, say("use_all")),
    make("button", { type: "button", class: "sf-small sf-quiet", "data-act": "keep-all", onclick: all(false) },
      say("keep_all")));
}

// ---- the source view ------------------------------------------------------------------------

function pick(name, cell = null) {
  active = { name, cell };
  for (const row of rows.values()) row.node.classList.toggle("sf-active", row.field.name === name);
  tellSource();
}

// The places of a field's value; those of a group cell by cell, where they are known so.
function placesOf(field, answer) {
  const chosen = (cell) => field.name === active.name && (!active.cell || active.cell === cell);
  const mark = (cell, label) => ([start, end]) => ({ name: field.name, cell, title: label, start, end, active: chosen(cell) });
  if (!answer.cells?.length) return answer.spans.map(mark(null, title(field)));
  return answer.cells.flatMap((row, at) => field.fields.flatMap((sub) =>
    (row[sub.name]?.spans || []).map(mark(`${at}/${sub.name}`, `${title(field)}, ${sub.label || sub.title || sub.name}`))));
}

function tellSource() {
  const answerOf = (name) => name === active.name ? pointed(name) : entryOf(name).answer;
  const answers = view.form.fields.map((field) => [field, answerOf(field.name)]);
  const own = active.name && view.entries[active.name] ? pointed(active.name) : null;
  const latest = answers.map(([, answer]) => answer.source).filter(Boolean).pop();
  const source = (own && own.source) || latest || "";
  const spans = answers.filter(([, answer]) => answer.source === source)
    .flatMap(([field, answer]) => placesOf(field, answer));
  const lost = Boolean(own && own.value && !spans.some((span) => span.active));
  tell("source", { text: view.sources[source] || "", spans, lost });
}

document.addEventListener(`smartform:focus:${constants.channel}`, ({ detail }) => rows.get(detail.name)?.focus(detail.cell));

// ---- arrivals -------------------------------------------------------------------------------

function drawForm() {
  active = { name: null, cell: null };
  rows = new Map(view.form.fields.map((field, number) => [field.name, makeRow(field, number)]));
  grid.replaceChildren(...[...rows.values()].map((row) => row.node));
  const head = view.form.description ? [make("p", { class: "sf-description" }, view.form.description)] : [];
  root.replaceChildren(make("h2", { class: "sf-title" }, view.form.title || say("the_form")), ...head, summary, grid);
  for (const row of rows.values()) row.draw();
}

// Entries that were edited here while the server worked stay; what it found becomes an offer.
function reconcile(incoming) {
  let kept = false;
  for (const [name, arrived] of Object.entries(incoming.entries)) {
    const local = view.entries[name];
    if (!local || arrived.revision >= local.revision) continue;
    kept = true;
    const other = arrived.answer.value && !arrived.by_person && !same(arrived.answer.value, local.answer.value);
    incoming.entries[name] = { ...local, offer: local.by_person && other ? arrived.answer : local.offer };
  }
  return kept;
}

function arrive() {
  const incoming = clone(props.value);
  if (!incoming || !incoming.form) return;
  if (view && incoming.generation < view.generation) {
    props.value = clone(view);
    return;
  }
  if (!view || incoming.generation > view.generation || !same(incoming.form, view.form)) {
    view = incoming;
    drawForm();
    publish();
    return;
  }
  // The server cannot know the person's date: what it sends first has none.
  const undated = incoming.today !== localDate();
  const kept = reconcile(incoming);
  const changed = Object.keys(incoming.entries).filter((name) => !same(incoming.entries[name], view.entries[name]));
  view = incoming;
  changed.forEach((name) => rows.get(name).draw());
  if (kept || undated) publish();
  else { drawSummary(); tellSource(); tell("sheet", clone(view)); }
}

watch("value", arrive);
arrive();
