const n = +(process.argv[2] ?? 200000);
const range = k => Array.from({ length: k }, (_, i) => i);
let check = 0;
for (let turn = 0; turn < 5; turn++) {
  const squares = range(n).map(i => i * i % 1009);
  const evens = squares.filter(v => v % 2 === 0);
  const table = new Map();
  squares.forEach((v, i) => { if (i % 3 === 0) table.set(i, v); });
  const unique = new Set(squares.map(v => v % 500));
  const pairs = range(Math.floor(n / 400)).flatMap(x => range(20).map(y => [x, y]));
  const total = evens.reduce((a, b) => a + b, 0);
  const nested = range(Math.floor(n / 20)).map(x => range(10).map(y => x + y).reduce((a, b) => a + b, 0));
  check = (check * 7 + evens.length + table.size + unique.size + pairs.length + total + nested[nested.length - 1]) % 1000003;
}
console.log(check);
