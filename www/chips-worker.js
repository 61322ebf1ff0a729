// The thread of the program for chips: it calls its functions, in the order in which they are asked for.

/** @type {Promise<Record<string, (...parameters: any[]) => any>> | undefined} */
let program;

addEventListener("message", async ({ data: { id, path, method, parameters } }) => {
  try {
    program ??= import(path).then(async (own) => {
      await own.default();
      return own;
    });
    postMessage({ id, result: (await program)[method]?.(...parameters) });
  } catch (error) {
    postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
