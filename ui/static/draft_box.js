// Draws the DraftBox component: a text area over a mirror of its text that marks each sentence by its
// tone, and the scores under it. The draft lives in the text area and in props.value; words that
// arrive from the server are added to what stands there.
const root = element.querySelector(".sf-draft");
const TONE_WAIT = 300;
const WEIGHTS_WAIT = 900;
const MOST_WORDS = 5;
const LEAST_WEIGHT = 0.02;

const mirror = make("div", { class: "sf-mirror", "aria-hidden": "true" });
const area = make("textarea", {
  id: "draft-text", class: "sf-draft-text", placeholder: say("draft_placeholder"), spellcheck: "false",
  "aria-describedby": "draft-info draft-tone",
});
const tip = make("p", { class: "sf-tone-sentence" });
const scores = make("div", { class: "sf-gauges" });
const heavy = make("p", { class: "sf-tone-words" });
const remark = make("p", { class: "sf-tone-remark" });
const panel = make("div", { class: "sf-tone", id: "draft-tone", role: "group", "aria-label": say("tone_title") },
  scores, tip, heavy, remark);

let marked = "";
let sentences = [];
let pointed = null;
let delivered = null;

// ---- the mirror -----------------------------------------------------------------------------

function strength(score) {
  return Math.round(Math.min(1, Math.abs(score)) * 100);
}

function drawMirror() {
  const nodes = pieces(area.value, sentences).map(({ text, span }) => span ? make("span", {
    class: "sf-sentence", "data-at": span.start, "data-sentiment": span.tone.sentiment,
    "data-politeness": span.tone.politeness,
    style: `--heat: ${strength(span.tone.sentiment_score)}%; --line: ${strength(span.tone.politeness_score)}%`,
  }, text) : text);
  // A last empty line is as high as the text area's.
  mirror.replaceChildren(...nodes, "\n");
  pointed = null;
}

function follow() {
  sentences = rebased(sentences, marked, area.value).filter(Boolean);
  marked = area.value;
  drawMirror();
}

// ---- the sentence under the pointer or the cursor -------------------------------------------

function point(node) {
  if (node === pointed) return;
  pointed?.removeAttribute("data-on");
  pointed = node;
  node?.setAttribute("data-on", "");
  const span = node && sentences.find(({ start }) => start === Number(node.dataset.at));
  if (!span) {
    tip.replaceChildren(sentences.length > 1 ? say("tone_hint") : "");
    return;
  }
  tip.replaceChildren(say("tone_sentence"), " ", ...MEASURES.map((measure) => make("span", { class: "sf-tip" },
    make("span", { class: "sf-face", "aria-hidden": "true" }, FACES[measure][span.tone[measure]]),
    ` ${verdict(span.tone, measure)} ${signed(span.tone[`${measure}_score`])}`)));
}

function under({ clientX: x, clientY: y }) {
  const inside = ({ left, right, top, bottom }) => x >= left && x <= right && y >= top && y <= bottom;
  return [...mirror.querySelectorAll(".sf-sentence")].find((node) => [...node.getClientRects()].some(inside));
}

function atCursor() {
  const place = letters(area.value.slice(0, area.selectionStart)).length;
  const span = sentences.find(({ start, end }) => start <= place && place <= end);
  return span && mirror.querySelector(`[data-at="${span.start}"]`);
}

// ---- the scores -----------------------------------------------------------------------------

function effect(weight) {
  const measure = MEASURES.reduce((a, b) => Math.abs(weight[a]) >= Math.abs(weight[b]) ? a : b);
  return { measure, score: weight[measure] };
}

function drawWords(words, text) {
  const chars = letters(text);
  const chips = words.map((word) => ({ ...effect(word), text: chars.slice(...word.span).join("") }))
    .filter(({ score }) => Math.abs(score) >= LEAST_WEIGHT).slice(0, MOST_WORDS)
    .map(({ measure, score, text: word }) => make("span", {
      class: "sf-word", "data-direction": score < 0 ? "down" : "up", title: signed(score),
    }, make("strong", {}, word), ` ${say(`${score < 0 ? "less" : "more"}_${measure}`)}`));
  heavy.replaceChildren(...(chips.length ? [make("span", {}, say("tone_words")), ...chips] : []));
}

function drawReport(report, { text, weights }) {
  if (text !== area.value) return;
  if (report.problem) {
    clear([report.problem.message || say(report.problem.key), report.problem.hint].filter(Boolean).join(" "));
    return;
  }
  if (weights) {
    drawWords(report.words, text);
    return;
  }
  sentences = report.sentences.map(({ span: [start, end], ...tone }) => ({ start, end, tone }));
  marked = text;
  drawMirror();
  scores.replaceChildren(...MEASURES.map((measure) => gauge(report, measure)));
  panel.toggleAttribute("data-unfit", !report.applies);
  remark.textContent = say(report.applies ? "tone_language" : "tone_unfit", { language: languageName(report.language) });
  tip.replaceChildren(sentences.length > 1 ? say("tone_hint") : "");
  if (document.activeElement === area) point(atCursor());
  ask({ text, weights: true }, WEIGHTS_WAIT - TONE_WAIT);
}

function clear(words) {
  sentences = [];
  drawMirror();
  for (const node of [scores, tip, heavy]) node.replaceChildren();
  remark.textContent = words;
}

const ask = toneReader(drawReport);

// ---- the draft ------------------------------------------------------------------------------

function changed(wait = TONE_WAIT) {
  props.value = { text: area.value };
  follow();
  document.dispatchEvent(new CustomEvent("smartform:draft", { detail: area.value }));
  if (area.value.trim()) ask({ text: area.value, weights: false }, wait);
  else {
    ask(null, 0);
    clear(say("tone_empty"));
  }
}

function take({ text, heard, number }) {
  if (heard === undefined) return text;
  if (number === delivered) return area.value;
  delivered = number;
  return [area.value.trimEnd(), heard.trim()].filter(Boolean).join("\n");
}

function arrive() {
  const text = take(props.value || {});
  if (text === undefined) return;
  const other = text !== area.value;
  if (other) area.value = text;
  if (other || props.value.heard !== undefined) changed(0);
}

area.addEventListener("input", () => changed());
area.addEventListener("mousemove", (event) => point(under(event)));
area.addEventListener("mouseleave", () => point(document.activeElement === area ? atCursor() : null));
for (const name of ["keyup", "click", "focus"]) area.addEventListener(name, () => point(atCursor()));
area.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  trigger("submit");
});

root.append(
  make("label", { class: "sf-label", for: "draft-text" }, say("draft")),
  make("p", { class: "sf-hint", id: "draft-info" }, say("draft_info")),
  make("div", { class: "sf-paper" }, mirror, area), panel);
watch("value", arrive);
clear(say("tone_empty"));
arrive();
