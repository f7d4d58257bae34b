// What the explorer shows of a place: all layers, a map, or one number. Each view gets the explorer, `e`, and the
// index of the layer, `l`, and returns elements.

/** All maps of a layer on one scale, or all numbers of a flat one, in a board of its own. */
function mosaic(e, l) {
    const { name, shape, type } = e.layers[l], count = shape.at(-1), isMap = shape.length > 1, tone = e.tone(l);
    const look = (map) => e.tell({ layer: l, map }), open = (map) => e.go({ layer: l, map });
    const calls = { look, open, shown: l === e.place.layer ? e.place.map : undefined };
    if (e.isNamed(l)) {
        const written = (x) => (type === "softmax" ? x.toFixed(3) : text(x));
        const draw = (context, i, x, y) =>
            tile(context, x, y, 120, 20, tone(e.at(l, i)), `${e.name(l, i).slice(0, 12)} ${written(e.at(l, i))}`);
        const sizes = { columns: 1, width: 120, height: 20 };
        return gallery(`layer ${l}`, `${name}: ${count} classes`, count, { ...sizes, draw, ...calls });
    }
    const [columns, width] = isMap ? (count > 3 ? [4, 21] : [1, 42]) : count > 256 ? [32, 3] : [8, 11];
    const [high, wide] = isMap ? shape : [1, 1], rows = Math.ceil(count / columns);
    const color = (row, column) => {
        const map = Math.floor(row / high) * columns + Math.floor(column / wide);
        return tone(map < count ? e.at(l, map, row % high, column % wide) : 0);
    };
    const paint = (context) => { // all maps at once, which is quicker
        bitmap(context, [rows * high, columns * wide], color, 0, 0, columns * width, rows * width);
        for (let i = 1; width > 3 && i < Math.max(rows, columns); i++) {
            context.clearRect(i * width - 1, 0, 1, rows * width);
            context.clearRect(0, i * width - 1, columns * width, 1);
        }
    };
    return gallery(`layer ${l}`, `${name}: ${count} ${isMap ? "maps" : "numbers"}`, count, { columns, width, paint, ...calls });
}

function overview(e) {
    const columns = e.layers.map(({ name, shape, parameters }, l) => {
        const lines = [make("strong", {}, name), shape.join("×"), parameters ? `${parameters.toLocaleString("en")} parameters` : "\u00a0"];
        return make("div", { className: "layer" }, ...lines.map((line) => make("div", {}, line)), mosaic(e, l));
    });
    const bits = e.data.levels > 127 ? 14 : 8, about = `The page computes all numbers itself, from weights rounded to ${bits} bits.`;
    return [make("div", { className: "layers" }, ...columns), make("p", {}, about)];
}

/**
 * One map, with its numbers where there is room for them. `cells`: the window that is framed; `of`: its layer, whose
 * padding is drawn as well, and what is in none of its windows crossed out; `most`: how wide the map gets.
 */
