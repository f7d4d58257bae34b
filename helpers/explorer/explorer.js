// The explorer itself: where the reader is, the image that the network sees, and the controls.

const TOOLS = ["look", "cover a part", "draw"];
const WEIGHTS = ["trained", "random, as before training"];

class Explorer {
    /** `place` says what is shown: nothing for all layers, a layer and a map, or also a row and a column. */
    constructor(host, data, { images, weights }) {
        const layers = fit(data.layers), sets = data.editable ? [weights] : [weights, untrained(layers, weights)];
        Object.assign(this, { data, images, layers, sets, weights, place: data.place ?? {}, past: [], future: [] });
        Object.assign(this, { pixels: images[0], tool: 0, size: 8, brush: "#d55e00" });
        for (const name of ["bar", "side", "view", "classes"]) this[name] = make("div", { className: name });
        this.status = make("p", { role: "status" });
        const body = make("div", { className: "body" }, ...(data.editable ? [] : [this.side]), this.view);
        const about = { className: "all", role: "group", "aria-label": "Explorer" };
        const all = make("div", about, this.bar, this.status, body);
        this.root = host.attachShadow({ mode: "open" });
        this.root.append(make("style", {}, data.style), all, make("slot"));
        host.setAttribute("data-lm-suppress-shortcuts", "true"); // keys are not for JupyterLab here
        all.onkeydown = (event) => {
            event.stopPropagation();
            const { layer, map, row } = this.place;
            if (event.key === "Escape" && !data.editable) this.go(row === undefined ? {} : { layer, map });
        };
        this.see();
        if (!data.editable) this.buildSide(all);
        this.render();
    }

    // --- State

    /** What the network sees, a part covered or not, and what it makes of it. */
    see() {
        const isHidden = (i) => this.covered && this.isNear(i, this.covered);
        this.shown = this.pixels.map((level, i) => (isHidden(i) ? 128 : level));
        this.outputs = forward(this.layers, this.weights, this.shown);
        if (!this.covered) this.uncovered = this.outputs.at(-1);
    }

    /** Whether number i of the image is in the square around a pixel; the side may be even. */
    isNear(i, center) {
        const [, columns, channels] = this.layers[0].shape, pixel = Math.floor(i / channels);
        return [Math.floor(pixel / columns), pixel % columns].every((at, axis) => {
            const first = center[axis] - Math.floor(this.size / 2);
            return at >= first && at < first + this.size;
        });
    }

    refresh() { // once for each picture of the screen, however fast the pointer is
        this.waiting ??= requestAnimationFrame(() => {
            this.waiting = null;
            this.see();
            this.render();
            if (this.covered && this.data.classes.length) this.sayCovered();
        });
    }

    go(place, silent = false) {
        if (!silent) {
            this.stop();
            this.past.push(this.place);
            this.future = [];
        }
        this.place = place;
        this.render();
    }

    stop() {
        clearInterval(this.timer);
        this.timer = null;
        this.status.ariaLive = "polite";
    }

    back(from, to) {
        this.stop();
        to.push(this.place);
        this.place = from.pop();
        this.render();
    }

    at(l, map, row, column) {
        const { shape } = this.layers[l];
        return this.outputs[l][shape.length > 1 ? (row * shape[1] + column) * shape[2] + map : map];
    }

    /** The color of a layer's numbers, all on one scale: signed where no ReLU cuts them. */
    tone(l) {
        const { type, relu } = this.layers[l], isSigned = this.outputs[l].some((x) => x < 0) || (type === "conv" && !relu);
        const largest = type === "image" ? this.data.white : most(this.outputs[l]);
        return (x) => (isSigned ? signed(x / largest) : gray(x / largest));
    }

    /** Whether a layer has a number for each class: logits or probabilities. */
    isNamed(l) {
        return this.data.classes.length > 0 && l >= this.layers.length - 2;
    }

    name(l, map) {
        const { type, units, shape } = this.layers[l];
        if (this.isNamed(l)) return this.data.classes[map];
        if (l < 2 && shape[2] === 3 && type !== "conv") return ["red", "green", "blue"][map];
        return `${units ? "unit" : type === "flatten" ? "number" : "map"} ${map}`;
    }

