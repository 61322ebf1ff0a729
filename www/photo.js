// Pictures of the reader's: chosen, taken with a camera, dropped or pasted. A program of its own reads them (src/photo_reader.rs) and
// none leaves this browser. Loaded when the page has started.

const field = Object.assign(document.createElement("input"), {
  type: "file",
  accept: "image/*",
  id: "picture",
  hidden: true,
});
element("from").append(field);

/** In pixels: more of a picture is not looked at. */
const LARGEST = 2048;

/**
 * The picture as a PNG: the program reads PNG and JPEG, the browser whatever it can show.
 * @param {Blob} file
 */
async function asPng(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.max(1, bitmap.width * scale), Math.max(1, bitmap.height * scale));
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob();
}

/** @param {File | Blob} file */
async function give(file) {
  // Networks of ours and of other programs open wherever they are dropped.
  if ("name" in file && /\.(safetensors|nir|net)$/i.test(file.name)) {
    const opened = /** @type {HTMLInputElement} */ (element("open"));
    const held = new DataTransfer();
    held.items.add(file);
    opened.files = held.files;
    opened.dispatchEvent(new Event("change"));
    return;
  }
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const isRead = (first === 0x89 && second === 0x50) || (first === 0xff && second === 0xd8);
  // What the browser cannot show either, the program refuses with a reason.
  const detail = isRead ? file : await asPng(file).catch(() => file);
  dispatchEvent(new CustomEvent("picture", { detail }));
}

/**
 * The first file of what was dropped or pasted; none where it has only text.
 * @param {DataTransfer | null} transfer
 */
const fileOf = (transfer) => transfer?.files?.[0] ?? null;

/** @type {NodeListOf<HTMLElement>} */
const buttons = document.querySelectorAll("[data-picture]");
for (const button of buttons) {
  // On a phone, a choice of pictures offers the camera too, but two steps away.
  if (button.dataset.picture) button.hidden = !matchMedia("(pointer: coarse)").matches;
  button.addEventListener("click", () => {
    if (button.dataset.picture) field.setAttribute("capture", button.dataset.picture);
    else field.removeAttribute("capture");
    field.click();
  });
}

field.addEventListener("change", () => {
  const file = field.files?.[0];
  if (file) give(file);
  // So that the same file can be chosen again.
  field.value = "";
});

/** @param {DragEvent} event */
const holdsFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files") ?? false;

// Without this a browser leaves the page to show what was dropped.
addEventListener("dragover", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
});
addEventListener("drop", (event) => {
  const file = fileOf(event.dataTransfer);
  if (!holdsFiles(event)) return;
  event.preventDefault();
  if (file) give(file);
});
addEventListener("paste", (event) => {
  const file = fileOf(event.clipboardData);
  if (!file) return;
  event.preventDefault();
  give(file);
});

export {};
