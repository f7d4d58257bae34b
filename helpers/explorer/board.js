// What the views are made of: elements, colors, canvases whose cells can be reached by key, mouse and touch.

const HIGHLIGHT = "#D55E00"; // Okabe and Ito's vermilion, as in the figures
const SIGNED = [[0, 58, 99], [74, 131, 172], [163, 163, 163], [230, 159, 0], [255, 227, 140]]; // as there, too
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const CENTERED = { textAlign: "center", textBaseline: "middle" };
const chunks = (list, size) => range(Math.ceil(list.length / size)).map((i) => list.slice(i * size, i * size + size));
const most = (numbers) => numbers.reduce((largest, x) => Math.max(largest, Math.abs(x)), 1e-9);

/** A number as people write it: three digits and four decimals at most, a minus sign. */
export function text(x) {
    const rounded = Number.isInteger(x) ? x : Number(Number(x.toPrecision(3)).toFixed(4));
    return String(rounded + 0).replaceAll("-", "−");
}

const factor = (x) => (x < 0 ? `(${text(x)})` : text(x));
const total = (numbers) => numbers.map(text).join(" + ").replaceAll("+ −", "− ");

function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (name in element) element[name] = value;
        else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
}

function gray(share) {
    const level = clamp(255 * share, 0, 255);
    return [level, level, level];
}

/** From -1 to 1: blue below 0, gray at 0, orange above, and brighter all along, as gray print shows it. */
export function signed(share) {
    const at = clamp(2 * share + 2, 0, 4), low = Math.min(Math.floor(at), 3);
    return SIGNED[low].map((level, i) => level + (at - low) * (SIGNED[low + 1][i] - level));
}

const css = (color) => `rgb(${color.map(Math.round)})`;

/** Black or white, whichever is read better on a color. */
export function ink(color) {
    const [red, green, blue] = color.map((level) => (level / 255) ** 2.2);
    return 0.21 * red + 0.72 * green + 0.07 * blue < 0.18 ? "white" : "black";
}

let sheet; // the one canvas that all bitmaps are put on first: to make a canvas takes a browser long

/** Draw a table of colors, those that `color(row, column)` gives, into a rectangle. */
function bitmap(context, [rows, columns], color, x, y, width, height = width) {
    if (!(sheet?.canvas.width >= columns && sheet.canvas.height >= rows)) {
        sheet = make("canvas", { width: columns + 64, height: rows + 64 }).getContext("2d", { willReadFrequently: true });
    }
    const image = sheet.createImageData(columns, rows);
    for (let i = 0, at = 0; i < rows * columns; i++) {
        for (const level of color(Math.floor(i / columns), i % columns)) image.data[at++] = level;
        image.data[at++] = 255;
    }
    sheet.putImageData(image, 0, 0);
    context.drawImage(sheet.canvas, 0, 0, columns, rows, x, y, width, height);
}

/** Draw an image in its colors, from an array of levels, row by row. */
function photo(context, levels, [rows, columns, channels], ...place) {
    const at = (row, column, channel) => levels[(row * columns + column) * channels + (channel % channels)];
    bitmap(context, [rows, columns], (row, column) => [0, 1, 2].map((channel) => at(row, column, channel)), ...place);
}

function outline(context, x, y, width, height, color) {
    for (const [lineWidth, strokeStyle] of [[4, "white"], [2, color]]) {
        Object.assign(context, { lineWidth, strokeStyle });
        context.strokeRect(x + 1, y + 1, width - 2, height - 2);
    }
}

/**
 * A table of cells on a canvas: one stop for the keyboard, whose arrow keys move the cursor, as a mouse does.
 *
 * look(row, column): the cursor is there. open(row, column): a click, a touch or Enter; with `follow` an arrow
 * key, too; with `drag` also whatever the pointer is dragged over. paint(context) draws the cells, each `width`
 * by `height`; `frames()` lists what is framed: row, column, rows, columns.
 */
