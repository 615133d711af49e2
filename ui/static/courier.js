// Delivers what the Courier component holds: a download, or text for the clipboard.
const box = element.querySelector(".sf-courier");
box.setAttribute("role", "status");

function download({ name, kind, content }) {
  save(name, kind, Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0)));
}

async function copy(text) {
  await toClipboard(text);
  box.textContent = say("copied");
  setTimeout(() => { box.textContent = ""; }, 4000);
}

watch("value", () => {
  const value = props.value;
  if (!value) return;
  if (value.content !== undefined) download(value);
  else if (value.text !== undefined) copy(value.text);
});
