// What the explorer shows of a place: all layers, a map, or one number. Each view gets the explorer, `e`, and
// the index of the layer, `l`, and returns elements.

const crossed = ({ unseen }) => (unseen.length ? [paragraph("Crossed out: in no window.")] : []);
const CHOOSE = " Choose a number to see how it is computed.";

/** All maps of a layer on one scale, or all numbers of a flat one, in a board of its own. */
function mosaic(e, l) {
    const { name, shape, type } = e.layers[l], count = shape.at(-1), tone = e.tone(l), isNamed = e.isNamed(l);
    const what = isMaps(e.layers[l]) ? "maps" : isNamed ? "classes" : "numbers";
    const flat = isNamed ? [1, 120, 20] : count > 256 ? [32, 3] : [8, 11];
    const sizes = what !== "maps" ? flat : count > 3 ? [4, 21] : [1, 42];
    const [columns, width, height = width] = sizes, side = width - (width > 3);
    const draw = (context, i, x, y) => {
        if (what === "maps") return bitmap(context, shape, (at) => tone(e.value(l, i, at)), x, y, side);
        const value = e.value(l, i), number = type === "softmax" ? value.toFixed(3) : text(value);
        const written = isNamed ? `${e.name(l, i).slice(0, 12)} ${number}` : "";
        tile(context, x, y, side, height - width + side, tone(value), written);
    };
    const shown = l === e.place.layer ? e.place.map : undefined;
    return board(e, `layer ${l}`, `${name}: ${count} ${what}`, {
        count, columns, width, height, draw, first: shown,
        frames: shown === undefined ? [] : [[...cellAt(shown, columns), 1, 1]],
        look: (map) => e.tell({ layer: l, map }),
        open: (map) => e.go({ layer: l, map }),
    });
}

function overview(e) {
    const columns = e.layers.map(({ name, shape, parameters }, l) => {
        const count = parameters ? `${parameters.toLocaleString("en")} parameters` : "\u00a0";
        const lines = [make("strong", {}, name), shape.join("×"), count].map((line) => make("div", {}, line));
        return make("div", { className: "layer" }, ...lines, mosaic(e, l));
    });
    const bits = e.data.levels > 127 ? 14 : 8;
    const about = `The page computes all numbers itself, from weights rounded to ${bits} bits.`;
    const keys = " Three digits are shown. Arrow keys move, Enter opens, Escape goes back.";
    return [make("div", { className: "layers" }, ...columns), paragraph(about, keys)];
}

/**
 * One map, with its numbers where there is room for them. `of`: the layer whose window is framed, its padding
 * drawn as well, and what is in none of its windows crossed out; `room`: how wide the map gets.
 */
function map(e, l, index, { key = "output", of, room = 250 } = {}) {
    const { name, shape } = e.layers[l], [rows, columns] = shape, tone = e.tone(l), { at } = e.place;
    const { before: [top, left], zeros } = of ?? { before: [0, 0], zeros: [0, 0] }, wide = columns + zeros[1];
    const width = clamp(Math.floor(room / wide), 3, 40), high = rows + zeros[0], unseen = new Set(of?.unseen);
    const cell = (i) => indexIn(shape, cellAt(i, wide)[0] - top, cellAt(i, wide)[1] - left);
    const value = (i) => (cell(i) < 0 ? 0 : e.value(l, index, cell(i)));
    const isEmpty = (i) => cell(i) < 0 && of.type !== "conv"; // the padding of a pooling doesn't count
    const color = (i) => (isEmpty(i) ? [0, 0, 0, 0] : tone(value(i)));
    const draw = (context, i, x, y) => {
        if (width >= 24 && !isEmpty(i)) tile(context, x, y, width, width, color(i), text(value(i)));
        if (unseen.has(cell(i))) tile(context, x, y + width / 2, width, 2, [213, 94, 0]);
    };
    const isChosen = key === "output" && at !== undefined;
    const frames = isChosen ? [[...cellAt(at, columns), 1, 1]] : [];
    if (of?.padding === "same") frames.push([top, left, rows, columns, "#0072B2"]);
    if (of) frames.push([...cellAt(at, of.shape[1]).map((n, axis) => n * of.stride[axis]), ...of.kernel]);
    const caption = `${name}${e.data.editable ? "" : `, ${e.name(l, index)},`} ${rows}×${columns}`;
    const place = (i) => ({ layer: l, map: index, at: cell(i) });
    return figure(caption, board(e, key, caption, {
        count: high * wide, columns: wide, width, draw, frames,
        paint: (context) => bitmap(context, [high, wide], color, 0, 0, wide * width, high * width),
        first: isChosen ? at : 0, follow: isChosen,
        look: (i) => (cell(i) < 0 ? e.say("A zero of the padding.") : e.tell(place(i))),
        open: (i) => cell(i) < 0 || e.go(place(i)),
    }));
}

