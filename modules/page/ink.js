// The drawn things: marks, the board's lines, the swipe through a won line.

const SVG = "http://www.w3.org/2000/svg";

// Strokes in a square of 100; each mark has a few hands that drew it.
const STROKES = {
  x: [
    ["M20 23C37 39 61 60 79 79", "M79 20C63 37 39 62 22 80"],
    ["M23 19C40 41 58 58 77 81", "M81 24C61 40 42 59 19 77"],
    ["M19 26C39 38 62 63 81 76", "M75 19C62 41 37 61 24 82"],
  ],
  o: [
    ["M60 20C37 12 17 31 19 54C21 76 44 87 63 78C83 68 87 43 74 28C66 19 53 16 43 21"],
    ["M45 19C24 22 14 44 21 62C29 82 55 87 71 74C88 60 85 33 68 22C58 16 47 17 38 22"],
    ["M66 24C47 11 22 23 19 46C17 70 37 85 57 81C79 76 88 52 79 35C72 22 56 16 42 19"],
  ],
};

const LINES = ["M101 8C99 92 104 205 100 294", "M201 5C203 101 197 188 202 296", "M6 101C95 98 208 104 295 99", "M4 199C102 203 197 197 297 202"];

function element(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// pathLength 1 lets the style sheet draw every stroke in the same way.
function stroke(className, d) {
  return element("path", { class: className, d, pathLength: 1 });
}

// mark returns a drawing of "x" or "o"; hand chooses among its shapes.
export function mark(kind, hand = 0) {
  const strokes = STROKES[kind][hand % STROKES[kind].length];
  const svg = element("svg", { class: `mark ${kind}`, viewBox: "0 0 100 100", "aria-hidden": "true", focusable: "false" });
  svg.style.setProperty("--tilt", `${((hand * 37) % 13) - 6}deg`);
  svg.append(
    element("g", { class: "tone", stroke: `url(#dots-${kind})` }, ...strokes.map((d) => stroke("", d))),
    element("g", { class: "ink", filter: "url(#print)" }, ...strokes.map((d) => stroke("", d))),
  );
  return svg;
}

// drawLines draws an empty board, line by line.
export function drawLines(svg) {
  svg.replaceChildren(element("g", { filter: "url(#print)" }, ...LINES.map((d) => stroke("line", d))));
}

// drawSwipe marks the won line from one cell to another; a cell is [row, col] from 0.
export function drawSwipe(svg, [row1, col1], [row2, col2]) {
  const [x1, y1, x2, y2] = [col1, row1, col2, row2].map((cell) => 50 + cell * 100);
  const length = Math.hypot(x2 - x1, y2 - y1);
  const [dx, dy] = [((x2 - x1) / length) * 36, ((y2 - y1) / length) * 36];
  const d = `M${x1 - dx} ${y1 - dy}Q${(x1 + x2) / 2 + dy / 5} ${(y1 + y2) / 2 - dx / 5} ${x2 + dx} ${y2 + dy}`;
  svg.firstElementChild.prepend(stroke("swipe", d)); // beneath the lines
}
