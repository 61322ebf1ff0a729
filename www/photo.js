// Pictures of the reader's: chosen, taken with a camera, dropped or pasted. The program reads them (src/page/picture.rs) and
// none leaves this browser. Loaded when the page has started.

const field = Object.assign(document.createElement("input"), {
  type: "file",
  accept: "image/*",
  id: "picture",
  hidden: true,
});
document.getElementById("from").append(field);

/** In pixels: more of a picture is not looked at. */
const LARGEST = 2048;

/** The picture as a PNG: the program reads PNG and JPEG, the browser whatever it can show. */
async function asPng(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.max(1, bitmap.width * scale), Math.max(1, bitmap.height * scale));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob();
}

async function give(file) {
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const isRead = (first === 0x89 && second === 0x50) || (first === 0xff && second === 0xd8);
  // What the browser cannot show either, the program refuses with a reason.
  const detail = isRead ? file : await asPng(file).catch(() => file);
  dispatchEvent(new CustomEvent("picture", { detail }));
}

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
