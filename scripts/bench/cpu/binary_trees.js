class Node { constructor(left, right) { this.left = left; this.right = right; } }
const build = d => d === 0 ? new Node(null, null) : new Node(build(d - 1), build(d - 1));
const count = t => t.left === null ? 1 : 1 + count(t.left) + count(t.right);
const n = +(process.argv[2] ?? 17);
const kept = build(n);
let total = 0;
for (let depth = 4; depth <= n; depth += 4) for (let i = 0; i < 1 << (n - depth); i++) total += count(build(depth));
console.log(`${total} ${count(kept)}`);
