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

const go = new Go();
go.exit = (code) => end(said || "exit code " + code);
const address = new URLSearchParams(location.search).get("engine") ?? "engine.wasm";
WebAssembly.instantiateStreaming(fetch(address), go.importObject)
  .then(({ instance }) => go.run(instance))
  .catch((error) => end(String(error)));
