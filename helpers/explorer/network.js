// The network in the page: it computes the numbers that Keras computes, and says where each one comes from.
// The parts of the explorer are network.js, board.js, views.js and explorer.js: one module, in this order.

const product = (numbers) => numbers.reduce((a, b) => a * b, 1);
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
const range = (count) => [...Array(count).keys()];
const cellAt = (i, columns) => [Math.floor(i / columns), i % columns]; // row and column
/** The indices of numbers, that of the largest first. */
const descending = (numbers) => range(numbers.length).sort((a, b) => numbers[b] - numbers[a]);
const indexOfLargest = (numbers) => numbers.indexOf(Math.max(...numbers));
const isMaps = ({ shape }) => shape.length === 3; // else it is flat
/** The index of a cell in a map; -1 outside of it, in the padding. */
const indexIn = ([rows, columns], row, column) =>
    row >= 0 && column >= 0 && row < rows && column < columns ? row * columns + column : -1;

/** How many positions a kernel has in a row of n, and the zeros of padding "same", fewer of them before. */
export function positions(n, kernel, stride, padding) {
    if (padding !== "same") return { count: Math.floor((n - kernel) / stride) + 1, before: 0, zeros: 0 };
    const count = Math.ceil(n / stride), zeros = Math.max((count - 1) * stride + kernel - n, 0);
    return { count, before: Math.floor(zeros / 2), zeros };
}

/** Give each layer its shape, and its windows if it has a kernel; the first one, the image, has its shape. */
export function fit(layers) {
    layers.forEach((layer, l) => {
        const given = layers[l - 1]?.shape, { type, kernel, stride, padding, filters, units } = layer;
        if (kernel) {
            const axes = [0, 1].map((axis) => positions(given[axis], kernel[axis], stride[axis], padding));
            const [rows, columns] = axes.map((axis) => axis.count), before = axes.map((axis) => axis.before);
            const zeros = axes.map((axis) => axis.zeros), shape = [rows, columns, filters ?? given[2]];
            const windows = range(rows * columns).map((i) => range(product(kernel)).map((k) => {
                const [at, inside] = [cellAt(i, columns), cellAt(k, kernel[1])];
                const place = [0, 1].map((axis) => at[axis] * stride[axis] - before[axis] + inside[axis]);
                return indexIn(given, ...place);
            })), seen = new Set(windows.flat());
            const unseen = range(given[0] * given[1]).filter((cell) => !seen.has(cell)); // in no window
            Object.assign(layer, { shape, before, zeros, windows, unseen });
        } else if (l) layer.shape = units ? [units] : type === "flatten" ? [product(given)] : given;
    });
    return layers;
}

export function softmax(logits) {
    const exponentials = Array.from(logits, (z) => Math.exp(z - Math.max(...logits)));
    return exponentials.map((e) => e / sum(exponentials));
}

function compute(layer, weights, input, channels) {
    const { type, shape, relu } = layer, { kernel, bias } = weights ?? {}, maps = shape.at(-1);
    const output = new Float32Array(product(shape)), windows = type === "dense" ? [[0]] : layer.windows;
    const size = windows?.[0].length * channels + 3 || 0; // of the numbers of a window that are not 0, and
    const numbers = new Float64Array(size), rows = new Int32Array(size); // where their kernel's rows begin
    /** Add up window times kernel. Nearly all of the time goes here: four rows at once take a third of it. */
    const add = (cells, sums) => {
        let count = 0;
        cells.forEach((cell, k) => {
            for (let d = 0; cell >= 0 && d < channels; d++) {
                numbers[count] = input[cell * channels + d];
                rows[count] = (k * channels + d) * maps;
                if (numbers[count]) count++; // most are 0
            }
        });
        numbers.fill(0, count, count + 3);
        for (let n = 0; n < count; n += 4) {
            const [a, b, c, d] = [numbers[n], numbers[n + 1], numbers[n + 2], numbers[n + 3]];
            const [p, q, r, s] = [rows[n], rows[n + 1], rows[n + 2], rows[n + 3]];
            for (let i = 0; i < maps; i++) {
                sums[i] += a * kernel[p + i] + b * kernel[q + i] + c * kernel[r + i] + d * kernel[s + i];
            }
        }
    };
    if (type === "softmax") output.set(softmax(input));
    else if (type === "flatten") output.set(input);
    else if (type === "scale") output.set(input.map((x, i) => x * kernel[i % channels] + bias[i % channels]));
    windows?.forEach((cells, i) => {
        const results = output.subarray(i * maps, (i + 1) * maps);
        if (kernel) {
            results.set(bias);
            return add(cells, results);
        }
        const inside = cells.filter((cell) => cell >= 0);
        results.fill(type === "max" ? -Infinity : 0);
        for (const cell of inside) for (let map = 0; map < maps; map++) {
            const x = input[cell * maps + map];
            results[map] = type === "max" ? Math.max(results[map], x) : results[map] + x / inside.length;
        }
    });
    return relu ? output.map((x) => Math.max(x, 0)) : output;
}

/** What each layer returns for an image: the first is the image itself. */
export function forward(layers, weights, pixels) {
    const outputs = [pixels];
    for (let l = 1; l < layers.length; l++) {
        outputs.push(compute(layers[l], weights[l], outputs[l - 1], layers[l - 1].shape.at(-1)));
    }
    return outputs;
}

/** The receptive field of a number: the first and the last row and column of the image that it depends on. */
export function field(layers, l, at) {
    while (!isMaps(layers[l])) l--; // a flat layer depends on all that the last maps do
    const [rows, columns] = layers[l].shape;
    let cells = at === undefined ? range(rows * columns) : [at];
    for (const { windows } of layers.slice(0, l + 1).reverse()) {
        if (windows) cells = [...new Set(cells.flatMap((i) => windows[i]))].filter((cell) => cell >= 0);
    }
    return [0, 1].flatMap((axis) => {
        const found = cells.map((cell) => cellAt(cell, layers[0].shape[1])[axis]);
        return [Math.min(...found), Math.max(...found)];
    });
}

/** Images and weights from the compressed bytes, in the order in which Python writes them. */
export async function decode(data) {
    const packed = new Blob([Uint8Array.from(atob(data.bytes), (letter) => letter.charCodeAt(0))]);
    const stream = packed.stream().pipeThrough(new DecompressionStream("deflate"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    let at = 0;
    const take = (count) => bytes.subarray(at, (at += count));
    const images = range(data.images).map(() => Float32Array.from(take(product(data.layers[0].shape))));
    const weights = data.weights.map((own) => {
        if (!own?.count) return own;
        const [low, high] = [0, 1].map(() => new Int8Array(take(own.count)));
        const weight = (x, i) => (256 * high[i] + x) * own.scales[i % own.scales.length];
        return { bias: own.bias, kernel: Float32Array.from(low, weight) };
    });
    return { images: data.pixels ? [Float32Array.from(data.pixels)] : images, weights };
}

/** Random weights as Keras begins with them: uniform (X. Glorot and Y. Bengio 2010), biases 0. */
export function untrained(layers, weights) {
    let state = 1; // S. K. Park and K. W. Miller 1988
    const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
    return layers.map((layer, l) => {
        if (layer.type !== "conv" && layer.type !== "dense") return weights[l];
        const maps = layers[l - 1].shape.at(-1) + layer.shape.at(-1), size = product(layer.kernel ?? []);
        const limit = Math.sqrt(6 / (maps * size)), { kernel, bias } = weights[l];
        return { kernel: kernel.map(() => limit * (2 * random() - 1)), bias: bias.map(() => 0) };
    });
}
