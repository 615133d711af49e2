// Draws the SourceView component. The form of `constants.channel` tells what to show with a 'smartform:source'
// event: {text, spans: [{name, cell, title, start, end, active}], lost}.
const box = element.querySelector(".sf-source-view");
const title = make("h3", { class: "sf-source-title", id: `${constants.channel}-source-title` }, say("source_title"));
const note = make("p", { class: "sf-hint", role: "status" }, say("source_empty"));
const body = make("div", {
  class: "sf-source-text", tabindex: 0, role: "region", "aria-labelledby": `${constants.channel}-source-title`, hidden: true,
});
box.append(title, note, body);

function mark({ text, span }) {
  if (!span) return text;
  const { name, cell, title: label, active } = span;
  return make("mark", {
    "data-field": name, "data-cell": cell, "data-active": active, title: label,
    onclick: () => document.dispatchEvent(new CustomEvent(`smartform:focus:${constants.channel}`, { detail: { name, cell } })),
  }, text);
}

document.addEventListener(`smartform:source:${constants.channel}`, ({ detail }) => {
  body.hidden = !detail.text;
  note.hidden = Boolean(detail.text) && !detail.lost;
  note.textContent = detail.lost ? say("source_none") : say("source_empty");
  // The chosen field's spans win where two fields share a place.
  const chosen = detail.spans.filter((span) => span.active);
  const others = detail.spans.filter(
    (span) => !span.active && !chosen.some((own) => span.start < own.end && own.start < span.end));
  body.replaceChildren(...pieces(detail.text, [...chosen, ...others]).map(mark));
  const active = body.querySelector("mark[data-active]");
  if (!active) return;
  body.scrollTop = active.offsetTop - body.clientHeight / 3;
  // Beside the form (not above it, as on a phone) the place is brought into sight.
  const column = element.closest(".sf-left");
  if (getComputedStyle(column).position !== "sticky") return;
  const below = () => body.getBoundingClientRect().bottom + 12 - window.innerHeight;
  if (below() > 0) column.scrollTop += below();
  if (below() > 0) window.scrollBy(0, below());
});
