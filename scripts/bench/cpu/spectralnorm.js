const a = (i, j) => 1 / (Math.floor((i + j) * (i + j + 1) / 2) + i + 1);
function times(v, transposed) {
  const n = v.length, result = [];
  for (let i = 0; i < n; i++) {
    let total = 0;
    for (let j = 0; j < n; j++) total += (transposed ? a(j, i) : a(i, j)) * v[j];
    result.push(total);
  }
  return result;
}
const n = +(process.argv[2] ?? 240);
let u = new Array(n).fill(1), v;
for (let k = 0; k < 10; k++) { v = times(times(u, false), true); u = times(times(v, false), true); }
let top = 0, bottom = 0;
for (let i = 0; i < n; i++) { top += u[i] * v[i]; bottom += v[i] * v[i]; }
console.log(Math.sqrt(top / bottom).toFixed(9));