function map(e, l, index, { key = "output", cells, of, most: room = 250 } = {}) {
    const { name, shape: [rows, columns] } = e.layers[l], tone = e.tone(l), { row, column } = e.place;
    const [[top, left], zeros] = of ? [of.before, of.zeros] : [[0, 0], [0, 0]];
    const high = rows + zeros[0], wide = columns + zeros[1], width = clamp(Math.floor(room / wide), 3, 40);
    const isInside = (r, c) => r >= top && c >= left && r < top + rows && c < left + columns;
    const value = (r, c) => (isInside(r, c) ? e.at(l, index, r - top, c - left) : 0);
    const [lost, gone] = [0, 1].map((axis) => (of ? unseen(e.layers, l, axis) : []));
    const paint = (context) => {
        bitmap(context, [high, wide], (r, c) => tone(value(r, c)), 0, 0, wide * width, high * width);
        Object.assign(context, { ...CENTERED, font: `${0.36 * width}px sans-serif`, strokeStyle: "#56B4E9", lineWidth: 2 });
        for (let r = 0; r < high; r++) for (let c = 0; c < wide; c++) {
            context.fillStyle = ink(tone(value(r, c)));
            if (width >= 24) context.fillText(text(value(r, c)), (c + 0.5) * width, (r + 0.5) * width, width - 4);
            context.fillStyle = HIGHLIGHT;
            const isLost = isInside(r, c) && (lost.includes(r - top) || gone.includes(c - left));
            if (isLost) context.fillRect(c * width, (r + 0.5) * width, width, 2);
        }
        context.setLineDash([6, 4]);
        if (of?.padding === "same") context.strokeRect(left * width, top * width, columns * width, rows * width);
        context.setLineDash([]);
    };
    const isNumber = key === "output" && row !== undefined, [first, last] = [cells?.[0], cells?.at(-1)];
    const frames = () => {
        if (!cells) return isNumber ? [[row, column, 1, 1]] : [];
        return [[first.row + top, first.column + left, last.row - first.row + 1, last.column - first.column + 1]];
    };
    const place = (r, c) => ({ layer: l, map: index, row: clamp(r - top, 0, rows - 1), column: clamp(c - left, 0, columns - 1) });
    const look = (r, c) => e.tell(place(r, c)), open = (r, c) => e.go(place(r, c), isNumber);
    const caption = e.data.editable ? `${name} ${rows}×${columns}` : `${name}, ${e.name(l, index)}, ${rows}×${columns}`;
    const calls = { look, open, follow: isNumber, cursor: isNumber ? [row, column] : [0, 0] };
    return figure(caption, board(key, caption, { rows: high, columns: wide, width, paint, frames, ...calls }));
}

/** Where the number of a layer's parameters comes from. */
function counted({ parameters, kernel, shape }, inputs) {
    const count = shape.at(-1), bias = parameters > count * inputs * product(kernel ?? []) ? " + 1 bias" : "";
    const weights = [...(kernel ?? []), inputs].join("×");
    return `${parameters.toLocaleString("en")} parameters: ${count} × (${weights} weights${bias}).`;
}

/** A whole map: where its numbers come from, and each of them to be chosen. */
function wholeMap(e, l) {
    const { type, kernel, relu } = e.layers[l], index = e.place.map, inputs = e.layers[l - 1]?.shape.at(-1);
    const about = {
        conv: `The sum of ${inputs} maps, one for each input map with its kernel, and the bias${relu ? ", through ReLU" : ""}.`,
        max: `Each window of ${kernel?.join("×")} in the same map of the layer before gives its largest number.`,
        average: `Each window of ${kernel?.join("×")} in the same map of the layer before gives its mean.`,
    }[type];
    const parts = [make("p", {}, `${about ?? ""} Choose a number to see how it is computed.`), map(e, l, index)];
    if (type === "conv") return [...parts, summands(e, l), make("p", {}, counted(e.layers[l], inputs))];
    return about ? [...parts, map(e, l - 1, index, { key: "input", most: 160 })] : parts;
}

/** For each input map: the map, its kernel, and what the two add to the whole map, or `sums` to one number. */
function summands(e, l, sums, shown) {
    const layer = e.layers[l], { shape: given } = e.layers[l - 1], count = given[2], index = e.place.map;
    const [rows, columns, maps] = layer.shape, [high, wide] = layer.kernel, { kernel, bias } = e.weights[l];
    const weights = range(count).map((d) =>
        range(high * wide).map((place) => kernel[(place * count + d) * maps + index]));
    const alone = { ...layer, relu: false, shape: [rows, columns, 1] }, one = [given[0], given[1], 1];
    const input = (d) => e.outputs[l - 1].filter((_, i) => i % count === d);
    const added = sums ?? weights.map((own, d) => compute(alone, { kernel: own, bias: [0] }, input(d), one));
    const tone = e.tone(l - 1), strongest = most(weights.flat()), largest = most(sums ?? added.map(most));
    const draw = (context, d, x, y) => {
        const weight = (r, c) => signed(weights[d][r * wide + c] / strongest);
        const share = (r, c) => signed(added[d][r * columns + c] / largest);
        bitmap(context, given, (r, c) => tone(e.at(l - 1, d, r, c)), x, y, 40);
        bitmap(context, [high, wide], weight, x + 46, y + 5, 30);
        if (sums) tile(context, x + 82, y + 8, 46, 24, signed(sums[d] / largest), text(sums[d]));
        else bitmap(context, [rows, columns], share, x + 82, y, 40);
    };
    const look = (d) => {
        const result = sums ? text(sums[d]) : `${text(Math.min(...added[d]))} to ${text(Math.max(...added[d]))}`;
        e.say(`${e.name(l - 1, d)} of ${e.layers[l - 1].name}, times its kernel, adds ${result}.`);
    };
    const open = (d) => e.go(sums ? { ...e.place, channel: d } : { layer: l - 1, map: d });
    const label = `${count} input maps, each with its kernel and what they add`, width = 136;
    const across = clamp(Math.floor(e.view.clientWidth / width), 1, 5);
    const drawn = gallery("summands", label, count, { columns: across, width, height: 44, draw, look, open, shown });
    const hint = sums ? "Choose one, and its products are written out." : `Bias: ${text(bias[index])}.`;
    return figure(`Each input map, its kernel, and what they add (blue is negative, yellow positive). ${hint}`, drawn);
}

