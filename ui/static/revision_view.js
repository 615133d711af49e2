// Draws the RevisionView component: the draft with each edit as a chip to take or leave, the text that
// comes of it, and the scores before and after.
//
// `view` is the revision as shown: {state, draft, edits, …} where each edit has start, end, original,
// replacement, kind, probability and `on`. Its spans always fit `view.draft`, which follows the draft box:
// edits that a change of the draft touches are dropped, the others move with their words.
const root = element.querySelector(".sf-revision");
const REST = 250;
const LONGEST_LINK = 1900;
const SUBJECT = /^\s*(?:subject|oggetto|betreff|objet|asunto|assunto|onderwerp|ämne)[ \t]*:[ \t]*(.*)(?:\n|$)/i;

let view = null;
let earlier = null;
let scores = null;
let chips = [];

const clone = (data) => JSON.parse(JSON.stringify(data));
const title = (words) => make("h2", { class: "sf-revision-title" }, words);
const button = (act, words, onclick, style = "") =>
  make("button", { type: "button", class: `sf-small ${style}`, "data-act": act, onclick }, words);

// ---- the text that comes of it --------------------------------------------------------------

function accepted() {
  const chars = letters(view.draft);
  const parts = [];
  let place = 0;
  for (const { start, end, replacement } of view.edits.filter((edit) => edit.on)) {
    parts.push(chars.slice(place, start).join(""), replacement);
    place = end;
  }
  return parts.join("") + chars.slice(place).join("");
}

// What a mail program is given. Programs cut long links off: a longer body goes by the clipboard.
function mail(text) {
  const found = text.match(SUBJECT);
  const subject = found ? found[1].trim() : "";
  const body = found ? text.slice(found[0].length).replace(/^\s*\n/, "") : text;
  const written = (words) => encodeURIComponent(words.toWellFormed ? words.toWellFormed() : words);
  const query = (parts) => `mailto:?${parts.filter(Boolean).join("&")}`;
  const head = subject && `subject=${written(subject)}`;
  const whole = query([head, `body=${written(body.replaceAll("\n", "\r\n"))}`]);
  return whole.length <= LONGEST_LINK ? { link: whole, rest: "" } : { link: query([head]), rest: body };
}

// ---- chips ----------------------------------------------------------------------------------

// Blanks and line ends would not be seen.
const seen = (text) => text.trim() ? text : text.replaceAll(" ", "␣").replaceAll("\n", "↵\n");
const heard = (text) => text.trim() || say("edit_blank");

function labelOf({ kind, original, replacement, probability }) {
  const values = { kind: say(`kind_${kind}`), from: heard(original), to: heard(replacement) };
  const told = !original ? say("edit_insert", values) : !replacement ? say("edit_delete", values) : say("edit_replace", values);
  const sure = probability === null ? "" : `, ${say("sure", { percent: Math.round(probability * 100) })}`;
  return told + sure;
}

function makeChip(edit) {
  const flip = () => { edit.on = !edit.on; decided(); };
  const state = make("span", { class: "sf-edit-state", "aria-hidden": "true" });
  const node = make("span", {
    class: "sf-edit", role: "button", tabindex: 0, "data-kind": edit.kind, "aria-label": labelOf(edit), onclick: flip,
    onkeydown: (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      flip();
    },
  },
  edit.original ? make("del", {}, seen(edit.original)) : null,
  edit.original && edit.replacement ? " " : null,
  edit.replacement ? make("ins", {}, seen(edit.replacement)) : null,
  make("span", { class: "sf-edit-kind", "aria-hidden": "true" }, say(`kind_${edit.kind}`), state));
  const draw = () => {
    node.setAttribute("aria-pressed", String(edit.on));
    node.title = `${labelOf(edit)}. ${say(edit.on ? "edit_on" : "edit_off")}`;
    state.textContent = edit.on ? " ✓" : " ✕";
  };
  draw();
  return { node, draw };
}

function diff() {
  const places = letters(view.draft);
  const body = make("div", { class: "sf-diff", role: "group", "aria-label": say("changes") });
  let place = 0;
  chips = view.edits.map((edit) => {
    const chip = makeChip(edit);
    body.append(places.slice(place, edit.start).join(""), chip.node);
    place = edit.end;
    return chip;
  });
  body.append(places.slice(place).join(""));
  return body;
}

// ---- parts of the panel ---------------------------------------------------------------------

const count = make("p", { class: "sf-count", role: "status" });
const result = make("div", {
  class: "sf-result", tabindex: 0, role: "region", "aria-label": say("result"),
});
const after = make("div", { class: "sf-gauges" });
const told = make("p", { class: "sf-courier", role: "status" });
const remark = make("p", { class: "sf-tone-remark" });
const link = make("a", { class: "sf-small sf-quiet", "data-act": "mail", onclick: openMail }, say("open_mail"));

function openMail() {
  const { rest } = mail(accepted());
  if (!rest) return;
  toClipboard(rest);
  told.textContent = say("mail_long");
}

async function copyResult() {
  await toClipboard(accepted());
  told.textContent = say("copied");
  setTimeout(() => { told.textContent = ""; }, 4000);
}

function comparison() {
  if (!view.tone_before) return null;
  const before = make("div", { class: "sf-gauges" }, ...MEASURES.map((measure) => gauge(view.tone_before, measure)));
  scores = make("div", { class: "sf-compare" },
    make("div", {}, make("h3", {}, say("tone_before")), before),
    make("div", {}, make("h3", {}, say("tone_after")), after), remark);
  return scores;
}

