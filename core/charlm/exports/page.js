// A character model: reading and writing a character at a time, in the arithmetic of Keras' layers.

function makeNetwork(network, arrays) {
  const { cell, layers, units: U, symbols } = network, V = symbols.length;
  const recur = (number, x, state) => {
    const [kernel, recurrent, bias] = ["kernel", "recurrent", "bias"].map((name) => arrays[name + number].data);
    const gates = cell === "lstm" ? 4 : cell === "gru" ? 3 : 1;
    const z = new Float64Array(bias.subarray(0, gates * U));
    if (typeof x === "number") for (let n = 0; n < gates * U; n++) z[n] += kernel[x * gates * U + n]; // one-hot
    else addProduct(z, x, kernel);
    const h = new Float32Array(U);
    if (cell === "gru") {
      const back = addProduct(new Float64Array(bias.subarray(3 * U)), state.h, recurrent);
      for (let u = 0; u < U; u++) {
        const update = sigmoid(z[u] + back[u]), reset = sigmoid(z[U + u] + back[U + u]);
        h[u] = update * state.h[u] + (1 - update) * Math.tanh(z[2 * U + u] + reset * back[2 * U + u]);
      }
      return { h };
    }
    addProduct(z, state.h, recurrent);
    if (cell === "rnn") return { h: h.map((_, u) => Math.tanh(z[u])) };
    const c = new Float32Array(U); // gates in the order of Keras: input, forget, candidate, output
    for (let u = 0; u < U; u++) {
      c[u] = sigmoid(z[U + u]) * state.c[u] + sigmoid(z[u]) * Math.tanh(z[2 * U + u]);
      h[u] = sigmoid(z[3 * U + u]) * Math.tanh(c[u]);
    }
    return { h, c };
  };
  const zero = () => Array.from({ length: layers }, () => ({ h: new Float32Array(U), c: new Float32Array(U) }));
  // The state after the symbol `id`, and the logits (V) of the next.
  const step = (id, state) => {
    const D = arrays.table ? arrays.table.shape[1] : 0;
    let x = arrays.table ? arrays.table.data.subarray(id * D, (id + 1) * D) : id;
    const after = state.map((before, number) => {
      const next = recur(number, x, before);
      x = next.h;
      return next;
    });
    return { state: after, logits: addProduct(new Float32Array(arrays.output_bias.data), x, arrays.output.data) };
  };
  return { zero, step, V };
}

function clean(text, network) {
  text = text.replace(/\r\n|[\r\v\f\u0085\u2028\u2029]/g, "\n");
  text = text.replace(/[\u0000-\u0008\u000e-\u001f\u007f-\u009f\ufeff]|\p{Surrogate}/gu, ""); // alone, not in pairs
  if (network.nfkc) text = text.normalize("NFKC");
  if (network.lowercase) text = text.toLowerCase();
  return network.nfkc && network.lowercase ? text.normalize("NFKC") : text;
}

// Symbols: a grapheme cluster that the vocabulary holds, else its code points; 0 is what it does not know.
function makeEncode(symbols) {
  const numbers = new Map(symbols.map((symbol, number) => [symbol, number]));
  const parts = new Intl.Segmenter("en", { granularity: "grapheme" });
  return (text) => {
    const ids = [];
    for (const { segment } of parts.segment(text)) {
      if (numbers.has(segment)) ids.push(numbers.get(segment));
      else for (const char of segment) ids.push(numbers.get(char) ?? 0);
    }
    return ids;
  };
}

function choose(logits, temperature, chance) {
  if (temperature < 1e-4) return logits.indexOf(Math.max(...logits));
  const weights = softmax(logits, temperature);
  let sum = 0;
  for (let id = 0; id < weights.length; id++) if ((sum += weights[id]) > chance) return id;
  return weights.lastIndexOf(Math.max(...weights));
}

function start(network, arrays, view) {
  const net = makeNetwork(network, arrays), encode = makeEncode(network.symbols), at = view.element;
  let token = 0, shown = [];
  const paint = (item) => {
    const states = item.state[Number(at("layer").value) - 1], value = (states.c ?? states.h)[Number(at("cell").value)] ?? 0;
    const strength = Math.min(1, Math.abs(value)) * 0.55;
    item.node.style.backgroundColor = `rgba(var(--${value > 0 ? "warm" : "cool"}),${strength})`;
    item.node.style.textDecoration = strength < 0.06 ? "none" : value > 0 ? "underline" : "underline dotted";
  };
  async function write() {
    const mine = ++token, random = randomNumbers(Number(at("seed").value));
    at("written").replaceChildren();
    shown = [];
    at("status").textContent = view.text("busy");
    let state = net.zero(), logits;
    const add = (id) => {
      ({ state, logits } = net.step(id, state));
      const node = document.createElement("span");
      node.textContent = network.symbols[id];
      shown.push({ node, state });
      paint(shown[shown.length - 1]);
      at("written").append(node);
    };
    const prompt = encode(clean(at("prompt").value, network));
    if (prompt.length === 0) ({ state, logits } = net.step(encode("\n")[0], state)); // it begins as a line does
    for (const id of prompt) add(id);
    for (let n = 0; n < Number(at("length").value) && mine === token; n++) {
      add(choose(logits, Number(at("temperature").value), random()));
      if (n % 4 === 3) await new Promise((resolve) => setTimeout(resolve));
    }
    if (mine === token) at("status").textContent = view.text("done");
  }
  at("write").addEventListener("click", write);
  at("stop").addEventListener("click", () => { token++; at("status").textContent = view.text("stopped"); });
  at("cell").max = network.units - 1;
  at("layer").max = network.layers;
  for (const id of ["cell", "layer"]) at(id).addEventListener("input", () => at(id).checkValidity() && shown.forEach(paint));
  setTimeout(write); // something to look at before the first click
  return { net, encode, clean: (text) => clean(text, network) };
}
