const n = +(process.argv[2] ?? 4000000);
const marks = new Array(n).fill(true);
marks[0] = marks[1] = false;
for (let i = 2; i * i < n; i++) if (marks[i]) for (let j = i * i; j < n; j += i) marks[j] = false;
let count = 0, total = 0;
for (let i = 0; i < n; i++) if (marks[i]) { count++; total += i; }
console.log(`${count} ${total}`);