function refusals() {
  if (!view.refused.length) return null;
  const chars = letters(view.draft);
  return make("div", { class: "sf-refused" }, make("h3", {}, say("refused_title")),
    make("ul", {}, ...view.refused.map(({ span: [start, end], reason }) => make("li", {},
      make("q", {}, excerpt(chars.slice(start, end).join("").trim())), ` ${reason}`))));
}

const excerpt = (text) => letters(text).length > 90 ? `${letters(text).slice(0, 90).join("")}…` : text;

function bulk() {
  const all = (on) => () => { view.edits.forEach((edit) => { edit.on = on; }); decided(); };
  return make("div", { class: "sf-bulk" }, count,
    button("accept-all", say("accept_all"), all(true)), button("reject-all", say("reject_all"), all(false), "sf-quiet"));
}

function takeAway() {
  return make("div", { class: "sf-bulk" }, button("copy", say("copy_mail"), copyResult), link, told);
}

// ---- states ---------------------------------------------------------------------------------

function drawEmpty() {
  root.replaceChildren(title(say("revision")), make("p", { class: "sf-hint" }, say("revision_empty")),
    make("ul", { class: "sf-legend" }, ...["spelling", "grammar", "clarity", "tone"].map((kind) =>
      make("li", {}, make("span", { class: "sf-edit-kind", "data-kind": kind }, say(`kind_${kind}`)),
        ` ${say(`about_${kind}`)}`))));
}

function drawWriting(text) {
  root.replaceChildren(title(say("revision")),
    make("div", { class: "sf-diff sf-writing", "aria-busy": "true" }, text || say("revision_wait")));
}

function drawDone() {
  const stale = view.dropped
    ? make("p", { class: "sf-stale", role: "status" }, say(view.edits.length ? "stale_some" : "stale_all", { n: view.dropped }))
    : null;
  const plain = make("p", { class: "sf-unchanged" }, say("nothing_to_change"));
  const changes = view.edits.length ? [make("p", { class: "sf-hint" }, say("changes_info")), bulk(), diff()]
    : view.dropped ? [] : [plain];
  const parts = [title(say("revision")), stale, ...changes, refusals(), comparison(),
    make("h3", {}, say("result")), result, takeAway()];
  root.replaceChildren(...parts.filter(Boolean));
  drawResult(view.edits.every((edit) => edit.on) && !view.dropped ? view.tone_after : null);
}

function drawResult(known) {
  const text = accepted();
  result.textContent = text;
  link.href = mail(text).link;
  told.textContent = "";
  count.textContent = say("accepted_count", { n: view.edits.filter((edit) => edit.on).length, total: view.edits.length });
  if (known) after.replaceChildren(...MEASURES.map((measure) => gauge(known, measure)));
  if (view.tone_before && text.trim()) ask({ text, weights: false }, known ? 0 : REST);
}

function drawAfter(report, { text }) {
  if (report.problem || !view || text !== accepted()) return;
  after.replaceChildren(...MEASURES.map((measure) => gauge(report, measure)));
  scores?.toggleAttribute("data-unfit", !report.applies);
  remark.textContent = report.applies ? "" : say("tone_unfit", { language: languageName(report.language) });
}

const ask = toneReader(drawAfter);

function decided() {
  chips.forEach((chip) => chip.draw());
  drawResult(null);
  publish();
}

// ---- the draft moves on ---------------------------------------------------------------------

function follow(draft) {
  if (!view || view.draft === draft) return false;
  view.edits = rebased(view.edits, view.draft, draft);
  view.dropped = (view.dropped || 0) + view.edits.filter((edit) => !edit).length;
  view.edits = view.edits.filter(Boolean);
  const pieces = view.refused.map(({ span: [start, end], reason }) => ({ start, end, reason }));
  view.refused = rebased(pieces, view.draft, draft).filter(Boolean)
    .map(({ start, end, reason }) => ({ span: [start, end], reason }));
  view.draft = draft;
  return true;
}

let timer = null;
document.addEventListener("smartform:draft", ({ detail }) => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (!follow(detail)) return;
    drawDone();
    publish();
  }, REST);
});

// ---- arrivals -------------------------------------------------------------------------------

// What is published here keeps the decisions when Gradio draws the component anew.
function publish() {
  props.value = { ...clone(view), state: "shown" };
}

function finish(arrived) {
  const edits = arrived.edits.map(({ span: [start, end], ...edit }) => ({ start, end, on: true, ...edit }));
  view = { ...arrived, edits };
  catchUp();
  // On a phone the draft, the settings and the microphone stand above it.
  if (matchMedia("(max-width: 899px)").matches) root.scrollIntoView({ block: "start" });
}

// Shows `view` fitted to the draft as it stands now.
function catchUp() {
  follow(document.querySelector("#draft-text").value);
  drawDone();
  publish();
}

function arrive() {
  const arrived = props.value && clone(props.value);
  if (!arrived) drawEmpty();
  else if (arrived.state === "writing") {
    // A job that is cancelled or fails brings back what stood here before it.
    earlier = view || earlier;
    view = null;
    drawWriting(arrived.text);
  } else if (arrived.state === "stopped") {
    view = earlier;
    if (view) catchUp();
    else drawEmpty();
  } else if (arrived.state === "done") {
    if (view && view.number === arrived.number) publish();
    else finish(arrived);
  } else if (!view) {
    view = arrived;
    drawDone();
  }
}

watch("value", arrive);
arrive();
