// The page about embedding: writes the markup of each example beside it, to be copied, and shows an event.

const home = new URL("./", document.baseURI).href;
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

/** The example as somebody else would write it. */
function markup(element) {
  const attributes = [...element.attributes].filter(({ name }) => !["id", "class", "style", "loading"].includes(name));
  const said = attributes.map(({ name, value }) =>
    value === "" ? name : `${name}="${escaped(name === "src" ? new URL(value, home).href : value)}"`,
  );
  const tag = element.localName;
  const script = tag === "iframe" ? "" : `<script async src="${home}embed.js"></script>\n`;
  return `${script}<${[tag, ...said].join(" ")}></${tag}>`;
}

for (const element of document.querySelectorAll(".use > :is(spiking-playground, iframe)")) {
  const text = markup(element);
  const box = Object.assign(document.createElement("div"), { className: "code" });
  const heading = element.parentElement.querySelector("h2").textContent;
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
      getSelection().selectAllChildren(pre);
      told.textContent = " Copying was refused: the markup is selected, copy it by hand.";
    }
  });
  box.append(pre, button, told);
  element.parentElement.firstElementChild.append(box);
}

document.getElementById("draw").addEventListener("prediction", ({ detail: { name, knownSince } }) => {
  document.getElementById("said").textContent = `a ${name}, known since time step ${knownSince}.`;
});
