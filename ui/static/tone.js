// How the scores of a text are shown, and how they are asked for while a person types.
const FACES = {
  sentiment: { negative: "🙁", neutral: "😐", positive: "🙂" },
  politeness: { impolite: "😠", neutral: "🤝", polite: "🙏" },
};
const RETRY_WAIT = 3000;
const MEASURES = ["sentiment", "politeness"];

const signed = (score) => (score < 0 ? "−" : "+") + Math.abs(score).toFixed(2);
const verdict = (tone, measure) => say(`${measure}_${tone[measure]}`);

// A face, a word, a scale from -1 to 1 and a number for one measure of a tone.
function gauge(tone, measure) {
  const score = tone[`${measure}_score`];
  const needle = make("span", { class: "sf-needle", style: `left: ${50 + 50 * score}%` });
  return make("div", { class: "sf-gauge", "data-measure": measure, "data-level": tone[measure] },
    make("span", { class: "sf-face", "aria-hidden": "true" }, FACES[measure][tone[measure]]),
    make("span", { class: "sf-verdict" }, hidden(`${say(measure)}: `), verdict(tone, measure)),
    make("span", { class: "sf-scale", "aria-hidden": "true" }, needle),
    make("span", { class: "sf-score" }, signed(score)));
}

function languageName(code) {
  try {
    return new Intl.DisplayNames([language], { type: "language" }).of(code);
  } catch {
    return code;
  }
}

// Asks for the tone of the latest text once the typing rests, one question at a time.
function toneReader(answered) {
  let timer = null;
  let busy = false;
  let wanted = null;

  async function ask() {
    if (busy || !wanted) return;
    const asked = wanted;
    wanted = null;
    busy = true;
    try {
      const report = await server.tone(asked);
      if (!wanted) answered(report, asked);
    } catch {
      // The connection failed: ask again, unless there is a newer text by then.
      await new Promise((done) => setTimeout(done, RETRY_WAIT));
      wanted = wanted || asked;
    }
    busy = false;
    ask();
  }

  return (asked, wait) => {
    clearTimeout(timer);
    timer = setTimeout(() => { wanted = asked; ask(); }, wait);
  };
}
