// The engine on a graphics card, in a browser whose card is a program: right in every bit, and slow, so networks are tiny.

import assert from "node:assert/strict";
import { MINUTE, pages } from "./harness.mjs";
import { button, frames, number, ready, text, until } from "./reader.mjs";

const { open, test } = await pages({ webgpu: true });

/** A network that a program in place of a card can train. */
const SMALL = "hidden=16&time-steps=8&batch-size=8&encoding=rate";
/** Dispatches of a training step with one hidden layer, and with each further one. */
const [DISPATCHES, MORE] = [12, 5];

/**
 * Runs in the card's worker before its program: counts what is dispatched, and lets the device be destroyed, both over a
 * channel.
 */
function spy() {
  Error.stackTraceLimit = 40;
  const channel = new BroadcastChannel("card");
  let dispatches = 0;
  for (const name of ["dispatchWorkgroups", "dispatchWorkgroupsIndirect"]) {
    const real = GPUComputePassEncoder.prototype[name];
    GPUComputePassEncoder.prototype[name] = function (...sizes) {
      dispatches += 1;
      return real.apply(this, sizes);
    };
  }
  const devices = [];
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...wishes) {
    const device = await request.apply(this, wishes);
    devices.push(device);
    return device;
  };
  channel.onmessage = ({ data }) => {
    if (data === "count") {
      const done = devices.map((device) => device.queue.onSubmittedWorkDone());
      Promise.allSettled(done).then(() => channel.postMessage({ dispatches }));
    }
    if (data === "destroy") {
      for (const device of devices) device.destroy();
      channel.postMessage("destroyed");
    }
  };
}

const spied = {
  before: (page) =>
    page.route("**/engine_gpu_loader.js", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `(${spy})();${await response.text()}` });
    }),
};

const dispatches = (page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        const channel = new BroadcastChannel("card");
        channel.onmessage = ({ data }) => {
          channel.close();
          done(data.dispatches);
        };
        channel.postMessage("count");
      }),
  );

/** How many there were once no more come: what was asked of the card is done, and nothing more is for many frames. */
async function settled(page) {
  for (let before = -1; ; ) {
    const now = await dispatches(page);
    if (now === before) return now;
    before = now;
    await frames(page, 30);
  }
}

const destroy = (page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        const channel = new BroadcastChannel("card");
        channel.onmessage = () => {
          channel.close();
          done(null);
        };
        channel.postMessage("destroy");
      }),
  );

/** In the page: the engine's worker by itself, asked to check its own kernels. */
function selfCheck() {
  const worker = new Worker(new URL(outside.worker("engine_gpu"), document.baseURI), { type: "module", name: "plain" });
  return new Promise((done, failed) => {
    worker.onerror = (event) => failed(new Error(event.message));
    worker.onmessage = ({ data: [report] }) => {
      if (report.ready) worker.postMessage(["self-check"]);
      if (report.lost) failed(new Error(report.lost));
      if (!report.checked) return;
      worker.terminate();
      done(report.checked);
    };
  });
}

/** Trains until the card has the run, and gives its name. */
async function taken(page) {
  await ready(page);
  await button(page, "Train").click();
  return until(
    "the card to take over",
    async () => (await text(page, "Engine")) !== "CPU" && text(page, "Engine"),
    3 * MINUTE,
  );
}

test("card: its kernels agree with the CPU's", async () => {
  const page = await open();
  const [networks, disagreement] = await page.evaluate(selfCheck);
  assert.equal(disagreement, null);
  assert.ok(networks >= 11, `${networks} networks`);
});

test("card: it takes the run over without a jump, is paused, gives it back and takes it again", async () => {
  const page = await open(`#engine=gpu&${SMALL}`, spied);
  const name = await taken(page);
  assert.match(name, /swiftshader/i);
  const epoch = await number(page, "Epoch");
  assert.ok(epoch > 0, "the run goes on where the CPU stopped");
  const loss = await page.locator("#loss").textContent();
  assert.ok(Number.parseFloat(loss) < 2.6, `a loss of ${loss} after the move`);
  await until("steps on the card", async () => (await dispatches(page)) > 200, 2 * MINUTE);
  await button(page, "Pause").click();
  await until("a pause", () => button(page, "Train").isVisible());
  await until("the test of the card's network", async () => (await number(page, "Test accuracy")) > 0, 2 * MINUTE);
  assert.equal(await text(page, "Engine"), name, "the run is still the card's");
  await page.getByLabel("What computes").selectOption("cpu");
  await button(page, "Train").click();
  await until("the CPU to go on", async () => (await text(page, "Engine")) === "CPU");
  const before = await number(page, "Epoch");
  await until("more steps", async () => (await number(page, "Epoch")) > before);
});

test("card: a step takes few dispatches", async (context) => {
  for (const { hidden, most } of [
    { hidden: "16", most: DISPATCHES },
    { hidden: "16,16", most: DISPATCHES + MORE },
  ]) {
    const page = await open(`#engine=gpu&${SMALL.replace("hidden=16", `hidden=${hidden}`)}`, spied);
    await taken(page);
    await button(page, "Pause").click();
    await until("a pause", () => button(page, "Train").isVisible());
    for (let steps = 0; steps < 2; steps += 1) {
      const before = await settled(page);
      await button(page, "Step").click();
      await until("the step", async () => (await dispatches(page)) > before);
      const each = (await settled(page)) - before;
      assert.ok(each > 5 && each <= most, `${each} dispatches a step with ${hidden} hidden neurons, at most ${most}`);
      context.diagnostic(`${each} dispatches a step with ${hidden} hidden neurons`);
    }
    await page.context().close();
  }
});

test("card: when it is lost the CPU goes on from the last checkpoint, and the page says so", async () => {
  const page = await open(`#engine=gpu&${SMALL}`, { ...spied, expected: ["lost", "device", "Device"] });
  await taken(page);
  await destroy(page);
  await until("a sentence", async () => /graphics card was lost/.test(await page.locator("#notes").textContent()));
  assert.equal(await text(page, "Engine"), "CPU");
  const before = await number(page, "Epoch");
  await until("training to go on", async () => (await number(page, "Epoch")) > before + 0.1);
  await button(page, "Pause").click();
});

test("card: one whose shaders do not compile leaves the CPU at work, and the page says so", async () => {
  const broken = "GPUDevice.prototype.createShaderModule = () => { throw new Error('no shaders today'); };";
  const before = (page) =>
    page.route("**/engine_gpu_loader.js", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: broken + (await response.text()) });
    });
  const page = await open(`#engine=gpu&${SMALL}`, {
    before,
    expected: ["shaders", "panicked", "unreachable", "recursive"],
  });
  await ready(page);
  await button(page, "Train").click();
  await until(
    "a sentence",
    async () => /cannot be used/.test(await page.locator("#engine-note").textContent()),
    2 * MINUTE,
  );
  assert.equal(await text(page, "Engine"), "CPU");
  const epoch = await number(page, "Epoch");
  await until("training to go on", async () => (await number(page, "Epoch")) > epoch + 0.1);
});

test("card: one that is a program is not tried unless asked for", async () => {
  const page = await open();
  await ready(page);
  await button(page, "Train").click();
  await until(
    "a sentence",
    async () => /itself computed by the CPU/.test(await page.locator("#engine-note").textContent()),
    2 * MINUTE,
  );
  assert.equal(await text(page, "Engine"), "CPU");
});
