// Starts the engine in this worker. The page says where engine.wasm is by the
// query "engine", as in new Worker("worker.js?engine=/files/engine.wasm").
// wasm/README.md describes the messages.
"use strict";
importScripts("wasm_exec.js");

// Messages that come before Go runs.
globalThis.early = [];
onmessage = (event) => early.push(event);

// What Go prints when it dies says why.
let said = "";
const decoder = new TextDecoder();
fs.writeSync = (_, bytes) => {
  said = (said + decoder.decode(bytes, { stream: true })).slice(0, 4000);
  return bytes.length;
};

// After its end every request gets an error: nobody waits for ever.
function end(why) {
  const name = /out of memory|cannot allocate/i.test(why) ? "outOfMemory" : "internal";
  const error = { name, message: "the engine has ended: " + why };
  const early = globalThis.early ?? [];
  postMessage({ type: "ended", error });
  onmessage = ({ data }) => postMessage({ id: data?.id, type: "error", error });
  early.forEach(onmessage);
}

// What was measured of devices, as texts by name, is in a database of this origin.
// Without one, as in some private windows, it lasts as long as the worker; one that does
// not answer is not waited for.
globalThis.tables = {};
let database;
const answer = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
async function recall() {
  const opening = indexedDB.open("flawscope", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("variants");
  database = await answer(opening);
  database.onversionchange = () => database.close();
  const store = database.transaction("variants").objectStore("variants");
  const [names, texts] = await Promise.all([answer(store.getAllKeys()), answer(store.getAll())]);
  names.forEach((name, i) => (tables[name] ??= texts[i]));
}
globalThis.keep = (name, text) => {
  tables[name] = text;
  try {
    database?.transaction("variants", "readwrite").objectStore("variants").put(text, name);
  } catch {}
};
const recalled = Promise.race([recall().catch(() => {}), new Promise((done) => setTimeout(done, 500))]);

const go = new Go();
go.exit = (code) => end(said || "exit code " + code);
const address = new URLSearchParams(location.search).get("engine") ?? "engine.wasm";
Promise.all([WebAssembly.instantiateStreaming(fetch(address), go.importObject), recalled])
  .then(([{ instance }]) => go.run(instance))
  .catch((error) => end(String(error)));
