// What this browser keeps of training (www/keep.js), read in the page.

/** The runs that are kept: link, time, and how many steps they have. */
export const kept = (page) =>
  page.evaluate(
    () =>
      new Promise((done, failed) => {
        // A checkpoint says so in the notes of its header; one that a test has cut off says nothing.
        const step = (file) => {
          try {
            const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
            const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
            return Number(header.__metadata__.step);
          } catch {
            return null;
          }
        };
        const open = indexedDB.open("spiking-playground", 1);
        open.onupgradeneeded = () => open.transaction.abort();
        open.onerror = () => done([]);
        open.onsuccess = () => {
          const all = open.result.transaction("runs").objectStore("runs").getAll();
          all.onsuccess = () => {
            open.result.close();
            done(all.result.map(({ link, at, file }) => ({ link, at, step: step(file) })));
          };
          all.onerror = failed;
        };
      }),
  );
