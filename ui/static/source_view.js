// Draws the SourceView component. The form tells what to show with a 'smartform:source' event:
// {text, spans: [{name, title, start, end}], active}.
const box = element.querySelector(".sf-source-view");
const title = make("h3", { class: "sf-source-title", id: "source-title" }, say("source_title"));
const note = make("p", { class: "sf-hint", role: "status" }, say("source_empty"));
const body = make("div", {
  class: "sf-source-text", tabindex: 0, role: "region", "aria-labelledby": "source-title", hidden: true,
});
box.append(title, note, body);

function mark(piece, active) {
  if (!piece.span) return piece.text;
  const { name, title: label } = piece.span;
  return make("mark", {
    "data-field": name, "data-active": name === active, title: label,
    onclick: () => document.dispatchEvent(new CustomEvent("smartform:focus", { detail: name })),
  }, piece.text);
}

document.addEventListener("smartform:source", ({ detail }) => {
  body.hidden = !detail.text;
  note.hidden = Boolean(detail.text) && !detail.lost;
  note.textContent = detail.lost ? say("source_none") : say("source_empty");
  // The chosen field's spans come first so that they win where two fields share a place.
  const chosen = detail.spans.filter((span) => span.name === detail.active);
  const others = detail.spans.filter(
    (span) => !chosen.some((own) => span.start < own.end && own.start < span.end && span !== own));
  const all = [...chosen, ...others.filter((span) => span.name !== detail.active)];
  body.replaceChildren(...pieces(detail.text, all).map((piece) => mark(piece, detail.active)));
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
