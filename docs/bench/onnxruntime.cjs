// Runs ONNX models for the benchmark: reads one JSON request a line from stdin and
// answers each with one JSON line on stdout. Time is taken here, around
// session.run, so that the pipe costs nothing.
//
// usage: node onnxruntime.cjs FOLDER THREADS     (FOLDER holds node_modules)
//
// {"load": NAME, "model": FILE, "shape": [N,C,H,W], "input": FILE, "output": FILE}
//   prepares a model, runs it once on the input's float32 values and writes its
//   output's; answers {"version": ...}
// {"run": NAME, "times": N} answers {"ms": [...]}
// {"error": ...} answers a request that failed.
"use strict";
const fs = require("fs");
const path = require("path");
const readline = require("readline");

const [folder, threads] = process.argv.slice(2);
const ort = require(path.resolve(folder, "node_modules/onnxruntime-node"));
const models = new Map();

async function load(request) {
  const session = await ort.InferenceSession.create(request.model, {
    executionProviders: ["cpu"],
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    intraOpNumThreads: Number(threads),
    interOpNumThreads: 1,
  });
  const bytes = fs.readFileSync(request.input);
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const feeds = { [session.inputNames[0]]: new ort.Tensor("float32", values, request.shape) };
  models.set(request.load, { session, feeds });
  const results = await session.run(feeds);
  const { data } = results[session.outputNames[0]];
  fs.writeFileSync(request.output, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  return { version: ort.env.versions.node };
}

async function run(request) {
  const { session, feeds } = models.get(request.run);
  const ms = [];
  for (let i = 0; i < request.times; i++) {
    const start = process.hrtime.bigint();
    await session.run(feeds);
    ms.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  return { ms };
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    let answer;
    try {
      answer = await (request.load ? load(request) : run(request));
    } catch (error) {
      answer = { error: String(error) };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
}

main();
