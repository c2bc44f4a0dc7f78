const n = +(process.argv[2] ?? 200);
function matrix(seed) {
  const rows = [];
  for (let i = 0; i < n; i++) {
    const row = [];
    for (let j = 0; j < n; j++) { seed = seed * 16807 % 2147483647; row.push(seed % 1000 / 8); }
    rows.push(row);
  }
  return rows;
}
function multiply(a, b) {
  const columns = [];
  for (let j = 0; j < n; j++) columns.push(b.map(row => row[j]));
  return a.map(row => columns.map(column => { let t = 0; for (let k = 0; k < n; k++) t += row[k] * column[k]; return t; }));
}
const c = multiply(matrix(1), matrix(2));
let sum = 0;
for (const row of c) sum += row.reduce((x, y) => x + y, 0);
console.log(`${sum.toFixed(6)} ${c[Math.floor(n / 2)][Math.floor(n / 3)].toFixed(6)}`);
