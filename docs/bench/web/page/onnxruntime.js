// Models by onnxruntime-web, which gets them as ONNX.
import { encode } from "./onnx.js";

export async function openONNXRuntime(threads) {
  ort.env.wasm.wasmPaths = new URL("peers/onnxruntime-web/dist/", location.href).href;
  ort.env.wasm.numThreads = threads;
  return { name: `onnxruntime-web ${ort.env.versions.web} wasm, ${threads} threads`, load };
}

async function load(model) {
  const session = await ort.InferenceSession.create(encode(model), {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
  });
  const feeds = { 0: new ort.Tensor("float32", model.x.data, model.x.shape) };
  const run = async (times) => {
    let results;
    for (let i = 0; i < times; i++) results = await session.run(feeds);
    return Object.values(results)[0].data;
  };
  return { prepare() {}, run, result: () => run(1) };
}
