// Models by tfjs: channels last and convolutions fused with bias and ReLU, which are
// its fastest ways.

export async function openTFJS(backend, threads) {
  if (backend === "wasm") {
    tf.wasm.setWasmPaths("peers/@tensorflow/tfjs-backend-wasm/dist/");
    // It takes at most half as many threads as it sees processors:
    // https://github.com/tensorflow/tfjs/issues/6081
    Object.defineProperty(navigator, "hardwareConcurrency", { value: 2 * threads });
    tf.wasm.setThreadsCount(threads);
  }
  await use(backend);
  return {
    name: `tfjs ${tf.version_core} ${backend}` + (backend === "wasm" ? `, ${tf.wasm.getThreadsCount()} threads` : ""),
    load: (model) => load(backend, model),
  };
}

async function use(backend) {
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs has no ${backend} here`);
}

async function load(backend, { x, nodes, tensors }) {
  await use(backend);
  const arranged = ({ data, shape }, order) => tf.tidy(() => tf.transpose(tf.tensor(data, shape), order));
  const input = arranged(x, [0, 2, 3, 1]);
  const layers = nodes.map((node) => {
    const layer = { ...node };
    if (node.op === "conv" || node.op === "linear") layer.filter = arranged(tensors[node.weight], [2, 3, 1, 0]);
    if (node.op === "conv") layer.offset = tf.tensor1d(tensors[node.bias].data);
    return layer;
  });
  const forward = () => {
    const values = [input];
    for (const layer of layers) values.push(compute(layer, ...layer.in.map((v) => values[v])));
    return values.at(-1);
  };
  return {
    prepare: () => use(backend),
    async run(times) {
      let y;
      for (let i = 0; i < times; i++) {
        y?.dispose();
        y = tf.tidy(forward);
      }
      tf.tidy(() => tf.slice(y, [0, 0, 0, 0], [1, -1, -1, 1]).dataSync());
      y.dispose();
    },
    result: () => tf.tidy(() => tf.transpose(forward(), [0, 3, 1, 2]).dataSync()),
  };
}

function compute(layer, a, b) {
  switch (layer.op) {
    case "conv":
      return tf.fused.conv2d({
        x: a, filter: layer.filter, bias: layer.offset, strides: layer.stride,
        // A 1x1 convolution is a matrix product when it says valid.
        pad: layer.padding === 0 ? "valid" : layer.padding,
        activation: layer.relu ? "relu" : "linear",
      });
    case "linear": {
      const [inputs, outputs] = layer.filter.shape.slice(2);
      const y = tf.matMul(tf.reshape(a, [-1, inputs]), tf.reshape(layer.filter, [inputs, outputs]));
      return tf.reshape(y, [...a.shape.slice(0, 3), outputs]);
    }
    case "maxPool":
      return tf.maxPool(a, layer.kernel, layer.stride, layer.padding);
    case "add":
      return tf.add(a, b);
    case "relu":
      return tf.relu(a);
  }
  throw new Error(`no operation ${layer.op}`);
}