/** One number of a convolution: window times kernel, products written out, plus bias, through ReLU. */
function convolution(e, l) {
    const { map: index, row, column, channel } = e.place, layer = e.layers[l], { editable } = e.data;
    const { shape: given } = e.layers[l - 1], { kernel, bias } = e.weights[l], [, wide] = layer.kernel;
    const cells = windowOf(layer, given, row, column), channels = range(given[2]), tone = e.tone(l - 1);
    const x = (cell, d) => (cell.inside ? e.at(l - 1, d, cell.row, cell.column) : 0);
    const w = (cell, d) => kernel[(cell.place * given[2] + d) * layer.shape[2] + index];
    const strongest = most(channels.flatMap((d) => cells.map((cell) => w(cell, d))));
    const products = channels.map((d) => cells.map((cell) => x(cell, d) * w(cell, d))), sums = products.map(sum);
    const largest = sums.findIndex((one) => Math.abs(one) === most(sums)), isFew = given[2] <= 3;
    const shown = isFew ? channels : [channel ?? Math.max(largest, 0)];
    const output = map(e, l, index, { most: editable ? 200 : 250 });
    const rows = shown.map((d) => {
        const all = most(products[d]), written = (cell) => `${text(x(cell, d))}·${factor(w(cell, d))}`;
        const weight = (cell) => (editable ? e.weight(kernel, cell.place, wide) : text(w(cell, d)));
        const input = map(e, l - 1, d, { key: `input ${d}`, cells, of: layer, most: editable ? 220 : 120 });
        const shownWindow = grid("window", wide, cells.map((cell) => [text(x(cell, d)), tone(x(cell, d))]));
        const shownKernel = grid("kernel", wide, cells.map((cell) => [weight(cell), signed(w(cell, d) / strongest)]));
        const multiplied = cells.map((cell, i) => [written(cell), signed(products[d][i] / all)]);
        const right = make("div", { className: "row" }, "=", grid("products", wide, multiplied));
        const parts = editable ? [input, "×", shownKernel, right, output] : [input, shownWindow, "×", shownKernel, right];
        return make("div", { className: "row" }, ...parts, result(`${total(products[d])} =`, text(sums[d])));
    });
    if (editable) return [...rows, make("p", {}, e.sizes())];
    const all = sum(sums), before = all + bias[index], cut = `${text(before)}. ReLU ${before > 0 ? "keeps" : "cuts"} it:`;
    const added = isFew ? `${total(sums)} = ` : `All ${given[2]} input maps together: `;
    const line = `${added}${text(all)}. ${text(all)} + bias ${factor(bias[index])} = ${layer.relu ? cut : ""}`;
    const others = isFew ? [] : [summands(e, l, sums, shown[0])];
    return [output, ...rows, ...others, result(line, text(e.at(l, index, row, column)))];
}

