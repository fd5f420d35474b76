// The page that all contenders share: ours (ours.wasm, WebGL), tfjs by WebGL and by
// WebAssembly, onnxruntime-web by WebAssembly. The program that opened it calls
// describe, load and run.
//
// What is timed, alike for all: a number of complete runs on an input and weights
// that are where the contender wants them, and then the wait for the last run to
// end, by reading one channel of its result. (onnxruntime-web's API hands out the
// whole result of each run.)
import { openTFJS } from "./tfjs.js";
import { openONNXRuntime } from "./onnxruntime.js";

const threads = navigator.hardwareConcurrency;
const jobs = new Map(); // by "row contender"
let renderer;

async function start() {
  const go = new Go();
  const { instance } = await WebAssembly.instantiateStreaming(fetch("ours.wasm"), go.importObject);
  go.run(instance); // never returns
  renderer = await ours.open();
  return [await openTFJS("webgl", threads), await openTFJS("wasm", threads), await openONNXRuntime(threads)];
}
const started = start();

// Resolves to {renderer, browser, isolated, peers: [name, ...]}.
globalThis.describe = async () => {
  const peers = await started;
  const { fullVersionList } = await navigator.userAgentData.getHighEntropyValues(["fullVersionList"]);
  const { brand, version } = fullVersionList.find(({ brand }) => brand === "Chromium");
  return { renderer, browser: `${brand} ${version}`, isolated: crossOriginIsolated, peers: peers.map((p) => p.name) };
};

// Makes a row ready and resolves to its floating-point operations. It rejects when a
// peer's result is not ours.
globalThis.load = async (row) => {
  const { flop, ...model } = await ours.load(row);
  jobs.set(`${row} ours`, { prepare() {}, run: (times) => ours.run(row, times) });
  for (const peer of await started) {
    const job = await peer.load(model);
    try {
      await ours.compare(row, await job.result());
    } catch (error) {
      throw new Error(`${row} by ${peer.name}: ${error.message}`);
    }
    jobs.set(`${row} ${peer.name}`, job);
  }
  return flop;
};

// Resolves to the milliseconds of a number of runs and the wait for their end.
globalThis.run = async (row, name, times) => {
  const job = jobs.get(`${row} ${name}`);
  await job.prepare();
  const start = performance.now();
  await job.run(times);
  return performance.now() - start;
};
