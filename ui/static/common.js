// Shared by the scripts of our HTML components; prepended to each of them.
const language = (navigator.language || "en").slice(0, 2);
const words = window.smartformTexts[language] || window.smartformTexts.en;

function say(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

// make("button", {class: "x", onclick: f}, "text", child): attributes, listeners and children.
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const hidden = (text) => make("span", { class: "sf-hidden" }, text);

// Spans count characters as Python does, not UTF-16 units.
function pieces(text, spans) {
  const chars = Array.from(text);
  const out = [];
  let at = 0;
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const start = Math.max(span.start, at);
    if (span.end <= start) continue;
    out.push({ text: chars.slice(at, start).join("") });
    out.push({ text: chars.slice(start, span.end).join(""), span });
    at = span.end;
  }
  out.push({ text: chars.slice(at).join("") });
  return out.filter((piece) => piece.text);
}

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages without TLS, or framed by another, have no clipboard; a selected text area can still be copied.
    const area = make("textarea", { class: "sf-hidden" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

function save(name, kind, content) {
  const link = make("a", { download: name, href: URL.createObjectURL(new Blob([content], { type: kind })) });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
