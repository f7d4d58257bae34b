// What the views are made of: elements, colors, canvases whose cells can be reached by key, mouse and touch.

const HIGHLIGHT = "#D55E00"; // Okabe and Ito's vermilion, as in the figures
const SIGNED = [[0, 58, 99], [74, 131, 172], [163, 163, 163], [230, 159, 0], [255, 227, 140]]; // as there
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const most = (numbers) => numbers.reduce((largest, x) => Math.max(largest, Math.abs(x)), 1e-9);

/** A number as people write it: three digits and four decimals at most, a minus sign. */
export function text(x) {
    const rounded = Number.isInteger(x) ? x : Number(Number(x.toPrecision(3)).toFixed(4));
    return String(rounded + 0).replaceAll("-", "−");
}

const factor = (x) => (x < 0 ? `(${text(x)})` : text(x));
const total = (numbers) => numbers.map(text).join(" + ").replaceAll("+ −", "− ");

/** An element with properties or attributes, and what is in it. */
function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (name in element) element[name] = value;
        else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
}

const paragraph = (...parts) => make("p", {}, ...parts);
const beside = (...parts) => make("div", { className: "row" }, ...parts);
const figure = (caption, drawn) => make("figure", {}, make("figcaption", {}, caption), drawn);
const result = (line, value, ...more) =>
    make("p", { className: "result" }, `${line} `, make("strong", {}, value), ...more);

/** A small table of numbers; each cell: text or an element, its color, whether it is marked. */
function grid(caption, columns, cells) {
    const cell = ([content, color, isMarked]) => {
        const style = `background: ${css(color)}; color: ${ink(color)}`;
        return make("td", { className: isMarked ? "marked" : "", style }, content);
    };
    const row = (r) => make("tr", {}, ...cells.slice(r * columns, (r + 1) * columns).map(cell));
    const rows = range(cells.length / columns).map(row);
    return make("table", { className: "grid" }, make("caption", {}, caption), ...rows);
}

/** Numbers of a flat layer, one a row: a button that leads there, and what `cells` gives for it. */
function list(e, l, caption, names, order, cells) {
    const heading = (scope, name) => make("th", { scope }, name), cell = (content) => make("td", {}, content);
    const go = (i) => e.button(e.name(l, i), () => e.go({ layer: l, map: i }));
    const head = make("tr", {}, ...names.map((name) => heading("col", name)));
    const lines = order.map((i) => make("tr", {}, heading("row", go(i)), ...cells(i).map(cell)));
    return make("table", { className: "list" }, make("caption", {}, caption), head, ...lines);
}

const css = (color) => `rgb(${color.map(Math.round)})`;
const gray = (share) => [255 * share, 255 * share, 255 * share];

/** From -1 to 1: blue below 0, gray at 0, orange above, and brighter all along, as gray print shows it. */
export function signed(share) {
    const at = clamp(2 * share + 2, 0, 4), low = Math.min(Math.floor(at), 3);
    return SIGNED[low].map((level, i) => level + (at - low) * (SIGNED[low + 1][i] - level));
}

/** Black or white, whichever is read better on a color. */
export function ink(color) {
    const [red, green, blue] = color.map((level) => (level / 255) ** 2.2);
    return 0.21 * red + 0.72 * green + 0.07 * blue < 0.18 ? "white" : "black";
}

let sheet; // the one canvas that all bitmaps are put on first: to make a canvas takes a browser long

/** Draw a table of colors, those that `color(i)` gives, row by row, into a rectangle. */
function bitmap(context, [rows, columns], color, x, y, width, height = width) {
    sheet ??= make("canvas", { width: 0, height: 0 }).getContext("2d", { willReadFrequently: true });
    if (sheet.canvas.width < columns) sheet.canvas.width = columns;
    if (sheet.canvas.height < rows) sheet.canvas.height = rows;
    const image = sheet.createImageData(columns, rows);
    const pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < pixels.length; i++) {
        const [red, green, blue, alpha = 255] = color(i);
        pixels[i] = (alpha << 24) | (blue << 16) | (green << 8) | red;
    }
    sheet.putImageData(image, 0, 0);
    context.drawImage(sheet.canvas, 0, 0, columns, rows, x, y, width, height);
}

