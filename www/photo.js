// Pictures of the reader's: chosen, taken with a camera, dropped or pasted. The program reads them (src/page/picture.rs) and
// none leaves this browser. Loaded when the page has started.

const field = Object.assign(document.createElement("input"), { type: "file", accept: "image/*", id: "picture", hidden: true });
document.getElementById("from").append(field);

const give = (file) => dispatchEvent(new CustomEvent("picture", { detail: file }));

/** The first file of what was dropped or pasted; none where it has only text. */
const fileOf = (transfer) => transfer?.files?.[0] ?? null;

for (const button of document.querySelectorAll("[data-picture]")) {
  // On a phone, a choice of pictures offers the camera too, but two steps away.
  if (button.dataset.picture) button.hidden = !matchMedia("(pointer: coarse)").matches;
  button.addEventListener("click", () => {
    if (button.dataset.picture) field.setAttribute("capture", button.dataset.picture);
    else field.removeAttribute("capture");
    field.click();
  });
}

field.addEventListener("change", () => {
  if (field.files.length > 0) give(field.files[0]);
  // So that the same file can be chosen again.
  field.value = "";
});

const holdsFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files") ?? false;

// Without this a browser leaves the page to show what was dropped.
addEventListener("dragover", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
});
addEventListener("drop", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  give(fileOf(event.dataTransfer));
});
addEventListener("paste", (event) => {
  const file = fileOf(event.clipboardData);
  if (!file) return;
  event.preventDefault();
  give(file);
});