function board(key, label, options) {
    const { rows, columns, width, height = width, paint, frames = () => [], look, open, drag, follow } = options;
    const ratio = Math.min(devicePixelRatio, 2), size = { width: columns * width, height: rows * height };
    const canvas = make("canvas", { role: "application", "aria-label": label, tabIndex: 0, "data-key": key });
    const context = canvas.getContext("2d");
    let cursor = options.cursor ?? [0, 0];
    Object.assign(canvas, { width: size.width * ratio, height: size.height * ratio });
    Object.assign(canvas.style, { width: `${size.width}px`, touchAction: drag ? "none" : "manipulation" });
    canvas.redraw = () => {
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        context.imageSmoothingEnabled = false;
        context.clearRect(0, 0, size.width, size.height);
        paint(context);
        for (const [row, column, high, wide] of frames()) {
            outline(context, column * width, row * height, wide * width, high * height, HIGHLIGHT);
        }
        if (canvas.matches(":focus, :hover")) {
            outline(context, cursor[1] * width, cursor[0] * height, width, height, "black");
        }
    };
    const move = ([row, column]) => {
        cursor = [clamp(row, 0, rows - 1), clamp(column, 0, columns - 1)];
        look?.(...cursor);
        canvas.redraw();
    };
    const under = ({ clientX, clientY }) => {
        const box = canvas.getBoundingClientRect(), shares = [(clientY - box.top) / box.height, (clientX - box.left) / box.width];
        return [Math.floor(shares[0] * rows), Math.floor(shares[1] * columns)];
    };
    canvas.onpointermove = (event) => {
        if (under(event).join() === cursor.join()) return;
        move(under(event));
        if (drag && event.buttons) open(...cursor);
    };
    canvas.onpointerdown = canvas.onclick = (event) => {
        if ((event.type === "pointerdown") !== Boolean(drag)) return;
        move(under(event));
        open(...cursor);
    };
    canvas.onkeydown = (event) => {
        const step = ARROWS[event.key], enter = event.key === "Enter" || event.key === " ";
        if (!step && !enter) return;
        event.preventDefault();
        if (step) move(cursor.map((at, axis) => at + step[axis]));
        if (enter || follow) open(...cursor);
    };
    canvas.onfocus = canvas.onblur = canvas.onpointerleave = canvas.redraw;
    canvas.redraw();
    return canvas;
}

/** A board of `count` cells in rows, drawn by paint(context) or one by one by draw(context, i, x, y). */
function gallery(key, label, count, { columns, width, height = width, paint, draw, look, open, shown }) {
    const at = (row, column) => Math.min(row * columns + column, count - 1), rows = Math.ceil(count / columns);
    const place = (i) => [Math.floor(i / columns), i % columns];
    const each = (context) => range(count).forEach((i) => draw(context, i, place(i)[1] * width, place(i)[0] * height));
    const frames = () => (shown === undefined ? [] : [[...place(shown), 1, 1]]);
    const calls = { look: (...cell) => look(at(...cell)), open: (...cell) => open(at(...cell)) };
    const cells = { rows, columns, width, height, paint: paint ?? each, frames, cursor: place(shown ?? 0) };
    return board(key, label, { ...cells, ...calls });
}

/** Draw a cell of one color, with what is written in it. */
function tile(context, x, y, width, height, color, written) {
    context.fillStyle = css(color);
    context.fillRect(x, y, width - 1, height - 1);
    Object.assign(context, { ...CENTERED, fillStyle: ink(color), font: "12px sans-serif" });
    context.fillText(written, x + width / 2, y + height / 2, width - 4);
}

/** A small table of numbers; each cell: text or an element, its color, whether it is marked. */
function grid(caption, columns, cells) {
    const all = cells.map(([content, color, marked]) => {
        const cell = make("td", { className: marked ? "marked" : "" }, content);
        cell.style.cssText = `background: ${css(color)}; color: ${ink(color)}`;
        return cell;
    });
    const rows = chunks(all, columns).map((row) => make("tr", {}, ...row));
    return make("table", { className: "grid" }, make("caption", {}, caption), ...rows);
}

function list(caption, names, rows) {
    const head = make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, name)));
    const line = ([first, ...cells]) => make("tr", {}, make("th", { scope: "row" }, first), ...cells.map((cell) => make("td", {}, cell)));
    return make("table", { className: "list" }, make("caption", {}, caption), head, ...rows.map(line));
}

const figure = (caption, drawn) => make("figure", {}, make("figcaption", {}, caption), drawn);
const result = (line, value, ...more) => make("p", { className: "result" }, `${line} `, make("strong", {}, value), ...more);