/** Where the number of a layer's parameters comes from. */
function counted({ parameters, kernel = [], shape }, inputs) {
    const count = shape.at(-1), bias = parameters > count * inputs * product(kernel) ? " + 1 bias" : "";
    const all = parameters.toLocaleString("en"), weights = [...kernel, inputs].join("×");
    return paragraph(`${all} parameters: ${count} × (${weights} weights${bias}).`);
}

/** Each input map, its kernel, and what the two add to the whole map, or `sums` to one number. */
function summands(e, l, kernels, sums, shown) {
    const layer = e.layers[l], { bias } = e.weights[l];
    const { shape: given, name } = e.layers[l - 1], count = given[2], tone = e.tone(l - 1);
    const alone = { ...layer, relu: false, shape: [...layer.shape.slice(0, 2), 1] };
    const numbers = (d) => range(given[0] * given[1]).map((at) => e.value(l - 1, d, at));
    const added = sums ?? kernels.map((kernel, d) => compute(alone, { kernel, bias: [0] }, numbers(d), 1));
    const strongest = most(kernels.flat()), largest = most(sums ?? added.map(most));
    const draw = (context, d, x, y) => {
        bitmap(context, given, (at) => tone(e.value(l - 1, d, at)), x, y, 40);
        bitmap(context, layer.kernel, (i) => signed(kernels[d][i] / strongest), x + 46, y + 5, 30);
        if (sums) tile(context, x + 82, y + 8, 46, 24, signed(sums[d] / largest), text(sums[d]));
        else bitmap(context, layer.shape, (at) => signed(added[d][at] / largest), x + 82, y, 40);
    };
    const look = (d) => {
        const ends = sums ? [sums[d]] : [Math.min(...added[d]), Math.max(...added[d])];
        e.say(`${e.name(l - 1, d)} of ${name}, times its kernel, adds ${ends.map(text).join(" to ")}.`);
    };
    const why = e.place.channel === undefined ? "that changes the sum most" : "you chose";
    const hint = sums ? `Above is the one ${why}. Choose another.` : `Bias: ${text(bias[e.place.map])}.`;
    const caption = `Each input map, its kernel, what they add (blue is negative, yellow positive). ${hint}`;
    const across = clamp(Math.floor(e.view.clientWidth / 136), 1, 5);
    const label = `${count} input maps, each with its kernel and what they add`;
    return figure(caption, board(e, "summands", label, {
        count, columns: across, width: 136, height: 44, draw, look,
        first: shown, frames: sums && [[...cellAt(shown, across), 1, 1]],
        open: (d) => e.go(sums ? { ...e.place, channel: d } : { layer: l - 1, map: d }),
    }));
}

/** The end of a sum: its bias, and what ReLU makes of it. */
function ended(all, bias, relu, value) {
    const end = relu ? `${text(all + bias)}. ReLU ${all + bias > 0 ? "keeps" : "cuts"} it:` : "";
    return [`+ bias ${factor(bias)} = ${end}`, text(value)];
}

/** A map of a convolution, or a number of it: window times kernel plus bias, through ReLU, written out. */
function convolution(e, l) {
    const { map: index, at, channel } = e.place, layer = e.layers[l], { relu, shape } = layer;
    const inputs = e.layers[l - 1].shape[2], channels = range(inputs), { kernel, bias } = e.weights[l];
    const weight = (place, d) => kernel[(place * inputs + d) * shape[2] + index];
    const kernels = channels.map((d) => range(product(layer.kernel)).map((place) => weight(place, d)));
    if (at === undefined) {
        const about = `The sum of ${inputs} maps, one for each input map with its kernel, and the bias`;
        const parts = [map(e, l, index), summands(e, l, kernels), counted(layer, inputs)];
        return [paragraph(`${about}${relu ? ", through ReLU" : ""}.${CHOOSE}`), ...parts];
    }
    const { editable } = e.data, wide = layer.kernel[1];
    const number = (cell, d) => (cell < 0 ? 0 : e.value(l - 1, d, cell));
    const numbers = channels.map((d) => layer.windows[at].map((cell) => number(cell, d)));
    const products = channels.map((d) => numbers[d].map((x, i) => x * kernels[d][i]));
    const sums = products.map(sum), strongest = most(kernels.flat()), tone = e.tone(l - 1);
    const isFew = inputs <= 3, shown = isFew ? channels : [channel ?? indexOfLargest(sums.map(Math.abs))];
    const output = map(e, l, index, { room: editable ? 200 : 250 });
    const rows = shown.map((d) => {
        const input = map(e, l - 1, d, { key: `input ${d}`, of: layer, room: editable ? 220 : 120 });
        const seen = grid("window", wide, numbers[d].map((x) => [text(x), tone(x)]));
        const weights = kernels[d].map((w, i) => [editable ? e.weight(i) : text(w), signed(w / strongest)]);
        const color = (i) => signed(products[d][i] / most(products[d]));
        const times = (x, i) => [`${text(x)}·${factor(kernels[d][i])}`, color(i)];
        const right = beside("=", grid("products", wide, numbers[d].map(times)));
        const parts = editable ? [input] : [input, seen];
        parts.push("×", grid("kernel", wide, weights), right, ...(editable ? [output] : []));
        return beside(...parts, result(`${total(products[d])} =`, text(sums[d])));
    });
    if (editable) return [...rows, paragraph(e.sizes())];
    const whole = sum(sums), added = isFew ? `${total(sums)} = ` : `All ${inputs} input maps together: `;
    const [end, value] = ended(whole, bias[index], relu, e.value(l, index, at));
    const last = result(`${added}${text(whole)}. ${text(whole)} ${end}`, value);
    const all = isFew ? [] : [summands(e, l, kernels, sums, shown[0])];
    return [output, ...rows, ...crossed(layer), ...all, last];
}

