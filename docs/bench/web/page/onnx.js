// Writes a model as ONNX (opset 13), a message of protocol buffers:
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
// Value i of the model has the name "i", tensor i the name "t" and i.

export function encode({ x, nodes, tensors }) {
  const graph = [];
  nodes.forEach((node, i) => {
    const y = String(i + 1);
    if (!node.relu) return graph.push(...operation(node, y));
    graph.push(...operation(node, y + "linear"), operation({ op: "relu", in: [y + "linear"] }, y)[0]);
  });
  return message(
    number(1, 8), // ir_version
    bytes(7, message(
      ...graph.map((node) => bytes(1, node)),
      bytes(2, text("model")),
      ...tensors.map((t, i) => bytes(5, tensor("t" + i, t))),
      bytes(11, value("0", x.shape)),
      bytes(12, value(String(nodes.length))),
    )),
    bytes(8, number(2, 13)), // opset_import
  );
}

// One NodeProto, in a list.
function operation({ op, in: inputs, weight, bias, kernel, stride, padding }, output) {
  const window = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: Array(4).fill(padding) };
  switch (op) {
    case "conv":
      return [node("Conv", [...inputs, "t" + weight, "t" + bias], output, window)];
    case "linear":
      return [node("Conv", [...inputs, "t" + weight], output, {})];
    case "maxPool":
      return [node("MaxPool", inputs, output, window)];
    case "add":
      return [node("Add", inputs, output, {})];
    case "relu":
      return [node("Relu", inputs, output, {})];
  }
  throw new Error(`no operation ${op}`);
}

function node(type, inputs, output, attributes) {
  const INTS = 7;
  return message(
    ...inputs.map((name) => bytes(1, text(String(name)))),
    bytes(2, text(output)),
    bytes(4, text(type)),
    ...Object.entries(attributes).map(([name, values]) =>
      bytes(5, message(bytes(1, text(name)), ...values.map((v) => number(8, v)), number(20, INTS)))),
  );
}

const FLOAT = 1;

function tensor(name, { shape, data }) {
  // A bias, (1,C,1,1) here, has one dimension there.
  const dimensions = shape[0] === 1 && shape[2] === 1 && shape[3] === 1 ? [shape[1]] : shape;
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return message(...dimensions.map((n) => number(1, n)), number(2, FLOAT), bytes(8, text(name)), bytes(9, raw));
}

function value(name, shape) {
  const type = message(number(1, FLOAT));
  const dimensions = shape && bytes(2, message(...shape.map((n) => bytes(1, number(1, n)))));
  return message(bytes(1, text(name)), bytes(2, bytes(1, shape ? message(type, dimensions) : type)));
}

// The wire format of protocol buffers.

function varint(n) {
  const out = [];
  for (; n > 127; n = Math.floor(n / 128)) out.push((n % 128) | 128);
  return Uint8Array.from([...out, n]);
}

const number = (field, n) => message(varint(field << 3), varint(n));
const bytes = (field, data) => message(varint((field << 3) | 2), varint(data.length), data);
const text = (s) => new TextEncoder().encode(s);

function message(...parts) {
  const out = new Uint8Array(parts.reduce((length, p) => length + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}
