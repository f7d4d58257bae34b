// Unit tests of the module in the page: node --test. tests/test_explorer.py runs them, and writes the module.

import assert from "node:assert/strict";
import { test } from "node:test";

const { decode, field, fit, forward, ink, positions, signed, softmax, text, untrained } = await import(process.env.MODULE);

const conv = (settings = {}) => ({ type: "conv", kernel: [3, 3], stride: [1, 1], padding: "valid", filters: 1, ...settings });
const image = (rows, columns = rows, channels = 1) => ({ type: "image", shape: [rows, columns, channels] });
const pool = (settings = {}) => ({ type: "max", kernel: [2, 2], stride: [2, 2], padding: "valid", ...settings });
const EDGES = [-1, 0, 1, -1, 0, 1, -1, 0, 1];

test("positions are those of Keras", () => {
    assert.deepEqual(positions(6, 3, 2, "valid"), { count: 2, before: 0, zeros: 0 });
    assert.deepEqual(positions(6, 3, 2, "same"), { count: 3, before: 0, zeros: 1 });
    assert.deepEqual(positions(28, 5, 2, "same"), { count: 14, before: 1, zeros: 3 });
});

test("a convolution adds up window times kernel", () => {
    const layers = fit([image(3, 4), conv()]), pixels = [0, 0, 9, 9, 0, 0, 9, 9, 0, 0, 0, 0];
    const weights = [null, { kernel: EDGES, bias: [1] }];
    assert.deepEqual(layers[1].shape, [1, 2, 1]);
    assert.deepEqual([...forward(layers, weights, pixels)[1]], [19, 19]);
});

test("padding same reads zeros around the image, and ReLU cuts", () => {
    const layers = fit([image(3), conv({ padding: "same", relu: true })]);
    const [, output] = forward(layers, [null, { kernel: EDGES, bias: [0] }], Array(9).fill(1));
    assert.deepEqual([...output], [2, 0, 0, 3, 0, 0, 2, 0, 0]);
});

test("pooling drops what is left over, and an average counts no padding", () => {
    const pixels = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    assert.deepEqual([...forward(fit([image(3), pool()]), [], pixels)[1]], [5]);
    assert.deepEqual([...forward(fit([image(3), pool({ type: "average", padding: "same" })]), [], pixels)[1]], [3, 4.5, 7.5, 9]);
});

test("flatten, dense and softmax", () => {
    const layers = fit([image(1, 2), { type: "flatten" }, { type: "dense", units: 2 }, { type: "softmax" }]);
    const outputs = forward(layers, [null, null, { kernel: [1, 2, 3, 4], bias: [0, 1] }], [1, 2]);
    assert.deepEqual([...outputs[2]], [7, 11]);
    assert.ok(Math.abs(outputs[3][1] - 1 / (1 + Math.exp(-4))) < 1e-6);
    assert.deepEqual(softmax([1000, 1000]), [0.5, 0.5]);
});

test("the receptive field of the reference network", () => {
    const layers = fit([
        image(32, 32, 3), conv({ filters: 2 }), pool(), conv({ filters: 2 }), pool(), conv({ filters: 2 }),
        { type: "flatten" }, { type: "dense", units: 4 },
    ]);
    assert.deepEqual(field(layers, 5, 3), [0, 17, 12, 29]);
    assert.deepEqual(field(layers, 7), [0, 29, 0, 29], "all that reaches the dense layer");
    assert.deepEqual(field(layers, 1, 4 * 30 + 5), [4, 6, 5, 7]);
});

test("a window says what is in the padding", () => {
    const [, layer] = fit([image(3), conv({ padding: "same" })]);
    assert.deepEqual(layer.windows[0], [-1, -1, -1, -1, 0, 1, -1, 3, 4]);
    assert.deepEqual(layer.windows[5], [1, 2, -1, 4, 5, -1, 7, 8, -1]);
});

test("a stride leaves rows in no window", () => {
    const [, layer] = fit([image(10), conv({ kernel: [2, 2], stride: [3, 3] })]);
    const rows = new Set(layer.windows.flat().map((cell) => Math.floor(cell / 10)));
    assert.deepEqual([...rows], [0, 1, 3, 4, 6, 7]);
});

test("random weights are as large as those that Keras begins with", () => {
    const layers = fit([image(8, 8, 3), { type: "scale" }, conv({ filters: 5 }), { type: "flatten" }, { type: "dense", units: 20 }]);
    const kernels = [null, [2, 2, 2], Array(135).fill(9), null, Array(3600).fill(9)];
    const weights = kernels.map((kernel) => kernel && { kernel, bias: [9] });
    const drawn = untrained(layers, weights);
    assert.deepEqual([drawn[0], drawn[1], drawn[3]], [null, weights[1], null]);
    for (const [l, limit] of [[2, Math.sqrt(6 / (9 * 8))], [4, Math.sqrt(6 / 200)]]) {
        const { kernel, bias } = drawn[l];
        assert.deepEqual(bias, [0]);
        assert.ok(Math.max(...kernel) < limit && Math.max(...kernel) > 0.9 * limit);
        assert.ok(Math.min(...kernel) > -limit && Math.min(...kernel) < -0.9 * limit);
    }
});

test("numbers and colors can be read", () => {
    assert.deepEqual([27, -0, -0.12345, 1234.5, 0.00001234].map(text), ["27", "0", "−0.123", "1230", "0"]);
    for (const share of [-1, -0.4, 0, 0.4, 1]) {
        const light = signed(share).map((level) => (level / 255) ** 2.2).reduce((a, level, i) => a + level * [0.21, 0.72, 0.07][i], 0);
        const contrast = ink(signed(share)) === "white" ? 1.05 / (light + 0.05) : (light + 0.05) / 0.05;
        assert.ok(contrast > 4.5, `${share}: ${contrast}`);
    }
});

test("what Python packs is unpacked", async () => {
    const data = JSON.parse(process.env.DATA);
    const { images, weights } = await decode(data.page);
    assert.deepEqual(images.map((one) => [...one]), data.images);
    const { kernel, bias } = weights[1];
    assert.deepEqual([...bias], data.bias);
    data.kernel.forEach((weight, i) => assert.ok(Math.abs(weight - kernel[i]) < 1e-4));
});
