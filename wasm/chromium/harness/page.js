// Starts a worker and carries what it says to the server, in order: batches of
// [kind, value] lists, one on its way at a time. Kinds are "out" and "log" (text),
// "error" (text) and "exit" (code).
"use strict";

let waiting = [];
let sending = false;

async function report(kind, value) {
  waiting.push([kind, value]);
  if (sending) return;
  sending = true;
  while (waiting.length > 0) {
    const batch = waiting;
    waiting = [];
    await fetch("report", { method: "POST", body: JSON.stringify(batch) });
  }
  sending = false;
}

function start(program) {
  const worker = new Worker("worker.js");
  worker.onmessage = ({ data: [kind, value] }) => report(kind, value);
  worker.onerror = (e) => report("error", `${e.message} (${e.filename}:${e.lineno})`);
  worker.onmessageerror = () => report("error", "a message that cannot be read");
  worker.postMessage(program);
}
