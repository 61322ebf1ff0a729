// The page about embedding: writes the markup of each example beside it, to be copied, and shows an event.

const home = new URL("./", document.baseURI).href;
/** @param {string} text */
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

/**
 * The example as somebody else would write it.
 * @param {Element} element
 */
function markup(element) {
  const attributes = [...element.attributes].filter(({ name }) => !["id", "class", "style", "loading"].includes(name));
  const said = attributes.map(({ name, value }) =>
    value === "" ? name : `${name}="${escaped(name === "src" ? new URL(value, home).href : value)}"`,
  );
  const tag = element.localName;
  const script = tag === "iframe" ? "" : `<script async src="${home}embed.js"></script>\n`;
  return `${script}<${[tag, ...said].join(" ")}></${tag}>`;
}

for (const use of document.querySelectorAll(".use")) {
  const example = use.querySelector(":scope > :is(spiking-playground, iframe)");
  if (!example) continue;
  const text = markup(example);
  const box = Object.assign(document.createElement("div"), { className: "code" });
  const heading = use.querySelector("h2")?.textContent;
  const pre = Object.assign(document.createElement("pre"), { tabIndex: 0 });
  pre.append(Object.assign(document.createElement("code"), { textContent: text }));
  pre.setAttribute("aria-label", `Markup: ${heading}`);
  const button = Object.assign(document.createElement("button"), { className: "link", textContent: "Copy" });
  button.setAttribute("aria-label", `Copy: ${heading}`);
  const told = document.createElement("span");
  told.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      told.textContent = " Copied.";
    } catch {
      getSelection()?.selectAllChildren(pre);
      told.textContent = " Copying was refused: the markup is selected, copy it by hand.";
    }
  });
  box.append(pre, button, told);
  use.firstElementChild?.append(box);
}

const said = /** @type {HTMLElement} */ (document.getElementById("said"));
document.getElementById("draw")?.addEventListener("prediction", (event) => {
  const { name, knownSince } = /** @type {SpikingPlaygroundEvents["prediction"]} */ (event).detail;
  said.textContent = `a ${name}, known since time step ${knownSince}.`;
});
