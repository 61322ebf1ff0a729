// A tour of a minute over the live page: five stops from ink to Train. Fetched when it is wanted.

/** What is said at each stop, and of what; the words stand in the document. @type {HTMLElement[]} */
const stops = [.../** @type {HTMLTemplateElement} */ (element("tour-stops")).content.querySelectorAll("p")].map(
  (stop) => /** @type {HTMLElement} */ (stop.cloneNode(true)),
);
const box = /** @type {HTMLDialogElement} */ (element("tour-box"));
const [said, count] = [element("tour-said"), element("tour-count")];
const [back, next, skip] = ["tour-back", "tour-next", "tour-skip"].map(
  (id) => /** @type {HTMLButtonElement} */ (element(id)),
);

let at = 0;
/** What has the focus again when the tour is over. @type {HTMLElement | null} */
let before = null;

function show() {
  for (const element of document.querySelectorAll(".toured")) element.classList.remove("toured");
  const stop = stops[at];
  const place = document.querySelector(stop.dataset.at ?? "body");
  place?.classList.add("toured");
  place?.scrollIntoView({ block: "center" });
  said.textContent = stop.textContent;
  count.textContent = `${at + 1} of ${stops.length}`;
  back.disabled = at === 0;
  next.textContent = (at === stops.length - 1 ? next.dataset.last : next.dataset.next) ?? "";
}

/** @param {number} by */
function go(by) {
  at = Math.max(0, at + by);
  if (at < stops.length) show();
  else box.close();
}

back.addEventListener("click", () => go(-1));
next.addEventListener("click", () => go(1));
skip.addEventListener("click", () => box.close());
box.addEventListener("keydown", (event) => {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (by) go(by);
  else if (event.key === "Escape") box.close();
  else return;
  event.preventDefault();
});
box.addEventListener("close", () => {
  for (const element of document.querySelectorAll(".toured")) element.classList.remove("toured");
  before?.focus({ preventScroll: true });
});

/** Begins at the first stop. */
export function begin() {
  before = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  at = 0;
  // Not modal: the page stays alive below it.
  if (!box.open) box.show();
  show();
  next.focus({ preventScroll: true });
}