    /** Row and column of a number; for one of a flattened layer, where it was before. */
    position(l, map, row = 0, column = 0) {
        if (this.layers[l].type !== "flatten") return [row, column];
        const [, columns, maps] = this.layers[l - 1].shape, at = Math.floor(map / maps);
        return [Math.floor(at / columns), at % columns];
    }

    // --- What is said

    say(line) {
        this.status.textContent = line;
    }

    sayCovered() {
        const { classes } = this.data, first = this.uncovered.indexOf(Math.max(...this.uncovered));
        const now = this.outputs.at(-1), best = now.indexOf(Math.max(...now));
        const others = best === first ? "" : `, and ${classes[best]} has ${now[best].toFixed(3)}`;
        const change = `from ${this.uncovered[first].toFixed(3)} to ${now[first].toFixed(3)}`;
        this.say(`Covered around row ${this.covered.join(", column ")}: ${classes[first]} goes ${change}${others}.`);
    }

    /** Say what the cursor is on, and frame in the image what it depends on. */
    tell({ layer: l, map, row, column } = this.place) {
        this.framed = [];
        const { name, shape, type } = this.layers[l] ?? {}, where = row === undefined ? "" : `, row ${row}, column ${column}`;
        const line = () => `${this.data.editable ? name : `${name}, ${this.name(l, map)}`}${where}`;
        if (l === undefined) this.say("All layers. Choose a map or a number.");
        else if (shape.length > 1 && !where) this.say(`${line()}.`);
        else {
            const [top, bottom, left, right] = field(this.layers, l, ...this.position(l, map, row, column));
            const value = this.at(l, map, row, column), written = type === "softmax" ? value.toFixed(4) : text(value);
            const depends = ` It depends on rows ${top} to ${bottom} and columns ${left} to ${right} of the image.`;
            this.framed = [[top, left, bottom - top + 1, right - left + 1]];
            this.say(`${line()}: ${written}.${l ? depends : ""}`);
        }
        this.picture?.redraw();
    }

    render() {
        const key = this.root.activeElement?.dataset.key, { layer: l, row } = this.place;
        const at = (name) => this.root.querySelector(`[data-key="${name}"]`);
        if (!this.timer || !at("Pause")) this.bar.replaceChildren(...this.controls());
        else for (const name of ["row", "column"]) at(name).value = this.place[name]; // Pause stays under the pointer
        const isWhole = l !== undefined && this.layers[l].shape.length > 1 && row === undefined;
        const view = l === undefined ? overview : isWhole ? wholeMap : VIEWS[this.layers[l].type];
        this.view.replaceChildren(...view(this, l));
        if (this.data.classes.length) this.classes.replaceChildren(this.probabilities());
        this.tell();
        if (key) (at(key) ?? at("Pause") ?? at("Step"))?.focus({ preventScroll: true }); // Play makes room for Pause
    }

    // --- Controls

    button(name, onclick, disabled = false) {
        return make("button", { type: "button", onclick, disabled, "data-key": name }, name);
    }

    select(name, options, chosen, change) {
        const choices = options.map((option, i) => make("option", { value: i, selected: i === chosen }, option));
        const onchange = (event) => change(Number(event.target.value));
        return make("label", {}, name, make("select", { "data-key": name, onchange }, ...choices));
    }

    number(name, value = "", [least, most], change) {
        const onchange = (event) => change(clamp(Math.round(Number(event.target.value)), least, most));
        return make("label", {}, name, make("input", { type: "number", min: least, max: most, value, "data-key": name, onchange }));
    }

    controls() {
        const { layer: l, row } = this.place, [rows, columns, maps] = this.layers[l]?.shape ?? [];
        const entry = (name, key, count, others) =>
            this.number(name, this.place[key], [0, count - 1], (chosen) => this.go({ ...others, ...this.place, [key]: chosen }));
        const found = this.data.editable ? this.settings() : [
            this.button("Back", () => this.back(this.past, this.future), !this.past.length),
            this.button("Forward", () => this.back(this.future, this.past), !this.future.length),
            this.select("show", ["all layers", ...this.layers.map((layer) => layer.name)], (l ?? -1) + 1, (i) =>
                this.go(i ? { layer: i - 1, map: 0 } : {})),
        ];
        if (l !== undefined && !this.data.editable) found.push(entry(maps ? "map" : "index", "map", maps ?? rows));
        if (maps) found.push(entry("row", "row", rows, { column: 0 }), entry("column", "column", columns, { row: 0 }));
        return row === undefined ? found : [...found, ...this.slides(rows, columns)];
    }

