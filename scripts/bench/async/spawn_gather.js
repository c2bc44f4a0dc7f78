// Batches of 100 async calls through Promise.all.
const n = +(process.argv[2] ?? 100000);
const child = async i => i & 7;
(async () => {
  let total = 0;
  for (let base = 0; base < n; base += 100) {
    const batch = [];
    for (let i = 0; i < 100; i++) batch.push(child(base + i));
    for (const v of await Promise.all(batch)) total += v;
  }
  console.log(total);
})();
