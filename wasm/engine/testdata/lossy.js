// The engine's worker, with the calls of GL counted. The page says by a channel at
// which of them to lose the context, and is told what is held.
"use strict";
let calls = 0;
let lose = null;
let memory = null;
const held = { Texture: 0, Framebuffer: 0, Program: 0, Shader: 0, Buffer: 0, Sync: 0 };

for (const name of Object.getOwnPropertyNames(WebGL2RenderingContext.prototype)) {
  const property = Object.getOwnPropertyDescriptor(WebGL2RenderingContext.prototype, name);
  if (typeof property.value !== "function" || name === "getExtension" || name === "isContextLost") continue;
  const kind = name.replace(/^(create|delete|fence)/, "");
  WebGL2RenderingContext.prototype[name] = function (...args) {
    calls++;
    if (lose !== null && calls >= lose) {
      lose = null;
      this.getExtension("WEBGL_lose_context").loseContext();
    }
    if (kind in held && kind !== name) held[kind] += name.startsWith("delete") ? -1 : 1;
    return property.value.apply(this, args);
  };
}

const start = WebAssembly.instantiateStreaming;
WebAssembly.instantiateStreaming = async (...args) => {
  const program = await start(...args);
  memory = program.instance.exports.mem;
  return program;
};

const control = new BroadcastChannel("test");
control.onmessage = ({ data }) => {
  lose = data.lose === null ? null : calls + data.lose;
  control.postMessage({ calls, held, memory: memory.buffer.byteLength });
};

importScripts("worker.js");
