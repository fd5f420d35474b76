// What the tests know of an engine: requests as promises, and all that it said.
"use strict";

class Engine {
  constructor(script) {
    this.last = 0;
    this.waiting = new Map();
    this.events = [];
    this.progress = [];
    this.worker = new Worker(script);
    this.worker.onmessage = ({ data }) => this.take(data);
    this.worker.onerror = (e) => { throw new Error(e.message); };
    this.ready = new Promise((resolve) => (this.started = resolve));
    this.control = new BroadcastChannel("test");
  }

  take(message) {
    if (message.type === "ready") this.started(message);
    const waiting = this.waiting.get(message.id);
    if (message.type === "progress") {
      this.progress.push({ ...message, at: performance.now() });
      this.onprogress?.(message);
    } else if (waiting) {
      this.waiting.delete(message.id);
      if (message.type === "done") waiting.resolve(message.result ?? {});
      else waiting.reject(Object.assign(new Error(message.error.message), { name: message.error.name }));
    } else {
      this.events.push(message);
    }
  }

  post(message, transfer = []) {
    const id = ++this.last;
    const answer = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    answer.id = id;
    this.worker.postMessage({ id, ...message }, transfer);
    return answer;
  }

  // A request's result, or {error: its code}.
  async try(message) {
    try {
      return await this.post(message);
    } catch (e) {
      return { error: e.name, message: e.message };
    }
  }

  // What lossy.js counts; lose is the call of GL at which the context is lost.
  ask(lose) {
    return new Promise((resolve) => {
      this.control.onmessage = ({ data }) => resolve(data);
      this.control.postMessage({ lose: lose ?? null });
    });
  }
}

async function bytes(name) {
  const answer = await fetch("data/" + name);
  if (!answer.ok) throw new Error(name + ": " + answer.status);
  return new Uint8Array(await answer.arrayBuffer());
}

// opened is an engine with a device and the weights.
async function opened(device, script = "lossy.js") {
  const e = new Engine(script);
  await e.ready;
  e.device = await e.post({ type: "open", device });
  await e.post({ type: "weights", name: "compact", bytes: await bytes("weights") });
  return e;
}

// part draws a picture file of any size.
async function part(i, width, height, hole) {
  const canvas = new OffscreenCanvas(width, height);
  const g = canvas.getContext("2d");
  const image = g.createImageData(width, height);
  let state = 12345 + i;
  for (let k = 0; k < width * height; k++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const x = k % width, y = (k / width) | 0;
    const dark = hole && Math.abs(x - width / 2) < width / 8 && Math.abs(y - height / 2) < height / 8;
    image.data.fill(dark ? 255 * (k & 1) : 120 + (64 * y) / height + ((state >>> 16) & 15), 4 * k, 4 * k + 3);
    image.data[4 * k + 3] = 255;
  }
  g.putImageData(image, 0, 0);
  return new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
}

const sum = (values) => values.reduce((a, b) => a + b, 0);
