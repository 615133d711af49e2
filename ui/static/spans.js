// Spans of a text that is edited. Characters are counted as Python does: texts come as arrays of them.
const letters = (text) => Array.from(text);

// Where each {start, end} of `before` stands in `after`; null for those that the change touches.
// What lies between the common beginning and the common end counts as changed.
function rebased(spans, before, after) {
  if (before === after) return spans;
  const [old, now] = [letters(before), letters(after)];
  const most = Math.min(old.length, now.length);
  let head = 0;
  while (head < most && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < most - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1;
  const shift = now.length - old.length;
  return spans.map((span) => {
    if (span.end < head) return span;
    if (span.start > old.length - tail) return { ...span, start: span.start + shift, end: span.end + shift };
    return null;
  });
}
