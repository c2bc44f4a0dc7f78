class Shape {
  constructor(size) { this.size = size; this.moves = 0; }
  get sides() { return 0; }
  move(n) { this.moves += n; return this; }
  weight() { return this.size * this.sides; }
  get area() { return this.size * this.size; }
}
class Square extends Shape { get sides() { return 4; } }
class Triangle extends Shape { get sides() { return 3; } weight() { return super.weight() + 1; } }
const n = +(process.argv[2] ?? 300000);
const shapes = [new Square(2), new Triangle(3), new Square(5), new Triangle(7)];
let total = 0;
for (let i = 0; i < n; i++) for (const s of shapes) { s.move(1).move(i & 1); total += s.weight() + s.area; }
const method = shapes[0].move.bind(shapes[0]);
for (let i = 0; i < n; i++) method(1);
console.log(`${total} ${shapes.reduce((a, s) => a + s.moves, 0)}`);
