const n = +(process.argv[2] ?? 3000000);
function make(start) { let value = start; return [k => value = (value + k) % 1000003, () => value]; }
const compose = (f, g) => x => f(g(x));
const pairs = [];
for (let i = 0; i < 10; i++) pairs.push(make(i));
const adders = pairs.map(p => p[0]);
for (let i = 0; i < Math.floor(n / 10); i++) for (const add of adders) add(i);
const doubleAdd = compose(x => x * 2 % 1000003, compose(adders[0], x => x + 1));
let total = 0;
for (let i = 0; i < Math.floor(n / 10); i++) total = (total + doubleAdd(i)) % 1000003;
console.log(`${total} ${pairs.reduce((s, p) => s + p[1](), 0)}`);
