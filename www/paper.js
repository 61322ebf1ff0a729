// Printing. Paper is white, and has no reader who scrolls: before it is printed, all of the page is painted in light colours.
// What has to be fetched or computed for that must be there by then, since printing waits for nothing; so it is asked for once
// the page, by itself in its tab, has come to rest. Loaded when the page has started.

/** How long after there is a network, in milliseconds. */
const REST = 4000;

const root = document.documentElement;
/** The theme that the page had before; none while it is not being printed. @type {string | null} */
let theme = null;

/**
 * Chromium prints a canvas by doing anew what was painted on it, emptying it first; in a PDF each becomes a mask over all that
 * was there before, and its own viewer gives up where a page has many. One that pixels were put into is printed as it is.
 * @param {HTMLCanvasElement} canvas
 */
function settle(canvas) {
  const context = canvas.getContext("2d");
  context?.putImageData(context.getImageData(0, 0, 1, 1), 0, 0);
}

/**
 * To the programs of page and figures: "whole", ask for what you lack of it; "paper", paint what you have, at once.
 * @param {"whole" | "paper" | "resize"} name
 */
const say = (name) => dispatchEvent(new Event(name));

function print() {
  if (theme !== null) return;
  theme = root.dataset.theme ?? "";
  root.dataset.theme = "light";
  say("paper");
  document.querySelectorAll("canvas").forEach(settle);
}

function leave() {
  if (theme === null) return;
  if (theme === "") delete root.dataset.theme;
  else root.dataset.theme = theme;
  theme = null;
  // Colours are others again.
  say("resize");
}

addEventListener("beforeprint", print);
addEventListener("afterprint", leave);
const paper = matchMedia("print");
paper.addEventListener("change", () => (paper.matches ? print() : leave()));

// After all other styles.
document.body.append(
  Object.assign(document.createElement("link"), {
    rel: "stylesheet",
    media: "print",
    href: new URL("print.css", import.meta.url).href,
  }),
);

if (alone() && !navigator.connection?.saveData) {
  const { ready } = outside;
  outside.ready = () => {
    outside.ready = ready;
    ready();
    setTimeout(async () => {
      say("whole");
      await start(startFigures);
    }, REST);
  };
}

export {};