/** A map of a pooling, or one number: its window, and the cell that won. */
function pooling(e, l) {
    const { map: index, at } = e.place, layer = e.layers[l], isMax = layer.type === "max";
    const after = map(e, l, index), before = (of) => map(e, l - 1, index, { key: "input", of });
    if (at === undefined) {
        const window = `Each window of ${layer.kernel.join("×")} in the same map of the layer before`;
        const about = `${window} gives its ${isMax ? "largest number" : "mean"}.${CHOOSE}`;
        return [paragraph(about), after, before()];
    }
    const cells = layer.windows[at].filter((cell) => cell >= 0), { shape: [, columns] } = e.layers[l - 1];
    const numbers = cells.map((cell) => e.value(l - 1, index, cell)), tone = e.tone(l - 1);
    const wide = new Set(cells.map((cell) => cell % columns));
    const won = isMax ? indexOfLargest(numbers) : 0, which = isMax ? "number that won" : "first of them";
    const name = `Go to the ${which}: ${e.where(l - 1, cells[won])}`;
    const go = e.button(name, () => e.go({ layer: l - 1, map: index, at: cells[won] }));
    const seen = grid("window", wide.size, numbers.map((x, i) => [text(x), tone(x), isMax && i === won]));
    const mean = `(${total(numbers)}) / ${numbers.length} =`;
    const line = isMax ? `The largest of ${numbers.map(text).join(", ")} is` : mean;
    const last = result(line, text(e.value(l, index, at)), ". ", go);
    return [after, beside(before(layer), seen), ...crossed(layer), last];
}

function dense(e, l) {
    const { map: index } = e.place, { units, relu } = e.layers[l], { kernel, bias } = e.weights[l];
    const input = e.outputs[l - 1], weights = Array.from(input, (_, i) => kernel[i * units + index]);
    const products = weights.map((w, i) => w * input[i]), all = sum(products);
    const order = descending(products.map(Math.abs)).slice(0, 10), ten = sum(order.map((i) => products[i]));
    const cells = (i) => [input[i], weights[i], products[i]].map(text);
    const caption = `${e.name(l, index)}: the ten largest of ${products.length} products`;
    const others = `the other ${products.length - order.length} products`;
    const [end, value] = ended(all, bias[index], relu, e.value(l, index));
    const line = `${text(ten)} + ${others} ${factor(all - ten)} ${end}`;
    const found = list(e, l - 1, caption, ["input", "number", "× weight", "= product"], order, cells);
    return [found, result(line, value), mosaic(e, l), counted(e.layers[l], input.length)];
}

function probability(e, l) {
    const logits = Array.from(e.outputs[l - 1]), powers = logits.map(Math.exp), { map: index } = e.place;
    const short = (x) => String(Number(x.toPrecision(5))), all = short(sum(powers));
    const cells = (i) => [text(logits[i]), short(powers[i]), e.value(l, i).toFixed(4)];
    const names = ["class", "logit z", "e^z", "probability"], order = descending(logits);
    const found = list(e, l - 1, `Softmax: all e to the power of z add up to ${all}`, names, order, cells);
    const line = `${e.name(l, index)}: ${short(powers[index])} / ${all} =`;
    return [found, result(line, e.value(l, index).toFixed(4))];
}

function flat(e, l) {
    const { map: index } = e.place, { name, shape: [, , maps] } = e.layers[l - 1];
    const place = { layer: l - 1, map: index % maps, at: Math.floor(index / maps) };
    const where = `${e.where(l - 1, place.at)} of ${e.name(l - 1, place.map)} of ${name}`;
    const go = e.button("Go there", () => e.go(place));
    const line = `Number ${index} is the one in ${where}:`;
    return [result(line, text(e.value(l, index)), ". ", go), mosaic(e, l)];
}

/** A channel of the image, or of what it is scaled to. */
function channel(e, l) {
    const { map: index, at } = e.place, { kernel, bias } = e.weights[l] ?? {}, drawn = map(e, l, index);
    if (at === undefined) return [paragraph(CHOOSE), drawn];
    if (!kernel) return [drawn];
    const line = `${text(e.value(l - 1, index, at))} · ${factor(kernel[index])} + ${factor(bias[index])} =`;
    return [drawn, result(line, text(e.value(l, index, at)))];
}

const VIEWS = {
    image: channel, scale: channel, conv: convolution, max: pooling, average: pooling, flatten: flat, dense,
    softmax: probability,
};
