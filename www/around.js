// In an embed: tells the page around this one what happens, and lets the program run only while it is seen.
//
// All that is ever posted, to whoever the page around is, and nothing private among it:
//   { spiking: "ready" }                                                    there is a network
//   { spiking: "height", height }                                           in CSS pixels, of what is shown
//   { spiking: "progress", epoch, loss, accuracy, imagesPerSecond }         while training; null where unknown
//   { spiking: "prediction", digit, name, probability, knownSince }         the picture was read

/** The last message of each kind, as text. @type {Map<string, string>} */
const told = new Map();

/**
 * Posts a message, if it is another than the last of its kind.
 * @param {EmbedMessage} message
 */
function post(message) {
  const text = JSON.stringify(message);
  if (parent === window || told.get(message.spiking) === text) return;
  told.set(message.spiking, text);
  parent.postMessage(JSON.parse(text), "*");
}

let away = false;
/** @type {Pick<Outside, "unseen" | "ready" | "progress" | "prediction">} */
const inEmbed = {
  unseen: () => document.hidden || away,
  ready: () => post({ spiking: "ready" }),
  progress(epoch, loss, accuracy, imagesPerSecond) {
    if (epoch > 0) post({ spiking: "progress", epoch, loss, accuracy, imagesPerSecond });
  },
  prediction: (digit, name, probability, knownSince) =>
    post({ spiking: "prediction", digit, name, probability, knownSince }),
};
Object.assign(outside, inEmbed);

// What is scrolled out of sight, in the page around too, stands still: to the program that is like a hidden tab.
new IntersectionObserver((entries) => {
  away = !entries.at(-1)?.isIntersecting;
  document.dispatchEvent(new Event("visibilitychange"));
}).observe(document.documentElement);

new ResizeObserver(() =>
  post({ spiking: "height", height: Math.ceil(document.body.getBoundingClientRect().height) }),
).observe(document.body);

// The way to the whole page, with the same settings.
const whole = /** @type {HTMLAnchorElement} */ (element("whole"));
const follow = () => {
  const pairs = location.hash
    .slice(1)
    .split("&")
    .filter((pair) => !/^(show|hide|theme|train|autoplay)(=|$)/.test(pair));
  whole.href = `./${pairs.join("") && "#"}${pairs.join("&")}`;
};
for (const event of ["pointerdown", "focus", "click"]) whole.addEventListener(event, follow);
follow();
whole.hidden = false;

export {};
