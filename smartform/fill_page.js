(() => {
  const fields = __FIELDS__;
  const plain = (text) => (text || "").replace(/[\s*:]+/g, " ").trim().toLowerCase();
  const skipped = ["hidden", "submit", "button", "reset", "image", "file", "password"];
  const controls = [...document.querySelectorAll("input, select, textarea")].filter(
    (el) => !skipped.includes(el.type) && !el.disabled
  );
  const labelsOf = (el) =>
    [...(el.labels || [])].map((l) => l.textContent).concat(el.getAttribute("aria-label"), el.placeholder).map(plain);
  const named = (el, name) => (el.name || "").trim() === name || el.id === name;
  const toggles = (el) => el.type === "radio" || el.type === "checkbox";

  // Two forms of a page may share names: the one that knows most of them is meant.
  const known = new Map();
  for (const el of controls) {
    if (fields.some((f) => named(el, f.name))) known.set(el.form, (known.get(el.form) || 0) + 1);
  }
  const home = [...known.entries()].sort((a, b) => b[1] - a[1]).map((entry) => entry[0])[0];

  const find = (field) => {
    let found = controls.filter((el) => named(el, field.name));
    const numbered = /^(.+)_(\d+)$/.exec(field.name);
    if (!found.length && numbered) {
      const same = controls.filter((el) => named(el, numbered[1]) && el.form === home && !toggles(el));
      found = same.slice(numbered[2] - 1, numbered[2]);
    }
    if (!found.length) found = controls.filter((el) => labelsOf(el).includes(plain(field.label))).slice(0, 1);
    const here = found.filter((el) => el.form === home);
    return here.length ? here : found;
  };

  // Frameworks replace an element's own setter to keep track of it; the prototype's is the browser's.
  const set = (el, property, value) => {
    const prototype = Object.getPrototypeOf(el);
    Object.getOwnPropertyDescriptor(prototype, property).set.call(el, value);
  };
  const announce = (el) => {
    for (const kind of ["input", "change"]) el.dispatchEvent(new Event(kind, { bubbles: true }));
    el.dispatchEvent(new FocusEvent("blur"));
  };
  const means = (el, text, field) =>
    field.values.includes(el.value) || field.labels.map(plain).includes(plain(text));

  const toggle = (el, wanted) => {
    if (el.checked !== wanted) el.click();
    return el.checked === wanted;
  };
  const fillToggles = (found, field) => {
    if (field.boolean && found[0].type === "checkbox") return toggle(found[0], field.values[0] === "true");
    const matching = found.filter((el) => means(el, [...(el.labels || [])].map((l) => l.textContent).join(" "), field));
    const others = found.filter((el) => !matching.includes(el) && el.type === "checkbox");
    others.forEach((el) => toggle(el, false));
    return matching.length > 0 && matching.every((el) => toggle(el, true));
  };
  const fillSelect = (el, field) => {
    const matching = [...el.options].filter((option) => means(option, option.textContent, field));
    if (!matching.length) return false;
    if (el.multiple) [...el.options].forEach((option) => (option.selected = matching.includes(option)));
    else set(el, "selectedIndex", matching[0].index);
    announce(el);
    return true;
  };
  const fillText = (el, field) => {
    let value = field.values.join(", ");
    if (el.type === "datetime-local" && /^\d{4}-\d\d-\d\d$/.test(value)) value += "T00:00";
    if (el.type === "month") value = value.slice(0, 7);
    const before = el.value;
    set(el, "value", value);
    if (value && !el.value) {
      set(el, "value", before);
      return false;
    }
    announce(el);
    return true;
  };

  const report = { filled: [], notFound: [], refused: [] };
  for (const field of fields) {
    const found = find(field);
    let result = report.notFound;
    if (found.length) {
      const el = found[0];
      const done = toggles(el)
        ? fillToggles(found, field)
        : el.tagName === "SELECT" ? fillSelect(el, field) : fillText(el, field);
      result = done ? report.filled : report.refused;
    }
    result.push(field.name);
  }
  const parts = [`Smart Form filled ${report.filled.length} of ${fields.length} fields.`];
  if (report.notFound.length) parts.push(`Not found on this page: ${report.notFound.join(", ")}.`);
  if (report.refused.length) parts.push(`The page did not take: ${report.refused.join(", ")}.`);
  console.log(parts.join(" "));
  return report;
})();