    /** Step, play and pause of a kernel that slides over all positions. */
    slides(rows, columns) {
        const step = (by) => {
            const at = this.place.row * columns + this.place.column + by;
            if (at < 0 || at >= rows * columns || !this.view.isConnected) return pause();
            this.go({ ...this.place, row: Math.floor(at / columns), column: at % columns }, true);
        };
        const pause = () => {
            this.stop();
            this.render();
        };
        const play = () => {
            this.status.ariaLive = "off"; // not to be said all the time
            this.timer = setInterval(() => step(1), 700);
            this.render();
        };
        const buttons = [this.button("Step back", () => step(-1)), this.button("Step", () => step(1))];
        const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
        return isStill ? buttons : [...buttons, this.timer ? this.button("Pause", pause) : this.button("Play", play)];
    }

    /** Kernel size, stride and padding of lesson 03. */
    settings() {
        const [{ shape }, layer] = this.layers, [, weights] = this.weights;
        const change = (settings) => {
            const [before] = layer.kernel, { kernel } = weights, { row, column } = this.place;
            Object.assign(layer, settings);
            const [side] = layer.kernel, isOld = (r, c) => r < before && c < before;
            const weight = (r, c) => (isOld(r, c) ? kernel[r * before + c] : 0);
            weights.kernel = range(side * side).map((i) => weight(Math.floor(i / side), i % side));
            fit(this.layers);
            const [last, right] = layer.shape.map((count) => count - 1);
            this.place = { ...this.place, row: Math.min(row, last), column: Math.min(column, right) };
            this.refresh();
        };
        const largest = Math.min(5, shape[0], shape[1]), paddings = ["valid", "same"];
        return [
            this.number("kernel size", layer.kernel[0], [1, largest], (size) => change({ kernel: [size, size] })),
            this.number("stride", layer.stride[0], [1, 3], (stride) => change({ stride: [stride, stride] })),
            this.select("padding", paddings, paddings.indexOf(layer.padding), (i) => change({ padding: paddings[i] })),
        ];
    }

    /** A weight of lesson 03's kernel, to be changed. */
    weight(kernel, place, columns) {
        const name = `weight in row ${Math.floor(place / columns)}, column ${place % columns}`;
        const onchange = (event) => {
            kernel[place] = clamp(Number(event.target.value), -9, 9);
            this.refresh();
        };
        const properties = { type: "number", step: 0.5, min: -9, max: 9, value: kernel[place], onchange };
        return make("input", { ...properties, "aria-label": name, "data-key": name });
    }

    sizes() {
        const [{ shape: [n] }, { kernel: [k], stride: [s], zeros: [zeros], shape: [size] }] = this.layers;
        const count = unseen(this.layers, 0, 0).length;
        const left = count ? `; ${count} row${count > 1 ? "s" : ""} and as many columns are in no window` : "";
        return `Size: ⌊(${n}${zeros ? ` + ${zeros}` : ""} − ${k}) / ${s}⌋ + 1 = ${size}${left}`;
    }

    // --- The image and the probabilities, beside the view

