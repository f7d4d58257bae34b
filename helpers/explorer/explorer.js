// The explorer itself: where the reader is, the image that the network sees, and the controls.

const BARE = { covered: undefined, least: undefined }; // the image, no part of it covered

class Explorer {
    canvases = new Map();
    find = (key, within = this.root) => within.querySelector(`[data-key="${key}"]`);
    say = (line) => (this.status.textContent = line);
    value = (l, map, at = 0) => this.outputs[l][at * this.layers[l].shape.at(-1) + map];
    isNamed = (l) => this.data.classes.length > 0 && l >= this.layers.length - 2; // a number for each class
    button = (name, onclick) => make("button", { type: "button", onclick, "data-key": name }, name);

    /** A place: nothing for all layers, or a layer and a map, or also `at`, the index of a number in it. */
    constructor(host, data, { images, weights }) {
        const { editable, layers, place = {} } = data, state = { now: 0, pixels: images[0], seen: images[0] };
        Object.assign(this, { data, images, weights, layers: fit(layers), trail: [place], ...state });
        for (const name of ["bar", "side", "view", "classes"]) this[name] = make("div", { className: name });
        this.status = make("p", { role: "status" });
        const body = make("div", { className: "body" }, ...(editable ? [] : [this.side]), this.view);
        const about = { className: "all", role: "group", "aria-label": "Explorer" };
        const all = make("div", about, this.bar, this.status, body);
        this.root = host.attachShadow({ mode: "open" });
        this.root.append(make("style", {}, data.style), all, make("slot"));
        host.setAttribute("data-lm-suppress-shortcuts", "true"); // keys are not for JupyterLab here
        all.onkeydown = (event) => {
            if (!event.key.startsWith("Page")) event.stopPropagation(); // slides turn with these
            const { layer, map, at } = this.place;
            if (event.key === "Escape" && !editable) this.go(at === undefined ? {} : { layer, map });
        };
        this.bar.append(...(editable ? this.settings() : this.navigation()), ...this.numbers());
        if (!editable) this.fillSide(all);
        this.see();
        this.render();
    }

    get place() {
        return this.trail[this.now];
    }

    /** Show a place. What is left can be gone back to, if it is more than another number of the same map. */
    go(place) {
        const isOther = place.layer !== this.place.layer, isSame = !isOther && place.map === this.place.map;
        if (!isSame || place.at === undefined || this.place.at === undefined) {
            this.play(false);
            this.trail.splice(++this.now);
        }
        this.trail[this.now] = place;
        this.render();
        if (isOther && this.view.getBoundingClientRect().top < 0) this.view.scrollIntoView();
    }

    back(by) {
        this.play(false);
        this.now += by;
        this.render();
    }

    /** Slide the kernel on; all around, it stops. */
    step(by) {
        const { layer, at } = this.place, [rows, columns] = this.layers[layer].shape, count = rows * columns;
        const next = (at + by + count) % count;
        if (!next || !this.view.isConnected) this.play(false);
        this.go({ ...this.place, at: next });
    }

    /** Let the kernel slide by itself, or not. */
    play(isPlaying) {
        clearInterval(this.timer);
        this.timer = isPlaying && setInterval(() => this.step(1), 700);
        this.status.ariaLive = isPlaying ? "off" : "polite"; // not to be said all the time
        this.find("Play").textContent = isPlaying ? "Pause" : "Play";
    }

    /** Compute and draw anew, once for each frame of the screen, however fast the pointer is. */
    change(state) {
        Object.assign(this, state);
        this.waiting ??= requestAnimationFrame(() => {
            this.waiting = null;
            this.see();
            this.render();
            this.sayChange();
        });
    }

    /** What the network sees, a part covered or not, and what it makes of it. */
    see() {
        const isCovered = this.covered !== undefined;
        this.seen = isCovered ? this.painted(this.covered, [128, 128, 128]) : this.pixels;
        this.outputs = forward(this.layers, this.weights, this.seen);
        if (isCovered) return;
        this.uncovered = this.outputs.at(-1);
        const chosen = this.images.indexOf(this.pixels); // -1: an image of one's own, or drawn on
        this.thumbs?.redraw(chosen < 0 ? [] : [[...cellAt(chosen, 5), 1, 1]]);
    }

    /** The image with a square around pixel i in one color; its side may be even. */
    painted(i, color) {
        const [, columns, channels] = this.layers[0].shape, half = Math.floor(this.size / 2);
        const first = cellAt(i, columns).map((at) => at - half);
        const isIn = (at, axis) => at >= first[axis] && at < first[axis] + this.size;
        const isPainted = (k) => cellAt(Math.floor(k / channels), columns).every(isIn);
        return this.pixels.map((level, k) => (isPainted(k) ? color[k % channels] : level));
    }

