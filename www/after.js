// What the page needs only after it is there: its links can be copied, and it can be opened without a network.

const copied = element("copied");

/**
 * Puts the text where it can be pasted from; where the browser refuses, leaves it selected, to be copied by hand.
 * @param {string} text
 * @param {string} what
 */
async function copy(text, what) {
  document.getElementById("by-hand")?.remove();
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = Object.assign(document.createElement("textarea"), {
      id: "by-hand",
      readOnly: true,
      value: text,
      rows: 3,
    });
    field.setAttribute("aria-label", what);
    copied.before(field);
    field.focus();
    field.select();
    if (!document.execCommand("copy")) {
      copied.textContent = `Copying was refused: the ${what} is selected, copy it by hand.`;
      return;
    }
    field.remove();
  }
  copied.textContent = `The ${what} is copied.`;
}

/** @param {string} text */
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

/** The markup that shows this page's settings in another page. */
function embedCode() {
  const script = new URL("embed.js", document.baseURI);
  const settings = location.hash
    .slice(1)
    .split("&")
    .filter((pair) => !/^(show|hide|theme|train|autoplay)(=|$)/.test(pair))
    .join("&");
  const said = settings && ` settings="${escaped(settings)}"`;
  return `<script async src="${escaped(script.href)}"></script>\n<spiking-playground show="pad raster result"${said}></spiking-playground>`;
}

element("copy-link").addEventListener("click", () => copy(location.href, "link"));
element("copy-embed").addEventListener("click", () => copy(embedCode(), "embed code"));

const tour = () => import("./tour.js").then(({ begin }) => begin());
element("tour").addEventListener("click", tour);
if (location.hash.slice(1).split("&").includes("tour")) tour();

// The list of words answers once something that it explains is pointed at.
for (const name of ["pointerover", "focusin", "pointerdown"]) {
  const first = (/** @type {Event} */ { target }) => {
    if (!(target instanceof Element && target.closest("[data-term]"))) return;
    document.removeEventListener(name, first);
    import("./glossary.js").then(({ tell }) => tell(target));
  };
  document.addEventListener(name, first);
}

async function keepOffline() {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  if (!build.offline) {
    // A page under development must not be served from what an earlier one left.
    const here = new URL(".", document.baseURI).href;
    for (const registration of await workers.getRegistrations())
      if (registration.scope === here) await registration.unregister();
    return;
  }
  await workers.register(new URL("service.js", document.baseURI), { updateViaCache: "none" });
  const { active } = await workers.ready;
  // What was fetched before it was there.
  active?.postMessage(performance.getEntriesByType("resource").map(({ name }) => name));
}

keepOffline().catch(console.warn);

export {};
