// Runs a Go program in this worker. It finds an OffscreenCanvas as
// globalThis.canvas and the address of its files as globalThis.files.
"use strict";
importScripts("wasm_exec.js");

const say = (kind, value) => postMessage([kind, value]);
for (const level of ["debug", "log", "info", "warn", "error"]) {
  console[level] = (...words) => say("log", `console.${level}: ${words.join(" ")}`);
}
onunhandledrejection = (e) => say("error", String((e.reason && e.reason.stack) || e.reason));

// Go's standard output and error, each a stream of UTF-8 that may break anywhere.
const decoders = [];
fs.writeSync = (descriptor, bytes) => {
  decoders[descriptor] ??= new TextDecoder();
  say("out", decoders[descriptor].decode(bytes, { stream: true }));
  return bytes.length;
};

onmessage = async ({ data: { args, env } }) => {
  globalThis.canvas = new OffscreenCanvas(1, 1);
  globalThis.files = new URL("files/", location.href).href;
  const go = new Go();
  go.argv = args;
  go.env = env;
  let code = null;
  go.exit = (c) => (code = c);
  const { instance } = await WebAssembly.instantiateStreaming(fetch("program.wasm"), go.importObject);
  await go.run(instance);
  say("exit", code);
};