    /** The color of a layer's numbers, all on one scale: signed where no ReLU cuts them. */
    tone(l) {
        const { type, relu } = this.layers[l], numbers = this.outputs[l];
        const isSigned = numbers.some((x) => x < 0) || (type === "conv" && !relu);
        const largest = type === "image" ? this.data.white : most(numbers);
        const colors = range(511).map((i) => (isSigned ? signed : gray)(i / 255 - 1)); // each made once
        return (x) => colors[Math.round((255 * x) / largest) + 255];
    }

    name(l, map) {
        const { type, units, shape } = this.layers[l];
        if (this.isNamed(l)) return this.data.classes[map];
        if (l < 2 && shape[2] === 3 && type !== "conv") return ["red", "green", "blue"][map];
        return `${units ? "unit" : type === "flatten" ? "number" : "map"} ${map}`;
    }

    where(l, at) {
        const [row, column] = cellAt(at, this.layers[l].shape[1]);
        return `row ${row}, column ${column}`;
    }

    /** What a change makes of the probabilities; a cover, of the class shown, or that was most probable. */
    sayChange() {
        const { classes } = this.data, { layer, map } = this.place, { size, covered } = this;
        if (this.tool === 1) this.say(`Move over the image: a gray square covers ${size}×${size} pixels.`);
        if (!classes.length) return;
        const now = this.outputs.at(-1), [first, best] = [this.uncovered, now].map(indexOfLargest);
        const result = `Most probable: ${classes[best]} ${now[best].toFixed(3)}.`;
        if (covered === undefined) return this.say(`${this.status.textContent} ${result}`);
        const index = this.isNamed(layer) ? map : first;
        const change = `goes from ${this.uncovered[index].toFixed(3)} to ${now[index].toFixed(3)}`;
        const other = best === index ? "" : `, and ${classes[best]} has ${now[best].toFixed(3)}`;
        this.least = (this.least ?? this.uncovered).map((share, i) => Math.min(share, now[i]));
        const lowest = `Lowest so far: ${this.least[index].toFixed(3)}.`;
        this.say(`Covered around ${this.where(0, covered)}: ${classes[index]} ${change}${other}. ${lowest}`);
    }

    /** Say what the cursor is on, and frame in the image what it depends on. */
    tell({ layer: l, map, at } = this.place) {
        const layer = this.layers[l], isWhole = layer && at === undefined && isMaps(layer);
        let line = "All layers. Choose a map or a number (counted from 0)", frames = [];
        if (layer) line = this.data.editable ? layer.name : `${layer.name}, ${this.name(l, map)}`;
        if (at !== undefined) line += `, ${this.where(l, at)}`;
        if (isWhole) {
            const numbers = this.outputs[l].filter((_, i) => i % layer.shape[2] === map);
            const low = text(Math.min(...numbers)), high = text(Math.max(...numbers));
            line += low === high ? `: all its numbers are ${low}` : `: its numbers go from ${low} to ${high}`;
        } else if (layer) {
            const from = layer.type === "flatten" ? Math.floor(map / this.layers[l - 1].shape[2]) : at;
            const [top, bottom, left, right] = field(this.layers, l, from), value = this.value(l, map, at);
            line += `: ${layer.type === "softmax" ? value.toFixed(4) : text(value)}`;
            const depends = `rows ${top} to ${bottom} and columns ${left} to ${right} of the image`;
            if (l) line += `. It depends on ${depends}`;
            frames = [[top, left, bottom - top + 1, right - left + 1]];
        }
        this.say(`${line}.`);
        this.image?.redraw(frames);
    }

    render() {
        const { layer: l } = this.place, view = l === undefined ? overview : VIEWS[this.layers[l].type];
        const active = this.root.activeElement, isInside = this.view.contains(active);
        this.view.replaceChildren(...view(this, l));
        if (this.data.classes.length) this.classes.replaceChildren(this.probabilities());
        this.showPlace();
        this.tell();
        let next = this.find(active?.dataset.key, isInside ? this.view : this.root);
        if (isInside) next ??= this.view.querySelector("canvas, button"); // the key is gone: the first there
        next?.focus({ preventScroll: true });
    }

    probabilities() {
        const last = this.layers.length - 1, shares = this.outputs[last];
        const bar = (i) => make("div", { className: "share", style: `width: ${100 * shares[i]}%` });
        const cells = (i) => [bar(i), shares[i].toFixed(3)], order = descending(shares).slice(0, 10);
        return list(this, last, "Probabilities", ["class", "", "probability"], order, cells);
    }

