// What a word means: the line of the article's list of words for whatever bears one, under the pointer, with the focus, or
// tapped. Fetched once something of that kind is pointed at.

/** @type {Map<string, string>} */
const meanings = new Map(
  [...document.querySelectorAll(".terms > div")].map((entry) => [
    entry.querySelector("dt")?.textContent?.trim() ?? "",
    entry.querySelector("dd")?.textContent?.trim().replace(/\s+/g, " ") ?? "",
  ]),
);
const box = Object.assign(document.createElement("p"), { id: "meaning", className: "tip meaning", hidden: true });
// Those who hear the page find the list of words in the article.
box.setAttribute("aria-hidden", "true");
document.body.append(box);

/** @param {EventTarget | null} target */
const bearer = (target) =>
  /** @type {HTMLElement | null} */ (target instanceof Element && target.closest("[data-term]"));

/** @param {EventTarget | null} target */
export function tell(target) {
  const word = bearer(target);
  const meaning = word && meanings.get(word.dataset.term ?? "");
  box.hidden = !meaning;
  if (!word || !meaning) return;
  box.replaceChildren(Object.assign(document.createElement("b"), { textContent: word.dataset.term }), `: ${meaning}`);
  const { left, top, width } = word.getBoundingClientRect();
  const half = box.offsetWidth / 2;
  const middle = Math.min(Math.max(left + width / 2, half + 8), document.documentElement.clientWidth - half - 8);
  box.style.left = `${middle}px`;
  box.style.top = `${Math.max(top - box.offsetHeight - 6, 60)}px`;
}

document.addEventListener("pointerover", ({ target }) => tell(target));
document.addEventListener("focusin", ({ target }) => tell(target));
document.addEventListener("pointerdown", ({ target }) => tell(target));
document.addEventListener("keydown", ({ key }) => key === "Escape" && tell(null));
addEventListener("scroll", () => tell(null), { passive: true });
