const n = +(process.argv[2] ?? 2000000);
function* numbers(k) { for (let i = 0; i < k; i++) yield i; }
function* squares(s) { for (const i of s) yield i * i % 1009; }
function* odd(s) { for (const i of s) if (i & 1) yield i; }
function* tree(d, v) { if (d) { yield* tree(d - 1, 2 * v); yield v; yield* tree(d - 1, 2 * v + 1); } }
let total = 0;
for (const i of odd(squares(numbers(n)))) total += i;
let depth = 1;
while (2 ** depth < Math.floor(n / 16)) depth++;
let check = 0;
for (const v of tree(depth, 1)) check = (check * 3 + v) % 1000003;
let last = 0;
for (const i of numbers(Math.floor(n / 4))) last += i & 3;
console.log(`${total} ${check} ${last}`);