    select(name, options, change) {
        const choices = options.map((option, value) => make("option", { value }, option));
        const onchange = ({ target }) => change(target.selectedIndex);
        return make("label", {}, name, make("select", { "data-key": name, onchange }, ...choices));
    }

    /** A number to be entered, which is rounded to its step and kept within its bounds. */
    number(name, value, [min, max], change, step = 1) {
        const onchange = ({ target }) => {
            target.value = clamp(Math.round(target.value / step) * step, target.min, target.max);
            change(Number(target.value));
        };
        const properties = { "aria-label": name, "data-key": name, min, max, step, value, onchange };
        return make("label", {}, name, make("input", { type: "number", ...properties }));
    }

    navigation() {
        const names = ["all layers", ...this.layers.map((layer) => layer.name)];
        return [
            this.button("Back", () => this.back(-1)),
            this.button("Forward", () => this.back(1)),
            this.select("show", names, (i) => this.go(i ? { layer: i - 1, map: 0 } : {})),
            this.number("map", "", [0, 0], (map) => this.go({ ...this.place, map })),
        ];
    }

    /** A number's row and column, and the steps of a kernel that slides over all positions. */
    numbers() {
        const entry = (name, axis) => this.number(name, "", [0, 0], (chosen) => {
            const { layer, at = 0 } = this.place, [, columns] = this.layers[layer].shape;
            const cell = cellAt(at, columns).with(axis, chosen);
            this.go({ ...this.place, at: cell[0] * columns + cell[1] });
        });
        this.steps = make("span", { className: "bar" },
            this.button("Previous number", () => this.step(-1)),
            this.button("Next number", () => this.step(1)),
            this.button("Play", () => this.play(!this.timer)));
        return [...["row", "column"].map(entry), this.steps];
    }

    /** Show the place in the controls. */
    showPlace() {
        const { layer: l = -1, map, at } = this.place, [rows, columns, maps] = this.layers[l]?.shape ?? [];
        const show = (name, count, value = "") => {
            Object.assign(this.find(name), { max: count - 1, value }).parentNode.hidden = !count;
        };
        const [row, column] = at === undefined ? [] : cellAt(at, columns);
        show("row", maps && rows, row);
        show("column", maps && columns, column);
        this.steps.hidden = at === undefined;
        if (this.data.editable) return;
        show("map", maps ?? rows, map);
        const entry = this.find("map"), kind = maps || !rows ? "map" : this.name(l, map).split(" ")[0];
        entry.previousSibling.data = entry.ariaLabel = this.isNamed(l) ? "class" : kind;
        this.find("show").selectedIndex = l + 1;
        this.find("Back").disabled = !this.now;
        this.find("Forward").disabled = this.now + 1 === this.trail.length;
    }

    /** Size, stride and padding of lesson 03's kernel. */
    settings() {
        const [{ shape }, layer] = this.layers, [, weights] = this.weights, paddings = ["valid", "same"];
        const change = (settings) => {
            const before = layer.kernel, { kernel } = weights, [size] = Object.assign(layer, settings).kernel;
            weights.kernel = range(size * size).map((i) => kernel[indexIn(before, ...cellAt(i, size))] ?? 0);
            fit(this.layers);
            this.place.at = 0;
            this.change();
        };
        const most = Math.min(5, shape[0], shape[1]), [size] = layer.kernel;
        return [
            this.number("kernel size", size, [1, most], (n) => change({ kernel: [n, n] })),
            this.number("stride", 1, [1, 3], (n) => change({ stride: [n, n] })),
            this.select("padding", paddings, (i) => change({ padding: paddings[i] })),
        ];
    }

    /** An entry for one of its weights. */
    weight(i) {
        const { kernel } = this.weights[1], [row, column] = cellAt(i, this.layers[1].kernel[1]);
        const change = (weight) => {
            kernel[i] = weight;
            this.change();
        };
        const name = `weight in row ${row}, column ${column}`;
        return this.number(name, kernel[i], [-9, 9], change, 0.5).lastChild;
    }

    sizes() {
        const [{ shape: [n] }, layer] = this.layers, { kernel: [k], stride: [s], zeros: [zeros] } = layer;
        const left = layer.unseen.filter((cell) => cell % n === 0).length; // in the first column
        const rest = left ? `; crossed out, in no window: ${left} of ${n} rows and as many columns` : "";
        return `Size: ⌊(${n}${zeros ? ` + ${zeros}` : ""} − ${k}) / ${s}⌋ + 1 = ${layer.shape[0]}${rest}`;
    }

