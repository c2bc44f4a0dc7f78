const n = +(process.argv[2] ?? 20000);
const quick = async i => i & 3;
async function slow(i) { await null; return i & 7; }
(async () => {
  let total = 0;
  for (let i = 0; i < n; i++) for (const v of await Promise.all([quick(i), slow(i), quick(i + 1)])) total += v;
  console.log(total);
})();