/** Draw a cell of one color, with what is written in it. */
function tile(context, x, y, width, height, color, written = "") {
    context.fillStyle = css(color);
    context.fillRect(x, y, width, height);
    if (!written) return;
    Object.assign(context, { textAlign: "center", textBaseline: "middle", font: "12px sans-serif" });
    context.fillStyle = ink(color);
    context.fillText(written, x + width / 2, y + height / 2, width - 4);
}

/**
 * `count` cells in rows, on a canvas: one stop for the keyboard; arrow keys move the cursor as a mouse does.
 *
 * paint(context) draws all cells, draw(context, i, x, y) one. look(i): the cursor is there. open(i): a click,
 * a touch or Enter; with `follow` an arrow key; with `drag` whatever the pointer is dragged over. `frames`:
 * row, column, rows, columns and color of what is framed. `first`: where the cursor begins.
 */
function board(e, key, label, options) {
    const { count, columns, width, height = width, draw, paint, look, open, drag, follow } = options;
    const ratio = Math.min(devicePixelRatio, 2), rows = Math.ceil(count / columns);
    const properties = { role: "application", tabIndex: 0, "data-key": key };
    const canvas = e.canvases.get(key) ?? make("canvas", properties), at = (i) => cellAt(i, columns);
    const context = canvas.getContext("2d");
    let { first: cursor = 0, frames: framed = [] } = options;
    e.canvases.set(key, canvas);
    canvas.setAttribute("aria-label", label);
    canvas.style.width = `${columns * width}px`;
    canvas.redraw = (frames = framed) => {
        framed = frames;
        const [wide, high] = [columns * width, rows * height].map((side) => Math.floor(side * ratio));
        if (canvas.width !== wide) canvas.width = wide;
        if (canvas.height !== high) canvas.height = high;
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        context.clearRect(0, 0, wide, high);
        context.imageSmoothingEnabled = false;
        paint?.(context);
        if (draw) range(count).forEach((i) => draw(context, i, at(i)[1] * width, at(i)[0] * height));
        const mark = canvas.matches(":focus, :hover") ? [[...at(cursor), 1, 1, "black"]] : [];
        for (const [row, column, high, wide, color = HIGHLIGHT] of [...framed, ...mark]) {
            for (const [lineWidth, strokeStyle] of [[4, "white"], [2, color]]) {
                Object.assign(context, { lineWidth, strokeStyle });
                context.strokeRect(column * width + 1, row * height + 1, wide * width - 2, high * height - 2);
            }
        }
    };
    const move = (row, column) => {
        cursor = Math.min(clamp(row, 0, rows - 1) * columns + clamp(column, 0, columns - 1), count - 1);
        look(cursor);
        canvas.redraw();
    };
    canvas.onpointerdown = canvas.onpointermove = (event) => {
        const shares = [event.offsetY / canvas.clientHeight, event.offsetX / canvas.clientWidth];
        const place = [Math.floor(shares[0] * rows), Math.floor(shares[1] * columns)];
        if (event.type === "pointermove" && place.join() === at(cursor).join()) return;
        move(...place);
        if (drag && event.buttons) open(cursor);
    };
    canvas.onclick = () => drag || open(cursor);
    canvas.onkeydown = (event) => {
        const step = ARROWS[event.key], isEnter = event.key === "Enter" || event.key === " ";
        if (!step && !isEnter) return;
        event.preventDefault();
        if (step) move(...at(cursor).map((place, axis) => place + step[axis]));
        if (isEnter || follow) open(cursor);
    };
    canvas.onfocus = canvas.onblur = canvas.onpointerleave = () => canvas.redraw();
    canvas.redraw();
    return canvas;
}
