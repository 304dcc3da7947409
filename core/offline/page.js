"use strict";
// What the pages of all families share: numbers, random numbers, texts. No library, no network call.

function bytesOf(text) {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, part = bits & 1023;
  if (exponent === 0) return sign * part * 2 ** -24;
  if (exponent === 31) return part ? NaN : sign * Infinity;
  return sign * (1 + part / 1024) * 2 ** (exponent - 15);
}

// {shape, type, data, scale} → {shape, data: Float32Array}
function decodeArray(item) {
  const bytes = bytesOf(item.data), view = new DataView(bytes.buffer);
  if (item.type === "float16") {
    const data = new Float32Array(bytes.length / 2);
    for (let i = 0; i < data.length; i++) data[i] = half(view.getUint16(2 * i, true));
    return { shape: item.shape, data };
  }
  const columns = item.shape[item.shape.length - 1], scales = new DataView(bytesOf(item.scale).buffer);
  const data = new Float32Array(bytes.length);
  for (let i = 0; i < data.length; i++) data[i] = view.getInt8(i) * scales.getFloat32(4 * (i % columns), true);
  return { shape: item.shape, data };
}

// Uniform numbers in [0, 1) from a seed (Mulberry32, Tommy Ettinger 2017).
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// out (N) += row (D) times matrix (D, N)
function addProduct(out, row, matrix) {
  const N = out.length;
  for (let d = 0; d < row.length; d++) {
    const x = row[d];
    if (x === 0) continue;
    for (let n = 0, at = d * N; n < N; n++, at++) out[n] += x * matrix[at];
  }
  return out;
}

function softmax(logits, temperature = 1) {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = Float64Array.from(logits, (value) => Math.exp((value - most) / temperature));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

function openPage(start) {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const network = read("network"), arrays = {};
  for (const [name, item] of Object.entries(read("arrays"))) arrays[name] = decodeArray(item);
  const listeners = [];
  const view = {
    language: (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en",
    text: (key) => network.languages[view.language].texts[key] ?? key,
    element: (id) => document.getElementById(id),
    onLanguage: (listener) => listeners.push(listener),
  };
  function show() {
    document.documentElement.lang = view.language;
    view.element("language").textContent = view.language === "en" ? "中文" : "English";
    for (const item of document.querySelectorAll("[data-text]")) item.textContent = view.text(item.dataset.text);
    const sections = network.languages[view.language].facts.map(([head, lines]) => {
      const section = document.createElement("section"), list = document.createElement("ul");
      section.append(Object.assign(document.createElement("h2"), { textContent: head }), list);
      list.append(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
      return section;
    });
    view.element("facts").replaceChildren(...sections);
    for (const listener of listeners) listener();
  }
  view.element("language").addEventListener("click", () => {
    view.language = view.language === "en" ? "zh" : "en";
    show();
  });
  window.page = start(network, arrays, view);
  show();
}
