// The board: nine cells that pointer, keyboard and screen reader can play.

import { drawLines, drawSwipe, mark } from "./ink.js";

const SIZE = 3;
const TO_LINES = [0, 1, 2].flatMap((i) => [
  [[i, 0], [i, 1], [i, 2]],
  [[0, i], [1, i], [2, i]],
]);
TO_LINES.push([[0, 0], [1, 1], [2, 2]], [[0, 2], [1, 1], [2, 0]]);

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

function lineOf(marks) {
  return TO_LINES.find((line) => line.every(([row, col]) => marks[row][col] && marks[row][col] === marks[line[0][0]][line[0][1]]));
}

export class Board {
  #lines;
  #cells = []; // [row][col] → button
  #marks; // [row][col] → "", "x" or "o"
  #focused = [1, 1];
  #swiped = false;

  // onPlay(row, col) is called, with places from 0, for each cell that is chosen.
  constructor({ grid, lines, onPlay }) {
    this.#lines = lines;
    for (let row = 0; row < SIZE; row++) {
      const line = document.createElement("div");
      line.setAttribute("role", "row");
      this.#cells.push([]);
      for (let col = 0; col < SIZE; col++) {
        const cell = document.createElement("button");
        cell.type = "button";
        cell.className = "cell";
        cell.setAttribute("role", "gridcell");
        cell.style.setProperty("--place", row + col);
        cell.addEventListener("click", () => onPlay(row, col));
        cell.addEventListener("focus", () => this.#rove(row, col));
        cell.addEventListener("keydown", (event) => this.#onKey(event, row, col));
        this.#cells[row].push(cell);
        line.append(cell);
      }
      grid.append(line);
    }
    this.#rove(...this.#focused);
    this.clear();
  }

  // clear draws a fresh board.
  clear() {
    this.#marks = Array.from({ length: SIZE }, () => Array(SIZE).fill(""));
    this.#swiped = false;
    for (const cell of this.#cells.flat()) {
      cell.replaceChildren();
      cell.classList.remove("won");
    }
    drawLines(this.#lines);
    this.#label(() => "");
  }

  // show draws what has come since the last call; marks that have gone clear the board
  // first. owner("x") is whose mark that is, in words; open says whether a cell may be
  // chosen now.
  show(marks, { owner = () => "", open = false, won = false } = {}) {
    const gone = this.#marks.flat().some((old, i) => old && marks.flat()[i] !== old);
    if (gone) this.clear();
    for (const [i, kind] of marks.flat().entries()) {
      const [row, col] = [Math.floor(i / SIZE), i % SIZE];
      if (kind && !this.#marks[row][col]) this.#cells[row][col].replaceChildren(mark(kind, i * 2 + 1));
      this.#marks[row][col] = kind;
      this.#cells[row][col].setAttribute("aria-disabled", String(!open || kind !== ""));
    }
    if (won && !this.#swiped) this.#swipe();
    this.#label(owner);
  }

  focus() {
    const [row, col] = this.#focused;
    this.#cells[row][col].focus();
  }

  #swipe() {
    const line = lineOf(this.#marks);
    if (!line) return;
    this.#swiped = true;
    drawSwipe(this.#lines, line[0], line[2]);
    for (const [row, col] of line) this.#cells[row][col].classList.add("won");
  }

  #label(owner) {
    for (const [row, cells] of this.#cells.entries()) {
      for (const [col, cell] of cells.entries()) {
        const kind = this.#marks[row][col];
        const content = kind ? [kind.toUpperCase(), owner(kind)].filter(Boolean).join(", ") : "empty";
        const won = cell.classList.contains("won") ? ", in the winning line" : "";
        cell.setAttribute("aria-label", `Row ${row + 1}, column ${col + 1}: ${content}${won}`);
      }
    }
  }

  // One cell is in the tab order: the one that had the focus last.
  #rove(row, col) {
    this.#focused = [row, col];
    for (const cell of this.#cells.flat()) cell.tabIndex = cell === this.#cells[row][col] ? 0 : -1;
  }

  #onKey(event, row, col) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    this.#cells[row + step[0]]?.[col + step[1]]?.focus();
  }
}