    fillSide(all) {
        const { shape } = this.layers[0], [rows, columns, channels] = shape, { images } = this;
        const photo = (context, levels, ...place) => {
            const level = (at, d) => levels[at * channels + (d % channels)];
            bitmap(context, shape, (at) => [level(at, 0), level(at, 1), level(at, 2)], ...place);
        };
        const use = (tool) => {
            const side = tool < 2 ? 8 : 2;
            size.hidden = !tool;
            size.lastChild.value = side;
            color.hidden = empty.hidden = tool < 2;
            this.image.style.touchAction = tool ? "none" : ""; // a finger scrolls, covers or draws
            this.change({ tool, size: side, ...BARE });
        };
        const open = (at) => {
            const levels = [1, 3, 5].map((i) => parseInt(brush.value.slice(i, i + 2), 16));
            if (this.tool === 0) this.go({ layer: 0, map: 0, at });
            else this.change(this.tool === 1 ? { covered: at } : { pixels: this.painted(at, levels) });
        };
        const look = (at) => {
            if (this.tool === 1) return open(at);
            const levels = range(channels).map((d) => `${this.name(0, d)} ${text(this.value(0, d, at))}`);
            this.say(`Image, ${this.where(0, at)}: ${levels.join(", ")}.`);
        };
        const width = Math.max(Math.floor(224 / columns), 1);
        this.image = board(this, "image", `What the network sees: ${rows}×${columns} pixels`, {
            count: rows * columns, columns, width, look, open, drag: true,
            paint: (context) => photo(context, this.seen, 0, 0, columns * width, rows * width),
        });
        this.image.onmouseleave = () => this.covered === undefined || this.change({ covered: undefined });
        this.thumbs = board(this, "images", `${images.length} images`, {
            count: images.length, columns: 5, width: 44,
            draw: (context, i, x, y) => photo(context, images[i], x, y, 42),
            look: (i) => this.say(`Image ${i}${images[i] === this.pixels ? ", chosen" : ""}.`),
            open: (i) => this.change({ pixels: images[i], ...BARE }),
        });
        const size = this.number("width in pixels", 8, [1, 16], (n) => this.change({ size: n, ...BARE }));
        const brush = make("input", { type: "color", value: HIGHLIGHT.toLowerCase() });
        const color = make("label", {}, "color", brush);
        const empty = this.button("Clear to white", () => this.change({ pixels: images[0].map(() => 255) }));
        const onchange = ({ target }) => this.take(target.files[0]);
        const file = make("input", { type: "file", accept: "image/*", onchange });
        const label = make("label", {}, "Your image: choose, drop or paste", file);
        const own = make("div", { className: "own" }, label);
        const tools = this.select("on the image", ["look", "cover a part", "draw"], use);
        this.side.append(this.image, tools, size, color, empty, this.thumbs, own);
        if (this.data.classes.length) {
            const sets = [this.weights, untrained(this.layers, this.weights)];
            const choose = (i) => this.change({ weights: sets[i], ...BARE });
            own.append(this.select("weights", ["trained", "random, as before training"], choose));
            this.side.append(this.classes);
        }
        use(0);
        all.ondragover = (event) => event.preventDefault();
        all.ondrop = all.onpaste = (event) => {
            const [first] = (event.dataTransfer ?? event.clipboardData).files;
            if (!first) return;
            event.preventDefault();
            this.take(first);
        };
    }

    /** Take an image file: the square in its middle, halved until each pixel is the mean of its part. */
    async take(file) {
        const image = await createImageBitmap(file).catch(() => null);
        if (!image) return this.say("This file is not an image that the browser can read.");
        const [rows, columns, channels] = this.layers[0].shape, side = Math.min(image.width, image.height);
        const size = { width: 8 * columns, height: 8 * rows }, canvas = make("canvas", size);
        const middle = [(image.width - side) / 2, (image.height - side) / 2, side, side];
        const context = canvas.getContext("2d");
        Object.assign(context, { imageSmoothingQuality: "high", fillStyle: "white" });
        context.fillRect(0, 0, size.width, size.height);
        context.drawImage(image, ...middle, 0, 0, size.width, size.height);
        context.imageSmoothingQuality = "low"; // of four pixels: their mean
        for (const n of [4, 2, 1]) {
            context.drawImage(canvas, 0, 0, 2 * n * columns, 2 * n * rows, 0, 0, n * columns, n * rows);
        }
        const { data } = context.getImageData(0, 0, columns, rows);
        const pixels = Float32Array.from(data.filter((_, i) => i % 4 < channels));
        this.change({ pixels, ...BARE });
    }
}

/** Put an explorer in the place of each still image that Python wrote under this name. */
export async function start(name, data, tries = 20) {
    const hosts = document.querySelectorAll(`.${name}:not([data-lm-suppress-shortcuts])`);
    if (!hosts.length && tries) return setTimeout(start, 250, name, data, tries - 1); // not in the page yet
    for (const host of hosts) new Explorer(host, structuredClone(data), await decode(data));
}
