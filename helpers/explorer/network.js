// The network in the page: it computes the numbers that Keras computes, and says where each one comes from.
// The parts of the explorer are network.js, board.js, views.js and explorer.js: one module, in this order.

const product = (numbers) => numbers.reduce((a, b) => a * b, 1);
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
const range = (count) => [...Array(count).keys()];

/** How many positions a kernel has in a row of n, and the zeros of padding "same", fewer before than after. */
export function positions(n, kernel, stride, padding) {
    if (padding !== "same") return { count: Math.floor((n - kernel) / stride) + 1, before: 0, zeros: 0 };
    const count = Math.ceil(n / stride), zeros = Math.max((count - 1) * stride + kernel - n, 0);
    return { count, before: Math.floor(zeros / 2), zeros };
}

/** Give each layer its shape; the first one, the image, has it already. */
export function fit(layers) {
    layers.forEach((layer, index) => {
        const given = layers[index - 1]?.shape;
        if (layer.kernel) {
            const axes = [0, 1].map((a) => positions(given[a], layer.kernel[a], layer.stride[a], layer.padding));
            layer.shape = [axes[0].count, axes[1].count, layer.filters ?? given[2]];
            layer.before = axes.map((axis) => axis.before);
            layer.zeros = axes.map((axis) => axis.zeros);
        } else if (index) layer.shape = layer.units ? [layer.units] : layer.type === "flatten" ? [product(given)] : given;
    });
    return layers;
}

/** The cells of one position's window, row by row; those in the padding are not inside. */
export function windowOf(layer, [height, width], row, column) {
    const top = row * layer.stride[0] - layer.before[0], left = column * layer.stride[1] - layer.before[1];
    return range(product(layer.kernel)).map((place) => {
        const r = top + Math.floor(place / layer.kernel[1]), c = left + (place % layer.kernel[1]);
        return { place, row: r, column: c, inside: r >= 0 && c >= 0 && r < height && c < width };
    });
}

/** The rows (axis 0) or columns (axis 1) of layer l that no window of the next one holds. */
export function unseen(layers, l, axis) {
    const { kernel, stride, before, shape } = layers[l + 1];
    const seen = range(shape[axis]).flatMap((i) => range(kernel[axis]).map((k) => i * stride[axis] - before[axis] + k));
    return range(layers[l].shape[axis]).filter((at) => !seen.includes(at));
}

export function softmax(logits) {
    const exponentials = Array.from(logits, (z) => Math.exp(z - Math.max(...logits)));
    return exponentials.map((e) => e / sum(exponentials));
}

/** output[at…] += x · kernel[from…], `count` numbers: nearly all of the time goes here. */
function add(output, at, x, kernel, from, count) {
    for (let i = 0; i < count; i++) output[at + i] += x * kernel[from + i];
}

function convolve(layer, { kernel, bias }, input, shape, output) {
    const [, columns, maps] = layer.shape, [, width, channels] = shape;
    for (let at = 0; at < output.length; at += maps) {
        output.set(bias, at);
        for (const cell of windowOf(layer, shape, Math.floor(at / maps / columns), (at / maps) % columns)) {
            if (!cell.inside) continue;
            const from = (cell.row * width + cell.column) * channels, w = cell.place * channels;
            for (let d = 0; d < channels; d++) {
                if (input[from + d]) add(output, at, input[from + d], kernel, (w + d) * maps, maps); // most are 0
            }
        }
    }
}

function pool(layer, input, shape, output) {
    const [, columns, maps] = layer.shape;
    for (let at = 0; at < output.length; at += maps) {
        const cells = windowOf(layer, shape, Math.floor(at / maps / columns), (at / maps) % columns);
        const from = cells.filter((cell) => cell.inside).map((cell) => (cell.row * shape[1] + cell.column) * maps);
        for (let map = 0; map < maps; map++) {
            let largest = -Infinity, all = 0;
            for (const start of from) {
                largest = Math.max(largest, input[start + map]);
                all += input[start + map];
            }
            output[at + map] = layer.type === "max" ? largest : all / from.length;
        }
    }
}

function compute(layer, weights, input, shape) {
    const { type, units } = layer, { kernel, bias } = weights ?? {}, channels = shape[2];
    if (type === "softmax") return Float32Array.from(softmax(input));
    const output = new Float32Array(product(layer.shape));
    if (type === "flatten") output.set(input);
    else if (type === "scale") input.forEach((x, i) => (output[i] = x * kernel[i % channels] + bias[i % channels]));
    else if (type === "conv") convolve(layer, weights, input, shape, output);
    else if (type === "dense") {
        output.set(bias);
        input.forEach((x, i) => x && add(output, 0, x, kernel, i * units, units));
    } else pool(layer, input, shape, output);
    return layer.relu ? output.map((x) => Math.max(x, 0)) : output;
}

/** What each layer returns for an image: the first is the image itself. */
export function forward(layers, weights, pixels) {
    const outputs = [pixels];
    for (let l = 1; l < layers.length; l++) {
        outputs.push(compute(layers[l], weights[l], outputs[l - 1], layers[l - 1].shape));
    }
    return outputs;
}

/** The receptive field of a number: the first and the last row and column of the image that it depends on. */
export function field(layers, l, row, column) {
    let box = [[row, row], [column, column]]; // of rows, of columns
    for (; l > 0; l--) {
        const { type, kernel, stride, before } = layers[l], given = layers[l - 1].shape;
        if (type === "dense" || type === "softmax") box = null; // of all that the layer before has
        box ??= given.length > 1 ? [[0, given[0] - 1], [0, given[1] - 1]] : null;
        if (!kernel) continue;
        box = box.map(([first, last], axis) => {
            const reach = [first * stride[axis], last * stride[axis] + kernel[axis] - 1].map((at) => at - before[axis]);
            return reach.map((at) => clamp(at, 0, given[axis] - 1));
        });
    }
    return box.flat();
}

/** Images and weights from the compressed bytes, in the order in which Python writes them. */
export async function decode(data) {
    const packed = new Blob([Uint8Array.from(atob(data.bytes), (letter) => letter.charCodeAt(0))]);
    const stream = packed.stream().pipeThrough(new DecompressionStream("deflate"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    let at = 0;
    const take = (count) => bytes.subarray(at, (at += count));
    const images = range(data.images).map(() => Float32Array.from(take(product(data.layers[0].shape))));
    const kernelOf = ({ count, scales }) => {
        const [low, high] = [take(count), take(count)].map((part) => Int8Array.from(part));
        return Float32Array.from(low, (x, i) => (256 * high[i] + x) * scales[i % scales.length]);
    };
    const whole = (own) => own && { bias: own.bias, kernel: own.count ? kernelOf(own) : own.kernel };
    return { images: data.pixels ? [Float32Array.from(data.pixels)] : images, weights: data.weights.map(whole) };
}

/** Random weights, as Keras draws them before the training: uniform (X. Glorot and Y. Bengio 2010), biases 0. */
export function untrained(layers, weights) {
    let state = 1;
    const random = () => (state = (state * 16807) % 2147483647) / 2147483647; // S. K. Park and K. W. Miller 1988
    return layers.map((layer, l) => {
        if (layer.type !== "conv" && layer.type !== "dense") return weights[l];
        const maps = layers[l - 1].shape.at(-1) + layer.shape.at(-1), size = product(layer.kernel ?? []);
        const limit = Math.sqrt(6 / (maps * size)), { kernel, bias } = weights[l];
        return { kernel: kernel.map(() => limit * (2 * random() - 1)), bias: bias.map(() => 0) };
    });
}
