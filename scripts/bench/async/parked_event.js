// All wait for one promise.
const n = +(process.argv[2] ?? 50000);
let woken = 0, release;
const event = new Promise(r => { release = r; });
async function wait(i) { await event; woken = (woken * 3 + i) % 1000003; }
(async () => {
  const tasks = [];
  for (let i = 0; i < n; i++) tasks.push(wait(i));
  await null;
  release();
  for (const t of tasks) await t;
  console.log(woken);
})();
