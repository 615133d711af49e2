// Draws the FieldEditor component: one row for each field. Edits live in `fields` and in
// props.value; they touch the form when 'Apply changes' is pressed.
const root = element.querySelector(".sf-editor");
const list = make("ol", { class: "sf-edit-list" });
let fields = [];
let touched = false;

function publish() {
  touched = true;
  props.value = { fields: JSON.parse(JSON.stringify(fields)) };
}

function redraw(focusOn) {
  list.replaceChildren(...fields.map(row));
  publish();
  if (focusOn) list.querySelector(focusOn)?.focus();
}

function labelled(text, node, extra = "") {
  return make("label", { class: `sf-edit-label ${extra}` }, make("span", {}, text), node);
}

function textInput(field, member, aria) {
  const input = make("input", { type: "text", autocomplete: "off", "data-member": member, "aria-label": aria });
  input.value = field[member] || "";
  input.addEventListener("input", () => { field[member] = input.value; publish(); });
  return input;
}

function typeSelect(field, index) {
  const select = make("select", {
    "data-member": "type",
    onchange: () => { field.type = select.value; redraw(`[data-index="${index}"] [data-member=type]`); },
  }, ...constants.types.map((type) => make("option", { value: type }, type)));
  select.value = field.type || "text";
  return select;
}

function optionsArea(field) {
  const area = make("textarea", { rows: 3, "data-member": "options" });
  area.value = (field.options || []).join("\n");
  area.addEventListener("input", () => {
    field.options = area.value.split("\n").map((line) => line.trim()).filter(Boolean);
    delete field.option_labels;
    publish();
  });
  return area;
}

function move(index, by) {
  const to = index + by;
  if (to < 0 || to >= fields.length) return;
  [fields[index], fields[to]] = [fields[to], fields[index]];
  redraw(`[data-index="${to}"] [data-act=${by < 0 ? "up" : "down"}]`);
}

function remove(index) {
  fields.splice(index, 1);
  redraw(`[data-index="${Math.min(index, fields.length - 1)}"] [data-member=name]`);
}

function actions(index) {
  const act = (name, symbol, run) => make("button", {
    type: "button", class: "sf-icon", "data-act": name, title: say(`editor_${name}`),
    "aria-label": `${say(`editor_${name}`)}: ${fields[index].name || say("editor_field", { n: index + 1 })}`, onclick: run,
  }, symbol);
  return make("span", { class: "sf-edit-actions" }, act("up", "↑", () => move(index, -1)),
    act("down", "↓", () => move(index, 1)), act("delete", "×", () => remove(index)));
}

function row(field, index) {
  const required = make("input", { type: "checkbox", "data-member": "required" });
  required.checked = Boolean(field.required);
  required.addEventListener("change", () => { field.required = required.checked; publish(); });
  const details = make("details", { class: "sf-edit-more", open: constants.with_options.includes(field.type) },
    make("summary", {}, say("editor_more")),
    labelled(say("editor_label"), textInput(field, "label")),
    labelled(say("editor_description"), textInput(field, "description")),
    constants.with_options.includes(field.type) ? labelled(say("editor_options"), optionsArea(field)) : null);
  return make("li", { class: "sf-edit-row", "data-index": index },
    make("div", { class: "sf-edit-main" },
      labelled(say("editor_name"), textInput(field, "name"), "sf-grow"),
      labelled(say("editor_type"), typeSelect(field, index)),
      labelled(say("editor_required"), required, "sf-edit-check"), actions(index)),
    details);
}

function arrive() {
  const incoming = props.value;
  if (!incoming || !incoming.fields) return;
  // The page's own first form comes a moment after the page; what was typed by then stays.
  if (incoming.first && touched) return publish();
  fields = JSON.parse(JSON.stringify(incoming.fields));
  list.replaceChildren(...fields.map(row));
}

root.append(make("p", { class: "sf-hint" }, say("editor_intro")), list,
  make("div", { class: "sf-edit-buttons" },
    make("button", {
      type: "button", class: "sf-small sf-quiet", "data-act": "add",
      onclick: () => { fields.push({ name: "", type: "text" }); redraw("li:last-child [data-member=name]"); },
    }, say("editor_add")),
    make("button", { type: "button", class: "sf-small", "data-act": "apply", onclick: () => trigger("apply") },
      say("editor_apply"))));
watch("value", arrive);
arrive();
