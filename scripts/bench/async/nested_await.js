const n = +(process.argv[2] ?? 200000);
async function nest(depth) {
  if (depth) return await nest(depth - 1) + 1;
  let total = 0;
  for (let i = 0; i < n; i++) { await null; total += i & 3; }
  return total;
}
nest(50).then(v => console.log(v));