    buildSide(all) {
        const { shape } = this.layers[0], [rows, columns, channels] = shape, width = Math.max(Math.floor(224 / columns), 1);
        const paint = (context) => photo(context, this.shown, shape, 0, 0, columns * width, rows * width);
        const change = (state) => {
            Object.assign(this, state);
            this.refresh();
        };
        const draw = (center) => {
            const levels = [1, 3, 5].map((i) => parseInt(this.brush.slice(i, i + 2), 16));
            return this.pixels.map((level, i) => (this.isNear(i, center) ? levels[i % channels] : level));
        };
        const open = (row, column) => {
            if (!this.tool) this.go({ layer: 0, map: 0, row, column });
            else change(this.tool === 1 ? { covered: [row, column] } : { pixels: draw([row, column]) });
        };
        const look = (row, column) => {
            if (this.tool === 1) return open(row, column);
            const levels = range(channels).map((d) => `${this.name(0, d)} ${text(this.at(0, d, row, column))}`);
            this.say(`Image, row ${row}, column ${column}: ${levels.join(", ")}.`);
        };
        const about = `What the network sees: ${rows}×${columns} pixels`, frames = () => this.framed ?? [];
        this.picture = board("picture", about, { rows, columns, width, paint, frames, look, open, drag: true });
        const thumb = (context, i, x, y) => photo(context, this.images[i], shape, x, y, 42);
        const choose = (i) => change({ pixels: this.images[i], covered: null }), say = (i) => this.say(`Image ${i}.`);
        const images = gallery("images", `${this.images.length} images`, this.images.length, {
            columns: 5, width: 44, draw: thumb, look: say, open: choose,
        });
        const oninput = (event) => (this.brush = event.target.value);
        const color = make("label", {}, "color", make("input", { type: "color", value: this.brush, oninput }));
        const size = this.number("size", this.size, [1, 16], (side) => change({ size: side }));
        const empty = this.button("Empty", () => change({ pixels: this.pixels.map(() => 255) }));
        const use = (tool) => {
            size.hidden = tool < 1;
            color.hidden = empty.hidden = tool < 2;
            this.picture.style.touchAction = tool ? "none" : "manipulation"; // a finger scrolls, covers or draws
            change({ tool, covered: null });
        };
        const onchange = (event) => this.take(event.target.files[0]);
        const input = make("input", { type: "file", accept: "image/*", onchange });
        const file = make("label", {}, "Your image: choose, drop or paste", input);
        const weights = this.select("weights", WEIGHTS, 0, (i) => change({ weights: this.sets[i], covered: null }));
        this.side.append(this.picture, this.select("on the image", TOOLS, 0, use), size, color, empty, images, file);
        if (this.data.classes.length) this.side.append(weights, this.classes);
        use(0);
        all.ondragover = (event) => event.preventDefault();
        all.ondrop = all.onpaste = (event) => {
            const [first] = (event.dataTransfer ?? event.clipboardData).files;
            if (first) event.preventDefault(), this.take(first);
        };
    }

    /** Take an image file: the square in its middle, each pixel the mean of what it covers. */
    async take(file) {
        const picture = await createImageBitmap(file).catch(() => null);
        if (!picture) return this.say("This file is not an image that the browser can read.");
        const [rows, columns, channels] = this.layers[0].shape, side = Math.min(picture.width, picture.height), fine = 8;
        const corner = [(picture.width - side) / 2, (picture.height - side) / 2], size = [columns * fine, rows * fine];
        const context = make("canvas", { width: size[0], height: size[1] }).getContext("2d");
        Object.assign(context, { imageSmoothingQuality: "high", fillStyle: "white" });
        context.fillRect(0, 0, ...size);
        context.drawImage(picture, ...corner, side, side, 0, 0, ...size);
        const sums = new Float32Array(rows * columns * channels), { data } = context.getImageData(0, 0, ...size);
        for (let i = 0; i < size[0] * size[1]; i++) {
            const row = Math.floor(i / size[0] / fine), column = Math.floor((i % size[0]) / fine);
            for (let d = 0; d < channels; d++) sums[(row * columns + column) * channels + d] += data[4 * i + d];
        }
        this.pixels = sums.map((x) => Math.round(x / fine ** 2));
        this.covered = null;
        this.refresh();
    }

    probabilities() {
        const { classes } = this.data, last = this.layers.length - 1, shares = this.outputs[last];
        const order = range(classes.length).sort((a, b) => shares[b] - shares[a]).slice(0, 10);
        const rows = order.map((i) => {
            const bar = make("div", { className: "bar-of-share" });
            bar.style.width = `${100 * shares[i]}%`;
            return [this.button(classes[i], () => this.go({ layer: last, map: i })), bar, shares[i].toFixed(3)];
        });
        return list("Probabilities", ["class", "", "probability"], rows);
    }
}

/** Put an explorer in the place of each still image that Python wrote under this name. */
export async function start(name, data, tries = 20) {
    const hosts = document.querySelectorAll(`.${name}:not([data-lm-suppress-shortcuts])`);
    if (!hosts.length && tries) return setTimeout(start, 250, name, data, tries - 1); // not in the page yet
    for (const host of hosts) new Explorer(host, structuredClone(data), await decode(data));
}
