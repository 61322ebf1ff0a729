// What scripts share through the global object: what the build says, and what the programs call.

/** What the build wrote into build.js (xtask/src/build_script.rs). */
interface Build {
  /** Where each program is: a path from the page, to which `.js`, `_bg.wasm` and, for a worker, `_loader.js` are added. */
  programs: Record<string, string>;
  /** The data sets whose shards are beside the page. */
  sets: string[];
  /** Whether the service worker may keep this build. */
  offline: boolean;
  /** The names of the settings in a link that say how a run looks, and not what it is (page::model::link::SETTINGS). */
  viewSettings: string[];
}

/** The build's files, for the service worker (xtask/src/offline.rs). */
interface Release {
  /** The build's name; null while the page is being developed. */
  build: string | null;
  /** Of each path: bytes, FNV-1a of them in 32 bits, and 1 if it is fetched before it is asked for. */
  files: Record<string, [bytes: number, sum: number, always: 0 | 1]>;
}

/** What a layer that learns is shown by. */
type Numbers = Uint8Array | Uint32Array;

/** Reads files for a program: their bytes and null, or any list and what went wrong. */
type Load = (
  files: (string | Blob)[],
  fresh: boolean,
  then: (bytes: Uint8Array[], error: string | null) => void,
) => void;

/** Calls one of the functions of the program that saves pictures (src/exporter). */
type Save = (method: "drawing" | "table" | "file", parameters: unknown[], failed: (reason: string) => void) => void;

/** What the programs find around the page (src/page/ports/host.rs). */
interface Outside {
  load: Load;
  /** The path of the script that the worker of an engine starts from; undefined where the page was built without it. */
  worker(program: string): string | undefined;
  /** The names of the data sets that are there, with spaces between. */
  sets(): string;
  /** Whether nobody sees the page. */
  unseen(): boolean;
  /** There is a network. */
  ready(): void;
  /** How training goes; NaN where unknown. */
  progress(epochs: number, loss: number, accuracy: number, imagesPerSecond: number): void;
  /** What the picture was read as, and since which time step, from 1. */
  prediction(digit: number, name: string, probability: number, knownSince: number): void;
  /** Shows what there is to see of a layer that learns by STDP. */
  glimpse(bytes: Uint8Array): void;
  /** Shows a network on a chip, if there is another one, and a picture with its number in the test set, or -1. */
  chip(network: Uint8Array, pixels: Uint8Array, image: number, set: string): void;
  /** Shows how often each of its neurons fires for the picture in hand. */
  firing(counts: Uint32Array): void;
  /** The link under which a run was kept that the page's link means. */
  kept(): string | undefined;
  /** When that was, in words. */
  kept_when(): string;
  /** Its checkpoint. */
  kept_file(): Uint8Array;
  /** Its curves. */
  kept_curves(): Uint8Array;
  /** Keeps a run under its link. */
  keep(link: string, file: Uint8Array, curves: Uint8Array): void;
  /** What was kept under that link is no longer wanted, or cannot be read. */
  forget(link: string, broken: boolean): void;
  save: Save;
}

interface Navigator {
  /** Not in every browser. */
  connection?: { saveData: boolean };
}

declare var build: Build;
declare var release: Release;
declare var outside: Outside;

/** What an embedded page posts to the page around it, and all of it. */
type EmbedMessage =
  | { spiking: "ready" }
  | { spiking: "height"; height: number }
  | ({ spiking: "progress" } & Progress)
  | ({ spiking: "prediction" } & Prediction);

/** While it trains; null where unknown, for JSON has no NaN. */
interface Progress {
  epoch: number;
  loss: number | null;
  accuracy: number | null;
  imagesPerSecond: number | null;
}

/** The picture was read. */
interface Prediction {
  digit: number;
  name: string;
  probability: number;
  knownSince: number;
}

/** The events of `<spiking-playground>` besides those of every element. */
interface SpikingPlaygroundEvents {
  ready: CustomEvent<Record<string, never>>;
  progress: CustomEvent<Progress>;
  prediction: CustomEvent<Prediction>;
}
