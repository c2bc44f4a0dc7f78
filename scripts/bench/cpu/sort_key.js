const n = +(process.argv[2] ?? 200000);
let seed = 42;
const values = [];
for (let i = 0; i < n; i++) { seed = seed * 16807 % 2147483647; values.push(seed); }
const plain = [...values].sort((a, b) => a - b);
const keyed = values.map(v => [v % 1000 * 4294967296 + v, v]).sort((a, b) => a[0] - b[0]).map(p => p[1]);
const names = values.map(v => `n${v % 50000}`).sort().reverse();
let check = 0;
for (let i = 0; i < n; i += 7) check = (check * 31 + plain[i] + keyed[i] + names[i].length) % 1000003;
console.log(`${check} ${names[0]} ${names[n - 1]}`);
