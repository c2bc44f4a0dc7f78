const n = +(process.argv[2] ?? 100000);
let entered = 0, peak = 0, inside = 0, free = 10;
let waiters = [], head = 0;
async function acquire() {
  if (free > 0 && head === waiters.length) { free--; return; }
  await new Promise(r => waiters.push(r));
}
function release() {
  if (head < waiters.length) {
    waiters[head++]();
    if (head > 1024) { waiters.splice(0, head); head = 0; }
  } else free++;
}
async function worker(turns) {
  for (let i = 0; i < turns; i++) {
    await acquire();
    inside++; entered++; peak = Math.max(peak, inside);
    await null;
    inside--;
    release();
  }
}
const all = [];
for (let i = 0; i < 100; i++) all.push(worker(Math.floor(n / 100)));
Promise.all(all).then(() => console.log(`${entered} ${peak}`));
