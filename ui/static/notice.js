// Draws the Notice component: what runs, what is done, what must be mended.
const box = element.querySelector(".sf-notice");
box.setAttribute("role", "status");

function draw() {
  const value = props.value || {};
  box.dataset.kind = value.kind || "";
  box.replaceChildren();
  if (!value.kind) return;
  const text = value.key ? say(value.key, value.words) : value.message;
  box.append(make("p", { class: "sf-notice-text" }, text));
  if (value.hint) box.append(make("p", { class: "sf-notice-hint" }, value.hint));
  if (value.kind === "busy") {
    const bar = make("progress", { max: 1, "aria-label": text });
    if (value.share !== null && value.share !== undefined) bar.value = value.share;
    box.append(bar);
  }
}

watch("value", draw);
draw();
