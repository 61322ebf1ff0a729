// <spiking-playground>: Spiking Playground in any page. Load this file with <script async>; it fetches nothing more until
// an element is nearly in sight. It is no module: those need a CORS header, which not every host of plain files sends.
//
//   <spiking-playground show="pad raster result" model="mnist" theme="dark" autoplay settings="hidden=128&amp;beta=0.8">
//
// show      what is shown, with spaces between: pad, samples, raster, network, result, curves, neurons, mistakes,
//           train (buttons and numbers), figure-1 … (a figure of the article); the default is pad, raster and result
// model     which of the trained networks: mnist, mnist-small, fashion-mnist, …
// theme     light, dark or auto
// autoplay  training begins by itself once it is seen
// settings  whatever else can stand in a link of the page behind its #
// height    in CSS pixels; without it the element is as high as what it shows
// label     what assistive technology calls it
//
// Events, with the numbers in `detail`: `ready`; `progress` { epoch, loss, accuracy, imagesPerSecond } while it trains
// (null where unknown); `prediction` { digit, name, probability, knownSince } when the picture was read.

(() => {
  /** As a module, or written by another script, this one is not told where it comes from: then its tag is looked for. */
  const tag =
    /** @type {HTMLScriptElement | null} */ (document.currentScript) ??
    [...document.scripts].find(({ src }) => /\/embed\.js([?#]|$)/.test(src));
  const PAGE = tag?.src ? new URL("./", tag.src) : null;
  const USE = '<script async src="…/embed.js"></script>, without type="module"';
  if (PAGE === null)
    console.error(`Spiking Playground: embed.js does not know where it was loaded from. Load it with ${USE}.`);
  else if (tag?.type === "module")
    console.warn(
      `Spiking Playground: embed.js is no module; as one it works only from hosts that send a CORS header. Load it with ${USE}.`,
    );
  /** Nearly in sight is so far away. */
  const NEAR = "600px";
  const EVENTS = ["ready", "progress", "prediction"];

  class SpikingPlayground extends HTMLElement {
    static observedAttributes = ["show", "model", "theme", "autoplay", "settings", "height", "label"];

    #frame = document.createElement("iframe");
    #near = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.#load(), {
      rootMargin: NEAR,
    });
    /** @param {MessageEvent} event */
    #hear = (event) => this.#take(event);
    #root = this.attachShadow({ mode: "open" });
    /** Behind the # of the frame's address; null before it has one. @type {string | null} */
    #hash = null;

    constructor() {
      super();
      const frame = this.#frame;
      // By properties: a policy of the page around may forbid style sheets and style attributes.
      Object.assign(frame.style, {
        display: "block",
        width: "100%",
        height: "100%",
        border: "0",
        background: "transparent",
      });
      this.#root.append(frame);
    }

    connectedCallback() {
      if (!this.style.display) this.style.display = "block";
      if (PAGE === null) {
        this.#root.textContent = `Spiking Playground cannot be shown: its script does not know where it was loaded from. The page has to load it with ${USE}.`;
        return;
      }
      addEventListener("message", this.#hear);
      this.#name();
      this.#size();
      this.#near.observe(this);
    }

    disconnectedCallback() {
      removeEventListener("message", this.#hear);
      this.#near.disconnect();
      // A frame that is moved is loaded anew.
      this.#frame.removeAttribute("src");
      this.#hash = null;
    }

    /** @param {string} name */
    attributeChangedCallback(name) {
      if (!this.isConnected) return;
      if (name === "height") this.#size();
      else if (name === "label") this.#name();
      else if (this.#hash !== null) this.#load();
    }

    /** The link's hash that the attributes describe. */
    get hash() {
      const pairs = (this.getAttribute("settings") ?? "")
        .replace(/^#/, "")
        .split("&")
        .filter((pair) => pair && !/^(show|theme|train|autoplay)(=|$)/.test(pair));
      /** @type {(name: string, value: string | null) => unknown} */
      const say = (name, value) => value && pairs.push(`${name}=${encodeURIComponent(value).replaceAll("%2C", ",")}`);
      if (this.hasAttribute("model")) say("model", this.getAttribute("model"));
      say(
        "show",
        (this.getAttribute("show") ?? "")
          .split(/[\s,]+/)
          .filter(Boolean)
          .join(",") || "pad,raster,result",
      );
      say("theme", this.getAttribute("theme"));
      if (this.hasAttribute("autoplay")) pairs.push("train=now");
      return `#${pairs.join("&")}`;
    }

    #load() {
      this.#near.disconnect();
      const { hash } = this;
      if (hash === this.#hash) return;
      const url = new URL(hash, PAGE ?? undefined).href;
      // In place of what was there: the reader's way back must not lead through every change.
      if (this.#hash === null) this.#frame.src = url;
      else this.#frame.contentWindow?.location.replace(url);
      this.#hash = hash;
    }

    #name() {
      this.#frame.title =
        this.getAttribute("label") ?? "Spiking Playground: a network of spiking neurons reads a picture";
    }

    /**
     * As high as its author says; otherwise as the page inside says, which then never scrolls by itself.
     * @param {number | null} height
     */
    #size(height = null) {
      const said = Number.parseFloat(this.getAttribute("height") ?? "");
      if (said > 0) this.#frame.style.height = `${said}px`;
      else if (height !== null) this.#frame.style.height = `${height}px`;
      else if (this.#hash === null) this.#frame.style.height = "420px";
    }

    /** @param {MessageEvent} event */
    #take({ source, origin, data }) {
      if (source === null || source !== this.#frame.contentWindow || origin !== PAGE?.origin) return;
      // Whatever may come: what is no message of ours is none.
      const { spiking, ...detail } = Object(data);
      if (spiking === "height" && detail.height > 0) this.#size(Math.min(detail.height, 20_000));
      else if (EVENTS.includes(spiking)) this.dispatchEvent(new CustomEvent(spiking, { detail }));
    }
  }

  customElements.get("spiking-playground") ?? customElements.define("spiking-playground", SpikingPlayground);
})();
