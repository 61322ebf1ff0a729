//! What a visitor has to fetch, against what they should.

use crate::tools::Tools;
use anyhow::{Context, Result};

/// What belongs together, which files of dist/ those are, and how many bytes they may have, compressed by brotli.
const BUDGETS: &str = r#"[
  ["page", /^(programs\/[0-9a-f]+\/page|parts\/[0-9a-f]+\/(style\.css|build\.js|start\.js))/, 150_000],
  ["beside", /^(parts\/[0-9a-f]+\/((around|keep|after|hands|paper|photo|tour|glossary)\.js|(part|print|below|narrow)\.css)|embed\.js)$/, 30_000],
  ["article", /^programs\/[0-9a-f]+\/article/, 64_000],
  ["plasticity", /^programs\/[0-9a-f]+\/plasticity_view/, 60_000],
  ["chips", /^(programs\/[0-9a-f]+\/chips|parts\/[0-9a-f]+\/(chips|chips-worker)\.js)/, 350_000],
  ["exporter", /^programs\/[0-9a-f]+\/exporter/, 40_000],
  ["engine_cpu", /^programs\/[0-9a-f]+\/engine_cpu/, 500_000],
  ["photo_reader", /^programs\/[0-9a-f]+\/photo_reader/, 200_000],
  ["engine_gpu", /^programs\/[0-9a-f]+\/engine_gpu/, 1_900_000, "may be left out"],
]"#;

/// Node.js has brotli; nothing else here does. It fails where something is over its budget or not there at all.
const SCRIPT: &str = r#"
const { readdirSync, readFileSync } = require("node:fs");
const { brotliCompressSync } = require("node:zlib");
const files = readdirSync("dist", { recursive: true }).map((file) => file.replaceAll("\\", "/"));
let bad = false;
for (const [name, pattern, most, optional] of BUDGETS) {
  const bytes = files.filter((file) => pattern.test(file)).map((file) => readFileSync("dist/" + file));
  if (optional && bytes.length === 0) continue;
  const plain = bytes.reduce((sum, b) => sum + b.length, 0);
  const packed = bytes.reduce((sum, b) => sum + brotliCompressSync(b).length, 0);
  const over = packed > most || packed === 0;
  bad ||= over;
  const kb = (n) => `${(n / 1000).toFixed(0).padStart(6)} KB`;
  console.error(`  ${name.padEnd(12)}${kb(plain)}, brotli ${kb(packed)} of ${kb(most)}${over ? "  NOT WITHIN BUDGET" : ""}`);
}
process.exitCode = bad ? 1 : 0;
"#;

/// Prints a line for each part of the page; fails where one is too large.
pub fn check(tools: &Tools) -> Result<()> {
    let script = SCRIPT.replace("BUDGETS", BUDGETS);
    tools.cmd("node", ["-e", &script]).run().context("the page is larger than its budget")?;
    Ok(())
}