function pooling(e, l) {
    const { map: index, row, column } = e.place, layer = e.layers[l], isMax = layer.type === "max", tone = e.tone(l - 1);
    const cells = windowOf(layer, e.layers[l - 1].shape, row, column).filter((cell) => cell.inside);
    const numbers = cells.map((cell) => e.at(l - 1, index, cell.row, cell.column)), won = numbers.indexOf(Math.max(...numbers));
    const written = isMax ? `The largest of ${numbers.map(text).join(", ")} is` : `(${total(numbers)}) / ${numbers.length} =`;
    const place = { layer: l - 1, map: index, row: cells[isMax ? won : 0].row, column: cells[isMax ? won : 0].column };
    const go = e.button(isMax ? "Go to the number that won" : "Go to the first of them", () => e.go(place));
    const wide = cells.filter((cell) => cell.row === cells[0].row).length;
    const table = grid("window", wide, numbers.map((x, i) => [text(x), tone(x), isMax && i === won]));
    const before = map(e, l - 1, index, { key: "input", cells });
    return [make("div", { className: "row" }, before, table, map(e, l, index)), result(written, text(e.at(l, index, row, column)), ". ", go)];
}

function dense(e, l) {
    const { map: index } = e.place, { units, relu } = e.layers[l], { kernel, bias } = e.weights[l];
    const input = e.outputs[l - 1], products = Array.from(input, (x, i) => x * kernel[i * units + index]);
    const order = range(products.length).sort((a, b) => Math.abs(products[b]) - Math.abs(products[a]));
    const rows = order.slice(0, 10).map((i) => {
        const go = e.button(e.name(l - 1, i), () => e.go({ layer: l - 1, map: i }));
        return [go, ...[input[i], kernel[i * units + index], products[i]].map(text)];
    });
    const [ten, others] = [order.slice(0, 10), order.slice(10)].map((some) => sum(some.map((i) => products[i])));
    const before = ten + others + bias[index], cut = `${text(before)}. ReLU ${before > 0 ? "keeps" : "cuts"} it:`;
    const rest = `the other ${order.length - rows.length} products ${factor(others)}`;
    const line = `${text(ten)} + ${rest} + bias ${factor(bias[index])} = ${relu ? cut : ""}`;
    const caption = `${e.name(l, index)}: the ten largest of ${products.length} products`;
    const table = list(caption, ["input", "number", "× weight", "= product"], rows);
    const about = make("p", {}, counted(e.layers[l], input.length));
    return [table, result(line, text(e.at(l, index))), mosaic(e, l), about];
}

function probability(e, l) {
    const logits = Array.from(e.outputs[l - 1]), powers = logits.map(Math.exp), index = e.place.map;
    const short = (x) => String(Number(x.toPrecision(3)));
    const rows = range(logits.length).sort((a, b) => logits[b] - logits[a]).map((i) => {
        const go = e.button(e.name(l, i), () => e.go({ layer: l - 1, map: i }));
        return [go, text(logits[i]), short(powers[i]), e.at(l, i).toFixed(4)];
    });
    const caption = `Softmax: all e to the power of z add up to ${short(sum(powers))}`;
    const table = list(caption, ["class", "logit z", "e^z", "probability"], rows);
    const line = `${e.name(l, index)}: ${short(powers[index])} / ${short(sum(powers))} =`;
    return [table, result(line, e.at(l, index).toFixed(4))];
}

function flat(e, l) {
    const { map: index } = e.place, [row, column] = e.position(l, index), place = { layer: l - 1, map: index % e.layers[l - 1].shape[2], row, column };
    const where = `Number ${index} is the one in row ${row}, column ${column} of ${e.name(l - 1, place.map)} of ${e.layers[l - 1].name}:`;
    return [result(where, text(e.at(l, index)), ". ", e.button("Go there", () => e.go(place))), mosaic(e, l)];
}

function scale(e, l) {
    const { map: index, row, column } = e.place, { kernel, bias } = e.weights[l], x = e.at(l - 1, index, row, column);
    const line = `${text(x)} · ${factor(kernel[index])} + ${factor(bias[index])} =`;
    return [map(e, l, index), result(line, text(e.at(l, index, row, column)))];
}

const pixel = (e, l) => [map(e, l, e.place.map)];
const VIEWS = { image: pixel, scale, conv: convolution, max: pooling, average: pooling, flatten: flat, dense, softmax: probability };
