// A few games that play themselves while nobody plays; then the board stands still.

const GAMES = [
  [[1, 1], [0, 0], [2, 0], [0, 2], [0, 1], [2, 1], [1, 0], [1, 2], [2, 2]],
  [[0, 0], [1, 1], [2, 2], [0, 2], [2, 0], [1, 0], [2, 1]],
  [[1, 1], [0, 1], [0, 0], [2, 2], [2, 0], [0, 2], [1, 0]],
];
const BETWEEN_MOVES = 900;
const BETWEEN_GAMES = 3200;

const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Demo {
  #board;
  #timer = 0;
  #game = 0;
  #running = false;

  constructor(board) {
    this.#board = board;
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#game = 0;
    this.#step(still.matches ? GAMES[this.#game].length : 0);
  }

  stop() {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  #step(count) {
    const moves = GAMES[this.#game];
    const marks = [["", "", ""], ["", "", ""], ["", "", ""]];
    moves.slice(0, count).forEach(([row, col], i) => (marks[row][col] = i % 2 ? "x" : "o"));
    const over = count === moves.length;
    this.#board.show(marks, { won: over });
    if (still.matches || (over && this.#game === GAMES.length - 1)) return;
    this.#timer = setTimeout(() => {
      if (over) this.#game++;
      this.#step(over ? 0 : count + 1);
    }, over ? BETWEEN_GAMES : BETWEEN_MOVES);
  }
}
