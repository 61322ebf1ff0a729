// What tests leave in the page, to be looked at later.

interface Window {
  /** What the elements of another page told: whose, which event, its numbers. */
  told: [id: string, name: string, detail: unknown][];
  /** How often the engine said that it stands still. */
  paused?: number;
  /** Whether the page took a key that was pressed. */
  taken?: boolean;
  /** How many messages that come last were heard. */
  heard?: number;
  /** It is the same page still. */
  same?: boolean;
  /** What was painted when the page was printed. */
  printed?: { name: string; ink: boolean; darkest?: number }[];
  /** A service worker was not installed. */
  gaveUp?: boolean;
  /** Runs that a disk has room for. */
  room?: number;
  /** The memories of WebAssembly programs. */
  memories?: WebAssembly.Memory[];
  /** axe-core. */
  axe: { run(root: Document, options: object): Promise<{ violations: AxeViolation[] }> };
  /** What benches/browser/harness.mjs puts on its page, and what it tells. */
  bench(options: {
    module: string;
    device: string;
    steps: number;
    tests: number;
    seconds: number;
    warmUp: number;
  }): Promise<void>;
  report(name: string, value: string | number): Promise<void>;
}

interface AxeViolation {
  id: string;
  impact: string;
  nodes: { target: string[]; failureSummary: string }[];
}

/** Chromium's. */
interface PerformanceEntry {
  readonly value?: number;
  readonly responseEnd?: number;
  readonly renderBlockingStatus?: string;
}
