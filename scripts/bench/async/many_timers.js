const n = +(process.argv[2] ?? 50000);
let total = 0;
async function nap(i) { await new Promise(r => setTimeout(r, i * 7919 % 2000 / 100)); total += i & 15; }
(async () => {
  for (let base = 0; base < n; base += 5000) {
    const batch = [];
    for (let i = 0; i < Math.min(5000, n - base); i++) batch.push(nap(base + i));
    await Promise.all(batch);
  }
  console.log(total);
})();
