// Hands and pens: a hand that rests on the screen beside a pen is no finger. What it touches is kept from the page, so that it
// neither draws nor clears the pad; what it drew before the pen came is taken back. Loaded when the page has started.

/** So many milliseconds after it was last seen (near the screen is enough) a pen is still at work. */
const AT_WORK = 1000;
/** A pen on the screen that says nothing for so long was lost. */
const LOST = 10_000;
/** In CSS pixels: no fingertip is so broad. */
const BROAD = 64;

const pen = { seen: Number.NEGATIVE_INFINITY, down: false };
/** Touches of which the page has heard, by their pointer: on what. @type {Map<number, EventTarget>} */
const fingers = new Map();
/** Touches of which it hears nothing. @type {Set<number>} */
const palms = new Set();
/** Those that were broad at any moment. @type {Set<number>} */
const broad = new Set();
/**
 * The touch that was lifted last, before anything else was: the click after it is its own.
 * @type {{ isPalm: boolean, isBroad: boolean } | null}
 */
let lifted = null;

/** @param {Event} event */
const isAtWork = ({ timeStamp }) => timeStamp - pen.seen < (pen.down ? LOST : AT_WORK);

/** @param {PointerEvent} event */
function seePen(event) {
  pen.seen = event.timeStamp;
  if (event.type === "pointerdown") {
    pen.down = true;
    // They were a hand. To the page it is as if the browser had said so.
    for (const [id, target] of [...fingers]) {
      target.dispatchEvent(new PointerEvent("pointercancel", { bubbles: true, pointerId: id, pointerType: "touch" }));
      palms.add(id);
    }
  } else if (event.type !== "pointermove") {
    pen.down = false;
  }
}

/** @param {PointerEvent} event */
function seeTouch(event) {
  const { type, pointerId, target, width, height } = event;
  if (type === "pointerdown") {
    broad.delete(pointerId);
    palms.delete(pointerId);
    if (isAtWork(event)) palms.add(pointerId);
    else if (target) fingers.set(pointerId, target);
  }
  if (Math.max(width, height) >= BROAD) broad.add(pointerId);
  if (palms.has(pointerId)) event.stopImmediatePropagation();
  if (type === "pointerup") lifted = { isPalm: palms.has(pointerId), isBroad: broad.has(pointerId) };
  if (type !== "pointermove" && type !== "pointerdown") fingers.delete(pointerId);
}

for (const name of /** @type {const} */ ([
  "pointerdown",
  "pointermove",
  "pointerup",
  "pointercancel",
  "lostpointercapture",
])) {
  addEventListener(
    name,
    (event) => {
      if (event.pointerType === "pen") seePen(event);
      else if (event.pointerType === "touch") return seeTouch(event);
      if (name === "pointerup") lifted = null;
    },
    true,
  );
}

// What is beside the pad, where the hand lies, is not pressed by it.
addEventListener(
  "click",
  (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const place = target?.closest(".data");
    // Keys click without a pointer, and browsers that do not say which pointer clicked are believed that it was the last.
    const { pointerType } = /** @type {MouseEvent & { pointerType?: string }} */ (event);
    const byTouch = pointerType ? pointerType === "touch" : event.detail > 0 && lifted !== null;
    if (!place || !byTouch) return;
    const clears = target?.closest("#clear") !== null;
    if (isAtWork(event) || lifted?.isPalm || (clears && lifted?.isBroad)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  },
  true,
);

export {};
